"""The ground of the ticketing fakes: HTTP on loopback with state, and faults told beforehand.

A fault replaces the answer of the next request that matches; ``done`` tells whether the request
takes effect before.
"""

import functools
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import httpx
import trio

from reports.exports.tracker import NotDone, Reply, Request, Send, Unsure


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        """Give the body."""
        return cast("dict[str, object]", json.loads(self.body))


@dataclass(frozen=True)
class Answer:
    """What goes back; ``cut``: the connection ends without it."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    cut: bool = False

    def content(self) -> bytes:
        """Give the body as it is sent."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


CUT = Answer(cut=True)


@dataclass
class Fault:
    """What is told beforehand."""

    method: str
    path: str
    answer: Answer
    done: bool = False
    times: int = 1


class Fake:
    """One system: :meth:`answer` is its whole logic."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []

    def answer(self, asked: Asked) -> Answer:
        """Give the answer, and remember."""
        raise NotImplementedError

    def fail(
        self, method: str, path: str, answer: Answer, *, done: bool = False, times: int = 1
    ) -> None:
        """Answer so, once (or more), to the next request whose path holds ``path``."""
        self.faults.append(Fault(method, path, answer, done, times))

    def count(self, method: str, path: str) -> int:
        """Give how many such requests came."""
        return sum(one.method == method and path in one.path for one in self.asked)

    def answered(self, asked: Asked) -> Answer:
        """Give the answer, or the fault told for it."""
        self.asked.append(asked)
        for fault in self.faults:
            if fault.times and fault.method == asked.method and fault.path in asked.path:
                fault.times -= 1
                if fault.done:
                    self.answer(asked)
                return fault.answer
        return self.answer(asked)


async def serve_connection(fake: Fake, stream: trio.SocketStream) -> None:
    """Answer the requests of one connection."""
    connection = h11.Connection(h11.SERVER)
    try:
        while True:
            asked = await _read(connection, stream)
            if asked is None:
                return
            answer = fake.answered(asked)
            if answer.cut:
                return
            content = answer.content()
            headers = {"Content-Length": str(len(content)), **answer.headers}
            head = h11.Response(status_code=answer.status, headers=list(headers.items()))
            await stream.send_all(connection.send(head) or b"")
            if asked.method != "HEAD" and content:
                await stream.send_all(connection.send(h11.Data(content)) or b"")
            await stream.send_all(connection.send(h11.EndOfMessage()) or b"")
            connection.start_next_cycle()
    except (trio.BrokenResourceError, trio.ClosedResourceError, h11.ProtocolError):
        return
    finally:
        await stream.aclose()


async def _read(connection: h11.Connection, stream: trio.SocketStream) -> Asked | None:
    head: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(65_536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            parts = urlsplit(head.target.decode())
            return Asked(
                method=head.method.decode(),
                path=unquote(parts.path).lstrip("/"),
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.decode(): value.decode() for name, value in head.headers},
                body=body,
            )
        else:
            return None


@asynccontextmanager
async def serving(fake: Fake) -> AsyncGenerator[Send]:
    """Run a fake on a free port; gives what sends to it."""

    async def handle(stream: trio.SocketStream) -> None:
        await serve_connection(fake, stream)

    async with trio.open_nursery() as nursery:
        serve = functools.partial(trio.serve_tcp, handle, 0, host="127.0.0.1")
        listeners = await nursery.start(serve)
        port = listeners[0].socket.getsockname()[1]
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=20) as client:
            yield _sender(client, f"http://127.0.0.1:{port}/")
        nursery.cancel_scope.cancel()


def _sender(client: httpx.AsyncClient, base: str) -> Send:
    async def send(request: Request) -> Reply:
        assert not request.path.startswith("/")
        try:
            came = await client.request(
                request.method,
                base + request.path,
                params=httpx.QueryParams(list(request.query)) if request.query else None,
                headers=dict(request.headers),
                content=request.body or None,
            )
        except httpx.HTTPError as error:
            raise (Unsure if request.changes else NotDone)(type(error).__name__) from error
        headers = {name.lower(): value for name, value in came.headers.items()}
        return Reply(status=came.status_code, headers=headers, body=came.content)

    return send
