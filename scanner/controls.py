"""Ports that nobody serves, tried where everything seems open: who accepts there is no server.

SYN proxies, tarpits and decoys accept for every port; a server with many services does not.
"""

import random
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass
from typing import Protocol

import trio

from core.errors import OutOfScope, Unanswered
from core.model import Status
from scanner.stream import Stream
from scanner.target import Target

SUSPECT_AFTER = 3
"""Open ports of a host, nearly all that were tried so far, from which it is put to the test."""
SUSPECT_SHARE = 3
"""Open ports for each one that was not, below which a host is an ordinary one."""
PORTS_TRIED = 2
LOWEST, HIGHEST = 28_700, 28_899
"""Control ports are drawn here: IANA gives none of these to anybody, and they lie below what Linux
and Windows hand to clients and to RPC. Nothing listens there by chance, still less on two."""
_AT_ONCE = 16
_ATTEMPTS = 2
"""A lost packet must not pass for a closed port."""
_OURS = frozenset({Status.UNDETERMINED, Status.GAVE_UP})
"""Nothing was learnt of the target."""


class Dial(Protocol):
    """The gate's way to connect: judged, paced and counted."""

    async def __call__(self, target: Target, port: int, *, attempts: int) -> Stream: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Controlled:
    """What one host did on its control ports."""

    target: Target
    tried: tuple[int, ...]
    accepted: tuple[int, ...]

    @property
    def answers_everywhere(self) -> bool:
        """Whether it accepted on all of them."""
        return len(self.tried) >= PORTS_TRIED and self.accepted == self.tried


async def _nobody(_told: Controlled) -> None:
    await trio.lowlevel.checkpoint()


class Controls:
    """The control ports of a run: each host once, by the host key of :mod:`scanner.pace`."""

    def __init__(
        self,
        dial: Dial,
        *,
        avoid: Container[int] = frozenset(),
        told: Callable[[Controlled], Awaitable[None]] = _nobody,
        draw: random.Random | None = None,
    ) -> None:
        """``avoid``: ports of the sweep, of any list, and those to which nothing is sent."""
        self._dial = dial
        self._avoid = avoid
        self._told = told
        self._draw = draw or random.Random()  # noqa: S311 - no secret: nobody gains by guessing
        self.verdicts: dict[int, bool] = {}
        """Host → whether it accepts everywhere; absent: not tried, or not yet to the end."""
        self._waiting: list[tuple[int, Target]] = []
        self._pending: set[int] = set()
        self._wake = trio.Event()
        self._settled = trio.Event()

    def suspect(self, host: int, target: Target) -> None:
        """Have a host tried; once in a run, unless nothing could be learnt (a closed window)."""
        if host not in self.verdicts and host not in self._pending:
            self._pending.add(host)
            self._waiting.append((host, target))
            self._wake.set()

    def may_be_ordinary(self, host: int) -> bool:
        """Whether a host was tried and is an ordinary one, or is being tried."""
        return host in self._pending or self.verdicts.get(host) is False

    async def run(self, everywhere: Callable[[int, Target], None]) -> None:
        """Try what is suspected, for ever; ``everywhere`` hears of hosts that accept all."""
        limit = trio.CapacityLimiter(_AT_ONCE)
        try:
            async with trio.open_nursery() as nursery:
                while True:
                    while self._waiting:
                        host, target = self._waiting.pop()
                        nursery.start_soon(self._try, host, target, everywhere, limit)
                    self._wake = trio.Event()
                    await self._wake.wait()
        finally:
            # Cut short: these were not tried, and may be another time.
            self._waiting.clear()
            self._pending.clear()

    async def settle(self) -> None:
        """Wait until every suspect was tried."""
        while self._pending:
            self._settled = trio.Event()
            await self._settled.wait()

    async def _try(
        self,
        host: int,
        target: Target,
        everywhere: Callable[[int, Target], None],
        limit: trio.CapacityLimiter,
    ) -> None:
        try:
            async with limit:
                seen = await self._ask(target)
            if seen is not None:
                self.verdicts[host] = seen.answers_everywhere
                if seen.answers_everywhere:
                    everywhere(host, target)
                await self._told(seen)
        finally:
            self._pending.discard(host)
            self._settled.set()

    async def _ask(self, target: Target) -> Controlled | None:
        """Connect to control ports until one does not accept; ``None``: nothing was learnt."""
        tried: list[int] = []
        accepted: list[int] = []
        while len(tried) < PORTS_TRIED and len(accepted) == len(tried):
            port = self._port(tried)
            if port is None:
                return None
            try:
                stream = await self._dial(target, port, attempts=_ATTEMPTS)
            except OutOfScope:
                return None
            except Unanswered as error:
                if error.status in _OURS:
                    return None
                tried.append(port)
                if error.status is Status.RESET:
                    # Accepted, then cut before we could look.
                    accepted.append(port)
            else:
                await stream.aclose()
                tried.append(port)
                accepted.append(port)
        return Controlled(target=target, tried=tuple(tried), accepted=tuple(accepted))

    def _port(self, tried: list[int]) -> int | None:
        for _ in range(1_000):
            port = self._draw.randint(LOWEST, HIGHEST)
            if port not in self._avoid and port not in tried:
                return port
        return None
