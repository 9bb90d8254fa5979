"""Which ports our own provider lets out: tried against the operator's canary; and the canary."""

import errno
import math
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Protocol, cast

import msgspec
import trio

GREETING = b"VIGIE CANARY 1\r\n"
"""What the canary says first. A transparent proxy that answers in its place does not know it."""
REPRESENTATIVES = (22, 80, 443, 3389, 8443)
"""Tried beside the ports that are often filtered: without one of them, there is no canary."""
PER_MINUTE = 600
"""Connections that the canary accepts from one client; the rest is closed without a word."""
_TRIES = 3
_AT_ONCE = 16
_WAIT_S = 3.0
_CLIENTS = 4_096


class Heard(Protocol):
    """What the services' door gives: a connection to the canary."""

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray: ...
    async def aclose(self) -> None: ...


class Egress(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt of our own way out."""

    reached: frozenset[int] = frozenset()
    """Proven open outward."""
    filtered: frozenset[int] = frozenset()
    """The canary, that answers on others, did not see these."""
    has_canary: bool = False
    """False: nothing answered as a canary does, silence on often-filtered ports proves nothing."""


async def try_canary(
    dial: Callable[[int], Awaitable[Heard]],
    ports: Iterable[int],
    *,
    wait_s: float = _WAIT_S,
    unbound: Iterable[int] = (),
) -> Egress:
    """Try each port against the canary, :data:`REPRESENTATIVES` too.

    ``dial`` connects to the canary on a port through the services' gate and raises ``OSError``,
    or does not come back, where nothing answers. ``unbound`` are ports that the canary is known
    not to serve: nothing is said of them.
    """
    wanted = sorted({*ports, *REPRESENTATIVES} - set(unbound))
    reached: set[int] = set()
    limit = trio.CapacityLimiter(_AT_ONCE)

    async def try_one(port: int) -> None:
        async with limit:
            for _ in range(_TRIES):
                if await _greets(dial, port, wait_s):
                    reached.add(port)
                    return

    async with trio.open_nursery() as nursery:
        for port in wanted:
            nursery.start_soon(try_one, port)
    if not reached:
        return Egress()
    return Egress(
        reached=frozenset(reached),
        filtered=frozenset(wanted) - reached,
        has_canary=True,
    )


async def _greets(dial: Callable[[int], Awaitable[Heard]], port: int, wait_s: float) -> bool:
    heard = b""
    with suppress(OSError, trio.BrokenResourceError), trio.move_on_after(wait_s):
        stream = await dial(port)
        try:
            while len(heard) < len(GREETING) and GREETING.startswith(heard):
                more = await stream.receive_some(len(GREETING) - len(heard))
                if not more:
                    break
                heard += more
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                await stream.aclose()
    return heard == GREETING


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """A canary that serves."""

    bound: tuple[tuple[str, int], ...]
    unbound: tuple[tuple[str, int, str], ...]
    """Address, port and why: taken, or not allowed without privilege."""


async def serve_canary(
    addresses: Sequence[str],
    ports: Iterable[int],
    *,
    per_minute: int = PER_MINUTE,
    task_status: trio.TaskStatus[Canary] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Greet and close, on all these ports of these literal addresses, until cancelled.

    Nothing is read from clients. Started with ``nursery.start``, it tells which ports it serves.
    """
    bound: list[tuple[str, int]] = []
    unbound: list[tuple[str, int, str]] = []
    listeners: list[trio.SocketListener] = []
    clients = _Clients(per_minute)

    async def greet(stream: trio.SocketStream) -> None:
        try:
            with suppress(OSError, trio.BrokenResourceError), trio.move_on_after(_WAIT_S):
                client = cast("tuple[str, int]", stream.socket.getpeername())[0]
                if clients.admits(client, trio.current_time()):
                    await stream.send_all(GREETING)
                    await stream.send_eof()
        finally:
            await trio.aclose_forcefully(stream)

    try:
        for address in addresses:
            for port in sorted(set(ports)):
                try:
                    listener = await _listen(address, port)
                except OSError as error:
                    why = errno.errorcode.get(error.errno or 0, str(error))
                    unbound.append((address, port, why))
                else:
                    listeners.append(listener)
                    bound.append((address, listener.socket.getsockname()[1]))
        task_status.started(Canary(bound=tuple(bound), unbound=tuple(unbound)))
        if listeners:
            await trio.serve_listeners(greet, listeners)
        else:
            await trio.sleep_forever()
    finally:
        for listener in listeners:
            listener.socket.close()


async def _listen(address: str, port: int) -> trio.SocketListener:
    ipv6 = ":" in address
    listening = trio.socket.socket(trio.socket.AF_INET6 if ipv6 else trio.socket.AF_INET)
    try:
        listening.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_REUSEADDR, 1)
        if ipv6:
            listening.setsockopt(trio.socket.IPPROTO_IPV6, trio.socket.IPV6_V6ONLY, 1)
        await listening.bind((address, port))
        listening.listen(128)
    except BaseException:
        listening.close()
        raise
    return trio.SocketListener(listening)


class _Clients:
    """A rate for each client, in bounded memory."""

    def __init__(self, per_minute: int) -> None:
        self._interval_s = 60 / per_minute
        self._tolerance_s = 60 - self._interval_s
        self._due: dict[str, float] = {}

    def admits(self, client: str, now: float) -> bool:
        due = self._due.get(client, -math.inf)
        if due - self._tolerance_s > now:
            return False
        if len(self._due) >= _CLIENTS:
            self._due = {client: at for client, at in self._due.items() if at > now}
        if len(self._due) >= _CLIENTS and client not in self._due:
            return False
        self._due[client] = max(due, now) + self._interval_s
        return True
