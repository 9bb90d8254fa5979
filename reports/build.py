"""Decides what the report shows of a run: counts, ranks, groups and words."""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

import msgspec

from core import reasons
from core.inventory import Consent, Establishment, Expected, Mandate, Window
from core.knowledge.model import CareIndicator, Knowledge
from core.model import Confidence, Criticality, Intensity, Language, State, Status, Transport
from core.results import Asset, Finding, NotMeasuredRow, Results, Scene, ServiceRow
from reports import pictures
from reports.text import Clock, duration, inert, number, typeset
from reports.view import (
    Action,
    Badge,
    Bar,
    Fact,
    Figure,
    Gap,
    GapGroup,
    Group,
    Indicator,
    Listed,
    MandateRow,
    Map,
    MatrixRow,
    Occurrence,
    Part,
    Place,
    Remote,
    Report,
    Service,
    Share,
    Step,
    Tried,
)
from reports.words import (
    CONFIDENCE,
    CRITICALITY,
    DELAY,
    INTENSITY,
    STATE,
    STATUS,
    TLP,
    Lexicon,
    day_name,
)

# Beyond these, a page no longer helps anyone and the files beside it hold everything.
MAX_GROUPS = 300
MAX_OCCURRENCES = 1_500
MAX_PER_GROUP = 100
MAX_PLAN = 100
MAX_REMOTE = 300
MAX_GAPS = 250
MAX_SERVICES = 500
MAX_ESTABLISHMENTS = 40
MAX_RANGES = 32
MAX_LISTED = 12

_GRAVEST_FIRST = tuple(sorted(Criticality, reverse=True))
_SETTLED = frozenset({State.FIXED, State.ACCEPTED, State.NOT_APPLICABLE})

# At equal criticality, what opens a door comes before what thins a wall.
_SHIELDS = frozenset({"tls", "cert", "mail", "dns"})

_STATUS_GROUPS: tuple[tuple[str, frozenset[Status]], ...] = (
    ("answered", frozenset({Status.OPEN, Status.OK})),
    ("closed", frozenset({Status.REFUSED})),
    ("silent", frozenset({Status.TIMEOUT, Status.FILTERED})),
    (
        "disturbed",
        frozenset({Status.RESET, Status.PROTOCOL_ERROR, Status.GAVE_UP, Status.RATE_LIMITED}),
    ),
    ("unmeasured", frozenset({Status.BANNED, Status.EGRESS_FILTERED, Status.UNDETERMINED})),
    ("unsent", frozenset({Status.OUT_OF_SCOPE, Status.OUT_OF_WINDOW})),
)


class _Grouped(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one check, gravest first; what is settled does not count."""

    check: str
    all: tuple[Finding, ...]
    active: tuple[Finding, ...]

    @property
    def head(self) -> Finding:
        return (self.active or self.all)[0]

    @property
    def criticality(self) -> Criticality:
        return self.head.criticality


def build(results: Results, scene: Scene, knowledge: Knowledge, language: Language) -> Report:
    """Give everything the template shows, in one language."""
    return _Builder(results, scene, knowledge, language).report()


class _Builder:
    def __init__(
        self, results: Results, scene: Scene, knowledge: Knowledge, language: Language
    ) -> None:
        self.results = results
        self.scene = scene
        self.knowledge = knowledge
        self.language = language
        self.words = Lexicon(language)
        self.clock = Clock(scene.inventory.ght.timezone, language)
        self.today = self.clock.today(scene.generated_at)
        self.all_establishments = scene.inventory.establishments
        chosen = set(scene.establishments)
        self.establishments = tuple(
            one for one in self.all_establishments if not chosen or one.id in chosen
        )
        self.names = {one.id: one.name or one.id for one in self.all_establishments}
        self.active = tuple(one for one in results.findings if one.state not in _SETTLED)
        self.counts = Counter(one.criticality for one in self.active)
        self.gaps = sum(max(0, row.count) for row in results.not_measured)
        self.grouped = _group(results.findings)
        self.planned = tuple(
            one for one in self.grouped if one.active and one.criticality is not Criticality.INFO
        )

    # Words

    def inert(self, text: str, limit: int = 200) -> str:
        return inert(text, self.language, limit)

    def ours(self, text: str, limit: int = 1_500) -> str:
        return typeset(self.inert(text, limit), self.language)

    def number(self, value: int) -> str:
        return number(value, self.language)

    def say(self, key: str, **values: str) -> str:
        return self.words.say(key, **values)

    def counted(self, key: str, count: int, name: str = "count", **values: str) -> str:
        return self.words.counted(key, count, self.number(count), name, **values)

    def badge(self, criticality: Criticality, count: int | None = None) -> Badge:
        word = self.words.word(CRITICALITY[criticality])
        text = word if count is None else f"{word} {self.number(count)}"
        return Badge(look=criticality.value, text=text)

    def confidence(self, confidence: Confidence) -> str:
        return self.words.word(CONFIDENCE[confidence])

    def establishment(self, id: str) -> str:  # noqa: A002 - the word of the inventory
        return self.inert(self.names.get(id, id), 120)

    def listed(
        self, texts: Iterable[str], limit: int = MAX_LISTED, each: int = 120, more: str = "more"
    ) -> Listed:
        kept = list(dict.fromkeys(texts))
        left = len(kept) - limit
        return Listed(
            shown=tuple(self.inert(text, each) for text in kept[:limit]),
            more=self.say(more, count=self.number(left)) if left > 0 else "",
        )

    def more(self, total: int, limit: int, key: str) -> str:
        return self.say(key, count=self.number(total - limit)) if total > limit else ""

    def parts(self, text: str, limit: int = 1_500) -> tuple[Part, ...]:
        pieces = self.ours(text, limit).split("`")
        return tuple(
            Part(text=piece, code=index % 2 == 1) for index, piece in enumerate(pieces) if piece
        )

    # The whole

    def report(self) -> Report:
        run = self.results.run
        title = "title_directory" if run.kind == "directory" else "title_exposure"
        tlp = self.scene.tlp.upper().removeprefix("TLP:").strip()
        marking = TLP.get(tlp)
        groups = self.groups()
        maps = self.maps()
        services = sorted(self.results.services, key=_service_order)
        remote = sorted(
            (one for one in services if one.remote_access), key=lambda one: one.declared
        )
        gap_rows = _gap_rows(self.results.not_measured)
        matrix = self.matrix()
        verdict, look = self.verdict()
        return Report(
            language=self.language.value,
            words=self.words.fixed,
            title=self.say(title),
            ght=self.inert(self.scene.inventory.ght.name or self.scene.inventory.ght.id, 160),
            region=self.inert(self.scene.inventory.ght.region),
            tlp=f"TLP:{self.inert(tlp, 24)}",
            tlp_look=tlp.lower().replace("+", "-") if marking else "amber-strict",
            tlp_meaning=self.words.word(marking) if marking else "",
            facts=self.facts(),
            state=self.say("complete" if run.complete else "incomplete"),
            alarm=""
            if run.complete
            else self.say("alarm_cut" if run.finished_at is None else "alarm_planned"),
            lab=self.scene.inventory.lab,
            verdict=verdict,
            verdict_look=look,
            figures=self.figures(),
            coverage=self.coverage(),
            has_gaps=self.gaps > 0,
            bars=self.bars(),
            bars_more=self.more(len(self.bar_order()), MAX_ESTABLISHMENTS, "bars_more"),
            legend=tuple(self.badge(one) for one in _GRAVEST_FIRST if self.active),
            steps=tuple(self.step(index, one) for index, one in enumerate(self.planned[:3], 1)),
            places=tuple(self.place(one) for one in self.all_establishments[:MAX_ESTABLISHMENTS]),
            places_more=self.more(len(self.all_establishments), MAX_ESTABLISHMENTS, "more"),
            maps=maps[:MAX_RANGES],
            maps_more=self.more(
                sum(len(one.ranges) for one in self.all_establishments), MAX_RANGES, "map_more"
            ),
            map_height=pictures.MAP_HEIGHT,
            mandates=(
                *(self.mandate(one) for one in self.scene.inventory.mandates[:MAX_ESTABLISHMENTS]),
                *(self.consent(one) for one in self.scene.inventory.consents[:MAX_ESTABLISHMENTS]),
            ),
            tried=self.tried(),
            tried_line=self.say(
                "tried_line",
                addresses=self.number(self.results.coverage.addresses),
                ports=self.number(self.results.coverage.ports_tried),
            ),
            tried_blocks=self.tried_blocks(),
            shares=self.shares(),
            matrix_head=tuple(self.badge(one) for one in _GRAVEST_FIRST),
            matrix=matrix[:-1],
            matrix_total=matrix[-1],
            groups=groups,
            groups_more=self.more(len(self.grouped), MAX_GROUPS, "more_findings"),
            no_finding_note=self.say("no_finding_gaps", gaps=self.number(self.gaps))
            if self.gaps
            else self.say("no_finding_complete" if run.complete else "gaps_nothing_cut"),
            actions=tuple(
                self.action(rank, one) for rank, one in enumerate(self.planned[:MAX_PLAN], 1)
            ),
            actions_more=self.more(len(self.planned), MAX_PLAN, "more_findings"),
            remote=tuple(self.remote(one) for one in remote[:MAX_REMOTE]),
            remote_more=self.more(len(remote), MAX_REMOTE, "more_json"),
            unseen=self.unseen(),
            gap_groups=self.gap_groups(gap_rows[:MAX_GAPS]),
            gaps_more=self.more(len(gap_rows), MAX_GAPS, "more_json"),
            gaps_nothing=self.say("gaps_nothing" if run.complete else "gaps_nothing_cut"),
            care=tuple(
                self.indicator(one)
                for one in self.knowledge.care
                if one.domain == "D1" or one.id.startswith("D1.")
            ),
            care_other=self.cited_elsewhere(),
            disclaimer=self.ours(self.knowledge.care_disclaimer.say(self.language)),
            method=self.method(),
            sources=self.listed(self.scene.source_addresses),
            operator=self.inert(self.scene.inventory.services.operator),
            confidences=tuple(
                Fact(label=self.confidence(one), value=self.say(f"conf_{one.value}"))
                for one in sorted(Confidence, reverse=True)
            ),
            scale=tuple((self.badge(one), self.say(f"crit_{one.value}")) for one in _GRAVEST_FIRST),
            glossary=tuple(
                Fact(label=self.words.word(name), value=self.words.word(meaning))
                for name, meaning in STATUS.values()
            ),
            services=tuple(self.service(one) for one in services[:MAX_SERVICES]),
            services_more=self.more(len(services), MAX_SERVICES, "more_json"),
        )

    # Cover

    def facts(self) -> tuple[Fact, ...]:
        run = self.results.run
        start = self.clock.moment(run.started_at)
        if run.finished_at is None:
            period = self.say("from_open", start=start)
        else:
            same_day = self.clock.today(run.started_at) == self.clock.today(run.finished_at)
            end = (self.clock.hour if same_day else self.clock.moment)(run.finished_at)
            started, finished = self.clock.local(run.started_at), self.clock.local(run.finished_at)
            lasted = duration((finished - started).total_seconds(), self.language)
            period = self.say("from_to", start=start, end=end, lasted=lasted)
        profiles = {one.value: one for one in Intensity}
        profile = profiles.get(run.profile)
        return (
            Fact(label=self.say("period"), value=period),
            Fact(
                label=self.say("profile"),
                value=self.words.word(INTENSITY[profile]) if profile else self.inert(run.profile),
                foreign=profile is None,
            ),
            Fact(label=self.say("edited"), value=self.clock.moment(self.scene.generated_at)),
            Fact(label=self.say("zone"), value=self.clock.zone_name),
            Fact(label=self.say("run"), value=self.inert(run.id, 64), foreign=True),
            Fact(label=self.say("version"), value=self.inert(run.vigie_version, 32), foreign=True),
        )

    # Managerial summary

    def verdict(self) -> tuple[str, str]:
        before = "" if self.results.run.complete else self.say("verdict_provisional")
        sentence, look = self._verdict()
        return before + sentence, look

    def _verdict(self) -> tuple[str, str]:
        critical, high = self.counts[Criticality.CRITICAL], self.counts[Criticality.HIGH]
        others = self.counts[Criticality.MEDIUM] + self.counts[Criticality.LOW]
        if critical:
            where = self.where(Criticality.CRITICAL)
            return self.counted("verdict_critical", critical, "critical", where=where), "critical"
        if high:
            where = self.where(Criticality.HIGH)
            return self.counted("verdict_high", high, "high", where=where), "high"
        if others:
            return self.counted("verdict_low", others, "others"), "medium"
        if self.active:
            return self.say("verdict_info"), "info"
        tried = {code: count for code, count in self.results.coverage.statuses.items() if count > 0}
        groups = dict(_STATUS_GROUPS)
        unmeasured = {one.value for one in groups["unmeasured"] | groups["unsent"]}
        if not self.results.services and not self.results.findings:
            if not tried.keys() - unmeasured:
                return self.say("verdict_nothing"), "unknown"
            if not tried.keys() & {one.value for one in groups["answered"]}:
                return self.say("verdict_silent"), "unknown"
        if self.gaps == 1:
            return self.say("verdict_none_gap"), "unknown"
        if self.gaps:
            return self.say("verdict_none_gaps", gaps=self.number(self.gaps)), "unknown"
        return self.say("verdict_none"), "info"

    def where(self, criticality: Criticality) -> str:
        touched = {one.asset.establishment for one in self.active if one.criticality is criticality}
        some, every = len(touched), max(len(self.establishments), len(touched))
        if every == 1:
            return self.say("where_only")
        if some == every:
            return self.say("where_all", all=self.number(every))
        if some == 1:
            return self.say("where_one", all=self.number(every))
        return self.say("where_some", some=self.number(some), all=self.number(every))

    def figures(self) -> tuple[Figure, ...]:
        critical, high = self.counts[Criticality.CRITICAL], self.counts[Criticality.HIGH]
        remote = [one for one in self.results.services if one.remote_access]
        undeclared = sum(not one.declared for one in remote)
        services = len(self.results.services)
        hosts = len({one.ip for one in self.results.services})
        grave = "critical" if critical else "high" if high else "calm"
        return (
            self.figure(
                "fig_grave",
                critical + high,
                self.say("fig_grave_note", critical=self.number(critical), high=self.number(high))
                if critical + high
                else self.say("fig_grave_zero"),
                grave,
            ),
            self.figure(
                "fig_remote",
                undeclared,
                self.say("fig_remote_note", all=self.number(len(remote))),
                "high" if undeclared else "calm",
            ),
            self.figure(
                "fig_services", services, self.counted("fig_services_note", hosts, "hosts"), "calm"
            ),
        )

    def figure(self, key: str, value: int, note: str, look: str) -> Figure:
        # French takes the singular for none as for one, English for one alone.
        single = value == 1 or (value == 0 and self.language is Language.FR)
        label = self.say(f"{key}_one" if single else key)
        return Figure(value=self.number(value), label=label, note=note, look=look)

    def coverage(self) -> str:
        values = {
            "addresses": self.number(self.results.coverage.addresses),
            "tried": self.number(self.results.coverage.ports_tried),
        }
        if self.gaps == 0:
            return self.say("gaps_none", **values)
        if self.gaps == 1:
            return self.say("gaps_one", **values)
        return self.say("gaps_some", gaps=self.number(self.gaps), **values)

    def by_establishment(self) -> dict[str, Counter[Criticality]]:
        table: dict[str, Counter[Criticality]] = {one.id: Counter() for one in self.establishments}
        for finding in self.active:
            table.setdefault(finding.asset.establishment, Counter())[finding.criticality] += 1
        return table

    def bar_order(self) -> list[tuple[str, Counter[Criticality]]]:
        def gravity(row: tuple[str, Counter[Criticality]]) -> tuple[int, ...]:
            return tuple(-row[1][one] for one in _GRAVEST_FIRST)

        return sorted(self.by_establishment().items(), key=gravity)

    def bars(self) -> tuple[Bar, ...]:
        rows = self.bar_order()[:MAX_ESTABLISHMENTS]
        gaps: Counter[str] = Counter()
        for row in self.results.not_measured:
            gaps[row.asset.establishment] += max(0, row.count)
        whole = max((count.total() for _, count in rows), default=0)
        bars: list[Bar] = []
        for id_, count in rows:
            parts = [(one.value, count[one], self.number(count[one])) for one in _GRAVEST_FIRST]
            shown = tuple(self.badge(one, count[one]) for one in _GRAVEST_FIRST if count[one])
            total = self.counted("bars_total", count.total()) if count else self.say("bars_none")
            bars.append(
                Bar(
                    name=self.establishment(id_),
                    total=total,
                    blocks=pictures.stacked(parts, whole),
                    parts=shown,
                    gaps=self.say("bars_gaps", count=self.number(gaps[id_])) if gaps[id_] else "",
                    said=", ".join([total, *(one.text for one in shown)]),
                )
            )
        return tuple(bars)

    def step(self, rank: int, group: _Grouped) -> Step:
        head = group.head
        return Step(
            rank=str(rank),
            badge=self.badge(group.criticality),
            title=self.ours(head.title, 200),
            risk=self.ours(head.risk, 320),
            remedy=self.parts(head.remedy, 320),
            where=self.listed((self.whereabouts(one.asset) for one in group.active), 3),
        )

    def whereabouts(self, asset: Asset) -> str:
        return f"{_where(asset)} ({self.establishment(asset.establishment)})"

    # Perimeter

    def place(self, one: Establishment) -> Place:
        seen = [(row.establishment, row.hostname) for row in self.results.services]
        seen += [(row.asset.establishment, row.asset.hostname) for row in self.results.findings]
        names = {name for establishment, name in seen if name and establishment == one.id}
        return Place(
            name=self.inert(one.name or one.id, 120),
            finess=self.inert(one.finess, 20),
            contact=self.inert(one.contact, 120),
            ranges=self.listed(one.ranges),
            domains=self.listed(one.domains),
            excluded=self.listed(one.exclude),
            medical=self.listed(one.medical),
            names=self.listed(sorted(names)),
            outside=one not in self.establishments,
        )

    def maps(self) -> tuple[Map, ...]:
        gravest: dict[tuple[int, int], Criticality | None] = {}
        places = [
            *((one.ip, None) for one in self.results.services),
            *((one.asset.ip, one.criticality) for one in self.active),
        ]
        for text, criticality in places:
            key = _address(text)
            if key is None:
                continue
            known = gravest.get(key)
            if known is None or (criticality is not None and known < criticality):
                gravest[key] = criticality
        maps: list[Map] = []
        for one in self.establishments:
            excluded = pictures.networks(one.exclude)
            for network in pictures.networks(one.ranges[:MAX_RANGES]):
                if len(maps) >= MAX_RANGES:
                    return tuple(maps)
                seen = {at: worst for (ip, at), worst in gravest.items() if ip == network.version}
                drawn = pictures.strip(network, seen, excluded)
                maps.append(
                    Map(
                        range=str(network),
                        establishment=self.establishment(one.id),
                        caption=self.say(
                            "map_range",
                            addresses=self.number(drawn.addresses),
                            hosts=self.number(drawn.hosts),
                            flagged=self.number(drawn.flagged),
                        ),
                        scale=self.counted("map_scale", drawn.per_cell),
                        blocks=drawn.blocks,
                    )
                )
        return tuple(maps)

    def validity(self, start: date, end: date) -> str:
        return self.say(
            "validity_from_to", start=self.clock.short(start), end=self.clock.short(end)
        )

    def mandate(self, one: Mandate) -> MandateRow:
        names = ", ".join(self.establishment(id_) for id_ in one.establishments[:MAX_LISTED])
        covers = one.covers or ((self.say("covers_all", names=names),) if names else ())
        return MandateRow(
            who=self.inert(one.signed_by),
            holder=False,
            document=self.inert(one.document),
            validity=self.validity(one.valid_from, one.valid_until),
            expired=one.valid_until < self.today,
            intensity=self.words.word(INTENSITY[one.intensity]),
            windows=self.listed(self.window(each) for each in one.windows),
            covers=self.listed(covers, each=400),
            emergency=self.inert(one.emergency, 60),
        )

    def consent(self, one: Consent) -> MandateRow:
        return MandateRow(
            who=self.inert(one.holder),
            holder=True,
            document=self.inert(one.document),
            validity=self.validity(one.valid_from, one.valid_until),
            expired=one.valid_until < self.today,
            intensity=self.words.word(INTENSITY[one.intensity]),
            windows=Listed(shown=()),
            covers=self.listed(one.covers),
            emergency="",
        )

    def window(self, window: Window) -> str:
        days = [day_name(day, self.language) for day in window.days]
        consecutive = all(after == before + 1 for before, after in pairwise(window.days))
        said = f"{days[0]} → {days[-1]}" if len(days) > 2 and consecutive else ", ".join(days)
        return f"{said} {_clock_face(window.opens_min)}–{_clock_face(window.closes_min)}"

    def tried(self) -> tuple[Tried, ...]:
        statuses = self.results.coverage.statuses
        rows: list[Tried] = []
        for group, members in _STATUS_GROUPS:
            for status in STATUS:
                count = statuses.get(status.value, 0)
                if status in members and count:
                    name, meaning = STATUS[status]
                    rows.append(
                        Tried(
                            group=group,
                            name=self.words.word(name),
                            meaning=self.words.word(meaning),
                            count=self.number(count),
                        )
                    )
        known = {one.value for one in Status}
        for code in sorted(statuses.keys() - known)[:MAX_LISTED]:
            rows.append(
                Tried(
                    group="unmeasured",
                    name=self.inert(code, 40),
                    meaning="",
                    count=self.number(statuses[code]),
                )
            )
        return tuple(rows)

    def share_counts(self) -> list[tuple[str, int]]:
        statuses = self.results.coverage.statuses
        return [
            (group, sum(max(0, statuses.get(one.value, 0)) for one in members))
            for group, members in _STATUS_GROUPS
        ]

    def tried_blocks(self) -> tuple[pictures.Block, ...]:
        counts = self.share_counts()
        parts = [(group, count, self.number(count)) for group, count in counts]
        return pictures.stacked(parts, sum(count for _, count in counts), 26)

    def shares(self) -> tuple[Share, ...]:
        return tuple(
            Share(look=group, label=self.say(f"g_{group}"), count=self.number(count))
            for group, count in self.share_counts()
            if count
        )

    # Technical summary, plan, detail

    def matrix(self) -> tuple[MatrixRow, ...]:
        rows = self.bar_order()
        whole: Counter[Criticality] = Counter()
        for _, count in rows:
            whole.update(count)

        def row(name: str, count: Counter[Criticality]) -> MatrixRow:
            cells = tuple(self.number(count[one]) for one in _GRAVEST_FIRST)
            return MatrixRow(name=name, cells=cells, total=self.number(count.total()))

        return (
            *(row(self.establishment(id_), count) for id_, count in rows[:200]),
            row(self.say("total"), whole),
        )

    def groups(self) -> tuple[Group, ...]:
        left = MAX_OCCURRENCES
        groups: list[Group] = []
        for index, group in enumerate(self.grouped[:MAX_GROUPS], 1):
            limit = max(1, min(MAX_PER_GROUP, left))
            shown = group.all[:limit]
            left -= len(shown)
            groups.append(self.group(index, group, shown))
        return tuple(groups)

    def group(self, index: int, group: _Grouped, shown: Sequence[Finding]) -> Group:
        head, settled = group.head, len(group.all) - len(group.active)
        return Group(
            anchor=f"c{index}",
            check=self.inert(group.check, 80),
            title=self.ours(head.title, 200),
            badge=self.badge(group.criticality),
            confidence=self.confidence(max(one.confidence for one in group.active or group.all)),
            count=self.number(len(group.all)),
            count_said=self.counted("asset_count", len(group.all)),
            settled=self.say("closed_note", count=self.number(settled)) if settled else "",
            establishments=self.listed(
                (self.establishment(one.asset.establishment) for one in group.all), 5
            ),
            risk=self.ours(head.risk),
            remedy=self.parts(head.remedy),
            references=tuple(self.inert(one, 400) for one in head.references[:MAX_LISTED]),
            care=tuple(self.inert(one, 40) for one in head.care[:MAX_LISTED]),
            occurrences=tuple(self.occurrence(one) for one in shown),
            more=self.more(len(group.all), len(shown), "more_findings"),
            open=index <= 3 and group.criticality is Criticality.CRITICAL,
        )

    def occurrence(self, one: Finding) -> Occurrence:
        return Occurrence(
            where=self.inert(_where(one.asset)),
            name=self.inert(one.asset.hostname or "", 120),
            establishment=self.establishment(one.asset.establishment),
            badge=self.badge(one.criticality),
            confidence=self.confidence(one.confidence),
            evidence=self.listed(one.evidence, 4, 400),
            state=self.words.word(STATE[one.state]),
            first_seen=self.clock.short(one.first_seen),
            last_seen=self.clock.short(one.last_seen),
            fingerprint=self.inert(one.fingerprint, 64),
        )

    def action(self, rank: int, group: _Grouped) -> Action:
        head = group.head
        anchor = self.grouped.index(group) + 1
        return Action(
            rank=str(rank),
            badge=self.badge(group.criticality),
            title=self.ours(head.title, 160),
            anchor=f"#c{anchor}" if anchor <= MAX_GROUPS else "",
            remedy=self.parts(head.remedy, 280),
            assets=self.listed((_where(one.asset) for one in group.active), 4, 80),
            count=self.counted("asset_count", len(group.active)),
            establishments=self.listed(
                (self.establishment(one.asset.establishment) for one in group.active), 4
            ),
            confidence=self.confidence(max(one.confidence for one in group.active)),
            delay=self.words.word(DELAY[group.criticality]),
        )

    # Remote access

    def remote(self, one: ServiceRow) -> Remote:
        product = one.product_name or one.product or ""
        review, late = self.review(one.review_by)
        return Remote(
            service=self.inert(one.protocol, 40).upper(),
            where=self.inert(_endpoint(one.ip, one.port, one.transport)),
            name=self.inert(one.hostname or "", 120),
            establishment=self.establishment(one.establishment),
            declared=one.declared,
            justification=self.inert(one.justification, 200),
            owner=self.inert(one.owner, 80),
            mfa=self.mfa(one.mfa),
            review=review,
            late=late,
            product=self.inert(f"{product} {one.version or ''}".strip(), 120),
            certainty=self.confidence(one.confidence),
            low_source=one.low_confidence_source,
        )

    def unseen(self) -> tuple[Remote, ...]:
        seen = {
            (name, one.port) for one in self.results.services for name in (one.ip, one.hostname)
        }
        answering = {name for name, _ in seen}
        rows: list[Remote] = []
        for entry in self.scene.inventory.expected:
            if (entry.asset, entry.port) in seen or (
                entry.port is None and entry.asset in answering
            ):
                continue
            rows.append(self.declared_only(entry))
        return tuple(rows[:MAX_REMOTE])

    def declared_only(self, entry: Expected) -> Remote:
        product = self.knowledge.product(entry.product)
        review, late = self.review(entry.review_by.isoformat() if entry.review_by else "")
        port = "" if entry.port is None else f":{entry.port}"
        return Remote(
            service="",
            where=self.inert(f"{entry.asset}{port}"),
            name="",
            establishment="",
            declared=True,
            justification=self.inert(entry.justification, 200),
            owner=self.inert(entry.owner, 80),
            mfa=self.mfa(entry.mfa),
            review=review,
            late=late,
            product=self.inert(f"{product.vendor} {product.name}" if product else entry.product),
            certainty="",
            low_source=False,
        )

    def mfa(self, value: str) -> str:
        return self.say({"yes": "mfa_yes", "no": "mfa_no"}.get(value, "mfa_unknown"))

    def review(self, text: str) -> tuple[str, bool]:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return self.inert(text, 40), False
        return self.clock.short(day), day < self.today

    # Not measured

    def gap_groups(
        self, rows: Sequence[tuple[str, str, int, list[NotMeasuredRow]]]
    ) -> tuple[GapGroup, ...]:
        by_reason: dict[str, list[tuple[str, int, list[NotMeasuredRow]]]] = {}
        for why, what, count, members in rows:
            by_reason.setdefault(why, []).append((what, count, members))
        groups: list[GapGroup] = []
        for why, kinds in by_reason.items():
            count = sum(each for _, each, _ in kinds)
            groups.append(
                GapGroup(
                    reason=self.reason(why),
                    count=self.counted("reason_count", count),
                    rows=tuple(self.gap(*kind) for kind in kinds),
                )
            )
        return tuple(groups)

    def reason(self, why: str) -> str:
        return self.ours(reasons.say(why, self.language) if reasons.known(why) else why, 300)

    def gap(self, what: str, count: int, members: Sequence[NotMeasuredRow]) -> Gap:
        return Gap(
            what=self.ours(what, 200),
            count=self.number(count),
            establishments=self.listed(
                (self.establishment(one.asset.establishment) for one in members), 5
            ),
            examples=self.listed((_where(one.asset) for one in members), 3, 80),
        )

    # CaRE

    def citing(self, id: str) -> list[Finding]:  # noqa: A002 - the word of the contract
        return [one for one in self.active if id in one.care]

    def cited_elsewhere(self) -> tuple[Indicator, ...]:
        cited = {id_ for one in self.active for id_ in one.care}
        return tuple(
            self.indicator(one)
            for one in self.knowledge.care
            if one.id in cited and not (one.domain == "D1" or one.id.startswith("D1."))
        )

    def indicator(self, one: CareIndicator) -> Indicator:
        contribution, look = self.contribution(one.id)
        target = one.target.say(self.language) if one.target else ""
        standing = f"target_{one.confidence}" if target else "target_none"
        if standing not in self.words.fixed:
            standing = "target_product_default"
        return Indicator(
            id=self.inert(one.id, 40),
            label=self.ours(one.label.say(self.language), 300),
            official=self.say("official_ref", ref=self.inert(one.official_ref, 80))
            if one.official_ref
            else "",
            contribution=contribution,
            look=look,
            target=self.ours(target, 400),
            standing=self.say(standing),
            sourced=standing == "target_sourced",
        )

    def contribution(self, id: str) -> tuple[str, str]:  # noqa: A002 - the word of the contract
        """Give what this run says of an indicator: never a « clean » for what it cannot see."""
        inventory = self.scene.inventory
        directory = self.results.run.kind == "directory"
        if id == "D1.EXPO.1" and not directory:
            places = self.establishments
            unattributed = sum(one.check == "asset.unattributed" for one in self.active)
            unattributed += sum(
                max(0, row.count)
                for row in self.results.not_measured
                if row.why.partition(":")[0] == "unattributed"
            )
            said = self.say(
                "care_perimeter",
                ranges=self.number(sum(len(one.ranges) for one in places)),
                names=self.number(sum(len(one.domains) for one in places)),
                mandates=self.number(len(inventory.mandates)),
                unattributed=self.number(unattributed),
            )
            return said, "told"
        if id == "D1.EXPO.2" and not directory:
            return self.say(
                "care_regular", date=self.clock.day(self.results.run.started_at)
            ), "told"
        if id == "D1.EXPO.3":
            return self.say("care_official"), "unmeasured"
        if id == "D1.EXPO.4" and not directory:
            critical = self.counts[Criticality.CRITICAL]
            if critical:
                return self.counted("care_critical", critical), "critical"
            return self.say("care_critical_none"), "told"
        if id == "D1.EXPO.5":
            if self.planned:
                return self.counted("care_plan", len(self.planned)), "told"
            return self.say("care_plan_none"), "told"
        citing = self.citing(id)
        if citing:
            worst = max(one.criticality for one in citing)
            word = self.words.word(CRITICALITY[worst])
            return self.counted("care_findings", len(citing), worst=word), worst.value
        if id.startswith("D1.AD.") and not directory:
            return self.say("care_directory"), "unmeasured"
        if id.startswith("D1.EXPO.") and not directory and self.results.services:
            key = "care_clean" if self.results.run.complete else "care_clean_cut"
            return self.say(key), "told"
        return self.say("care_unmeasured"), "unmeasured"

    # Method and annex

    def method(self) -> tuple[str, ...]:
        if self.results.run.kind == "directory":
            return (self.say("method_versions"),)
        limits = self.scene.inventory.limits
        canary = self.scene.inventory.services.canary
        return (
            self.say("method_harmless"),
            self.say("method_moment"),
            self.say(
                "method_limits",
                rate=self.number(limits.packets_per_second),
                host=self.number(limits.packets_per_second_per_host),
                connections=self.number(limits.connections_per_host),
            ),
            self.say("method_canary" if canary else "method_no_canary"),
            self.say("method_versions"),
        )

    def service(self, one: ServiceRow) -> Service:
        product = one.product_name or one.product or ""
        unknown = one.protocol in {"", "unknown"}
        return Service(
            where=self.inert(_endpoint(one.ip, one.port, one.transport)),
            name=self.inert(one.hostname or "", 120),
            establishment=self.establishment(one.establishment),
            protocol=self.say("unknown_protocol") if unknown else self.inert(one.protocol, 40),
            tls=one.tls,
            product=self.inert(f"{product} {one.version or ''}".strip(), 120),
            certainty=self.confidence(one.confidence),
            evidence=self.listed(one.evidence, 2, 160),
        )


def _group(findings: Iterable[Finding]) -> tuple[_Grouped, ...]:
    """Give the findings by check, most pressing check first, gravest and surest first within it."""
    kept: dict[str, list[Finding]] = {}
    for finding in findings:
        kept.setdefault(finding.check, []).append(finding)
    groups: list[_Grouped] = []
    for check, members in kept.items():
        members.sort(key=lambda one: (one.criticality, one.confidence), reverse=True)
        active = tuple(one for one in members if one.state not in _SETTLED)
        groups.append(_Grouped(check=check, all=tuple(members), active=active))
    groups.sort(key=lambda one: one.check)
    groups.sort(
        key=lambda one: (
            bool(one.active),
            one.criticality,
            one.check == "product.known-exploited",
            one.check.partition(".")[0] not in _SHIELDS,
            max(each.confidence for each in one.active or one.all),
            len(one.active),
        ),
        reverse=True,
    )
    return tuple(groups)


def _gap_rows(
    rows: Iterable[NotMeasuredRow],
) -> list[tuple[str, str, int, list[NotMeasuredRow]]]:
    """Give (why, what, count, rows), most frequent reason first, then most frequent question."""
    kept: dict[tuple[str, str], list[NotMeasuredRow]] = {}
    for row in rows:
        kept.setdefault((row.why, row.what), []).append(row)
    told = [
        (why, what, sum(max(0, row.count) for row in members), members)
        for (why, what), members in kept.items()
    ]
    weight: Counter[str] = Counter()
    for why, _, count, _ in told:
        weight[why] += count
    return sorted(told, key=lambda one: (-weight[one[0]], one[0], -one[2], one[1]))


def _where(asset: Asset) -> str:
    """Give where something is: address and port, else the directory object, else the name."""
    if asset.ip is not None:
        return _endpoint(asset.ip, asset.port, asset.transport)
    for name in (asset.dn, asset.domain, asset.forest):
        if name:
            return name
    if asset.hostname:
        return asset.hostname if asset.port is None else f"{asset.hostname}:{asset.port}"
    return asset.establishment


def _endpoint(ip: str, port: int | None, transport: Transport | None) -> str:
    if port is None:
        return ip
    host = f"[{ip}]" if ":" in ip else ip
    return f"{host}:{port}/udp" if transport is Transport.UDP else f"{host}:{port}"


def _address(text: str | None) -> tuple[int, int] | None:
    if text is None or len(text) > 64:
        return None
    try:
        literal = ipaddress.ip_address(text)
    except ValueError:
        return None
    return literal.version, int(literal)


def _service_order(one: ServiceRow) -> tuple[str, tuple[int, int], str, int, str]:
    return one.establishment, _address(one.ip) or (9, 0), one.ip, one.port, one.hostname or ""


def _clock_face(minutes: int) -> str:
    inside = minutes if minutes == 1_440 else minutes % 1_440
    return f"{inside // 60:02d}:{inside % 60:02d}"
