"""Questions to one name server, and what may be believed of its answers. Bytes only, no socket."""

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.ANY.SOA import SOA

UDP_SIZE = 1_232
"""Announced with EDNS: what no path cuts (DNS flag day 2020)."""
_UNREADABLE = (dns.exception.DNSException, ValueError, IndexError, OverflowError, struct.error)
"""What dnspython raises on bytes that are no message."""
_HASHED = frozenset({dns.rdatatype.NSEC3, dns.rdatatype.RRSIG})
"""Records whose owner may be a digest and no name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One question."""

    name: dns.name.Name
    kind: dns.rdatatype.RdataType
    wire: bytes

    def reads(self, wire: bytes) -> dns.message.Message | None:
        """Give the answer to this question; ``None`` for any other bytes."""
        if len(wire) < 12 or wire[:2] != self.wire[:2] or not wire[2] & 0x80:
            return None
        try:
            told = dns.message.from_wire(wire, ignore_trailing=True)
        except _UNREADABLE:
            return None
        if len(told.question) == 1:
            asked = told.question[0]
            same = asked.name == self.name and asked.rdtype == self.kind
            return told if same and asked.rdclass == dns.rdataclass.IN else None
        # Without its question, only a refusal can be meant for us: old servers send it so.
        return told if not told.question and told.rcode() != dns.rcode.NOERROR else None


def query(
    name: str | dns.name.Name,
    kind: str,
    *,
    recurse: bool = False,
    edns: bool = True,
    signed: bool = False,
) -> Query:
    """Give a question, its identifier drawn anew."""
    asked = dns.name.from_text(name) if isinstance(name, str) else name
    made = dns.message.make_query(asked, kind, id=secrets.randbits(16))
    made.flags = dns.flags.RD if recurse else dns.flags.Flag(0)
    if edns:
        made.use_edns(0, dns.flags.DO if signed else 0, UDP_SIZE)
    return Query(name=asked, kind=dns.rdatatype.from_text(kind), wire=made.to_wire())


def code_of(told: dns.message.Message) -> str:
    """Give the code of an answer as people write it."""
    return str(dns.rcode.to_text(told.rcode()))


def records(
    section: Sequence[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> list[dns.rdata.Rdata]:
    """Give the records of a section for one owner and one type."""
    found: list[dns.rdata.Rdata] = []
    for rrset in section:
        if rrset.name == name and rrset.rdtype == kind and rrset.rdclass == dns.rdataclass.IN:
            found += rrset
    return found


def serial_of(told: dns.message.Message, zone: dns.name.Name) -> int | None:
    """Give the serial of a zone, when the answer holds its SOA."""
    for one in records(told.answer, zone, dns.rdatatype.SOA):
        if isinstance(one, SOA):
            return int(one.serial)
    return None


def resolved_root(told: dns.message.Message) -> bool:
    """Tell whether the SOA of the root was resolved, and not told by authority or withheld."""
    found = records(told.answer, dns.name.root, dns.rdatatype.SOA)
    return (
        bool(told.flags & dns.flags.RA)
        and not told.flags & dns.flags.AA
        and told.rcode() == dns.rcode.NOERROR
        and any(isinstance(one, SOA) for one in found)
    )


def is_newer(serial: int, other: int) -> bool:
    """Compare serials as secondaries do (RFC 1982, 3.2)."""
    return serial != other and (serial - other) % 2**32 < 2**31


@dataclass(slots=True)
class Transferred:
    """A zone transfer being read, one message after the other (RFC 5936, 2.2)."""

    zone: dns.name.Name
    query: Query
    records: int = 0
    names: set[dns.name.Name] = field(default_factory=set[dns.name.Name])
    is_whole: bool = False
    fault: str = ""
    """What ended it short: the code of a refusal, ``another-message``, ``another-zone``,
    ``unreadable``, ``empty``, ``bounded`` (our own limit)."""

    def take(self, wire: bytes, most: int) -> bool:
        """Read one message; true while more is wanted."""
        if len(wire) < 12 or wire[:2] != self.query.wire[:2] or not wire[2] & 0x80:
            self.fault = "another-message"
            return False
        try:
            told = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True)
        except _UNREADABLE:
            self.fault = "unreadable"
            return False
        if told.rcode() != dns.rcode.NOERROR:
            self.fault = code_of(told)
            return False
        if not told.answer:
            # A server that has nothing to say may say it for ever.
            self.fault = "empty"
            return False
        for rrset in told.answer:
            is_top = rrset.rdtype == dns.rdatatype.SOA and rrset.name == self.zone
            if not self.records and not is_top:
                self.fault = "another-zone"
                return False
            self.records += 1
            if is_top and self.records > 1:
                self.is_whole = True
                return False
            if rrset.rdtype not in _HASHED and rrset.name.is_subdomain(self.zone):
                self.names.add(rrset.name)
            if self.records >= most:
                self.fault = "bounded"
                return False
        return True

    @property
    def is_open(self) -> bool:
        """Whether the zone was given: its SOA and more, or the whole of it."""
        return self.is_whole or self.records > 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Denial:
    """How a zone proves that a name does not exist."""

    way: str = ""
    """``nsec``, ``minimal`` (made up on the fly), ``nsec3``; empty: nothing is proven."""
    after: dns.name.Name | None = None
    """What the NSEC of the apex leads to."""
    iterations: int = 0
    """Of NSEC3, beyond the first."""
    salt: bytes = b""
    opts_out: bool = False
    """Delegations without a key have no proof (RFC 5155, 6)."""


def denial_of(told: dns.message.Message, zone: dns.name.Name) -> Denial:
    """Read how absence is proven from the answer to the NSEC of the apex."""
    if (after := next_after(told, zone, zone)) is not None:
        return Denial(way="minimal" if is_made_up(zone, after) else "nsec", after=after)
    for rrset in told.authority:
        those: list[dns.rdata.Rdata] = list(rrset)
        for one in those:
            if isinstance(one, NSEC3) and rrset.name.is_subdomain(zone):
                return Denial(
                    way="nsec3",
                    iterations=int(one.iterations),
                    salt=bytes(one.salt),
                    opts_out=bool(one.flags & 1),
                )
    return Denial()


def next_after(
    told: dns.message.Message, name: dns.name.Name, zone: dns.name.Name
) -> dns.name.Name | None:
    """Give the name that an NSEC of exactly this owner leads to, inside the zone."""
    for section in (told.answer, told.authority):
        for one in records(section, name, dns.rdatatype.NSEC):
            if isinstance(one, NSEC):
                after: dns.name.Name = one.next
                if after.is_subdomain(zone):
                    return after
    return None


def is_made_up(name: dns.name.Name, after: dns.name.Name) -> bool:
    """Tell whether a next name is the first possible one after: no name (RFC 4470, RFC 9824)."""
    labels = after.labels
    is_child = len(labels) == len(name.labels) + 1 and after.is_subdomain(name)
    return is_child and labels[0] == b"\0"


def just_after(name: dns.name.Name) -> dns.name.Name | None:
    """Give the first name that sorts after a name and all below it, if there is room for one."""
    first, *above = name.labels
    if len(first) >= 63 or sum(len(label) + 1 for label in name.labels) >= 255:
        return None
    return dns.name.Name([first + b"\0", *above])
