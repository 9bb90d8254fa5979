"""The client's side of one TLS 1.3 handshake: what a server says only under encryption.

Extensions, certificates and tickets of TLS 1.3 come encrypted. A key exchange of our own reads them
whatever OpenSSL would refuse (a key too short, a curve or a signature it no longer has), and on the
connection that also measures the choice of the group. Nothing is verified: who reads is a scanner.
RFC 8446 4.4, 5.2, 7.1. Sans-I/O.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scanner.tls.hello import P256, P384, P521, X448, X25519
from scanner.tls.wire import (
    ALPN,
    EARLY_DATA,
    SIGNED_TIMESTAMPS,
    STATUS_REQUEST,
    read_alpn,
    read_extensions,
    read_staple,
)

_ENCRYPTED_EXTENSIONS, _CERTIFICATE, _CERTIFICATE_REQUEST = 8, 11, 13
_CERTIFICATE_VERIFY, _FINISHED, _NEW_SESSION_TICKET = 15, 20, 4
_ALERT, _HANDSHAKE, _APPLICATION_DATA, _CHANGE_CIPHER_SPEC = 21, 22, 23, 20
_MESSAGE_LIMIT = 131_072
_RECORD_LIMIT = 16_384 + 256
_CHAIN_LIMIT = 10
_TICKETS_LIMIT = 16
_EMPTY_RECORDS_LIMIT = 32

_Aead = AESGCM | AESCCM | ChaCha20Poly1305


@dataclass(frozen=True, slots=True)
class _Parameters:
    hash: str
    key_bytes: int
    aead: Callable[[bytes], _Aead]


SUITES: Final = {
    0x1301: _Parameters("sha256", 16, AESGCM),
    0x1302: _Parameters("sha384", 32, AESGCM),
    0x1303: _Parameters("sha256", 32, ChaCha20Poly1305),
    0x1304: _Parameters("sha256", 16, AESCCM),
    0x1305: _Parameters("sha256", 16, lambda key: AESCCM(key, tag_length=8)),
}
"""Suites of TLS 1.3 that can be followed under encryption."""

_CURVES: Final[dict[int, Callable[[], ec.EllipticCurve]]] = {
    P256: ec.SECP256R1,
    P384: ec.SECP384R1,
    P521: ec.SECP521R1,
}
FOLLOWED_GROUPS: Final = (X25519, P256, P384, P521, X448)
"""Groups for which a key can be made."""

_Private = x25519.X25519PrivateKey | x448.X448PrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Our half of an exchange."""

    group: int
    private: _Private
    public: bytes
    """As key_share carries it."""

    @classmethod
    def make(cls, group: int) -> "KeyPair | None":
        """Make a key for a group; ``None`` when it is not one of :data:`FOLLOWED_GROUPS`."""
        try:
            if group == X25519:
                private: _Private = x25519.X25519PrivateKey.generate()
            elif group == X448:
                private = x448.X448PrivateKey.generate()
            elif group in _CURVES:
                private = ec.generate_private_key(_CURVES[group]())
            else:
                return None
        except UnsupportedAlgorithm:
            # OpenSSL in FIPS mode has neither X25519 nor X448.
            return None
        if isinstance(private, ec.EllipticCurvePrivateKey):
            public = private.public_key().public_bytes(
                Encoding.X962, PublicFormat.UncompressedPoint
            )
        else:
            public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(group, private, public)

    def shared(self, theirs: bytes) -> bytes | None:
        """Give the shared secret; ``None`` when what they sent is no point of the group."""
        try:
            if isinstance(self.private, ec.EllipticCurvePrivateKey):
                curve = self.private.curve
                point = ec.EllipticCurvePublicKey.from_encoded_point(curve, theirs)
                return self.private.exchange(ec.ECDH(), point)
            if isinstance(self.private, x448.X448PrivateKey):
                return self.private.exchange(x448.X448PublicKey.from_public_bytes(theirs))
            return self.private.exchange(x25519.X25519PublicKey.from_public_bytes(theirs))
        except ValueError:
            return None


@dataclass(slots=True)
class Hidden:
    """What the server said under encryption."""

    alpn: str = ""
    staple: bytes = b""
    """The OCSP response for the first certificate, DER."""
    timestamps: bool = False
    """Proofs of transparency came with the first certificate (RFC 6962 3.3.1)."""
    certificates: tuple[bytes, ...] = ()
    client_certificate: bool = False
    context: bytes = b""
    """Of the CertificateRequest, to be given back."""
    scheme: int | None = None
    """What CertificateVerify is signed with."""
    finished: bool = False
    tickets: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Lifetime in seconds and most early data in bytes, of each NewSessionTicket."""
    alert: int | None = None
    is_over: bool = False
    is_hostile: bool = False


class Secrets:
    """Keys of one handshake, from ServerHello on."""

    def __init__(self, suite: int, shared: bytes, transcript: bytes) -> None:
        """Begin after ServerHello; ``transcript`` is all handshake messages up to it."""
        self._suite = SUITES[suite]
        self._hash = self._suite.hash
        self._digest = hashlib.new(self._hash, transcript)
        size = self._digest.digest_size
        early = hmac.digest(bytes(size), bytes(size), self._hash)
        salt = self._derive(early, b"derived", hashlib.new(self._hash).digest())
        handshake = hmac.digest(salt, shared, self._hash)
        here = self._digest.digest()
        self._client = self._derive(handshake, b"c hs traffic", here)
        self._server = self._derive(handshake, b"s hs traffic", here)
        salt = self._derive(handshake, b"derived", hashlib.new(self._hash).digest())
        self._master = hmac.digest(salt, bytes(size), self._hash)
        self._opening = _Keys(self, self._server)
        self._buffer = bytearray()
        self._plain = bytearray()
        self._taken = 0
        self._empty = 0
        self.hidden = Hidden()

    def feed(self, data: bytes) -> bool:
        """Take in records; give whether nothing more can be read, or the server has finished."""
        hidden, buffer = self.hidden, self._buffer
        buffer += data
        at = 0
        while at + 5 <= len(buffer) and not hidden.is_over:
            length = buffer[at + 3] << 8 | buffer[at + 4]
            if length > _RECORD_LIMIT:
                self._hostile()
                break
            if at + 5 + length > len(buffer):
                break
            self._record(bytes(buffer[at : at + 5]), bytes(buffer[at + 5 : at + 5 + length]))
            at += 5 + length
        del buffer[:at]
        return hidden.is_over or hidden.finished

    def answer(self) -> bytes:
        """Give our last flight, and a farewell behind it: the server's tickets come before its own.

        An empty Certificate answers a request for one.
        """
        transcript = self._digest.digest()
        keys = _Keys(self, self._client)
        out = b"\x14\x03\x03\x00\x01\x01"
        messages = b""
        if self.hidden.client_certificate:
            context = self.hidden.context
            body = bytes([len(context)]) + context + b"\0\0\0"
            messages = bytes([_CERTIFICATE]) + len(body).to_bytes(3, "big") + body
        application = self._derive(self._master, b"c ap traffic", transcript)
        self._digest.update(messages)
        size = self._digest.digest_size
        key = self._expand(self._client, b"finished", b"", size)
        verify = hmac.digest(key, self._digest.digest(), self._hash)
        messages += bytes([_FINISHED]) + size.to_bytes(3, "big") + verify
        out += keys.seal(messages, _HANDSHAKE)
        self._opening = _Keys(self, self._derive(self._master, b"s ap traffic", transcript))
        self.hidden.finished = False
        return out + _Keys(self, application).seal(b"\x01\x00", _ALERT)

    def _record(self, header: bytes, body: bytes) -> None:
        if header[0] == _CHANGE_CIPHER_SPEC and body == b"\x01":
            self._count_empty()
            return
        if header[0] == _ALERT and len(body) == 2:
            self.hidden.alert, self.hidden.is_over = body[1], True
            return
        inner = self._opening.open(header, body) if header[0] == _APPLICATION_DATA else None
        if inner is None:
            self._hostile()
            return
        inner = inner.rstrip(b"\0")
        kind, inner = inner[-1:], inner[:-1]
        if not inner:
            self._count_empty()
        if kind == bytes([_HANDSHAKE]):
            self._plain += inner
            self._read_messages()
        elif kind == bytes([_ALERT]) and len(inner) == 2:
            self.hidden.alert, self.hidden.is_over = inner[1], True
        else:
            # Application data: it greets, and has said all that a handshake says.
            self.hidden.is_over = True

    def _count_empty(self) -> None:
        self._empty += 1
        if self._empty > _EMPTY_RECORDS_LIMIT:
            self._hostile()

    def _hostile(self) -> None:
        self.hidden.is_hostile = self.hidden.is_over = True

    def _read_messages(self) -> None:
        plain, hidden = self._plain, self.hidden
        while len(plain) >= 4 and not hidden.is_over:
            length = int.from_bytes(plain[1:4], "big")
            if length > _MESSAGE_LIMIT:
                self._hostile()
                return
            if len(plain) < 4 + length:
                return
            message = bytes(plain[: 4 + length])
            del plain[: 4 + length]
            self._taken += len(message)
            if self._taken > 2 * _MESSAGE_LIMIT:
                self._hostile()
                return
            self._message(message[0], message[4:])
            self._digest.update(message)

    def _message(self, kind: int, body: bytes) -> None:
        hidden = self.hidden
        if kind == _ENCRYPTED_EXTENSIONS:
            hidden.alpn = read_alpn(dict(read_extensions(body)).get(ALPN, b""))
        elif kind == _CERTIFICATE_REQUEST and body:
            hidden.client_certificate = True
            hidden.context = body[1 : 1 + body[0]]
        elif kind == _CERTIFICATE and not hidden.certificates:
            entries = tuple(_entries(body))
            hidden.certificates = tuple(der for der, _ in entries)
            if entries:
                hidden.timestamps = SIGNED_TIMESTAMPS in entries[0][1]
                hidden.staple = read_staple(entries[0][1].get(STATUS_REQUEST, b""))
        elif kind == _CERTIFICATE_VERIFY and len(body) >= 2:
            hidden.scheme = int.from_bytes(body[:2], "big")
        elif kind == _FINISHED:
            hidden.finished = True
        elif kind == _NEW_SESSION_TICKET and len(hidden.tickets) < _TICKETS_LIMIT:
            ticket = _ticket(body)
            if ticket is not None:
                hidden.tickets.append(ticket)

    def _derive(self, secret: bytes, label: bytes, context: bytes) -> bytes:
        return self._expand(secret, label, context, self._digest.digest_size)

    def _expand(self, secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
        return expand(secret, label, context, size, self._hash)

    @property
    def parameters(self) -> _Parameters:
        """What the suite is made of."""
        return self._suite


class _Keys:
    """One direction of traffic."""

    __slots__ = ("_aead", "_iv", "_number")

    def __init__(self, secrets: Secrets, secret: bytes) -> None:
        suite = secrets.parameters
        self._aead = suite.aead(expand(secret, b"key", b"", suite.key_bytes, suite.hash))
        self._iv = int.from_bytes(expand(secret, b"iv", b"", 12, suite.hash), "big")
        self._number = 0

    def _nonce(self) -> bytes:
        nonce = (self._iv ^ self._number).to_bytes(12, "big")
        self._number += 1
        return nonce

    def open(self, header: bytes, body: bytes) -> bytes | None:
        """Decrypt one record; ``None`` when it is none of this key's."""
        try:
            return self._aead.decrypt(self._nonce(), body, header)
        except (InvalidTag, ValueError):
            return None

    def seal(self, inner: bytes, kind: int) -> bytes:
        """Encrypt one record."""
        plain = inner + bytes([kind])
        tag_bytes = len(self._aead.encrypt(bytes(12), b"", None))
        header = struct.pack(">BHH", _APPLICATION_DATA, 0x0303, len(plain) + tag_bytes)
        return header + self._aead.encrypt(self._nonce(), plain, header)


def expand(secret: bytes, label: bytes, context: bytes, size: int, hash_name: str) -> bytes:
    """Give HKDF-Expand-Label of RFC 8446 7.1; ``size`` is at most that of the hash."""
    label = b"tls13 " + label
    info = struct.pack(">HB", size, len(label)) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", hash_name)[:size]


def retried(first: bytes, suite: int) -> bytes:
    """Give what stands for a first hello in the transcript once it was retried (RFC 8446 4.4.1)."""
    digest = hashlib.new(SUITES[suite].hash, first).digest()
    return b"\xfe\0\0" + bytes([len(digest)]) + digest


def _entries(body: bytes) -> Iterator[tuple[bytes, dict[int, bytes]]]:
    at = 1 + body[0] + 3 if body else 0
    for _ in range(_CHAIN_LIMIT):
        length = int.from_bytes(body[at : at + 3], "big")
        end = at + 3 + length
        if not length or end + 2 > len(body):
            return
        size = int.from_bytes(body[end : end + 2], "big")
        yield body[at + 3 : end], dict(read_extensions(body[end : end + 2 + size]))
        at = end + 2 + size


def _ticket(body: bytes) -> tuple[int, int] | None:
    if len(body) < 9:
        return None
    at = 9 + body[8]
    at += 2 + int.from_bytes(body[at : at + 2], "big")
    if at > len(body):
        return None
    early = dict(read_extensions(body[at:])).get(EARLY_DATA, b"")
    most = int.from_bytes(early, "big") if len(early) == 4 else 0
    return int.from_bytes(body[:4], "big"), most
