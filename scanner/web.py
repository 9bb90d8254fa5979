"""Web requests to a visited service: httpx's types over connections that only the visit opens.

Neither httpx nor httpcore ever opens a socket, resolves a name, reads a proxy variable, follows a
redirect, keeps a cookie or inflates a body here: the transport below is handed ready streams, and
nothing else of these libraries is used.
"""

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from types import TracebackType
from typing import Self

import h11
import httpcore
import httpx
import msgspec
import trio

from core.errors import Unanswered
from core.model import Intensity, Status
from scanner.stream import Stream
from scanner.visit import Visit

BODY_BYTES = 524_288
"""What is kept of a page: portals' own are some 100 kB."""
REQUEST_S = 12.0
"""For one whole request and its answer."""
_RECONNECT_BYTES = 262_144
"""A connection that brought this much is closed after its answer: its own byte limit is near."""
_HEADER_CHARACTERS = 2_048
_HEADERS = 100


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. Header text is Latin-1, cut at 2,048 characters, at most 100 headers."""

    target: str
    """Path and query asked for."""
    status: int
    headers: tuple[tuple[str, str], ...]
    """In order, as sent."""
    body: bytes
    cut: bool
    """The body goes on behind what was kept, or came too slowly."""

    @property
    def path(self) -> str:
        """What was asked for, without the query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str | None:
        """Give a header; several of one name are joined as RFC 9110 §5.2 says."""
        found = [value for sent, value in self.headers if sent.lower() == name]
        return ", ".join(found) if found else None

    def each(self, name: str) -> tuple[str, ...]:
        """Give every header of one name apart."""
        return tuple(value for sent, value in self.headers if sent.lower() == name)


class Web:
    """Requests to one visited service. Use as an async context manager."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._transport = _GateTransport(visit)
        self.requests = 0
        """Sent so far."""
        self.host: str | None = visit.names[0] if visit.names else None
        """Name asked for, in SNI and Host; ``None``: the literal address."""
        self._transport.server_name = self.host
        self._keeps_alive = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transport.aclose()

    @property
    def heard(self) -> bytes:
        """The beginning of what the last connection brought, answer or not."""
        return self._transport.heard

    async def ask_as(self, host: str | None) -> None:
        """Use another name from now on; connections made for the former one are closed."""
        if host != self.host:
            self.host = self._transport.server_name = host
            await self._transport.aclose()

    async def get(self, target: str, *, most_bytes: int = BODY_BYTES) -> Answer:
        """Ask for a path. Raises :class:`core.errors.Unanswered` for anything but an answer.

        Takes one of ``visit.requests_left``; ``gave-up`` when none is left, with nothing sent.
        Of the body, ``most_bytes`` are read, then the connection is closed.
        """
        return await self._ask(target, None, most_bytes)

    async def post(self, target: str, body: str, content_type: str) -> Answer:
        """Send a question that a path takes by POST; same cap, same errors.

        Only what changes nothing and needs no account; never to a medical host, nor where the
        intensity is discreet.
        """
        visit = self._visit
        if visit.medical or visit.intensity < Intensity.STANDARD:
            raise Unanswered(Status.GAVE_UP, "intensity")
        return await self._ask(target, (body.encode(), content_type), BODY_BYTES)

    async def _ask(self, target: str, post: tuple[bytes, str] | None, most_bytes: int) -> Answer:
        reused = self._transport.is_warm
        try:
            return await self._once(target, post, most_bytes)
        except Unanswered as error:
            # A server may close an idle connection at any moment; that says nothing about it.
            stale = reused and error.status in {Status.RESET, Status.PROTOCOL_ERROR}
            if not (stale and not self._transport.heard_since and self._visit.requests_left > 0):
                raise
            self._keeps_alive = False
        return await self._once(target, post, most_bytes)

    async def _once(self, target: str, post: tuple[bytes, str] | None, most_bytes: int) -> Answer:
        if self._visit.requests_left <= 0:
            raise Unanswered(Status.GAVE_UP, "request limit")
        self._visit.requests_left -= 1
        self.requests += 1
        response: httpx.Response | None = None
        body = bytearray()
        cut = True
        try:
            with trio.move_on_after(REQUEST_S):
                response = await self._transport.handle_async_request(self._request(target, post))
                await self._transport.read_body(response, body, most_bytes)
                cut = False
        except _RAISED as error:
            await self._transport.aclose()
            if response is None:
                raise _as_status(error) from error
            # The head is an answer already: what is missing is told by ``cut``.
        if response is None:
            await self._transport.aclose()
            raise Unanswered(Status.GAVE_UP, f"no head of an answer in {REQUEST_S:.0f} s")
        if cut or not self._keeps_alive or self._transport.brought_bytes > _RECONNECT_BYTES:
            await self._transport.aclose()
        return Answer(
            target=target,
            status=response.status_code,
            headers=tuple(_plain(response.headers.raw)),
            body=bytes(body),
            cut=cut,
        )

    def _request(self, target: str, post: tuple[bytes, str] | None) -> httpx.Request:
        place = self._visit.place
        literal = f"[{place.ip}]" if place.ip and ":" in place.ip else place.ip
        usual = 443 if self._visit.inside_tls else 80
        authority = self.host or literal or ""
        contact = "".join(c for c in self._visit.operator if " " <= c <= "~") or "no contact given"
        body, content_type = post or (b"", "")
        told = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        return httpx.Request(
            "POST" if post else "GET",
            # Inside TLS too: the stream is encrypted already, httpcore must not do it again.
            httpx.URL(scheme="http", host=place.ip, port=place.port or usual),
            headers=[
                ("Host", authority if place.port == usual else f"{authority}:{place.port}"),
                ("User-Agent", f"Vigie (security check by mandate; contact: {contact})"),
                ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
                ("Accept-Language", "fr,en;q=0.8"),
                ("Accept-Encoding", "identity"),
                *(told if post else ()),
            ],
            content=body if post else None,
            extensions={"target": target.encode("ascii")},
        )


_RAISED = (Unanswered, httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException)


def _as_status(error: BaseException) -> Unanswered:
    if isinstance(error, Unanswered):
        return error
    if isinstance(error, httpcore.ProtocolError):
        # httpcore's pool drops the cause; what h11 raised stands in the arguments.
        told = error.args[0] if error.args else None
        if isinstance(told, h11.RemoteProtocolError) and told.error_status_hint == 431:
            return Unanswered(Status.GAVE_UP, "headers without end")
        if "disconnected" in str(error):
            return Unanswered(Status.RESET, "closed without an answer")
        return Unanswered(Status.PROTOCOL_ERROR, str(error)[:200])
    return Unanswered(Status.RESET, str(error)[:200])


def _plain(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    kept = [
        (name.decode("latin-1")[:100], value.decode("latin-1")[:_HEADER_CHARACTERS])
        for name, value in raw
    ]
    return kept[:_HEADERS]


class _GateTransport(httpx.AsyncBaseTransport):
    """An httpx transport whose connections come from a visit, one at a time."""

    def __init__(self, visit: Visit) -> None:
        self._backend = _VisitBackend(visit)
        self._pool = httpcore.AsyncConnectionPool(
            http1=True,
            http2=False,
            retries=0,
            max_connections=1,
            max_keepalive_connections=1,
            network_backend=self._backend,
        )

    @property
    def is_warm(self) -> bool:
        """Whether the next request goes out on a connection that already served one."""
        return bool(self._pool.connections) and self._backend.is_open

    @property
    def brought_bytes(self) -> int:
        return self._backend.brought_bytes

    @property
    def heard(self) -> bytes:
        return self._backend.heard

    @property
    def heard_since(self) -> int:
        """Bytes received since the last request was written."""
        return self._backend.since_write_bytes

    @property
    def server_name(self) -> str | None:
        return self._backend.server_name

    @server_name.setter
    def server_name(self, name: str | None) -> None:
        self._backend.server_name = name

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=_Sent(request.content),
            extensions=request.extensions,
        )
        answer = await self._pool.handle_async_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    async def read_body(
        self, response: httpx.Response, body: bytearray, most_bytes: int = BODY_BYTES
    ) -> None:
        """Fill ``body``; raises ``Unanswered`` where it is cut."""
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        async for chunk in stream:
            body += chunk[: most_bytes - len(body)]
            if len(body) >= most_bytes:
                # Leaving the loop would abandon httpcore's generators to the garbage collector,
                # which trio warns of: the next read ends them instead.
                self._backend.stop()
        await stream.aclose()

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Sent:
    """What a request carries. No generator: pytest warns of one that a closed connection left."""

    def __init__(self, content: bytes) -> None:
        self._left = [content] if content else []

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        stream = self._answer.stream
        assert isinstance(stream, AsyncIterable)
        async for chunk in stream:
            yield chunk

    async def aclose(self) -> None:
        await self._answer.aclose()


class _VisitBackend(httpcore.AsyncNetworkBackend):
    """Where httpcore would resolve and connect, it is given what the visit dials."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._stream: _VisitStream | None = None
        self.server_name: str | None = None

    @property
    def is_open(self) -> bool:
        return self._stream is not None and self._stream.is_open

    @property
    def heard(self) -> bytes:
        return self._stream.heard if self._stream else b""

    @property
    def brought_bytes(self) -> int:
        return self._stream.brought_bytes if self._stream else 0

    @property
    def since_write_bytes(self) -> int:
        return self._stream.since_write_bytes if self._stream else 0

    def stop(self) -> None:
        """Make the next read fail: enough was brought."""
        if self._stream is not None:
            self._stream.is_enough = True

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            dialled = await self._visit.dial(self.server_name)
        except ssl.SSLError as error:
            raise Unanswered(Status.PROTOCOL_ERROR, f"TLS: {error.reason}") from error
        self._stream = _VisitStream(dialled)
        return self._stream

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)


class _VisitStream(httpcore.AsyncNetworkStream):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.brought_bytes = 0
        self.since_write_bytes = 0
        self.is_enough = False

    @property
    def is_open(self) -> bool:
        return self._stream.is_open

    @property
    def heard(self) -> bytes:
        return bytes(self._stream.heard)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self.is_enough:
            raise Unanswered(Status.GAVE_UP, f"page beyond {BODY_BYTES} bytes")
        try:
            data = await self._stream.receive(max_bytes)
        except ssl.SSLError as error:
            raise Unanswered(Status.RESET, f"TLS: {error.reason}") from error
        self.brought_bytes += len(data)
        self.since_write_bytes += len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.since_write_bytes = 0
        try:
            await self._stream.send(buffer)
        except (Unanswered, ssl.SSLError) as error:
            # httpcore then still reads: servers answer before they close on what they dislike.
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError

    def get_extra_info(self, info: str) -> bool | None:
        return not self.is_open if info == "is_readable" else None
