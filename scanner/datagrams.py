"""Questions over UDP as probes put them: few, small, counted, and silence is never an answer."""

import errno
import ipaddress
import math
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import trio

from core.errors import Unanswered
from core.model import Status
from scanner.stream import HEARD_BYTES, status_of

QUESTION_BYTES = 1_200
"""The longest question: under any path's MTU, and nothing that would make an amplifier of us."""
ANSWERS_BYTES = 262_144
"""What one exchange may bring in all: some 180 full packets, the longest DTLS flight and more."""
TRIES = 2
"""Datagrams for one question: the second because the first may have been lost."""
PATIENCE_S = 1.5
"""Wait for an answer to each of them: links stay under 300 ms, small devices are slow."""
STOPPED = "stopped"
"""Detail of what an exchange ends with when sending was stopped under it."""
_FOLLOWS_S = 0.4
"""Wait for what follows a first answer, from one datagram to the next."""
_ANSWERS_S = 6.0
"""Wait for all that answers one question: a drip does not hold us."""
_DATAGRAMS_READ = 512
"""Read in one exchange, strangers' included: a flood ends it, its bytes left to the kernel."""
_IP_RECVERR, _IPV6_RECVERR = 11, 25
"""<linux/in.h>, <linux/in6.h>: ICMP errors of every kind reach the socket, connected or not."""


class Datagrams:
    """One socket towards one UDP port, opened by the gate. Use as an async context manager.

    Answers count when they come from the target's address and from the port that was asked; with
    ``any_port`` from any port of that address (TFTP answers from a new one, RFC 1350 §4). All else
    is dropped without a word. Every method raises :class:`core.errors.Unanswered` for what the
    target did, :class:`core.errors.OutOfScope` when nothing may be sent any more (let it pass).
    """

    def __init__(
        self,
        opened: socket.socket,
        *,
        ip: str,
        port: int,
        turn: Callable[[], Awaitable[None]],
        may_tell: Callable[[int], bool] = lambda _port: True,
        any_port: bool = False,
        patience_s: float = PATIENCE_S,
        until: float = math.inf,
    ) -> None:
        """Take over a non-blocking UDP socket, connected unless ``any_port``.

        ``turn`` waits for the right to send one datagram and counts it; ``may_tell`` says whether
        one may be sent to that port; ``until`` is trio's time at which the permit ends.
        """
        self._socket = opened
        self._ip = ip
        self._port = port
        self._turn = turn
        self._may_tell = may_tell
        self._any_port = any_port
        self._patience_s = patience_s
        self._until = until
        self._ended: Unanswered | None = None
        self._left_bytes = ANSWERS_BYTES
        self._left_datagrams = _DATAGRAMS_READ
        self.answered_from = port
        """The port of the last answer; another than the one asked only with ``any_port``."""
        self.heard = bytearray()
        """The first 4,096 bytes of answers, for proofs."""
        self.sent = 0
        """Datagrams sent."""
        self.received = 0
        """Answers that counted, empty ones too."""
        self.on_close: list[Callable[[], None]] = []
        """Called once, in order, when the socket is closed, whoever closes it."""
        family = opened.family
        level, option = (
            (socket.IPPROTO_IP, _IP_RECVERR)
            if family == socket.AF_INET
            else (socket.IPPROTO_IPV6, _IPV6_RECVERR)
        )
        with suppress(OSError):
            opened.setsockopt(level, option, 1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def ask(
        self,
        datagram: bytes,
        *,
        answers: int = 1,
        patience_s: float | None = None,
        is_whole: Callable[[Sequence[bytes]], bool] | None = None,
        tries: int = TRIES,
    ) -> tuple[bytes, ...]:
        """Send one question, a second time after silence, and give what came back: at least one.

        ``tries=1`` never repeats it, for what is not to be asked twice.

        ``answers`` bounds how many datagrams are waited for; after the first, each next one is
        waited for shortly. ``is_whole`` may end that earlier. An answer may be a late one to an
        earlier question of the same socket, or come twice: tell them apart by their identifiers.

        Raises ``Unanswered``: ``refused`` on an ICMP port unreachable, ``filtered`` on another
        ICMP error, ``undetermined`` on silence (it proves nothing), ``protocol-error`` on our own
        bytes sent back, ``gave-up`` past the byte limit.
        """
        if len(datagram) > QUESTION_BYTES:
            raise ValueError(f"a question of {len(datagram)} bytes")
        self._drop_stale()
        for _ in range(tries):
            await self._send(datagram, self._port)
            patience = self._patience_s if patience_s is None else patience_s
            if got := await self._collect(answers, patience, is_whole):
                if datagram in got:
                    raise Unanswered(Status.PROTOCOL_ERROR, "our own bytes sent back")
                return got
        raise Unanswered(Status.UNDETERMINED)

    async def tell(self, datagram: bytes) -> None:
        """Send one datagram once and wait for nothing: a farewell that frees the other side.

        It goes to where the last answer came from (a TFTP transfer), unless nothing may be sent
        to that port; then it is left unsaid.
        """
        if len(datagram) > QUESTION_BYTES:
            raise ValueError(f"a farewell of {len(datagram)} bytes")
        if self._may_tell(self.answered_from):
            with suppress(Unanswered):
                await self._send(datagram, self.answered_from)

    def close(self) -> None:
        """Close; nothing more is sent or read."""
        self._socket.close()
        waiting, self.on_close = self.on_close, []
        for closed in waiting:
            closed()

    def abort(self, status: Status, detail: str) -> None:
        """Close at once; whoever asks or waits, now or later, gets this status."""
        if self._ended is None:
            self._ended = Unanswered(status, detail)
        if self._socket.fileno() >= 0:
            trio.lowlevel.notify_closing(self._socket)
        self.close()

    async def _send(self, datagram: bytes, port: int) -> None:
        self._check()
        await self._turn()
        # Waiting for a turn may have lasted longer than the permit.
        self._check()
        for last in (False, True):
            try:
                if self._any_port:
                    self._socket.sendto(datagram, (self._ip, port))
                else:
                    self._socket.send(datagram)
            except OSError as error:
                # A pending ICMP error of the datagram before is told here: it cost no packet.
                if last or error.errno != errno.ECONNREFUSED:
                    raise self._told(error) from error
            else:
                self.sent += 1
                return

    async def _collect(
        self,
        answers: int,
        patience_s: float,
        is_whole: Callable[[Sequence[bytes]], bool] | None,
    ) -> tuple[bytes, ...]:
        got: list[bytes] = []
        started = trio.current_time()
        deadline = started + patience_s
        while len(got) < answers:
            answer = await self._next(min(deadline, self._until))
            if answer is None:
                break
            got.append(answer)
            if is_whole is not None and is_whole(got):
                break
            deadline = min(trio.current_time() + _FOLLOWS_S, started + patience_s + _ANSWERS_S)
        return tuple(got)

    async def _next(self, deadline: float) -> bytes | None:
        """Give the next answer of the target; ``None`` when none came in time."""
        with trio.move_on_at(deadline):
            while True:
                self._check()
                try:
                    data, sender = self._socket.recvfrom(65_536)
                except BlockingIOError:
                    try:
                        await trio.lowlevel.wait_readable(self._socket)
                    except trio.ClosedResourceError:
                        raise self._ended or Unanswered(Status.UNDETERMINED) from None
                    continue
                except OSError as error:
                    raise self._told(error) from error
                if self._take(data, sender):
                    return data
        self._check()
        return None

    def _take(self, data: bytes, sender: tuple[str | int, ...]) -> bool:
        self._left_datagrams -= 1
        self._left_bytes -= len(data)
        if self._left_datagrams < 0 or self._left_bytes < 0:
            raise Unanswered(Status.GAVE_UP, "flood of answers")
        if not _is(str(sender[0]), self._ip):
            return False
        if not self._any_port and sender[1] != self._port:
            return False
        self.answered_from = int(sender[1])
        self.received += 1
        if len(self.heard) < HEARD_BYTES:
            self.heard += data[: HEARD_BYTES - len(self.heard)]
        return True

    def _drop_stale(self) -> None:
        """Read away what came after we stopped waiting for it."""
        self._check()
        with suppress(OSError):
            for _ in range(64):
                data, _ = self._socket.recvfrom(65_536)
                self._left_bytes -= len(data)
        self._drop_errors()

    def _drop_errors(self) -> None:
        # While one is queued the socket always looks readable: whoever waits would spin.
        with suppress(OSError):
            for _ in range(64):
                self._socket.recvmsg(0, 0, socket.MSG_ERRQUEUE)

    def _check(self) -> None:
        if self._ended is not None:
            raise self._ended
        if trio.current_time() >= self._until:
            self.abort(Status.OUT_OF_WINDOW, "the window closed")
            raise Unanswered(Status.OUT_OF_WINDOW, "the window closed")

    def _told(self, error: OSError) -> Unanswered:
        """Say what an ICMP error, or a socket closed under us, means."""
        if self._ended is not None:
            return self._ended
        self._drop_errors()
        number = error.errno or 0
        return Unanswered(status_of(number), errno.errorcode.get(number, str(number)))


def _is(sender: str, ip: str) -> bool:
    try:
        # A link-local sender carries its zone.
        return ipaddress.ip_address(sender.partition("%")[0]) == ipaddress.ip_address(ip)
    except ValueError:
        return False
