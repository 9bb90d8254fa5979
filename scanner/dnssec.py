"""The chain of DNSSEC signatures of a zone, checked here and not only believed of a resolver.

Resolvers are asked with DO and CD: signatures come, and what they would withhold comes too. Keys
are followed from the anchors of the root through each zone cut; where that cannot be, the zone's
own part is still judged from the DS that its parent publishes.

What is checked is bounded: a zone may not make us verify at will (CVE-2023-50387).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

from core.observations.domain import ChainFault, DelegationKey, Dnssec, Signature, ZoneKey
from scanner.asking_names import NameAsker, Said
from scanner.zone_wire import denial_of, records

_MOST_KEYS = 16
_MOST_DELEGATIONS = 16
_MOST_SIGNATURES = 8
"""Of one set of records: together at most 128 verifications for each of them."""
_SIGNED_KINDS = ("DNSKEY", "SOA", "NS")
_DIGESTS = {1: "SHA1", 2: "SHA256", 4: "SHA384"}
_RSA = frozenset({1, 5, 7, 8, 10})
_ZONE_KEY, _REVOKED = 0x0100, 0x0080


@dataclass(frozen=True, kw_only=True, slots=True)
class _Link:
    """How far the keys of one zone are vouched for."""

    zone: dns.name.Name
    state: str
    """``secure``, ``insecure`` (a parent publishes no DS), ``broken``, ``unknown``."""
    at: dns.name.Name
    """Where that began."""
    keys: tuple[DNSKEY, ...] = ()


@dataclass(slots=True)
class _Keys:
    """The keys of one zone, judged from the DS of its parent."""

    zone: dns.name.Name
    why: str = ""
    keys: tuple[DNSKEY, ...] = ()
    matched: tuple[DS, ...] = ()
    signatures: list[Signature] = field(default_factory=list[Signature])
    faults: list[ChainFault] = field(default_factory=list[ChainFault])
    is_stripped: bool = False
    """Not one signature came with them."""


class Chains:
    """Reads chains; what lies above several zones is verified once in a run."""

    def __init__(
        self, asker: NameAsker, anchors: Sequence[str], now: Callable[[], datetime]
    ) -> None:
        """``anchors`` are the DS of the root, as text."""
        self._asker = asker
        self._now = now
        self._anchors = _delegations(_anchor(one) for one in anchors)
        self._links: dict[dns.name.Name, _Link] = {}

    async def read(self, zone: str) -> tuple[Dnssec | None, str]:
        """Give what there is of DNSSEC at a zone, or the reason id why it could not be read."""
        name = dns.name.from_text(zone)
        said = await self._asker.ask_signed(zone, "DS")
        if said.why:
            return None, said.why
        delegations = _delegations(said.records)
        keys = await self._keys(name, delegations)
        if keys.why:
            return None, keys.why
        if not delegations and not keys.keys:
            return Dnssec(), ""
        if keys.keys and keys.is_stripped and await self._strips():
            return None, "resolver-strips-signatures"
        if keys.keys:
            await self._zone_signatures(keys)
        above = await self._above(name)
        denial = await self._denial(name) if keys.keys else Dnssec()
        faults = list(keys.faults)
        if above.state == "broken":
            faults.insert(0, ChainFault(at=_text(above.at), id="above"))
        elif above.state == "secure" and delegations:
            ended = self._verify(_rrset(said, name, "DS"), said, above.zone, above.keys)
            if not any(not one.fault for one in ended):
                faults.insert(0, ChainFault(at=_text(above.zone), id="ds", detail=_worst(ended)))
        return (
            Dnssec(
                delegations=tuple(
                    DelegationKey(
                        tag=one.key_tag,
                        algorithm=int(one.algorithm),
                        digest=int(one.digest_type),
                        is_matched=one in keys.matched if one.digest_type in _DIGESTS else None,
                    )
                    for one in delegations
                ),
                keys=tuple(_zone_key(one) for one in keys.keys),
                signatures=tuple(keys.signatures),
                faults=tuple(faults) if delegations else (),
                chain=above.state if delegations else "insecure",
                chain_at=_text(above.at) if delegations else zone,
                denial=denial.denial,
                iterations=denial.iterations,
                salt_bytes=denial.salt_bytes,
                opts_out=denial.opts_out,
            ),
            "",
        )

    async def _strips(self) -> bool:
        """Whether the resolver gives no signature even for the root."""
        said = await self._asker.ask_signed(".", "SOA")
        return not _signatures(said, dns.name.root, "SOA")

    async def _above(self, zone: dns.name.Name) -> _Link:
        """Give the closest zone above, with its keys when all of the chain to it holds."""
        if zone == dns.name.root:
            return _Link(zone=zone, state="secure", at=zone)
        return await self._link(zone.parent())

    async def _link(self, name: dns.name.Name) -> _Link:
        known = self._links.get(name)
        if known is None:
            known = self._links[name] = await self._read_link(name)
        return known

    async def _read_link(self, name: dns.name.Name) -> _Link:
        if name == dns.name.root:
            delegations = self._anchors
        else:
            above = await self._link(name.parent())
            if above.state != "secure":
                return above
            top = await self._asker.ask_signed(_text(name), "SOA")
            if top.why:
                return _Link(zone=name, state="unknown", at=name)
            if top.apex != _text(name):
                # Not a cut: the zone above goes on through this name.
                return above
            said = await self._asker.ask_signed(_text(name), "DS")
            if said.why:
                return _Link(zone=name, state="unknown", at=name)
            delegations = _delegations(said.records)
            if not delegations:
                return _Link(zone=name, state="insecure", at=name)
            ended = self._verify(_rrset(said, name, "DS"), said, above.zone, above.keys)
            if not any(not one.fault for one in ended):
                return _Link(zone=name, state="broken" if ended else "unknown", at=above.zone)
        keys = await self._keys(name, delegations)
        if keys.why or keys.is_stripped or (name == dns.name.root and keys.faults):
            # Another root than the one we know (a lab), or a resolver that gives no signatures.
            return _Link(zone=name, state="unknown", at=name)
        state = "broken" if keys.faults else "secure"
        return _Link(zone=name, state=state, at=name, keys=keys.keys)

    async def _keys(self, zone: dns.name.Name, delegations: Sequence[DS]) -> _Keys:
        """Read the keys of a zone; its faults are those of the step from the DS to the keys."""
        said = await self._asker.ask_signed(_text(zone), "DNSKEY")
        found = _Keys(zone=zone, why=said.why)
        if said.why:
            return found
        rrset = _rrset(said, zone, "DNSKEY")
        those = _dnskeys(rrset)[:_MOST_KEYS]
        found.keys = tuple(those)
        found.is_stripped = not _signatures(said, zone, "DNSKEY")
        entries = [one for one in those if any(_matches(ds, one, zone) for ds in delegations)]
        found.matched = tuple(
            ds for ds in delegations if any(_matches(ds, one, zone) for one in those)
        )
        found.signatures = self._verify(rrset, said, zone, those)
        if not delegations:
            return found
        at = _text(zone)
        if not those:
            found.faults.append(ChainFault(at=at, id="no-keys"))
        elif not entries:
            if any(one.digest_type in _DIGESTS for one in delegations):
                found.faults.append(ChainFault(at=at, id="no-match"))
        else:
            ended = self._verify(rrset, said, zone, entries)
            if not any(not one.fault or one.fault == "unsupported" for one in ended):
                fault = ChainFault(at=at, id="signature", what="DNSKEY", detail=_worst(ended))
                found.faults.append(fault)
        return found

    async def _zone_signatures(self, keys: _Keys) -> None:
        """Read what else is signed at the apex: whatever breaks there breaks the zone."""
        for kind in _SIGNED_KINDS[1:]:
            said = await self._asker.ask_signed(_text(keys.zone), kind)
            rrset = _rrset(said, keys.zone, kind)
            if said.why or rrset is None:
                continue
            ended = self._verify(rrset, said, keys.zone, keys.keys)
            keys.signatures += ended
            if not any(not one.fault or one.fault == "unsupported" for one in ended):
                at = _text(keys.zone)
                keys.faults.append(
                    ChainFault(at=at, id="signature", what=kind, detail=_worst(ended))
                )

    async def _denial(self, zone: dns.name.Name) -> Dnssec:
        said = await self._asker.ask_signed(_text(zone), "NSEC")
        if said.why or said.message is None:
            return Dnssec(denial=None)
        told = denial_of(said.message, zone)
        return Dnssec(
            denial=told.way,
            iterations=told.iterations,
            salt_bytes=len(told.salt),
            opts_out=told.opts_out,
        )

    def _verify(
        self,
        rrset: dns.rrset.RRset | None,
        said: Said,
        signer: dns.name.Name,
        keys: Iterable[DNSKEY],
    ) -> list[Signature]:
        """Give each signature of a set with what is wrong with it, when checked by these keys."""
        if rrset is None:
            return []
        those = dns.rdataset.from_rdata_list(rrset.ttl, list(keys)) if keys else None
        kind = str(dns.rdatatype.to_text(rrset.rdtype))
        return [
            Signature(
                covers=kind,
                tag=one.key_tag,
                algorithm=int(one.algorithm),
                inception=_moment(one.inception),
                expiration=_moment(one.expiration),
                fault=self._fault(rrset, one, signer, those),
            )
            for one in _signatures(said, rrset.name, kind)
        ]

    def _fault(
        self,
        rrset: dns.rrset.RRset,
        one: RRSIG,
        signer: dns.name.Name,
        keys: dns.rdataset.Rdataset | None,
    ) -> str:
        now = self._now()
        if _moment(one.expiration) < now:
            return "expired"
        if _moment(one.inception) > now:
            return "not-yet"
        if one.signer != signer or keys is None:
            return "another-signer"
        usable = [
            key
            for key in _dnskeys(keys)
            if key.algorithm == one.algorithm
            and dns.dnssec.key_id(key) == one.key_tag
            and key.flags & _ZONE_KEY
            and not key.flags & _REVOKED
        ]
        if not usable:
            return "unknown-key"
        try:
            # Typed by the library as what it is without its cryptography.
            dns.dnssec.validate_rrsig(  # pyright: ignore[reportUnknownMemberType]
                rrset,
                one,
                {signer: dns.rdataset.from_rdata_list(rrset.ttl, usable)},
                None,
                now.timestamp(),
                dns.dnssec.allow_all_policy,
            )
        except dns.exception.UnsupportedAlgorithm:
            return "unsupported"
        except (dns.exception.DNSException, ValueError, IndexError):
            return "bad"
        return ""


def _anchor(text: str) -> dns.rdata.Rdata:
    return dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, text)


def _dnskeys(found: dns.rdataset.Rdataset | None) -> list[DNSKEY]:
    those: list[dns.rdata.Rdata] = list(found or ())
    return [one for one in those if isinstance(one, DNSKEY)]


def _delegations(found: Iterable[dns.rdata.Rdata]) -> tuple[DS, ...]:
    return tuple(one for one in found if isinstance(one, DS))[:_MOST_DELEGATIONS]


def _rrset(said: Said, name: dns.name.Name, kind: str) -> dns.rrset.RRset | None:
    if said.message is None:
        return None
    wanted = dns.rdatatype.from_text(kind)
    for rrset in said.message.answer:
        if (rrset.name, rrset.rdtype, rrset.rdclass) == (name, wanted, dns.rdataclass.IN):
            return rrset
    return None


def _signatures(said: Said, name: dns.name.Name, kind: str) -> list[RRSIG]:
    if said.message is None:
        return []
    covered = dns.rdatatype.from_text(kind)
    found = records(said.message.answer, name, dns.rdatatype.RRSIG)
    those = [one for one in found if isinstance(one, RRSIG) and one.type_covered == covered]
    return those[:_MOST_SIGNATURES]


def _matches(ds: DS, key: DNSKEY, zone: dns.name.Name) -> bool:
    digest = _DIGESTS.get(ds.digest_type)
    if digest is None or ds.key_tag != dns.dnssec.key_id(key) or ds.algorithm != key.algorithm:
        return False
    made = dns.dnssec.make_ds(zone, key, digest, policy=dns.dnssec.allow_all_policy)
    return bool(made.digest == ds.digest)


def _zone_key(key: DNSKEY) -> ZoneKey:
    return ZoneKey(
        tag=dns.dnssec.key_id(key),
        algorithm=int(key.algorithm),
        bits=_rsa_bits(bytes(key.key)) if key.algorithm in _RSA else None,
        is_entry=bool(key.flags & 1),
        is_revoked=bool(key.flags & _REVOKED),
    )


def _rsa_bits(key: bytes) -> int | None:
    """Give the length of an RSA modulus (RFC 3110, 2)."""
    if not key:
        return None
    size, start = (key[0], 1) if key[0] else (int.from_bytes(key[1:3], "big"), 3)
    modulus = key[start + size :]
    return int.from_bytes(modulus, "big").bit_length() or None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(name: dns.name.Name) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()


def _worst(ended: Sequence[Signature]) -> str:
    """Give why no signature of a set holds; empty: it has none."""
    return next((one.fault for one in ended if one.fault), "")
