"""MongoDB: the ``isMaster`` with which every driver begins, open to all by design.

Sent as OP_QUERY, the one form that servers of every age take for it; the answer may be OP_REPLY or
OP_MSG (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/). It says nothing of
authentication, and commands that would show it name or read data: so that is not measured.
"""

import struct
from collections.abc import Mapping

from core.errors import Unanswered
from core.model import Status
from core.observations.database import DatabaseService
from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_LONGEST_BYTES = 65_536
_FIELDS_LIMIT = 100
_REQUEST_ID = 1
_OVER_HTTP = b"It looks like you are trying to access MongoDB over HTTP"

Value = str | int | float | bool | None
_FIXED = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x10: 4, 0x11: 8, 0x12: 8}
"""Sizes of the BSON types that have one (https://bsonspec.org/spec.html)."""


def _hello() -> bytes:
    document = b"\x10isMaster\x00" + struct.pack("<i", 1) + b"\x08helloOk\x00\x01\x00"
    document = struct.pack("<i", 4 + len(document)) + document
    body = struct.pack("<i", 0) + b"admin.$cmd\x00" + struct.pack("<ii", 0, -1) + document
    return struct.pack("<iiii", 16 + len(body), _REQUEST_ID, 0, _OP_QUERY) + body


def read_answer(message: bytes) -> Mapping[str, Value] | None:
    """Give the top-level fields of an answer; ``None`` when it is not MongoDB's. Never raises."""
    if len(message) < 21:
        return None
    size, _, answers_to, kind = struct.unpack_from("<iiii", message)
    if not 21 <= size <= _LONGEST_BYTES or len(message) < size or answers_to != _REQUEST_ID:
        return None
    if kind == _OP_REPLY:
        return read_bson(message[36:size])
    if kind == _OP_MSG and message[20] == 0:
        return read_bson(message[21:size])
    return None


def read_bson(document: bytes) -> Mapping[str, Value] | None:
    """Give the scalar fields at the top of a document, in order; ``None`` when it is not BSON."""
    if len(document) < 5 or int.from_bytes(document[:4], "little") > len(document):
        return None
    found: dict[str, Value] = {}
    at, end = 4, int.from_bytes(document[:4], "little") - 1
    while at < end and len(found) < _FIELDS_LIMIT:
        kind, nul = document[at], document.find(b"\x00", at + 1, end)
        if nul < 0:
            return None
        name, at = document[at + 1 : nul].decode("latin-1"), nul + 1
        size = _size(kind, document, at)
        if size is None or at + size > end:
            return None
        found[name] = _value(kind, document[at : at + size])
        at += size
    return found


def _size(kind: int, document: bytes, at: int) -> int | None:
    if kind in _FIXED:
        return _FIXED[kind]
    counted = int.from_bytes(document[at : at + 4], "little")
    if kind in (0x03, 0x04):
        return counted if counted >= 5 else None
    if kind == 0x02:
        return 4 + counted
    return 5 + counted if kind == 0x05 else None


def _value(kind: int, raw: bytes) -> Value:
    if kind == 0x01:
        return float(struct.unpack("<d", raw)[0])
    if kind == 0x02:
        return raw[4:].rstrip(b"\x00").decode("utf-8", "replace")
    if kind == 0x08:
        return raw != b"\x00"
    if kind in (0x10, 0x12):
        return int.from_bytes(raw, "little", signed=True)
    return None


def recognises(heard: bytes) -> bool:
    """Tell an answer to our hello, or what mongod says to an HTTP request."""
    return _OVER_HTTP in heard or read_answer(heard) is not None


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(_hello())
        head = await stream.receive_exactly(4)
        size = int.from_bytes(head, "little")
        if not 21 <= size <= _LONGEST_BYTES:
            return None
        try:
            message = head + await stream.receive_exactly(size - 4)
        except Unanswered as answer:
            if answer.status is Status.TIMEOUT:
                # Four bytes of something else, read as a length that never comes.
                return None
            raise
    said = read_answer(message)
    if said is None or not {"maxWireVersion", "ismaster", "isWritablePrimary", "ok"} & said.keys():
        return None
    told = [name for name in ("maxWireVersion", "setName", "msg") if said.get(name) is not None]
    evidence = ", ".join(f"{name} {str(said[name])[:60]}" for name in told)
    service = recognised(visit, "mongodb", b"", f"isMaster → {evidence or 'ok'}")
    seen = DatabaseService(
        place=visit.place,
        at=visit.now(),
        engine="mongodb",
        tls_offered=visit.inside_tls,
        why={"version": "not-offered", "no_authentication": "not-offered"},
    )
    return Measured(service=service, seen=(seen,))


PROBE = Probe(
    name="mongodb",
    ports=(27017, 27018, 27019),
    recognises=recognises,
    measure=_measure,
)
