"""DNS over TCP: one query for the name servers of the root, without recursion."""

import struct

from scanner.lines import recognised
from scanner.visit import Measured, Probe, Visit

_ID = 0x5647
_QUESTION = b"\x00\x00\x02\x00\x01"
"""``. IN NS``: the one question that no server can find odd, and that nobody has to look up."""
_QUERY = struct.pack(">HHHHHH", _ID, 0, 1, 0, 0, 0) + _QUESTION
_HEADER = struct.Struct(">HHHHHH")
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
        message = await stream.receive_exactly(min(size, _HEADER.size + len(_QUESTION)))
        heard = bytes(stream.heard)
    evidence = parse_answer(message)
    if evidence is None:
        return None
    return Measured(service=recognised(visit, "dns", heard, *evidence))


PROBE = Probe(name="dns", ports=(53, 853), recognises=_recognises, measure=_measure)
