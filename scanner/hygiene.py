"""How a web site is kept, told from the pages at hand and a few requests beside them.

Every answer that would be a fault is verified by its content, then against a path that nobody
has: a server that answers everything alike shows nothing. Values of cookies are never kept.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from core.errors import Unanswered
from core.model import Intensity, Status, reason
from core.observations.hygiene import ClearPart, CookieSet, LeftOpen, SecurityTxt, WebHygiene
from core.observations.tls import TlsService, Trust
from scanner.page import decode, fold, title_of, without_comments
from scanner.visit import Visit
from scanner.web import Answer, Web

_READ_BYTES = 4_096
"""Of a file that should not be there: enough to know it by, no more."""
_STATUS_BYTES = 65_536
_PAGE_CHARACTERS = 262_144
_VALUE_CHARACTERS = 300
_COOKIES = 40
_SESSION_CHARACTERS = 12
_PARTS = 20
_TOLD_TO_BROWSERS = (
    "content-security-policy",
    "content-security-policy-report-only",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
)
_SESSION = re.compile(
    r"sess|(?:^|[._-])sid|sid$|auth|token|login|jwt|remember|sso|saml|oidc", re.IGNORECASE
)
_NO_SESSION = re.compile(r"csrf|xsrf|antiforgery|lang|locale|theme|consent", re.IGNORECASE)
"""Tokens against forged requests are read by scripts on purpose; the others are no secret."""
_LOADS = re.compile(
    r"<(script|img|iframe|frame|form|embed|object|audio|video|source|link)\s([^<>]{1,1500})>",
    re.IGNORECASE,
)
_CLEAR = re.compile(
    r"""(?:^|[\s"'])(?:src|href|action|data|poster)\s{0,3}=\s{0,3}["']?"""
    r"""(http://[^\s"'<>]{1,500})""",
    re.IGNORECASE,
)
_FETCHED = re.compile(
    r"""rel\s{0,3}=\s{0,3}["']?[^"'>]{0,40}(?:stylesheet|icon|preload|manifest)""", re.IGNORECASE
)
_META_POLICY = re.compile(
    r"""<meta\s[^<>]{0,200}http-equiv\s{0,3}=\s{0,3}["']?content-security-policy""", re.IGNORECASE
)
_META_REFRESH = re.compile(
    r"""<meta\s[^<>]{0,200}http-equiv\s{0,3}=\s{0,3}["']?refresh["'\s][^<>]{0,200}"""
    r"""url\s{0,3}=\s{0,3}["']?https://""",
    re.IGNORECASE,
)
_LISTING = re.compile(r"(?:Index of|Directory listing for|Directory Listing For) ?\[?/", re.I)
_LISTED = re.compile(
    r"""Parent Directory|href=["']?\?C=[NMSD]|href=["']\.\./["']|<li><a href|<td><a href""", re.I
)
_IIS_LISTED = re.compile(r"\[To Parent Directory\]|<dir>", re.I)
_GIT_HEAD = re.compile(rb"(ref: refs/[\x21-\x7e]{1,200})\s{0,4}\Z")
_NGINX_STATUS = re.compile(
    rb"\s{0,4}(Active connections: \d{1,9}) ?\r?\nserver accepts handled requests"
)
_APACHE_STATUS = re.compile(rb"<title>Apache Status</title>|<h1>(Apache Server Status for)", re.I)
_PHP_INFO = re.compile(rb"<title>[^<]{0,60}phpinfo\(\)", re.I)
_PHP_VERSION = re.compile(rb"PHP Version [^0-9<]{0,10}(\d[\w.~+-]{0,30})")
_SERVED_BY = (
    (re.compile(r"nginx|openresty|tengine", re.I), ("/nginx_status",)),
    (re.compile(r"apache-coyote|tomcat|jetty|jsessionid|undertow", re.I), ("/actuator",)),
    (re.compile(r"apache", re.I), ("/server-status",)),
    (re.compile(r"php", re.I), ("/phpinfo.php",)),
)
_STATUS_PAGES = ("/server-status", "/actuator", "/nginx_status", "/phpinfo.php")
_BACKUPS = ("/backup.zip", "/backup.sql")
_DUMPS = (
    b"-- MySQL dump",
    b"-- MariaDB dump",
    b"/*M!999999\\- enable the sandbox mode */",
    b"-- phpMyAdmin SQL Dump",
    b"--\n-- PostgreSQL database dump",
)
_SECURITY_TXT = "/.well-known/security.txt"
_CONTACT = re.compile(r"^contact:\s{0,10}(?:https:|mailto:|tel:)\S", re.IGNORECASE | re.MULTILINE)
_EXPIRES = re.compile(r"^expires:[ \t]{0,10}(\S{10,40})[ \t\r]{0,10}$", re.I | re.MULTILINE)
_NOT_ASKED = "not-offered"
"""The question does not arise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pages:
    """What product recognition already holds of a site."""

    front: Answer
    """The first answer that is no redirect followed here."""
    answers: Sequence[Answer]
    """All of them, the first one first."""
    portal: bool = False
    """A remote-access portal was recognised."""
    product: str = ""
    """Id of the product recognised."""


class _Wish(msgspec.Struct, frozen=True):
    """One path worth asking for, and what an answer must hold to count."""

    field: str
    what: str
    path: str
    shows: Callable[[bytes], str]
    """Gives what gave it away; empty: it is something else."""
    most_bytes: int = _READ_BYTES


@dataclass(slots=True)
class _Work:
    pages: Pages
    web: Web
    visit: Visit
    is_tired: Callable[[], bool]
    why: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[str] = field(default_factory=list[str])
    hits: dict[str, list[LeftOpen]] = field(default_factory=dict[str, list[LeftOpen]])
    security_txt: SecurityTxt | None = None


def wanted(front: Answer, visit: Visit, host: str | None) -> int:
    """Give how many requests recognition should leave, where it recognises nothing."""
    if visit.medical or visit.intensity < Intensity.STANDARD or not _is_served(front, visit, host):
        return 0
    return len(_wishes(Pages(front=front, answers=(front,)), visit, host))


async def look_after(
    pages: Pages, web: Web, visit: Visit, *, is_tired: Callable[[], bool] = lambda: False
) -> WebHygiene:
    """Tell how the visited site is kept; asks within ``visit.requests_left``.

    In profile discreet nothing is asked: the pages at hand tell what they can. ``is_tired``: the
    service is slow, or said « too many »: it is left alone.
    """
    work = _Work(pages, web, visit, is_tired)
    wishes = _wishes(pages, visit, web.host)
    if None not in wishes:
        work.why["security_txt"] = _NOT_ASKED
    if not _is_served(pages.front, visit, web.host):
        _leave(work, wishes, _NOT_ASKED)
    elif visit.intensity < Intensity.STANDARD:
        _leave(work, wishes, "intensity")
    else:
        await _ask(work, wishes)
    return _told(work)


def trusted_for(kept: WebHygiene, shown: TlsService | None) -> WebHygiene:
    """Give the same, with whether browsers take the certificate that came for its name."""
    if not kept.tls or shown is None:
        return kept
    leaf = shown.leaf
    if leaf is None or shown.trust is None:
        why = {**kept.why, "trusted": shown.why_not("chain" if leaf is None else "trust")}
        return msgspec.structs.replace(kept, why=why)
    leads = shown.trust in {Trust.PUBLIC, Trust.DECLARED, Trust.MISSING_LINK}
    covers = kept.host is not None and leaf.covers(kept.host)
    starts, ends = leaf.not_before or kept.at, leaf.not_after or kept.at
    why = {name: told for name, told in kept.why.items() if name != "trusted"}
    good = leads and covers and _utc(starts) <= _utc(kept.at) <= _utc(ends)
    return msgspec.structs.replace(kept, trusted=good, why=why)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# What is asked


def _wishes(pages: Pages, visit: Visit, host: str | None) -> tuple[_Wish | None, ...]:
    """Give what to ask, what tells most first; ``None`` stands for security.txt."""
    # RFC 9116 §3: over HTTPS, of a domain name; that of an appliance is its maker's.
    may_tell = visit.inside_tls and visit.place.port == 443 and host and not pages.product
    contact = (None,) if may_tell else ()
    status = [_Wish("status_pages", *one) for one in _status_pages(pages)]
    backups = [_Wish("backups", "backup", path, _backup) for path in _BACKUPS]
    git = _Wish("git", "git", "/.git/HEAD", _git)
    return (git, *status[:1], *contact, *backups[:1], *status[1:], *backups[1:])


def _status_pages(
    pages: Pages,
) -> Iterator[tuple[str, str, Callable[[bytes], str], int]]:
    """Give the pages of the server's own kind first; where it hides its kind, the usual ones."""
    known: dict[str, tuple[str, Callable[[bytes], str]]] = {
        "/server-status": ("apache-status", _apache),
        "/nginx_status": ("nginx-status", _nginx),
        "/actuator": ("actuator", _actuator),
        "/phpinfo.php": ("phpinfo", _phpinfo),
    }
    told = " ".join(
        text[:_VALUE_CHARACTERS]
        for answer in pages.answers
        for name in ("server", "x-powered-by", "set-cookie")
        if (text := answer.header(name))
    )
    own = [path for pattern, paths in _SERVED_BY if pattern.search(told) for path in paths]
    for path in own or _STATUS_PAGES[:2]:
        what, shows = known[path]
        yield what, path, shows, _STATUS_BYTES


async def _ask(work: _Work, wishes: Sequence[_Wish | None]) -> None:
    for at, wish in enumerate(wishes):
        if work.is_tired():
            _leave(work, wishes[at:], "gave-up")
            return
        if work.visit.requests_left <= 0:
            _leave(work, (wish,), "request-limit")
            continue
        try:
            if wish is None:
                await _ask_security_txt(work)
                continue
            shown = await _shows(work, wish, wish.path)
            if not shown:
                continue
            if work.visit.requests_left <= 0:
                # It cannot be held against a path that nobody has: it proves nothing.
                _leave(work, (wish,), "request-limit")
                continue
            if await _shows(work, wish, _nobodys(wish.path)):
                _leave(work, wishes, "answers-alike")
                work.hits.clear()
                return
        except Unanswered as error:
            _leave(work, wishes[at:], reason(error.status.value, error.detail))
            return
        hit = LeftOpen(path=wish.path, what=wish.what, shown=fold(shown)[:120])
        work.hits.setdefault(wish.field, []).append(hit)


async def _shows(work: _Work, wish: _Wish, path: str) -> str:
    answer = await _get(work, path, wish.most_bytes)
    return wish.shows(answer.body) if answer.status == 200 else ""


async def _get(work: _Work, path: str, most_bytes: int) -> Answer:
    work.asked.append(path)
    answer = await work.web.get(path, most_bytes=most_bytes)
    if answer.status == 429:
        raise Unanswered(Status.RATE_LIMITED)
    return answer


def _nobodys(path: str) -> str:
    folder, _, name = path.rpartition("/")
    made = secrets.token_hex(6)
    return f"/{made}{folder}/{name}" if folder else f"/{made}{name[name.find('.') :]}"


async def _ask_security_txt(work: _Work) -> None:
    answer = await _get(work, _SECURITY_TXT, _STATUS_BYTES)
    if 300 <= answer.status < 400:
        # Often kept in one place for all sites: allowed, and not followed.
        work.why["security_txt"] = _NOT_ASKED
        return
    work.security_txt = read_security_txt(answer)


def read_security_txt(answer: Answer) -> SecurityTxt:
    """Give what an answer at the file's own path says; any page is not the file."""
    text = decode(answer.body, "") if answer.status == 200 else ""
    if not _CONTACT.search(text):
        return SecurityTxt(path="")
    found = _EXPIRES.search(text)
    expires: datetime | None = None
    if found:
        try:
            expires = datetime.fromisoformat(found[1].upper())
        except ValueError:
            expires = None
    if expires is not None:
        try:
            expires = _utc(expires).astimezone(UTC)
        except OverflowError:
            expires = None
    return SecurityTxt(path=answer.path, has_contact=True, expires=expires)


def _leave(work: _Work, wishes: Sequence[_Wish | None], why: str) -> None:
    for wish in wishes:
        work.why.setdefault("security_txt" if wish is None else wish.field, why)


# What shows it


def _git(body: bytes) -> str:
    found = _GIT_HEAD.fullmatch(body)
    return found[1].decode("ascii") if found else ""


def _nginx(body: bytes) -> str:
    found = _NGINX_STATUS.match(body)
    return found[1].decode("ascii") if found else ""


def _apache(body: bytes) -> str:
    return "Apache Server Status" if _APACHE_STATUS.search(body) else ""


def _phpinfo(body: bytes) -> str:
    if not _PHP_INFO.search(body):
        return ""
    version = _PHP_VERSION.search(body)
    return f"phpinfo() {version[1].decode('latin-1') if version else ''}".strip()


class _Actuator(msgspec.Struct):
    links: dict[str, object] = msgspec.field(name="_links")


def _actuator(body: bytes) -> str:
    try:
        links = msgspec.json.decode(body, type=_Actuator).links
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    parts = sorted(name for name in links if re.fullmatch(r"[a-z][a-z-]{1,30}", name))
    if "self" not in parts or not {"health", "info", "env", "metrics"}.intersection(parts):
        return ""
    return ", ".join(name for name in parts if name != "self")


def _backup(body: bytes) -> str:
    if body.startswith(b"PK\x03\x04"):
        return "ZIP"
    if body.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    return next(
        (mark.decode("ascii").strip("-\n ") for mark in _DUMPS if body.startswith(mark)), ""
    )


# What the pages at hand tell


def _is_served(front: Answer, visit: Visit, host: str | None) -> bool:
    """Whether there is a site here: people are not sent elsewhere, and one is known."""
    return front.status not in {400, 421, 429} and not _is_elsewhere(front, visit, host)


def _is_elsewhere(front: Answer, visit: Visit, host: str | None) -> bool:
    location = front.header("location")
    if location is None or not 300 <= front.status < 400:
        return False
    try:
        parts = urlsplit(location.strip())
        named = (parts.hostname or "").lower()
    except ValueError:
        return True
    if not parts.netloc:
        return False
    own = "https" if visit.inside_tls else "http"
    return named not in {host, visit.place.ip} or (parts.scheme or own) != own


def clear_parts_of(text: str) -> tuple[ClearPart, ...]:
    """Give what a page loads from ``http:`` addresses, or sends there, each pair once."""
    found: dict[ClearPart, None] = {}
    for tag in _LOADS.finditer(without_comments(text[:_PAGE_CHARACTERS])):
        name = tag[1].lower()
        if name == "link" and not _FETCHED.search(tag[2]):
            continue
        for clear in _CLEAR.finditer(tag[2]):
            try:
                host = urlsplit(clear[1]).hostname
            except ValueError:
                continue
            if host:
                found[ClearPart(tag=name, host=fold(host)[:100])] = None
        if len(found) >= _PARTS:
            break
    return tuple(found)[:_PARTS]


def listing_of(text: str) -> str:
    """Give the title of a page that lists a directory; empty: it is something else."""
    title = title_of(text)
    head = text[:_READ_BYTES]
    if _LISTING.match(title) and _LISTED.search(text[:_PAGE_CHARACTERS]):
        return title
    # IIS titles it with the name of the host alone.
    if _IIS_LISTED.search(head) and re.search(r"<pre>", head, re.IGNORECASE) and title:
        return title
    return ""


def cookies_of(answers: Sequence[Answer]) -> tuple[CookieSet, ...]:
    """Give the cookies that answers set, each name once, without values."""
    found: dict[str, CookieSet] = {}
    for line in (line for answer in answers for line in answer.each("set-cookie")):
        pair, *attributes = line.split(";")[:20]
        name, equals, value = pair.partition("=")
        name = fold(name)[:100]
        if not equals or not name or name in found:
            continue
        said = {
            key.strip().lower(): told.strip().lower()
            for key, _, told in (one.partition("=") for one in attributes)
        }
        if said.get("max-age") == "0" or not value.strip():
            # It is taken back, not set.
            continue
        same_site = said.get("samesite", "")
        found[name] = CookieSet(
            name=name,
            secure="secure" in said,
            http_only="httponly" in said,
            same_site=same_site if same_site in {"strict", "lax", "none"} else "",
            session=_is_session(name, value),
        )
    return tuple(found.values())[:_COOKIES]


def _is_session(name: str, value: str) -> bool:
    # What identifies a session cannot be guessed, hence is long; « login=1 » is a mark of a page.
    return (
        len(value.strip()) >= _SESSION_CHARACTERS
        and _SESSION.search(name) is not None
        and _NO_SESSION.search(name) is None
    )


def _told(work: _Work) -> WebHygiene:
    pages, visit, why = work.pages, work.visit, work.why
    front, tls = pages.front, visit.inside_tls
    kind = (front.header("content-type") or "").lower()
    text = decode(front.body, kind)
    is_page = front.status == 200 and "html" in kind
    headers: dict[str, str] | None = None
    clear: tuple[ClearPart, ...] | None = None
    listing: str | None = None
    hsts: str | None = None
    if is_page:
        headers = {
            name: fold(value)[:_VALUE_CHARACTERS]
            for name in _TOLD_TO_BROWSERS
            if (value := front.header(name)) is not None
        }
        listing = listing_of(text)
        if tls:
            clear = clear_parts_of(text)
    if tls:
        given = (answer.header("strict-transport-security") for answer in pages.answers)
        hsts = fold(next((one for one in given if one is not None), ""))[:_VALUE_CHARACTERS]
    unknown = {"headers": headers, "clear_parts": clear, "listing": listing, "hsts": hsts}
    why.update({name: _NOT_ASKED for name, value in unknown.items() if value is None})
    if tls:
        why["trusted"] = "undetermined"
    left = {
        name: tuple(hits) if (hits := work.hits.get(name)) else None if name in why else ()
        for name in ("git", "status_pages", "backups")
    }
    first = pages.answers[0] if pages.answers else front
    return WebHygiene(
        place=visit.place,
        at=visit.now(),
        why={name: told for name, told in why.items() if left.get(name) is None},
        tls=tls,
        host=work.web.host,
        status=front.status,
        is_page=is_page,
        portal=pages.portal,
        product=pages.product,
        redirect=fold(first.header("location") or "")[:_VALUE_CHARACTERS]
        if 300 <= first.status < 400
        else "",
        leads_to_tls=_leads_to_tls(pages.answers, text if is_page else ""),
        hsts=hsts,
        headers=headers,
        meta_policy=is_page and _META_POLICY.search(text[:_PAGE_CHARACTERS]) is not None,
        cookies=cookies_of(pages.answers),
        clear_parts=clear,
        listing=listing,
        git=left["git"],
        status_pages=left["status_pages"],
        backups=left["backups"],
        security_txt=work.security_txt,
        asked=tuple(work.asked),
    )


def _leads_to_tls(answers: Sequence[Answer], text: str) -> bool:
    for answer in answers:
        location = (answer.header("location") or "").strip().lower()
        if 300 <= answer.status < 400 and location.startswith("https://"):
            return True
    return _META_REFRESH.search(text[:_PAGE_CHARACTERS]) is not None
