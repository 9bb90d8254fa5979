"""One letter for a TLS endpoint, with what it rests on."""

import enum
from collections.abc import Iterable

import msgspec

from checks.registry import by_id
from core.model import Criticality, Flagged, Judged, NotMeasured

FAMILIES = frozenset({"tls", "cert"})

_WITHOUT_EFFECT = frozenset({"no-name", "not-offered", "not-configured"})
"""Questions that do not arise there, or that the operator chose not to put to a third party."""


class Letter(enum.Enum):
    """How far an endpoint is from the reference that it is judged by."""

    A = "A"
    """Nothing found; information aside."""
    B = "B"
    """Low findings at worst."""
    C = "C"
    """Medium."""
    D = "D"
    """High."""
    E = "E"
    """Critical."""
    UNKNOWN = "?"
    """Nothing found, and not enough measured to say so."""


_LETTERS = {
    Criticality.LOW: Letter.B,
    Criticality.MEDIUM: Letter.C,
    Criticality.HIGH: Letter.D,
    Criticality.CRITICAL: Letter.E,
}


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """The grade of one endpoint."""

    letter: Letter
    at_best: bool
    """What was not measured could still lower it."""
    reasons: tuple[tuple[str, Criticality], ...]
    """Checks that found something, the gravest first; the first of them made the letter."""
    unmeasured: tuple[str, ...]
    """Checks without an answer that could lower it, sorted."""


def grade(judged: Iterable[Judged]) -> Grade:
    """Give the grade of one endpoint from the verdicts on it; other families count for nothing."""
    found: dict[str, Criticality] = {}
    unanswered: dict[str, Criticality] = {}
    for one in judged:
        check = by_id().get(one.check)
        if check is None or one.check.partition(".")[0] not in FAMILIES:
            continue
        match one.verdict:
            case Flagged(criticality=criticality):
                weighs = criticality or check.criticality
                found[one.check] = max(weighs, found.get(one.check, weighs))
            case NotMeasured(why=why):
                if why.partition(":")[0] not in _WITHOUT_EFFECT:
                    unanswered[one.check] = check.criticality
    worst = max(found.values(), default=Criticality.INFO)
    open_questions = sorted(name for name, weighs in unanswered.items() if weighs > worst)
    letter = _LETTERS.get(worst, Letter.A)
    if letter is Letter.A and open_questions:
        letter = Letter.UNKNOWN
    return Grade(
        letter=letter,
        at_best=bool(open_questions) and letter is not Letter.UNKNOWN,
        reasons=tuple(
            sorted(found.items(), key=lambda one: (-list(Criticality).index(one[1]), one[0]))
        ),
        unmeasured=tuple(open_questions),
    )
