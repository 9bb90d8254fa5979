"""Fetches what tells revocations, from the hosts that the inventory lists and from no other.

Where to ask stands in certificates, which whoever is scanned may have made. So the host and port
must be listed, the address is that of the declared resolvers, and what comes back is bounded. A
path and a query are the certificate's own: a question to a listed host, and nothing else, may hold
them.
"""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import cast
from urllib.parse import urlsplit

import httpx
import trio

from core.errors import OutOfScope
from core.inventory import Inventory
from core.model import reason
from inventories.load import url_endpoint
from inventories.scope import ServiceScope
from scanner.tls.revocation import Fetched

_LONGEST_ANSWER = 64 << 10
"""Of a responder: a response with its signer's certificates stays under 10 kB."""
_LONGEST_LIST = 16 << 20
"""Of a list: those of national authorities reach some megabytes."""
_WITHIN_S = 6.0
_LIST_WITHIN_S = 12.0
_AT_ONCE = 4
_URL_LIMIT = 1_024
_OK = 200


class RevocationClient:
    """A :data:`scanner.tls.revocation.Fetch` held to the hosts of ``[services] revocation``."""

    def __init__(self, inventory: Inventory, address_of: Callable[[str], Awaitable[str]]) -> None:
        """``address_of`` finds the address of a listed host; raises ``OSError``."""
        self._scope = ServiceScope(inventory)
        self._address_of = address_of
        self._at_once = trio.CapacityLimiter(_AT_ONCE)
        self._addresses: dict[str, str] = {}
        self._context: ssl.SSLContext | None = None

    async def __call__(self, url: str, body: bytes | None) -> Fetched:
        """Ask; raises nothing of the other side."""
        endpoint = None
        if len(url) <= _URL_LIMIT and url.isascii() and url.isprintable() and " " not in url:
            endpoint = url_endpoint(url)
        if endpoint is None:
            return Fetched(why="protocol-error")
        host, port = endpoint
        try:
            self._scope.permit_service("revocation", host, port)
        except OutOfScope:
            return Fetched(why=reason("not-configured", host))
        within_s = _LIST_WITHIN_S if body is None else _WITHIN_S
        with trio.move_on_after(within_s) as deadline:
            async with self._at_once:
                deadline.deadline = trio.current_time() + within_s
                try:
                    return await self._ask(url, host, port, body)
                except httpx.TimeoutException:
                    return Fetched(why="timeout")
                except httpx.ConnectError:
                    return Fetched(why="refused")
                except httpx.NetworkError:
                    return Fetched(why="reset")
                except (httpx.HTTPError, httpx.InvalidURL):
                    return Fetched(why="protocol-error")
                except OSError as error:
                    return Fetched(why=reason("unresolved", str(error)))
        return Fetched(why="timeout")

    async def _ask(self, url: str, host: str, port: int, body: bytes | None) -> Fetched:
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
            "User-Agent": "vigie",
            "Accept-Encoding": "identity",
        }
        if body is not None:
            headers["Content-Type"] = "application/ocsp-request"
        async with (
            httpx.AsyncClient(
                verify=self._tls() if there.scheme == "https" else False,
                trust_env=False,
                follow_redirects=False,
                timeout=_LIST_WITHIN_S,
            ) as client,
            client.stream(
                "GET" if body is None else "POST",
                there,
                content=body,
                headers=headers,
                extensions={"sni_hostname": host},
            ) as answer,
        ):
            return await _read(answer, _LONGEST_LIST if body is None else _LONGEST_ANSWER)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = httpx.create_ssl_context(trust_env=False)
        return self._context


async def _read(answer: httpx.Response, longest: int) -> Fetched:
    if answer.status_code != _OK:
        return Fetched(why=reason("protocol-error", f"HTTP {answer.status_code}"))
    if answer.headers.get("content-encoding", "identity") != "identity":
        return Fetched(why=reason("protocol-error", "compressed"))
    body = bytearray()
    reading = cast("AsyncGenerator[bytes]", answer.aiter_raw(65_536))
    async with aclosing(reading) as parts:
        async for part in parts:
            body += part
            if len(body) > longest:
                return Fetched(why="gave-up")
    return Fetched(body=bytes(body))
