"""Certificates as facts, and where their chain leads. What cannot be read hides nothing else.

Path building is ours and not that of ``cryptography.x509.verification``: that one refuses a whole
chain for an expired date, a SHA-1 signature or a missing extension, each of which is another
finding than « untrusted ».
"""

import functools
import hashlib
import itertools
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
    NameOID,
)

from core.observations.tls import EXPLICIT_CURVE, Certificate, KeyType, Trust

_TEXT_LIMIT = 1_024
_NAMES_LIMIT = 200
_URLS_LIMIT = 8
_SIZE_LIMIT_BYTES = 65_536
"""A certificate with 200 names stays under 10 kB; beyond this, it is not parsed."""
_PATH_LIMIT = 8
_SIGNATURES_LIMIT = 64
"""Verifications per chain: cross-signed labyrinths end here."""
_RDP_DEFAULT_DAYS = (150, 190)
"""Windows makes its own remote desktop certificate for six months."""
_REFUSED_HASHES = frozenset({"md5", "sha1"})

_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
"""id-ecPublicKey, DER: the parameters of the curve follow it."""
_SEQUENCE, _OID = 0x30, 0x06
_OID_LIMIT = 64

UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` raises at bytes that are not what they should be."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """A chain as it was sent, and where it leads."""

    certificates: tuple[Certificate, ...]
    trust: Trust | None
    ordered: bool | None
    path: tuple[str, ...]
    missing_issuer: str


def read_chain(sent: Sequence[bytes], at: datetime, *, roots: Sequence[bytes] = ()) -> Chain:
    """Read the certificates as sent and follow them to a public root, as of ``at`` (UTC).

    An expired certificate is judged as of its last day: being expired does not make it untrusted.
    ``roots`` are DER of authorities that the inventory trusts beside the public ones.
    """
    with quietly():
        facts = tuple(read_certificate(der) for der in sent)
        parsed = [_parse(der) for der in sent]
        leaf = parsed[0] if parsed else None
        if leaf is None:
            return Chain(certificates=facts, trust=None, ordered=None, path=(), missing_issuer="")
        others = [one for one in parsed[1:] if one is not None]
        ordered = None if None in parsed else _ordered([one for one in parsed if one is not None])
        trust, path, missing = _Walk(others, _as_of(leaf, at), roots).follow(leaf, facts[0])
        return Chain(
            certificates=facts, trust=trust, ordered=ordered, path=path, missing_issuer=missing
        )


def with_issuers(
    sent: Sequence[bytes], *, roots: Sequence[bytes] = ()
) -> tuple[tuple[x509.Certificate, x509.Certificate], ...]:
    """Give the certificate of a service, then those above it, each with its verified issuer.

    The issuer was sent, or is a root known to us; a certificate without one ends the list, as does
    a root.
    """
    with quietly():
        parsed = [one for der in sent[:_PATH_LIMIT] if (one := _parse(der)) is not None]
        if not parsed or _parse(sent[0]) is None:
            return ()
        declared = _by_subject(roots)
        found: list[tuple[x509.Certificate, x509.Certificate]] = []
        below = parsed[0]
        while len(found) < _PATH_LIMIT and not _is_self_signed(below):
            name = _issuer_name(below)
            above = next(
                (
                    one
                    for one in (*parsed[1:], *declared.get(name, ()), *public_roots().get(name, ()))
                    if one != below and _issued(below, one)
                ),
                None,
            )
            if above is None or any(above == one for one, _ in found):
                break
            found.append((below, above))
            below = above
        return tuple(found)


@functools.lru_cache(maxsize=64)
def read_certificate(der: bytes) -> Certificate:
    """Give the facts of one certificate; one that cannot be parsed keeps its hash and the error."""
    sha256 = hashlib.sha256(der).hexdigest()
    with quietly():
        if len(der) > _SIZE_LIMIT_BYTES:
            return Certificate(sha256=sha256, error=f"{len(der)} bytes: too long to be read")
        try:
            certificate = x509.load_der_x509_certificate(der)
        except UNREADABLE as error:
            return Certificate(sha256=sha256, error=_line(f"{type(error).__name__}: {error}"))
        extensions = _extensions(certificate)
        key_type, key_bits, curve = _key(certificate)
        is_self_signed = _is_self_signed(certificate)
        return Certificate(
            sha256=sha256,
            spki_sha256=_spki_sha256(certificate),
            subject=_subject(certificate),
            issuer=_issuer(certificate),
            names=_names(extensions),
            serial=_tried(lambda: f"{certificate.serial_number:x}", "")[:_TEXT_LIMIT],
            not_before=_or_none(lambda: certificate.not_valid_before_utc),
            not_after=_or_none(lambda: certificate.not_valid_after_utc),
            key_type=key_type,
            key_bits=key_bits,
            curve=curve,
            signature_hash=_tried(lambda: _signature_hash(certificate), ""),
            self_signed=is_self_signed,
            is_ca=_is_ca(extensions),
            is_rdp_default=bool(is_self_signed) and _is_rdp_default(certificate, extensions),
            has_sct=_has(extensions, ExtensionOID.PRECERT_SIGNED_CERTIFICATE_TIMESTAMPS),
            sct_count=_sct_count(extensions),
            key_usage=_key_usage(extensions),
            extended_key_usage=_extended_key_usage(extensions),
            rsa_exponent=_rsa_exponent(certificate),
            roca=_roca(certificate),
            must_staple=_must_staple(extensions),
            ocsp_urls=_access_urls(extensions, AuthorityInformationAccessOID.OCSP),
            issuer_urls=_access_urls(extensions, AuthorityInformationAccessOID.CA_ISSUERS),
            crl_urls=_crl_urls(extensions),
        )


@functools.cache
def public_roots() -> dict[bytes, tuple[x509.Certificate, ...]]:
    """Give the roots of certifi by DER of their subject. Reads one file, once."""
    with quietly():
        found: dict[bytes, list[x509.Certificate]] = {}
        for root in x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes()):
            found.setdefault(root.subject.public_bytes(), []).append(root)
    return {subject: tuple(roots) for subject, roots in found.items()}


def _by_subject(ders: Sequence[bytes]) -> dict[bytes, list[x509.Certificate]]:
    found: dict[bytes, list[x509.Certificate]] = {}
    for der in ders:
        root = _parse(der)
        if root is not None:
            found.setdefault(_subject_name(root), []).append(root)
    return found


class _Walk:
    """From a certificate to its issuers, depth first, within bounds."""

    def __init__(
        self, others: Sequence[x509.Certificate], at: datetime, declared: Sequence[bytes]
    ) -> None:
        self._others = others
        self._at = at
        self._left = _SIGNATURES_LIMIT
        self._declared = _by_subject(declared)
        self._met_declared = False

    def follow(
        self, leaf: x509.Certificate, facts: Certificate
    ) -> tuple[Trust | None, tuple[str, ...], str]:
        """Give the verdict, the subjects on the way, and the issuer that is missing, if one is."""
        path = self._to_root(leaf, ())
        if path is not None:
            trust = Trust.DECLARED if self._met_declared else Trust.PUBLIC
            return trust, tuple(_subject(one) for one in path), ""
        if facts.self_signed:
            return Trust.SELF_SIGNED, (facts.subject,), ""
        way = self._as_far_as_sent(leaf)
        subjects = tuple(_subject(one) for one in way)
        last = way[-1]
        if _is_self_signed(last):
            return Trust.PRIVATE, subjects, ""
        missing = _issuer(last)
        trust = Trust.MISSING_LINK if facts.has_sct else Trust.PRIVATE
        return trust, subjects, missing

    def _to_root(
        self, certificate: x509.Certificate, below: tuple[x509.Certificate, ...]
    ) -> tuple[x509.Certificate, ...] | None:
        path = (*below, certificate)
        if len(path) > _PATH_LIMIT:
            return None
        issuer = _issuer_name(certificate)
        for root in public_roots().get(issuer, ()):
            if root == certificate:
                return path
            if self._issued(certificate, root):
                return (*path, root)
        for root in self._declared.get(issuer, ()):
            if root == certificate or self._issued(certificate, root):
                self._met_declared = True
                return path if root == certificate else (*path, root)
        for other in self._issuers(certificate):
            if other not in path and (found := self._to_root(other, path)) is not None:
                return found
        return None

    def _as_far_as_sent(self, leaf: x509.Certificate) -> list[x509.Certificate]:
        way = [leaf]
        while len(way) <= _PATH_LIMIT:
            above = next((one for one in self._issuers(way[-1]) if one not in way), None)
            if above is None:
                break
            way.append(above)
        return way

    def _issuers(self, certificate: x509.Certificate) -> Iterator[x509.Certificate]:
        for other in self._others:
            extensions = _extensions(other)
            if not _is_ca(extensions) or not self._in_time(other):
                continue
            if self._issued(certificate, other):
                yield other

    def _issued(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        if self._left <= 0:
            return False
        self._left -= 1
        return _issued(certificate, issuer)

    def _in_time(self, certificate: x509.Certificate) -> bool:
        return _tried(
            lambda: certificate.not_valid_before_utc <= self._at <= certificate.not_valid_after_utc,
            False,
        )


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        _verify(certificate, issuer)
    except (InvalidSignature, *UNREADABLE):
        return False
    return True


def _verify(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Raise ``InvalidSignature`` when it is not signed by this issuer."""
    if certificate.issuer != issuer.subject:
        raise InvalidSignature
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name not in _REFUSED_HASHES:
        certificate.verify_directly_issued_by(issuer)
        return
    # cryptography no longer follows these; whoever signed so is told by another check.
    key = issuer.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(
            certificate.signature,
            certificate.tbs_certificate_bytes,
            padding.PKCS1v15(),
            algorithm,
        )
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
    else:
        raise UnsupportedAlgorithm(algorithm.name)


def _ordered(parsed: Sequence[x509.Certificate]) -> bool:
    return all(_issued(below, above) for below, above in itertools.pairwise(parsed))


def _as_of(leaf: x509.Certificate, at: datetime) -> datetime:
    return _tried(lambda: max(leaf.not_valid_before_utc, min(at, leaf.not_valid_after_utc)), at)


def _parse(der: bytes) -> x509.Certificate | None:
    if len(der) > _SIZE_LIMIT_BYTES:
        return None
    return _or_none(lambda: x509.load_der_x509_certificate(der))


def _is_self_signed(certificate: x509.Certificate) -> bool | None:
    try:
        _verify(certificate, certificate)
    except InvalidSignature:
        return False
    except UNREADABLE:
        return None
    return True


def _key(certificate: x509.Certificate) -> tuple[KeyType | None, int | None, str]:
    try:
        key = certificate.public_key()
    except UNREADABLE:
        curve = _written_curve(certificate)
        return KeyType.EC if curve else None, None, curve
    if isinstance(key, rsa.RSAPublicKey):
        return KeyType.RSA, key.key_size, ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        # The library names a curve that is spelled out, when it knows it: the fault must show.
        spelled_out = _written_curve(certificate) == EXPLICIT_CURVE
        return KeyType.EC, key.curve.key_size, EXPLICIT_CURVE if spelled_out else key.curve.name
    if isinstance(key, ed25519.Ed25519PublicKey):
        return KeyType.ED25519, 256, ""
    if isinstance(key, ed448.Ed448PublicKey):
        return KeyType.ED448, 456, ""
    if isinstance(key, dsa.DSAPublicKey):
        return KeyType.DSA, key.key_size, ""
    return KeyType.OTHER, None, ""


def _written_curve(certificate: x509.Certificate) -> str:
    """Tell the curve as the certificate writes it; empty: its key is none of a curve."""
    tbs = _tried(lambda: certificate.tbs_certificate_bytes, b"")
    _, found, rest = tbs.partition(_EC_PUBLIC_KEY)
    if not found or len(rest) < 2:
        return ""
    if rest[0] == _SEQUENCE:
        return EXPLICIT_CURVE
    numbers = rest[2 : 2 + rest[1]]
    if rest[0] != _OID or not numbers or numbers[-1] & 0x80:
        return ""
    arcs = [numbers[0] // 40, numbers[0] % 40]
    value = 0
    for byte in numbers[1:]:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(value)
            value = 0
    return ".".join(map(str, arcs))[:_OID_LIMIT]


def _spki_sha256(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UNREADABLE:
        return ""
    return hashlib.sha256(spki).hexdigest()


def _signature_hash(certificate: x509.Certificate) -> str:
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name if algorithm else ""


def _issuer_name(certificate: x509.Certificate) -> bytes:
    # Names are read when asked for: the attribute itself may raise.
    return _tried(lambda: certificate.issuer.public_bytes(), b"")


def _subject_name(certificate: x509.Certificate) -> bytes:
    return _tried(lambda: certificate.subject.public_bytes(), b"")


def _subject(certificate: x509.Certificate) -> str:
    return _line(_tried(lambda: certificate.subject.rfc4514_string(), ""))


def _issuer(certificate: x509.Certificate) -> str:
    return _line(_tried(lambda: certificate.issuer.rfc4514_string(), ""))


def _extensions(certificate: x509.Certificate) -> x509.Extensions | None:
    return _or_none(lambda: certificate.extensions)


def _names(extensions: x509.Extensions | None) -> tuple[str, ...]:
    if extensions is None:
        return ()
    try:
        value = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return ()
    found: list[str] = []
    for general in list(value)[:_NAMES_LIMIT]:
        if isinstance(general, x509.DNSName):
            found.append(_line(general.value.lower())[:255])
        elif isinstance(general, x509.IPAddress):
            found.append(str(general.value))
    return tuple(found)


def _is_ca(extensions: x509.Extensions | None) -> bool | None:
    if extensions is None:
        return None
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
    except UNREADABLE:
        return None


def _has(extensions: x509.Extensions | None, oid: x509.ObjectIdentifier) -> bool:
    return extensions is not None and any(one.oid == oid for one in extensions)


_E = TypeVar("_E", bound=x509.ExtensionType)


def _value(extensions: x509.Extensions | None, kind: type[_E]) -> _E | None:
    if extensions is None:
        return None
    try:
        return extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return None


def _sct_count(extensions: x509.Extensions | None) -> int:
    proofs = _value(extensions, x509.PrecertificateSignedCertificateTimestamps)
    return _tried(lambda: 0 if proofs is None else len(list(proofs)), 0)


_USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign"),
)


def _key_usage(extensions: x509.Extensions | None) -> tuple[str, ...]:
    usage = _value(extensions, x509.KeyUsage)
    return tuple(one.replace("_", "-") for one in _USAGES if usage and getattr(usage, one))


def _extended_key_usage(extensions: x509.Extensions | None) -> tuple[str, ...]:
    usage = _value(extensions, x509.ExtendedKeyUsage)
    return tuple(one.dotted_string for one in list(usage or ())[:_URLS_LIMIT])


def _must_staple(extensions: x509.Extensions | None) -> bool:
    features = _value(extensions, x509.TLSFeature)
    return x509.TLSFeatureType.status_request in (features or ())


def _access_urls(
    extensions: x509.Extensions | None, method: x509.ObjectIdentifier
) -> tuple[str, ...]:
    access = _value(extensions, x509.AuthorityInformationAccess)
    found = [
        _line(one.access_location.value)
        for one in access or ()
        if one.access_method == method
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]
    return tuple(found[:_URLS_LIMIT])


def _crl_urls(extensions: x509.Extensions | None) -> tuple[str, ...]:
    points = _value(extensions, x509.CRLDistributionPoints)
    found = [
        _line(name.value)
        for point in points or ()
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier)
    ]
    return tuple(found[:_URLS_LIMIT])


def _rsa_key(certificate: x509.Certificate) -> rsa.RSAPublicKey | None:
    key = _or_none(certificate.public_key)
    return key if isinstance(key, rsa.RSAPublicKey) else None


def _rsa_exponent(certificate: x509.Certificate) -> int | None:
    key = _rsa_key(certificate)
    exponent = key.public_numbers().e if key else None
    # JSON readers end at 64 bits; no real exponent comes near.
    return exponent if exponent is not None and exponent < 1 << 53 else None


def _roca(certificate: x509.Certificate) -> bool | None:
    """Tell the mark of CVE-2017-15361: modulo small primes, the key is a power of 65,537.

    Nemec et al., "The Return of Coppersmith's Attack" (CCS 2017), section 2.3.
    """
    key = _rsa_key(certificate)
    if key is None:
        return None
    modulus = key.public_numbers().n
    return all(modulus % prime in powers for prime, powers in _roca_powers())


@functools.cache
def _roca_powers() -> tuple[tuple[int, frozenset[int]], ...]:
    primes = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83]
    primes += [89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167]
    found: list[tuple[int, frozenset[int]]] = []
    for prime in primes:
        powers, value = {1}, 65_537 % prime
        while value not in powers:
            powers.add(value)
            value = value * 65_537 % prime
        found.append((prime, frozenset(powers)))
    return tuple(found)


def _is_rdp_default(certificate: x509.Certificate, extensions: x509.Extensions | None) -> bool:
    if extensions is None or _has(extensions, ExtensionOID.SUBJECT_ALTERNATIVE_NAME):
        return False
    try:
        subject = list(certificate.subject)
        usages = list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        lasts = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    shortest, longest = (timedelta(days=days) for days in _RDP_DEFAULT_DAYS)
    return (
        [one.oid for one in subject] == [NameOID.COMMON_NAME]
        and usages == [ExtendedKeyUsageOID.SERVER_AUTH]
        and shortest <= lasts <= longest
    )


def _tried(read: Callable[[], T], otherwise: T) -> T:
    try:
        return read()
    except UNREADABLE:
        return otherwise


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except UNREADABLE:
        return None


def _line(text: str) -> str:
    return " ".join(text[: 2 * _TEXT_LIMIT].split())[:_TEXT_LIMIT]


@contextmanager
def quietly() -> Generator[None]:
    # cryptography warns of serials and names that break the rules; to a scanner they are data.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
