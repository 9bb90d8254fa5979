"""What the report shows, decided and worded by :mod:`reports.build`; the template lays it out.

Every string that came from a network, a file or a person went through :func:`reports.text.inert`.
"""

import msgspec

from reports.name_map import Plate
from reports.pictures import Block


class Badge(msgspec.Struct, frozen=True, kw_only=True):
    """A word with a look; the word alone carries the meaning."""

    look: str
    text: str


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A label and what stands behind it."""

    label: str
    value: str
    foreign: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a sentence; ``code`` is to be typed as it is."""

    text: str
    code: bool


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A list, cut to what helps, and how many were left out."""

    shown: tuple[str, ...]
    more: str = ""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One of the three figures of the managerial summary."""

    value: str
    label: str
    note: str
    look: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One of the three first actions."""

    rank: str
    badge: Badge
    title: str
    risk: str
    remedy: tuple[Part, ...]
    where: Listed


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one establishment."""

    name: str
    total: str
    blocks: tuple[Block, ...]
    parts: tuple[Badge, ...]
    gaps: str
    said: str
    """The bar in one sentence, for who does not see it."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One establishment of the perimeter."""

    name: str
    finess: str
    contact: str
    ranges: Listed
    domains: Listed
    excluded: Listed
    medical: Listed
    names: Listed
    outside: bool
    """Not in this run."""


class Map(msgspec.Struct, frozen=True, kw_only=True):
    """One range, drawn."""

    range: str
    establishment: str
    caption: str
    scale: str
    blocks: tuple[Block, ...]


class MandateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One mandate or consent."""

    who: str
    holder: bool
    document: str
    validity: str
    expired: bool
    intensity: str
    windows: Listed
    covers: Listed
    emergency: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One status with its count."""

    group: str
    name: str
    meaning: str
    count: str


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One group of statuses."""

    look: str
    label: str
    count: str


class MatrixRow(msgspec.Struct, frozen=True, kw_only=True):
    """One establishment against the criticalities."""

    name: str
    cells: tuple[str, ...]
    total: str


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of a group."""

    where: str
    name: str
    establishment: str
    badge: Badge
    confidence: str
    evidence: Listed
    state: str
    first_seen: str
    last_seen: str
    fingerprint: str


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, with everywhere it was seen."""

    anchor: str
    check: str
    title: str
    badge: Badge
    confidence: str
    count_said: str
    settled: str
    establishments: Listed
    risk: str
    remedy: tuple[Part, ...]
    references: tuple[str, ...]
    care: tuple[str, ...]
    occurrences: tuple[Occurrence, ...]
    more: str
    open: bool


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the plan."""

    rank: str
    badge: Badge
    title: str
    anchor: str
    remedy: tuple[Part, ...]
    assets: Listed
    count: str
    establishments: Listed
    confidence: str
    delay: str


class Remote(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the register of remote access."""

    service: str
    where: str
    name: str
    establishment: str
    declared: bool
    justification: str
    owner: str
    mfa: str
    review: str
    late: bool
    product: str
    certainty: str
    low_source: bool


class TlsShare(msgspec.Struct, frozen=True, kw_only=True):
    """One grade of TLS endpoints."""

    look: str
    letter: str
    meaning: str
    count: str


class TlsEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One TLS endpoint."""

    where: str
    name: str
    establishment: str
    letter: str
    look: str
    at_best: str
    """Empty where everything that counts was measured."""
    versions: str
    reasons: Listed


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Verifications of one kind that failed for one reason."""

    what: str
    count: str
    establishments: Listed
    examples: Listed


class GapGroup(msgspec.Struct, frozen=True, kw_only=True):
    """All that failed for one reason."""

    reason: str
    count: str
    rows: tuple[Gap, ...]


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """One CaRE indicator."""

    id: str
    label: str
    official: str
    contribution: str
    look: str
    target: str
    standing: str
    sourced: bool


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the annex."""

    where: str
    name: str
    establishment: str
    protocol: str
    tls: bool
    product: str
    certainty: str
    evidence: Listed


class Passive(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the annex of passive sources."""

    where: str
    establishment: str
    said: str
    """Protocol, product and version, in the source's words."""
    seen: str
    """« Seen by X on D, not confirmed »."""


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """The head of the report."""

    title: str
    ght: str
    region: str
    tlp: str
    tlp_look: str
    tlp_meaning: str
    facts: tuple[Fact, ...]
    state: str
    alarm: str
    lab: bool


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The managerial summary."""

    verdict: str
    verdict_look: str
    figures: tuple[Figure, ...]
    coverage: str
    has_gaps: bool
    bars: tuple[Bar, ...]
    bars_more: str
    legend: tuple[Badge, ...]
    """Empty when no bar is drawn."""
    steps: tuple[Step, ...]


class Perimeter(msgspec.Struct, frozen=True, kw_only=True):
    """What was allowed and tried."""

    places: tuple[Place, ...]
    places_more: str
    perimeter_intro: str
    maps: tuple[Map, ...]
    maps_more: str
    map_height: int
    mandates: tuple[MandateRow, ...]
    tried: tuple[Tried, ...]
    tried_line: str
    tried_blocks: tuple[Block, ...]
    shares: tuple[Share, ...]


class Excepted(msgspec.Struct, frozen=True, kw_only=True):
    """One finding under a decision."""

    title: str
    where: str
    badge: Badge
    state: str
    owner: str
    reason: str
    until: str


class Exceptions(msgspec.Struct, frozen=True, kw_only=True):
    """What people accepted, or declared not applicable: counted apart."""

    rows: tuple[Excepted, ...]
    more: str


class Technical(msgspec.Struct, frozen=True, kw_only=True):
    """The technical summary and its detail."""

    matrix_head: tuple[Badge, ...]
    matrix: tuple[MatrixRow, ...]
    matrix_total: MatrixRow
    groups: tuple[Group, ...]
    groups_more: str
    no_finding_note: str
    actions: tuple[Action, ...]
    actions_more: str
    exceptions: Exceptions


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The register of remote access."""

    remote: tuple[Remote, ...]
    remote_more: str
    unseen: tuple[Remote, ...]


class Encryption(msgspec.Struct, frozen=True, kw_only=True):
    """The grades of TLS endpoints."""

    tls: tuple[TlsEndpoint, ...]
    tls_more: str
    tls_blocks: tuple[Block, ...]
    tls_shares: tuple[TlsShare, ...]
    tls_said: str
    """The picture in words."""


class NamedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One name and where it leads."""

    name: str
    establishment: str
    found_by: str
    addresses: Listed
    chain: Listed
    error: str
    holders: Listed
    services: Listed
    badge: Badge | None
    """Of the gravest finding."""
    findings: str


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the establishment alone can tell."""

    where: str
    names: Listed
    establishment: str
    holder: str
    question: str
    toml: tuple[str, ...]


class HuntedDomain(msgspec.Struct, frozen=True, kw_only=True):
    """How the names of one domain were looked for."""

    domain: str
    establishment: str
    asked: str
    lost: str
    found: Listed
    wildcards: Listed
    untried: Listed


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Names, addresses and who holds them."""

    said: str
    """The map in one sentence."""
    flows: Plate | None
    """The whole in one look."""
    plates: tuple[Plate, ...]
    plates_more: str
    rows: tuple[NamedRow, ...]
    rows_more: str
    questions: tuple[Question, ...]
    questions_more: str
    hunts: tuple[HuntedDomain, ...]
    hunts_more: str


class Unmeasured(msgspec.Struct, frozen=True, kw_only=True):
    """What was not measured."""

    gap_groups: tuple[GapGroup, ...]
    gaps_more: str
    gaps_nothing: str


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the CaRE programme that this run helps with."""

    care: tuple[Indicator, ...]
    care_other: tuple[Indicator, ...]
    disclaimer: str


class Annex(msgspec.Struct, frozen=True, kw_only=True):
    """The method, the scales and the long lists."""

    method: tuple[str, ...]
    sources: Listed
    operator: str
    confidences: tuple[Fact, ...]
    scale: tuple[tuple[Badge, str], ...]
    glossary: tuple[Fact, ...]
    services: tuple[Service, ...]
    services_more: str
    passive: tuple[Passive, ...]
    """What others say they saw."""
    passive_more: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole report."""

    language: str
    words: dict[str, str]
    cover: Cover
    summary: Summary
    perimeter: Perimeter
    names: Names
    technical: Technical
    access: Access
    encryption: Encryption
    unmeasured: Unmeasured
    programme: Programme
    annex: Annex
