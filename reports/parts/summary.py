"""The cover and the managerial summary: one sentence, three figures, one picture, three actions."""

from collections import Counter
from collections.abc import Mapping

from core.model import Criticality, Intensity, Language
from core.results import Asset
from reports import pictures
from reports.parts.perimeter import STATUS_GROUPS
from reports.text import duration
from reports.told import GRAVEST_FIRST, MAX_ESTABLISHMENTS, Fault, Told, where
from reports.view import Bar, Fact, Figure, Step
from reports.words import INTENSITY


def facts(it: Told) -> tuple[Fact, ...]:
    """Give what the cover tells of the run."""
    run = it.results.run
    start = it.clock.moment(run.started_at)
    if run.finished_at is None:
        period = it.say("from_open", start=start)
    else:
        same_day = it.clock.today(run.started_at) == it.clock.today(run.finished_at)
        end = (it.clock.hour if same_day else it.clock.moment)(run.finished_at)
        started, finished = it.clock.local(run.started_at), it.clock.local(run.finished_at)
        lasted = duration((finished - started).total_seconds(), it.language)
        period = it.say("from_to", start=start, end=end, lasted=lasted)
    profiles = {one.value: one for one in Intensity}
    profile = profiles.get(run.profile)
    return (
        Fact(label=it.say("period"), value=period),
        Fact(
            label=it.say("profile"),
            value=it.words.word(INTENSITY[profile]) if profile else it.inert(run.profile),
            foreign=profile is None,
        ),
        Fact(label=it.say("edited"), value=it.clock.moment(it.scene.generated_at)),
        Fact(label=it.say("zone"), value=it.clock.zone_name),
        Fact(label=it.say("run"), value=it.inert(run.id, 64), foreign=True),
        Fact(label=it.say("version"), value=it.inert(run.vigie_version, 32), foreign=True),
    )


def verdict(it: Told) -> tuple[str, str]:
    """Give the verdict in plain words, and how it looks."""
    before = "" if it.results.run.complete else it.say("verdict_provisional")
    said, look = _sentence(it)
    return before + said, look


def _sentence(it: Told) -> tuple[str, str]:
    critical, high = it.counts[Criticality.CRITICAL], it.counts[Criticality.HIGH]
    others = it.counts[Criticality.MEDIUM] + it.counts[Criticality.LOW]
    if critical:
        where = _establishments(it, Criticality.CRITICAL)
        return it.counted("verdict_critical", critical, "critical", where=where), "critical"
    if high:
        where = _establishments(it, Criticality.HIGH)
        return it.counted("verdict_high", high, "high", where=where), "high"
    if others:
        return it.counted("verdict_low", others, "others"), "medium"
    if it.active:
        return it.say("verdict_info"), "info"
    tried = {code: count for code, count in it.results.coverage.statuses.items() if count > 0}
    groups = dict(STATUS_GROUPS)
    unmeasured = {one.value for one in groups["unmeasured"] | groups["unsent"]}
    if not it.results.services and not it.results.findings:
        if not tried.keys() - unmeasured:
            return it.say("verdict_nothing"), "unknown"
        if not tried.keys() & {one.value for one in groups["answered"]}:
            return it.say("verdict_silent"), "unknown"
    if it.gaps == 1:
        return it.say("verdict_none_gap"), "unknown"
    if it.gaps:
        return it.say("verdict_none_gaps", gaps=it.number(it.gaps)), "unknown"
    return it.say("verdict_none"), "info"


def _establishments(it: Told, criticality: Criticality) -> str:
    touched = {one.asset.establishment for one in it.active if one.criticality is criticality}
    some, every = len(touched), max(len(it.establishments), len(touched))
    if every == 1:
        return it.say("where_only")
    if some == every:
        return it.say("where_all", all=it.number(every))
    if some == 1:
        return it.say("where_one", all=it.number(every))
    return it.say("where_some", some=it.number(some), all=it.number(every))


def figures(it: Told) -> tuple[Figure, ...]:
    """Give the three figures."""
    critical, high = it.counts[Criticality.CRITICAL], it.counts[Criticality.HIGH]
    remote = [one for one in it.results.services if one.remote_access]
    undeclared = sum(not one.declared for one in remote)
    services = len(it.results.services)
    hosts = len({one.ip for one in it.results.services})
    grave = "critical" if critical else "high" if high else "calm"
    return (
        _figure(
            it,
            "fig_grave",
            critical + high,
            it.say("fig_grave_note", critical=it.number(critical), high=it.number(high))
            if critical + high
            else it.say("fig_grave_zero"),
            grave,
        ),
        _figure(
            it,
            "fig_remote",
            undeclared,
            it.counted("fig_remote_note", len(remote), "all")
            if remote
            else it.say("fig_remote_note_zero"),
            "high" if undeclared else "calm",
        ),
        _figure(
            it,
            "fig_services",
            services,
            it.counted("fig_services_note", hosts, "hosts")
            if hosts
            else it.say("fig_services_note_zero"),
            "calm",
        ),
    )


def _figure(it: Told, key: str, value: int, note: str, look: str) -> Figure:
    return Figure(
        value=it.number(value), label=it.say(_agreed(it, key, value)), note=note, look=look
    )


def _agreed(it: Told, key: str, count: int) -> str:
    # French takes the singular for none as for one, English for one alone.
    single = count == 1 or (count == 0 and it.language is Language.FR)
    return f"{key}_one" if single else key


def coverage(it: Told) -> str:
    """Give what was covered and what was left unanswered, in one sentence; UDP has its own."""
    silent = it.results.coverage.udp_silent
    over_udp = (
        it.say(_agreed(it, "udp_silent", silent), count=it.number(silent)) if silent > 0 else ""
    )
    return _covered(it) + over_udp


def _covered(it: Told) -> str:
    seen = it.results.coverage
    values = {
        name: it.say(_agreed(it, key, count), count=it.number(count))
        for name, key, count in (
            ("addresses", "n_addresses", seen.addresses),
            ("tried", "n_ports", seen.ports_tried),
        )
    }
    if it.gaps == 0:
        return it.say("gaps_none", **values)
    if it.gaps == 1:
        return it.say("gaps_one", **values)
    return it.say("gaps_some", gaps=it.number(it.gaps), **values)


def bars(it: Told) -> tuple[Bar, ...]:
    """Give the picture: findings by establishment and criticality, the gravest first."""
    rows = it.bar_order()[:MAX_ESTABLISHMENTS]
    gaps: Counter[str] = Counter()
    for row in it.results.not_measured:
        gaps[row.asset.establishment] += max(0, row.count)
    whole = max((count.total() for _, count in rows), default=0)
    bars: list[Bar] = []
    for id_, count in rows:
        parts = [(one.value, count[one], it.number(count[one])) for one in GRAVEST_FIRST]
        shown = tuple(it.badge(one, count[one]) for one in GRAVEST_FIRST if count[one])
        total = it.counted("bars_total", count.total()) if count else it.say("bars_none")
        bars.append(
            Bar(
                name=it.establishment(id_),
                total=total,
                blocks=pictures.stacked(parts, whole),
                parts=shown,
                gaps=it.say("bars_gaps", count=it.number(gaps[id_])) if gaps[id_] else "",
                said=", ".join([total, *(one.text for one in shown)]),
            )
        )
    return tuple(bars)


def step(it: Told, rank: int, group: Fault) -> Step:
    """Give one of the first actions."""
    head = group.head
    names = _products(it) if group.check.startswith("product.") else {}
    return Step(
        rank=str(rank),
        badge=it.badge(group.criticality),
        title=it.ours(head.title, 200),
        risk=it.ours(head.risk, 600),
        remedy=it.parts(head.remedy, 600),
        where=it.listed((_whereabouts(it, one.asset, names) for one in group.active), 3),
    )


def _products(it: Told) -> dict[tuple[str | None, int | None], str]:
    """Give what stands at each address and port, in a few words."""
    return {
        (one.ip, one.port): f"{one.product_name} {one.version or ''}".strip()
        for one in it.results.services
        if one.product_name
    }


def _whereabouts(it: Told, asset: Asset, names: Mapping[tuple[str | None, int | None], str]) -> str:
    name = names.get((asset.ip, asset.port))
    at = f"{where(asset)}, {name}" if name else where(asset)
    return f"{at} ({it.establishment(asset.establishment)})"
