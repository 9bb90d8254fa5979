"""A connection as probes see it: every read has a deadline and a byte limit, every failure a status."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self

import trio

from core.errors import Unanswered
from core.model import Status

READ_LIMIT_BYTES = 1_048_576
"""What one connection may bring in all. A greeting is a few hundred bytes, a portal page some 100 kB."""


class _Bytes(Protocol):
    """What trio's socket and TLS streams have in common here."""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None: ...
    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray: ...
    async def aclose(self) -> None: ...


class Stream:
    """One connection to one target, opened by the gate. Use as an async context manager.

    Every method raises :class:`core.errors.Unanswered` for what the target did, nothing else.
    """

    def __init__(
        self, transport: _Bytes, *, timeout_s: float, limit_bytes: int = READ_LIMIT_BYTES
    ) -> None:
        self._transport = transport
        self._ahead = bytearray()
        self.timeout_s = timeout_s
        """Of each single read or write."""
        self._left_bytes = limit_bytes
        self.heard = bytearray()
        """The first 4,096 bytes received, for proofs and for recognising."""
        self.sent_bytes = 0
        self.on_close: list[trio.Event] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close without waiting for the other side's farewell."""
        await trio.aclose_forcefully(self._transport)  # type: ignore[arg-type]
        for closed in self.on_close:
            closed.set()

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        with _told_as_status(), _deadline(self.timeout_s):
            await self._transport.send_all(data)
        self.sent_bytes += len(data)

    async def receive(self, max_bytes: int = 65_536, *, timeout_s: float | None = None) -> bytes:
        """Give what comes next, at most ``max_bytes``; ``b""`` at the end of the stream."""
        if self._ahead:
            taken = bytes(self._ahead[:max_bytes])
            del self._ahead[:max_bytes]
            return taken
        return await self._more(max_bytes, timeout_s)

    async def receive_exactly(self, size_bytes: int, *, timeout_s: float | None = None) -> bytes:
        """Give that many bytes; a stream that ends before is ``reset``."""
        with _deadline(timeout_s or self.timeout_s):
            while len(self._ahead) < size_bytes:
                self._keep(await self._more(65_536, timeout_s))
        taken = bytes(self._ahead[:size_bytes])
        del self._ahead[:size_bytes]
        return taken

    async def receive_until(
        self, mark: bytes, *, max_bytes: int = 8_192, timeout_s: float | None = None
    ) -> bytes:
        """Give everything up to and with ``mark``; more than ``max_bytes`` without it is ``gave-up``."""
        with _deadline(timeout_s or self.timeout_s):
            while (at := self._ahead.find(mark)) < 0:
                if len(self._ahead) >= max_bytes:
                    raise Unanswered(Status.GAVE_UP, f"no end of message in {max_bytes} bytes")
                self._keep(await self._more(65_536, timeout_s))
        taken = bytes(self._ahead[: at + len(mark)])
        del self._ahead[: at + len(mark)]
        return taken

    async def listen(self, wait_s: float, *, max_bytes: int = 4_096) -> bytes:
        """Give what the service says by itself within ``wait_s``; ``b""`` when it says nothing.

        What was heard can be read again: the next read starts with it. A service that closes
        while we listen raises ``reset``.
        """
        got = b""
        with trio.move_on_after(wait_s):
            got = await self._more(max_bytes, wait_s + 1)
            if not got:
                raise Unanswered(Status.RESET, "closed without a word")
        self._ahead[:0] = got
        return got

    async def start_tls(
        self, context: ssl.SSLContext, *, server_name: str | None = None
    ) -> "ssl.SSLObject":
        """Turn the connection into TLS; ``ssl.SSLError`` passes through for the TLS probe to read."""
        if self._ahead:
            raise Unanswered(Status.PROTOCOL_ERROR, "bytes before TLS")
        transport = trio.SSLStream(
            self._transport,  # type: ignore[arg-type]
            context,
            server_hostname=server_name,
            https_compatible=True,
        )
        with _told_as_status(), _deadline(self.timeout_s):
            await transport.do_handshake()
        self._transport = transport
        return transport._ssl_object  # type: ignore[attr-defined,no-any-return]

    def _keep(self, data: bytes) -> None:
        if not data:
            raise Unanswered(Status.RESET, "closed in the middle of an answer")
        self._ahead += data

    async def _more(self, max_bytes: int, timeout_s: float | None) -> bytes:
        if self._left_bytes <= 0:
            raise Unanswered(Status.GAVE_UP, "byte limit of the connection reached")
        with _told_as_status(), _deadline(timeout_s or self.timeout_s):
            data = bytes(await self._transport.receive_some(min(max_bytes, self._left_bytes)))
        self._left_bytes -= len(data)
        if len(self.heard) < 4_096:
            self.heard += data[: 4_096 - len(self.heard)]
        return data


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    try:
        with trio.fail_after(seconds):
            yield
    except trio.TooSlowError:
        raise Unanswered(Status.TIMEOUT) from None


@contextmanager
def _told_as_status() -> Iterator[None]:
    """Turn what sockets raise into what the target did."""
    try:
        yield
    except trio.BrokenResourceError as error:
        if isinstance(error.__cause__, ssl.SSLError):
            raise error.__cause__ from None
        raise Unanswered(Status.RESET) from error
    except trio.ClosedResourceError as error:
        raise Unanswered(Status.RESET, "closed") from error
    except ConnectionResetError as error:
        raise Unanswered(Status.RESET) from error
