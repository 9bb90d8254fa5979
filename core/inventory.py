"""An inventory as types: a hospital group, its mandates, its limits.

Parsed by ``inventories.load``.
"""

from datetime import date
from ipaddress import IPv4Network, IPv6Network

import msgspec

from core.model import Intensity

Network = IPv4Network | IPv6Network


class Ght(msgspec.Struct, frozen=True, kw_only=True):
    """The hospital group."""

    id: str
    name: str
    region: str = ""
    timezone: str = "Europe/Paris"
    """IANA name; windows and dates are read in it."""


class Establishment(msgspec.Struct, frozen=True, kw_only=True):
    """One hospital."""

    id: str
    name: str
    finess: str = ""
    ranges: tuple[str, ...] = ()
    """CIDR, canonical (host bits zero); a single address is a /32 or /128."""
    domains: tuple[str, ...] = ()
    """ASCII (IDNA), lower case, no trailing dot."""
    exclude: tuple[str, ...] = ()
    """CIDR or exact host name; never contacted."""
    medical: tuple[str, ...] = ()
    """CIDR or exact host name; profile discreet, one connection at a time."""
    contact: str = ""


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A weekly opening. It belongs to the days on which it opens, and may end on the next day."""

    days: tuple[int, ...]
    """0 Monday to 6 Sunday."""
    opens_min: int
    """Minutes after local midnight, 0 to 1439."""
    closes_min: int
    """Minutes after the local midnight of the same day; above 1440 when it ends on the next day."""


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """A signed permission to scan."""

    establishments: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    """CIDR, domain or exact host name; empty means all of its establishments."""
    signed_by: str
    document: str
    sha256: str = ""
    valid_from: date
    valid_until: date
    """Inclusive."""
    intensity: Intensity
    windows: tuple[Window, ...] = ()
    """Empty: any time."""
    emergency: str = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """The agreement of a third party that holds the machine."""

    holder: str
    covers: tuple[str, ...]
    document: str = ""
    valid_from: date
    valid_until: date
    intensity: Intensity


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """A remote access that the establishment declares."""

    asset: str
    """Address or host name."""
    port: int | None = None
    product: str = ""
    owner: str = ""
    justification: str = ""
    mfa: str = "unknown"
    """yes | no | unknown."""
    review_by: date | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Connection attempts and datagrams, ours, retries included."""

    packets_per_second: int = 200
    packets_per_second_per_prefix24: int = 100
    packets_per_second_per_host: int = 20
    connections_per_host: int = 4


class DirectoryAccess(msgspec.Struct, frozen=True, kw_only=True):
    """A directory to audit. The password is a reference, never the secret itself."""

    id: str
    establishment: str
    server: str
    user: str
    password: str
    """env:NAME | file:PATH | keyring:SERVICE/NAME | prompt."""
    ca_file: str = ""
    role: str = "production"


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Ports added to the default list. Ranges inclusive."""

    tcp: tuple[tuple[int, int], ...] = ()
    udp: tuple[tuple[int, int], ...] = ()


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """What Vigie may talk to besides targets. A service without its key is never contacted."""

    resolvers: tuple[str, ...] = ()
    """Literal addresses, with an optional port: ``192.0.2.53``, ``[2001:db8::53]:5353``."""
    canary: str = ""
    """Host, or host:port offset, of the operator's own canary."""
    shodan: str = ""
    """Base URL of the Shodan API; its key comes from the environment."""
    revocation: tuple[str, ...] = ()
    """Hosts that may be asked whether a certificate was revoked: ``http://ocsp.example``, or
    ``crl.example:8080``. What a certificate names beside them is never followed."""
    operator: str = ""
    """Contact shown in what is sent (User-Agent, HELO): a mail address or a page."""
    ct: tuple[str, ...] = ()
    """Bases of certificate transparency: a front that answers as crt.sh does, or a log of RFC 6962,
    known by its path that ends in ``/ct/v1``."""
    rdap: tuple[str, ...] = ()
    """Bases of registries (RFC 7480): ``https://rdap.db.ripe.net``. A registry that refers to
    another is followed only to one of them."""
    asn: str = ""
    """Zone of the DNS that maps an address to its autonomous system, asked through the resolvers:
    ``origin.asn.cymru.com``."""
    others: dict[str, str] = {}
    """Keys of later services (feeds, mail, ticketing…), kept as they are."""

    def called(self, what: str) -> str:
        """Give the User-Agent of our clients: a header takes printable ASCII alone."""
        told = [one for one in (what, self.operator and f"contact: {self.operator}") if one]
        text = f"Vigie ({'; '.join(told)})" if told else "Vigie"
        return "".join(one if " " <= one <= "~" else "?" for one in text)


class TlsChoices(msgspec.Struct, frozen=True, kw_only=True):
    """How TLS is judged."""

    profile: str = "anssi"
    """Id of a profile of ``core/knowledge/tls_policy.toml``."""
    roots: tuple[str, ...] = ()
    """PEM or DER files of authorities that the users of these services trust, besides the public
    ones."""


class NamesChoices(msgspec.Struct, frozen=True, kw_only=True):
    """How the names of the domains are looked for."""

    enumerate: bool = True
    """False: only the names that the inventory writes are asked about."""
    words: tuple[str, ...] = ()
    """Labels tried besides our own list, lower case, each once: those of the inventory, then those
    of the files it names."""
    queries_per_second: int = 1_000
    """To each resolver."""
    budget: int = 50_000
    """Names tried for one domain, all ways together."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the establishment says of something found, that its inventory does not hold.

    It settles a question and no more: it opens no scope. What is to be looked at goes into the
    ranges and a mandate.
    """

    asset: str
    """CIDR (a single address is a /32 or /128) or exact host name."""
    belongs: str
    """ours | third-party | not-ours."""
    holder: str = ""
    """Who holds it, where a third party does."""
    answered_by: str = ""
    answered_on: date | None = None
    note: str = ""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """One GHT, as its file says it."""

    path: str
    lab: bool = False
    """True alone admits loopback, link-local and private ranges."""
    ght: Ght
    establishments: tuple[Establishment, ...]
    mandates: tuple[Mandate, ...] = ()
    consents: tuple[Consent, ...] = ()
    expected: tuple[Expected, ...] = ()
    limits: Limits = Limits()
    directories: tuple[DirectoryAccess, ...] = ()
    ports: Ports = Ports()
    services: Services = Services()
    tls: TlsChoices = TlsChoices()
    names: NamesChoices = NamesChoices()
    answers: tuple[Answer, ...] = ()
