"""How a web site is kept: what its pages say to browsers, and what it leaves lying about."""

from datetime import datetime

import msgspec

from core.observations.base import Observation


class CookieSet(msgspec.Struct, frozen=True, kw_only=True):
    """One cookie that a page sets, without its value."""

    name: str
    """At most 100 characters."""
    secure: bool = False
    http_only: bool = False
    same_site: str = ""
    """``strict``, ``lax``, ``none``; empty: not said."""
    session: bool = False
    """Its name is that of a session or of a sign-in."""


class ClearPart(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an encrypted page loads, or sends, in clear."""

    tag: str
    """``script``, ``img``, ``form``…"""
    host: str
    """At most 100 characters."""


class LeftOpen(msgspec.Struct, frozen=True, kw_only=True):
    """One page or file that answered, its content verified, while an invented path did not."""

    path: str
    what: str
    """``git``, ``apache-status``, ``nginx-status``, ``actuator``, ``phpinfo``, ``backup``."""
    shown: str
    """What gave it away, at most 120 characters; never a secret."""


class SecurityTxt(msgspec.Struct, frozen=True, kw_only=True):
    """The file of RFC 9116."""

    path: str
    """Empty: there is none."""
    has_contact: bool = False
    expires: datetime | None = None
    """UTC; ``None``: no such field, or none that can be read."""


class WebHygiene(Observation, frozen=True, kw_only=True, tag="web-hygiene"):
    """One site under one name; all text comes from it: hostile until shown otherwise.

    ``not-offered`` in ``why``: the question does not arise there.
    """

    tls: bool
    host: str | None = None
    """Name asked for; ``None``: the bare address."""
    trusted: bool | None = None
    """Browsers take its certificate for this name; ``None`` in clear."""
    status: int | None = None
    """Of the front page, redirects followed."""
    is_page: bool = False
    """The front page is one that people read: HTML, served with success."""
    portal: bool = False
    """A remote-access portal was recognised."""
    product: str = ""
    """Id of the product recognised: its pages are its maker's."""
    redirect: str = ""
    """Where the first answer leads, at most 300 characters."""
    leads_to_tls: bool = False
    """An answer, or the page itself, sends to an ``https:`` address."""
    hsts: str | None = None
    """``Strict-Transport-Security``, of the first answer that has it, at most 300 characters;
    empty: of none."""
    headers: dict[str, str] | None = None
    """Of the front page, those that tell browsers how to treat it: lower-case name → value, at
    most 300 characters."""
    meta_policy: bool = False
    """The page gives a content policy in itself (``<meta http-equiv>``)."""
    cookies: tuple[CookieSet, ...] | None = None
    clear_parts: tuple[ClearPart, ...] | None = None
    """Each pair once, at most 20."""
    listing: str | None = None
    """Title of a front page that lists a directory; empty: it does not."""
    git: tuple[LeftOpen, ...] | None = None
    status_pages: tuple[LeftOpen, ...] | None = None
    backups: tuple[LeftOpen, ...] | None = None
    security_txt: SecurityTxt | None = None
    asked: tuple[str, ...] = ()
    """Paths asked for this alone, in order."""

    def why_not(self, field: str) -> str:
        """Give the reason why a field is ``None``."""
        return self.why.get(field, "undetermined")


class PlainWeb(Observation, frozen=True, kw_only=True, tag="plain-web"):
    """What one name shows on port 80, folded with what it shows over TLS at the same address."""

    names: tuple[str, ...] = ()
    """Alike here, the one of ``place`` first."""
    status: int | None = None
    redirect: str = ""
    """Where the first answer leads, at most 300 characters."""
    leads_to_tls: bool = False
    """An answer, or the page itself, sends to an ``https:`` address."""
    cookies: bool = False
    """It sets a cookie of a session in clear."""
    tls_port: int | None = None
    """Where this address speaks HTTP inside TLS; ``None``: nowhere that was seen."""
