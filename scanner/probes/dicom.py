"""DICOM upper layer (PS3.8): one association for verification alone, then its release.

No C-ECHO is even sent, no C-FIND, no C-STORE: accepting the association is the fact. The calling
AE title names Vigie and its operator, as 16 characters can.
"""

import re
import struct
from typing import NamedTuple

from core.errors import Unanswered
from core.model import Intensity
from core.observations.dicom import DicomService
from scanner.lines import contact_name, recognised, shown, why, within
from scanner.visit import Measured, Probe, Visit

_CONTEXT = "1.2.840.10008.3.1.1.1"
_VERIFICATION = "1.2.840.10008.1.1"
_IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
_OUR_UID = "2.25.182938440266518301164187241862361150811"
"""Of Vigie's own implementation, made from a UUID (PS3.5 annex B.2)."""
_CALLED = "ANY-SCP"
_RELEASE = b"\x05\x00" + struct.pack(">I4x", 4)
_ABORT = b"\x07\x00" + struct.pack(">I4x", 4)
_ACCEPTED, _REJECTED, _ABORTED = 2, 3, 7
_HEAD_BYTES = 6
_PDU_LIMIT_BYTES = 16_384
"""An acceptance takes some 200 bytes; extended negotiation may add a few hundred."""
_EXCHANGE_S = 10.0
_UID = re.compile(r"[0-9.]{1,64}\Z")


class Accepted(NamedTuple):
    """What the acceptance of an association tells."""

    verifies: bool
    implementation_uid: str
    implementation: str


def association_request(operator: str) -> bytes:
    """Give the A-ASSOCIATE-RQ: one presentation context, verification, implicit little endian."""
    context = struct.pack(">Bxxx", 1)
    context += _item(0x30, _VERIFICATION.encode()) + _item(0x40, _IMPLICIT_LITTLE_ENDIAN.encode())
    user = _item(0x51, struct.pack(">I", 16_384))
    user += _item(0x52, _OUR_UID.encode()) + _item(0x55, b"VIGIE")
    body = struct.pack(">Hxx", 1) + _title(_CALLED) + _title(calling_title(operator)) + bytes(32)
    body += _item(0x10, _CONTEXT.encode()) + _item(0x20, context) + _item(0x50, user)
    return b"\x01\x00" + struct.pack(">I", len(body)) + body


def calling_title(operator: str) -> str:
    """Give our AE title: Vigie, then as much of the operator's domain as 16 characters hold."""
    labels = contact_name(operator).split(".")
    told = labels[-2] if len(labels) > 2 else labels[-1]
    return f"VIGIE-{told.upper()}"[:16]


def parse_acceptance(body: bytes) -> Accepted | None:
    """Read the body of an A-ASSOCIATE-AC (PS3.8 §9.3.3); ``None`` when it is none. Total."""
    if len(body) < 68 or body[:2] != b"\x00\x01":
        return None
    verifies, uid, name = False, "", ""
    for kind, value in _items(body[68:]):
        if kind == 0x21 and len(value) >= 4:
            verifies |= value[2] == 0
        elif kind == 0x50:
            for inner, told in _items(value):
                if inner == 0x52 and _UID.match(text := shown(told.rstrip(b"\0"), 64)):
                    uid = text
                elif inner == 0x55:
                    name = shown(told.rstrip(b"\0 "), 32)
    return Accepted(verifies, uid, name)


def _items(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 4 <= len(data) and len(found) < 256:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at], data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def _title(text: str) -> bytes:
    return text.encode("ascii").ljust(16)


def _is_answer(heard: bytes) -> bool:
    if len(heard) < _HEAD_BYTES or heard[1] != 0:
        return False
    size = int.from_bytes(heard[2:6], "big")
    match heard[0]:
        case 2:
            return 68 <= size <= _PDU_LIMIT_BYTES
        case 3 | 7:
            return size == 4
        case _:
            return False


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(association_request(visit.operator))
        with within(_EXCHANGE_S):
            head = await stream.receive_exactly(_HEAD_BYTES)
            if not _is_answer(head):
                return None
            body = await stream.receive_exactly(int.from_bytes(head[2:], "big"))
        told = parse_acceptance(body) if head[0] == _ACCEPTED else None
        if head[0] == _ACCEPTED:
            if told is None:
                return None
            try:
                await stream.send(_RELEASE)
                with within(_EXCHANGE_S):
                    await stream.receive_exactly(_HEAD_BYTES + 4)
            except Unanswered as end:
                # It let us in and does not let us go: an abort takes leave as PS3.8 §7.3 says.
                visit.notes.append(f"dicom: release unanswered: {why(end)}")
                if stream.is_open:
                    await stream.send(_ABORT)
        heard = bytes(stream.heard)
    return _measured(visit, head[0], body, told, heard)


def _measured(
    visit: Visit, kind: int, body: bytes, told: Accepted | None, heard: bytes
) -> Measured:
    refusal = f"{body[2]}/{body[3]}" if kind == _REJECTED else ""
    evidence = {
        _ACCEPTED: "A-ASSOCIATE-AC",
        _REJECTED: f"A-ASSOCIATE-RJ {refusal}",
        _ABORTED: "A-ABORT",
    }[kind]
    tokens = [evidence]
    if told and told.implementation:
        tokens.append(f"implementation {told.implementation}")
    if told and told.implementation_uid:
        tokens.append(f"implementation-uid {told.implementation_uid}")
    seen = DicomService(
        place=visit.place,
        at=visit.now(),
        is_accepted=True if told else False if kind == _REJECTED else None,
        refusal=refusal,
        implementation_uid=told.implementation_uid if told else "",
        implementation=told.implementation if told else "",
        verifies=told.verifies if told else None,
        tls=visit.inside_tls,
        why={} if kind != _ABORTED else {"is_accepted": "protocol-error: A-ABORT"},
    )
    return Measured(service=recognised(visit, "dicom", heard, *tokens), seen=(seen,))


PROBE = Probe(
    name="dicom",
    ports=(104, 2761, 2762, 4242, 11112),
    recognises=_is_answer,
    measure=_measure,
    needs=Intensity.STANDARD,
)
