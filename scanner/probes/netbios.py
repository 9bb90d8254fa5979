"""NetBIOS name service: the node status of a machine (RFC 1002 §4.2.17)."""

import secrets

import msgspec

from core.model import Transport
from scanner.lines import recognised, shown
from scanner.visit import Measured, Probe, Visit

_ANY = b"\x20" + b"CK" + b"A" * 30 + b"\x00"
"""``*``, in the first-level encoding of RFC 1001 §14.1."""
_NBSTAT = b"\x00\x21\x00\x01"
_NAME_BYTES = 18
_GROUP = 0x8000


def question(ident: bytes) -> bytes:
    """Give a node status request."""
    return ident + b"\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00" + _ANY + _NBSTAT


def read_status(datagram: bytes, ident: bytes) -> tuple[str, ...] | None:
    """Give the names in a node status, groups in brackets; ``None`` when this is none. Total."""
    head = 12 + len(_ANY) + 10
    if len(datagram) < head + 1 or datagram[:2] != ident or not datagram[2] & 0x80:
        return None
    if datagram[12 : 12 + len(_ANY)] != _ANY or datagram[46:50] != _NBSTAT:
        return None
    count, at, names = datagram[head], head + 1, dict[str, None]()
    for _ in range(count):
        entry = datagram[at : at + _NAME_BYTES]
        if len(entry) < _NAME_BYTES:
            break
        name = shown(entry[:15], 15)
        is_group = int.from_bytes(entry[16:18], "big") & _GROUP
        names[f"[{name}]" if is_group else f"{name}<{entry[15]:02x}>"] = None
        at += _NAME_BYTES
    return tuple(names)


async def _measure(visit: Visit) -> Measured | None:
    ident = secrets.token_bytes(2)
    async with visit.exchange() as udp:
        (answer,) = await udp.ask(question(ident))
    names = read_status(answer, ident)
    if names is None:
        return None
    service = recognised(visit, "netbios", answer, f"NBSTAT NUM_NAMES: {len(names)}")
    told = (f"NBSTAT {' '.join(names[:6])}",) if names else ()
    return Measured(service=msgspec.structs.replace(service, inner_names=told))


PROBE = Probe(name="netbios", ports=(137,), transport=Transport.UDP, measure=_measure)
