"""What checks on signatures share: names of algorithms, and a healthy signed zone."""

from datetime import UTC, datetime, timedelta

import msgspec

from core.observations.domain import DelegationKey, Dnssec, DomainSeen, Signature, ZoneKey

ALGORITHMS = {
    1: "RSAMD5",
    3: "DSA",
    5: "RSASHA1",
    6: "DSA-NSEC3-SHA1",
    7: "RSASHA1-NSEC3-SHA1",
    8: "RSASHA256",
    10: "RSASHA512",
    12: "ECC-GOST",
    13: "ECDSAP256SHA256",
    14: "ECDSAP384SHA384",
    15: "ED25519",
    16: "ED448",
}
DIGESTS = {1: "SHA-1", 2: "SHA-256", 3: "GOST R 34.11-94", 4: "SHA-384"}
"""IANA registries « DNS Security Algorithm Numbers » and « DS RR Type Digest Algorithms »."""

_SIGNED_ON = datetime(2026, 1, 10, tzinfo=UTC)
_UNTIL = _SIGNED_ON + timedelta(days=14)


def signature(**changes: object) -> Signature:
    """Give a good signature of the SOA, but for these fields."""
    good = Signature(covers="SOA", tag=4711, algorithm=13, inception=_SIGNED_ON, expiration=_UNTIL)
    return msgspec.structs.replace(good, **changes)


def signed(**changes: object) -> Dnssec:
    """Give a healthy signed zone, but for these fields."""
    healthy = Dnssec(
        delegations=(DelegationKey(tag=4711, algorithm=13, digest=2, is_matched=True),),
        keys=(ZoneKey(tag=4711, algorithm=13, is_entry=True),),
        signatures=(signature(covers="DNSKEY"), signature()),
        chain="secure",
        denial="nsec3",
    )
    return msgspec.structs.replace(healthy, **changes)


def algorithm_name(number: int) -> str:
    """Give the mnemonic of an algorithm, or its number."""
    return ALGORITHMS.get(number, str(number))


def is_old(seen: DomainSeen) -> bool:
    """Tell whether a run of an older version, which read no signatures, left this."""
    return seen.dnssec is None and "dnssec" not in seen.why
