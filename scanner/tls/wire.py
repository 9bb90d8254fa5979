"""What a server says in clear during a TLS handshake, read without trust.

Pure and total: any bytes give a :class:`Flight`, none raises; each byte is looked at once, however
it is cut into records and segments. RFC 5246, 8446, 4492, 5746, 6066, 6520, 7301, 7366, 7627; the
Netscape specification for SSLv2.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from scanner.tls.registry import SSL2, suites

FLIGHT_LIMIT_BYTES: Final = 262_144
"""The longest first flight that is read. Real chains stay under 20 kB."""
_RECORD_LIMIT = 16_384 + 2_048
_MESSAGE_LIMIT = 131_072
"""The longest handshake message: a chain of ten large certificates is a quarter of it."""
_MESSAGES_LIMIT = 64
"""Messages in clear of one flight; the longest real one has seven."""
_CHAIN_LIMIT = 10
_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE, _APPLICATION_DATA = 20, 21, 22, 23
_SERVER_HELLO, _NEW_SESSION_TICKET, _CERTIFICATE, _SERVER_KEY_EXCHANGE = 2, 4, 11, 12
_CERTIFICATE_REQUEST, _SERVER_HELLO_DONE, _CERTIFICATE_STATUS = 13, 14, 22

STATUS_REQUEST, SUPPORTED_GROUPS, SIGNATURE_ALGORITHMS, HEARTBEAT, ALPN = 5, 10, 13, 15, 16
SIGNED_TIMESTAMPS = 18
ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, SESSION_TICKET, EARLY_DATA = 22, 23, 35, 42
SUPPORTED_VERSIONS, COOKIE, KEY_SHARE, RENEGOTIATION_INFO = 43, 44, 51, 0xFF01
_EXPLICIT_PRIME, _EXPLICIT_CHAR2, _NAMED_CURVE = 1, 2, 3
_HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

_ALERTS: Final = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
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
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    115: "unknown_psk_identity",
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
    """Chosen version, ``0x0002`` or ``0x0300`` to ``0x0304``."""
    suite: int | None = None
    kinds: tuple[int, ...] = ()
    """SSLv2: the cipher kinds that the server has."""
    retry: bool = False
    """The hello was a HelloRetryRequest."""
    group: int | None = None
    """Named group: of the key share or of the retry, of ServerKeyExchange below TLS 1.3."""
    share: bytes = b""
    """TLS 1.3: the server's key share."""
    compression: int = 0
    extensions: frozenset[int] = frozenset()
    extension_data: dict[int, bytes] = field(default_factory=dict[int, bytes])
    certificates: tuple[bytes, ...] = ()
    """DER, in the order sent; below TLS 1.3 only."""
    dh_prime_bits: int | None = None
    """Size of the prime, when the message that follows a DHE suite could be read."""
    dh_prime_sha256: str = ""
    public_sha256: str = ""
    """Of the ephemeral public value of ServerKeyExchange."""
    scheme: int | None = None
    """TLS 1.2: what ServerKeyExchange is signed with."""
    client_certificate: bool = False
    """A CertificateRequest was seen."""
    staple: bytes = b""
    """The OCSP response of a CertificateStatus, DER."""
    ticket_lifetime_s: int | None = None
    """Of a NewSessionTicket in clear."""
    hello_done: bool = False
    alert: Alert | None = None
    """First fatal alert in clear."""
    warnings: list[Alert] = field(default_factory=list[Alert])
    is_over: bool = False
    """Nothing more of it can be read: done, encrypted from here on, too long or malformed."""
    is_hostile: bool = False
    """It broke a bound or its own lengths."""

    @property
    def secure_renegotiation(self) -> bool:
        """The ServerHello carries renegotiation_info (RFC 5746)."""
        return RENEGOTIATION_INFO in self.extensions

    @property
    def extended_master_secret(self) -> bool:
        """The ServerHello carries extended_master_secret (RFC 7627)."""
        return EXTENDED_MASTER_SECRET in self.extensions

    @property
    def alpn(self) -> str:
        """Protocol that the ServerHello chose (RFC 7301)."""
        return read_alpn(self.extension_data.get(ALPN, b""))


def read_alpn(data: bytes) -> str:
    """Give the protocol of a server's ALPN extension; empty when it is malformed."""
    if len(data) < 4 or len(data) != 3 + data[2]:
        return ""
    return data[3:].decode("ascii", "replace")


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
    if not is_tls_answer(data):
        return Flight()
    reader = Reader(past_done=True)
    reader.feed(data)
    return reader.flight


class Reader:
    """Reads a flight as it comes."""

    __slots__ = (
        "_began",
        "_buffer",
        "_messages",
        "_past_done",
        "_plain",
        "_taken",
        "flight",
        "raw",
    )

    def __init__(self, *, past_done: bool = False) -> None:
        self.flight = Flight()
        self.raw: list[bytes] = []
        """Whole handshake messages, headers included, for a transcript."""
        self._past_done = past_done
        self._buffer = bytearray()
        self._plain = bytearray()
        self._taken = 0
        self._messages = 0
        self._began = False

    @property
    def rest(self) -> bytes:
        """What came behind the last record read: ciphertext, once TLS 1.3 has begun."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> bool:
        """Take in bytes; give whether the flight is over."""
        flight = self.flight
        if flight.is_over:
            self._buffer += data
            return True
        self._taken += len(data)
        self._buffer += data
        if self._taken > FLIGHT_LIMIT_BYTES:
            flight.is_hostile = flight.is_over = True
            return True
        self._read_records()
        return flight.is_over

    def resume(self) -> None:
        """Read on after a HelloRetryRequest, which is no end when a second hello follows it."""
        self.flight.is_over = False
        self._read_records()

    def _read_records(self) -> None:
        flight, buffer = self.flight, self._buffer
        at = 0
        while at + 5 <= len(buffer) and not flight.is_over:
            kind, major = buffer[at], buffer[at + 1]
            length = buffer[at + 3] << 8 | buffer[at + 4]
            if major != 3 or not 0 < length <= _RECORD_LIMIT:
                self._malformed()
                break
            end = at + 5 + length
            if end > len(buffer):
                break
            self._record(kind, bytes(buffer[at + 5 : end]))
            if not (flight.is_over and kind == _APPLICATION_DATA):
                at = end
        del buffer[:at]

    def _malformed(self) -> None:
        self.flight.is_over = self.flight.is_hostile = True

    def _record(self, kind: int, body: bytes) -> None:
        flight = self.flight
        if not self._began:
            self._began = True
            shape = b"%c\x03\x03%c%c" % (kind, len(body) >> 8, len(body) & 0xFF) + body[:1]
            # A first message cut into records too small to hold its header is TLS all the same.
            if not is_tls_answer(shape) and not (kind == _HANDSHAKE and body[0] == _SERVER_HELLO):
                flight.is_over = True
                return
            flight.is_tls = True
        if kind == _HANDSHAKE:
            self._plain += body
            self._read_messages()
        elif kind == _ALERT and len(body) == 2:
            alert = Alert(body[0], body[1])
            if alert.is_fatal:
                flight.alert = alert
                flight.is_over = True
            elif len(flight.warnings) < _MESSAGES_LIMIT:
                flight.warnings.append(alert)
            else:
                self._malformed()
        elif kind == _CHANGE_CIPHER_SPEC and flight.version == 0x0304 and body == b"\x01":
            # TLS 1.3 puts a dummy one behind its hello (RFC 8446 D.4).
            pass
        else:
            flight.is_over = True

    def _read_messages(self) -> None:
        plain, flight = self._plain, self.flight
        while len(plain) >= 4 and not flight.is_over:
            length = int.from_bytes(plain[1:4], "big")
            if length > _MESSAGE_LIMIT or self._messages >= _MESSAGES_LIMIT:
                self._malformed()
                return
            if len(plain) < 4 + length:
                return
            self._messages += 1
            message = bytes(plain[: 4 + length])
            del plain[: 4 + length]
            self.raw.append(message)
            _take(flight, message[0], message[4:])
            if flight.hello_done and not self._past_done:
                flight.is_over = True
            if flight.retry and message[0] == _SERVER_HELLO:
                flight.is_over = True


def _take(flight: Flight, kind: int, body: bytes) -> None:
    if kind == _SERVER_HELLO:
        _take_server_hello(flight, body)
    elif kind == _CERTIFICATE and not flight.certificates:
        flight.certificates = read_certificates(body)
    elif kind == _SERVER_KEY_EXCHANGE:
        _take_key_exchange(flight, body)
    elif kind == _CERTIFICATE_REQUEST:
        flight.client_certificate = True
    elif kind == _CERTIFICATE_STATUS:
        flight.staple = read_staple(body)
    elif kind == _NEW_SESSION_TICKET and len(body) >= 6:
        flight.ticket_lifetime_s = int.from_bytes(body[:4], "big")
    elif kind == _SERVER_HELLO_DONE:
        flight.hello_done = True


def _take_server_hello(flight: Flight, body: bytes) -> None:
    if len(body) < 38 or body[0] != 3 or body[34] > 32:
        return
    at = 35 + body[34]
    if at + 3 > len(body):
        return
    version = int.from_bytes(body[:2], "big")
    extensions = dict(read_extensions(body[at + 3 :]))
    chosen = extensions.get(SUPPORTED_VERSIONS)
    if chosen is not None and len(chosen) == 2:
        version = int.from_bytes(chosen, "big")
    if not 0x0300 <= version <= 0x0304:
        return
    flight.version = version
    flight.suite = int.from_bytes(body[at : at + 2], "big")
    flight.compression = body[at + 2]
    flight.retry = body[2:34] == _HELLO_RETRY
    share = extensions.get(KEY_SHARE, b"")
    if version == 0x0304 and len(share) >= 2:
        flight.group = int.from_bytes(share[:2], "big")
        flight.share = share[4 : 4 + int.from_bytes(share[2:4], "big")]
    if not flight.retry:
        flight.extensions = frozenset(extensions)
    flight.extension_data = extensions


def _take_key_exchange(flight: Flight, body: bytes) -> None:
    suite = suites().get(flight.suite or 0)
    if suite is None or suite.is_keyed:
        return
    if suite.exchange == "DHE" or (suite.exchange == "DH" and suite.weakness == "export"):
        values: list[bytes] = []
        at = 0
        for _ in range(3):
            length = int.from_bytes(body[at : at + 2], "big")
            values.append(body[at + 2 : at + 2 + length])
            at += 2 + length
        prime = values[0].lstrip(b"\0")
        if at > len(body) or not prime:
            return
        flight.dh_prime_bits = int.from_bytes(prime, "big").bit_length()
        flight.dh_prime_sha256 = hashlib.sha256(prime).hexdigest()
        flight.public_sha256 = hashlib.sha256(values[2]).hexdigest()
    elif suite.exchange == "ECDHE":
        if len(body) < 4 or body[0] not in {_EXPLICIT_PRIME, _EXPLICIT_CHAR2, _NAMED_CURVE}:
            return
        group, point = int.from_bytes(body[1:3], "big"), 3
        if body[0] != _NAMED_CURVE:
            group, point = _explicit_curve(body)
            flight.group = group
        if not 0 < point < len(body):
            return
        at = point + 1 + body[point]
        if at > len(body):
            return
        flight.group = group
        flight.public_sha256 = hashlib.sha256(body[point + 1 : at]).hexdigest()
    else:
        return
    if flight.version == 0x0303 and suite.signed_by != "anon" and len(body) >= at + 4:
        flight.scheme = int.from_bytes(body[at : at + 2], "big")


def _explicit_curve(body: bytes) -> tuple[int, int]:
    """Give the group that stands for a curve spelled out (RFC 4492 5.4), and where its text ends.

    The end is -1 where the text is cut short.
    """
    at = 1
    if body[0] == _EXPLICIT_CHAR2:
        # m, then the exponents of its basis: one or three.
        at = 4
        for _ in range(1 if body[3:4] == b"\x01" else 3):
            at += 1 + (body[at] if at < len(body) else 255)
        numbers = 5
    else:
        numbers = 6
    for _ in range(numbers):
        at += 1 + (body[at] if at < len(body) else 255)
    return 0xFF00 | body[0], at if at <= len(body) else -1


def read_staple(body: bytes) -> bytes:
    """Give the OCSP response of a CertificateStatus (RFC 6066 8), DER; empty: of another kind."""
    if len(body) <= 4 or body[0] != 1:
        return b""
    return body[4 : 4 + int.from_bytes(body[1:4], "big")]


def read_extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give type and content of each extension of a block that begins with its length."""
    end = min(len(data), 2 + int.from_bytes(data[:2], "big"))
    at = 2
    while at + 4 <= end:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 4 + length > end:
            return
        yield int.from_bytes(data[at : at + 2], "big"), data[at + 4 : at + 4 + length]
        at += 4 + length


def read_certificates(body: bytes) -> tuple[bytes, ...]:
    """Give the DER of the first ten certificates of a Certificate message below TLS 1.3."""
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


def read_sslv2(data: bytes) -> Flight | None:
    """Read an SSLv2 SERVER-HELLO; ``None`` while it is not whole, a flight that is over otherwise.

    A server without SSLv2 answers with an alert, in TLS records, or closes.
    """
    if data[:1] and not data[0] & 0x80:
        flight = read_flight(data)
        flight.is_over = flight.alert is not None or not flight.is_tls
        return flight if flight.is_over or len(data) > 64 else None
    if len(data) < 2:
        return None
    size = (data[0] & 0x7F) << 8 | data[1]
    if not 11 <= size <= 16_384 or (len(data) > 2 and data[2] != 4):
        return Flight(is_over=True)
    if len(data) < 2 + size:
        return None
    body = data[2 : 2 + size]
    version = int.from_bytes(body[3:5], "big")
    certificate, kinds = int.from_bytes(body[5:7], "big"), int.from_bytes(body[7:9], "big")
    if version != SSL2 or 11 + certificate + kinds > size or kinds % 3:
        return Flight(is_over=True)
    specs = body[11 + certificate : 11 + certificate + kinds]
    return Flight(
        is_tls=True,
        version=SSL2,
        kinds=tuple(int.from_bytes(specs[at : at + 3], "big") for at in range(0, kinds, 3)),
        certificates=(body[11 : 11 + certificate],) if certificate and body[2] == 1 else (),
        is_over=True,
    )
