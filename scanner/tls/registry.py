"""Numbers of TLS and what they stand for: suites, groups, signature schemes, shared primes.

Names are data (``registry.toml``); what a suite is made of is read from its name.
"""

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import msgspec

from core.observations.tls import Suite

SSL2, SSL3 = 0x0002, 0x0300
TLS1_0, TLS1_1, TLS1_2, TLS1_3 = 0x0301, 0x0302, 0x0303, 0x0304
WORDS: Final = {
    SSL2: "SSLv2",
    SSL3: "SSLv3",
    TLS1_0: "TLS1.0",
    TLS1_1: "TLS1.1",
    TLS1_2: "TLS1.2",
    TLS1_3: "TLS1.3",
}
"""Versions as observations name them."""

RENEGOTIATION_SCSV: Final = 0x00FF
FALLBACK_SCSV: Final = 0x5600

_COMMON_PRIMES_FROM_BITS = 2_048
_SAFE_PRIMES = re.compile(r"ffdhe|rfc3526-(?!1536)")


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """One suite of two bytes."""

    number: int
    name: str
    exchange: str
    """``ECDHE`` ``DHE`` ``RSA`` ``ECDH`` ``DH`` ``PSK`` ``SRP`` ``KRB5`` ``GOST`` ``KEA``
    ``ECCPWD``; empty: TLS 1.3, which negotiates it apart."""
    signed_by: str
    """``RSA`` ``ECDSA`` ``DSS``; ``anon``: nobody; ``PSK``…: a shared secret."""
    weakness: str
    """``null`` ``anon`` ``export`` ``des`` ``rc4`` ``3des`` ``old`` (IDEA, SEED, FORTEZZA…); empty:
    none by cipher."""
    is_cbc: bool
    first_version: int
    """Oldest version that may choose it."""

    @property
    def is_tls1_3(self) -> bool:
        """Whether it is of TLS 1.3 alone."""
        return self.first_version == TLS1_3

    @property
    def has_forward_secrecy(self) -> bool:
        """Whether a key stolen later opens nothing recorded before; anonymous exchanges count."""
        return self.exchange in {"ECDHE", "DHE", ""}

    @property
    def is_ec(self) -> bool:
        """Whether it needs a curve."""
        return self.exchange in {"ECDHE", "ECDH"}

    @property
    def is_alarming(self) -> bool:
        """Whether offering it makes an intrusion detector speak up: it is offered last."""
        return self.weakness in {"null", "anon", "export"}

    @property
    def is_harmless(self) -> bool:
        """Whether offering it is nothing unusual."""
        return not self.is_alarming and not self.is_keyed

    @property
    def is_keyed(self) -> bool:
        """Whether it rests on a secret shared beforehand, a ticket or a password."""
        return self.exchange in {"PSK", "SRP", "KRB5", "ECCPWD"} or self.signed_by == "PSK"

    @property
    def family(self) -> str:
        """Suites that stand or fall together: one of them is asked for all of them."""
        return self.weakness or f"{self.exchange}-{self.signed_by}"

    @property
    def fine_family(self) -> str:
        """As ``family``, with anonymous suites told apart by the weakness of their cipher."""
        if self.weakness != "anon":
            return self.family
        cipher = self.name.rpartition("_WITH_")[2]
        return f"anon-{_weakness(self.name.replace('anon', ''), cipher)}"


class _Registry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: int
    suites: dict[str, str]
    sslv2: dict[str, str]
    groups: dict[str, str]
    signature_schemes: dict[str, str]
    primes: dict[str, str]
    small_devices: dict[str, tuple[str, ...]]


@functools.cache
def _registry() -> _Registry:
    text = (files("scanner.tls") / "registry.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Registry)


@functools.cache
def suites() -> dict[int, CipherSuite]:
    """Give every suite that IANA has or had, and a few that were used without asking it."""
    return {
        int(number, 16): described(int(number, 16), name)
        for number, name in _registry().suites.items()
    }


@functools.cache
def sslv2_kinds() -> dict[int, str]:
    """Give the cipher kinds of SSLv2."""
    return {int(number, 16): name for number, name in _registry().sslv2.items()}


@functools.cache
def groups() -> dict[int, str]:
    """Give the named groups: curves, finite fields, hybrids."""
    return {int(number, 16): name for number, name in _registry().groups.items()}


@functools.cache
def signature_schemes() -> dict[int, str]:
    """Give the signature schemes; below TLS 1.3 a pair of hash and signature has the same form."""
    return {int(number, 16): name for number, name in _registry().signature_schemes.items()}


def suite(number: int) -> Suite:
    """Give a suite as observations hold it; SSLv2's kinds included, unknown ones by number."""
    known = suites().get(number)
    name = known.name if known else sslv2_kinds().get(number, f"0x{number:04X}")
    return Suite(number, name)


def group_name(number: int) -> str:
    """Give the name of a group, or ``0x…``."""
    return groups().get(number, f"0x{number:04X}")


def scheme_name(number: int) -> str:
    """Give the name of a signature scheme, or ``0x…``."""
    return signature_schemes().get(number, f"0x{number:04X}")


def prime_name(sha256: str) -> str:
    """Give the name of a prime by its hash; empty when it is not among those known."""
    return _registry().primes.get(sha256, "")


@functools.cache
def small_devices() -> dict[str, re.Pattern[str]]:
    """Give, by family, the names that the certificates of small devices bear."""
    return {
        family: re.compile(rf"\b(?:{'|'.join(names)})")
        for family, names in _registry().small_devices.items()
    }


def is_common_prime(name: str, bits: int) -> bool:
    """Whether a known prime is one whose breaking would pay: shared, and not a sound standard."""
    return bool(name) and not (bits >= _COMMON_PRIMES_FROM_BITS and _SAFE_PRIMES.match(name))


_BITS = re.compile(r"(?:sect|secp|GC|P)(\d+)")


def is_weak_group(number: int) -> bool:
    """Whether it is a curve of less than 256 bits, or one that a server spells out itself."""
    name = groups().get(number, "")
    if name.startswith("arbitrary_explicit_"):
        return True
    found = _BITS.match(name)
    return found is not None and int(found[1]) < 250


def is_hybrid_group(number: int) -> bool:
    """Whether it holds a post-quantum part."""
    name = groups().get(number, "")
    return "MLKEM" in name or "Kyber" in name


@functools.cache
def of_version(version: int) -> tuple[int, ...]:
    """Give the suites that a version may choose, best first."""
    return tuple(one for one in _best_first() if _fits(suites()[one], version))


@functools.cache
def harmless(version: int) -> tuple[int, ...]:
    """Give those of a version that may be offered to anyone without raising an alarm."""
    return tuple(one for one in of_version(version) if suites()[one].is_harmless)


@functools.cache
def alarming(version: int) -> tuple[int, ...]:
    """Give those of a version that are offered last: NULL, anonymous and EXPORT."""
    known = suites()
    return tuple(
        one for one in of_version(version) if known[one].is_alarming and not known[one].is_keyed
    )


@functools.cache
def keyed(version: int) -> tuple[int, ...]:
    """Give those of a version that rest on a secret shared beforehand."""
    return tuple(one for one in of_version(version) if suites()[one].is_keyed)


@functools.cache
def holding(*parts: str) -> frozenset[int]:
    """Give the suites without a shared secret whose name holds one of these parts."""
    return frozenset(
        number
        for number, one in suites().items()
        if not one.is_keyed and any(part in one.name for part in parts)
    )


def _fits(one: CipherSuite, version: int) -> bool:
    if version == TLS1_3 or one.is_tls1_3:
        return version == TLS1_3 and one.is_tls1_3
    # EXPORT ended with TLS 1.1 on paper (RFC 4346 A.5); servers did not read it.
    return one.first_version <= version


@functools.cache
def _best_first() -> tuple[int, ...]:
    return tuple(sorted(suites(), key=_rank))


_EXCHANGES = ("", "ECDHE", "DHE", "RSA", "ECDH", "DH", "GOST", "PSK", "SRP", "KRB5", "KEA")
_WEAKNESSES = ("", "3des", "old", "rc4", "des", "export", "anon", "null")
_CIPHERS = ("AES_256_GCM", "AES_128_GCM", "CHACHA20", "AES_256", "AES_128", "CAMELLIA")


def _rank(number: int) -> tuple[object, ...]:
    one = suites()[number]
    cipher = next((at for at, part in enumerate(_CIPHERS) if part in one.name), len(_CIPHERS))
    exchange = _EXCHANGES.index(one.exchange) if one.exchange in _EXCHANGES else len(_EXCHANGES)
    weakness = _WEAKNESSES.index(one.weakness)
    return (one.is_keyed, weakness, exchange, one.is_cbc, cipher, number)


_NAME = re.compile(r"(?:TLS|SSL)_(?P<exchange>.+)_WITH_(?P<cipher>.+)")
_AEAD = re.compile(r"_(?:GCM|CCM|CCM_8|MGM_L|MGM_S)(?:_|$)|POLY1305|AEGIS")
_OLD = re.compile(r"IDEA|SEED|RC2|FORTEZZA|28147|MAGMA")
_TLS1_2_ONLY = re.compile(r"SHA256$|SHA384$|SM3$|_CCM|POLY1305|OMAC|_IMIT")


def described(number: int, name: str) -> CipherSuite:
    """Read a suite's name."""
    found = _NAME.fullmatch(name)
    if found is None:
        # TLS 1.3 names the cipher and the hash alone; 0xC0B4 and 0xC0B5 encrypt nothing (RFC 9150).
        null = "null" if name.startswith(("TLS_SHA256", "TLS_SHA384")) else ""
        return CipherSuite(number, name, "", "", null, is_cbc=False, first_version=TLS1_3)
    how, cipher = found["exchange"], found["cipher"]
    exchange, signed_by = _exchange(how)
    is_cbc = "_CBC" in cipher
    first = SSL3
    if _AEAD.search(cipher) or _TLS1_2_ONLY.search(cipher):
        first = TLS1_2
    if cipher.endswith(("_MGM_L", "_MGM_S")) or cipher == "SM4_GCM_SM3":
        first = TLS1_3
    return CipherSuite(
        number,
        name,
        exchange,
        signed_by,
        _weakness(how, cipher),
        is_cbc=is_cbc,
        first_version=first,
    )


def _exchange(how: str) -> tuple[str, str]:
    parts = how.replace("PSK_DHE", "DHE_PSK").split("_")
    exchange = parts[0]
    if exchange == "GOSTR341112":
        return "GOST", "GOST"
    if exchange in {"PSK", "KRB5", "SRP", "ECCPWD", "FORTEZZA"}:
        return ("KEA", "KEA") if exchange == "FORTEZZA" else (exchange, exchange)
    if exchange == "RSA":
        return ("RSA", "PSK") if "PSK" in parts else ("RSA", "RSA")
    signed_by = parts[1] if len(parts) > 1 else ""
    if signed_by == "anon":
        # An exchange that nobody signs is ephemeral all the same.
        exchange = {"DH": "DHE", "ECDH": "ECDHE"}.get(exchange, exchange)
    return exchange, signed_by


def _weakness(how: str, cipher: str) -> str:
    words = (
        ("null", cipher.startswith("NULL")),
        ("anon", "anon" in how),
        ("export", "EXPORT" in how),
        ("des", cipher.startswith("DES")),
        ("rc4", cipher.startswith("RC4")),
        ("3des", cipher.startswith("3DES")),
        ("old", _OLD.search(cipher) is not None),
    )
    return next((word for word, holds in words if holds), "")
