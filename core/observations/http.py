"""What a web service shows to a stranger."""

import msgspec

from core.observations.base import Observation


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that sends elsewhere. Where it leads is a fact; most are not followed."""

    at: str
    """Path that was asked for."""
    status: int
    to: str
    """The ``Location`` as it was given, at most 300 characters."""
    followed: bool


class HttpService(Observation, frozen=True, kw_only=True, tag="http"):
    """A web service. All text comes from the target: hostile until shown otherwise."""

    status: int | None
    """Of the answer to ``GET /``, redirects aside; ``None`` when its first line made no sense."""
    title: str | None
    """Of the first page that is not a redirect; empty: a page without a title."""
    headers: dict[str, str] = {}
    """Those worth keeping, lower-case names, of the first answer; several are joined by ``, ``."""
    cookies: tuple[str, ...] = ()
    """Names of the cookies set, never their values."""
    redirects: tuple[Redirect, ...] = ()
    """In the order met, out-of-scope ones included."""
    auth_schemes: tuple[str, ...] = ()
    """Lower case: ``basic``, ``negotiate``…"""
    realm: str = ""
    """Of the first authentication challenge."""
    body_sha256: str | None = None
    """Of the first page that is not a redirect."""
    body_bytes: int = 0
    cut: bool = False
    """The page was longer than what we keep, or came too slowly."""
    favicon_md5: str | None = None
    favicon_mmh3: int | None = None
    """MurmurHash3 of its Base64 in lines, as passive sources give it."""
    tls: bool = False
    requests: int = 0
    """That we sent."""
    host: str | None = None
    """Name asked for in ``Host`` and SNI; ``None``: the bare address."""
    face: tuple[str, ...] = ()
    """Of the answer to ``GET /``, what tells sites apart: status; redirect, title, and SHA-256 of
    the page and of its outline, with the name asked for left out; the same four as they came."""
    front_host: str | None = None
    """The same, of the page that is told of, redirects on this address followed."""
