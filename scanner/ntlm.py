"""NTLM, its first leg only ([MS-NLMP]): a question without any credential, and its challenge.

Type 3, which would carry a user and a response, is not written here on purpose: no password is
ever tried, not even an empty one, and a logon that fails would count against somebody's account.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.model import Place
from core.observations.windows import WindowsHost
from scanner import ber

SIGNATURE = b"NTLMSSP\x00"

_UNICODE, _OEM = 0x1, 0x2
_TARGET_TYPES = 0x10000 | 0x20000
_VERSION = 0x02000000

# Every flag that a Windows client offers; OEM beside UNICODE is deliberate: [MS-NLMP] 3.2.5.1.1 has
# the server keep one, Windows does, and FreeRDP, which echoes what it was sent, shows itself.
_OFFERED = 0xE20882B7

NEGOTIATE = SIGNATURE + struct.pack("<II8x8x8s", 1, _OFFERED, b"\0\0\0\0\0\0\0\x0f")
"""NEGOTIATE_MESSAGE (type 1): no domain, no workstation, version left at zero."""

_NAMES = {
    1: "netbios_computer",
    2: "netbios_domain",
    3: "dns_computer",
    4: "dns_domain",
    5: "dns_forest",
}
_TIMESTAMP = 7
_MAX_NAME = 255
_MAX_PAIRS = 32


@dataclass(frozen=True, slots=True)
class Challenge:
    """CHALLENGE_MESSAGE (type 2), without the challenge itself, which nothing here may use."""

    flags: int
    version: tuple[int, int, int] | None
    """Major, minor, build."""
    names: dict[str, str]
    """Field of :class:`core.observations.windows.WindowsHost` → name."""
    clock: datetime | None


def read_challenge(blob: bytes) -> Challenge | None:
    """Find and read the challenge in a blob (bare or inside SPNEGO); ``None`` without. Total."""
    start = blob.find(SIGNATURE + b"\x02\0\0\0")
    if start < 0:
        return None
    message = blob[start:]
    if len(message) < 32:
        return None
    (flags,) = struct.unpack_from("<I", message, 20)
    version = None
    if flags & _VERSION and len(message) >= 56:
        major, minor, build = struct.unpack_from("<BBH", message, 48)
        version = (int(major), int(minor), int(build))
    names: dict[str, str] = {}
    clock = None
    if len(message) >= 48:
        size, _, offset = struct.unpack_from("<HHI", message, 40)
        for kind, value in _pairs(message[offset : offset + size]):
            if kind == _TIMESTAMP:
                clock = _filetime(value)
            elif kind in _NAMES:
                names.setdefault(_NAMES[kind], value.decode("utf-16-le", "replace")[:_MAX_NAME])
    return Challenge(flags, version, names, clock)


def imitation(challenge: Challenge) -> str:
    """Name what wrote a challenge that Windows would not write; ``""`` when it may be Windows."""
    if challenge.version is None:
        return ""
    major, minor, build = challenge.version
    if build == 0:
        # Samba sends 6.1.0; appliances leave the field empty.
        return "samba" if (major, minor) == (6, 1) else "other"
    if challenge.flags & _UNICODE and challenge.flags & _OEM:
        return "freerdp" if challenge.version == (6, 1, 7601) else "other"
    # [MS-NLMP] 3.2.5.1.1: asked for its target, Windows tells a domain from a server.
    return "" if challenge.flags & _TARGET_TYPES else "other"


def windows_host(challenge: Challenge, place: Place, at: datetime, source: str) -> WindowsHost:
    """Give the challenge as an observation."""
    version = challenge.version
    return WindowsHost(
        place=place,
        at=at,
        why={} if version else {"nt_version": "not-offered", "build": "not-offered"},
        source=source,
        nt_version=f"{version[0]}.{version[1]}" if version else None,
        build=version[2] if version else None,
        imitation=imitation(challenge),
        netbios_computer=challenge.names.get("netbios_computer", ""),
        netbios_domain=challenge.names.get("netbios_domain", ""),
        dns_computer=challenge.names.get("dns_computer", ""),
        dns_domain=challenge.names.get("dns_domain", ""),
        dns_forest=challenge.names.get("dns_forest", ""),
        clock=challenge.clock,
    )


def windows_version(challenge: Challenge | None) -> str | None:
    """Give ``10.0.17763``; ``None`` when it was not told, or not by Windows."""
    if challenge is None or challenge.version is None or imitation(challenge):
        return None
    return "{}.{}.{}".format(*challenge.version)


def evidence(challenge: Challenge | None) -> tuple[str, ...]:
    """Give the challenge as short technical facts, without any name."""
    if challenge is None or challenge.version is None:
        return ()
    told = "NTLM: {}.{}.{}".format(*challenge.version)
    by = imitation(challenge)
    # Who claims to be a Windows must not be read as one further down.
    return (f"{told}, {by}" if by else told,)


def inner_names(challenge: Challenge | None) -> tuple[str, ...]:
    """Give the names of the challenge as short technical facts: the machine, then its domain."""
    names = challenge.names if challenge is not None else {}
    machine = names.get("dns_computer") or names.get("netbios_computer")
    domain = names.get("dns_domain") or names.get("netbios_domain")
    return tuple(
        f"NTLM {kind}: {name}" for kind, name in (("computer", machine), ("domain", domain)) if name
    )


def spnego(token: bytes) -> bytes:
    """Wrap a token as SPNEGO NegTokenInit that offers NTLM alone (RFC 4178 4.2.1)."""
    ntlm_oid = ber.encode(ber.OID, bytes.fromhex("2b06010401823702020a"))
    return ber.encode(
        0x60,
        ber.encode(ber.OID, bytes.fromhex("2b0601050502")),
        ber.encode(
            0xA0,
            ber.encode(
                ber.SEQUENCE,
                ber.encode(0xA0, ber.encode(ber.SEQUENCE, ntlm_oid)),
                ber.encode(0xA2, ber.encode(ber.OCTET_STRING, token)),
            ),
        ),
    )


def _pairs(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + 4 <= len(data) and len(found) < _MAX_PAIRS:
        kind, size = struct.unpack_from("<HH", data, at)
        if kind == 0 or at + 4 + size > len(data):
            break
        found.append((kind, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def _filetime(value: bytes) -> datetime | None:
    if len(value) != 8:
        return None
    microseconds = int.from_bytes(value, "little") // 10
    try:
        return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
