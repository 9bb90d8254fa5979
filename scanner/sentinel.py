"""Notices when a prefix falls silent: our source address is banned, and silence proves nothing."""

import math
from array import array
from collections.abc import Callable, Container, Sequence
from typing import Protocol

import trio

from core.errors import OutOfScope, Unanswered
from core.model import Status
from scanner.stream import Stream
from scanner.target import Target

EVERY_S = 60.0
"""How long a prefix under measure goes without proof that it still answers us."""
EVERY_PAIRS = 1_000
"""And how many pairs, though no sentinel is tried more often than every :data:`NO_SOONER_S`."""
NO_SOONER_S = 10.0
SPACING_S = (2.0, 5.0, 10.0)
"""Pauses before the second, third and fourth try; a service that restarts is back by then."""
_WITNESSES = 3
_LOGGED_PAIRS = 1_000_000
"""In all prefixes together, 8 bytes each. A prefix may fill a sixteenth of it."""
_CHECKS_AT_ONCE = 16


class Dial(Protocol):
    """The gate's way to connect."""

    async def __call__(self, target: Target, port: int) -> Stream: ...


class Watch:
    """One prefix that has a service."""

    __slots__ = (
        "answered_at",
        "ask_at",
        "is_banned",
        "is_checking",
        "is_suspect",
        "silences",
        "since",
        "witnesses",
    )

    def __init__(self, now: float) -> None:
        self.witnesses: list[tuple[Target, int]] = []
        self.answered_at = now
        self.since = array("Q")
        """Indices of what was measured since the last answer, open ports apart."""
        self.silences = 0
        """Pairs met with a first silence since then."""
        self.ask_at = 0
        """How long ``since`` may grow before :meth:`Sentinels.ask` is called."""
        self.is_suspect = False
        """A try went unanswered: nothing but the sentinel is tried until it is settled."""
        self.is_banned = False
        self.is_checking = False


class Sentinels:
    """The watches of a run, by prefix key of :func:`scanner.pace.keys_of`."""

    def __init__(
        self,
        dial: Dial,
        *,
        every_s: float = EVERY_S,
        every_pairs: int = EVERY_PAIRS,
        no_sooner_s: float = NO_SOONER_S,
        spacing_s: Sequence[float] = SPACING_S,
        avoid_ports: Container[int] = frozenset(),
        banned: Callable[[int, Sequence[int]], None] = lambda _prefix, _indices: None,
    ) -> None:
        self._dial = dial
        self._every_s = every_s
        self._every_pairs = every_pairs
        self._no_sooner_s = no_sooner_s
        self._spacing_s = tuple(spacing_s)
        self._avoid = avoid_ports
        self.banned = banned
        """Called once per prefix that is banned, with the indices that say nothing any more."""
        self.watches: dict[int, Watch] = {}
        self._due: set[int] = set()
        self._wake = trio.Event()

    def seen(self, prefix: int, target: Target, port: int) -> None:
        """Take note of a service: the first of a prefix is its sentinel, two others second it."""
        watch = self.watches.get(prefix)
        if watch is None:
            watch = self.watches[prefix] = Watch(trio.current_time())
            self._settle(watch)
        kept = watch.witnesses
        if not kept:
            kept.append((target, port))
        elif self._is_frail(target, port):
            return
        elif self._is_frail(*kept[0]):
            # A fragile device serves only while nothing sturdier is known.
            kept[0] = (target, port)
        elif len(kept) < _WITNESSES and all(target.ip != other.ip for other, _ in kept):
            kept.append((target, port))

    def _settle(self, watch: Watch) -> None:
        share = _LOGGED_PAIRS // max(16, len(self.watches))
        watch.ask_at = min(self._every_pairs, share)

    def _is_frail(self, target: Target, port: int) -> bool:
        return target.medical or port in self._avoid

    def ask(self, prefix: int, watch: Watch) -> None:
        """Have the sentinel tried soon: ``since`` has reached ``ask_at``."""
        share = _LOGGED_PAIRS // max(16, len(self.watches))
        is_full = len(watch.since) >= share
        watch.ask_at = min(len(watch.since) + self._every_pairs, max(share, len(watch.since) + 1))
        if is_full:
            # Measure no further than the log reaches.
            watch.is_suspect = True
        elif trio.current_time() < watch.answered_at + self._no_sooner_s:
            return
        if not watch.is_checking and prefix not in self._due:
            self._due.add(prefix)
            self._wake.set()

    def is_banned(self, prefix: int) -> bool:
        """Whether this prefix is left alone."""
        watch = self.watches.get(prefix)
        return watch is not None and watch.is_banned

    async def run(self) -> None:
        """Check whatever is due, for ever; cancel it when the run ends."""
        limit = trio.CapacityLimiter(_CHECKS_AT_ONCE)
        async with trio.open_nursery() as nursery:
            while True:
                now = trio.current_time()
                next_at = math.inf
                for prefix, watch in self.watches.items():
                    if watch.is_banned or watch.is_checking:
                        continue
                    due_at = watch.answered_at + self._every_s if watch.since else math.inf
                    if prefix in self._due or due_at <= now:
                        watch.is_checking = True
                        nursery.start_soon(self._check, prefix, watch, limit)
                    else:
                        next_at = min(next_at, due_at)
                self._due.clear()
                self._wake = trio.Event()
                # New watches bring no event: look again often enough for the shortest interval.
                with trio.move_on_at(min(next_at, now + self._every_s)):
                    await self._wake.wait()

    async def check_all(self) -> None:
        """Try the sentinels once more, as a sweep ends, where something was measured since."""
        limit = trio.CapacityLimiter(_CHECKS_AT_ONCE)
        async with trio.open_nursery() as nursery:
            for prefix, watch in list(self.watches.items()):
                if watch.since and not watch.is_banned:
                    watch.is_checking = True
                    nursery.start_soon(self._check, prefix, watch, limit)

    async def _check(self, prefix: int, watch: Watch, limit: trio.CapacityLimiter) -> None:
        try:
            async with limit:
                answered = await self._any_answers(watch)
            for pause_s in self._spacing_s:
                if answered is not False:
                    break
                await trio.sleep(pause_s)
                async with limit:
                    answered = await self._any_answers(watch)
        finally:
            watch.is_checking = False
        if answered is None:
            # Not allowed to ask now: no conclusion, ask again later.
            watch.answered_at = trio.current_time()
            watch.is_suspect = False
            watch.ask_at = len(watch.since) + self._every_pairs
            return
        since, watch.since = watch.since, array("Q")
        watch.silences = 0
        watch.is_suspect = False
        watch.answered_at = trio.current_time()
        self._settle(watch)
        if not answered:
            watch.is_banned = True
            self.banned(prefix, since)

    async def _any_answers(self, watch: Watch) -> bool | None:
        """Whether one witness accepts a connection; the one that does becomes the sentinel."""
        silent = False
        for place, (target, port) in enumerate(watch.witnesses):
            try:
                stream = await self._dial(target, port)
            except Unanswered as error:
                # These two are our own doing (no socket, no free connection) and prove nothing.
                silent |= error.status not in {Status.UNDETERMINED, Status.GAVE_UP}
                watch.is_suspect |= silent
            except OutOfScope:
                continue
            else:
                await stream.aclose()
                watch.witnesses.insert(0, watch.witnesses.pop(place))
                return True
        return False if silent else None
