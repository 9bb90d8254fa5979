"""Asks services of one kind over HTTP: the hosts that ``[services]`` lists under it, no other.

The address of a host is what the declared resolvers say; a redirect is handed back, never followed
here; what comes is bounded, and what came before a cut is kept.
"""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast
from urllib.parse import urljoin, urlsplit

import certifi
import httpx
import msgspec
import trio

from core.errors import OutOfScope
from core.inventory import Inventory
from core.model import reason
from inventories.load import url_endpoint
from inventories.scope import ServiceScope

_OK = 200
_AGAIN = frozenset({429, 500, 502, 503, 504})
_URL_LIMIT = 2_048
_AT_ONCE = 2
"""Requests at a time to all the hosts of one kind: these services are shared by everyone."""

AddressOf = Callable[[str], Awaitable[str]]
"""Finds the address of a configured host; raises ``OSError``."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often."""

    document_s: float = 90.0
    """For one answer, whole."""
    silence_s: float = 30.0
    """Without a byte: crt.sh thinks for long."""
    connect_s: float = 8.0
    tries: int = 3
    again_s: float = 2.0
    """Before the second try, then twice as long each time."""
    longest_wait_s: float = 30.0
    """Where a service asks to be left alone for longer, it is, for this run."""
    failures: int = 3
    """In a row, after which a host is left alone for this run."""


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """How one question ended."""

    status: int = 0
    """Of HTTP; 0: no answer."""
    location: str = ""
    """Where a redirect leads, absolute; hostile."""
    why: str = ""
    """Reason id of what kept it from being answered, or from being answered wholly."""
    is_partial: bool = False
    """Some of the body came."""


Take = Callable[[bytes], bool]
"""Given the body piece by piece; false: enough. Called once with nothing at each new try."""


class ServiceHttp:
    """The one way to the hosts of one kind."""

    def __init__(
        self,
        inventory: Inventory,
        kind: str,
        address_of: AddressOf,
        *,
        roots: tuple[bytes, ...] = (),
        pace: Pace | None = None,
    ) -> None:
        """``roots`` are DER of authorities trusted besides the public ones."""
        self.pace = pace or Pace()
        self._kind = kind
        self._scope = ServiceScope(inventory)
        self._address_of = address_of
        self._roots = roots
        self._called = inventory.services.called(kind)
        self._at_once = trio.CapacityLimiter(_AT_ONCE)
        self._addresses: dict[str, str] = {}
        self._context: ssl.SSLContext | None = None
        self._failures: dict[str, int] = {}
        self._left: dict[str, str] = {}

    def permits(self, url: str) -> bool:
        """Tell whether a URL leads to a configured host, and no less privately than over TLS."""
        endpoint = _endpoint(url)
        if endpoint is None:
            return False
        try:
            self._scope.permit_service(self._kind, *endpoint)
        except OutOfScope:
            return False
        return True

    async def get(self, url: str, take: Take, *, limit_bytes: int, accept: str) -> Came:
        """Ask; raises nothing of the other side."""
        endpoint = _endpoint(url)
        if endpoint is None:
            return Came(why="protocol-error")
        host, port = endpoint
        if not self.permits(url):
            return Came(why=reason("not-configured", host))
        if host in self._left:
            return Came(why=self._left[host])
        came = Came()
        wait_s = self.pace.again_s
        for left in reversed(range(self.pace.tries)):
            take(b"")
            came, told_s = await self._once(url, host, port, take, limit_bytes, accept)
            if not _is_worth_another(came):
                break
            if told_s > self.pace.longest_wait_s:
                self._left[host] = came.why
                break
            if left:
                await trio.sleep(min(told_s or wait_s, self.pace.longest_wait_s))
                wait_s *= 2
        self._count(host, came)
        return came

    def _count(self, host: str, came: Came) -> None:
        if came.status and came.status not in _AGAIN:
            self._failures[host] = 0
            return
        self._failures[host] = self._failures.get(host, 0) + 1
        if self._failures[host] >= self.pace.failures or came.status == 429:
            self._left[host] = came.why

    async def _once(
        self, url: str, host: str, port: int, take: Take, limit_bytes: int, accept: str
    ) -> tuple[Came, float]:
        """Give how one try ended, and how long the service asks to wait."""
        came = 0

        def counted(part: bytes) -> bool:
            nonlocal came
            came += len(part)
            return take(part) and came <= limit_bytes

        async with self._at_once:
            with trio.move_on_after(self.pace.document_s):
                try:
                    return await self._ask(url, host, port, counted, limit_bytes, accept)
                except httpx.TimeoutException:
                    return Came(why="timeout", is_partial=came > 0), 0
                except httpx.ConnectError as error:
                    return Came(why="untrusted-service" if _is_tls(error) else "refused"), 0
                except httpx.NetworkError:
                    return Came(why="reset", is_partial=came > 0), 0
                except httpx.RemoteProtocolError:
                    return Came(why="reset" if came else "protocol-error", is_partial=came > 0), 0
                except (httpx.HTTPError, httpx.InvalidURL):
                    return Came(why="protocol-error"), 0
                except OSError as error:
                    return Came(why=reason("unresolved", str(error))), 0
        return Came(why="timeout", is_partial=came > 0), 0

    async def _ask(
        self, url: str, host: str, port: int, take: Take, limit_bytes: int, accept: str
    ) -> tuple[Came, float]:
        if host not in self._addresses:
            self._addresses[host] = await self._address_of(host)
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        # Built from what was judged: no other reading of the same text can lead elsewhere.
        there = httpx.URL(
            scheme=parts.scheme.lower(),
            host=self._addresses[host],
            port=port,
            raw_path=f"{parts.path or '/'}{query}".encode("ascii"),
        )
        shown = f"[{host}]" if ":" in host else host
        headers = {
            "Host": shown if port in {80, 443} else f"{shown}:{port}",
            "User-Agent": self._called,
            "Accept": accept,
            # A compressed answer would be bounded by what it was, not by what it becomes.
            "Accept-Encoding": "identity",
        }
        async with (
            httpx.AsyncClient(
                verify=self._tls() if there.scheme == "https" else False,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self.pace.silence_s, connect=self.pace.connect_s),
            ) as client,
            client.stream(
                "GET", there, headers=headers, extensions={"sni_hostname": host}
            ) as answer,
        ):
            return await _read(answer, url, take, limit_bytes)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=certifi.where())
            for root in self._roots:
                self._context.load_verify_locations(cadata=root)
        return self._context


async def _read(
    answer: httpx.Response, url: str, take: Take, limit_bytes: int
) -> tuple[Came, float]:
    status = answer.status_code
    if answer.has_redirect_location:
        return Came(status=status, location=_absolute(url, answer.headers["Location"])), 0
    if status != _OK:
        why = "rate-limited" if status == 429 else reason("protocol-error", f"HTTP {status}")
        return Came(status=status, why=why), _asked_to_wait(answer.headers.get("Retry-After", ""))
    if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return Came(status=status, why=reason("protocol-error", "compressed")), 0
    came = 0
    stopped: Came | None = None
    # No size of chunks: what came before a cut would be held back until one is full.
    reading = cast("AsyncGenerator[bytes]", answer.aiter_raw())
    with trio.CancelScope() as enough:
        async with aclosing(reading) as parts:
            async for part in parts:
                if stopped is not None:
                    continue
                came += len(part)
                if not take(part):
                    is_long = came > limit_bytes
                    why = "gave-up" if is_long else ""
                    stopped = Came(status=status, why=why, is_partial=is_long)
                    # Not left half way: httpx reads through generators within generators, and
                    # only an end from the inside closes them all.
                    enough.cancel()
    return stopped or Came(status=status), 0


def _is_worth_another(came: Came) -> bool:
    if came.status:
        return came.status in _AGAIN
    # What is cut may be whole the next time. A closed port, a firewall, a certificate or a name do
    # not mend in seconds, and what was too slow once is so again.
    return came.why == "reset"


def _asked_to_wait(told: str) -> float:
    """Give the seconds of a ``Retry-After`` (RFC 9110, 10.2.3); 0 when it says none."""
    told = told.strip()[:64]
    if told.isascii() and told.isdecimal():
        return float(told) if len(told) < 8 else 1e7
    try:
        then = parsedate_to_datetime(told)
    except (ValueError, IndexError, TypeError, OverflowError):
        return 0
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())


def _endpoint(url: str) -> tuple[str, int] | None:
    """Give host and port of a URL that can be asked as it is written."""
    if len(url) > _URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        return None
    return url_endpoint(url)


def _absolute(url: str, location: str) -> str:
    try:
        return urljoin(url, location[: 2 * _URL_LIMIT])
    except ValueError:
        return ""


def _is_tls(error: BaseException | None) -> bool:
    """Tell whether a connection was made and its certificate refused."""
    for _ in range(8):
        if error is None:
            return False
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
