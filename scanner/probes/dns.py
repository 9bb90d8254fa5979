"""DNS over TCP: one query for the name servers of the root, without recursion.

A server that says that it resolves for us (RA) is asked once whether it does: for the SOA of the
root, as :mod:`scanner.authority` asks.
"""

import struct

from core.errors import Unanswered
from core.model import Intensity
from core.observations.zone_server import DnsServer
from scanner.lines import recognised
from scanner.stream import Stream
from scanner.visit import Measured, Probe, Visit
from scanner.zone_wire import query, resolved_root

_ID = 0x5647
_QUESTION = b"\x00\x00\x02\x00\x01"
"""``. IN NS``: the one question that no server can find odd, and that nobody has to look up."""
_QUERY = struct.pack(">HHHHHH", _ID, 0, 1, 0, 0, 0) + _QUESTION
_HEADER = struct.Struct(">HHHHHH")
_SERVING = ("RCODE: NOERROR", "RCODE: REFUSED")
"""Codes after which a second question makes sense: some refuse any that asks for no recursion."""
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def parse_answer(message: bytes) -> tuple[str, ...] | None:
    """Give what an answer to our query shows (RFC 1035 §4.1.1), ``None`` for any other message."""
    if len(message) < _HEADER.size:
        return None
    ident, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    is_answer = flags & 0x8000 and not flags & 0x7840
    echoed = questions == 0 or message[12:17] == _QUESTION
    if ident != _ID or not is_answer or questions > 1 or not echoed:
        return None
    rcode = flags & 0x000F
    shown = ["QUERY: . NS", f"RCODE: {_RCODES.get(rcode, rcode)}", f"ANCOUNT: {answers}"]
    if flags & 0x0080:
        shown.append("RA: 1")
    return tuple(shown)


def _recognises(heard: bytes) -> bool:
    return parse_answer(heard[2:]) is not None


async def _measure(visit: Visit) -> Measured | None:
    async with await visit.dial(None) as stream:
        await stream.send(struct.pack(">H", len(_QUERY)) + _QUERY)
        (size,) = struct.unpack(">H", await stream.receive_exactly(2))
        if size < _HEADER.size:
            return None
        # The header and the question tell enough: the rest is not waited for.
        told = min(size, _HEADER.size + len(_QUESTION))
        message = await stream.receive_exactly(told)
        heard = bytes(stream.heard)
        evidence = parse_answer(message)
        if evidence is None:
            return None
        offers = "RA: 1" in evidence
        resolves: bool | None = None if offers else False
        edns: bool | None = None
        why = "intensity"
        if offers and not any(one in evidence for one in _SERVING):
            why = "protocol-error"
        elif offers and visit.intensity >= Intensity.STANDARD and not visit.medical:
            resolves, edns, why = await _resolves(stream, size - told)
    seen = DnsServer(
        place=visit.place,
        at=visit.now(),
        offers_recursion=offers,
        resolves=resolves,
        has_edns=edns,
        has_tcp=True,
        has_udp=None,
        why={
            "has_udp": "asked-elsewhere",
            **({"has_edns": "asked-elsewhere"} if edns is None else {}),
            **({"resolves": why} if resolves is None else {}),
        },
    )
    return Measured(service=recognised(visit, "dns", heard, *evidence), seen=(seen,))


async def _resolves(stream: Stream, left: int) -> tuple[bool | None, bool | None, str]:
    """Ask for a name that is nobody's; give whether it was resolved, whether with EDNS, or why."""
    asked = query(".", "SOA", recurse=True)
    try:
        await stream.receive_exactly(left)
        await stream.send(len(asked.wire).to_bytes(2, "big") + asked.wire)
        size = int.from_bytes(await stream.receive_exactly(2), "big")
        told = asked.reads(await stream.receive_exactly(size))
    except Unanswered as ended:
        return None, None, ended.status.value
    if told is None:
        return None, None, "protocol-error"
    return resolved_root(told), told.edns >= 0, ""


PROBE = Probe(name="dns", ports=(53, 853), recognises=_recognises, measure=_measure)
