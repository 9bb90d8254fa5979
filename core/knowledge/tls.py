"""How reference documents stand to TLS: data as types, and which suite falls under which word."""

import enum
import functools
import re
from collections.abc import Iterable
from datetime import date

import msgspec

from core.model import Criticality, Wording


class Stance(enum.Enum):
    """What a profile says of a version, a suite or a group."""

    RECOMMENDED = "recommended"
    ACCEPTABLE = "acceptable"
    """Tolerated for want of better, or neither praised nor blamed."""
    OUTSIDE = "outside"
    """The profile does not list it."""
    FORBIDDEN = "forbidden"


class SuiteFamily(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Suites that share a fault, whoever judges."""

    fault: str
    """Id of the check that tells it."""
    pattern: str
    """Regular expression, searched in IANA names."""
    criticality: Criticality
    reason: Wording

    def holds(self, suite: str) -> bool:
        """Whether a suite is of this family."""
        return _compiled(self.pattern).search(suite) is not None


class TlsProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reference document, as far as a handshake can be held against it."""

    id: str
    name: Wording
    edition: str
    url: str
    confidence: str
    """high | medium | low."""
    versions: dict[str, Stance]
    recommended: str
    """Regular expression of the IANA names of suites, as ``tolerated``."""
    tolerated: str
    groups: tuple[str, ...]
    """Admitted key exchange groups, IANA names."""
    weak_groups: str
    """Regular expression of groups under 128 bits of security."""
    cbc_with_encrypt_then_mac: bool
    """Whether CBC is admitted where encrypt-then-mac is negotiated."""
    server_order: str
    """``always``, or ``when-degraded``: only where a suite beyond the recommended is left."""
    dh_bits: int
    rsa_bits: int
    ec_bits: int
    ticket_hours: int

    def suite(self, name: str) -> Stance:
        """Give what the profile says of a suite, by its IANA name."""
        if _compiled(self.recommended).search(name):
            return Stance.RECOMMENDED
        if _compiled(self.tolerated).search(name):
            return Stance.ACCEPTABLE
        return Stance.OUTSIDE

    def admits(self, version: str) -> bool:
        """Whether a version may be left on; one that the profile does not name may not."""
        stance = self.versions.get(version, Stance.OUTSIDE)
        return stance in (Stance.RECOMMENDED, Stance.ACCEPTABLE)

    def group(self, name: str) -> Stance:
        """Give what the profile says of a key exchange group, by its IANA name."""
        if _compiled(self.weak_groups).search(name):
            return Stance.FORBIDDEN
        known = {one.lower() for one in self.groups}
        return Stance.ACCEPTABLE if name.lower() in known else Stance.OUTSIDE


class ValidityLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From this day of issue on, public authorities give at most this many days."""

    since: date
    days: int


class TlsContext(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A use of TLS in which some faults weigh one step less."""

    id: str
    starttls: str
    port: int
    lowered: tuple[str, ...]
    """Ids of checks."""
    reason: Wording


class TlsPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """All that TLS is judged by; the first profile is the default."""

    compiled_on: date = date.min
    families: tuple[SuiteFamily, ...] = ()
    profiles: tuple[TlsProfile, ...] = ()
    public_validity: tuple[ValidityLimit, ...] = ()
    contexts: tuple[TlsContext, ...] = ()

    def profile(self, id: str) -> TlsProfile | None:  # noqa: A002 - the word of the file
        """Give a profile by id; ``""`` is the default."""
        return next((one for one in self.profiles if id in ("", one.id)), None)

    def family(self, fault: str) -> SuiteFamily | None:
        """Give the family that a check tells of."""
        return next((one for one in self.families if one.fault == fault), None)

    def of_family(self, fault: str, suites: Iterable[str]) -> tuple[str, ...]:
        """Give those of the suites that are of this family, in order."""
        family = self.family(fault)
        return tuple(one for one in suites if family is not None and family.holds(one))

    def public_days(self, issued: date) -> int | None:
        """Give the longest validity that was allowed to public authorities on a day of issue."""
        return next((one.days for one in self.public_validity if issued >= one.since), None)


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
