"""Keys and signatures of the certificates that a directory holds, as far as a weakness is told."""

import functools
import warnings
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, rsa

_MOST_BYTES = 1 << 16
_STRONG = frozenset({"sha224", "sha256", "sha384", "sha512"})
_UNREADABLE = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm)
_ED = frozenset({"1.3.101.112", "1.3.101.113"})


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What one certificate is worth."""

    subject: str = ""
    not_after: datetime | None = None
    is_dsa: bool = False
    rsa_bits: int | None = None
    """``None`` for a key of another kind."""
    exponent: int | None = None
    is_roca: bool = False
    """Made by the flawed generator of CVE-2017-15361."""
    hash_name: str = ""
    """Of the signature; empty where the algorithm has none of its own."""
    has_weak_hash: bool = False
    error: str = ""
    """It cannot be decoded."""


@functools.lru_cache(maxsize=4_096)
def read_key(der: bytes) -> Key:
    """Give what one certificate is worth; never raises."""
    if len(der) > _MOST_BYTES:
        return Key(error="too long")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(der)
            key = certificate.public_key()
            hash_name = _hash_name(certificate)
            found = Key(
                subject=certificate.subject.rfc4514_string()[:200],
                not_after=certificate.not_valid_after_utc,
                is_dsa=isinstance(key, dsa.DSAPublicKey),
                hash_name=hash_name,
                has_weak_hash=bool(hash_name) and not _is_strong(hash_name),
            )
        except _UNREADABLE as error:
            return Key(error=type(error).__name__)
    if not isinstance(key, rsa.RSAPublicKey):
        return found
    numbers = key.public_numbers()
    return msgspec.structs.replace(
        found, rsa_bits=key.key_size, exponent=numbers.e, is_roca=_is_roca(numbers.n)
    )


def _hash_name(certificate: x509.Certificate) -> str:
    if certificate.signature_algorithm_oid.dotted_string in _ED:
        return ""
    algorithm = certificate.signature_hash_algorithm
    return algorithm.name.lower() if algorithm is not None else ""


def _is_strong(name: str) -> bool:
    return name in _STRONG or name.startswith("sha3-")


def _is_roca(modulus: int) -> bool:
    """Tell the mark of CVE-2017-15361: modulo small primes, the key is a power of 65,537."""
    return all(modulus % prime in powers for prime, powers in _powers())


@functools.cache
def _powers() -> tuple[tuple[int, frozenset[int]], ...]:
    primes = [one for one in range(3, 168) if all(one % below for below in range(2, one))]
    found: list[tuple[int, frozenset[int]]] = []
    for prime in primes:
        powers, value = {1}, 65_537 % prime
        while value not in powers:
            powers.add(value)
            value = value * 65_537 % prime
        found.append((prime, frozenset(powers)))
    return tuple(found)
