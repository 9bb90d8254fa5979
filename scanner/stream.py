"""A connection as probes see it: every read has a deadline and a limit, every failure a status."""

import errno
import math
import os
import socket
import ssl
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

import trio

from core.errors import Unanswered
from core.model import Status

READ_LIMIT_BYTES = 1_048_576
"""What one connection may bring in all: a greeting is some 100 bytes, a portal page some 100 kB."""

HANDSHAKE_BYTES = 262_144
"""The longest TLS handshake that is read: real chains stay under 20 kB."""

HEARD_BYTES = 4_096
"""How much of the beginning is kept."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

_Transport = trio.SocketStream | trio.SSLStream["_Recorded"] | trio.abc.Stream


class _Recorded(trio.abc.Stream):
    """The connection under TLS, with what came on it kept until the handshake is over."""

    def __init__(self, below: trio.abc.Stream, limit_bytes: int) -> None:
        self._below = below
        self._limit_bytes = limit_bytes
        self.record: bytearray | None = bytearray()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._below.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._below.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        data = bytes(await self._below.receive_some(max_bytes))
        if self.record is not None:
            if len(self.record) + len(data) > self._limit_bytes:
                raise Unanswered(Status.GAVE_UP, "endless handshake")
            self.record += data
        return data

    async def aclose(self) -> None:
        await self._below.aclose()


class Stream:
    """One connection to one target, opened by the gate. Use as an async context manager.

    Every method raises :class:`core.errors.Unanswered` for what the target did, nothing else.
    """

    def __init__(
        self,
        transport: trio.SocketStream,
        *,
        timeout_s: float,
        limit_bytes: int = READ_LIMIT_BYTES,
        until: float = math.inf,
    ) -> None:
        self._socket = transport.socket
        self._plain: trio.SocketStream | None = transport
        """The transport while nothing is wrapped around it."""
        self._transport: _Transport = transport
        self._ahead = bytearray()
        self.timeout_s = timeout_s
        """Of each single read or write."""
        self._left_bytes = limit_bytes
        self._until = until
        self._ended: Unanswered | None = None
        self.heard = bytearray()
        """The first 4,096 bytes received, for proofs and for recognising."""
        self.sent_bytes = 0
        self.on_close: list[Callable[[], None]] = []
        """Called once, in order, when the connection is closed, whoever closes it."""
        self.handshake = b""
        """What came on the wire during :meth:`start_tls`, whether it succeeded or not."""
        self.tls_alert = ""
        """What the other side complained of inside TLS, in OpenSSL's words."""
        self.is_untouched = True
        """True until the first read or write: the gate may take such a connection back."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def is_open(self) -> bool:
        """Whether it can still be used: neither side of the gate has closed it."""
        return self._ended is None and self._socket.fileno() >= 0

    async def aclose(self) -> None:
        """Close without waiting for the other side's farewell.

        A plain close (FIN): single-session devices free their session on it, where a reset would
        leave some of them busy.
        """
        try:
            await trio.aclose_forcefully(self._transport)
        finally:
            self._closed()

    def close(self) -> None:
        """Close as :meth:`aclose` does, at once: for who is done with a connection in clear."""
        self._socket.close()
        self._closed()

    def abort(self, status: Status, detail: str) -> None:
        """Cut at once, with a reset; whoever reads or writes now or later gets this status."""
        if self._ended is None:
            self._ended = Unanswered(status, detail)
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._socket.close()
        self._closed()

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        sent = 0 if self._plain is None else self._send_now(data)
        if sent < len(data):
            with self._bounded(self.timeout_s):
                await self._transport.send_all(data[sent:])
        self.sent_bytes += len(data)

    def _send_now(self, data: bytes) -> int:
        """Give how much the kernel took at once: nearly always all, without a turn of the loop."""
        self._begin()
        try:
            return os.write(self._socket.fileno(), data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise self._told(Unanswered(status_of_error(error))) from error

    async def receive(self, max_bytes: int = 65_536, *, timeout_s: float | None = None) -> bytes:
        """Give what comes next, at most ``max_bytes``; ``b""`` at the end of the stream.

        ``math.inf``: the caller has put one deadline on all of its reads.
        """
        if self._ahead:
            return self._take(max_bytes)
        return await self._more(max_bytes, timeout_s)

    async def receive_exactly(self, size_bytes: int, *, timeout_s: float | None = None) -> bytes:
        """Give that many bytes; a stream that ends before is ``reset``."""
        with self._bounded(timeout_s):
            while len(self._ahead) < size_bytes:
                self._keep(await self._more(65_536, timeout_s))
        return self._take(size_bytes)

    async def receive_until(
        self, mark: bytes, *, max_bytes: int = 8_192, timeout_s: float | None = None
    ) -> bytes:
        """Give all up to and with ``mark``; more than ``max_bytes`` without it is ``gave-up``."""
        with self._bounded(timeout_s):
            searched = 0
            while (at := self._ahead.find(mark, searched)) < 0:
                if len(self._ahead) >= max_bytes:
                    raise Unanswered(Status.GAVE_UP, f"no end of message in {max_bytes} bytes")
                searched = max(0, len(self._ahead) - len(mark) + 1)
                self._keep(await self._more(65_536, timeout_s))
        if at + len(mark) > max_bytes:
            raise Unanswered(Status.GAVE_UP, f"no end of message in {max_bytes} bytes")
        return self._take(at + len(mark))

    async def listen(self, wait_s: float, *, max_bytes: int = HEARD_BYTES) -> bytes:
        """Give what the service says by itself within ``wait_s``; ``b""`` when it says nothing.

        What was heard can be read again: the next read starts with it. A service that closes
        while we listen raises ``reset``.
        """
        got = b""
        with trio.move_on_after(wait_s):
            got = await self._more(max_bytes, wait_s + 1)
            if not got:
                raise Unanswered(Status.RESET, "closed without a word")
        self._ahead += got
        return got

    def wrap(self, layer: Callable[[trio.abc.Stream], trio.abc.Stream]) -> None:
        """Speak through a layer from now on, such as the packets that TDS puts around TLS.

        The layer raises :class:`core.errors.Unanswered` for what breaks its own rules.
        """
        if self._ahead:
            raise Unanswered(Status.PROTOCOL_ERROR, "bytes before the change of layer")
        self._transport, self._plain = layer(self._transport), None

    async def start_tls(
        self, context: ssl.SSLContext, *, server_name: str | None = None
    ) -> ssl.SSLObject:
        """Turn the connection into TLS; ``ssl.SSLError`` passes through for the probe to read.

        One deadline for the whole handshake; a handshake over 256 kB is ``gave-up``.
        """
        if self._ahead:
            raise Unanswered(Status.PROTOCOL_ERROR, "bytes before TLS")
        if isinstance(self._transport, trio.SSLStream):
            raise Unanswered(Status.PROTOCOL_ERROR, "TLS inside TLS")
        below = _Recorded(self._transport, min(HANDSHAKE_BYTES, self._left_bytes))
        self._plain = None
        transport = trio.SSLStream(
            below, context, server_hostname=server_name, https_compatible=True
        )
        try:
            with self._bounded(self.timeout_s, handshake=True):
                await transport.do_handshake()
        finally:
            self.handshake, below.record = bytes(below.record or b""), None
        self._transport = transport
        # trio hands out its methods one by one, by name; probes want the object with its types.
        return transport._ssl_object  # pyright: ignore[reportPrivateUsage]

    def _keep(self, data: bytes) -> None:
        if not data:
            raise Unanswered(Status.RESET, "closed in the middle of an answer")
        self._ahead += data

    def _take(self, size_bytes: int) -> bytes:
        taken = bytes(self._ahead[:size_bytes])
        del self._ahead[:size_bytes]
        return taken

    def _closed(self) -> None:
        waiting, self.on_close = self.on_close, []
        for closed in waiting:
            closed()

    async def _more(self, max_bytes: int, timeout_s: float | None) -> bytes:
        if self._left_bytes <= 0:
            raise Unanswered(Status.GAVE_UP, "byte limit of the connection reached")
        most = min(max_bytes, self._left_bytes)
        if timeout_s == self._until == math.inf and self._plain is not None:
            data = await self._receive_unbounded(most)
        else:
            with self._bounded(timeout_s):
                data = bytes(await self._transport.receive_some(most))
        self._left_bytes -= len(data)
        if len(self.heard) < HEARD_BYTES:
            self.heard += data[: HEARD_BYTES - len(self.heard)]
        return data

    async def _receive_unbounded(self, most: int) -> bytes:
        """Read for a caller that has put one deadline on several reads: a scope each costs more."""
        self._begin()
        try:
            while self._socket.fileno() >= 0:
                # Nothing has come yet, as a rule: to try before the wait would be one call more.
                await trio.lowlevel.wait_readable(self._socket)
                with suppress(BlockingIOError):
                    return os.read(self._socket.fileno(), most)
        except trio.ClosedResourceError as error:
            raise self._told(Unanswered(Status.RESET, "closed")) from error
        except OSError as error:
            raise self._told(Unanswered(status_of_error(error))) from error
        raise self._told(Unanswered(Status.RESET, "closed"))

    def _told(self, by_the_target: Unanswered) -> Unanswered:
        """Prefer our own reason: a socket we aborted looks as if the target had cut it."""
        return self._ended or by_the_target

    @contextmanager
    def _bounded(self, timeout_s: float | None, *, handshake: bool = False) -> Generator[None]:
        """Put a deadline on what follows, and turn what sockets raise into what the target did."""
        self._begin()
        closes_at = self._until
        seconds = self.timeout_s if timeout_s is None else timeout_s
        try:
            with trio.CancelScope(deadline=min(trio.current_time() + seconds, closes_at)) as late:
                yield
        except trio.BrokenResourceError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                if handshake:
                    raise error.__cause__ from None
                self.tls_alert = error.__cause__.reason or "TLS error"
                raise self._told(Unanswered(Status.RESET, f"TLS: {self.tls_alert}")) from error
            if isinstance(error.__cause__, OSError):
                raise self._told(Unanswered(status_of_error(error.__cause__))) from error
            raise self._told(Unanswered(Status.RESET)) from error
        except trio.ClosedResourceError as error:
            raise self._told(Unanswered(Status.RESET, "closed")) from error
        except OSError as error:
            if isinstance(error, ssl.SSLError):
                raise
            raise self._told(Unanswered(status_of_error(error))) from error
        if late.cancelled_caught:
            self._judge_window()
            raise Unanswered(Status.TIMEOUT)

    def _begin(self) -> None:
        """Note that it is used now; raise when it may not be any more."""
        self.is_untouched = False
        if self._ended is not None:
            raise self._ended
        if self._until < math.inf:
            self._judge_window()

    def _judge_window(self) -> None:
        if trio.current_time() >= self._until:
            self.abort(Status.OUT_OF_WINDOW, "the window closed")
            raise Unanswered(Status.OUT_OF_WINDOW, "the window closed")


_STATUSES = {
    errno.ECONNREFUSED: Status.REFUSED,
    errno.ETIMEDOUT: Status.TIMEOUT,
    errno.EHOSTUNREACH: Status.FILTERED,
    errno.ENETUNREACH: Status.FILTERED,
    errno.EHOSTDOWN: Status.FILTERED,
    errno.EACCES: Status.FILTERED,
    errno.EPERM: Status.FILTERED,
    errno.ENONET: Status.FILTERED,
    errno.ENOPROTOOPT: Status.FILTERED,
    errno.EPROTO: Status.FILTERED,
    errno.ECONNRESET: Status.RESET,
    errno.EPIPE: Status.RESET,
    errno.ECONNABORTED: Status.RESET,
}


def status_of(number: int) -> Status:
    """Give what an ``errno`` of a connection says of the target; ``undetermined`` when nothing."""
    return _STATUSES.get(number, Status.UNDETERMINED)


def status_of_error(error: OSError) -> Status:
    """Give what an error of a live connection says of the target: cut, unless it says better."""
    return _STATUSES.get(error.errno or 0, Status.RESET)
