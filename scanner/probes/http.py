"""HTTP/1.x (RFC 9112), plain or inside TLS: the front page, its icon, and which product it is.

Requests are shared by all products (one per distinct path, at most once) and never exceed
``visit.requests_left``. Redirects are followed on the same service only, three at most.
"""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import mmh3
import msgspec
import trio

from core.errors import Unanswered
from core.model import Confidence, Intensity, Status, reason
from core.observations.fhir import FhirService
from core.observations.front import FrontSeen
from core.observations.http import HttpService, Redirect
from core.observations.hygiene import WebHygiene
from core.observations.service import Service
from core.observations.vpn import VpnService
from scanner import rd_gateway, sstp
from scanner.face import as_texts, face_of
from scanner.fhir import read_capabilities
from scanner.fronts import FrontShown, fronts_of
from scanner.hygiene import Pages, look_after, wanted
from scanner.page import assets_of, decode, fold, icon_of, scripts_of, title_of, without_comments
from scanner.products import Clues, Match, Page, Read, index_of, product_seen
from scanner.visit import Measured, Probe, Visit
from scanner.web import Answer, Web

_PORTS = (80, 443, 8080, 8443, 8000, 8081, 8888, 9443, 10443, 4433, 4443, 81, 2375, 3000, 5000)
_REDIRECTS = 3
_CONTROLS = 4
_FACES = 3
"""Requests for another side of a recognised product: an administration beside the portal."""
_KEPT_BACK = 2
"""Requests that the look for portals leaves for the version of what it finds."""
_VERSIONS_OF = 2
"""Products of one service whose version is asked for."""
_PATIENCE_S = 20.0
"""After that, no further question: a portal that is fit to be used answers each in a second."""
_FIRST_LINE = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})(?: |\r|\n)")
_PAGE = re.compile(rb"\s{0,20}(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_WANTS_TLS = re.compile(
    rb"plain HTTP request was sent to HTTPS port"
    rb"|speaking plain HTTP to an SSL-enabled server port"
    rb"|sent an HTTP request to an HTTPS server"
    rb"|combination of host and port requires TLS",
    re.IGNORECASE,
)
"""How nginx, Apache, Go and Tomcat answer a plain request where TLS is spoken."""
_REALM = re.compile(r'realm\s{0,3}=\s{0,3}(?:"([^"]{0,200})"|([^\s",]{1,200}))', re.IGNORECASE)
_SCHEME = re.compile(r"(?:^|,\s{0,5})([A-Za-z][A-Za-z0-9-]{2,30})(?=\s|$|,)")
_TARGET = re.compile(r"/[\x21-\x7e]{0,1000}\Z")
_LIST = re.compile(r"[^;]{0,2000}")
_SHOWN_AS = {
    "http_body": "<body>",
    "http_script": "<script>",
    "http_title": "<title>",
    "http_cookie": "Set-Cookie",
    "http_status": "HTTP",
    "http_redirect": "Location",
    "http_asset": "src",
    "favicon_md5": "favicon MD5",
    "favicon_mmh3": "favicon MMH3",
    "tls_subject": "X.509 subject",
    "tls_issuer": "X.509 issuer",
}
"""How evidence names each kind of signal."""
_KEPT = (
    "server",
    "x-powered-by",
    "via",
    "content-type",
    "location",
    "www-authenticate",
    "strict-transport-security",
    "content-security-policy",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "last-modified",
    "etag",
    "alt-svc",
    "api-version",
    "ostype",
    "x-transcend-version",
)


def _recognises(heard: bytes) -> bool:
    return heard.startswith(b"HTTP/") or _PAGE.match(heard[:200]) is not None


async def _measure(visit: Visit) -> Measured | None:
    async with Web(visit) as web:
        try:
            first = await web.get("/")
        except Unanswered as error:
            return _without_answer(visit, web, error)
        if not visit.inside_tls and first.status == 400 and _WANTS_TLS.search(first.body[:4_096]):
            # The service is the one inside TLS; this answer is its server's way to say so.
            return None
        seen = _Gathered(visit, first, host=web.host)
        asks_sstp = sstp.may_be(visit, first) and visit.requests_left > 1
        asks_rdg = rd_gateway.may_be(visit, first) and visit.requests_left > 2
        visit.requests_left -= asks_sstp + asks_rdg
        await _follow(seen, web, first)
        await _identify(seen, web)
        seen.front_host = web.host
        if not visit.medical and not seen.is_decoy:
            seen.kept = await look_after(seen.at_hand, web, visit, is_tired=seen.is_tired)
        seen.requests = web.requests
    visit.requests_left += asks_sstp + asks_rdg
    # Behind the pages, on connections of their own: a small host has only one at a time.
    if asks_sstp and not seen.is_tired():
        seen.requests += 1
        seen.gateway = await sstp.ask(visit, web.host)
    if asks_rdg and not seen.is_tired():
        seen.requests += 1
        seen.rd_gateway = await rd_gateway.ask(visit, web.host, first)
    return _told(seen)


PROBE = Probe(name="http", ports=_PORTS, recognises=_recognises, measure=_measure, rank=10)


@dataclass(slots=True)
class _Gathered:
    visit: Visit
    first: Answer
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    """By path; what was followed counts under its own."""
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    told: dict[str, Page] = field(default_factory=dict[str, Page])
    """What was asked for a version alone, by method and target."""
    redirects: list[Redirect] = field(default_factory=list[Redirect])
    gateway: VpnService | None = None
    """SSTP listens beside the pages."""
    rd_gateway: tuple[str, ...] = ()
    """What an RD Gateway beside the pages answered."""
    favicon: bytes = b""
    left_icon_out: bool = False
    kept: WebHygiene | None = None
    host: str | None = None
    front_host: str | None = None
    requests: int = 0
    until: float = field(default_factory=lambda: trio.current_time() + _PATIENCE_S)

    def is_tired(self) -> bool:
        """Whether to leave the service alone: it is slow, or it said « too many »."""
        refused = any(answer.status == 429 for answer in self.answers.values())
        return refused or trio.current_time() > self.until

    @property
    def may_post(self) -> bool:
        """Whether a question may be posted here."""
        return self.visit.intensity >= Intensity.STANDARD and not self.visit.medical

    @property
    def is_decoy(self) -> bool:
        """Whether what answers imitates several makes: nothing that it shows is worth a word."""
        return any(one.is_decoy for one in self.matches() if one.confidence is not None)

    @property
    def at_hand(self) -> Pages:
        """What was brought so far, for whoever tells how the site is kept."""
        best = next((one for one in self.matches() if one.confidence is not None), None)
        is_known = _is_settled(self.matches(), Confidence.FIRM)
        return Pages(
            front=self.front,
            answers=tuple(self.answers.values()),
            portal=best is not None and best.shows_portal,
            product=best.product.id if best is not None and is_known else "",
        )

    def keep(self, answer: Answer) -> None:
        if answer.path not in self.answers:
            self.answers[answer.path] = answer
            self.pages[answer.path] = _page(answer, self.visit)

    @property
    def front(self) -> Answer:
        """The first answer that is not a redirect we followed."""
        followed = {redirect.at for redirect in self.redirects if redirect.followed}
        return next((a for p, a in self.answers.items() if p not in followed), self.first)

    @property
    def clues(self) -> Clues:
        visit = self.visit
        return Clues(
            pages=(*self.pages.values(), *self.told.values()),
            favicon_md5=_md5(self.favicon) if self.favicon else "",
            favicon_mmh3=_mmh3(self.favicon) if self.favicon else None,
            tls_subject=visit.tls_subject,
            tls_issuer=visit.tls_issuer,
            handshake="\n".join(
                (
                    *(("protocol=sstp", *sstp.SAID) if self.gateway else ()),
                    *(("protocol=rd-gateway", *self.rd_gateway) if self.rd_gateway else ()),
                )
            ),
        )

    def matches(self) -> tuple[Match, ...]:
        return index_of(self.visit.knowledge.products).match(self.clues)

    def read(self, match: Match) -> Read | None:
        return index_of(self.visit.knowledge.products).read(match, self.clues)


async def _follow(seen: _Gathered, web: Web, first: Answer) -> None:
    """Keep the front page and what it leads to on this service."""
    answer = first
    targets = {first.target}
    for _ in range(_REDIRECTS + 1):
        seen.keep(answer)
        location = answer.header("location")
        if location is None or not 300 <= answer.status < 400:
            return
        onward = _onward(location, answer.target, web.host, seen.visit)
        is_new = onward is not None and onward[1] not in targets
        goes = is_new and len(targets) <= _REDIRECTS and seen.visit.requests_left > 0
        seen.redirects.append(
            Redirect(at=answer.path, status=answer.status, to=fold(location)[:300], followed=False)
        )
        if not goes or onward is None:
            return
        host, target = onward
        targets.add(target)
        try:
            await web.ask_as(host)
            answer = await web.get(target)
        except Unanswered as error:
            seen.visit.notes.append(f"http: redirect to {target[:100]} unanswered: {error}")
            return
        last = seen.redirects[-1]
        seen.redirects[-1] = Redirect(at=last.at, status=last.status, to=last.to, followed=True)


async def _identify(seen: _Gathered, web: Web) -> None:
    """Ask what is still worth asking: what was hinted at, its version, the icon, the portals."""
    index = index_of(seen.visit.knowledge.products)
    await _ask(seen, web, index.further_paths(seen.matches()))
    await _ask_versions(seen, web)
    await _ask_icon(seen, web)
    await _ask(seen, web, index.further_paths(seen.matches()))
    if seen.visit.intensity >= Intensity.STANDARD and not seen.visit.medical:
        for match in seen.matches()[:1]:
            if match.confidence is not None:
                await _ask(seen, web, index.face_paths(match), at_least=_FACES)
        # A few even when settled: what answers at other makes' paths too is a decoy.
        portals = iter(index.portal_paths())
        kept_back = _KEPT_BACK
        if not _is_settled(seen.matches(), Confidence.FIRM):
            kept_back = max(kept_back, wanted(seen.front, seen.visit, web.host))
        await _ask(
            seen, web, portals, at_least=_CONTROLS, leaving=kept_back, enough=Confidence.FIRM
        )
    await _ask_versions(seen, web)


async def _ask_versions(seen: _Gathered, web: Web) -> None:
    """Ask the paths that tell the version of what was recognised, until one did."""
    index = index_of(seen.visit.knowledge.products)
    told = [one for one in seen.matches() if one.confidence is not None]
    if any(one.is_decoy for one in told):
        return
    for match in told[:_VERSIONS_OF]:
        for question in index.questions(match.product):
            read = seen.read(match)
            if read is not None and read.gives != "branch":
                break
            key = f"{'POST' if question.body else 'GET'} {question.target}"
            known = any(one.target == question.target for one in seen.answers.values())
            if (known and not question.body) or key in seen.told:
                continue
            if question.body and not seen.may_post:
                continue
            if seen.visit.requests_left <= 0 or seen.is_tired():
                return
            try:
                if question.body:
                    answer = await web.post(question.target, question.body, question.content_type)
                else:
                    answer = await web.get(question.target)
            except Unanswered as error:
                seen.visit.notes.append(f"http: {question.target} unanswered: {error}")
                return
            seen.told[key] = _page(answer, seen.visit)


async def _ask(
    seen: _Gathered,
    web: Web,
    paths: Iterator[str],
    *,
    at_least: int = 0,
    leaving: int = 0,
    enough: Confidence = Confidence.CERTAIN,
) -> None:
    asked = 0
    for path in paths:
        if seen.visit.requests_left <= leaving or seen.is_tired():
            return
        if asked >= at_least and _is_settled(seen.matches(), enough):
            return
        if path.partition("?")[0] in seen.answers or f"GET {path}" in seen.told:
            continue
        asked += 1
        try:
            answer = await web.get(path)
            seen.keep(answer)
            await _follow_on_itself(seen, web, answer)
        except Unanswered as error:
            seen.visit.notes.append(f"http: {path} unanswered: {error}")
            # A service that no longer answers is not asked again.
            return


async def _follow_on_itself(seen: _Gathered, web: Web, answer: Answer) -> None:
    # Some portals add a query to their own path before they show the page (ASA).
    location = answer.header("location")
    if location is None or not 300 <= answer.status < 400 or seen.visit.requests_left <= 0:
        return
    onward = _onward(location, answer.target, web.host, seen.visit)
    if onward is None or onward[1] == answer.target:
        return
    host, target = onward
    if host == web.host and target.partition("?")[0] == answer.path:
        again = await web.get(target)
        seen.answers[again.path] = again
        seen.pages[again.path] = _page(again, seen.visit)


async def _ask_icon(seen: _Gathered, web: Web) -> None:
    front = seen.front
    seen.left_icon_out = seen.visit.requests_left <= 0
    if seen.left_icon_out or seen.is_tired():
        return
    text = decode(front.body, front.header("content-type") or "")
    onward = _onward(icon_of(text) or "/favicon.ico", front.target, web.host, seen.visit)
    if onward is None or onward[0] != web.host:
        onward = (web.host, "/favicon.ico")
    try:
        answer = await web.get(onward[1])
    except Unanswered as error:
        seen.visit.notes.append(f"http: icon unanswered: {error}")
        return
    kind = (answer.header("content-type") or "").lower()
    is_page = "html" in kind or "json" in kind or _PAGE.match(answer.body[:200]) is not None
    if answer.status == 200 and answer.body and not answer.cut and not is_page:
        seen.favicon = answer.body


def _is_settled(matches: tuple[Match, ...], enough: Confidence) -> bool:
    best = matches[0].confidence if matches else None
    return best is not None and best >= enough


def _onward(
    location: str, here: str, host: str | None, visit: Visit
) -> tuple[str | None, str] | None:
    """Give the name and target of a redirect that stays on this service, else ``None``.

    What browsers repair (backslashes, blanks, other spellings of an address) is not followed.
    """
    location = location.strip(" ")
    if not location or not location.isascii() or not location.isprintable() or "\\" in location:
        return None
    scheme = "https" if visit.inside_tls else "http"
    usual = 443 if visit.inside_tls else 80
    port = visit.place.port or usual
    try:
        parts = urlsplit(urljoin(f"{scheme}://h.invalid{here}", location))
        named, asked_port = parts.hostname or "", parts.port or usual
    except ValueError:
        return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme != scheme or not _TARGET.match(target):
        return None
    if parts.netloc == "h.invalid":
        return host, target
    if "@" in parts.netloc or asked_port != port or not _is_own(named, port, visit):
        return None
    return (None if _literal(named) else named), target


def _is_own(named: str, port: int, visit: Visit) -> bool:
    literal = _literal(named)
    if literal is not None:
        # One spelling only: an address mapped into IPv6, or with a zone, is another address.
        return literal == visit.place.ip and named == literal and visit.in_scope(named, port)
    if not re.fullmatch(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,10}", named):
        return False
    # An integer or an octal address is no name, whatever resolvers make of it.
    last = named.rpartition(".")[2]
    return not re.fullmatch(r"\d+|0x[0-9a-f]*", last) and visit.in_scope(named, port)


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _page(answer: Answer, visit: Visit) -> Page:
    text = decode(answer.body, answer.header("content-type") or "")
    return Page(
        path=answer.path,
        status=answer.status,
        headers=tuple(f"{_canonical(name)}: {value}" for name, value in answer.headers),
        cookies=tuple(
            match[0].strip() for c in answer.each("set-cookie") if (match := _LIST.match(c))
        ),
        redirect=_stays(answer, visit),
        title=title_of(text),
        text=without_comments(text),
        scripts=scripts_of(text),
        assets=assets_of(text),
        digest=hashlib.sha256(answer.body).hexdigest() if answer.body else "",
    )


def _canonical(name: str) -> str:
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def _stays(answer: Answer, visit: Visit) -> str:
    """Give where an answer leads: the path when it stays on this host, else the whole address."""
    location = answer.header("location") if 300 <= answer.status < 400 else None
    if not location:
        return ""
    try:
        parts = urlsplit(location.strip())
        named = (parts.hostname or "").lower()
    except ValueError:
        return location
    if not parts.netloc and not parts.scheme:
        return location if location.startswith("/") else f"/{location}"
    if parts.scheme in {"http", "https", ""} and named in {visit.place.ip, *visit.names}:
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return location


def _md5(icon: bytes) -> str:
    return hashlib.md5(icon, usedforsecurity=False).hexdigest()


def _mmh3(icon: bytes) -> int:
    return mmh3.hash(base64.encodebytes(icon))


def _without_answer(visit: Visit, web: Web, error: Unanswered) -> Measured | None:
    """Tell an HTTP service that stumbles from one that is of another protocol."""
    heard = web.heard
    if not _recognises(heard):
        if error.status is Status.PROTOCOL_ERROR or heard:
            return None
        raise error
    told = _FIRST_LINE.match(heard)
    line = fold(heard.split(b"\n", 1)[0][:100].decode("latin-1"))
    is_page = told is None and not heard.startswith(b"HTTP/")
    why = reason(error.status.value, error.detail)
    service = Service(
        place=visit.place,
        at=visit.now(),
        protocol="http",
        tls=visit.inside_tls,
        confidence=Confidence.FIRM,
        evidence=("HTTP/0.9" if is_page else line,),
        banner=heard[:512].decode("latin-1"),
    )
    http = HttpService(
        place=visit.place,
        at=visit.now(),
        status=int(told[1]) if told else None,
        title=None,
        body_sha256=None,
        favicon_md5=None,
        favicon_mmh3=None,
        tls=visit.inside_tls,
        requests=web.requests,
        why={
            **({} if told else {"status": why}),
            "title": why,
            "body_sha256": why,
            "favicon_md5": why,
            "favicon_mmh3": why,
        },
    )
    return Measured(service=service, seen=(http,))


def _told(seen: _Gathered) -> Measured:
    fronts = fronts_of(tuple(seen.pages.values()), seen.visit.knowledge.fronts)
    matches = [_through(fronts, match) for match in seen.matches() if match.confidence is not None]
    http = _http(seen)
    products = tuple(
        product_seen(
            match,
            seen.read(match),
            place=seen.visit.place,
            at=http.at,
            tls=seen.visit.inside_tls,
            status=next(
                (seen.pages[s.path].status for s in match.shown if s.path in seen.pages), None
            ),
        )
        for match in matches
        if not match.is_decoy
    )
    kept = seen.kept if not any(one.own_page for one in fronts) else None
    beside = (
        *((seen.gateway,) if seen.gateway else ()),
        *_fhir(seen),
        *_fronts(seen, fronts),
        *((kept,) if kept else ()),
    )
    return Measured(service=_service(seen, http, matches), seen=(http, *products, *beside))


def _through(fronts: tuple[FrontShown, ...], match: Match) -> Match:
    """Give a match as sure as it may be where the front wrote the page that came."""
    if not any(one.own_page for one in fronts) or match.confidence is not Confidence.CERTAIN:
        return match
    return msgspec.structs.replace(match, confidence=Confidence.FIRM)


def _fronts(seen: _Gathered, fronts: tuple[FrontShown, ...]) -> Iterator[FrontSeen]:
    for one in fronts:
        yield FrontSeen(
            place=seen.visit.place,
            at=seen.visit.now(),
            front=one.front.id,
            name=one.front.name,
            front_kind=one.front.kind,
            confidence=one.confidence,
            shown=one.shown,
            own_page=one.own_page,
        )


def _fhir(seen: _Gathered) -> Iterator[FhirService]:
    """Give what a capability statement among the answers declares."""
    for path, answer in seen.answers.items():
        if not path.endswith("/metadata") or answer.status != 200:
            continue
        told = read_capabilities(answer.body)
        if told is not None:
            yield FhirService(
                place=seen.visit.place,
                at=seen.visit.now(),
                path=path,
                fhir_version=told.fhir_version,
                software=told.software,
                security=told.security,
                why={} if told.security is not None else {"security": "gave-up"},
            )
            return


def _service(seen: _Gathered, http: HttpService, matches: list[Match]) -> Service:
    best = matches[0] if matches and not matches[0].is_decoy else None
    read = seen.read(best) if best is not None else None
    beside = (*(sstp.SAID if seen.gateway else ()), *seen.rd_gateway)
    evidence = [*beside, f"HTTP {seen.first.status}"]
    if server := http.headers.get("server"):
        evidence.append(f"Server: {server[:100]}")
    if http.title:
        evidence.append(f"<title>: {http.title[:100]}")
    if best is not None:
        evidence[:0] = [_proof(shown.kind, shown.path, shown.text) for shown in best.shown[:3]]
        if read is not None:
            shown = read.shown
            evidence.insert(1, _proof(shown.kind, shown.path, shown.text))
        if best.contradicted_by:
            evidence.append(f"≠ {', '.join(best.contradicted_by)}")
    elif matches:
        evidence.append(f"signatures: {', '.join(match.product.id for match in matches[:6])}")
    return Service(
        place=seen.visit.place,
        at=http.at,
        protocol="sstp" if seen.gateway else "http",
        tls=seen.visit.inside_tls,
        product=best.product.id if best else None,
        product_confidence=best.confidence if best else None,
        version=read.version if read else None,
        version_gives=read.gives if read else "version",
        confidence=(best.confidence if best else None) or Confidence.CERTAIN,
        evidence=tuple(dict.fromkeys(evidence)),
        imitates=tuple(match.product.id for match in matches) if matches and not best else (),
        portal=best is not None and best.shows_portal,
        banner="",
    )


def _proof(kind: str, path: str, text: str) -> str:
    # A header is shown whole, with its own name.
    said = text if kind == "http_header" else f"{_SHOWN_AS.get(kind, kind)}: {text}"
    return f"{path} {said}" if path else said


def _http(seen: _Gathered) -> HttpService:
    front = seen.front
    page = seen.pages[front.path]
    place = seen.visit.place
    face = face_of(seen.first, seen.host or place.ip or "", place.port or 0)
    challenges = front.header("www-authenticate") or ""
    realm = _REALM.search(challenges)
    headers = {
        name: fold(value)[:500] for name in _KEPT if (value := seen.first.header(name)) is not None
    }
    why: dict[str, str] = {}
    if not seen.favicon:
        missing = "request-limit" if seen.left_icon_out else "not-offered"
        why = {"favicon_md5": missing, "favicon_mmh3": missing}
    return HttpService(
        place=seen.visit.place,
        at=seen.visit.now(),
        status=seen.first.status,
        title=page.title,
        headers=headers,
        cookies=tuple(
            dict.fromkeys(
                fold(cookie.partition("=")[0])[:100]
                for each in seen.pages.values()
                for cookie in each.cookies[:20]
            )
        )[:40],
        redirects=tuple(seen.redirects),
        auth_schemes=tuple(
            dict.fromkeys(s.lower() for s in _SCHEME.findall(challenges) if s.lower() != "realm")
        )[:8],
        realm=fold(realm[1] or realm[2] or "") if realm else "",
        body_sha256=hashlib.sha256(front.body).hexdigest(),
        body_bytes=len(front.body),
        cut=front.cut,
        favicon_md5=_md5(seen.favicon) if seen.favicon else None,
        favicon_mmh3=_mmh3(seen.favicon) if seen.favicon else None,
        tls=seen.visit.inside_tls,
        requests=seen.requests,
        host=seen.host,
        face=as_texts(face),
        front_host=seen.front_host,
        why=why,
    )
