"""The zone of a domain of the inventory, as resolvers answered."""

from datetime import datetime

import msgspec

from core.observations.base import Observation


class NameServer(msgspec.Struct, frozen=True, kw_only=True):
    """One server of the zone."""

    host: str
    addresses: tuple[str, ...] = ()
    """Literal, sorted."""
    alias: str = ""
    """What the name is an alias of, where it may not be one (RFC 2181, 10.3)."""
    asns: tuple[int, ...] = ()
    """Networks that announce the addresses, where known."""


class Hosted(msgspec.Struct, frozen=True, kw_only=True):
    """A name that leads to a host whose own answer alone tells whether the site still exists."""

    owner: str
    target: str
    product: str


class Dangling(msgspec.Struct, frozen=True, kw_only=True):
    """One record that leads to a name which does not exist."""

    owner: str
    """Name that holds the record."""
    kind: str
    """CNAME, MX or NS."""
    target: str
    times_denied: int
    """How many times a resolver said that the target does not exist: 1 or 2."""
    missing_from: str
    """Shortest name above the target, or the target, that does not exist either."""
    product: str = ""
    """Hosting under whose names the target stands, where any customer may take a free one."""
    is_recycled: bool = True
    """False: its free names are not given to others (a random part, a proof of ownership)."""


class DelegationKey(msgspec.Struct, frozen=True, kw_only=True):
    """One DS that the zone above publishes."""

    tag: int
    algorithm: int
    """IANA number, as that of the digest."""
    digest: int
    is_matched: bool | None
    """A key of the zone is the one meant; ``None``: a digest that we do not compute."""


class ZoneKey(msgspec.Struct, frozen=True, kw_only=True):
    """One DNSKEY."""

    tag: int
    algorithm: int
    bits: int | None = None
    """Of RSA alone."""
    is_entry: bool = False
    """Meant as the one that the zone above vouches for (SEP)."""
    is_revoked: bool = False


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature at the apex."""

    covers: str
    """DNSKEY, SOA or NS."""
    tag: int
    algorithm: int
    inception: datetime
    expiration: datetime
    fault: str = ""
    """``expired``, ``not-yet``, ``unknown-key``, ``another-signer``, ``bad``, ``unsupported`` (an
    algorithm that we do not compute); empty: it holds."""


class ChainFault(msgspec.Struct, frozen=True, kw_only=True):
    """One place at which the chain of trust is broken."""

    at: str
    """Zone."""
    id: str
    """``no-keys`` (a DS, no DNSKEY), ``no-match`` (no key is the one that the DS mean),
    ``signature`` (no signature of ``what`` holds), ``ds`` (none of the DS), ``above`` (broken
    there already)."""
    what: str = ""
    detail: str = ""
    """Fault of the signature; empty: there is none."""


class Dnssec(msgspec.Struct, frozen=True, kw_only=True):
    """The signatures of a zone, as we checked them. All empty: it has none."""

    delegations: tuple[DelegationKey, ...] = ()
    keys: tuple[ZoneKey, ...] = ()
    signatures: tuple[Signature, ...] = ()
    faults: tuple[ChainFault, ...] = ()
    chain: str = "insecure"
    """Above the zone: ``secure`` down from the root, ``insecure`` (a zone above vouches for no
    key), ``broken``, ``unknown`` (another root, no signatures given)."""
    chain_at: str = ""
    """Zone where that was found."""
    denial: str | None = ""
    """How absence is proven: ``nsec``, ``minimal`` (NSEC made up on the fly), ``nsec3``."""
    iterations: int = 0
    """Of NSEC3."""
    salt_bytes: int = 0
    opts_out: bool = False


class DomainSeen(Observation, frozen=True, kw_only=True, tag="domain"):
    """The zone of one domain."""

    domain: str
    zone: str = ""
    """Name at which the zone begins; empty when no answer told."""
    told_at: str = ""
    """Other domain of the run at which the same zone is told; empty: told here."""
    name_servers: tuple[NameServer, ...] | None
    is_signed: bool | None
    """The zone above vouches for a key (DS)."""
    is_bogus: bool | None
    """Refused by a resolver that validates, given when asked without validation."""
    resolver_validates: bool = False
    """The resolver vouches for the root: what it says of signatures is proven."""
    caa: tuple[str, ...] | None
    """Records that apply, at the domain or above it."""
    dangling: tuple[Dangling, ...] | None
    hosted: tuple[Hosted, ...] = ()
    """What only the hosts of others could tell."""
    dnssec: Dnssec | None = None
    """``None`` with a reason: not read; without: a run of an older version."""
