"""L2TP: a tunnel is asked for and given up at once, before any session (RFC 2661 §5.1, §6.1-6.4).

What answers here does so outside of IPsec: a gateway that wants IPsec first stays silent.
"""

import secrets
import struct
from dataclasses import dataclass

from core.model import Transport
from core.observations.vpn import VpnService
from scanner.lines import contact_name, recognised, shown
from scanner.visit import Measured, Probe, Visit

_CONTROL = 0xC802
"""Control message, with its length and sequence numbers, version 2."""
_CONTROL_BITS = 0xC80F
_HEADER_BYTES = 12
_SCCRQ, _SCCRP, _STOP = 1, 2, 4
_TYPE, _RESULT, _VERSION, _FRAMING, _FIRMWARE = 0, 1, 2, 3, 6
_HOST, _MAKER, _TUNNEL, _WINDOW, _CHALLENGE = 7, 8, 9, 10, 11
_AVPS = 40
_ANSWERS_READ = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to the request for a tunnel."""

    accepted: bool
    """SCCRP; else StopCCN: refused, which proves a gateway as well."""
    tunnel: int
    """Its number at the other side; 0: it gave none."""
    host_name: str
    maker: str
    firmware: int | None
    challenges: bool
    """Wants the tunnel's own secret."""


def request(tunnel: int, operator: str) -> bytes:
    """Give the SCCRQ; its host name says who asks."""
    avps = [
        (_TYPE, struct.pack(">H", _SCCRQ)),
        (_VERSION, b"\x01\x00"),
        (_FRAMING, struct.pack(">I", 3)),
        (_HOST, contact_name(operator).encode("ascii")),
        (_TUNNEL, struct.pack(">H", tunnel)),
        (_WINDOW, struct.pack(">H", 4)),
    ]
    return _message(0, 0, 0, avps)


def farewell(reply: Reply, tunnel: int) -> bytes:
    """Give the StopCCN that clears the tunnel at the other side (« general request to clear »)."""
    avps = [
        (_TYPE, struct.pack(">H", _STOP)),
        (_TUNNEL, struct.pack(">H", tunnel)),
        (_RESULT, struct.pack(">H", 1)),
    ]
    return _message(reply.tunnel, 1, 1, avps)


def read_reply(datagram: bytes, tunnel: int) -> Reply | None:
    """Read an SCCRP or a StopCCN sent to our tunnel; ``None`` when it is neither. Total."""
    if len(datagram) < _HEADER_BYTES:
        return None
    flags, size, to, session, _, _ = struct.unpack_from(">HHHHHH", datagram)
    if flags & _CONTROL_BITS != _CONTROL or to != tunnel or session:
        return None
    if not _HEADER_BYTES < size <= len(datagram):
        return None
    avps = _avps(datagram[_HEADER_BYTES:size])
    kind = avps.get(_TYPE) if avps else None
    if not avps or kind not in (struct.pack(">H", _SCCRP), struct.pack(">H", _STOP)):
        return None
    firmware, assigned = avps.get(_FIRMWARE, b""), avps.get(_TUNNEL, b"")
    return Reply(
        accepted=kind == struct.pack(">H", _SCCRP),
        tunnel=int.from_bytes(assigned, "big") if len(assigned) == 2 else 0,
        host_name=shown(avps.get(_HOST, b""), 64),
        maker=shown(avps.get(_MAKER, b""), 64),
        firmware=int.from_bytes(firmware, "big") if len(firmware) == 2 else None,
        challenges=_CHALLENGE in avps,
    )


def _message(tunnel: int, ours: int, expected: int, avps: list[tuple[int, bytes]]) -> bytes:
    body = b"".join(
        struct.pack(">HHH", 0x8000 | 6 + len(value), 0, kind) + value for kind, value in avps
    )
    size = _HEADER_BYTES + len(body)
    return struct.pack(">HHHHHH", _CONTROL, size, tunnel, 0, ours, expected) + body


def _avps(data: bytes) -> dict[int, bytes] | None:
    """Give the attributes of the IETF that are not hidden; ``None`` when they do not add up."""
    found: dict[int, bytes] = {}
    at = 0
    for _ in range(_AVPS):
        if at == len(data):
            return found
        if at + 6 > len(data):
            return None
        flags, vendor, kind = struct.unpack_from(">HHH", data, at)
        size = flags & 0x03FF
        if not 6 <= size <= len(data) - at:
            return None
        is_hidden = flags & 0x4000
        if not vendor and not is_hidden:
            found.setdefault(kind, data[at + 6 : at + size])
        at += size
    return None


async def _measure(visit: Visit) -> Measured | None:
    tunnel = 1 + secrets.randbelow(0xFFFF)
    async with visit.exchange() as udp:
        got = await udp.ask(
            request(tunnel, visit.operator),
            answers=_ANSWERS_READ,
            is_whole=lambda got: read_reply(got[-1], tunnel) is not None,
        )
        said = next((one for each in got if (one := read_reply(each, tunnel)) is not None), None)
        if said is not None and said.accepted and said.tunnel:
            await udp.tell(farewell(said, tunnel))
    if said is None:
        return None
    lines = ["SCCRP" if said.accepted else "StopCCN"]
    lines += [f"vendor {said.maker}"] if said.maker else []
    lines += [f"firmware {said.firmware}"] if said.firmware is not None else []
    service = recognised(visit, "l2tp", b"", *lines)
    seen = VpnService(
        place=visit.place,
        at=visit.now(),
        protocol="l2tp",
        host_name=said.host_name,
        maker=said.maker,
        firmware=said.firmware,
        accepted=said.accepted,
        tunnel_secret=said.challenges if said.accepted else None,
        why={} if said.accepted else {"tunnel_secret": "not-offered"},
    )
    return Measured(service=service, seen=(seen,))


PROBE = Probe(
    name="l2tp",
    ports=(1701,),
    transport=Transport.UDP,
    measure=_measure,
    in_tls=False,
)
