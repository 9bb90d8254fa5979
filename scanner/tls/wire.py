"""What a server says in clear during a TLS handshake, read without trust.

Pure and total: any bytes give a :class:`Flight`, none raises. RFC 5246, 8446, 5746, 7627.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

FLIGHT_LIMIT_BYTES: Final = 262_144
"""The longest first flight that is read. Real chains stay under 20 kB."""
_RECORD_LIMIT = 16_384 + 2_048
_CHAIN_LIMIT = 10
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA = 20, 21, 22, 23
_SERVER_HELLO, _CERTIFICATE, _SERVER_KEY_EXCHANGE = 2, 11, 12
_CERTIFICATE_REQUEST, _SERVER_HELLO_DONE = 13, 14
_EXTENDED_MASTER_SECRET, _SUPPORTED_VERSIONS, _RENEGOTIATION_INFO = 23, 43, 0xFF01
_HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

_ALERTS: Final = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    116: "certificate_required",
    120: "no_application_protocol",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert in clear."""

    level: int
    description: int

    @property
    def name(self) -> str:
        """Its name in RFC 8446, or its number."""
        return _ALERTS.get(self.description, str(self.description))

    @property
    def is_fatal(self) -> bool:
        """Whether it ends the handshake; level 1 is a warning below TLS 1.3."""
        return self.level == 2 or self.description == 0


@dataclass(slots=True)
class Flight:
    """What the server said before encryption began."""

    is_tls: bool = False
    """The first record has the shape of TLS."""
    version: int | None = None
    """Chosen version, ``0x0300`` to ``0x0304``."""
    suite: int | None = None
    extensions: frozenset[int] = frozenset()
    certificates: tuple[bytes, ...] = ()
    """DER, in the order sent; below TLS 1.3 only."""
    dh_prime_bits: int | None = None
    """Size of the prime, when the message that follows a DHE suite could be read."""
    client_certificate: bool = False
    """A CertificateRequest was seen."""
    hello_done: bool = False
    alert: Alert | None = None
    """First fatal alert in clear."""
    warnings: list[Alert] = field(default_factory=list[Alert])

    @property
    def secure_renegotiation(self) -> bool:
        """The ServerHello carries renegotiation_info (RFC 5746)."""
        return _RENEGOTIATION_INFO in self.extensions

    @property
    def extended_master_secret(self) -> bool:
        """The ServerHello carries extended_master_secret (RFC 7627)."""
        return _EXTENDED_MASTER_SECRET in self.extensions


def is_tls_answer(data: bytes) -> bool:
    """Tell whether these bytes are how a TLS server answers a hello: a ServerHello or an alert."""
    if len(data) < 6 or data[1] != 3 or data[2] > 4:
        return False
    length = int.from_bytes(data[3:5], "big")
    if data[0] == _ALERT:
        return length == 2 and data[5] in (1, 2)
    return data[0] == _HANDSHAKE and 4 <= length <= _RECORD_LIMIT and data[5] == _SERVER_HELLO


def read_flight(data: bytes) -> Flight:
    """Read the first flight of a server, as far as it goes and as long as it makes sense."""
    flight = Flight(is_tls=is_tls_answer(data))
    if not flight.is_tls:
        return flight
    handshake = bytearray()
    for kind, body in _records(data[:FLIGHT_LIMIT_BYTES]):
        if kind == _HANDSHAKE:
            handshake += body
        elif kind == _ALERT and len(body) == 2:
            alert = Alert(body[0], body[1])
            if alert.is_fatal:
                flight.alert = alert
                break
            flight.warnings.append(alert)
        elif kind in (_CHANGE_CIPHER_SPEC, _APPLICATION_DATA):
            # TLS 1.3 puts a dummy CCS behind its hello (RFC 8446 D.4); what follows is encrypted.
            break
        else:
            break
    for kind, body in _messages(bytes(handshake)):
        _take(flight, kind, body)
        if flight.hello_done:
            break
    return flight


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 5 <= len(data):
        kind, major, length = data[at], data[at + 1], int.from_bytes(data[at + 3 : at + 5], "big")
        if major != 3 or not 0 < length <= _RECORD_LIMIT or at + 5 + length > len(data):
            return
        yield kind, data[at + 5 : at + 5 + length]
        at += 5 + length


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at + 1 : at + 4], "big")
        if at + 4 + length > len(data):
            return
        yield data[at], data[at + 4 : at + 4 + length]
        at += 4 + length


def _take(flight: Flight, kind: int, body: bytes) -> None:
    if kind == _SERVER_HELLO:
        _take_server_hello(flight, body)
    elif kind == _CERTIFICATE and not flight.certificates:
        flight.certificates = _certificates(body)
    elif kind == _SERVER_KEY_EXCHANGE and flight.suite in DHE_SUITES:
        prime = int.from_bytes(body[2 : 2 + int.from_bytes(body[:2], "big")], "big")
        flight.dh_prime_bits = prime.bit_length() or None
    elif kind == _CERTIFICATE_REQUEST:
        flight.client_certificate = True
    elif kind == _SERVER_HELLO_DONE:
        flight.hello_done = True


def _take_server_hello(flight: Flight, body: bytes) -> None:
    if len(body) < 38 or body[0] != 3 or body[34] > 32:
        return
    at = 35 + body[34]
    if at + 3 > len(body):
        return
    version = int.from_bytes(body[:2], "big")
    extensions = dict(_extensions(body[at + 3 :]))
    chosen = extensions.get(_SUPPORTED_VERSIONS)
    if chosen is not None and len(chosen) == 2:
        version = int.from_bytes(chosen, "big")
    if not 0x0300 <= version <= 0x0304:
        return
    flight.version = version
    flight.suite = int.from_bytes(body[at : at + 2], "big")
    if body[2:34] != _HELLO_RETRY:
        flight.extensions = frozenset(extensions)


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    end = min(len(data), 2 + int.from_bytes(data[:2], "big"))
    at = 2
    while at + 4 <= end:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 4 + length > end:
            return
        yield int.from_bytes(data[at : at + 2], "big"), data[at + 4 : at + 4 + length]
        at += 4 + length


def _certificates(body: bytes) -> tuple[bytes, ...]:
    found: list[bytes] = []
    end = min(len(body), 3 + int.from_bytes(body[:3], "big"))
    at = 3
    while at + 3 <= end and len(found) < _CHAIN_LIMIT:
        length = int.from_bytes(body[at : at + 3], "big")
        if not length or at + 3 + length > end:
            break
        found.append(body[at + 3 : at + 3 + length])
        at += 3 + length
    return tuple(found)


# IANA registry "TLS Cipher Suites", signed finite-field Diffie-Hellman: DHE_DSS and DHE_RSA.
DHE_SUITES: Final = frozenset(
    {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x32, 0x33, 0x38, 0x39, 0x40, 0x44, 0x45, 0x66, 0x67}
    | {0x6A, 0x6B, 0x87, 0x88, 0x99, 0x9A, 0x9E, 0x9F, 0xA2, 0xA3, 0xBD, 0xBE, 0xC3, 0xC4, 0xCCAA}
    | {0xC044, 0xC045, 0xC042, 0xC043, 0xC052, 0xC053, 0xC056, 0xC057, 0xC066, 0xC067, 0xC06A}
    | {0xC06B, 0xC07C, 0xC07D, 0xC080, 0xC081, 0xC09E, 0xC09F, 0xC0A2, 0xC0A3}
)
"""Suites whose ServerKeyExchange begins with a prime."""
