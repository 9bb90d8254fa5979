"""Microsoft SQL Server: one PRELOGIN, before any account is named ([MS-TDS] 2.2.6.5).

TLS follows inside packets of the same kind ([MS-TDS] 3.2.5.2), where the server has it.
"""

import struct
from dataclasses import dataclass

import trio

from core.errors import Unanswered
from core.model import Status
from core.observations.base import Observation
from core.observations.database import DatabaseService
from scanner.lines import recognised
from scanner.starttls import behind
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit

_PRELOGIN, _ANSWER = 0x12, 0x04
_VERSION, _ENCRYPTION, _END = 0, 1, 0xFF
_ON, _NOT_SUPPORTED = 1, 2
_PACKET_BYTES = 4_096
_LONGEST_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Prelogin:
    """What the server says of itself."""

    version: str
    encryption: int
    """0 off, 1 on, 2 not supported, 3 required."""


def _hello(wanted: int = 0) -> bytes:
    version, encryption = bytes(6), bytes([wanted])
    first = 5 * 2 + 1
    options = struct.pack(">BHH", _VERSION, first, len(version))
    options += struct.pack(">BHH", _ENCRYPTION, first + len(version), len(encryption))
    body = options + bytes([_END]) + version + encryption
    return struct.pack(">BBHHBB", _PRELOGIN, 1, 8 + len(body), 0, 1, 0) + body


def read_prelogin(packet: bytes) -> Prelogin | None:
    """Read an answer, header included; ``None`` when it is not that of SQL Server. Never raises."""
    if len(packet) < 8 or packet[0] != _ANSWER or packet[1] != 1:
        return None
    size = int.from_bytes(packet[2:4], "big")
    if not 8 < size <= _LONGEST_BYTES or len(packet) < size:
        return None
    body, options = packet[8:size], dict[int, bytes]()
    at = 0
    while at + 5 <= len(body) and body[at] != _END:
        kind, offset, length = struct.unpack_from(">BHH", body, at)
        options.setdefault(kind, body[offset : offset + length])
        at += 5
    version, encryption = options.get(_VERSION, b""), options.get(_ENCRYPTION, b"")
    if at >= len(body) or body[at] != _END or len(version) != 6 or len(encryption) != 1:
        return None
    major, minor, build = struct.unpack_from(">BBH", version)
    return Prelogin(version=f"{major}.{minor}.{build}", encryption=encryption[0])


class TdsPackets(trio.abc.Stream):
    """TLS records inside TDS packets, as both sides send them until the handshake is over."""

    def __init__(self, below: trio.abc.Stream) -> None:
        self._below = below
        self._ahead = bytearray()
        self._left_bytes = 0
        """Of the packet under way."""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send it in as many packets as it takes."""
        whole = bytes(data)
        room = _PACKET_BYTES - 8
        for at in range(0, len(whole), room):
            part = whole[at : at + room]
            last = at + room >= len(whole)
            header = struct.pack(">BBHHBB", _PRELOGIN, last, 8 + len(part), 0, 0, 0)
            await self._below.send_all(header + part)

    async def wait_send_all_might_not_block(self) -> None:
        """Wait as the stream below does."""
        await self._below.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Give what comes next of the inside; ``b""`` at the end."""
        while not self._left_bytes:
            while len(self._ahead) < 8:
                data = await self._below.receive_some()
                if not data:
                    return b""
                self._ahead += data
            kind, _, size = struct.unpack_from(">BBH", self._ahead)
            if kind not in (_PRELOGIN, _ANSWER) or size < 8:
                raise Unanswered(Status.PROTOCOL_ERROR, "no TDS packet where one was due")
            del self._ahead[:8]
            self._left_bytes = size - 8
        if not self._ahead:
            data = await self._below.receive_some()
            if not data:
                return b""
            self._ahead += data
        most = min(self._left_bytes, len(self._ahead), max_bytes or _PACKET_BYTES)
        taken = bytes(self._ahead[:most])
        del self._ahead[:most]
        self._left_bytes -= most
        return taken

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._below.aclose()


async def open_tls(stream: Stream) -> None:
    """Bring a fresh connection to where TLS begins; raises ``Unanswered`` where it does not."""
    packet = await _ask(stream, _ON)
    said = read_prelogin(packet) if packet else None
    if said is None or said.encryption == _NOT_SUPPORTED:
        raise Unanswered(Status.PROTOCOL_ERROR, "TLS was refused")
    stream.wrap(TdsPackets)


async def _ask(stream: Stream, encryption: int) -> bytes | None:
    """Send one PRELOGIN; give the answer, header included, ``None`` when it is not TDS."""
    await stream.send(_hello(encryption))
    head = await stream.receive_exactly(8)
    size = int.from_bytes(head[2:4], "big")
    if head[0] != _ANSWER or not 8 < size <= _LONGEST_BYTES:
        return None
    return head + await stream.receive_exactly(size - 8)


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        try:
            packet = await _ask(stream, 0)
        except Unanswered as answer:
            if answer.status is Status.TIMEOUT and stream.heard:
                return None
            raise
    if packet is None:
        return None
    said = read_prelogin(packet)
    if said is None:
        return None
    evidence = f"PRELOGIN: VERSION {said.version}, ENCRYPTION {said.encryption:#04x}"
    seen = DatabaseService(
        place=visit.place,
        at=visit.now(),
        engine="mssql",
        version=said.version,
        tls_offered=said.encryption != _NOT_SUPPORTED,
        why={"no_authentication": "not-offered"},
    )
    service = recognised(visit, "mssql", packet, evidence)
    inside: tuple[Observation, ...] = ()
    if seen.tls_offered and not visit.inside_tls:
        inside = await behind(visit, "mssql", open_tls)
    return Measured(service=service, seen=(seen, *inside))


PROBE = Probe(
    name="mssql",
    ports=(1433, 14330),
    recognises=lambda heard: read_prelogin(heard) is not None,
    measure=_measure,
)
