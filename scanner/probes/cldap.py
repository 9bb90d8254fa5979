"""CLDAP (RFC 3352, MS-ADTS §6.3.3): the root of a directory, asked over UDP."""

import secrets

import msgspec

from core.errors import Unanswered
from core.model import Transport
from scanner.ber import ENUMERATED as _ENUMERATED
from scanner.ber import OCTET_STRING, SEQUENCE, encode, inside, integer, items, number
from scanner.lines import recognised, shown
from scanner.visit import Measured, Probe, Visit

_SEARCH, _ENTRY, _DONE = 0x63, 0x64, 0x65
_BOOLEAN, _PRESENT = 0x01, 0x87
_ATTRIBUTE = b"defaultNamingContext"
_NAMED = "defaultNamingContext: "


def question(message: int) -> bytes:
    """Give a base search of the root for one attribute: an answer of some hundred bytes."""
    search = encode(
        _SEARCH,
        encode(OCTET_STRING),
        integer(0, _ENUMERATED),
        integer(0, _ENUMERATED),
        integer(1),
        integer(3),
        encode(_BOOLEAN, b"\x00"),
        encode(_PRESENT, b"objectClass"),
        encode(SEQUENCE, encode(OCTET_STRING, _ATTRIBUTE)),
    )
    return encode(SEQUENCE, integer(message), search)


def read_answer(datagram: bytes, message: int) -> tuple[str, ...] | None:
    """Give what the answer shows, ``None`` when this is none to our question. Total."""
    try:
        shown_here: list[str] = []
        for whole in items(datagram):
            ident, operation, *_ = inside(whole, SEQUENCE)
            if number(ident) != message or operation.tag not in {_ENTRY, _DONE}:
                return None
            if operation.tag == _ENTRY:
                shown_here.append(_context(operation.content))
    except (Unanswered, ValueError, IndexError):
        return None
    if not datagram:
        return None
    return tuple(one for one in shown_here if one) or ("searchResDone",)


def _context(entry: bytes) -> str:
    _, attributes = items(entry)
    for one in inside(attributes, SEQUENCE):
        kind, values = inside(one, SEQUENCE)
        if kind.content.lower() == _ATTRIBUTE.lower():
            for value in items(values.content):
                return f"{_NAMED}{shown(value.content, 100)}"
    return "searchResEntry"


async def _measure(visit: Visit) -> Measured | None:
    message = secrets.randbelow(2**31 - 1) + 1
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question(message))
    told = read_answer(answer, message)
    if told is None:
        return None
    named = tuple(one for one in told if one.startswith(_NAMED))
    bare = tuple(one for one in told if one not in named) or ("searchResEntry",)
    service = recognised(visit, "cldap", answer, *bare)
    return Measured(service=msgspec.structs.replace(service, inner_names=named))


PROBE = Probe(name="cldap", ports=(389,), transport=Transport.UDP, measure=_measure)
