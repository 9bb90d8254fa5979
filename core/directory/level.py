"""The level of a forest, by ANSSI's published rule, never more sure than what was evaluated.

Level L is the lowest one that some point fails. With no failure it is « 4 or more »: the public
list is known to be incomplete above.
"""

import enum
from collections.abc import Iterable

import msgspec

from core.model import Criticality, Flagged, Verdict

EDITION = "2026-11"
"""Month of the public list that the points follow."""
_TOP = 5
_UNDETERMINED = 4
"""Points of the last level decide nothing when nothing fails: the list is incomplete there."""

OF_LEVEL: dict[int, Criticality] = {
    1: Criticality.CRITICAL,
    2: Criticality.HIGH,
    3: Criticality.MEDIUM,
    4: Criticality.LOW,
    5: Criticality.INFO,
}
"""Criticality of a failure at a level."""


class Condition(enum.Enum):
    """Whose the test itself is."""

    PUBLISHED = "published"
    """ANSSI published it."""
    OURS = "ours"
    """ANSSI published the subject and the level alone."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of ``checks/ad`` is in ANSSI's list, or beyond it. Stands beside ``CHECK``."""

    id: str
    """``vuln_…``, ``warning_…``, ``info_…``; our own in snake case for what is beyond the list."""
    levels: tuple[int, ...] = ()
    """Rising; empty for what never moves the level."""
    condition: Condition = Condition.OURS
    effort: int = 2
    """To put it right: 1 a setting, 2 a piece of work, 3 a project."""
    query: str = ""
    """LDAP filter by which an administrator sees the objects again; may be empty."""
    base: str = ""
    """Its base: ``{D}`` each domain, ``{C}`` the configuration, ``{S}`` the schema, or a DN under
    one of them.
    """

    @property
    def counts(self) -> bool:
        """Whether it moves the level."""
        return bool(self.levels)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one point over the whole forest."""

    point: Point
    failed: tuple[int, ...] = ()
    """Levels whose threshold is not met."""
    unknown: tuple[int, ...] = ()
    """Levels that could not be evaluated, in whole or in part, and did not fail."""
    why: str = ""
    """Reason of :mod:`core.reasons` for the unknown ones."""

    @property
    def status(self) -> str:
        """``failed``, ``not_evaluated`` or ``passed``."""
        if self.failed:
            return "failed"
        return "not_evaluated" if self.unknown or self.why else "passed"


class Level(msgspec.Struct, frozen=True):
    """The level of a forest."""

    level: int
    level_is: str
    """``exact``, ``at_most`` or ``at_least``."""


def outcome_of(point: Point, verdicts: Iterable[Verdict]) -> Outcome:
    """Give what came of a point from all the verdicts of its check.

    What was not measured anywhere leaves every level that did not fail unknown.
    """
    failed: set[int] = set()
    why = ""
    for one in verdicts:
        if isinstance(one, Flagged):
            failed.update(one.levels or point.levels)
        else:
            why = why or one.why
    left = tuple(one for one in point.levels if one not in failed) if why else ()
    return Outcome(point=point, failed=tuple(sorted(failed)), unknown=left, why=why)


def derive_level(outcomes: Iterable[Outcome]) -> Level:
    """Give the level of a forest from what came of each point that counts."""
    counted = [one for one in outcomes if one.point.counts]
    failed = min((level for one in counted for level in one.failed), default=None)
    unknown = {level for one in counted for level in one.unknown}
    if failed is not None:
        sure = all(level >= failed for level in unknown)
        return Level(failed, "exact" if sure else "at_most")
    if any(level < _UNDETERMINED for level in unknown):
        return Level(_TOP, "at_most")
    return Level(_UNDETERMINED, "at_least")


def standing_before(outcomes: Iterable[Outcome], level: int) -> tuple[Outcome, ...]:
    """Give what stands between the forest and the next level, the least work first."""
    found = [one for one in outcomes if one.point.counts and level in one.failed]
    return tuple(sorted(found, key=lambda one: (one.point.effort, one.point.id)))
