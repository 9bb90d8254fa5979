"""What a site looks like, whatever name it was asked under. Pure."""

import hashlib
import re

import msgspec

from scanner.page import decode, fold, title_of, without_comments
from scanner.web import Answer

FACE_BYTES = 131_072
"""Of a page, what is compared."""
_TOKEN = re.compile(r"[a-z0-9+/=_-]+")
_REDIRECT_CHARACTERS = 300


class Face(msgspec.Struct, frozen=True, array_like=True):
    """What is compared; the name asked for stands as ``{name}`` in all of it."""

    status: int | None = None
    redirect: str = ""
    title: str = ""
    page: str = ""
    """SHA-256 of the page."""
    outline: str = ""
    """The same, of the page without what serial numbers, dates and tokens change."""


def face_of(answer: Answer, own: str, port: int) -> Face:
    """Give the face of an answer to ``GET /`` asked under ``own``, a name or an address."""
    kind = (answer.header("content-type") or "").lower()
    body = answer.body[:FACE_BYTES]
    page = outline = hashlib.sha256(body).hexdigest()
    title = ""
    if "html" in kind or "text" in kind or not kind:
        text = decode(body, kind)
        title = _without(title_of(text), own, port)
        text = _without(text.lower(), own, port)
        page = hashlib.sha256(text.encode()).hexdigest()
        bare = _TOKEN.sub(_plain, without_comments(text))
        outline = hashlib.sha256(" ".join(bare.split()).encode()).hexdigest()
    redirect = ""
    if 300 <= answer.status < 400:
        # Sessions and return addresses change the query at each visit.
        location = fold(answer.header("location") or "").partition("?")[0].partition(";")[0]
        redirect = _without(location, own, port)[:_REDIRECT_CHARACTERS]
    return Face(answer.status, redirect, title, page, outline)


def _plain(token: re.Match[str]) -> str:
    return "0" if any(char.isdigit() for char in token[0]) else token[0]


def _without(text: str, own: str, port: int) -> str:
    host = f"[{own}]" if ":" in own else own
    return re.sub(
        rf"(?<![a-z0-9.-]){re.escape(host)}(?::{port}(?![0-9]))?(?![a-z0-9-]|\.[a-z0-9])",
        "{name}",
        text,
        flags=re.IGNORECASE,
    )
