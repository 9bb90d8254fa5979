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
    """One reading of an answer to ``GET /``."""

    status: int | None = None
    redirect: str = ""
    title: str = ""
    page: str = ""
    """SHA-256 of the page."""
    outline: str = ""
    """The same, of the page without what serial numbers, dates and tokens change."""


class Faces(msgspec.Struct, frozen=True, array_like=True):
    """Both readings of one answer. Two names show one site where either is the same for both.

    A server that repeats whatever name it is asked for gives the same ``bare``; a site that writes
    its own name in its pages, whichever it is asked under, the same ``plain``.
    """

    bare: Face = Face()
    """With the name asked for written ``{name}``."""
    plain: Face = Face()


def face_of(answer: Answer, own: str, port: int) -> Faces:
    """Give the faces of an answer to ``GET /`` asked under ``own``, a name or an address."""
    kind = (answer.header("content-type") or "").lower()
    location = ""
    if 300 <= answer.status < 400:
        # Sessions and return addresses change the query at each visit.
        location = fold(answer.header("location") or "").partition("?")[0].partition(";")[0]
    body = answer.body[:FACE_BYTES]
    if "html" in kind or "text" in kind or not kind:
        text = decode(body, kind)
        plain = _face(answer.status, location, title_of(text), text.lower())
        bare = _face(
            answer.status,
            _without(location, own, port),
            _without(title_of(text), own, port),
            _without(text.lower(), own, port),
        )
        return Faces(bare, plain)
    digest = hashlib.sha256(body).hexdigest()
    plain = Face(answer.status, location[:_REDIRECT_CHARACTERS], "", digest, digest)
    return Faces(
        msgspec.structs.replace(
            plain, redirect=_without(location, own, port)[:_REDIRECT_CHARACTERS]
        ),
        plain,
    )


def _face(status: int, location: str, title: str, text: str) -> Face:
    outline = " ".join(_TOKEN.sub(_plain, without_comments(text)).split())
    return Face(
        status,
        location[:_REDIRECT_CHARACTERS],
        title,
        hashlib.sha256(text.encode()).hexdigest(),
        hashlib.sha256(outline.encode()).hexdigest(),
    )


def as_texts(faces: Faces) -> tuple[str, ...]:
    """Give both as an observation keeps them: status, then the rest of each."""
    status = faces.bare.status
    return ("" if status is None else str(status), *_rest(faces.bare), *_rest(faces.plain))


def from_texts(kept: tuple[str, ...]) -> Faces | None:
    """Give them back; ``None`` where nothing was kept, or by another version."""
    parts = len(Face.__struct_fields__) - 1
    if len(kept) != 1 + 2 * parts:
        return None
    status = int(kept[0]) if kept[0].isdigit() else None
    return Faces(Face(status, *kept[1 : 1 + parts]), Face(status, *kept[1 + parts :]))


def _rest(face: Face) -> tuple[str, ...]:
    return (face.redirect, face.title, face.page, face.outline)


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
