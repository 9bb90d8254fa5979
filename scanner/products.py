"""From what a service showed to its product and version. Pure; signals are looked up, not tried."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from core.knowledge.model import Product, Reading, Signal
from core.model import Confidence, Place
from core.observations.product import ProductSeen, Shown
from core.observations.service import Service
from scanner.page import fold

ANY_PATH = "*"
_COMMA = re.compile(r"(?<!\\),(?=\S)")

_WEIGHTS = {"strong": 4, "medium": 2, "weak": 1}
_FIRM = 4
_CERTAIN = 6
_HONEYPOT_VENDORS = 3
"""No appliance is of three makes: what shows that many shows whatever one looks for."""
_VERSION_CHARACTERS = 60
_SURE = {"high": Confidence.CERTAIN, "medium": Confidence.FIRM, "low": Confidence.TENTATIVE}
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


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One version, as the service told it to anybody."""

    version: str
    gives: str
    """As in :class:`core.knowledge.model.Reading`."""
    shown: Shown
    confidence: Confidence


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A web request that would tell a version."""

    target: str
    """Path and query."""
    body: str = ""
    """Sent by POST; empty: GET."""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class _Reader:
    reading: Reading
    pattern: re.Pattern[str]
    path: str
    """Without the query."""

    def read(self, text: str) -> tuple[str, str] | None:
        """Give the version and the text that told it."""
        found = self.pattern.search(text)
        if found is None:
            return None
        told = fold(".".join(group for group in found.groups() if group))
        version = self.reading.table.get(told, "") if self.reading.table else told
        if not version or len(version) > _VERSION_CHARACTERS:
            return None
        return version, _around(text, found.start(), found.end())


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
        attacked: dict[str, int] = defaultdict(int)
        self._readers: dict[str, tuple[_Reader, ...]] = {}
        owners: dict[str, set[str]] = defaultdict(set)
        for product in products:
            paths: dict[str, None] = {}
            self._readers[product.id] = tuple(
                _Reader(one, re.compile(one.match), one.path.partition("?")[0])
                for one in product.readings
            )
            for signal in product.signals:
                where = signal.path.partition("?")[0] if signal.kind.startswith("http_") else ""
                self._rules[signal.kind, where].append(_Rule(product, signal, _finder(signal)))
                if where not in {"", "/", ANY_PATH}:
                    paths[signal.path] = None
                    owners[where].add(product.id)
            self._paths[product.id] = tuple(paths)
            if product.portal and paths:
                attacked[next(iter(paths))] += sum(flaw.is_kev for flaw in product.flaws)
        self._portals = tuple(sorted(attacked, key=lambda path: (-attacked[path], path)))
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

    def read(self, match: Match, clues: Clues) -> Read | None:
        """Give the version of a recognised product: by its best reading, whole before branch.

        Readings that disagree leave it tentative, as does a product that others contradict.
        """
        told = list(self._told(match.product, clues))
        if not told:
            return None
        best = next((one for one in told if one.gives != "branch"), told[0])
        disputed = bool(match.contradicted_by) or any(
            not _agree(best.version, one.version) for one in told if one.gives == best.gives
        )
        if disputed:
            best = msgspec.structs.replace(best, confidence=Confidence.TENTATIVE)
        return best

    def questions(self, product: Product) -> tuple[Question, ...]:
        """Give the requests that would tell its version, best first."""
        asked = (
            Question(target=one.path, body=one.body, content_type=one.content_type)
            for one in product.readings
            if one.kind.startswith("http_") and one.path != ANY_PATH
        )
        return tuple(dict.fromkeys(asked))

    def _told(self, product: Product, clues: Clues) -> Iterator[Read]:
        readers = self._readers.get(product.id, ())
        foreign = self._same_elsewhere(clues.pages) if readers else {}
        for reader in readers:
            reading = reader.reading
            for path, text in _texts_of(reading.kind, reader.path, clues):
                if path and product.id in foreign.get(path, frozenset()):
                    continue
                told = reader.read(text)
                if told is not None:
                    yield Read(
                        version=told[0],
                        gives=reading.gives,
                        shown=Shown(
                            kind=reading.kind, path=path, text=fold(told[1])[:120], strength=""
                        ),
                        confidence=_SURE.get(reading.confidence, Confidence.TENTATIVE),
                    )
                    break

    def face_paths(self, match: Match) -> Iterator[str]:
        """Give the paths that would show a side of a product not seen yet, its administration."""
        shown = {"portal": match.shows_portal, "admin": match.shows_admin}
        for signal in match.product.signals:
            is_own = signal.kind.startswith("http_") and signal.path not in {"/", ANY_PATH}
            if is_own and not shown.get(signal.face, True):
                yield signal.path

    def portal_paths(self) -> tuple[str, ...]:
        """Give one path per portal: what tells it when its front page does not.

        Those that attackers use most stand first: the cap may not reach the others.
        """
        return self._portals

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


def product_seen(
    match: Match,
    read: Read | None,
    *,
    place: Place,
    at: datetime,
    tls: bool,
    status: int | None = None,
) -> ProductSeen:
    """Give the observation of a match whose confidence is not ``None``."""
    assert match.confidence is not None
    return ProductSeen(
        place=place,
        at=at,
        product=match.product.id,
        vendor=match.product.vendor,
        confidence=match.confidence,
        portal=match.shows_portal,
        admin=match.shows_admin,
        shown=match.shown,
        contradicted_by=match.contradicted_by,
        version=read.version if read else None,
        version_gives=read.gives if read else "version",
        version_shown=read.shown if read else None,
        version_confidence=read.confidence if read else Confidence.CERTAIN,
        tls=tls,
        status=status,
    )


def name_service(
    service: Service, products: tuple[Product, ...], *, subject: str = "", issuer: str = ""
) -> tuple[Service, tuple[ProductSeen, ...]]:
    """Give a service that is no web page with the product that it shows, and what shows it.

    Its clues are its greeting, what its probe told (``protocol=…``, then each line of evidence)
    and the names of its certificate. How sure the protocol is stays as it was; what others
    contradict is told apart and does not name the service.
    """
    clues = Clues(
        tls_subject=subject,
        tls_issuer=issuer,
        banner=service.banner,
        handshake="\n".join((f"protocol={service.protocol}", *service.evidence)),
    )
    index = index_of(products)
    matches = [one for one in index.match(clues) if one.confidence is not None]
    if any(one.is_decoy for one in matches):
        shown = tuple(one.product.id for one in matches)
        return msgspec.structs.replace(service, imitates=shown), ()
    if not matches:
        return service, ()
    reads = [index.read(one, clues) for one in matches]
    seen = tuple(
        product_seen(one, read, place=service.place, at=service.at, tls=service.tls)
        for one, read in zip(matches, reads, strict=True)
    )
    best, read = matches[0], reads[0]
    if best.contradicted_by:
        return service, seen
    named = msgspec.structs.replace(
        service,
        product=best.product.id,
        product_confidence=best.confidence,
        version=read.version if read else None,
        version_gives=read.gives if read else "version",
        portal=service.portal or best.shows_portal,
    )
    return named, seen


def _agree(one: str, other: str) -> bool:
    # « 7.4 » and « 7.4.3 » say the same, one of them less.
    return one.startswith(other) or other.startswith(one)


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


def _texts_of(kind: str, path: str, clues: Clues) -> Iterator[tuple[str, str]]:
    """Give each text of a kind at a path, with the path that it comes from."""
    if not kind.startswith("http_"):
        yield from (("", text) for told, _, text in _texts(clues) if told == kind and text)
        return
    for page in clues.pages:
        if path not in {ANY_PATH, page.path}:
            continue
        if kind == "http_header":
            texts: Iterable[str] = page.headers
        elif kind == "http_cookie":
            texts = page.cookies
        elif kind == "http_redirect":
            texts = (page.redirect,)
        elif kind == "http_status":
            texts = (str(page.status),)
        elif page.path != "/" and not 200 <= page.status < 300:
            continue
        else:
            texts = (text for told, text in _page_texts(page) if told == kind)
        long = kind in {"http_body", "http_script"}
        yield from (
            (page.path, text if long else text[:_LINE_CHARACTERS]) for text in texts if text
        )


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
