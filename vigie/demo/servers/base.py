"""What fake services share: a guarded connection, a room to stand in, a ledger of trespasses."""

import json
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trio

_READ_LIMIT_BYTES = 262_144
"""What one client may send in all: no scanner has that much to say."""
_LEDGER_LIMIT = 2_000
_PATIENCE_S = 120.0
"""How long one client is borne; the tarpit needs the most."""
_SEATS = 64
"""Clients at once on one port."""


class Gone(Exception):
    """The client left, or said something that is not of the protocol: the connection ends here."""


@dataclass(kw_only=True, slots=True)
class Ledger:
    """What no well-behaved scanner does, written down as it happens."""

    path: Path
    entries: list[dict[str, str | int]] = field(default_factory=list[dict[str, str | int]])

    def record(self, what: str, ip: str, port: int, detail: str = "") -> None:
        """Add one trespass and write the file again, so that even a killed region leaves it."""
        if len(self.entries) >= _LEDGER_LIMIT:
            return
        self.entries.append(
            {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "what": what,
                "ip": ip,
                "port": port,
                "detail": detail[:200],
            }
        )
        self.write()

    def write(self) -> None:
        """Write the whole file anew; a reader never sees half of it."""
        text = json.dumps({"violations": self.entries}, ensure_ascii=False, indent=1)
        partial = self.path.with_suffix(".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.path)


@dataclass(kw_only=True, slots=True)
class Room:
    """One listening port: where it is, who it says it is."""

    ip: str
    port: int
    hostname: str
    ledger: Ledger
    tls: ssl.SSLContext | None = None
    tls_first: bool = False
    """TLS from the first byte; else the service starts it in its own time."""
    company: list[trio.SocketStream] | None = None
    """Connections to a fragile device, all its ports together: a second one is a trespass."""
    lure: str = ""
    """Address outside the scope, towards which some pages point."""

    def trespass(self, what: str, detail: str = "") -> None:
        """Record what a well-behaved scanner would not have done here."""
        self.ledger.record(what, self.ip, self.port, detail)


class Guest:
    """One connection, plain or inside TLS. Every method raises :class:`Gone` when it is over."""

    def __init__(self, stream: trio.SocketStream, room: Room) -> None:
        self.room = room
        self.stream = stream
        self._ahead = bytearray()
        self._left_bytes = _READ_LIMIT_BYTES
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    async def start_tls(self) -> None:
        """Shake hands. An alert is always sent before the end: clients must see why."""
        if self.room.tls is None:
            raise Gone("no certificate here")
        self._incoming.write(bytes(self._ahead))
        self._ahead.clear()
        self._tls = self.room.tls.wrap_bio(self._incoming, self._outgoing, server_side=True)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            except ssl.SSLError as error:
                await self._flush()
                raise Gone(str(error)) from error
            else:
                await self._flush()
                return

    @property
    def inside_tls(self) -> bool:
        """Whether a handshake was completed."""
        return self._tls is not None

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        if self._tls is None:
            await self._send_raw(data)
            return
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise Gone(str(error)) from error
        await self._flush()

    async def receive(self) -> bytes:
        """Give what comes next; ``b""`` at the end."""
        if self._ahead:
            taken = bytes(self._ahead)
            self._ahead.clear()
            return taken
        return await self._more()

    async def exactly(self, size_bytes: int) -> bytes:
        """Give that many bytes."""
        while len(self._ahead) < size_bytes:
            await self._keep()
        taken = bytes(self._ahead[:size_bytes])
        del self._ahead[:size_bytes]
        return taken

    async def until(self, mark: bytes, *, max_bytes: int = 16_384) -> bytes:
        """Give everything up to and with ``mark``."""
        while (at := self._ahead.find(mark)) < 0:
            if len(self._ahead) > max_bytes:
                raise Gone("no end of message")
            await self._keep()
        taken = bytes(self._ahead[: at + len(mark)])
        del self._ahead[: at + len(mark)]
        return taken

    async def line(self) -> str:
        """Give one line of text, without its end."""
        return (await self.until(b"\n", max_bytes=4_096)).strip(b"\r\n").decode("latin-1")

    async def drain(self) -> None:
        """Read and forget until the client leaves."""
        while await self.receive():
            pass

    async def farewell(self) -> None:
        """End politely: TLS first, then the connection, and wait a moment for the other side."""
        if self._tls is not None:
            with suppress(ssl.SSLError):
                self._tls.unwrap()
            await self._flush()
        with trio.move_on_after(0.5):
            await self.leave()

    async def leave(self) -> None:
        """Say that nothing more will come, and read until the client has left too."""
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.stream.send_eof()
        while await self._receive_raw():
            pass

    async def _keep(self) -> None:
        data = await self._more()
        if not data:
            raise Gone("left in the middle")
        self._ahead += data

    async def _more(self) -> bytes:
        if self._tls is None:
            return await self._receive_raw()
        while True:
            try:
                return self._tls.read(65_536)
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._feed():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                await self._flush()
                raise Gone(str(error)) from error

    async def _feed(self) -> bool:
        assert self._tls is not None
        data = await self._receive_raw()
        if data:
            self._incoming.write(data)
            return True
        if self._tls.version() is None:
            raise Gone("left during the handshake")
        return False

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._send_raw(self._outgoing.read())

    async def _receive_raw(self) -> bytes:
        if self._left_bytes <= 0:
            raise Gone("too much")
        try:
            data = bytes(await self.stream.receive_some(65_536))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise Gone("cut") from error
        self._left_bytes -= len(data)
        return data

    async def _send_raw(self, data: bytes) -> None:
        try:
            await self.stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise Gone("cut") from error


Handler = Callable[[Guest], Awaitable[None]]
"""Serves one connection; returning closes it."""


async def attend(listener: trio.SocketListener, room: Room, serve: Handler) -> None:
    """Accept for ever, each client in its own task and for a bounded time."""
    connected: list[trio.SocketStream] = []

    async def host(stream: trio.SocketStream) -> None:
        connected.append(stream)
        company = room.company
        try:
            with trio.move_on_after(_PATIENCE_S):
                if company is not None:
                    company.append(stream)
                    await _notice_company(room, company, stream)
                await _host(Guest(stream, room), serve)
        finally:
            connected.remove(stream)
            if company is not None:
                company.remove(stream)
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as guests:
        while True:
            try:
                stream = await listener.accept()
            except OSError:
                # Out of descriptors for a moment: those who are here will leave.
                await trio.sleep(0.05)
                continue
            if len(connected) >= _SEATS:
                await trio.aclose_forcefully(stream)
            else:
                guests.start_soon(host, stream)


async def _host(guest: Guest, serve: Handler) -> None:
    try:
        if guest.room.tls_first:
            await guest.start_tls()
        await serve(guest)
        await guest.farewell()
    except Gone:
        # Unread bytes turn a close into a reset, which would take our last words (an alert) back.
        with trio.move_on_after(0.5), suppress(Gone):
            await guest.leave()


async def _notice_company(
    room: Room, connected: list[trio.SocketStream], stream: trio.SocketStream
) -> None:
    # A client that closes and dials again at once is alone, though its first socket is still ours.
    others = [other for other in connected if other is not stream]
    if others:
        await trio.sleep(0.1)
        if _still_open(stream) and any(_still_open(other) for other in others):
            room.trespass("two connections at once")


def _still_open(stream: trio.SocketStream) -> bool:
    descriptor = stream.socket.fileno()
    if descriptor < 0:
        return False
    with socket.socket(fileno=os.dup(descriptor)) as peek:
        try:
            return bool(peek.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
