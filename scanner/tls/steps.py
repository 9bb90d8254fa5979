"""A survey's logic as steps: which hellos next, given what the last ones brought. No I/O.

A step is a wave of hellos that do not need each other's answers. Who says them may say them one
after another or at the same time: answers are taken in in the order of the wave, so that what is
concluded does not depend on which of them came first.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from scanner.tls.exchange import Answer, Outcome
from scanner.tls.hello import Offer


@dataclass(frozen=True, slots=True)
class Ask:
    """One hello to say."""

    offer: Offer
    follow: bool = False
    """Go on under encryption where TLS 1.3 is chosen."""
    reserve: int = 0
    """Connections to leave for others: it is not said when fewer are left."""


@dataclass(slots=True)
class Verdict:
    """How one hello ended, retries included."""

    chosen: Answer | None = None
    refused: bool = False
    is_blunt: bool = False
    """Refused by cutting: stands only while the service is otherwise reliable."""
    answer: Answer | None = None
    """The last one, whatever it was."""
    why: str = "undetermined"

    @property
    def agreed(self) -> bool | None:
        """Yes, no, or not known."""
        return True if self.chosen is not None else False if self.refused else None

    def words(self, outcome: Outcome) -> bool:
        """Whether it was refused in these words."""
        return self.refused and self.answer is not None and self.answer.outcome is outcome


_T = TypeVar("_T")
Wave = tuple[Ask, ...]
Steps = Generator[Wave, tuple[Verdict, ...], _T]
"""Gives waves, takes their verdicts in the same order, ends with a result."""


def ask(offer: Offer, *, follow: bool = False, reserve: int = 0) -> Steps[Verdict]:
    """Say one hello and give its verdict."""
    (verdict,) = yield (Ask(offer, follow, reserve),)
    return verdict


def together(*several: Steps[None]) -> Steps[None]:
    """Take several sequences of steps forward side by side; the first go first where not all can.

    Each wave is made of the next one of each: nothing depends on which answer is the fastest.
    """
    waiting: list[tuple[Steps[None], Wave]] = []
    for steps in several:
        _advance(steps, None, waiting)
    while waiting:
        verdicts = yield tuple(one for _, wave in waiting for one in wave)
        moved, waiting, at = waiting, [], 0
        for steps, wave in moved:
            _advance(steps, verdicts[at : at + len(wave)], waiting)
            at += len(wave)


def _advance(
    steps: Steps[None],
    verdicts: tuple[Verdict, ...] | None,
    waiting: list[tuple[Steps[None], Wave]],
) -> None:
    try:
        wave = next(steps) if verdicts is None else steps.send(verdicts)
    except StopIteration:
        return
    waiting.append((steps, wave))
