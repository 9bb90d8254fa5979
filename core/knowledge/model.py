"""Facts as types. Data stands beside, in TOML; ``core.knowledge.load`` reads it."""

from datetime import date

import msgspec

from core.knowledge.tls import TlsPolicy
from core.model import Criticality, Transport, Wording


class PortFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a port number suggests: never a proof."""

    port: int
    transport: Transport
    service: str
    criticality: Criticality
    """Of exposure alone."""
    quiet: str = ""
    """``print``, ``mllp``, ``industrial``, ``dicom``, ``serial``: listened to, nothing is sent.

    Empty: not quiet.
    """
    egress: bool = False
    """Providers often filter it outbound: silence needs a canary."""
    listed: bool = True
    """In the default list. False: known only so that it stays quiet when someone asks for it."""
    products: tuple[str, ...] = ()
    """Ids that often stand there; not all of them need have a file."""
    advice: Wording
    confidence: str = "high"


class Signal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to recognise a product."""

    kind: str
    """One of :data:`SIGNAL_KINDS`."""
    path: str = "/"
    """Where the answer was asked for, ``*`` any answer of the service; for ``http_`` kinds only."""
    match: str
    match_type: str = "contains"
    """contains | regex | equals."""
    strength: str
    """strong | medium | weak."""
    face: str = ""
    """``portal`` or ``admin`` when the signal shows that side; empty: the product only."""
    evidence: str = ""
    """Where the fact comes from."""
    note: str = ""


SIGNAL_KINDS = frozenset(
    {
        "http_header",
        "http_body",
        "http_script",
        "http_title",
        "http_cookie",
        "http_status",
        "http_redirect",
        "http_asset",
        "favicon_md5",
        "favicon_mmh3",
        "tls_subject",
        "tls_issuer",
        "banner",
        "handshake",
    }
)
"""``http_header``: a line ``Name: value``. ``http_cookie``: a line ``name=value``.
``http_asset``: what the page loads or sends to (``src`` of scripts, images and frames, ``href`` of
``link``, ``action`` of forms), never what it merely links to.
``http_script``: inline scripts alone; ``http_body``: the page without its comments.
``http_status``: the code. ``tls_``: a name as RFC 4514 writes it, with a blank behind commas."""


class Reading(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place where a product tells its version to anybody."""

    kind: str
    """One of :data:`SIGNAL_KINDS`."""
    path: str = "/"
    """As in :class:`Signal`; asked for only once the product was recognised."""
    match: str
    """A pattern with at least one group; several groups are joined with full stops."""
    gives: str = "version"
    """``version``, ``build`` (a number that the product's order alone ranks) or ``branch`` (the
    first parts only: it can be past its support, its flaws stay open questions)."""
    table: dict[str, str] = {}
    """Text read → version, where what is shown is no number (a date, a digest)."""
    body: str = ""
    """Sent by POST to ``path``; empty: GET. Only what changes nothing and needs no account."""
    content_type: str = ""
    """Of ``body``."""
    confidence: str = "high"
    """high | medium | low."""
    evidence: str = ""
    """Where the fact comes from."""
    note: str = ""


class Cycle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One branch of a product and when its support ends."""

    cycle: str
    """First parts of its versions, as ``7.4``; ``9.0..9.6`` where several are told at once."""
    ended: date | None = None
    """Last day of security updates; ``None``: not known, or none announced."""
    active_ended: date | None = None
    """Last day of active support, where the vendor tells it apart."""
    is_dead: bool = False
    """Out of support at an unknown date."""
    note: Wording | None = None


class Support(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the branches of a product live."""

    cycles: tuple[Cycle, ...] = ()
    as_of: date | None = None
    """When the table was true."""
    source: str = ""
    slug: str = ""
    """Name of the product at endoflife.date; empty: it has none there."""
    note: Wording | None = None


class Flaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One flaw of a product that is, or may become, exploited."""

    cve: str
    affected: tuple[str, ...] = ()
    """Alternatives; within one, every comparison must hold (``>=7.4.0 <7.4.3``, ``12.1.*``).

    Empty, ``maybe`` too: no range is known by number, the question stays open for every version.
    """
    maybe: tuple[str, ...] = ()
    """Ranges in which the number alone does not tell: the fix does not change it."""
    fixed: tuple[str, ...] = ()
    """First fixed build of each branch: at or above it within its branch, the flaw is not there,
    whatever ``affected`` says."""
    packages: tuple[str, ...] = ()
    """First fixed builds of distributions that mend without a new number, as they show:
    ``9.2p1 Debian-2+deb12u3``."""
    kev: date | None = None
    """Day it was added to CISA's catalogue of known exploited vulnerabilities."""
    is_kev: bool = True
    """In that catalogue; the day may be unknown."""
    kev_basis: str = ""
    """catalogue | cisa-record | press | unverified."""
    ransomware: bool | None = None
    """Known use by ransomware; ``None``: not known, which proves nothing."""
    condition: Wording | None = None
    """What must be switched on for the flaw to be reachable."""
    confidence: str = "high"
    """Of the range."""


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One product that gives remote access or is often exposed."""

    id: str
    vendor: str
    name: str
    category: str
    portal: bool
    """A remote-access portal."""
    admin: bool = False
    """All it shows is administration."""
    criticality: Criticality
    """Of exposure alone."""
    signals: tuple[Signal, ...]
    advice: Wording
    version_how: Wording | None = None
    """How an administrator finds the version, when it is not read from outside."""
    version_order: str = "dotted"
    """How its versions are written and ranked: one of :data:`core.versions.ORDERS`."""
    branch_parts: int = 2
    """Leading parts of a version that name its branch."""
    readings: tuple[Reading, ...] = ()
    """Best first; empty: no version is ever read, thus none is ever claimed."""
    support: Support = Support()
    flaws: tuple[Flaw, ...] = ()
    kev_names: tuple[str, ...] = ()
    """As that catalogue names it, ``vendor: product``: a new entry is noticed by it."""
    ports: tuple[str, ...] = ()
    """Where it usually stands, ``443/tcp``; never a reason to believe."""
    sources: tuple[str, ...] = ()
    confidence: str = "high"
    """high | medium | low; low is shown to readers."""

    @property
    def exploited(self) -> bool:
        """Whether a branch of it has a flaw in CISA's catalogue."""
        return any(flaw.is_kev for flaw in self.flaws)

    @property
    def full_name(self) -> str:
        """Give the name with its vendor's, told once."""
        same = self.name.lower().startswith(self.vendor.lower())
        return self.name if same else f"{self.vendor} {self.name}"


class WindowsRelease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Windows that reports a build number."""

    name: str
    kind: str
    """client | server."""
    end_mainstream: date
    end_support: date
    """End of free security updates."""
    end_esu: date | None = None
    """End of paid updates, where sold."""


class WindowsBuild(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A build number and every release that reports it."""

    build: int
    nt_version: str
    candidates: tuple[WindowsRelease, ...]
    note: Wording | None = None


class CareIndicator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One indicator of the CaRE mapping. Ids are ours unless ``official_ref`` is set."""

    id: str
    domain: str
    objective: Wording
    label: Wording
    target: Wording | None = None
    official_ref: str = ""
    measured_by: tuple[str, ...] = ()
    """exposure_scan | ad_audit | import | manual."""
    confidence: str
    """sourced | partly_sourced | inferred | product_default | unknown."""

    @property
    def target_is_ours(self) -> bool:
        """Whether the target must be shown as ours, never as an official one."""
        return self.target is not None and self.confidence != "sourced"


class FrontSign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mark that a front leaves on the answers that pass through it."""

    kind: str
    """``header``, ``cookie``, ``title`` or ``body``."""
    match: str
    """Regular expression; a header is read as ``Name: value``."""


class Front(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What answers in the place of a server: told for itself, never for what stands behind."""

    id: str
    name: str
    kind: str
    """``cdn``: a content network, anti-DDoS included; ``waf``: an application firewall."""
    confidence: str
    sources: tuple[str, ...]
    signals: tuple[FrontSign, ...] = ()
    """On any answer."""
    pages: tuple[FrontSign, ...] = ()
    """On a refusal or an error that the front wrote itself."""


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    compiled_on: date
    exploited_until: date | None = None
    """Day at which its exploited flaws were those of CISA's catalogue, whole; later ones are known
    one by one. ``None``: not told."""
    ports: tuple[PortFact, ...]
    extra_tcp: tuple[int, ...]
    """Ports of products and usual alternates, added to those of ``ports`` in the default list."""
    extra_udp: tuple[int, ...] = ()
    """The same for UDP."""
    products: tuple[Product, ...]
    windows: tuple[WindowsBuild, ...]
    windows_ignored: tuple[str, ...] = ()
    """NTLM versions that are not of a Windows: ``6.1.0`` (Samba and others), ``0.0.0``."""
    care: tuple[CareIndicator, ...]
    care_disclaimer: Wording
    tls: TlsPolicy = TlsPolicy()
    fronts: tuple[Front, ...] = ()

    def port(self, port: int, transport: Transport = Transport.TCP) -> PortFact | None:
        """Give what is known of a port."""
        return _index(self.ports).get((port, transport))

    def is_quiet(self, port: int) -> bool:
        """Whether nothing may be sent to this port, over TCP or UDP."""
        return self.quiet_fact(port) is not None

    def quiet_fact(self, port: int) -> PortFact | None:
        """Give what makes a port quiet; what is so over one transport is over both.

        Modbus, KNX and their like listen on the same number over the other one too.
        """
        facts = (self.port(port), self.port(port, Transport.UDP))
        return next((fact for fact in facts if fact and fact.quiet), None)

    def default_udp(self) -> tuple[int, ...]:
        """Give the list of UDP ports that are asked where a probe knows how, sorted."""
        known = {
            fact.port for fact in self.ports if fact.transport is Transport.UDP and fact.listed
        }
        return tuple(sorted(known | set(self.extra_udp)))

    def default_tcp(self) -> tuple[int, ...]:
        """Give the default list of TCP ports, sorted."""
        known = {
            fact.port for fact in self.ports if fact.transport is Transport.TCP and fact.listed
        }
        return tuple(sorted(known | set(self.extra_tcp)))

    def product(self, id: str) -> Product | None:  # noqa: A002 - the word of the contract
        """Give a product by id."""
        return next((product for product in self.products if product.id == id), None)

    def indicator(self, id: str) -> CareIndicator | None:  # noqa: A002 - the word of the contract
        """Give a CaRE indicator by id."""
        return next((indicator for indicator in self.care if indicator.id == id), None)


_indexes: dict[int, tuple[tuple[PortFact, ...], dict[tuple[int, Transport], PortFact]]] = {}


def _index(ports: tuple[PortFact, ...]) -> dict[tuple[int, Transport], PortFact]:
    # Keyed by identity and kept with its tuple, so that a look-up per packet costs one dict access.
    kept = _indexes.get(id(ports))
    if kept is None or kept[0] is not ports:
        kept = (ports, {(fact.port, fact.transport): fact for fact in ports})
        _indexes[id(ports)] = kept
    return kept[1]
