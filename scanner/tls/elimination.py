"""Suites by elimination: all are offered, one is picked and left out of the next hello. Pure."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from scanner.tls.exchange import Answer
from scanner.tls.registry import alarming, harmless, of_version, suites

Stage = Callable[[int], tuple[int, ...]]
"""Gives the suites of a version that are asked for together."""


@dataclass(slots=True)
class Elimination:
    """Suites of one version: what is known of each."""

    version: int
    accepted: dict[int, Answer] = field(default_factory=dict[int, Answer])
    refused: dict[int, bool] = field(default_factory=dict[int, bool])
    """Number → whether the refusal was a mere cut."""
    offers: list[tuple[tuple[int, ...], int]] = field(
        default_factory=list[tuple[tuple[int, ...], int]]
    )
    """What was offered, in order, and what was picked."""
    why: str = "request-limit"
    """Why it is not whole, while it is not."""

    _known: set[int] = field(default_factory=set[int])
    _left: dict[Stage, Sequence[int]] = field(default_factory=dict[Stage, Sequence[int]])
    """What was open when it was last asked for: it never grows, but by :meth:`forget_cuts`."""

    def open(self, stage: Stage = of_version) -> list[int]:
        """Give the suites of a stage of which nothing is known yet, best first."""
        known = self._known
        before = self._left.get(stage)
        left = [
            one for one in (stage(self.version) if before is None else before) if one not in known
        ]
        self._left[stage] = left
        return left.copy()

    @property
    def is_whole(self) -> bool:
        """Whether every suite is known, up to those that need a secret shared beforehand."""
        return not self.open(harmless) and not self.open(alarming)

    def take(self, answer: Answer) -> bool:
        """Note a pick; false when it is none that was offered or one that was noted before."""
        picked = answer.flight.suite
        if picked is None or picked not in answer.offer.suites or picked in self.accepted:
            return False
        self.accepted[picked] = answer
        self.refused.pop(picked, None)
        self._known.add(picked)
        self.offers.append((answer.offer.suites, picked))
        return True

    def refuse(self, listed: Iterable[int], *, is_blunt: bool) -> None:
        """Note that none of some suites is accepted."""
        self.refused.update(dict.fromkeys(listed, is_blunt))
        self._known.update(self.refused)

    def forget_cuts(self, why: str) -> None:
        """Take back the refusals that were mere cuts."""
        cut = [one for one, is_blunt in self.refused.items() if is_blunt]
        for one in cut:
            del self.refused[one]
        if cut:
            self.why = why
            self._known.difference_update(cut)
            self._left.clear()

    def without_seen(self, listed: Iterable[int], *, finely: bool) -> list[int]:
        """Leave out the families of which one was accepted; CBC stays until one of it was."""
        families = _families(finely=finely)
        seen = {families[one] for one in self.accepted}
        sound_cbc = _sound_cbc()
        if any(suites()[one].is_cbc for one in self.accepted):
            return [one for one in listed if families[one] not in seen]
        return [one for one in listed if families[one] not in seen or one in sound_cbc]


@functools.cache
def _families(*, finely: bool) -> dict[int, str]:
    return {number: one.fine_family if finely else one.family for number, one in suites().items()}


@functools.cache
def _sound_cbc() -> frozenset[int]:
    return frozenset(number for number, one in suites().items() if one.is_cbc and not one.weakness)


def order_of(known: Elimination) -> bool | None:
    """Tell from picks whose order counts: the service's, the client's; ``None``: either fits."""
    wins: set[tuple[int, int]] = set()
    for offered, picked in known.offers:
        accepted = [one for one in offered if one in known.accepted]
        at = accepted.index(picked)
        if at:
            return True
        wins.update((picked, other) for other in accepted[1:])
    # Each of two was taken before the other, whichever stood first.
    return False if any((b, a) in wins for a, b in wins) else None
