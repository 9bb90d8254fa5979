"""Searches on the socket of a session: one thread asks, reads and frames, and asks for the next
page before anyone has parsed the last one. Everything is blocking and bounded.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

import msgspec

from ad_audit import ber
from core.errors import Unanswered
from core.model import Status

_READ_BYTES = 64 << 10
_COMPACT_BYTES = 4 << 20
_FIRST_NUMBER = 1_000
"""Of our messages: the session's own come before."""
_MOST_STALE = 10_000
_BUSY = frozenset({51, 52})
_MORE_TO_COME = frozenset({0, 3, 4, 11})
"""Success, and the limits of time, size and administration: a cookie may still follow."""
_WINDOW = 16


class Sock(Protocol):
    """What is needed of a connected socket."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv_into(self, buffer: bytearray | memoryview, /) -> int:
        """Read some of it; 0: the other side ended."""
        ...

    def settimeout(self, value: float | None, /) -> None:
        """Set how long one read or write may take."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a collection takes from a controller, and how long it waits for it."""

    page_size: int = 1_000
    """Active Directory gives no more ([MS-ADTS] 3.1.1.3.4.6, MaxPageSize)."""
    connections: int = 1
    """One or two."""
    silence_s: float = 60
    """Without one byte."""
    page_s: float = 240
    """For one page, however it drips."""
    busy_s: tuple[float, ...] = (1, 2, 4, 8, 15, 30)
    """Waits after « busy » and « unavailable », before giving up."""
    most_page_bytes: int = 256 << 20
    most_page_objects: int = 20_000
    most_pages: int = 50_000
    most_empty_pages: int = 64
    """One after the other: Active Directory gives some when filters match little."""
    most_objects: int = 5_000_000
    most_held: int = 5_000
    """Objects of a part that need further requests: long groups, privileged accounts."""
    reopenings: int = 6
    """Connections made again after a cut, in all."""


class Counters:
    """What went over the wire, for the whole collection."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes_in = 0
        self.bytes_out = 0


class Page(NamedTuple):
    """One page of an answer, framed and not parsed."""

    entries: list[tuple[bytes, ber.Envelope]]
    result: ber.Result
    size_bytes: int


Ask = Callable[[int, bytes], bytes]
"""Message number and cookie to a request."""


class Wire:
    """One connection. Of one thread at a time."""

    def __init__(self, sock: Sock, limits: Limits, counters: Counters) -> None:
        self._sock = sock
        self._limits = limits
        self._counters = counters
        self._buffer = bytearray()
        self._at = 0
        self._number = _FIRST_NUMBER
        self._room = bytearray(_READ_BYTES)
        self._stopped = threading.Event()
        sock.settimeout(limits.silence_s)

    def stop(self) -> None:
        """End waits between two tries; callable from any thread."""
        self._stopped.set()

    def pages(self, ask: Ask) -> Iterator[Page]:
        """Give the pages of one search; the next one is already asked for when one is given.

        The last one given carries the result that ended it. Raises
        :class:`core.errors.Unanswered` on what is no LDAP or has no end, ``OSError`` on a cut.
        """
        cookie = b""
        waits = deque(self._limits.busy_s)
        empty = 0
        number = self._send(ask, cookie)
        for _ in range(self._limits.most_pages):
            page = self._page(number)
            if page.result.code in _BUSY and waits:
                if self._stopped.wait(waits.popleft()):
                    raise Unanswered(Status.GAVE_UP, "stopped")
                if page.entries:
                    yield page
                number = self._send(ask, cookie)
                continue
            if page.result.code not in _MORE_TO_COME or not page.result.cookie:
                yield page
                return
            empty = 0 if page.entries else empty + 1
            if empty > self._limits.most_empty_pages:
                raise Unanswered(Status.GAVE_UP, "pages without objects")
            cookie = page.result.cookie
            waits = deque(self._limits.busy_s)
            number = self._send(ask, cookie)
            yield page
        self._give_up(number, "pages without end")

    def answers(self, requests: Iterable[tuple[int, Ask]]) -> Iterator[tuple[int, Page]]:
        """Give the answer of each request beside its own mark, a few of them under way at a time.

        For small answers: none is paged.
        """
        waiting: deque[tuple[int, int]] = deque()
        pending = iter(requests)
        # Answers come in the order of the requests: no controller reorders what one client asks,
        # and one that did would be taken for a liar, which loses nothing but that detail.
        while True:
            while len(waiting) < _WINDOW:
                following = next(pending, None)
                if following is None:
                    break
                waiting.append((following[0], self._send(following[1], b"")))
            if not waiting:
                return
            mark, number = waiting.popleft()
            yield mark, self._page(number, tuple(each for _, each in waiting))

    def _send(self, ask: Ask, cookie: bytes) -> int:
        self._number += 1
        request = ask(self._number, cookie)
        self._counters.requests += 1
        self._counters.bytes_out += len(request)
        self._sock.sendall(request)
        return self._number

    def _page(self, number: int, later: tuple[int, ...] = ()) -> Page:
        deadline = time.monotonic() + self._limits.page_s
        entries: list[tuple[bytes, ber.Envelope]] = []
        size = stale = 0
        while True:
            message = self._message(number, deadline)
            envelope = ber.open_message(message)
            size += len(message)
            if envelope.number == 0 and envelope.tag == ber.EXTENDED:
                notice = ber.read_result(message, envelope)
                raise ConnectionResetError(f"notice of disconnection, result {notice.code}")
            if envelope.number in later:
                raise Unanswered(Status.PROTOCOL_ERROR, "answers out of order")
            if envelope.number != number:
                stale += 1
                if stale > _MOST_STALE:
                    raise Unanswered(Status.PROTOCOL_ERROR, "answers to nothing")
                continue
            if envelope.tag == ber.DONE:
                return Page(entries, ber.read_result(message, envelope), size)
            if envelope.tag == ber.ENTRY:
                entries.append((message, envelope))
            elif envelope.tag != ber.REFERENCE:
                raise Unanswered(Status.PROTOCOL_ERROR, f"operation {envelope.tag:#x}")
            if len(entries) > self._limits.most_page_objects or (
                size > self._limits.most_page_bytes
            ):
                self._give_up(number, "a page without end")

    def _message(self, number: int, deadline: float) -> bytes:
        while True:
            size = ber.message_size(self._buffer, self._at)
            if size and len(self._buffer) - self._at >= size:
                message = bytes(self._buffer[self._at : self._at + size])
                self._at += size
                return message
            if time.monotonic() > deadline:
                self._give_up(number, "a page that drips")
            if self._at > _COMPACT_BYTES or self._at == len(self._buffer):
                del self._buffer[: self._at]
                self._at = 0
            read = self._sock.recv_into(self._room)
            if not read:
                raise ConnectionResetError("the controller ended the connection")
            self._buffer.extend(memoryview(self._room)[:read])
            self._counters.bytes_in += read

    def _give_up(self, number: int, why: str) -> None:
        """Tell the controller to stop, and leave; the connection is of no more use."""
        request = ber.abandon(self._number + 1, number)
        self._counters.requests += 1
        self._counters.bytes_out += len(request)
        self._sock.sendall(request)
        raise Unanswered(Status.GAVE_UP, why)
