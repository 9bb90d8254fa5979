"""Which content network or application firewall answered in the place of a server. Pure."""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from core.knowledge.model import Front, FrontSign
from core.model import Confidence
from scanner.page import fold
from scanner.products import Page

_LINE_CHARACTERS = 2_048
_SHOWN = 3
_REFUSAL = 400


class FrontShown(msgspec.Struct, frozen=True, kw_only=True):
    """One front, and what showed it."""

    front: Front
    confidence: Confidence
    shown: tuple[str, ...]
    own_page: bool
    """The page that came is the front's own."""


def fronts_of(pages: Sequence[Page], fronts: Iterable[Front]) -> tuple[FrontShown, ...]:
    """Give every front that left a mark on these pages; in the order met."""
    return tuple(one for front in fronts if (one := _shown_by(front, pages)) is not None)


def _shown_by(front: Front, pages: Sequence[Page]) -> FrontShown | None:
    marks = list(dict.fromkeys(_marks(front.signals, pages)))
    refusals = [page for page in pages if page.status >= _REFUSAL]
    marks += [mark for mark in _marks(front.pages, refusals) if mark not in marks]
    if not marks:
        return None
    # The page of the service is the first that leads nowhere else.
    shows = next((page for page in pages if not 300 <= page.status < 400), pages[0])
    is_own = shows in refusals and any(True for _ in _marks(front.pages, (shows,)))
    kinds = {sign for sign, _ in marks}
    if front.confidence == "high" and len(kinds) > 1:
        confidence = Confidence.CERTAIN
    else:
        confidence = Confidence.TENTATIVE if front.confidence == "low" else Confidence.FIRM
    shown = tuple(dict.fromkeys(text for _, text in marks))[:_SHOWN]
    return FrontShown(front=front, confidence=confidence, shown=shown, own_page=is_own)


def _marks(signs: Iterable[FrontSign], pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """Give each sign that is there, once a page, with the text that showed it."""
    for page in pages:
        for sign in signs:
            finds = _pattern(sign.match)
            for text in _texts(sign.kind, page):
                if found := finds.search(text):
                    whole = text if sign.kind == "header" else found[0]
                    # The value of a cookie is nobody's business.
                    bare = whole.partition("=")[0] if sign.kind == "cookie" else whole
                    yield sign.match, fold(bare)[:120]
                    break


def _texts(kind: str, page: Page) -> Iterator[str]:
    if kind == "header":
        yield from (line[:_LINE_CHARACTERS] for line in page.headers)
    elif kind == "cookie":
        yield from (line[:_LINE_CHARACTERS] for line in page.cookies)
    elif kind == "title":
        yield page.title[:_LINE_CHARACTERS]
    else:
        yield from (page.text, page.scripts)


@functools.cache
def _pattern(match: str) -> re.Pattern[str]:
    return re.compile(match)
