"""The way to a ticketing system: its configured host alone, no redirect, all bounded.

What fails says whether the request may have been obeyed: :class:`NotDone` before it left or when
it only read, else :class:`Unsure`.
"""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from types import TracebackType
from typing import cast
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
import trio

from core.inventory import Inventory
from core.model import Wording
from core.operations import Ticketing
from inventories.load import url_endpoint
from inventories.scope import ServiceScope
from reports.exports._replies import asked_to_wait
from reports.exports.tracker import NotDone, Reply, Request, TrackerError, Unsure

_TOO_MANY = 429
_BUSY = frozenset({502, 503, 504})
_LIMIT_BYTES = 8 * 1024 * 1024
_NO_HEADER = Wording(
    "un secret ou une option tient une lettre accentuée ou un caractère de commande, que "
    "« {name} » ne peut porter : rien n'a été envoyé",
    "a secret or an option holds an accented letter or a control character, which “{name}” cannot "
    "carry: nothing was sent",
)


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are waited for, in seconds."""

    connect_s: float = 10.0
    silence_s: float = 60.0
    whole_s: float = 120.0
    """For one answer."""
    tries: int = 3
    """Of a read, or of what was refused as too many."""
    again_s: float = 2.0
    longest_wait_s: float = 60.0
    """Asked to wait longer, one leaves, and says until when."""


class Sender:
    """Sends to one ticketing system; entered once."""

    def __init__(
        self,
        tracker: Ticketing,
        inventory: Inventory,
        address_of: Callable[[str], Awaitable[str]],
        context: ssl.SSLContext,
        patience: Patience | None = None,
        before_change: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
    ) -> None:
        """``address_of`` finds the address of the configured host; raises ``OSError``.
        ``before_change`` is awaited before each change leaves, and raises where none may.
        """
        endpoint = url_endpoint(tracker.url)
        assert endpoint is not None
        self._host, self._port = endpoint
        self._base = urlsplit(tracker.url)
        # Judged once, before anything: the host never changes.
        ServiceScope(inventory).permit_service("ticketing", self._host, self._port)
        self._address_of = address_of
        self._context = context
        self._patience = patience or Patience()
        self._before_change = before_change
        self._language = tracker.language
        self._called = inventory.services.called("")
        self._stack = AsyncExitStack()
        self._client: httpx.AsyncClient | None = None
        self._address = ""
        self.sent = 0
        """Requests that left, for who counts them."""

    async def __aenter__(self) -> "Sender":
        self._client = await self._stack.enter_async_context(
            httpx.AsyncClient(
                verify=self._context,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(self._patience.silence_s, connect=self._patience.connect_s),
            )
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def __call__(self, request: Request) -> Reply:
        """Send; a read is tried again, a change only where it was refused as one too many."""
        wait_s = self._patience.again_s
        for left in reversed(range(self._patience.tries)):
            try:
                reply = await self._once(request)
            except NotDone:
                if request.changes or not left:
                    raise
            else:
                again = reply.status == _TOO_MANY or (reply.status in _BUSY and not request.changes)
                told_s = asked_to_wait(reply)
                if not again or not left or told_s > self._patience.longest_wait_s:
                    return reply
                wait_s = told_s or wait_s
            await trio.sleep(wait_s)
            wait_s = min(wait_s * 2, self._patience.longest_wait_s)
        raise AssertionError

    async def _once(self, request: Request) -> Reply:
        assert self._client is not None
        for name, value in request.headers.items():
            # Told here: what httpx says of it shows the value, which may be a secret.
            if not (value.isascii() and value.isprintable()):
                raise NotDone(_NO_HEADER.say(self._language, {"name": name}))
        if not self._address:
            try:
                self._address = await self._address_of(self._host)
            except OSError as error:
                raise NotDone(str(error)) from None
        if request.changes:
            await self._before_change()
        told: TrackerError
        with trio.move_on_after(self._patience.whole_s):
            try:
                self.sent += 1
                return await self._exchange(self._client, request)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                raise NotDone(f"{self._host}: {_short(error)}") from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                told = _cut(request, f"{self._host}: {_short(error)}")
                raise told from None
        raise _cut(request, f"{self._host}: > {self._patience.whole_s:.0f} s")

    async def _exchange(self, client: httpx.AsyncClient, request: Request) -> Reply:
        path = quote(f"{self._base.path.rstrip('/')}/{request.path}", safe="/%:@!$&'()*+,;=~")
        query = f"?{urlencode(request.query, quote_via=quote)}" if request.query else ""
        there = httpx.URL(
            scheme=self._base.scheme.lower(),
            host=self._address,
            port=self._port,
            raw_path=f"{path}{query}".encode("ascii"),
        )
        shown = f"[{self._host}]" if ":" in self._host else self._host
        headers = {
            "host": shown if self._port in {80, 443} else f"{shown}:{self._port}",
            "user-agent": self._called,
            "accept": "application/json",
            # A compressed answer would be bounded by what it was, not by what it becomes.
            "accept-encoding": "identity",
            **request.headers,
        }
        async with client.stream(
            request.method,
            there,
            headers=headers,
            content=request.body,
            extensions={"sni_hostname": self._host},
        ) as answer:
            # One who calls for a machine has no session to keep.
            client.cookies.clear()
            body = await _read(answer)
            if len(body) > _LIMIT_BYTES:
                raise _cut(request, f"{self._host}: > {_LIMIT_BYTES} bytes")
            return Reply(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.items()},
                body=body,
            )


async def _read(answer: httpx.Response) -> bytes:
    """Give the body, or a little more than the bound of it."""
    body = bytearray()
    reading = cast("AsyncGenerator[bytes]", answer.aiter_raw())
    with trio.CancelScope() as enough:
        async with aclosing(reading) as parts:
            async for part in parts:
                if len(body) <= _LIMIT_BYTES:
                    body += part
                else:
                    # Not left half way: httpx reads through generators within generators, and
                    # only an end from the inside closes them all.
                    enough.cancel()
    return bytes(body)


def _cut(request: Request, told: str) -> TrackerError:
    return Unsure(told) if request.changes else NotDone(told)


def _short(error: Exception) -> str:
    # httpx says nothing of a certificate that is refused: what it came from does.
    cause: BaseException | None = error
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    said = " ".join(str(cause or "").split())[:150]
    return f"{type(error).__name__} {said}".strip()
