"""The laws of a finding's life: pure functions from one standing to the next, with what changed.

::

    new ──→ open ⇄ to-confirm ──→ fixed ──→ reopened ──→ open
              ↕
    accepted, disputed, not-applicable: a person's word, until it is withdrawn, expires, or no
    longer covers what is seen

A finding is fixed by an :class:`Absence` alone: the exact question was asked again and answered
« no ». Nobody's silence, no partial run, no check that was removed makes one; ``vigie.settling``
says when there is one. What is older than the last word on a finding says nothing about it.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from core.model import Confidence, State

VIGIE = "vigie"
"""Who, in the journal, where no person acted."""

OPEN_STATES = frozenset({State.NEW, State.OPEN, State.TO_CONFIRM, State.REOPENED, State.DISPUTED})
"""Still to be dealt with: a dispute settles nothing."""
DECIDED = frozenset({State.ACCEPTED, State.DISPUTED, State.NOT_APPLICABLE})
"""Rest on a person's decision."""
WITHDRAWN = "withdrawn"
"""``after`` of the last change of what a run took back: the finding never was."""


ABSENCES = (
    "measured-clean",
    "name-gone",
    "port-refused",
    "port-silent",
    "replaced",
    "unrecognised",
)
"""Why a finding was missed."""


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """Where one finding stands: what the laws read and move."""

    state: State
    gravity: int
    """0 (info) to 4 (critical), as last seen."""
    confidence: Confidence
    exploited: bool
    last_seen: datetime
    last_run: str
    """The last that saw it."""
    opened_at: datetime
    """Start of the present episode."""
    state_since: datetime
    measured_at: datetime
    """When it was last seen, or missed where it could have been seen."""
    measured_run: str
    absences: int = 0
    """Times in a row that it was missed so."""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be dealt with."""
        return self.state in OPEN_STATES


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """A run saw it."""

    run: str
    at: datetime
    gravity: int
    confidence: Confidence
    exploited: bool


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """A run asked the exact question again, and was answered « no »."""

    run: str
    at: datetime
    needed: int
    """How many in a row close it."""
    why: str
    """One of :data:`ABSENCES`."""


class Covered(msgspec.Struct, frozen=True):
    """What was accepted: nothing graver."""

    gravity: int
    exploited: bool


class Change(msgspec.Struct, frozen=True):
    """One line of the journal."""

    before: State | None
    """``None``: it was not known."""
    after: State
    """As before, where gravity alone changed, or one more run missed it. A change of gravity is
    what ``why`` tells, even of one that opens in the same breath."""
    gravity: int
    why: str
    at: datetime


def born(seen: Sighting) -> tuple[Life, Change]:
    """Give the life of what was never seen before."""
    life = Life(
        state=State.NEW,
        gravity=seen.gravity,
        confidence=seen.confidence,
        exploited=seen.exploited,
        last_seen=seen.at,
        last_run=seen.run,
        opened_at=seen.at,
        state_since=seen.at,
        measured_at=seen.at,
        measured_run=seen.run,
    )
    return life, Change(None, State.NEW, seen.gravity, "first-seen", seen.at)


def meet(life: Life, seen: Sighting, covered: Covered | None = None) -> tuple[Life, Change | None]:
    """Give what comes of seeing it; ``covered``: what the acceptance in force was given for."""
    if _is_stale(life, seen.run, seen.at):
        return life, None
    state, why, opened_at = life.state, "", life.opened_at
    is_later = life.last_run != seen.run
    match life.state:
        case State.FIXED:
            state, why, opened_at = State.REOPENED, "seen-again", seen.at
        case State.TO_CONFIRM:
            state, why = State.OPEN, "seen-again"
        case State.NEW | State.REOPENED if is_later:
            state, why = State.OPEN, "still-seen"
        case State.ACCEPTED if covered is not None and (
            seen.gravity > covered.gravity or (seen.exploited and not covered.exploited)
        ):
            state, why, opened_at = State.REOPENED, "graver-than-accepted", seen.at
        case _:
            pass
    is_usual = why in {"", "still-seen"} or life.state is State.TO_CONFIRM
    if is_usual and (seen.gravity, seen.exploited) != (life.gravity, life.exploited):
        why = _of_gravity(life, seen)
    moved = msgspec.structs.replace(
        life,
        state=state,
        gravity=seen.gravity,
        confidence=seen.confidence,
        exploited=seen.exploited,
        last_seen=seen.at,
        last_run=seen.run,
        opened_at=opened_at,
        state_since=seen.at if state is not life.state else life.state_since,
        measured_at=seen.at,
        measured_run=seen.run,
        absences=0,
    )
    return moved, Change(life.state, state, seen.gravity, why, seen.at) if why else None


def _of_gravity(life: Life, seen: Sighting) -> str:
    if seen.exploited != life.exploited:
        return "now-exploited" if seen.exploited else "no-longer-exploited"
    return "graver" if seen.gravity > life.gravity else "less-grave"


def miss(life: Life, gone: Absence) -> tuple[Life, Change | None]:
    """Give what comes of not finding it where it could have been found.

    The same absence told twice counts once.
    """
    is_told = life.absences > 0 and life.measured_run == gone.run
    if life.state is State.FIXED or is_told or _is_stale(life, gone.run, gone.at):
        return life, None
    absences = life.absences + 1
    if absences >= gone.needed:
        state = State.FIXED
    else:
        # Of what a person decided, the decision stays what is shown.
        state = life.state if life.state in DECIDED else State.TO_CONFIRM
    moved = msgspec.structs.replace(
        life,
        state=state,
        state_since=gone.at if state is not life.state else life.state_since,
        measured_at=gone.at,
        measured_run=gone.run,
        absences=absences,
    )
    # Told each time: a journal says what each run missed.
    return moved, Change(life.state, state, life.gravity, gone.why, gone.at)


def decide(life: Life, state: State, at: datetime, why: str) -> tuple[Life, Change]:
    """Give what comes of a person's decision; raises ``ValueError`` on what is fixed."""
    if state not in DECIDED:
        raise ValueError(f"{state.value} is no decision")
    if life.state is State.FIXED:
        raise ValueError("fixed")
    moved = msgspec.structs.replace(life, state=state, state_since=at)
    return moved, Change(life.state, state, life.gravity, why, at)


def release(life: Life, at: datetime, why: str) -> tuple[Life, Change]:
    """Give what comes of a decision that ends: open again, with the due date that it had.

    Raises ``ValueError`` when no decision is in force.
    """
    if life.state not in DECIDED:
        raise ValueError("no decision")
    moved = msgspec.structs.replace(life, state=State.OPEN, state_since=at)
    return moved, Change(life.state, State.OPEN, life.gravity, why, at)


def replay(changes: Iterable[Change]) -> State | None:
    """Give the state to which a journal leads, oldest change first; refuses one with a gap."""
    state: State | None = None
    for one in changes:
        if one.before is not state:
            raise ValueError(f"{one.before} does not follow {state}")
        state = one.after
    return state


def _is_stale(life: Life, run: str, at: datetime) -> bool:
    """Whether another run spoke since: older news, or news that no clock tells apart."""
    return life.measured_run != run and at < life.measured_at
