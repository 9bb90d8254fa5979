"""What a TLS service agreed to, and the certificates it showed."""

import enum
from datetime import datetime

import msgspec

from core.observations.base import Observation


class Trust(enum.Enum):
    """Where the chain of a service leads, by the public roots alone."""

    PUBLIC = "public"
    """To a public root."""
    SELF_SIGNED = "self-signed"
    """Nowhere: the certificate is signed by its own key."""
    PRIVATE = "private"
    """To an authority that is not among the public roots."""
    MISSING_LINK = "missing-link"
    """Issued in public (it carries certificate transparency proofs); the issuer was not sent."""


class KeyType(enum.Enum):
    """Kinds of public keys."""

    RSA = "rsa"
    EC = "ec"
    ED25519 = "ed25519"
    ED448 = "ed448"
    DSA = "dsa"
    OTHER = "other"


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One X.509 certificate as it was sent. A field that could not be read is ``None`` or empty."""

    sha256: str
    """Of the DER, lower-case hexadecimal."""
    spki_sha256: str = ""
    """Of the SubjectPublicKeyInfo: the same key gives the same value in any certificate."""
    error: str = ""
    """Why it could not be read, when it could not; then only ``sha256`` is set."""
    subject: str = ""
    """RFC 4514, at most 1,024 characters, as ``issuer``."""
    issuer: str = ""
    names: tuple[str, ...] = ()
    """DNS names and addresses of subjectAltName, in order, lower case, at most 200."""
    serial: str = ""
    """Hexadecimal."""
    not_before: datetime | None = None
    not_after: datetime | None = None
    key_type: KeyType | None = None
    key_bits: int | None = None
    """Size of the modulus or of the curve."""
    curve: str = ""
    signature_hash: str = ""
    """``sha256``, ``sha1``…; empty where the scheme has none of its own (EdDSA)."""
    self_signed: bool | None = None
    """Signed by its own key, verified."""
    is_ca: bool | None = None
    is_rdp_default: bool = False
    """Made by Windows for its own remote desktop: self-signed, one CN, serverAuth, six months."""
    has_sct: bool = False
    """Carries certificate transparency proofs (RFC 6962): public authorities alone put them."""


class TlsService(Observation, frozen=True, kw_only=True, tag="tls"):
    """One service that speaks TLS, from the first byte or after ``starttls``.

    ``True``: the service agreed. ``False``: it refused in so many words, or chose something else
    out of an offer that held it. A silence, a reset or an ambiguous alert is ``None``.
    """

    starttls: str = ""
    """Protocol that opened the way (``smtp``, ``rdp``…); empty: from the first byte."""
    sni: str | None = None
    """Name sent; ``None``: none was."""
    name_needed: bool = False
    """TLS is there, and refuses whoever gives no name that it knows."""
    client_certificate: bool | None = None
    """The service asks its clients for a certificate."""
    sslv2: bool | None = None
    sslv3: bool | None = None
    tls1_0: bool | None = None
    tls1_1: bool | None = None
    tls1_2: bool | None = None
    tls1_3: bool | None = None
    suites: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Version → suite chosen by the service out of all those of OpenSSL (its names), or ``0x…``."""
    forward_secrecy: bool | None = None
    """``False``: none of the suites that have it was agreed to."""
    dhe: bool | None = None
    """Finite-field Diffie-Hellman below TLS 1.3 (1.3 has named groups of 2,048 bits and more)."""
    dh_bits: int | None = None
    """Size of its prime."""
    secure_renegotiation: bool | None = None
    """RFC 5746; true also where TLS 1.3 alone is spoken, which has no renegotiation."""
    extended_master_secret: bool | None = None
    """RFC 7627; true also where TLS 1.3 alone is spoken, which has it built in."""
    null_suites: bool | None = None
    anonymous_suites: bool | None = None
    export_suites: bool | None = None
    rc4: bool | None = None
    des: bool | None = None
    triple_des: bool | None = None
    cbc_without_encrypt_then_mac: bool | None = None
    weak_curve: bool | None = None
    compression: bool | None = None
    server_order: bool | None = None
    downgrade_protection: bool | None = None
    chain: tuple[Certificate, ...] = ()
    """As sent, the certificate of the service first, at most 10."""
    trust: Trust | None = None
    chain_ordered: bool | None = None
    """Each certificate sent issued the one before."""
    path: tuple[str, ...] = ()
    """Subjects from the certificate of the service up to the last authority found."""
    missing_issuer: str = ""
    """Issuer that was neither sent nor among the public roots."""
    connections: int = 0

    @property
    def leaf(self) -> Certificate | None:
        """The certificate of the service itself, when one was seen and could be read."""
        return self.chain[0] if self.chain and not self.chain[0].error else None

    def why_not(self, field: str) -> str:
        """Give the reason why a field is ``None``."""
        return self.why.get(field, "undetermined")
