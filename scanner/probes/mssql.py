"""Microsoft SQL Server: one PRELOGIN, before any account is named ([MS-TDS] 2.2.6.5)."""

import struct
from dataclasses import dataclass

from core.errors import Unanswered
from core.model import Status
from core.observations.database import DatabaseService
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_PRELOGIN, _ANSWER = 0x12, 0x04
_VERSION, _ENCRYPTION, _END = 0, 1, 0xFF
_NOT_SUPPORTED = 2
_LONGEST_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Prelogin:
    """What the server says of itself."""

    version: str
    encryption: int
    """0 off, 1 on, 2 not supported, 3 required."""


def _hello() -> bytes:
    version, encryption = bytes(6), b"\x00"
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


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(_hello())
        head = await stream.receive_exactly(8)
        size = int.from_bytes(head[2:4], "big")
        if head[0] != _ANSWER or not 8 < size <= _LONGEST_BYTES:
            return None
        try:
            packet = head + await stream.receive_exactly(size - 8)
        except Unanswered as answer:
            if answer.status is Status.TIMEOUT:
                return None
            raise
    said = read_prelogin(packet)
    if said is None:
        return None
    evidence = f"PRELOGIN → {said.version}, encryption {said.encryption}"
    seen = DatabaseService(
        place=visit.place,
        at=visit.now(),
        engine="mssql",
        version=said.version,
        tls_offered=said.encryption != _NOT_SUPPORTED,
        why={"no_authentication": "not-offered"},
    )
    return Measured(service=recognised(visit, "mssql", packet, evidence), seen=(seen,))


PROBE = Probe(
    name="mssql",
    ports=(1433, 14330),
    recognises=lambda heard: read_prelogin(heard) is not None,
    measure=_measure,
)
