"""Asks the makers of feeds, and nobody else: one host, within bounds of size and time."""

import base64
import hashlib
import re
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import certifi
import httpx
import msgspec
import trio

from core.errors import FeedFault
from core.feed_formats import FeedInvalid, gunzip
from vigie.feeds import Tag

_REDIRECTS = 3
_CHUNK = 1 << 16
_OK, _UNCHANGED = 200, 304
_IF_TAG, _IF_DATE = "If-None-Match", "If-Modified-Since"
_CONDITIONS = {_IF_TAG, _IF_DATE}
_AGAIN = frozenset({429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 30.0
_DIGEST = re.compile(r"(?:^|[,\s])sha-256=:?([A-Za-z0-9+/]{43}=)", re.IGNORECASE)

Permit = Callable[[str], None]
"""Told a URL before each request; raises where that is not allowed."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often."""

    document_s: float = 120.0
    """For one file, its redirects included."""
    silence_s: float = 20.0
    """Without a byte."""
    connect_s: float = 8.0
    """A firewall that drops is told soon: there are six makers to try."""
    tries: int = 3
    again_s: float = 1.0
    """Before the second try, then twice as long each time."""
    between_s: float = 0.1
    """Between two files of one maker."""
    scores_s: float = 6.5
    """Between two questions to the NVD, which wants no more than 5 in 30 s (50 with a key)."""
    most_scores: int = 20
    """Flaws asked for one by one in one update."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came; ``body`` is ``None`` when nothing changed since the tag."""

    body: bytes | None
    tag: Tag = Tag()


class FeedClient:
    """Asks for files; made by :func:`vigie.services.feed_client`."""

    def __init__(self, http: httpx.AsyncClient, permit: Permit, pace: Pace) -> None:
        self._http = http
        self._permit = permit
        self.pace = pace

    async def get(
        self,
        feed: str,
        url: str,
        *,
        limit_bytes: int,
        tag: Tag | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Give one file; raises ``FeedFault``, or ``OutOfScope`` where nothing allows its host."""
        asked = dict(headers or {})
        if tag is not None and tag.etag:
            asked[_IF_TAG] = tag.etag
        if tag is not None and tag.last_modified:
            asked[_IF_DATE] = tag.last_modified
        wait_s = self.pace.again_s
        for left in reversed(range(self.pace.tries)):
            try:
                with trio.fail_after(self.pace.document_s):
                    return await self._once(feed, url, limit_bytes, asked)
            except trio.TooSlowError:
                raise FeedFault(feed, "too-slow", f"> {self.pace.document_s:.0f} s") from None
            except _Again as again:
                if not left:
                    raise again.fault from again.fault.__cause__
                await trio.sleep(min(again.wait_s or wait_s, _LONGEST_WAIT_S))
                wait_s *= 2
        raise FeedFault(feed, "unreachable", url)

    async def _once(self, feed: str, url: str, limit_bytes: int, headers: dict[str, str]) -> Answer:
        for _ in range(_REDIRECTS + 1):
            self._permit(url)
            try:
                async with self._http.stream("GET", url, headers=headers) as answer:
                    if answer.has_redirect_location:
                        url = _followed(feed, url, answer.headers["Location"])
                        continue
                    if answer.status_code == _UNCHANGED and not _CONDITIONS & headers.keys():
                        raise FeedFault(feed, "status", "304, of nothing that was named")
                    return await _read(feed, answer, limit_bytes)
            except httpx.InvalidURL as error:
                raise FeedFault(feed, "redirected", str(error)) from error
            except httpx.TimeoutException as error:
                raise _Again(FeedFault(feed, "too-slow", type(error).__name__)) from error
            except httpx.RemoteProtocolError as error:
                if "location header" in str(error):
                    raise FeedFault(feed, "redirected", str(error)) from error
                cut = "incomplete" in str(error) or "without" in str(error)
                fault = FeedFault(feed, "truncated" if cut else "unreachable", str(error))
                raise _Again(fault) from error
            except httpx.HTTPError as error:
                host, said = urlsplit(url).netloc, str(error) or type(error).__name__
                detail = said if host in said else f"{host}: {said}"
                raise _Again(FeedFault(feed, "unreachable", detail)) from error
        raise FeedFault(feed, "redirected", f"> {_REDIRECTS}")


class _Again(Exception):
    """Worth another try."""

    def __init__(self, fault: FeedFault, wait_s: float = 0) -> None:
        self.fault = fault
        self.wait_s = wait_s
        super().__init__(str(fault))


@asynccontextmanager
async def http_client(
    *, contact: str, roots: tuple[bytes, ...] = (), proxy: str = "", pace: Pace
) -> AsyncGenerator[httpx.AsyncClient]:
    """Open a client that takes nothing from the environment and follows nothing by itself.

    ``roots`` are DER certificates of authorities trusted besides the public ones.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    for root in roots:
        context.load_verify_locations(cadata=root)
    told = f"Vigie (feeds; contact: {contact})" if contact else "Vigie (feeds)"
    async with httpx.AsyncClient(
        verify=context,
        trust_env=False,
        proxy=proxy or None,
        timeout=httpx.Timeout(pace.silence_s, connect=pace.connect_s),
        follow_redirects=False,
        limits=httpx.Limits(max_connections=2),
        # Packed by the server, it is unpacked here, within our bounds.
        headers={"User-Agent": told, "Accept-Encoding": "gzip"},
    ) as client:
        yield client


async def _read(feed: str, answer: httpx.Response, limit_bytes: int) -> Answer:
    headers = answer.headers
    tag = Tag(_token(headers.get("ETag", "")), _token(headers.get("Last-Modified", "")))
    if answer.status_code == _UNCHANGED:
        return Answer(body=None, tag=tag)
    if answer.status_code != _OK:
        fault = FeedFault(feed, "status", str(answer.status_code))
        if answer.status_code in _AGAIN:
            wait = headers.get("Retry-After", "")
            raise _Again(fault, float(wait) if wait.isdigit() and len(wait) < 6 else 0)
        raise fault
    announced = headers.get("Content-Length", "")
    if announced.isdigit() and (len(announced) > 15 or int(announced) > limit_bytes):
        raise FeedFault(feed, "too-large", f"{announced[:20]} > {limit_bytes}")
    body = bytearray()
    async for chunk in answer.aiter_raw(_CHUNK):
        body += chunk
        if len(body) > limit_bytes:
            raise FeedFault(feed, "too-large", f"> {limit_bytes}")
    _check_digest(feed, headers, body)
    return Answer(body=_unpacked(feed, headers, bytes(body), limit_bytes), tag=tag)


def _token(text: str) -> str:
    """Give a header that is sent back as it came; empty where it could not be."""
    return text if len(text) <= 200 and text.isascii() and text.isprintable() else ""


def _check_digest(feed: str, headers: httpx.Headers, body: bytes | bytearray) -> None:
    """Compare with the checksum that the server gives, where it does (RFC 9530, RFC 3230)."""
    for name in ("Content-Digest", "Repr-Digest", "Digest"):
        told = _DIGEST.search(headers.get(name, ""))
        if told is not None and told[1] != base64.b64encode(hashlib.sha256(body).digest()).decode():
            raise _Again(FeedFault(feed, "checksum", name))


def _unpacked(feed: str, headers: httpx.Headers, body: bytes, limit_bytes: int) -> bytes:
    coding = headers.get("Content-Encoding", "identity").strip().lower()
    if coding == "identity":
        return body
    if coding not in {"gzip", "x-gzip"} or not body.startswith(b"\x1f\x8b"):
        raise FeedFault(feed, "invalid", f"Content-Encoding: {coding[:40]}")
    try:
        return gunzip(body, limit_bytes)
    except FeedInvalid as wrong:
        raise FeedFault(feed, wrong.fault, wrong.detail) from wrong


def _followed(feed: str, url: str, location: str) -> str:
    """Give where a redirect leads; anywhere but on the same host and port is refused."""
    try:
        there = urlsplit(urljoin(url, location))
        here = urlsplit(url)
        # The whole place, an account before it included.
        is_home = (there.scheme, there.netloc) == (here.scheme, here.netloc)
    except ValueError as error:
        raise FeedFault(feed, "redirected", str(error)) from error
    if not is_home:
        raise FeedFault(feed, "redirected", there.hostname or "")
    return there.geturl()
