"""What was not measured, by reason."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from core import reasons
from core.results import NotMeasuredRow
from reports.told import Told, where
from reports.view import Gap, GapGroup


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """The questions of one kind that failed for one reason, details aside."""

    reason: str
    what: str
    count: int
    rows: tuple[NotMeasuredRow, ...]


def gap_groups(it: Told, kinds: Sequence[Unanswered]) -> tuple[GapGroup, ...]:
    """Give the unanswered questions by reason, in the order they come."""
    by_reason: dict[str, list[Unanswered]] = {}
    for kind in kinds:
        by_reason.setdefault(kind.reason, []).append(kind)
    return tuple(
        GapGroup(
            reason=_reason(it, reason, {row.why for one in members for row in one.rows}),
            count=it.counted("reason_count", sum(one.count for one in members)),
            rows=tuple(_gap(it, one) for one in members),
        )
        for reason, members in by_reason.items()
    )


def _reason(it: Told, reason: str, told: set[str]) -> str:
    why = told.pop() if len(told) == 1 else reason
    return it.ours(reasons.say(why, it.language) if reasons.known(why) else why, 300)


def _gap(it: Told, one: Unanswered) -> Gap:
    return Gap(
        what=it.ours(one.what, 200),
        count=it.number(one.count),
        establishments=it.listed(
            (it.establishment(row.asset.establishment) for row in one.rows), 5
        ),
        examples=it.listed((where(row.asset) for row in one.rows), 3, 80),
    )


def unanswered(rows: Iterable[NotMeasuredRow]) -> tuple[Unanswered, ...]:
    """Give the rows by kind: most frequent reason first, then most frequent question."""
    kept: dict[tuple[str, str], list[NotMeasuredRow]] = {}
    for row in rows:
        kept.setdefault((_without_detail(row.why), row.what), []).append(row)
    kinds = [
        Unanswered(
            reason=reason,
            what=what,
            count=sum(max(0, row.count) for row in members),
            rows=tuple(members),
        )
        for (reason, what), members in kept.items()
    ]
    weight: Counter[str] = Counter()
    for kind in kinds:
        weight[kind.reason] += kind.count
    kinds.sort(key=lambda one: (-weight[one.reason], one.reason, -one.count, one.what))
    return tuple(kinds)


def _without_detail(why: str) -> str:
    """Give a reason without what follows it: « code: detail », or « sentence (detail) »."""
    if reasons.known(why):
        return why.partition(":")[0]
    return why.rpartition(" (")[0] if why.endswith(")") and " (" in why else why
