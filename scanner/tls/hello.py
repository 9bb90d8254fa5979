"""ClientHellos: SSLv2, SSLv3 to TLS 1.3, DTLS. Pure: what to offer goes in, bytes come out.

RFC 8446 4.1.2 and its extensions; RFC 6347 for DTLS; the Netscape specification for SSLv2.
"""

import array
import functools
import os
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from scanner.tls.registry import (
    RENEGOTIATION_SCSV,
    SSL3,
    TLS1_0,
    TLS1_1,
    TLS1_2,
    TLS1_3,
    groups,
    is_hybrid_group,
    sslv2_kinds,
)
from scanner.tls.wire import (
    ALPN,
    COOKIE,
    EARLY_DATA,
    ENCRYPT_THEN_MAC,
    EXTENDED_MASTER_SECRET,
    HEARTBEAT,
    KEY_SHARE,
    RENEGOTIATION_INFO,
    SESSION_TICKET,
    SIGNATURE_ALGORITHMS,
    SIGNED_TIMESTAMPS,
    STATUS_REQUEST,
    SUPPORTED_GROUPS,
    SUPPORTED_VERSIONS,
)

__all__ = ["EARLY_DATA", "Offer", "client_hello", "dtls_hello", "sslv2_hello"]

_SERVER_NAME, _POINT_FORMATS, _PSK_MODES, _PADDING = 0, 11, 45, 21

X25519, P256, P384, P521, X448 = 29, 23, 24, 25, 30
GROUPS: Final = (
    X25519,
    P256,
    X448,
    P384,
    P521,
    26,
    27,
    28,
    22,
    31,
    32,
    33,
    256,
    257,
    258,
    259,
    260,
)
"""Sound groups, best first; TLS 1.3's own brainpool numbers among them."""
ODD_GROUPS: Final = (41, 9, 10, 11, 12, 13, 14, 34, 35, 36, 37, 38, 39, 40)
HYBRIDS: Final = (0x11EC, 0x11EB, 0x11ED, 0x6399, 0x639A, 0x11EE, 0x0201, 0x0202, 0x0200)
SCHEMES: Final = (
    *(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601, 0x0807, 0x0808),
    *(0x0809, 0x080A, 0x080B, 0x081A, 0x081B, 0x081C, 0x0904, 0x0905, 0x0906, 0x0708),
    *(0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602, 0x0203, 0x0201, 0x0202),
)
"""All that a server may sign with, best first; SHA-1 last."""
WEAK_SCHEMES: Final = (0x0201, 0x0203, 0x0202, 0x0101)
"""SHA-1 and MD5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one hello offers."""

    ceiling: int = TLS1_3
    floor: int = TLS1_0
    """Lowest of supported_versions, where it is sent; below TLS 1.3 nothing says it."""
    suites: tuple[int, ...] = ()
    server_name: str | None = None
    groups: tuple[int, ...] = GROUPS
    schemes: tuple[int, ...] = SCHEMES
    alpn: tuple[str, ...] = ()
    shares: tuple[tuple[int, bytes], ...] = ()
    """TLS 1.3 key shares; none: the server is asked to choose (RFC 8446 4.2.8)."""
    cookie: bytes = b""
    compression: bool = False
    extended: bool = True
    """Whether extensions are sent at all; SSLv3 has none."""
    curious: bool = True
    """Whether to offer what is asked for knowledge alone: heartbeat, stapling, tickets."""


_USUAL_SUITES = (
    *(0xC02F, 0xC02B, 0xC030, 0xC02C, 0xC013, 0xC009, 0xC014, 0xC00A, 0x009C, 0x009D),
    *(0x009E, 0x009F, 0x0033, 0x0039, 0x003C, 0x002F, 0x0035, 0x000A, 0x0005, 0x0004),
)
"""One or two of each kind that servers of the last twenty years have."""


def plain_offer(server_name: str | None) -> Offer:
    """Give a hello that hardly any server minds: TLS 1.2 at most, short, few extensions."""
    return Offer(ceiling=TLS1_2, suites=_USUAL_SUITES, server_name=server_name, curious=False)


def client_hello(offer: Offer, *, random: bytes = b"", session: bytes | None = None) -> bytes:
    """Give the handshake message of a ClientHello, without record.

    ``random`` and ``session`` are made up when left out.
    """
    legacy = min(offer.ceiling, TLS1_2)
    listed = offer.suites
    if not offer.extended or offer.ceiling <= SSL3:
        listed = (*listed, RENEGOTIATION_SCSV)
    if session is None:
        # RFC 8446 D.4: middleboxes let pass what looks like a resumption.
        session = os.urandom(32) if offer.ceiling == TLS1_3 else b""
    methods = b"\x02\x01\x00" if offer.compression else b"\x01\x00"
    body = b"".join(
        (
            struct.pack(">H", legacy),
            random or os.urandom(32),
            bytes([len(session)]),
            session,
            _listed(listed),
            methods,
        )
    )
    if offer.extended and offer.ceiling > SSL3:
        extensions = _constant(
            offer.ceiling,
            offer.floor,
            offer.server_name,
            offer.groups,
            offer.schemes,
            offer.alpn,
            offer.curious,
        )
        if offer.ceiling == TLS1_3:
            extensions += _of_tls1_3(offer)
        size = 4 + len(body) + 2 + len(extensions)
        if 255 < size < 512:
            # Some load balancers fall silent at hellos of this size (RFC 7685).
            extensions += _extension(_PADDING, bytes(max(0, 512 - size - 4)))
        body += struct.pack(">H", len(extensions)) + extensions
    return b"\x01" + len(body).to_bytes(3, "big") + body


def in_record(message: bytes, version: int = TLS1_0, kind: int = 22) -> bytes:
    """Put a message into one record, as long hellos as there are still fit."""
    return struct.pack(">BHH", kind, version, len(message)) + message


def first_record(offer: Offer) -> bytes:
    """Give a whole ClientHello as it goes on the wire."""
    # The record layer's version of a first hello is the oldest that the client has.
    version = SSL3 if offer.ceiling == SSL3 else TLS1_0
    return in_record(client_hello(offer), version)


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack(">HH", kind, len(body)) + body


def _listed(values: Sequence[int]) -> bytes:
    numbers = array.array("H", values)
    if sys.byteorder == "little":
        numbers.byteswap()
    return struct.pack(">H", 2 * len(values)) + numbers.tobytes()


@functools.lru_cache(maxsize=256)
def _constant(
    ceiling: int,
    floor: int,
    server_name: str | None,
    groups: tuple[int, ...],
    schemes: tuple[int, ...],
    alpn: tuple[str, ...],
    curious: bool,
) -> bytes:
    """Give the extensions that are the same in most hellos of a survey."""
    parts: list[bytes] = []
    if server_name:
        name = server_name.encode("ascii", "ignore")
        parts.append(
            _extension(_SERVER_NAME, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name)
        )
    parts.append(_extension(RENEGOTIATION_INFO, b"\0"))
    if groups:
        parts.append(_extension(SUPPORTED_GROUPS, _listed(groups)))
        parts.append(_extension(_POINT_FORMATS, b"\x01\x00"))
    if ceiling >= TLS1_2:
        parts.append(_extension(SIGNATURE_ALGORITHMS, _listed(schemes)))
    parts.append(_extension(ENCRYPT_THEN_MAC, b""))
    parts.append(_extension(EXTENDED_MASTER_SECRET, b""))
    if alpn:
        names = b"".join(bytes([len(one)]) + one.encode() for one in alpn)
        parts.append(_extension(ALPN, struct.pack(">H", len(names)) + names))
    if curious:
        parts.append(_extension(SESSION_TICKET, b""))
        parts.append(_extension(STATUS_REQUEST, b"\x01\x00\x00\x00\x00"))
        parts.append(_extension(SIGNED_TIMESTAMPS, b""))
        if ceiling < TLS1_3:
            # Mode 2: we would not answer such a message ourselves (RFC 6520).
            parts.append(_extension(HEARTBEAT, b"\x02"))
    if ceiling == TLS1_3:
        versions = range(TLS1_3, floor - 1, -1)
        parts.append(
            _extension(
                SUPPORTED_VERSIONS,
                bytes([2 * len(versions)]) + struct.pack(f">{len(versions)}H", *versions),
            )
        )
    return b"".join(parts)


def _of_tls1_3(offer: Offer) -> bytes:
    shares = b"".join(struct.pack(">HH", group, len(key)) + key for group, key in offer.shares)
    parts = _extension(KEY_SHARE, struct.pack(">H", len(shares)) + shares)
    parts += _extension(_PSK_MODES, b"\x01\x01")
    if offer.cookie:
        parts += _extension(COOKIE, struct.pack(">H", len(offer.cookie)) + offer.cookie)
    return parts


def sslv2_hello() -> bytes:
    """Give an SSLv2 CLIENT-HELLO with every cipher kind; no TLS server reads a version above."""
    kinds = b"".join(kind.to_bytes(3, "big") for kind in sslv2_kinds())
    body = struct.pack(">BHHHH", 1, 2, len(kinds), 0, 16) + kinds + os.urandom(16)
    return struct.pack(">H", 0x8000 | len(body)) + body


DTLS1_0, DTLS1_2 = 0xFEFF, 0xFEFD
_DATAGRAM_VERSIONS = {TLS1_1: DTLS1_0, TLS1_2: DTLS1_2}


def dtls_hello(offer: Offer, *, cookie: bytes = b"", random: bytes, number: int = 0) -> bytes:
    """Give one datagram with a DTLS ClientHello (RFC 6347), DTLS 1.0 or 1.2 by its ceiling.

    The second hello of an exchange repeats ``random``, bears the server's ``cookie``, and is
    message and record ``number`` 1. ``offer.suites`` must hold no RC4, which DTLS forbids.
    """
    version = _DATAGRAM_VERSIONS[offer.ceiling]
    plain = client_hello(replace(offer, curious=False), random=random, session=b"")[4:]
    # The cookie stands behind the session id, which is empty.
    body = struct.pack(">H", version) + plain[2:35] + bytes([len(cookie)]) + cookie + plain[35:]
    size = len(body).to_bytes(3, "big")
    message = b"\x01" + size + struct.pack(">H", number) + b"\0\0\0" + size + body
    return struct.pack(">BHHIHH", 22, DTLS1_0, 0, 0, number, len(message)) + message


def known_groups(*, hybrid: bool = False) -> tuple[int, ...]:
    """Give all groups of the registry, hybrids or the others."""
    return tuple(one for one in groups() if is_hybrid_group(one) is hybrid)
