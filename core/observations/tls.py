"""What a TLS service agreed to, and the certificates it showed."""

import enum
from datetime import datetime

import msgspec

from core.observations.base import Observation


class Trust(enum.Enum):
    """Where the chain of a service leads."""

    PUBLIC = "public"
    """To a public root."""
    SELF_SIGNED = "self-signed"
    """Nowhere: the certificate is signed by its own key."""
    PRIVATE = "private"
    """To an authority that is not among the public roots."""
    DECLARED = "declared"
    """To a root that the inventory names (an internal authority, IGC-Santé)."""
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


EXPLICIT_CURVE = "explicit"
"""``curve`` of a key that spells its curve out, where RFC 5480 wants a name."""


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
    """Name; :data:`EXPLICIT_CURVE`; or the dotted OID of one that our library does not have."""
    signature_hash: str = ""
    """``sha256``, ``sha1``…; empty where the scheme has none of its own (EdDSA)."""
    self_signed: bool | None = None
    """Signed by its own key, verified."""
    is_ca: bool | None = None
    is_rdp_default: bool = False
    """Made by Windows for its own remote desktop: self-signed, one CN, serverAuth, six months."""
    has_sct: bool = False
    """Carries certificate transparency proofs (RFC 6962): public authorities alone put them."""
    sct_count: int = 0
    key_usage: tuple[str, ...] = ()
    """Names of RFC 5280 in kebab case (``digital-signature``…); empty: the extension is absent."""
    extended_key_usage: tuple[str, ...] = ()
    """Dotted OIDs; empty: the extension is absent."""
    rsa_exponent: int | None = None
    roca: bool | None = None
    """RSA modulus with the mark of CVE-2017-15361; ``None``: not an RSA key."""
    must_staple: bool = False
    """TLS feature extension with status_request (RFC 7633)."""
    ocsp_urls: tuple[str, ...] = ()
    """At most 8, as ``crl_urls`` and ``issuer_urls``. Never followed here."""
    crl_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()

    def covers(self, name: str) -> bool:
        """Whether it is made out to a name, as RFC 9525 says.

        A star stands for one whole leftmost label; the CN counts no more.
        """
        bare = name.lower().rstrip(".")
        return any(_matches(pattern.lower().rstrip("."), bare) for pattern in self.names)


def _matches(pattern: str, name: str) -> bool:
    if pattern == name:
        return True
    star, _, rest = pattern.partition(".")
    return star == "*" and "." in rest and rest == name.partition(".")[2]


class Suite(msgspec.Struct, frozen=True, array_like=True, order=True):
    """One cipher suite: in JSON, the pair of its number and name."""

    number: int
    """Of IANA, two bytes; a kind of SSLv2 has three (``0x010080``)."""
    name: str
    """Of IANA (``TLS_RSA_WITH_RC4_128_SHA``), of SSLv2 (``SSL_CK_RC4_128_WITH_MD5``), or
    ``0x…`` for a number that no list holds."""


class DhPrime(msgspec.Struct, frozen=True, kw_only=True):
    """One finite-field group that was met below TLS 1.3."""

    bits: int
    sha256: str
    """Of the prime, big-endian without leading zeros."""
    name: str = ""
    """Of a known prime (``ffdhe2048``, ``rfc2409-oakley-2``, ``java-1024``…); empty: not known."""
    common: bool = False
    """Shared by many servers: known, and no prime of RFC 7919 or RFC 3526 of 2,048 bits or more."""


class ShownChain(msgspec.Struct, frozen=True, kw_only=True):
    """Another chain that the same service shows: to another name, or for another kind of key."""

    sni: str | None
    """Name sent to get it; ``None``: none was."""
    chain: tuple[Certificate, ...]
    trust: Trust | None = None
    chain_ordered: bool | None = None
    missing_issuer: str = ""


class RevocationStatus(enum.Enum):
    """What an authority says of a certificate that it issued."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    """It does not know this certificate."""


class RevocationSource(enum.Enum):
    """How its word came."""

    STAPLE = "staple"
    """Stapled to the handshake (RFC 6066): nobody else was asked."""
    OCSP = "ocsp"
    CRL = "crl"


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one certificate; a ``status`` rests on an answer whose signature was
    verified, and stood in time unless it says revoked, which no time takes back."""

    sha256: str
    """Of the certificate."""
    subject: str = ""
    serial: str = ""
    status: RevocationStatus | None = None
    why: str = ""
    """Reason why ``status`` is ``None`` or ``UNKNOWN`` (:mod:`core.reasons`)."""
    source: RevocationSource | None = None
    url: str = ""
    """Where it was asked; empty for a staple."""
    revoked_at: datetime | None = None
    reason: str = ""
    """As RFC 5280 5.3.1 names it (``keyCompromise``); empty: not said."""
    as_of: datetime | None = None
    until: datetime | None = None


class Intolerance(enum.Enum):
    """What a server takes badly although the standard says to ignore it; worked around."""

    TLS1_3_HELLO = "tls1-3-hello"
    """A hello that offers TLS 1.3, where one that stops at 1.2 is answered."""
    TLS1_2_HELLO = "tls1-2-hello"
    """A hello that offers TLS 1.2, where an older one is answered."""
    EXTENSIONS = "extensions"
    """Any extension."""
    LONG_HELLO = "long-hello"
    """A hello over 255 bytes, or over some hundred suites."""
    UNKNOWN_NAME = "unknown-name"
    """Cuts or fails without, or with another than, a name that it knows."""
    NO_KEY_SHARE = "no-key-share"
    """A TLS 1.3 hello that leaves the choice of the group to the server."""


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
    """Version → suite that the service chose when all were offered; names as in :class:`Suite`."""
    accepted: dict[str, tuple[Suite, ...]] = msgspec.field(
        default_factory=dict[str, tuple[Suite, ...]]
    )
    """Version (``SSLv2`` ``SSLv3`` ``TLS1.0``…) → suites agreed to, in the order chosen."""
    enumerated: tuple[str, ...] = ()
    """Versions whose list in ``accepted`` is whole: all else of IANA's list was refused, but for
    suites that need a secret shared beforehand. The others: ``why["accepted"]``."""
    forward_secrecy: bool | None = None
    """``False``: none of the suites that have it was agreed to."""
    dhe: bool | None = None
    """Finite-field Diffie-Hellman below TLS 1.3 (1.3 has named groups of 2,048 bits and more)."""
    dh_bits: int | None = None
    """Size of its shortest prime."""
    dh_primes: tuple[DhPrime, ...] = ()
    """Those met, one each; EXPORT suites have their own."""
    dh_public_reused: bool | None = None
    """The same public value came in two handshakes (RFC 9325, 7.4; Raccoon)."""
    ec_public_reused: bool | None = None
    """The same, for elliptic curves."""
    groups: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict[str, tuple[str, ...]])
    """Version → named groups agreed to (``x25519``, ``X25519MLKEM768``, ``ffdhe2048``…), in the
    order chosen. Below TLS 1.3 one list under the highest version that has them."""
    groups_enumerated: tuple[str, ...] = ()
    """Versions whose list in ``groups`` is whole; the others: ``why["groups"]``."""
    hybrid_groups: bool | None = None
    """Agrees to a post-quantum hybrid group."""
    hello_retry: bool | None = None
    """Answers a TLS 1.3 hello without a key share by HelloRetryRequest, as RFC 8446 wants."""
    signature_schemes: dict[str, tuple[str, ...]] = msgspec.field(
        default_factory=dict[str, tuple[str, ...]]
    )
    """Version → what the service signed its key exchange with (``rsa_pss_rsae_sha256``…)."""
    weak_signature: bool | None = None
    """Signs its key exchange with SHA-1 or MD5 when TLS 1.2 offers nothing else (SLOTH)."""
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
    static_rsa: bool | None = None
    """Agrees to a key exchange by RSA encryption alone, without forward secrecy."""
    cbc_without_encrypt_then_mac: bool | None = None
    """Agreed to a CBC suite and left out encrypt-then-mac (RFC 7366) although it was offered."""
    encrypt_then_mac: bool | None = None
    """Took it up with a CBC suite; ``None`` also where no CBC suite is agreed to
    (``why``: ``not-offered``)."""
    weak_curve: bool | None = None
    """Agrees to a curve under 256 bits, or imposes one that it spells out itself."""
    compression: bool | None = None
    server_order: bool | None = None
    """Imposes its own; true also where there is one suite to choose, or TLS 1.3 alone."""
    downgrade_protection: bool | None = None
    """Refuses a fallback hello (RFC 7507); true also where one version alone is spoken."""
    alpn: tuple[str, ...] | None = None
    """Protocols that it took up when offered, in the order chosen; empty: none of ours."""
    session_tickets: bool | None = None
    ticket_lifetime_s: int | None = None
    """Lifetime (TLS 1.3) or hint (below) of the session ticket that it gave."""
    ocsp_stapling: bool | None = None
    transparency: bool | None = None
    """Gave certificate transparency proofs beside its certificate (RFC 6962, 3.3): in the handshake
    or in a stapled OCSP response."""
    heartbeat: bool | None = None
    """Took up the extension (RFC 6520). Nothing is ever sent in it."""
    early_data_bytes: int | None = None
    """Most 0-RTT data that its tickets allow; 0: none."""
    intolerances: tuple[Intolerance, ...] = ()
    chain: tuple[Certificate, ...] = ()
    """As sent, the certificate of the service first, at most 10."""
    trust: Trust | None = None
    chain_ordered: bool | None = None
    """Each certificate sent issued the one before."""
    path: tuple[str, ...] = ()
    """Subjects from the certificate of the service up to the last authority found."""
    missing_issuer: str = ""
    """Issuer that was neither sent nor among the public roots."""
    also_shown: tuple[ShownChain, ...] = ()
    """Chains other than ``chain``, by name and by kind of key, at most 12; ``why`` where names
    were left out."""
    revocations: tuple[Revocation, ...] = ()
    """One for each certificate met that says where to ask or came with a staple: those of the
    service first, then the authorities above."""
    connections: int = 0
    """Opened for this, the one that identified the service included."""
    spared: str = ""
    """Why fewer connections than usual were made: ``medical``, ``embedded``, ``intensity``."""
    stack: str = ""
    """Family of a small device's TLS stack, when recognised (``printer``, ``bmc``, ``camera``…)."""
    portal: bool = False
    """A remote-access portal was recognised behind it: people give their passwords here."""
    product: str = ""
    """Id of the product recognised behind it."""
    datagram: bool = False
    """DTLS over UDP; ``tls1_1`` then stands for DTLS 1.0, the others for their namesakes."""

    @property
    def leaf(self) -> Certificate | None:
        """The certificate of the service itself, when one was seen and could be read."""
        return self.chain[0] if self.chain and not self.chain[0].error else None

    def why_not(self, field: str) -> str:
        """Give the reason why a field is ``None``."""
        return self.why.get(field, "undetermined")
