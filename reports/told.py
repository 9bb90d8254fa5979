"""A run as one reader sees it: its words, its dates, its faults grouped and ranked."""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from core.knowledge.model import Knowledge
from core.model import Confidence, Criticality, Language, State, Transport
from core.results import Asset, Finding, Results, Scene
from reports.text import Clock, inert, number, typeset
from reports.view import Badge, Listed, Part
from reports.words import CONFIDENCE, CRITICALITY, Lexicon

# Beyond these, a page no longer helps anyone and the files beside it hold everything.
MAX_GROUPS = 300
MAX_OCCURRENCES = 1_500
MAX_PER_GROUP = 100
MAX_PLAN = 100
MAX_REMOTE = 300
MAX_GAPS = 250
MAX_SERVICES = 500
MAX_ESTABLISHMENTS = 40
MAX_RANGES = 32
MAX_LISTED = 12

GRAVEST_FIRST = tuple(sorted(Criticality, reverse=True))
SETTLED = frozenset({State.FIXED, State.ACCEPTED, State.NOT_APPLICABLE})

# At equal criticality, what opens a door comes before what thins a wall.
_SHIELDS = frozenset({"tls", "cert", "mail", "dns"})


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of one check, gravest first."""

    check: str
    all: tuple[Finding, ...]
    active: tuple[Finding, ...]
    """Those that are not settled."""

    @property
    def head(self) -> Finding:
        """Give the finding that speaks for all: the gravest that is still open."""
        return (self.active or self.all)[0]

    @property
    def criticality(self) -> Criticality:
        """Give the criticality of the head."""
        return self.head.criticality

    @property
    def gravest(self) -> int:
        """Give how many share the criticality of the head; data lowers or raises the others."""
        return sum(one.criticality is self.criticality for one in self.active or self.all)


class Told:
    """The results, with what every part of the report needs to word them."""

    def __init__(
        self, results: Results, scene: Scene, knowledge: Knowledge, language: Language
    ) -> None:
        self.results = results
        self.scene = scene
        self.knowledge = knowledge
        self.language = language
        self.words = Lexicon(language)
        self.clock = Clock(scene.inventory.ght.timezone, language)
        self.today = self.clock.today(scene.generated_at)
        self.all_establishments = scene.inventory.establishments
        chosen = set(scene.establishments)
        self.establishments = tuple(
            one for one in self.all_establishments if not chosen or one.id in chosen
        )
        self.names = {one.id: one.name or one.id for one in self.all_establishments}
        self.active = tuple(one for one in results.findings if one.state not in SETTLED)
        self.counts = Counter(one.criticality for one in self.active)
        self.gaps = sum(max(0, row.count) for row in results.not_measured)
        self.grouped = _group(results.findings)
        self.planned = tuple(
            one for one in self.grouped if one.active and one.criticality is not Criticality.INFO
        )

    def inert(self, text: str, limit: int = 200) -> str:
        """Give foreign text, harmless and cut."""
        return inert(text, self.language, limit)

    def ours(self, text: str, limit: int = 1_500) -> str:
        """Give a sentence of ours, typeset; harmless too, since values stand in it."""
        return typeset(self.inert(text, limit), self.language)

    def number(self, value: int) -> str:
        """Give a whole number."""
        return number(value, self.language)

    def say(self, key: str, **values: str) -> str:
        """Give a fixed sentence."""
        return self.words.say(key, **values)

    def counted(self, key: str, count: int, name: str = "count", **values: str) -> str:
        """Give a fixed sentence that agrees with a count."""
        return self.words.counted(key, count, self.number(count), name, **values)

    def badge(self, criticality: Criticality, count: int | None = None) -> Badge:
        """Give a criticality as a badge, with a count behind it when there is one."""
        word = self.words.word(CRITICALITY[criticality])
        text = word if count is None else f"{word} {self.number(count)}"
        return Badge(look=criticality.value, text=text)

    def confidence(self, confidence: Confidence) -> str:
        """Give how sure, in a word."""
        return self.words.word(CONFIDENCE[confidence])

    def establishment(self, id: str) -> str:  # noqa: A002 - the word of the inventory
        """Give the name of an establishment, or its id when the inventory does not know it."""
        return self.inert(self.names.get(id, id), 120)

    def listed(
        self, texts: Iterable[str], limit: int = MAX_LISTED, each: int = 120, more: str = "more"
    ) -> Listed:
        """Give foreign texts without repeats, the first ones only."""
        kept = list(dict.fromkeys(texts))
        left = len(kept) - limit
        return Listed(
            shown=tuple(self.inert(text, each) for text in kept[:limit]),
            more=self.counted(more, left) if left > 0 else "",
        )

    def more(self, total: int, limit: int, key: str) -> str:
        """Tell how many were left out, or nothing."""
        return self.counted(key, total - limit) if total > limit else ""

    def assets(self, fault: Fault, found: Sequence[Finding]) -> str:
        """Count the assets of a fault, and apart those that are as grave as its badge says."""
        said = self.counted("asset_count", len(found))
        if not fault.active or fault.gravest == len(found):
            return said
        word = self.words.word(CRITICALITY[fault.criticality])
        return self.say("asset_share", all=said, count=self.number(fault.gravest), criticality=word)

    def parts(self, text: str, limit: int = 1_500) -> tuple[Part, ...]:
        """Give a sentence of ours with its `code` apart."""
        pieces = self.ours(text, limit).split("`")
        return tuple(
            Part(text=piece, code=index % 2 == 1) for index, piece in enumerate(pieces) if piece
        )

    def by_establishment(self) -> dict[str, Counter[Criticality]]:
        """Count the open findings of each establishment of this run, none included."""
        table: dict[str, Counter[Criticality]] = {one.id: Counter() for one in self.establishments}
        for finding in self.active:
            table.setdefault(finding.asset.establishment, Counter())[finding.criticality] += 1
        return table

    def bar_order(self) -> list[tuple[str, Counter[Criticality]]]:
        """Give the same, the gravest establishment first."""

        def gravity(row: tuple[str, Counter[Criticality]]) -> tuple[int, ...]:
            return tuple(-row[1][one] for one in GRAVEST_FIRST)

        return sorted(self.by_establishment().items(), key=gravity)


def _group(findings: Iterable[Finding]) -> tuple[Fault, ...]:
    """Give the findings by check, most pressing check first, gravest and surest first within it."""
    kept: dict[str, list[Finding]] = {}
    for finding in findings:
        kept.setdefault(finding.check, []).append(finding)
    groups: list[Fault] = []
    for check, members in kept.items():
        members.sort(key=lambda one: (one.criticality, one.confidence), reverse=True)
        active = tuple(one for one in members if one.state not in SETTLED)
        groups.append(Fault(check=check, all=tuple(members), active=active))
    groups.sort(key=lambda one: one.check)
    groups.sort(
        key=lambda one: (
            bool(one.active),
            one.criticality,
            one.check == "product.known-exploited",
            one.check.partition(".")[0] not in _SHIELDS,
            max(each.confidence for each in one.active or one.all),
            one.gravest,
            len(one.active),
        ),
        reverse=True,
    )
    return tuple(groups)


def where(asset: Asset) -> str:
    """Give where something is: address and port, else the directory object, else the name."""
    if asset.ip is not None:
        return endpoint(asset.ip, asset.port, asset.transport)
    for name in (asset.dn, asset.domain, asset.forest):
        if name:
            return name
    if asset.hostname:
        return asset.hostname if asset.port is None else f"{asset.hostname}:{asset.port}"
    return asset.establishment


def endpoint(ip: str, port: int | None, transport: Transport | None) -> str:
    """Give an address and port as people write them; TCP goes without saying."""
    if port is None:
        return ip
    host = f"[{ip}]" if ":" in ip else ip
    return f"{host}:{port}/udp" if transport is Transport.UDP else f"{host}:{port}"


def address(text: str | None) -> tuple[int, int] | None:
    """Give the IP version and the number of a literal address, or None."""
    if text is None or len(text) > 64:
        return None
    try:
        literal = ipaddress.ip_address(text)
    except ValueError:
        return None
    return literal.version, int(literal)
