"""MSRPC: a bind to the endpoint mapper, the greeting of RPC over HTTP ([MS-RPCE])."""

import struct
from uuid import UUID

from core.model import Confidence
from core.observations.service import Service
from scanner.visit import Measured, Probe, Visit

_GREETING = b"ncacn_http/1.0"
_EPMAPPER = UUID("e1af8308-5d1f-11c9-91a4-08002b14a0fa")
_NDR = UUID("8a885d04-1ceb-11c9-9fe8-08002b104860")
_ANSWERS = {12: "bind_ack", 13: "bind_nak", 3: "fault"}
_MAX_FRAGMENT_BYTES = 5_840
_CALL = 0x56696769

_BIND = struct.pack("<BBBBIHHI", 5, 0, 11, 3, 0x10, 72, 0, _CALL) + struct.pack(
    "<HHIIHH16sI16sI",
    _MAX_FRAGMENT_BYTES,
    _MAX_FRAGMENT_BYTES,
    0,
    1,
    0,
    1,
    _EPMAPPER.bytes_le,
    3,
    _NDR.bytes_le,
    2,
)


def read_header(header: bytes) -> tuple[str, int] | None:
    """Give kind and size of a PDU that answers a bind; ``None`` for anything else. Total."""
    if len(header) < 16 or header[:2] not in (b"\x05\x00", b"\x05\x01"):
        return None
    kind = _ANSWERS.get(header[2])
    # The high nibble of the data representation is the byte order: little (1) or big (0).
    order = "<" if header[4] & 0xF0 == 0x10 else ">"
    size, _, call = struct.unpack_from(f"{order}HHI", header, 8)
    if kind is None or not 16 <= size <= _MAX_FRAGMENT_BYTES or call not in (0, _CALL):
        return None
    return kind, size


def recognises(heard: bytes) -> bool:
    """Whether bytes are RPC's: its HTTP greeting, or a PDU that answers a bind."""
    return heard.startswith(_GREETING) or read_header(heard[:16]) is not None


async def _measure(visit: Visit) -> Measured | None:
    if visit.heard.startswith(_GREETING):
        return _measured(visit, f"banner: {_GREETING.decode()}")
    async with await visit.dial(None) as stream:
        if visit.place.port == 593:
            # RPC over HTTP greets; a late greeting is waited for, and no bind is owed to it.
            greeting = await stream.receive_exactly(len(_GREETING))
            return (
                _measured(visit, f"banner: {_GREETING.decode()}") if greeting == _GREETING else None
            )
        await stream.send(_BIND)
        answer = read_header(await stream.receive_exactly(16))
    return _measured(visit, f"epmapper: {answer[0]}") if answer else None


def _measured(visit: Visit, evidence: str) -> Measured:
    return Measured(
        service=Service(
            place=visit.place,
            at=visit.now(),
            protocol="msrpc",
            tls=visit.inside_tls,
            confidence=Confidence.CERTAIN,
            evidence=(evidence,),
        )
    )


PROBE = Probe(
    name="msrpc",
    ports=(135, 593),
    recognises=recognises,
    measure=_measure,
    rank=80,
    in_tls=False,
)
