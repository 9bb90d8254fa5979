"""The report of a directory: what its template shows, decided and worded."""

from collections.abc import Iterable

import msgspec

from core.knowledge.model import Knowledge
from core.model import Criticality, Language, Wording
from core.results import (
    DirectoryBlock,
    Finding,
    PointRow,
    PrivilegedRow,
    Results,
    Scene,
    SnapshotRow,
)
from reports.directory_pictures import Drawn, groups_drawn, paths_drawn
from reports.directory_words import LEVEL_MEANING, WORDS, agreed, level_said
from reports.exports.privileged import DELEGATIONS, KINDS
from reports.parts.findings import exceptions
from reports.text import typeset
from reports.told import SETTLED, Told, where
from reports.view import Badge, Exceptions, Fact, Listed, Part
from reports.words import TLP

_OF_EXCEPTIONS = (
    "s_exceptions",
    "exceptions_intro",
    "exceptions_level",
    "finding",
    "decision",
    "reason",
    "until",
)
"""Words shared with the other report."""
_TOP = 5
_BACKUP_INDICATOR = "D2.O3.A"
_BACKUP_LEVEL = 3
_GRAVITY = tuple(sorted(Criticality, reverse=True))
_MOST_OBJECTS = 50
_MOST_PROOFS = 50
_MOST_ACCOUNTS = 300
_MOST_SPNS = 4


class PointLine(msgspec.Struct, frozen=True, kw_only=True):
    """One point, as a line of a table or of a list."""

    id: str
    title: str
    anchor: str
    badge: Badge
    level: str
    effort: str
    effort_said: str
    objects: Listed
    count: str
    remedy: tuple[Part, ...]
    why: str
    moved: str
    """How many objects came and went since the audit before."""


class PointSheet(msgspec.Struct, frozen=True, kw_only=True):
    """One failed point, whole."""

    line: PointLine
    look: str
    risk: str
    proofs: Listed
    query: str
    bases: tuple[str, ...]
    condition: str
    references: tuple[str, ...]
    also: str


class DriftGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Points that changed in one way."""

    label: str
    points: tuple[PointLine, ...]


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """One privileged account."""

    name: str
    kind: str
    dn: str
    disabled: bool
    via: str
    logon: str
    password: str
    settings: tuple[str, ...]


class ContextLine(msgspec.Struct, frozen=True, kw_only=True):
    """One naming context."""

    dn: str
    read: str
    descriptors: str
    why: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How one snapshot was made."""

    facts: tuple[Fact, ...]
    contexts: tuple[ContextLine, ...]


class DirectoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report."""

    language: str
    words: dict[str, str]
    title: str
    tlp: str
    name: str
    tlp_meaning: str
    facts: tuple[Fact, ...]
    state: str
    alarm: str
    level: str
    level_look: str
    level_meaning: str
    scale: str
    figures: tuple[tuple[str, str, str, str], ...]
    """Value, label, note, look."""
    disclaimer: str
    before_next: tuple[PointLine, ...]
    next_unknown: str
    beside: tuple[PointLine, ...]
    """The grave ones that no level counts."""
    drift_said: str
    drift: tuple[DriftGroup, ...]
    plan: tuple[PointLine, ...]
    sheets: tuple[PointSheet, ...]
    exceptions: Exceptions
    unknown: tuple[PointLine, ...]
    passed: tuple[PointLine, ...]
    accounts: tuple[AccountLine, ...]
    accounts_more: str
    groups: Drawn
    paths: Drawn
    care: tuple[Fact, ...]
    """Of a directory of backups: its indicator, and what the level says of it."""
    care_said: str
    readings: tuple[Reading, ...]


def build_directory(
    results: Results, scene: Scene, knowledge: Knowledge, language: Language
) -> DirectoryReport:
    """Give everything that the template of a directory report shows, in one language."""
    assert results.directory is not None
    return _Writer(results, results.directory, scene, knowledge, language).report()


class _Writer:
    def __init__(
        self,
        results: Results,
        block: DirectoryBlock,
        scene: Scene,
        knowledge: Knowledge,
        language: Language,
    ) -> None:
        self.it = Told(results, scene, knowledge, language)
        self.block = block
        self.language = language
        self.findings: dict[str, list[Finding]] = {}
        for one in results.findings:
            self.findings.setdefault(one.check, []).append(one)
        failed = [one for one in block.points if one.status == "failed"]
        self.failed = sorted(failed, key=self._rank)
        self.anchors = {one.id: f"p{at}" for at, one in enumerate(self.failed, 1)}
        self.words = {key: typeset(one.say(language), language) for key, one in WORDS.items()}
        self.words |= {key: self.it.words.fixed[key] for key in _OF_EXCEPTIONS}

    def say(self, key: str, **values: str) -> str:
        return typeset(WORDS[key].say(self.language, values), self.language)

    def _counted(self, key: str, count: int) -> str:
        said = agreed(key, count).say(self.language, {"count": self.it.number(count)})
        return typeset(said, self.language)

    def _gravest(self, one: PointRow) -> Criticality:
        found = self.findings.get(one.check, [])
        return max((each.criticality for each in found), default=Criticality.INFO)

    def _rank(self, one: PointRow) -> tuple[int, int, int, str]:
        level = _lowest(one)
        # A level says how grave already.
        gravity = 0 if level <= _TOP else _GRAVITY.index(self._gravest(one))
        return level, gravity, one.effort, one.id

    def _is_beside(self, one: PointRow) -> bool:
        return _lowest(one) > _TOP and any(
            each.criticality >= Criticality.HIGH and each.state not in SETTLED
            for each in self.findings.get(one.check, [])
        )

    def report(self) -> DirectoryReport:
        it, block = self.it, self.block
        run, scene = it.results.run, it.scene
        known = "unknown" if block.level >= _TOP else block.level_is
        meaning = "lowest" if block.level == 1 else known
        critical = {1: "critical", 2: "high", 3: "medium"}
        ahead = [one for one in self.failed if block.level in one.levels_failed]
        ahead.sort(key=lambda one: (one.effort, one.id))
        unknown = [one for one in block.points if one.status == "not_evaluated"]
        unsure = sum(
            bool(one.why)
            and any(each <= block.level for each in one.levels if each not in one.levels_failed)
            for one in block.points
        )
        return DirectoryReport(
            language=it.language.value,
            words=self.words,
            title=it.say("title_directory"),
            tlp=f"TLP:{it.inert(scene.tlp.upper(), 24)}",
            tlp_meaning=it.words.word(TLP["RED"]),
            name=it.inert(block.forest, 160),
            facts=self._facts(),
            state=self.say("whole" if run.complete else "cut"),
            alarm="" if run.complete else self.say("alarm"),
            level=typeset(level_said(block, self.language), self.language),
            level_look="unknown" if known in ("unknown",) else critical.get(block.level, "low"),
            level_meaning=it.ours(LEVEL_MEANING[meaning].say(self.language)),
            scale=self.say("scale"),
            figures=self._figures(),
            disclaimer=self.say("disclaimer", edition=it.inert(block.list_edition, 20)),
            before_next=tuple(map(self._line, ahead)),
            next_unknown=self._counted("next_unknown", unsure) if unsure else "",
            beside=tuple(self._line(one) for one in self.failed if self._is_beside(one)),
            drift_said=self._drift_said(),
            drift=self._drift(),
            plan=tuple(map(self._line, self.failed)),
            sheets=tuple(map(self._sheet, self.failed)),
            exceptions=exceptions(it),
            unknown=tuple(map(self._line, sorted(unknown, key=lambda one: (_lowest(one), one.id)))),
            passed=tuple(self._line(one) for one in block.points if one.status == "passed"),
            accounts=tuple(
                self._account(one) for one in block.privileged_accounts[:_MOST_ACCOUNTS]
            ),
            accounts_more=self._more(len(block.privileged_accounts) - _MOST_ACCOUNTS),
            groups=groups_drawn(it, block),
            paths=paths_drawn(it, block),
            care=self._care(),
            care_said=it.words.word(it.knowledge.care_disclaimer),
            readings=tuple(map(self._reading, block.snapshots)),
        )

    def _care(self) -> tuple[Fact, ...]:
        indicator = self.it.knowledge.indicator(_BACKUP_INDICATOR)
        if self.block.role != "backup" or indicator is None:
            return ()
        level, level_is = self.block.level, self.block.level_is
        if level < _BACKUP_LEVEL:
            verdict = "care_below"
        elif level < _TOP and level_is in ("exact", "at_least"):
            verdict = "care_reached"
        else:
            verdict = "care_unknown"
        said = typeset(level_said(self.block, self.language), self.language)
        return (
            Fact(
                label=self.say("care_indicator"),
                value=f"{indicator.id} – {self._own(indicator.label)}",
            ),
            *(
                (Fact(label=self.say("care_target"), value=self._own(indicator.target)),)
                if indicator.target
                else ()
            ),
            Fact(label=self.say("care_level"), value=said),
            Fact(label=self.say("care_verdict"), value=self.say(verdict)),
        )

    def _own(self, words: Wording) -> str:
        return self.it.ours(words.say(self.language))

    def _facts(self) -> tuple[Fact, ...]:
        it, block = self.it, self.block
        run = it.results.run
        places = {one.asset.establishment for one in it.results.findings}
        whose = it.scene.establishments or tuple(sorted(places))
        starts = [one.started_at for one in block.snapshots]
        return (
            Fact(
                label=self.say("establishment"),
                value=", ".join(it.establishment(one) for one in whose),
                foreign=True,
            ),
            Fact(label=self.say("domains"), value=self._joined(block.domains, 6), foreign=True),
            Fact(label=self.say("as_of"), value=it.clock.moment(min(starts)) if starts else ""),
            Fact(label=self.say("edition"), value=it.inert(block.list_edition, 20)),
            Fact(
                label=self.say("role"),
                value=self.say("backup" if block.role == "backup" else "production"),
            ),
            Fact(label=it.say("edited"), value=it.clock.moment(it.scene.generated_at)),
            Fact(label=self.say("run"), value=it.inert(run.id, 64), foreign=True),
            Fact(label=it.say("version"), value=it.inert(run.vigie_version, 32), foreign=True),
        )

    def _figures(self) -> tuple[tuple[str, str, str, str], ...]:
        it, block = self.it, self.block
        counted = [one for one in block.points if one.levels]
        failed = sum(one.status == "failed" for one in counted)
        unknown = sum(one.status == "not_evaluated" for one in counted)
        enabled = sum(one.enabled for one in block.privileged_accounts)
        return (
            (
                it.number(failed),
                self.say("failed_1" if failed == 1 else "failed_n"),
                self.say("failed_note", all=it.number(len(counted))),
                "critical" if failed else "calm",
            ),
            (
                it.number(unknown),
                self.say("unknown_1" if unknown == 1 else "unknown_n"),
                self.say("unknown_note"),
                "high" if unknown else "calm",
            ),
            (
                it.number(len(block.privileged_accounts)),
                self.say("priv_1" if len(block.privileged_accounts) == 1 else "priv_n"),
                self.say("priv_note", enabled=it.number(enabled)),
                "calm",
            ),
        )

    def _line(self, one: PointRow) -> PointLine:
        it = self.it
        found = self.findings.get(one.check, [])
        levels = one.levels_failed or one.levels
        effort = self.say(f"effort_{min(max(one.effort, 1), 3)}")
        return PointLine(
            id=it.inert(one.id, 100),
            title=it.ours(one.title, 200),
            anchor=self.anchors.get(one.id, ""),
            badge=it.badge(self._gravest(one)),
            level=", ".join(map(str, levels)) if levels else self.say("beyond"),
            effort=effort,
            effort_said=self.say("effort_is", effort=effort),
            objects=self._listed(one.objects, 5),
            count=it.number(len(one.objects)),
            remedy=it.parts(found[0].remedy) if found else (),
            why=it.ours(one.why, 300),
            moved=self.say(
                "moved",
                new=it.number(len(one.objects_new)),
                gone=it.number(len(one.objects_gone)),
            )
            if one.objects_new or one.objects_gone
            else "",
        )

    def _sheet(self, one: PointRow) -> PointSheet:
        it = self.it
        found = self.findings.get(one.check, [])
        line = msgspec.structs.replace(
            self._line(one), objects=self._listed(one.objects, _MOST_OBJECTS)
        )
        proofs = [
            (f"{where(each.asset)} – " if len(found) > 1 else "") + proof
            for each in found
            for proof in each.evidence
        ]
        return PointSheet(
            line=line,
            look=line.badge.look,
            risk=it.ours(found[0].risk) if found else "",
            proofs=self._listed(proofs, _MOST_PROOFS, 600),
            query=it.inert(one.query, 1_500),
            bases=tuple(it.inert(base) for base in one.bases[:_MOST_SPNS]),
            condition=self.say("published" if one.condition == "published" else "ours"),
            references=tuple(it.inert(each, 200) for each in found[0].references) if found else (),
            also=line.why,
        )

    def _drift_said(self) -> str:
        block = self.block
        if block.compared_at is None:
            return self.say("drift_none")
        return self.say(
            "drift_with",
            run=self.it.inert(block.compared_with, 64),
            day=self.it.clock.day(block.compared_at),
        )

    def _drift(self) -> tuple[DriftGroup, ...]:
        if self.block.compared_at is None:
            return ()
        return tuple(
            DriftGroup(
                label=self.say(way),
                points=tuple(self._line(one) for one in self.block.points if one.change == way),
            )
            for way in ("new", "fixed", "still", "lost")
        )

    def _account(self, one: PrivilegedRow) -> AccountLine:
        it = self.it
        named = (
            ("f_protected", one.protected_users),
            ("f_smartcard", one.smartcard),
            ("f_not_delegated", one.not_delegated),
            ("f_never_expires", one.password_never_expires),
            ("f_not_required", one.password_not_required),
            ("f_no_preauth", one.no_preauth),
        )
        settings = [self.say(key) for key, is_so in named if is_so]
        colon = "\u00a0: " if self.language is Language.FR else ": "
        if one.delegation:
            said = DELEGATIONS[one.delegation].say(self.language)
            settings.append(f"{self.say('f_delegation')}{colon}{said}")
        if one.spns:
            settings.append(f"{self.say('f_spn')}{colon}{self._joined(one.spns, _MOST_SPNS)}")
        if one.owner:
            settings.append(f"{self.say('f_owner')}{colon}{it.inert(one.owner, 120)}")
        never = self.say("never")
        return AccountLine(
            name=it.inert(one.name, 80),
            kind=typeset(KINDS[one.kind].say(self.language), self.language),
            dn=it.inert(one.dn, 200),
            disabled=not one.enabled,
            via=" → ".join(it.inert(name, 80) for name in one.via) or self.say("direct"),
            logon=it.clock.short(one.last_logon) if one.last_logon else never,
            password=it.clock.short(one.password_set) if one.password_set else never,
            settings=tuple(settings),
        )

    def _reading(self, one: SnapshotRow) -> Reading:
        it = self.it
        end = f" – {it.clock.moment(one.finished_at)}" if one.finished_at else ""
        return Reading(
            facts=(
                Fact(label=self.say("account"), value=it.inert(one.account), foreign=True),
                Fact(label=self.say("source"), value=it.inert(one.source or "–"), foreign=True),
                Fact(label=self.say("times"), value=it.clock.moment(one.started_at) + end),
                Fact(
                    label=self.say("servers"),
                    value=self._joined(one.servers, 8) or "–",
                    foreign=True,
                ),
                Fact(
                    label=self.say("traffic"),
                    value=f"{it.number(one.requests)} / {it.number(one.bytes_in // 1_000)} ko"
                    if self.language is Language.FR
                    else f"{it.number(one.requests)} / {it.number(one.bytes_in // 1_000)} kB",
                ),
                Fact(label=self.say("snapshot"), value=it.inert(one.path), foreign=True),
                Fact(label="SHA-256", value=it.inert(one.sha256, 64), foreign=True),
            ),
            contexts=tuple(
                ContextLine(
                    dn=it.inert(context.dn),
                    read=it.number(context.read)
                    + (
                        f" / {it.number(context.expected)} {self.say('expected')}"
                        if context.expected is not None
                        else ""
                    ),
                    descriptors=f"{100 * context.descriptors // context.read} %"
                    if context.read
                    else "–",
                    why=""
                    if context.whole
                    else self.say("not_whole", why=it.inert(context.why) or "–"),
                )
                for context in one.contexts
            ),
        )

    def _listed(self, texts: Iterable[str], limit: int, each: int = 200) -> Listed:
        kept = list(texts)
        return Listed(
            shown=tuple(self.it.inert(one, each) for one in kept[:limit]),
            more=self._more(len(kept) - limit),
        )

    def _joined(self, texts: Iterable[str], limit: int) -> str:
        listed = self._listed(texts, limit)
        return ", ".join((*listed.shown, *((listed.more,) if listed.more else ())))

    def _more(self, left: int) -> str:
        return self._counted("more", left) if left > 0 else ""


def _lowest(one: PointRow) -> int:
    """Give the level by which a point is ranked; what has none comes last."""
    return min(one.levels_failed or one.levels, default=_TOP + 1)
