"""The level of a forest, by the words of the contract."""

from hypothesis import given
from hypothesis import strategies as st

from core.directory.level import (
    Level,
    Outcome,
    Point,
    derive_level,
    outcome_of,
    standing_before,
)
from core.model import Confidence, Flagged, NotMeasured, Place


def _outcome(
    name: str,
    *levels: int,
    failed: tuple[int, ...] = (),
    unknown: tuple[int, ...] = (),
    effort: int = 2,
) -> Outcome:
    point = Point(id=name, levels=levels, effort=effort)
    return Outcome(point=point, failed=failed, unknown=unknown, why="hidden" if unknown else "")


def test_the_lowest_failure_decides() -> None:
    found = [
        _outcome("a", 1), _outcome("b", 1, 2, 4, failed=(2, 4)), _outcome("c", 3, failed=(3,))
    ]  # fmt: skip
    assert derive_level(found) == Level(2, "exact")


def test_a_lower_point_left_unevaluated_makes_it_at_most() -> None:
    failed = _outcome("b", 2, failed=(2,))
    assert derive_level([failed, _outcome("a", 1, unknown=(1,))]) == Level(2, "at_most")
    assert derive_level([failed, _outcome("a", 3, unknown=(3,))]) == Level(2, "exact")
    assert derive_level([failed, _outcome("a", 2, unknown=(2,))]) == Level(2, "exact")
    # The same point fails at its third level, and its first could not be told.
    both = _outcome("a", 1, 3, failed=(3,), unknown=(1,))
    assert derive_level([both]) == Level(3, "at_most")


def test_without_a_failure() -> None:
    assert derive_level([_outcome("a", 1), _outcome("b", 3)]) == Level(4, "at_least")
    assert derive_level([_outcome("a", 3, unknown=(3,))]) == Level(5, "at_most")
    assert derive_level([_outcome("a", 4, unknown=(4,))]) == Level(4, "at_least")
    assert derive_level([]) == Level(4, "at_least")
    assert derive_level([_outcome("warning_x", failed=())]) == Level(4, "at_least")


_LEVELS = st.lists(st.integers(1, 4), max_size=4, unique=True).map(tuple)


@given(st.lists(st.tuples(_LEVELS, _LEVELS), max_size=6))
def test_five_is_never_reached(drawn: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> None:
    outcomes = [
        _outcome(f"p{at}", 1, 2, 3, 4, failed=failed, unknown=unknown)
        for at, (failed, unknown) in enumerate(drawn)
    ]
    found = derive_level(outcomes)
    assert 1 <= found.level <= 5
    assert found.level != 5 or found.level_is == "at_most"
    every = {level for failed, _ in drawn for level in failed}
    assert (found.level == min(every)) if every else found.level >= 4


def test_what_stands_before_the_next_level_by_effort() -> None:
    found = [
        _outcome("long", 2, failed=(2,), effort=3), _outcome("quick", 2, failed=(2,), effort=1),
        _outcome("other", 3, failed=(3,), effort=1),
    ]  # fmt: skip
    assert [one.point.id for one in standing_before(found, 2)] == ["quick", "long"]


def test_from_verdicts() -> None:
    point = Point(id="vuln_x", levels=(1, 3))
    place = Place(establishment="chu")
    flagged = Flagged(place, Confidence.CERTAIN, (), levels=(3,))
    unseen = NotMeasured(place, "hidden: x")
    assert outcome_of(point, []).status == "passed"
    assert outcome_of(point, [flagged]) == Outcome(point=point, failed=(3,))
    both = outcome_of(point, [flagged, unseen])
    assert (both.failed, both.unknown, both.why) == ((3,), (1,), "hidden: x")
    assert outcome_of(point, [unseen]).unknown == (1, 3)
    assert outcome_of(Point(id="warning_x"), [unseen]).status == "not_evaluated"


def test_status() -> None:
    assert _outcome("a", 1, failed=(1,), unknown=(2,)).status == "failed"
    assert _outcome("a", 1, unknown=(1,)).status == "not_evaluated"
    assert _outcome("a", 1).status == "passed"
