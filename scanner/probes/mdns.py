"""mDNS asked from afar (RFC 6762 §5.5): which services a machine lists to strangers."""

import secrets
import struct
from collections.abc import Iterable
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.rdatatype

from core.model import Transport
from scanner.lines import recognised, shown
from scanner.visit import Measured, Probe, Visit

_LIST = "_services._dns-sd._udp.local."


def question(ident: int) -> bytes:
    """Give the question for the list of services, by unicast."""
    names = b"".join(bytes([len(one)]) + one.encode() for one in _LIST.split(".") if one)
    return struct.pack(">HHHHHH", ident, 0, 1, 0, 0, 0) + names + b"\x00\x00\x0c\x00\x01"


def read_answer(datagram: bytes, ident: int) -> tuple[str, ...] | None:
    """Give the services listed, ``None`` when this is no answer to that question. Total."""
    try:
        answer = dns.message.from_wire(datagram, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, struct.error):
        return None
    if answer.id not in {ident, 0} or not answer.flags & dns.flags.QR:
        return None
    listed = {
        shown(f"{row}", 60)
        for rows in answer.answer
        if f"{rows.name}".lower() == _LIST and rows.rdtype == dns.rdatatype.PTR
        for row in cast("Iterable[object]", rows)
    }
    return tuple(sorted(listed)) or None


async def _measure(visit: Visit) -> Measured | None:
    ident = secrets.randbelow(65_535) + 1
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question(ident))
    listed = read_answer(answer, ident)
    if listed is None:
        return None
    return Measured(service=recognised(visit, "mdns", answer, *listed[:6]))


PROBE = Probe(name="mdns", ports=(5353,), transport=Transport.UDP, measure=_measure)
