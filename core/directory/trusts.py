"""Trusts, decoded (MS-ADTS 6.1.6.7)."""

import msgspec

from core.directory import flags
from core.directory.objects import Entry, Objects


class Trust(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One trust, as the domain that holds it tells it."""

    entry: Entry
    partner: str
    """DNS name, lower case; that of a realm for MIT Kerberos."""
    direction: int
    """Bits of :mod:`core.directory.flags`; 0 where hidden, or where the trust is disabled."""
    kind: int
    """``trustType``; 0 where hidden."""
    attributes: int
    sid: str
    is_within_forest: bool
    """By its attributes, or as its partner is a domain of this forest: old ones lack the bit."""

    @property
    def is_outbound(self) -> bool:
        """Whether this domain lets the partner's accounts in."""
        return bool(self.direction & flags.OUTBOUND)

    @property
    def is_inbound(self) -> bool:
        """Whether the partner lets this domain's accounts in."""
        return bool(self.direction & flags.INBOUND)

    @property
    def is_windows(self) -> bool:
        """Whether a Windows domain is at the other end: neither a realm nor Entra."""
        return self.kind in (flags.DOWNLEVEL, flags.UPLEVEL)

    @property
    def is_forest(self) -> bool:
        """Whether it joins two forests."""
        return bool(self.attributes & flags.FOREST_TRANSITIVE)

    @property
    def is_quarantined(self) -> bool:
        """Whether only the partner's own SIDs pass (SID filtering)."""
        return bool(self.attributes & flags.QUARANTINED)

    @property
    def takes_sid_history(self) -> bool:
        """Whether SIDs of others pass: a forest treated as external, a domain out of quarantine."""
        if self.is_within_forest or not self.is_windows:
            return False
        if self.is_forest:
            return bool(self.attributes & flags.TREAT_AS_EXTERNAL)
        return not self.is_quarantined


def read_trust(objects: Objects, entry: Entry) -> Trust:
    """Give a trustedDomain object as a trust."""
    partner = (entry.text("trustpartner") or entry.name).lower()
    attributes = (entry.number("trustattributes") or 0) & 0xFFFF_FFFF
    own = {one.name for one in objects.domains}
    return Trust(
        entry=entry,
        partner=partner,
        direction=entry.number("trustdirection") or 0,
        kind=entry.number("trusttype") or 0,
        attributes=attributes,
        sid=next(iter(entry.sids("securityidentifier")), ""),
        is_within_forest=bool(attributes & flags.WITHIN_FOREST) or partner in own,
    )
