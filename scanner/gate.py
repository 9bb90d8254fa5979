"""The only door to targets: judged by the scope, paced, counted, bounded, and shut at one word."""

import errno
import functools
import ipaddress
import math
import resource
import socket
import struct
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import trio

from core.errors import OutOfScope, Unanswered
from core.inventory import Limits
from core.model import Intensity, Status
from scanner.datagrams import PATIENCE_S as ANSWER_S
from scanner.datagrams import STOPPED, Datagrams
from scanner.pace import NotNow, Pace, Slots, keys_of
from scanner.space import Segment
from scanner.stream import Stream, status_of
from scanner.target import Target

HALF_OPEN = 2_000
"""Attempts in flight, all hosts together: a small router's NAT holds some 4,000 entries."""
PATIENCE_S = (0.3, 0.95)
"""Bounds of the wait for an answer: after 1 s the kernel would send the SYN again, uncounted."""
TIMEOUT_S = 5.0
"""Of each read and write, unless the caller says otherwise."""
_JUDGED_FOR_S = 5.0
_SLOT_WAIT_S = 60.0
_KERNEL_TRIES_MS = 3_000
"""How long the kernel sends again what is not acknowledged, a farewell included: for minutes if it
had its way, long after a stop that must be obeyed in five seconds."""
_SPARE_FILES = 256
"""Left for the store, the report, resolvers and what the interpreter opens."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_OURS = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EADDRNOTAVAIL,
        errno.EADDRINUSE,
        errno.EAGAIN,
        errno.EINTR,
    }
)
"""Errors that speak of this machine, not of the target: wait and try again."""
_NOWHERE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EAFNOSUPPORT})
"""At once, before any packet: this machine has no way there, often for want of IPv6."""


class Permit(Protocol):
    """What the scope grants."""

    @property
    def establishment(self) -> str: ...
    @property
    def intensity(self) -> Intensity: ...
    @property
    def medical(self) -> bool: ...
    @property
    def until(self) -> datetime | None: ...


class Boundary(Protocol):
    """The scope, as far as the gate asks it."""

    def permit(self, ip: str, *, hostname: str | None, at: datetime) -> Permit:
        """Grant, or raise :class:`core.errors.OutOfScope`."""
        ...


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent to one establishment so far."""

    attempts: int
    """SYNs, retries included."""
    connections: int
    datagrams: int
    """Sent over UDP, retries included; the rates count them as they count SYNs."""
    refused_here: int
    """Asked of the gate and not sent: out of scope or of window."""


class _Count:
    __slots__ = ("attempts", "connections", "datagrams", "refused_here")

    def __init__(self) -> None:
        self.attempts = 0
        self.connections = 0
        self.datagrams = 0
        self.refused_here = 0


class Shut(NotNow):
    """The wait is for the mandate's window, or for the end of a stop."""

    __slots__ = ()


class Door:
    """The gate's standing judgement on one segment; renewed when its time is up."""

    __slots__ = (
        "closes_at",
        "count",
        "establishment",
        "family",
        "first",
        "hostname",
        "is_ipv4",
        "last",
        "limit",
        "medical",
        "refusal",
        "until",
    )

    def __init__(self, segment: Segment, count: _Count) -> None:
        self.hostname = segment.hostname
        self.is_ipv4 = segment.version == 4
        self.family = socket.AF_INET if self.is_ipv4 else socket.AF_INET6
        self.first = segment.first
        self.last = segment.last
        self.establishment = segment.establishment
        self.limit = 1
        self.medical = segment.medical
        self.until = -math.inf
        """When the judgement must be renewed."""
        self.closes_at = math.inf
        """When the permit ends."""
        self.refusal: Status | Shut | None = None
        self.count = count

    def text(self, address: int) -> str:
        """Give an address of this door as people write it."""
        if self.is_ipv4:
            return socket.inet_ntoa(address.to_bytes(4, "big"))
        return socket.inet_ntop(socket.AF_INET6, address.to_bytes(16, "big"))


class Waits:
    """How long to wait for an answer, by prefix: what was measured there, never past the bounds."""

    __slots__ = ("_seen", "_size")

    def __init__(self, size: int = 4_096) -> None:
        self._seen: OrderedDict[int, tuple[float, float, float]] = OrderedDict()
        self._size = size

    def __len__(self) -> int:
        return len(self._seen)

    def wait_s(self, prefix: int) -> float:
        """Give the wait for the next attempt there; the longest where nothing answered yet."""
        seen = self._seen.get(prefix)
        return PATIENCE_S[1] if seen is None else seen[2]

    def knows(self, prefix: int) -> bool:
        """Whether something was learnt there."""
        return prefix in self._seen

    def learn(self, prefix: int, took_s: float) -> None:
        """Take in one round trip (RFC 6298 smoothing)."""
        seen = self._seen.get(prefix)
        if seen is None:
            mean, spread = took_s, took_s / 2
            if len(self._seen) >= self._size:
                self._seen.popitem(last=False)
        else:
            mean, spread, _ = seen
            spread += (abs(took_s - mean) - spread) / 4
            mean += (took_s - mean) / 8
        wait = mean + 4 * spread + 0.1
        low, high = PATIENCE_S
        self._seen[prefix] = (mean, spread, low if wait < low else min(wait, high))


class Gate:
    """Opens connections to targets, and nothing else does. One per run; all its caps are shared."""

    def __init__(
        self,
        scope: Boundary,
        limits: Limits,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        half_open: int = HALF_OPEN,
        journal: Callable[[str, str], None] = lambda _event, _detail: None,
        is_quiet: Callable[[int], bool] = lambda _port: False,
    ) -> None:
        """``is_quiet`` names the UDP ports to which not one datagram may go, whoever asks."""
        self._scope = scope
        self._is_quiet = is_quiet
        self._limits = limits
        self._now = now
        self._journal = journal
        self.pace = Pace(limits)
        self.slots = Slots()
        self.waits = Waits()
        self.half_open_cap = min(half_open, max(16, _room_for_sockets(half_open)))
        """Lower than asked where this machine allows fewer open files."""
        # Some are kept for probes: discovery would take each one the moment it is free.
        self._half_open_swept = self.half_open_cap - min(32, self.half_open_cap // 8)
        self.half_open = 0
        self._half_open_waiting = 0
        self._counts: dict[str, _Count] = {}
        self._streams: dict[str, dict[Stream, int]] = {}
        self._exchanges: dict[str, set[Datagrams]] = {}
        self._held_all = False
        self._held: set[str] = set()
        self._doors: list[Door] = []
        self._spared: set[int] = set()
        """Keys of hosts to which nothing goes any more, whatever their segment allows."""
        self._alone: set[int] = set()
        """Keys of hosts that have one connection at a time."""
        self._short_of_room_s = 0.0
        self._settled = trio.Event()

    # The stop.

    def hold(self, establishments: Iterable[str] | None = None) -> None:
        """Stop all sending to these establishments (``None``: to all), now.

        Their connections are cut, their attempts refused until :meth:`lift`. Attempts already in
        the network end by themselves in less than a second; nothing more is sent for them.
        """
        if establishments is None:
            self._held_all = True
            names = sorted({*self._streams, *self._exchanges})
        else:
            names = sorted(set(establishments))
            self._held.update(names)
        for door in self._doors:
            door.until = -math.inf
        for name in names:
            for stream in list(self._streams.get(name, ())):
                stream.abort(Status.UNDETERMINED, "stopped")
            for exchange in list(self._exchanges.get(name, ())):
                exchange.abort(Status.UNDETERMINED, STOPPED)
        self._journal("hold", "all" if establishments is None else ", ".join(names))

    def lift(self, establishments: Iterable[str] | None = None) -> None:
        """Allow again what :meth:`hold` stopped; ``None`` lifts everything."""
        if establishments is None:
            self._held_all = False
            self._held.clear()
            self._journal("lift", "all")
        else:
            names = sorted(set(establishments))
            self._held.difference_update(names)
            self._journal("lift", ", ".join(names))
        for door in self._doors:
            door.until = -math.inf

    def is_held(self, establishment: str) -> bool:
        """Whether nothing may be sent there at the moment."""
        return self._held_all or establishment in self._held

    def sets_aside(self, establishment: str) -> bool:
        """Whether this establishment is stopped while others are not: the run goes on around it."""
        return not self._held_all and establishment in self._held

    def counts(self) -> dict[str, Counted]:
        """Give what was sent so far, by establishment."""
        return {
            name: Counted(
                attempts=count.attempts,
                connections=count.connections,
                datagrams=count.datagrams,
                refused_here=count.refused_here,
            )
            for name, count in self._counts.items()
        }

    def learn(self, scope: Boundary, *, spared: Iterable[str], alone: Iterable[str]) -> None:
        """Judge by a scope that learnt, meanwhile, whose some addresses are.

        Nothing more is sent to those ``spared``, whose connections are cut; those ``alone`` have
        one connection at a time. Segments stay as they were cut before the first packet.
        """
        self._scope = scope
        fresh = {_reach(ip)[2] for ip in spared} - self._spared
        self._spared |= fresh
        self._alone |= {_reach(ip)[2] for ip in alone}
        for door in self._doors:
            door.until = -math.inf
        for streams in self._streams.values():
            for stream in [one for one, host in streams.items() if host in fresh]:
                stream.abort(Status.OUT_OF_SCOPE, "excluded")

    # One connection, for probes.

    async def dial(
        self,
        target: Target,
        port: int,
        *,
        timeout_s: float | None = None,
        attempts: int = 3,
        needs: Intensity = Intensity.DISCREET,
    ) -> Stream:
        """Connect to a target; waits its turn, then for the answer.

        One attempt is one SYN, counted; silence is tried again, ``attempts`` times in all. The
        stream holds one of the host's connections until it is closed; ``timeout_s`` is of each of
        its reads and writes.

        Raises :class:`core.errors.OutOfScope` when nothing was sent, and
        :class:`core.errors.Unanswered` with the status of what the target did.
        """
        family, prefix, host = _reach(target.ip)
        permit = self._judge(target, needs)
        limit = self._limit(permit, medical=target.medical)
        has_waited = not self.slots.try_take(host, limit)
        if has_waited:
            await self._slot(host, limit)
        try:
            for left in reversed(range(max(1, attempts))):
                if self.half_open >= self.half_open_cap:
                    await self._room()
                    has_waited = True
                if self.pace.try_take(prefix, host, trio.current_time()) is not None:
                    await self.pace.take(prefix, host)
                    has_waited = True
                if has_waited:
                    # It may have lasted longer than the permit.
                    permit = self._judge(target, needs)
                has_waited = True
                try:
                    connected = await self._connect(permit, (family, target.ip, port), prefix, host)
                except Unanswered as error:
                    if error.status is not Status.TIMEOUT or not left:
                        raise
                else:
                    if self.is_held(permit.establishment):
                        # Stopped while it was under way.
                        _reset(connected)
                        raise OutOfScope(target.ip, "interrupted")
                    return self._stream(
                        connected, permit.establishment, host, self._until(permit), timeout_s
                    )
        except BaseException:
            self.slots.release(host)
            raise
        raise AssertionError("the last attempt returns or raises")

    async def _connect(
        self,
        permit: Permit,
        where: tuple[socket.AddressFamily, str, int],
        prefix: int,
        host: int,
    ) -> socket.socket:
        family, ip, port = where
        try:
            connecting = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            raise Unanswered(Status.UNDETERMINED, f"this machine: {error.strerror}") from error
        self.half_open += 1
        self._count(permit.establishment).attempts += 1
        try:
            refusal = await self._answer(connecting, ip, port, prefix, host)
        except BaseException:
            connecting.close()
            raise
        finally:
            self._settle()
        if refusal is not None:
            connecting.close()
            raise refusal
        return connecting

    async def _room(self) -> None:
        while self.half_open >= self.half_open_cap:
            self._half_open_waiting += 1
            try:
                await self._settled.wait()
            finally:
                self._half_open_waiting -= 1

    async def _answer(
        self, connecting: socket.socket, ip: str, port: int, prefix: int, host: int
    ) -> Unanswered | None:
        """Send one SYN and wait for what it brings; ``None`` when it is a connection."""
        started = trio.current_time()
        code = connecting.connect_ex((ip, port))
        if code == errno.EINPROGRESS:
            wait_s = self.waits.wait_s(prefix)
            with trio.CancelScope(deadline=started + wait_s) as waited:
                await trio.lowlevel.wait_writable(connecting)
            took_s = trio.current_time() - started
            if waited.cancelled_caught:
                if took_s >= 1.0:
                    self.late(prefix, host)
                return Unanswered(Status.TIMEOUT, f"no answer in {wait_s:.2f} s")
            self.waits.learn(prefix, took_s)
            code = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code in _OURS:
            return Unanswered(Status.UNDETERMINED, f"this machine: {errno.errorcode[code]}")
        if code:
            return Unanswered(status_of(code), errno.errorcode.get(code, str(code)))
        if _met_itself(connecting):
            return Unanswered(Status.REFUSED, "connected to itself")
        return None

    def _judge(self, target: Target, needs: Intensity) -> Permit:
        try:
            return self._granted(target, needs)
        except OutOfScope as error:
            self._count(target.establishment).refused_here += 1
            self._journal("refused", str(error))
            raise

    def _granted(self, target: Target, needs: Intensity) -> Permit:
        permit = self._scope.permit(target.ip, hostname=target.hostname, at=self._now())
        if permit.intensity < needs:
            raise OutOfScope(target.ip, "intensity")
        if self.is_held(permit.establishment):
            raise OutOfScope(target.ip, "interrupted")
        return permit

    def _until(self, permit: Permit) -> float:
        if permit.until is None:
            return math.inf
        return trio.current_time() + (permit.until - self._now()).total_seconds()

    def _limit(self, permit: Permit, *, medical: bool) -> int:
        return 1 if medical or permit.medical else max(1, self._limits.connections_per_host)

    async def _slot(self, host: int, limit: int) -> None:
        if self.slots.try_take(host, limit):
            return
        # A connection that waits for its first reader can be made again; this one is needed now.
        for streams in self._streams.values():
            idle = next((s for s, at in streams.items() if at == host and s.is_untouched), None)
            if idle is not None:
                idle.abort(Status.UNDETERMINED, "taken back for another measure")
                break
        with trio.move_on_after(_SLOT_WAIT_S) as waited:
            await self.slots.take(host, limit)
        if waited.cancelled_caught:
            raise Unanswered(Status.GAVE_UP, "no connection left for this host")

    # Questions over UDP.

    @asynccontextmanager
    async def exchange(
        self,
        target: Target,
        port: int,
        *,
        any_port: bool = False,
        patience_s: float = ANSWER_S,
        needs: Intensity = Intensity.DISCREET,
        spend: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[Datagrams]:
        """Open a UDP socket towards a target; it holds one of the host's connections meanwhile.

        Each datagram is judged, waits its turn and is counted as a SYN is; ``spend`` is called
        before each and may refuse it (``Unanswered``). ``any_port``: see :class:`Datagrams`.

        Raises :class:`core.errors.OutOfScope` when nothing may be sent, here or in the body;
        ``quiet-port`` is the reason for a port to which nothing ever is.
        """
        address = _literal(target.ip)
        prefix, host = keys_of(address.version, int(address))
        permit = self._judge(target, needs)
        if self._is_quiet(port):
            self._count(target.establishment).refused_here += 1
            self._journal("refused", f"{target.ip}: {port}/udp: quiet-port")
            raise OutOfScope(target.ip, "quiet-port")
        await self._slot(host, self._limit(permit, medical=target.medical))
        try:
            permit = self._judge(target, needs)

            async def turn() -> None:
                spend()
                await self.pace.take(prefix, host)
                self._count(self._judge(target, needs).establishment).datagrams += 1

            exchange = Datagrams(
                _datagram_socket(address, port, any_port=any_port),
                ip=address.compressed,
                port=port,
                turn=turn,
                may_tell=lambda where: not self._is_quiet(where),
                any_port=any_port,
                patience_s=patience_s,
                until=self._until(permit),
            )
            exchanges = self._exchanges.setdefault(permit.establishment, set())
            exchanges.add(exchange)
            try:
                async with exchange:
                    yield exchange
            finally:
                exchanges.discard(exchange)
        finally:
            self.slots.release(host)

    @asynccontextmanager
    async def lend(
        self, target: Target, *, per_second: float, needs: Intensity = Intensity.DEEP
    ) -> AsyncGenerator[None]:
        """Lend a host to a tool that opens its own connections (nmap), and count for it.

        It holds one of the host's connections, and ``per_second`` attempts are charged to the caps
        while the body runs. A stop or the end of the permit cancels the body.

        Raises :class:`core.errors.OutOfScope` when nothing may be sent, before or meanwhile.
        """
        address = _literal(target.ip)
        prefix, host = keys_of(address.version, int(address))
        permit = self._judge(target, needs)
        await self._slot(host, self._limit(permit, medical=target.medical))
        count = self._count(permit.establishment)

        async def charge() -> None:
            while True:
                # The tool sends whether or not it is its turn: others wait for it.
                self.pace.charge(prefix, host)
                count.attempts += 1
                self._judge(target, needs)
                await trio.sleep(1 / per_second)

        ended: OutOfScope | None = None
        try:
            async with trio.open_nursery() as nursery:

                async def watch() -> None:
                    nonlocal ended
                    try:
                        await charge()
                    except OutOfScope as refused:
                        ended = refused
                        nursery.cancel_scope.cancel()

                nursery.start_soon(watch)
                yield
                nursery.cancel_scope.cancel()
        finally:
            self.slots.release(host)
        if ended is not None:
            raise ended

    # Many attempts, for discovery. Nothing here waits.

    def doors(self, segments: Sequence[Segment]) -> tuple[Door, ...]:
        """Give the doors of a sweep's segments, in their order; :meth:`begin` wants one."""
        made = tuple(Door(segment, self._count(segment.establishment)) for segment in segments)
        self._doors.extend(made)
        return made

    def forget(self, doors: Iterable[Door]) -> None:
        """Let go of the doors of a sweep that ended."""
        gone = set(map(id, doors))
        self._doors = [door for door in self._doors if id(door) not in gone]

    def refusal(self, door: Door, now: float) -> Status | Shut | None:
        """Give why this door is shut: for good (a status), or for now; ``None`` when it is open."""
        if door.until <= now:
            self._renew(door, now)
        return door.refusal

    def begin(
        self, door: Door, address: int, port: int, prefix: int, host: int, now: float
    ) -> socket.socket | NotNow | Status:
        """Start one attempt, counted.

        Gives the connecting socket, or when to ask again, or the status that the pair ends with
        without a packet (or at once: an unreachable network). ``prefix`` and ``host`` are the
        :func:`scanner.pace.keys_of` of the address. The caller ends each attempt with
        :meth:`adopt` or :meth:`give_up`.
        """
        if door.until <= now:
            self._renew(door, now)
        refusal = door.refusal
        if refusal is not None:
            if not isinstance(refusal, Shut):
                door.count.refused_here += 1
            return refusal
        if not door.first <= address <= door.last:
            raise ValueError("an address outside its segment")
        if host in self._spared:
            door.count.refused_here += 1
            return Status.OUT_OF_SCOPE
        if self.half_open >= self._half_open_swept:
            return NotNow(None, now + 0.01)
        if not self.slots.try_take(host, 1 if host in self._alone else door.limit):
            return NotNow(host, now + 0.05)
        late = self.pace.try_take(prefix, host, now)
        if late is not None:
            self.slots.release(host)
            return late
        try:
            connecting = socket.socket(door.family, _NONBLOCKING)
        except OSError as error:
            self.slots.release(host)
            if error.errno in _NOWHERE:
                return Status.EGRESS_FILTERED
            return self._no_room(error.errno or 0, now)
        door.count.attempts += 1
        ip = _inet_ntoa(address.to_bytes(4, "big")) if door.is_ipv4 else door.text(address)
        code = connecting.connect_ex((ip, port))
        if code == _EINPROGRESS or code == 0:
            self.half_open += 1
            return connecting
        connecting.close()
        self.slots.release(host)
        if code in _OURS:
            return self._no_room(code, now)
        # No packet left: this says nothing of the target, which « filtered » would.
        return Status.EGRESS_FILTERED if code in _NOWHERE else status_of(code)

    def give_up(self, connecting: socket.socket, host: int) -> None:
        """End an attempt that will not be handed over."""
        connecting.close()
        self.slots.release(host)
        self._settle()

    def late(self, prefix: int, host: int) -> None:
        """Count the SYN that the kernel sent again because we ended an attempt after 1 s."""
        self.pace.charge(prefix, host)

    def adopt(
        self, connected: socket.socket, door: Door, host: int, *, timeout_s: float | None = None
    ) -> Stream | Shut | Status:
        """Turn an attempt that was answered into a stream, its slot with it.

        When the door was shut meanwhile, or the connection met itself (``refused``), it is closed.
        """
        self._settle()
        refusal = self.refusal(door, trio.current_time())
        if refusal is None and _met_itself(connected):
            refusal = Status.REFUSED
        if host in self._spared:
            refusal = Status.OUT_OF_SCOPE
        if refusal is not None:
            _reset(connected)
            self.slots.release(host)
            return refusal
        return self._stream(connected, door.establishment, host, door.closes_at, timeout_s)

    def _renew(self, door: Door, now: float) -> None:
        """Ask the scope again; a segment is judged alike throughout: its first address will do."""
        ip = door.text(door.first)
        try:
            permit = self._scope.permit(ip, hostname=door.hostname, at=self._now())
        except OutOfScope as error:
            door.until = now + _JUDGED_FOR_S
            if error.reason == "out-of-window" and error.next_opening is not None:
                opens = now + (error.next_opening - self._now()).total_seconds()
                door.until = min(door.until, max(opens, now + 0.1))
                door.refusal = Shut(None, max(opens, now + 0.1))
            else:
                door.refusal = (
                    Status.OUT_OF_WINDOW if error.reason == "out-of-window" else Status.OUT_OF_SCOPE
                )
            return
        door.closes_at = self._until(permit)
        door.until = min(now + _JUDGED_FOR_S, door.closes_at)
        door.limit = self._limit(permit, medical=door.medical)
        if permit.intensity < Intensity.DISCREET:
            door.refusal = Status.OUT_OF_SCOPE
        elif self.is_held(door.establishment):
            door.refusal = Shut(None, now + 1.0)
        else:
            door.refusal = None

    def _no_room(self, code: int, now: float) -> NotNow:
        """Slow down, doubling up to a second, when this machine runs out of something."""
        self._short_of_room_s = min(1.0, max(0.02, 2 * self._short_of_room_s))
        self._journal("no-room", errno.errorcode.get(code, str(code)))
        return NotNow(None, now + self._short_of_room_s)

    def _stream(
        self,
        connected: socket.socket,
        establishment: str,
        host: int,
        until: float,
        timeout_s: float | None,
    ) -> Stream:
        self._short_of_room_s = 0.0
        self._count(establishment).connections += 1
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _KERNEL_TRIES_MS)
        stream = Stream(
            trio.SocketStream(trio.socket.from_stdlib_socket(connected)),
            timeout_s=TIMEOUT_S if timeout_s is None else timeout_s,
            until=until,
        )
        streams = self._streams.setdefault(establishment, {})
        streams[stream] = host

        def closed() -> None:
            del streams[stream]
            self.slots.release(host)

        stream.on_close.append(closed)
        return stream

    def _settle(self) -> None:
        self.half_open -= 1
        if self._half_open_waiting:
            self._settled.set()
            self._settled = trio.Event()

    def _count(self, establishment: str) -> _Count:
        count = self._counts.get(establishment)
        if count is None:
            count = self._counts[establishment] = _Count()
        return count


_NONBLOCKING = socket.SOCK_STREAM | socket.SOCK_NONBLOCK
_EINPROGRESS = errno.EINPROGRESS
_inet_ntoa = socket.inet_ntoa


def _literal(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Parse an address in its one usual spelling; any other, or IPv4 inside IPv6, is refused."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        raise OutOfScope(ip[:100], "out-of-scope") from None
    if address.compressed != ip or getattr(address, "ipv4_mapped", None):
        raise OutOfScope(ip, "out-of-scope")
    return address


def _datagram_socket(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int, *, any_port: bool
) -> socket.socket:
    """Give a UDP socket that hears one port of the target, or with ``any_port`` whoever answers."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened: socket.socket | None = None
    try:
        opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        if not any_port:
            opened.connect((address.compressed, port))
    except OSError as error:
        if opened is not None:
            opened.close()
        number = error.errno or 0
        if number in _NOWHERE:
            why = errno.errorcode[number]
            raise Unanswered(Status.EGRESS_FILTERED, why) from error
        if number in _OURS or opened is None:
            raise Unanswered(Status.UNDETERMINED, f"this machine: {error.strerror}") from error
        raise Unanswered(status_of(number), errno.errorcode.get(number, str(number))) from error
    if not any_port and _met_itself(opened):
        opened.close()
        raise Unanswered(Status.REFUSED, "connected to itself")
    return opened


@functools.lru_cache(maxsize=1_024)
def _reach(ip: str) -> tuple[socket.AddressFamily, int, int]:
    """Give family, prefix and host key of an address, parsed once for all its connections."""
    address = _literal(ip)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return family, *keys_of(address.version, int(address))


def _met_itself(connected: socket.socket) -> bool:
    """Whether the kernel joined our own SYN to itself: our port was the one we asked for (lab)."""
    try:
        return bool(connected.getsockname() == connected.getpeername())
    except OSError:
        return True


def _reset(connected: socket.socket) -> None:
    """Close with a reset: nothing was said, and neither side keeps a trace of it."""
    with suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connected.close()


def _room_for_sockets(wanted: int) -> int:
    """Raise the limit of open files as far as allowed; give how many sockets fit in."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Attempts and about as many streams waiting to be read.
    aim = 2 * wanted + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < aim:
        raised = aim if hard == resource.RLIM_INFINITY else min(aim, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    return wanted if soft == resource.RLIM_INFINITY else soft - _SPARE_FILES
