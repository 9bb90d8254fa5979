"""From what a service showed to which product it is. Pure; signals are looked up, not tried."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from core.knowledge.model import Product, Signal
from core.model import Confidence
from core.observations.product import Shown
from scanner.page import fold

ANY_PATH = "*"
_COMMA = re.compile(r"(?<!\\),(?=\S)")

_WEIGHTS = {"strong": 4, "medium": 2, "weak": 1}
_FIRM = 4
_CERTAIN = 6
_HONEYPOT_VENDORS = 3
"""No appliance is of three makes: what shows that many shows whatever one looks for."""
_LINE_CHARACTERS = 2_048
"""Longest text handed to a pattern, pages aside; ``core.knowledge.vetting`` counts on it."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One web answer, read."""

    path: str
    """Without the query."""
    status: int
    headers: tuple[str, ...] = ()
    """``Name: value``."""
    cookies: tuple[str, ...] = ()
    """``name=value``, attributes left out."""
    redirect: str = ""
    """Where it leads: a path when it stays on the same host, else the whole address."""
    title: str = ""
    text: str = ""
    """Without comments."""
    scripts: str = ""
    """Inline ones."""
    assets: tuple[str, ...] = ()
    digest: str = ""
    """Of the body: two paths with one digest are told by no page signal."""


class Clues(msgspec.Struct, frozen=True, kw_only=True):
    """All that one service showed."""

    pages: tuple[Page, ...] = ()
    favicon_md5: str = ""
    favicon_mmh3: int | None = None
    tls_subject: str = ""
    """As RFC 4514 writes it, in either order."""
    tls_issuer: str = ""
    banner: str = ""
    handshake: str = ""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """One product, as far as the clues go."""

    product: Product
    weight: int
    confidence: Confidence | None
    """``None``: a hint that says nothing by itself, worth a further question."""
    shown: tuple[Shown, ...]
    """Strongest first."""
    contradicted_by: tuple[str, ...] = ()
    is_decoy: bool = False
    """The service shows so many makes that it is of none."""

    @property
    def shows_portal(self) -> bool:
        """Whether the remote-access side of the product was seen."""
        return self.product.portal and any(shown.face == "portal" for shown in self.shown)

    @property
    def shows_admin(self) -> bool:
        """Whether the administration side of the product was seen."""
        return self.product.admin or any(shown.face == "admin" for shown in self.shown)


@dataclass(frozen=True, slots=True)
class _Rule:
    product: Product
    signal: Signal
    finds: Callable[[str], str | None]


class Index:
    """Signals of all products by kind and path: cost follows what was seen, not what is known."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._rules: dict[tuple[str, str], list[_Rule]] = defaultdict(list)
        self._paths: dict[str, tuple[str, ...]] = {}
        self._portals: list[str] = []
        owners: dict[str, set[str]] = defaultdict(set)
        for product in products:
            paths: dict[str, None] = {}
            for signal in product.signals:
                where = signal.path if signal.kind.startswith("http_") else ""
                self._rules[signal.kind, where].append(_Rule(product, signal, _finder(signal)))
                if where not in {"", "/", ANY_PATH}:
                    paths[where] = None
                    owners[where].add(product.id)
            self._paths[product.id] = tuple(paths)
            if product.portal and paths:
                self._portals.append(next(iter(paths)))
        self._owners = {path: frozenset(ids) for path, ids in owners.items()}

    def match(self, clues: Clues) -> tuple[Match, ...]:
        """Give each product that left a trace, heaviest first; hints included."""
        traces: dict[str, list[Shown]] = defaultdict(list)
        products: dict[str, Product] = {}
        for rule, shown in self._found(clues):
            traces[rule.product.id].append(shown)
            products[rule.product.id] = rule.product
        weighed = [_weigh(products[id_], shown) for id_, shown in traces.items()]
        weighed.sort(key=lambda match: (-match.weight, match.product.id))
        return tuple(_contradict(weighed))

    def further_paths(self, matches: Iterable[Match]) -> Iterator[str]:
        """Give the paths that would settle what was hinted at, best hint first; with repeats."""
        for match in matches:
            yield from self._paths.get(match.product.id, ())

    def portal_paths(self) -> tuple[str, ...]:
        """Give one path per portal: what tells it when its front page does not."""
        return tuple(dict.fromkeys(self._portals))

    def _found(self, clues: Clues) -> Iterator[tuple[_Rule, Shown]]:
        for kind, where, text in _texts(clues):
            for rule in self._rules.get((kind, where), ()):
                matched = rule.finds(text)
                if matched is not None:
                    yield rule, _shown(rule.signal, matched)
        foreign = self._same_elsewhere(clues.pages)
        for page in clues.pages:
            for kind, text in _page_texts(page):
                for rule in self._rules.get((kind, page.path), ()):
                    if rule.product.id in foreign.get(page.path, frozenset()):
                        continue
                    if page.path != "/" and not 200 <= page.status < 300:
                        continue
                    matched = rule.finds(text)
                    if matched is not None:
                        yield rule, _shown(rule.signal, matched)

    def _same_elsewhere(self, pages: tuple[Page, ...]) -> dict[str, frozenset[str]]:
        # A server that answers every path alike shows nothing by the page at a product's own path:
        # give, per path, the products whose page is also found where only others have one.
        by_digest: dict[str, set[str]] = defaultdict(set)
        for page in pages:
            if page.digest:
                by_digest[page.digest].add(page.path)
        void: dict[str, frozenset[str]] = {}
        for paths in by_digest.values():
            for path in paths:
                others = [self._owners.get(other, frozenset()) for other in paths - {path}]
                own = self._owners.get(path, frozenset())
                void[path] = frozenset(
                    id_ for id_ in own if any(owners and id_ not in owners for owners in others)
                )
        return void


_last: tuple[tuple[Product, ...], Index] | None = None


def index_of(products: tuple[Product, ...]) -> Index:
    """Give the index of a catalogue, made once."""
    # A cache of one, keyed by identity: hashing a whole catalogue would cost more than it saves.
    global _last
    if _last is None or _last[0] is not products:
        _last = (products, Index(products))
    return _last[1]


def _texts(clues: Clues) -> Iterator[tuple[str, str, str]]:
    """Give kind, path and text of what does not hang on one page."""
    yield "favicon_md5", "", clues.favicon_md5
    yield "favicon_mmh3", "", "" if clues.favicon_mmh3 is None else str(clues.favicon_mmh3)
    yield "tls_subject", "", _spaced(clues.tls_subject)
    yield "tls_issuer", "", _spaced(clues.tls_issuer)
    yield "banner", "", clues.banner[:_LINE_CHARACTERS]
    yield "handshake", "", clues.handshake[:_LINE_CHARACTERS]
    for page in clues.pages:
        for kind, text in _page_texts(page):
            if kind not in {"http_body", "http_script"}:
                yield kind, ANY_PATH, text
        for kind, lines in (("http_header", page.headers), ("http_cookie", page.cookies)):
            for line in lines:
                yield kind, ANY_PATH, line[:_LINE_CHARACTERS]
                yield kind, page.path, line[:_LINE_CHARACTERS]
        if page.redirect:
            yield "http_redirect", page.path, page.redirect[:_LINE_CHARACTERS]
            yield "http_redirect", ANY_PATH, page.redirect[:_LINE_CHARACTERS]
        yield "http_status", page.path, str(page.status)


def _spaced(name: str) -> str:
    # RFC 4514 sets no blank behind the comma, other writers of names do.
    return _COMMA.sub(", ", name[:_LINE_CHARACTERS])


def _page_texts(page: Page) -> Iterator[tuple[str, str]]:
    if page.title:
        yield "http_title", page.title[:_LINE_CHARACTERS]
    for asset in page.assets:
        yield "http_asset", asset[:_LINE_CHARACTERS]
    if page.scripts:
        yield "http_script", page.scripts
    if page.text:
        yield "http_body", page.text


def _finder(signal: Signal) -> Callable[[str], str | None]:
    wanted = signal.match
    if signal.match_type == "regex":
        pattern = re.compile(wanted)

        def by_pattern(text: str) -> str | None:
            found = pattern.search(text)
            return None if found is None else _around(text, found.start(), found.end())

        return by_pattern
    if signal.match_type == "equals":
        return lambda text: text if text == wanted else None

    def by_content(text: str) -> str | None:
        at = text.find(wanted)
        return None if at < 0 else _around(text, at, at + len(wanted))

    return by_content


def _around(text: str, start: int, end: int) -> str:
    # A header or a title is shown whole, a page by what matched in it.
    return text if len(text) <= 120 else text[start:end]


def _shown(signal: Signal, text: str) -> Shown:
    path = signal.path if signal.kind.startswith("http_") and signal.path != ANY_PATH else ""
    return Shown(
        kind=signal.kind,
        path=path,
        text=fold(text)[:120],
        strength=signal.strength,
        face=signal.face,
    )


def _weigh(product: Product, traces: list[Shown]) -> Match:
    # Signals of one kind at one place say the same thing several times: the best of them counts.
    best: dict[tuple[str, str], Shown] = {}
    for trace in traces:
        kept = best.get((trace.kind, trace.path))
        if kept is None or _WEIGHTS[trace.strength] > _WEIGHTS[kept.strength]:
            best[trace.kind, trace.path] = trace
    shown = tuple(sorted(best.values(), key=lambda one: -_WEIGHTS[one.strength]))
    weight = sum(_WEIGHTS[one.strength] for one in shown)
    strengths = {one.strength for one in shown}
    confidence: Confidence | None = None
    if "strong" in strengths and weight >= _CERTAIN and product.confidence == "high":
        confidence = Confidence.CERTAIN
    elif "strong" in strengths and weight >= _FIRM and product.confidence != "low":
        confidence = Confidence.FIRM
    elif strengths - {"weak"}:
        confidence = Confidence.TENTATIVE
    return Match(product=product, weight=weight, confidence=confidence, shown=shown)


def _contradict(matches: list[Match]) -> Iterator[Match]:
    told = [match for match in matches if match.confidence is not None]
    vendors = {match.product.vendor for match in told}
    for match in matches:
        others = tuple(
            other.product.id for other in told if other.product.vendor != match.product.vendor
        )
        if not others or match.confidence is None:
            yield match
        else:
            yield msgspec.structs.replace(
                match,
                confidence=Confidence.TENTATIVE,
                contradicted_by=others,
                is_decoy=len(vendors) >= _HONEYPOT_VENDORS,
            )
