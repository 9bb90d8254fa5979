"""The technical summary, the action plan and the sheets: one fault told once."""

from collections import Counter
from collections.abc import Sequence

from core.model import Criticality
from core.results import Decided, Finding
from reports.told import (
    GRAVEST_FIRST,
    MAX_GROUPS,
    MAX_LISTED,
    MAX_OCCURRENCES,
    MAX_PER_GROUP,
    MAX_PLAN,
    Fault,
    Told,
    where,
)
from reports.view import Action, Excepted, Exceptions, Group, MatrixRow, Occurrence
from reports.words import DELAY, STATE


def matrix(it: Told) -> tuple[MatrixRow, ...]:
    """Give each establishment against the criticalities; the last row is the total."""
    rows = it.bar_order()
    whole: Counter[Criticality] = Counter()
    for _, count in rows:
        whole.update(count)

    def row(name: str, count: Counter[Criticality]) -> MatrixRow:
        cells = tuple(it.number(count[one]) for one in GRAVEST_FIRST)
        return MatrixRow(name=name, cells=cells, total=it.number(count.total()))

    return (
        *(row(it.establishment(id_), count) for id_, count in rows[:200]),
        row(it.say("total"), whole),
    )


def groups(it: Told) -> tuple[Group, ...]:
    """Give one sheet a fault, the most pressing first, its occurrences cut to what a page bears."""
    left = MAX_OCCURRENCES
    sheets: list[Group] = []
    for index, fault in enumerate(it.grouped[:MAX_GROUPS], 1):
        limit = max(1, min(MAX_PER_GROUP, left))
        shown = fault.all[:limit]
        left -= len(shown)
        sheets.append(_group(it, index, fault, shown))
    return tuple(sheets)


def _group(it: Told, index: int, group: Fault, shown: Sequence[Finding]) -> Group:
    head, settled = group.head, len(group.all) - len(group.active)
    return Group(
        anchor=f"c{index}",
        check=it.inert(group.check, 80),
        title=it.ours(head.title, 200),
        badge=it.badge(group.criticality),
        confidence=it.confidence(max(one.confidence for one in group.active or group.all)),
        count_said=it.assets(group, group.all),
        settled=it.say("closed_note", count=it.number(settled)) if settled else "",
        establishments=it.listed(
            (it.establishment(one.asset.establishment) for one in group.all), 5
        ),
        risk=it.ours(head.risk),
        remedy=it.parts(head.remedy),
        references=tuple(it.inert(one, 400) for one in head.references[:MAX_LISTED]),
        care=tuple(it.inert(one, 40) for one in head.care[:MAX_LISTED]),
        occurrences=tuple(_occurrence(it, one) for one in shown),
        more=it.more(len(group.all), len(shown), "more_findings"),
        open=index <= 3 and group.criticality is Criticality.CRITICAL,
    )


def _occurrence(it: Told, one: Finding) -> Occurrence:
    at, name = where(one.asset), one.asset.hostname or ""
    return Occurrence(
        where=it.inert(at),
        name="" if name == at else it.inert(name, 120),
        establishment=it.establishment(one.asset.establishment),
        badge=it.badge(one.criticality),
        confidence=it.confidence(one.confidence),
        evidence=it.listed(one.evidence, 4, 400),
        state=it.words.word(STATE[one.state]),
        first_seen=it.clock.short(one.first_seen),
        last_seen=it.clock.short(one.last_seen),
        fingerprint=it.inert(one.fingerprint, 64),
    )


def exceptions(it: Told) -> Exceptions:
    """Give what people decided, gravest first, with who answers for it and until when."""
    decided = [one for fault in it.grouped for one in fault.all if one.decided is not None]
    return Exceptions(
        rows=tuple(_excepted(it, one, one.decided) for one in decided[:MAX_PLAN] if one.decided),
        more=it.more(len(decided), MAX_PLAN, "more_findings"),
    )


def _excepted(it: Told, one: Finding, decided: Decided) -> Excepted:
    return Excepted(
        title=it.ours(one.title, 160),
        where=it.inert(where(one.asset) or one.asset.domain or one.asset.forest or ""),
        badge=it.badge(one.criticality),
        state=it.words.word(STATE[one.state]),
        owner=it.inert(decided.owner, 120),
        reason=it.inert(decided.reason, 400),
        until=it.clock.day(decided.until) if decided.until else "",
    )


def action(it: Told, rank: int, group: Fault) -> Action:
    """Give one line of the plan."""
    head = group.head
    anchor = it.grouped.index(group) + 1
    return Action(
        rank=str(rank),
        badge=it.badge(group.criticality),
        title=it.ours(head.title, 160),
        anchor=f"#c{anchor}" if anchor <= MAX_GROUPS else "",
        remedy=it.parts(head.remedy, 600),
        assets=it.listed((where(one.asset) for one in group.active), 4, 80),
        count=it.assets(group, group.active),
        establishments=it.listed(
            (it.establishment(one.asset.establishment) for one in group.active), 4
        ),
        confidence=it.confidence(max(one.confidence for one in group.active)),
        delay=it.words.word(DELAY[group.criticality]),
    )
