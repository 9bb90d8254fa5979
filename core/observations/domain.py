"""The zone of a domain of the inventory, as resolvers answered."""

import msgspec

from core.observations.base import Observation


class NameServer(msgspec.Struct, frozen=True, kw_only=True):
    """One server of the zone."""

    host: str
    addresses: tuple[str, ...] = ()
    """Literal, sorted."""


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
