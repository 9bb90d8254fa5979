"""Remote desktops: the X.224 answer of each security layer, and the NTLM challenge of CredSSP.

Sources: [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2, [MS-CSSP] 2.2.1, [MS-NLMP] 2.2.1.2.
"""

import struct
from dataclasses import dataclass

from vigie.demo.servers.base import Gone, Guest, Handler

_RDP, _TLS, _HYBRID = 0, 1, 2
_TLS_REQUIRED, _HYBRID_REQUIRED = 1, 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Desktop:
    """What one remote desktop accepts."""

    accepts: frozenset[int]
    """Of 0 standard, 1 TLS, 2 CredSSP."""
    negotiates: bool = True
    """False: Windows XP and 2003, which answer without a word on security."""
    stubborn: bool = False
    """Answers « standard security » whatever was asked."""
    build: int = 20348
    version: tuple[int, int] = (10, 0)


def desktop(seat: Desktop) -> Handler:
    """Give the handler of a remote desktop. Nobody logs on: an NTLM answer is a trespass."""

    async def serve(guest: Guest) -> None:
        asked = await _asked(guest)
        if not seat.negotiates or (asked is None and _RDP in seat.accepts):
            await guest.send(_confirm(b""))
            await guest.drain()
            return
        requested = asked or 0
        selected = _selected(seat, requested)
        if selected is None:
            code = _TLS_REQUIRED if _TLS in seat.accepts else _HYBRID_REQUIRED
            await guest.send(_confirm(struct.pack("<BBHI", 3, 0, 8, code)))
            return
        await guest.send(_confirm(struct.pack("<BBHI", 2, 0, 8, selected)))
        if selected != _RDP:
            await guest.start_tls()
        if selected == _HYBRID:
            await _challenge(guest, seat)
        await guest.drain()

    return serve


def _selected(seat: Desktop, requested: int) -> int | None:
    if seat.stubborn:
        return _RDP
    for layer, bit in ((_HYBRID, 2), (_TLS, 1)):
        if layer in seat.accepts and requested & bit:
            return layer
    return _RDP if _RDP in seat.accepts else None


async def _asked(guest: Guest) -> int | None:
    """Give the requested protocols, ``None`` without a negotiation request."""
    version, _, size = struct.unpack(">BBH", await guest.exactly(4))
    if version != 3 or not 11 <= size <= 1_024:
        raise Gone("not TPKT")
    body = await guest.exactly(size - 4)
    if body[1] & 0xF0 != 0xE0:
        raise Gone("not a connection request")
    request = body[-8:]
    if len(body) >= 14 and request[0] == 1 and request[2:4] == b"\x08\x00":
        return int.from_bytes(request[4:8], "little")
    return None


def _confirm(negotiation: bytes) -> bytes:
    body = bytes([6 + len(negotiation), 0xD0, 0, 0, 0x12, 0x34, 0]) + negotiation
    return struct.pack(">BBH", 3, 0, 4 + len(body)) + body


async def _challenge(guest: Guest, seat: Desktop) -> None:
    """Answer NTLM type 1 with a challenge; whatever comes next is an attempt to log on."""
    request = await _sequence(guest)
    if b"NTLMSSP\x00\x01\x00\x00\x00" not in request:
        return
    token = ntlm_challenge(guest.room.hostname, seat.build, seat.version)
    item = _der(0x30, _der(0xA0, _der(0x04, token)))
    await guest.send(_der(0x30, _der(0xA0, b"\x02\x01\x06") + _der(0xA1, _der(0x30, item))))
    more = await guest.receive()
    if b"NTLMSSP\x00\x03" in more:
        guest.room.trespass("credentials offered", "NTLM")


async def _sequence(guest: Guest) -> bytes:
    tag, first = await guest.exactly(2)
    if tag != 0x30:
        raise Gone("not a TSRequest")
    if first < 0x80:
        return await guest.exactly(first)
    if first not in {0x81, 0x82}:
        raise Gone("too long a TSRequest")
    return await guest.exactly(int.from_bytes(await guest.exactly(first & 3), "big"))


def _der(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    if size < 0x100:
        return bytes([tag, 0x81, size]) + value
    return bytes([tag, 0x82]) + size.to_bytes(2, "big") + value


def ntlm_challenge(hostname: str, build: int, version: tuple[int, int] = (10, 0)) -> bytes:
    """Give an NTLM type 2 message that names the machine, its domain and its Windows build."""
    machine, _, domain = hostname.partition(".")
    netbios, short = machine.upper()[:15], domain.partition(".")[0].upper()[:15]
    pairs = ((2, short), (1, netbios), (4, domain), (3, hostname))
    info = b""
    for kind, text in pairs:
        value = text.encode("utf-16-le")
        info += struct.pack("<HH", kind, len(value)) + value
    info += struct.pack("<HHQ", 7, 8, 133_800_000_000_000_000) + bytes(4)
    target = short.encode("utf-16-le")
    flags = 0xE28A8215
    head = b"NTLMSSP\x00" + struct.pack("<IHHI", 2, len(target), len(target), 56)
    head += struct.pack("<I", flags) + bytes(range(1, 9)) + bytes(8)
    head += struct.pack("<HHI", len(info), len(info), 56 + len(target))
    head += struct.pack("<BBHBBBB", *version, build, 0, 0, 0, 15)
    return head + target + info


XP = desktop(Desktop(accepts=frozenset({_RDP}), negotiates=False))
STANDARD = desktop(Desktop(accepts=frozenset({_RDP}), stubborn=True))
TLS_ONLY = desktop(Desktop(accepts=frozenset({_TLS})))
NLA_2022 = desktop(Desktop(accepts=frozenset({_HYBRID}), build=20348))
NLA_2012_R2 = desktop(Desktop(accepts=frozenset({_HYBRID}), build=9600, version=(6, 3)))
NLA_OPTIONAL = desktop(Desktop(accepts=frozenset({_TLS, _HYBRID}), build=17763))
