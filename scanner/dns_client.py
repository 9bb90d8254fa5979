"""Asks the declared resolvers, thousands of questions a second, politely, and nobody else.

No task of its own: whoever waits for an answer turns the wheel for all who wait, and hands it on
when its own has come. So nothing outlives the tasks that ask, and a client at rest holds no socket.

Each server has a window of questions in flight that opens while it answers and halves when it loses
or refuses many, and a rate. Questions carry a random number and leave from ports drawn by the
kernel, changed often; sockets are connected, so that nobody else's datagrams are even seen.
"""

import errno
import heapq
import math
import secrets
import select
import socket
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import trio

from scanner.dns_wire import (
    AD,
    CD,
    RD,
    BadAnswer,
    Said,
    is_cut,
    kind_of,
    query_of,
    question_of,
    rcode_of,
    read_answer,
    wire_of,
)

PER_SECOND = 1_000
"""Questions to one server: what `[names] queries_per_second` replaces."""
LIFETIME_S = 8.0
"""Of one question, repeats included: a recursor gives up on a lame zone in about as long."""
_TRIES = 7
_FIRST_WAIT_S = 1.0
_WAITS_S = (0.3, 2.5)
"""Bounds of the first wait for an answer, learnt from the server; each repeat doubles it."""
_WINDOW = (8.0, 32.0, 512.0)
"""Questions in flight to one server: at least, at first, at most."""
_LOSS = 0.2
"""Share of losses, or of refusals among answers, above which a server is thought overrun: chance
alone loses far fewer."""
_REFUSALS = 0.5
_MEMORY = 1 / 128
"""Weight of the last answer in these shares."""
_SILENT_AFTER = 24
"""Losses in a row..."""
_SILENT_S = 4.0
"""... over as long, after which a server is taken for dead and hears one question now and then."""
_REVIVED_EVERY_S = 2.0
_REFUSED_TRIES = 2
_REFUSED_WAIT_S = 0.25
_PORTS = 8
"""Sockets to one server."""
_PORT_USES = 512
"""Questions from one source port, after which it is left for another."""
_RECEIVED = 64
"""Datagrams read from one socket before the others have their turn."""
_TCP_AT_ONCE = 8
_OURS = frozenset({errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN, errno.EPERM, errno.EINTR})


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How one resolver did so far."""

    server: str
    """``192.0.2.53:53``."""
    asked: int
    """Datagrams sent, repeats included."""
    answered: int
    lost: int
    """Datagrams without an answer in time."""
    failed: int
    """SERVFAIL, REFUSED and the like."""
    strays: int
    """Datagrams that answered nothing that was asked: late, doubled or forged."""
    is_silent: bool
    is_lying: bool


class _Port:
    """One source port, and the questions that left by it."""

    __slots__ = ("left", "server", "socket", "waiting")

    def __init__(self, server: "_Server") -> None:
        self.server = server
        self.left = _PORT_USES
        self.waiting: dict[int, tuple[_Question, float]] = {}
        self.socket = socket.socket(server.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.connect((server.ip, server.port))


class _Server:
    """One declared resolver."""

    def __init__(self, ip: str, port: int, per_second: float) -> None:
        self.ip, self.port = ip, port
        self.family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self.interval_s = 1 / per_second
        self.slowed = 1.0
        """By how much it is spared: it refused many."""
        self.due = -math.inf
        self.window, self.threshold = _WINDOW[1], _WINDOW[2]
        self.in_flight = 0
        self.wait_s = _FIRST_WAIT_S
        self.mean_s = self.spread_s = 0.0
        self.loss = self.refusals = 0.0
        self.cut_until = -math.inf
        self.silent = 0
        self.heard_at = -math.inf
        self.revived_at = -math.inf
        self.edns = True
        self.is_lying = False
        self.ports: list[_Port] = []
        self.asked = self.answered = self.lost = self.failed = self.strays = 0

    def ready_at(self) -> float:
        """Give the moment from which its rate allows one more; a burst lasts 20 ms."""
        return self.due - max(0.02, self.interval_s) + self.interval_s

    def is_silent(self, now: float) -> bool:
        return self.silent >= _SILENT_AFTER and now - self.heard_at > _SILENT_S

    def take(self, now: float) -> None:
        self.due = max(self.due, now) + self.interval_s * self.slowed
        self.in_flight += 1
        self.asked += 1

    def heard(self, now: float, took_s: float) -> None:
        """Take in an answer, whatever it says (RFC 6298 smoothing)."""
        self.answered += 1
        self.silent = 0
        self.heard_at = now
        self.loss -= self.loss * _MEMORY
        if not self.mean_s:
            self.mean_s, self.spread_s = took_s, took_s / 2
        else:
            self.spread_s += (abs(took_s - self.mean_s) - self.spread_s) / 4
            self.mean_s += (took_s - self.mean_s) / 8
        low, high = _WAITS_S
        self.wait_s = min(high, max(low, self.mean_s + 4 * self.spread_s))

    def understood(self) -> None:
        if self.window < _WINDOW[2]:
            self.window += 1 if self.window < self.threshold else 1 / self.window
        self.refusals -= self.refusals * _MEMORY
        self.slowed = max(1.0, self.slowed * 0.995)

    def refused(self, now: float) -> None:
        self.failed += 1
        self.refusals += (1 - self.refusals) * _MEMORY
        if self.refusals > _REFUSALS:
            self._spare(now)
            self.slowed = min(16.0, self.slowed * 1.02)

    def missed(self, now: float) -> None:
        if not self.silent and self.heard_at < now - _SILENT_S:
            self.heard_at = now
        self.lost += 1
        self.silent += 1
        self.loss += (1 - self.loss) * _MEMORY
        if self.loss > _LOSS:
            self._spare(now)

    def _spare(self, now: float) -> None:
        """Halve what is in flight, once for what was under way together."""
        if now >= self.cut_until:
            self.window = self.threshold = max(_WINDOW[0], self.window / 2)
            self.cut_until = now + 2 * self.wait_s


class _Question:
    """One question until it is answered or given up."""

    __slots__ = (
        "client",
        "deadline",
        "edns",
        "flags",
        "is_over",
        "keeps",
        "kind",
        "name",
        "only",
        "refusals",
        "section",
        "sent",
        "server",
        "told",
        "tries",
        "turn",
        "why",
    )

    def __init__(
        self,
        client: "DnsClient",
        name: str,
        kind: str,
        section: bytes,
        told: "Callable[[_Question, Said, _Server | None], None]",
    ) -> None:
        self.client = client
        self.name, self.kind, self.section = name, kind, section
        self.told = told
        self.flags = RD | AD
        self.keeps = False
        self.only: _Server | None = None
        self.deadline = math.inf
        self.tries = self.refusals = self.turn = 0
        self.sent: list[tuple[_Port, int]] = []
        self.server: _Server | None = None
        self.why = "timeout"
        self.is_over = False
        self.edns = True

    def ring(self, now: float) -> None:
        self.client.rung(self, now)


class _Waiter:
    """A task that waits for its own answers."""

    __slots__ = ("is_over", "woken")

    def __init__(self) -> None:
        self.is_over = False
        self.woken = trio.Event()

    def over(self) -> None:
        self.is_over = True
        self.woken.set()


def section_of(name: str, kind: str) -> bytes | None:
    """Give the question section for a name; ``None`` for what the DNS cannot hold."""
    wire = wire_of(name)
    return None if wire is None else question_of(wire, kind_of(kind))


class DnsClient:
    """Asks the servers it was given, by literal address."""

    def __init__(
        self,
        servers: Iterable[tuple[str, int]],
        *,
        per_second: float = PER_SECOND,
        lifetime_s: float = LIFETIME_S,
    ) -> None:
        """``per_second`` is of each server, repeats included."""
        self._servers = [_Server(ip, port, per_second) for ip, port in servers]
        if not self._servers:
            raise ValueError("no server to ask")
        self._lifetime_s = lifetime_s
        self._queue: deque[_Question] = deque()
        self._timers: list[tuple[float, int, _Question | _Stream]] = []
        self._turns = 0
        self._waiters: dict[_Waiter, None] = {}
        self._driver: _Waiter | None = None
        self._sleep: trio.CancelScope | None = None
        self._epoll: select.epoll | None = None
        self._by_fd: dict[int, _Port] = {}
        self._room = bytearray(65_535)
        self._drawn = array("H")
        self._tcp = trio.CapacityLimiter(_TCP_AT_ONCE)
        self.asked = 0
        """Questions taken in."""

    @property
    def servers(self) -> int:
        """How many there are."""
        return len(self._servers)

    def other_than(self, server: int) -> int:
        """Give the number of the next server that may be believed; the same where it is alone."""
        count = len(self._servers)
        turns = ((server + step) % count for step in range(1, count + 1))
        return next((one for one in turns if not self._servers[one].is_lying), server)

    def health(self) -> tuple[Health, ...]:
        """Tell how each server did, in the order in which they were given."""
        now = trio.current_time()
        return tuple(
            Health(
                server=f"[{one.ip}]:{one.port}" if ":" in one.ip else f"{one.ip}:{one.port}",
                asked=one.asked,
                answered=one.answered,
                lost=one.lost,
                failed=one.failed,
                strays=one.strays,
                is_silent=one.is_silent(now),
                is_lying=one.is_lying,
            )
            for one in self._servers
        )

    async def ask(self, name: str, kind: str) -> Said:
        """Ask one question."""
        said, _ = await self.ask_whom(name, kind)
        return said

    async def ask_whom(
        self,
        name: str,
        kind: str,
        *,
        server: int | None = None,
        unchecked: bool = False,
        signed: bool = False,
    ) -> tuple[Said, int]:
        """Ask one question; tells too which server answered last, by its number.

        ``server`` asks that one alone; ``unchecked`` asks a resolver that validates for what it
        would withhold; ``signed`` for the signatures too, and keeps the whole answer.
        """
        if (section := section_of(name, kind)) is None:
            await trio.lowlevel.checkpoint()
            return Said(why="bad-name"), server or 0
        waiter, found = _Waiter(), list[tuple[Said, _Server | None]]()

        def told(_: _Question, said: Said, cut_by: _Server | None) -> None:
            found.append((said, cut_by))
            waiter.over()

        question = _Question(self, name, kind, section, told)
        question.flags = RD | CD if unchecked or signed else RD | AD
        question.keeps = signed
        question.only = None if server is None else self._servers[server]
        try:
            self.take(question)
            if waiter.is_over:
                await trio.lowlevel.checkpoint()
            await self._wait(waiter)
        finally:
            self.forget(question)
        said, cut_by = found[0]
        if cut_by is not None:
            said = await self.over_tcp(question, cut_by)
        last = question.sent[-1][0].server if question.sent else self._servers[server or 0]
        return said, self._servers.index(last)

    async def ask_all(
        self,
        questions: Iterable[tuple[str, str]],
        told: Callable[[str, str, Said], None],
        *,
        at_once: int = 256,
        per_second: float = math.inf,
    ) -> None:
        """Ask any number of (name, kind), never more than ``at_once`` held at a time.

        ``told`` is called as answers come, in any order, and must not block.
        """
        async with trio.open_nursery() as nursery:
            stream = _Stream(self, nursery, iter(questions), told, at_once, per_second)
            try:
                stream.fill(trio.current_time())
                if stream.waiter.is_over:
                    await trio.lowlevel.checkpoint()
                await self._wait(stream.waiter)
            finally:
                stream.forget()

    async def find_liars(self) -> bool:
        """Ask each server about names that cannot exist (RFC 6761, 6.4); leave those that answer.

        Gives whether one is left that does not lie; where all do, they stay as they are.
        """
        impossible = f"vigie-{secrets.token_hex(6)}.invalid"
        liars: list[_Server] = []
        for index, one in enumerate(self._servers):
            for kind in ("A", "TXT"):
                said, _ = await self.ask_whom(impossible, kind, server=index)
                if not said.why and (said.records or said.chain):
                    liars.append(one)
                    break
        if len(liars) == len(self._servers):
            return False
        for one in liars:
            one.is_lying = True
        return True

    # Taking in, sending, giving up.

    def take(self, question: _Question) -> None:
        """Send a question, or put it in line."""
        now = trio.current_time()
        self.asked += 1
        question.deadline = now + self._lifetime_s
        if self._epoll is None:
            self._epoll = select.epoll()
        # In line behind those that wait already.
        if self._queue or not self._send(question, now):
            if self._is_dead(now):
                self._end(question, Said(why="timeout"))
                return
            self._queue.append(question)
            self.wake_by(self._room_at(now))

    def _is_dead(self, now: float) -> bool:
        """Whether no server that may be believed answers any more."""
        return all(one.is_silent(now) or one.is_lying for one in self._servers)

    def _choose(self, question: _Question, now: float) -> _Server | None:
        """Give the server to ask now; ``None``: none may be asked just yet."""
        if question.only is not None:
            return question.only if question.only.ready_at() <= now else None
        asked = {port.server for port, _ in question.sent}
        best: _Server | None = None
        rank = (3, 0.0)
        for one in self._servers:
            if one.is_lying or one.in_flight >= one.window or one.ready_at() > now:
                continue
            if (silent := one.is_silent(now)) and now < one.revived_at:
                continue
            mine = (2 if silent else int(one in asked), one.in_flight / one.window)
            if mine < rank:
                best, rank = one, mine
        return best

    def _send(self, question: _Question, now: float) -> bool:
        """Send a question if a server may be asked now; ``False``: it must wait."""
        server = self._choose(question, now)
        if server is None:
            return False
        port = self._port(server)
        number = self._random()
        while number in port.waiting:
            number = self._random()
        question.edns = server.edns
        query = query_of(
            number, question.flags, question.section, edns=server.edns, dnssec=question.keeps
        )
        server.take(now)
        if server.is_silent(now):
            server.revived_at = now + _REVIVED_EVERY_S
        question.tries += 1
        question.server = server
        question.sent.append((port, number))
        port.waiting[number] = question, now
        port.left -= 1
        wait_s = min(server.wait_s * 2 ** (question.tries - 1), 4.0)
        try:
            port.socket.send(query)
        except OSError as fault:
            # This machine has no room, or an ICMP came back for an earlier one: as if lost.
            if fault.errno not in _OURS:
                question.why = "refused" if fault.errno == errno.ECONNREFUSED else "timeout"
            wait_s = min(wait_s, _bounce_s(question))
        self.ring_at(question, min(now + wait_s, question.deadline))
        return True

    def _port(self, server: _Server) -> _Port:
        ports = server.ports
        if len(ports) < _PORTS and (not ports or server.in_flight >= 4 * len(ports)):
            return self._open(server)
        port = ports[self._random() % len(ports)]
        if port.left > 0:
            return port
        ports.remove(port)
        self._leave(port)
        return self._open(server)

    def _open(self, server: _Server) -> _Port:
        port = _Port(server)
        server.ports.append(port)
        assert self._epoll is not None
        self._epoll.register(port.socket.fileno(), select.EPOLLIN)
        self._by_fd[port.socket.fileno()] = port
        return port

    def _leave(self, port: _Port) -> None:
        """Close a port that is no longer used, once the last answer for it is there."""
        if port not in port.server.ports and not port.waiting and port.socket.fileno() >= 0:
            assert self._epoll is not None
            self._by_fd.pop(port.socket.fileno())
            self._epoll.unregister(port.socket.fileno())
            port.socket.close()

    def ring_at(self, due: "_Question | _Stream", when: float) -> None:
        """Call at a time, in the place of the time that was set before."""
        self._turns += 1
        due.turn = self._turns
        heapq.heappush(self._timers, (when, self._turns, due))
        self.wake_by(when)

    def rung(self, question: _Question, now: float) -> None:
        """Take it that the last datagram was lost; ask again, or give up."""
        if (server := question.server) is not None:
            server.in_flight -= 1
            server.missed(now)
            question.server = None
        self._again(question, now)

    def _again(self, question: _Question, now: float) -> None:
        if question.is_over:
            return
        if now >= question.deadline or question.tries >= _TRIES or self._is_dead(now):
            self._end(question, Said(why=question.why))
        elif self._queue or not self._send(question, now):
            self._queue.appendleft(question)
            self.wake_by(self._room_at(now))

    def _end(self, question: _Question, said: Said, cut_by: _Server | None = None) -> None:
        if not question.is_over:
            self.forget(question)
            question.told(question, said, cut_by)

    def forget(self, question: _Question) -> None:
        """Wait no longer for an answer."""
        if question.is_over:
            return
        question.is_over = True
        question.turn = 0
        if question.server is not None:
            question.server.in_flight -= 1
            question.server = None
        for port, number in question.sent:
            port.waiting.pop(number, None)
            self._leave(port)

    def _random(self) -> int:
        """Give 16 bits that nobody can guess; drawn by the thousand, one at a time is slow."""
        if not self._drawn:
            self._drawn.frombytes(secrets.token_bytes(4_096))
        return self._drawn.pop()

    # The wheel.

    async def _wait(self, waiter: _Waiter) -> None:
        """Wait until the waiter is over; one of all who wait turns the wheel meanwhile."""
        self._waiters[waiter] = None
        try:
            while not waiter.is_over:
                if self._driver is None:
                    self._driver = waiter
                    try:
                        await self._turn(waiter)
                    finally:
                        self._driver = None
                else:
                    await waiter.woken.wait()
                    if not waiter.is_over:
                        waiter.woken = trio.Event()
        finally:
            del self._waiters[waiter]
            if self._driver is None and self._waiters:
                next(iter(self._waiters)).woken.set()
            if not self._waiters:
                self._rest()

    async def _turn(self, waiter: _Waiter) -> None:
        while not waiter.is_over:
            assert self._epoll is not None
            with trio.CancelScope(deadline=self._next_at()) as self._sleep:
                await trio.lowlevel.wait_readable(self._epoll.fileno())
            self._sleep = None
            self._receive()
            now = trio.current_time()
            self._ring(now)
            self._flush(now)

    def _next_at(self) -> float:
        when = self._timers[0][0] if self._timers else math.inf
        return min(when, self._room_at(trio.current_time())) if self._queue else when

    def _room_at(self, now: float) -> float:
        """Give the moment at which the first in line may be sent, were no answer to come before."""
        if self._queue and (only := self._queue[0].only) is not None:
            return only.ready_at()
        times = [
            max(one.ready_at(), one.revived_at if one.is_silent(now) else now)
            for one in self._servers
            if not one.is_lying and one.in_flight < one.window
        ]
        return min(times, default=math.inf)

    def wake_by(self, when: float) -> None:
        """Have who turns the wheel look up no later than this."""
        if self._sleep is not None and when < self._sleep.deadline:
            self._sleep.deadline = when

    def _ring(self, now: float) -> None:
        timers = self._timers
        while timers and timers[0][0] <= now:
            _, turn, due = heapq.heappop(timers)
            if turn == due.turn:
                due.turn = 0
                due.ring(now)

    def _flush(self, now: float) -> None:
        queue = self._queue
        while queue:
            question = queue[0]
            if question.is_over:
                queue.popleft()
            elif now >= question.deadline:
                queue.popleft()
                self._end(question, Said(why=question.why))
            elif self._send(question, now):
                queue.popleft()
            else:
                return

    def _receive(self) -> None:
        assert self._epoll is not None
        for descriptor, _ in self._epoll.poll(0):
            if (port := self._by_fd.get(descriptor)) is not None:
                self._drain(port)

    def _drain(self, port: _Port) -> None:
        now = trio.current_time()
        for _ in range(_RECEIVED):
            # Closed when the last question that left by it is answered.
            if port.socket.fileno() < 0:
                return
            try:
                size = port.socket.recv_into(self._room)
            except BlockingIOError:
                return
            except OSError as fault:
                self._bounced(port, fault, now)
                return
            self._hear(port, bytes(self._room[:size]), now)

    def _bounced(self, port: _Port, fault: OSError, now: float) -> None:
        """Nobody listens there (ICMP): which question it speaks of is not told."""
        for question, _ in list(port.waiting.values()):
            question.why = "refused" if fault.errno == errno.ECONNREFUSED else "timeout"
            self.ring_at(question, now + _bounce_s(question))

    def _hear(self, port: _Port, wire: bytes, now: float) -> None:
        server = port.server
        found = port.waiting.get(int.from_bytes(wire[:2], "big")) if len(wire) >= 12 else None
        if found is None:
            server.strays += 1
            return
        question, sent_at = found
        try:
            rcode = rcode_of(wire, question.section)
        except BadAnswer:
            server.strays += 1
            return
        server.heard(now, now - sent_at)
        if is_cut(wire):
            server.understood()
            self._end(question, Said(), server)
        elif rcode in {"NOERROR", "NXDOMAIN"}:
            server.understood()
            try:
                said = read_answer(wire, question.section, keeps=question.keeps)
            except BadAnswer:
                self._failed(question, port, int.from_bytes(wire[:2], "big"), "protocol-error", now)
            else:
                self._end(question, said)
        elif rcode in {"FORMERR", "NOTIMP"} and question.edns:
            # It knows nothing of EDNS (RFC 6891, 7).
            server.edns = False
            self._failed(question, port, int.from_bytes(wire[:2], "big"), "", now)
        else:
            server.refused(now)
            number = int.from_bytes(wire[:2], "big")
            self._failed(question, port, number, f"resolver-failure: {rcode}", now)

    def _failed(self, question: _Question, port: _Port, number: int, why: str, now: float) -> None:
        """Ask again after an answer that is of no use: another server at once, the same later."""
        port.waiting.pop(number, None)
        question.why = why or question.why
        if question.server is not None:
            question.server.in_flight -= 1
            question.server = None
        question.refusals += bool(why)
        question.turn = 0
        others = question.only is None and any(
            not one.is_lying and one is not port.server for one in self._servers
        )
        if question.refusals >= max(_REFUSED_TRIES, len(self._servers)):
            self._end(question, Said(why=question.why))
        elif not why or others:
            self._again(question, now)
        else:
            self.ring_at(question, now + _REFUSED_WAIT_S)

    def _rest(self) -> None:
        """Close everything: nobody waits."""
        self._queue.clear()
        self._timers.clear()
        for server in self._servers:
            for port in server.ports:
                port.socket.close()
            server.ports.clear()
        for port in self._by_fd.values():
            port.socket.close()
        self._by_fd.clear()
        if self._epoll is not None:
            self._epoll.close()
            self._epoll = None

    async def over_tcp(self, question: _Question, server: _Server) -> Said:
        """Ask again over TCP what did not fit (RFC 7766); not a byte more than it says is read."""
        number = secrets.randbits(16)
        query = query_of(
            number, question.flags, question.section, edns=server.edns, dnssec=question.keeps
        )
        async with self._tcp:
            server.asked += 1
            with trio.move_on_after(self._lifetime_s):
                try:
                    stream = await trio.open_tcp_stream(server.ip, server.port)
                    async with stream:
                        await stream.send_all(len(query).to_bytes(2, "big") + query)
                        size = int.from_bytes(await _exactly(stream, 2), "big")
                        wire = await _exactly(stream, size)
                except (OSError, trio.BrokenResourceError):
                    return Said(why="resolver-failure: TCP")
                try:
                    rcode = rcode_of(wire, question.section)
                    if wire[:2] != number.to_bytes(2, "big") or is_cut(wire):
                        return Said(why="protocol-error")
                    if rcode not in {"NOERROR", "NXDOMAIN"}:
                        return Said(why=f"resolver-failure: {rcode}")
                    server.answered += 1
                    return read_answer(wire, question.section, keeps=question.keeps)
                except BadAnswer:
                    return Said(why="protocol-error")
        return Said(why="timeout")


def _bounce_s(question: _Question) -> float:
    return min(0.4, 0.05 * 2.0**question.tries)


async def _exactly(stream: trio.SocketStream, size: int) -> bytes:
    told = bytearray()
    while len(told) < size:
        if not (more := await stream.receive_some(size - len(told))):
            raise trio.BrokenResourceError("ended too soon")
        told += more
    return bytes(told)


class _Stream:
    """The questions of one :meth:`DnsClient.ask_all`."""

    def __init__(
        self,
        client: DnsClient,
        nursery: trio.Nursery,
        questions: Iterator[tuple[str, str]],
        told: Callable[[str, str, Said], None],
        at_once: int,
        per_second: float,
    ) -> None:
        self.waiter = _Waiter()
        self.turn = 0
        self._client = client
        self._nursery = nursery
        self._questions = questions
        self._has_more = True
        self._told = told
        self._at_once = at_once
        self._interval_s = 1 / per_second
        self._due = -math.inf
        self._held: dict[_Question, None] = {}
        self._open = 0
        self._is_filling = False

    def ring(self, now: float) -> None:
        """Go on where the rate had it wait."""
        self.fill(now)

    def fill(self, now: float) -> None:
        """Ask as many more as may be held."""
        if self._is_filling:
            return
        self._is_filling = True
        while self._has_more and self._open < self._at_once:
            if self._due > now:
                self._client.ring_at(self, self._due)
                break
            try:
                name, kind = next(self._questions)
            except StopIteration:
                self._has_more = False
                break
            self._due = max(self._due, now - 0.02) + self._interval_s
            if (section := section_of(name, kind)) is None:
                self._told(name, kind, Said(why="bad-name"))
                continue
            self._open += 1
            question = _Question(self._client, name, kind, section, self._answered)
            self._held[question] = None
            self._client.take(question)
        self._is_filling = False
        if not self._has_more and not self._open:
            self.waiter.over()
            # The last answer may have come over TCP, while nothing else was waited for.
            self._client.wake_by(now)

    def forget(self) -> None:
        """Leave what is still in flight."""
        self.turn = 0
        for question in list(self._held):
            self._client.forget(question)

    def _answered(self, question: _Question, said: Said, cut_by: _Server | None) -> None:
        del self._held[question]
        if cut_by is not None:
            self._nursery.start_soon(self._whole, question, cut_by)
            return
        self._end(question, said)

    async def _whole(self, question: _Question, server: _Server) -> None:
        self._end(question, await self._client.over_tcp(question, server))

    def _end(self, question: _Question, said: Said) -> None:
        self._open -= 1
        self._told(question.name, question.kind, said)
        self.fill(trio.current_time())
