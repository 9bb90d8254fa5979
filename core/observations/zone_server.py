"""Name servers whose address lies in a mandate, asked directly: each machine, each zone on it."""

import msgspec

from core.observations.base import Observation


class DnsServer(Observation, frozen=True, kw_only=True, tag="dns-server"):
    """One server, whatever zones it holds. Only servers in a mandate have one.

    The place is over UDP where zones list it, over TCP where the sweep found it.
    """

    hosts: tuple[str, ...] = ()
    """Names under which zones list it, sorted."""
    offers_recursion: bool | None
    """It says that it resolves names for whoever asks (RA)."""
    resolves: bool | None
    """It resolved for us a name that is none of its own."""
    is_authoritative: bool = False
    """It answered with authority for one of its zones: it is the server itself that we heard."""
    has_edns: bool | None
    """It answers questions with EDNS in kind (RFC 6891)."""
    has_tcp: bool | None
    """It answers over TCP (RFC 7766)."""
    has_udp: bool | None


class Walk(msgspec.Struct, frozen=True, kw_only=True):
    """The names of a zone, followed from one NSEC record to the next."""

    names: int
    end: str
    """``whole`` (back at the apex), ``bounded`` (our own limit), ``lies`` (made up on the fly),
    ``broken`` (no answer that goes on)."""


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one AXFR."""

    is_open: bool
    records: int = 0
    """Read; more may exist when it is not whole."""
    names: int = 0
    is_whole: bool = False
    told: str = ""
    """Code by which it was refused, or how it ended."""


class Delegation(msgspec.Struct, frozen=True, kw_only=True):
    """What a server of a zone tells of a mandated domain delegated below it."""

    child: str
    servers: tuple[str, ...]
    """As the zone above lists them, sorted."""
    resolved: tuple[str, ...]
    """As the declared resolvers give them."""
    glue: dict[str, tuple[str, ...]] = {}
    """Server inside the child → addresses that come with the delegation."""
    resolved_glue: dict[str, tuple[str, ...]] = {}
    """The same servers → addresses as the resolvers give them."""


class ZoneServer(Observation, frozen=True, kw_only=True, tag="zone-server"):
    """One zone at one address that it is entrusted to; one per domain and address.

    Out of every mandate: nothing was sent, every field is ``None`` for that reason.
    """

    domain: str
    host: str
    """Name under which the zone lists it."""
    is_listed: bool = True
    """False: the primary that the SOA names, of which no resolver is told."""
    answer: str | None
    """To a question about the zone itself: ``authoritative``, ``not-authoritative``, ``refused``,
    ``failed`` (SERVFAIL), ``denied`` (no such name), ``error`` (another code), ``closed`` (an ICMP
    error or a reset: nothing serves DNS there)."""
    told: str = ""
    """Code of that answer."""
    serial: int | None
    newest: int | None = None
    """Highest serial that a server of the zone gave in the same minute."""
    newest_at: str = ""
    """Address that gave it."""
    is_lasting: bool = False
    """The difference was still there when asked again."""
    name_servers: tuple[str, ...] | None
    """Of the zone, as this server lists them, sorted."""
    resolved: tuple[str, ...] = ()
    """The same, as the declared resolvers give them."""
    transfer: Transfer | None
    denial: str | None
    """How the absence of names is proven there: ``nsec``, ``minimal`` (NSEC made up on the fly),
    ``nsec3``; empty: unsigned."""
    walk: Walk | None = None
    """Only of the server through which the zone was walked."""
    below: tuple[str, ...] = ()
    """Mandated domains right below: what this server tells of them stands in ``delegations``."""
    delegations: tuple[Delegation, ...] = ()
