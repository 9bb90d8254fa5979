"""What a run gave, worded in one language: the shape of ``findings.json`` and of reports."""

from datetime import date, datetime

import msgspec

from core.inventory import Inventory
from core.model import Confidence, Criticality, Language, State, Transport


class FeedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One feed by which a run was judged."""

    feed: str
    """``kev``, ``epss``, ``cvss``, ``eol``, ``windows`` or ``alerts``."""
    as_of: datetime
    """UTC; when its maker made it."""
    age_days: int
    """When the run began."""
    source: str


class RunInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run."""

    id: str
    kind: str
    """exposure | directory."""
    language: Language
    started_at: datetime
    finished_at: datetime | None
    complete: bool
    vigie_version: str
    inventory: str
    """Id of the GHT."""
    profile: str
    compiled_on: date | None = None
    """Day of the built-in knowledge; ``None``: the run is of an older Vigie, which did not note it.
    """
    exploited_until: date | None = None
    """Day of the catalogue of exploited flaws that the built-in knowledge holds whole."""
    feeds: tuple[FeedRow, ...] = ()
    """Empty: the built-in knowledge served alone."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much was tried. ``statuses`` sums to the pairs planned."""

    addresses: int
    ports_tried: int
    statuses: dict[str, int]
    udp_silent: int = 0
    """Of those ``undetermined``, the UDP ports that were asked and said nothing."""


class ServiceRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One open port. ``remote_access`` and below are for the register of remote access."""

    establishment: str
    ip: str
    port: int
    transport: Transport
    hostname: str | None = None
    protocol: str
    tls: bool
    product: str | None = None
    version: str | None = None
    confidence: Confidence
    evidence: tuple[str, ...]
    remote_access: bool = False
    declared: bool = False
    declared_as: str = ""
    """The asset as the inventory names it."""
    justification: str = ""
    mfa: str = ""
    owner: str = ""
    review_by: str = ""
    product_name: str = ""
    """Vendor and product, for people."""
    names: tuple[str, ...] = ()
    """To which the same site is shown, where it was looked at under each; sorted."""
    low_confidence_source: bool = False
    """The knowledge entry behind the product is of low confidence: shown as such."""


class Asset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The asset of a finding; a :class:`core.model.Place` without its absent fields."""

    establishment: str
    ip: str | None = None
    port: int | None = None
    transport: Transport | None = None
    hostname: str | None = None
    forest: str | None = None
    domain: str | None = None
    dn: str | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person decided of a finding, in force."""

    owner: str
    reason: str
    until: date | None = None
    """Last day on which it holds."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault at one place, in words."""

    fingerprint: str
    check: str
    title: str
    criticality: Criticality
    confidence: Confidence
    asset: Asset
    evidence: tuple[str, ...]
    care: tuple[str, ...]
    references: tuple[str, ...]
    remedy: str
    state: State
    first_seen: datetime
    last_seen: datetime
    risk: str = ""
    """What may happen, for a director."""
    decided: Decided | None = None


class NotMeasuredRow(msgspec.Struct, frozen=True, kw_only=True):
    """One question without an answer, or many of the same kind told once."""

    asset: Asset
    what: str
    """Title of the check, or the probe, or a range of ports."""
    why: str
    count: int = 1
    """How many target × port pairs this row stands for."""


class PassiveRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """« Seen by X on D, not confirmed »: a claim of a passive source, never a service of ours."""

    establishment: str
    ip: str
    port: int
    transport: Transport
    source: str
    seen_on: str = ""
    """ISO date; empty when the source gives none."""
    protocol: str = ""
    product: str = ""
    version: str = ""
    confirmed: bool = False
    """This run saw the same port open by itself."""


class GradeReason(msgspec.Struct, frozen=True, kw_only=True):
    """One finding that weighs on a grade."""

    check: str
    title: str
    criticality: Criticality


class TlsRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One TLS endpoint and its grade."""

    establishment: str
    ip: str
    port: int
    transport: Transport
    hostname: str | None = None
    starttls: str = ""
    """Protocol that opened the way; empty: TLS from the first byte."""
    grade: str
    """``A`` to ``E``; ``?``: nothing found, and not enough measured to say so."""
    at_best: bool = False
    """What was not measured could still lower it."""
    reasons: tuple[GradeReason, ...] = ()
    """The gravest first."""
    versions: tuple[str, ...] = ()
    """Agreed to: ``SSLv2``, ``SSLv3``, ``TLS1.0``… ``TLS1.3``."""
    profile: str = ""
    """Id of the reference that it was judged by."""


class AddressRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One address that a name leads to, and who holds it where no mandate covers it."""

    ip: str
    scope: str
    """``in-scope``: contacted; ``withheld``: mandated, yet not to be contacted; ``outside``."""
    why: str = ""
    """Worded: why it is withheld, or why the registry did not tell its holder."""
    kind: str = ""
    """As :class:`core.observations.name.AddressHolder` has it; empty: nobody was asked."""
    holder: str = ""
    """Name that a registry or our list of hosts gives."""
    provider: str = ""
    """Id in our list of hosts."""
    asn: int | None = None
    range: str = ""
    source: str = ""


class NameRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One name, how it was found and where it leads."""

    establishment: str
    name: str
    found_by: tuple[str, ...]
    """Ways of :data:`core.observations.name.WAYS`, in the order in which they came."""
    addresses: tuple[AddressRow, ...] = ()
    """IPv4 first, by number."""
    chain: tuple[str, ...] = ()
    """CNAMEs, in order."""
    error: str = ""
    """As the resolver ended: NXDOMAIN, SERVFAIL, timeout…; beside addresses: there may be more."""


class HuntRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done to find the names of one domain."""

    establishment: str
    domain: str
    asked: int
    """Questions to the resolvers, repeats included."""
    lost: int = 0
    """Questions that no resolver answered."""
    found: dict[str, int] = {}
    """Way → names that it alone or first gave."""
    wildcards: tuple[str, ...] = ()
    """Names under which every label answers the same."""
    tried: dict[str, str] = {}
    """Way → empty when it was gone through, else why not, worded."""


class ToConfirmRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question to the establishment: is this ours, and may it be examined?"""

    establishment: str
    ip: str
    names: tuple[str, ...]
    """Sorted."""
    kind: str = "unknown"
    holder: str = ""
    range: str = ""
    question: str
    """Worded."""
    toml: tuple[str, ...] = ()
    """Lines that answer « yes » in the inventory, to be completed and pasted."""


class PointRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One control point over the whole forest."""

    id: str
    levels_failed: tuple[int, ...]
    status: str
    """passed | failed | not_evaluated."""
    objects: tuple[str, ...]
    condition: str
    """published | ours."""
    why: str = ""
    """Worded: what was not evaluated, beside a failure too."""
    title: str
    levels: tuple[int, ...]
    """Empty for what never moves the level."""
    check: str = ""
    """Empty: none is written yet."""
    effort: int = 2
    """To put it right: 1 a setting, 2 a piece of work, 3 a project."""
    query: str = ""
    """LDAP filter by which an administrator sees the objects again."""
    bases: tuple[str, ...] = ()
    change: str = ""
    """Against the audit before: new | still | fixed | lost (judged then, not evaluated now)."""
    objects_new: tuple[str, ...] = ()
    objects_gone: tuple[str, ...] = ()


class PrivilegedRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One privileged account; see :class:`core.observations.directory.PrivilegedSeen`."""

    dn: str
    sid: str
    via: tuple[str, ...]
    name: str
    domain: str
    kind: str
    enabled: bool
    created: datetime | None = None
    last_logon: datetime | None = None
    password_set: datetime | None = None
    password_never_expires: bool = False
    password_not_required: bool = False
    no_preauth: bool = False
    protected_users: bool = False
    smartcard: bool = False
    not_delegated: bool = False
    delegation: str = ""
    spns: tuple[str, ...] = ()
    owner: str = ""


class GroupRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One privileged group; see :class:`core.observations.directory.GroupSeen`."""

    dn: str
    name: str
    domain: str
    is_head: bool = False
    members: tuple[str, ...]


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a path of control; see :class:`core.observations.directory.StepSeen`."""

    source: str
    source_id: str
    how: str
    """Worded."""
    target: str
    target_id: str


class ContextRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One naming context, and how much of it was read."""

    dn: str
    read: int
    expected: int | None = None
    descriptors: int
    whole: bool
    why: str = ""
    """Worded."""


class SnapshotRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One snapshot, and what the directory's own surveillance will have seen of its reading."""

    path: str
    sha256: str
    account: str
    source: str
    started_at: datetime
    finished_at: datetime | None
    requests: int
    bytes_in: int
    bytes_out: int
    servers: tuple[str, ...]
    contexts: tuple[ContextRow, ...]


class DirectoryBlock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run found of one forest."""

    forest: str
    level: int
    level_is: str
    """exact | at_most | at_least."""
    list_edition: str
    points: tuple[PointRow, ...]
    privileged_accounts: tuple[PrivilegedRow, ...]
    domains: tuple[str, ...]
    role: str = "production"
    snapshots: tuple[SnapshotRow, ...]
    compared_with: str = ""
    """Run of the audit before; empty: this is the first of this forest."""
    compared_at: datetime | None = None
    groups: tuple[GroupRow, ...] = ()
    """Privileged ones."""
    paths: tuple[tuple[StepRow, ...], ...] = ()
    """To tier 0, from those outside the privileged groups, the nearest first."""
    paths_left: int = 0
    """How many more there are, not kept."""
    paths_why: str = ""
    """Why they were not computed, worded."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report needs. Rendering it is pure: it never re-fetches."""

    schema: str = "vigie.findings/1"
    run: RunInfo
    coverage: Coverage
    services: tuple[ServiceRow, ...]
    findings: tuple[Finding, ...]
    """Gravest first, then surest, then by place."""
    not_measured: tuple[NotMeasuredRow, ...]
    passive: tuple[PassiveRow, ...] = ()
    """By establishment, address, port and source."""
    tls: tuple[TlsRow, ...] = ()
    """By establishment, address and port."""
    names: tuple[NameRow, ...] = ()
    """By establishment and name."""
    hunts: tuple[HuntRow, ...] = ()
    """By establishment and domain."""
    to_confirm: tuple[ToConfirmRow, ...] = ()
    """By establishment and address."""
    directory: DirectoryBlock | None = None
    """Of a run of that kind alone."""


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What a report shows around the results: not part of ``findings.json``."""

    inventory: Inventory
    tlp: str = "AMBER+STRICT"
    generated_at: datetime
    establishments: tuple[str, ...] = ()
    """Ids of those in this run; empty: all of the inventory."""
    source_addresses: tuple[str, ...] = ()
    """Public addresses that the packets came from, as the hospital sees them."""
