"""Recorded answers of products and of what resembles them: read, matched purely, or served."""

import functools
import re
import tomllib
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import msgspec
import trio

from scanner.page import assets_of, decode, scripts_of, title_of, without_comments
from scanner.products import Clues, Page

FOLDER = Path(__file__).parent.parent / "recorded"


class RecordedPage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one path answers, whatever the query."""

    path: str
    status: int = 200
    headers: tuple[str, ...] = ()
    body: str = ""


class Recorded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One service, as a product (or something close to it) shows it."""

    name: str
    kind: str
    """http | banner | handshake."""
    tls_subject: str = ""
    tls_issuer: str = ""
    favicon_md5: str = ""
    favicon_mmh3: str = ""
    banner: str = ""
    handshake: str = ""
    expect: str = ""
    """Least confidence; empty for lookalikes."""
    version: str | None = None
    portal: bool = False
    admin: bool = False
    pages: tuple[RecordedPage, ...] = ()

    @property
    def clues(self) -> Clues:
        """All that it shows, as if every page had been asked for."""
        return Clues(
            pages=tuple(_page(one) for one in self.pages),
            favicon_md5=self.favicon_md5,
            favicon_mmh3=int(self.favicon_mmh3) if self.favicon_mmh3 else None,
            tls_subject=self.tls_subject,
            tls_issuer=self.tls_issuer,
            banner=self.banner,
            handshake=self.handshake,
        )


class Recording(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file of one product."""

    sources: tuple[str, ...]
    imitations: tuple[Recorded, ...]
    lookalikes: tuple[Recorded, ...]


@functools.cache
def recordings() -> dict[str, Recording]:
    """Give all files, by product."""
    return {
        file.stem: msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Recording)
        for file in sorted(FOLDER.glob("*.toml"))
    }


def _page(recorded: RecordedPage) -> Page:
    lines = [(name, value.strip()) for name, value in map(_header, recorded.headers)]
    kind = next((value for name, value in lines if name == "Content-Type"), "")
    text = decode(recorded.body.encode(), kind)
    moves = 300 <= recorded.status < 400
    to = next((value for name, value in lines if name == "Location"), "") if moves else ""
    return Page(
        path=recorded.path.partition("?")[0],
        status=recorded.status,
        headers=tuple(f"{name}: {value}" for name, value in lines),
        cookies=tuple(
            value.partition(";")[0].strip() for name, value in lines if name == "Set-Cookie"
        ),
        redirect=to,
        title=title_of(text),
        text=without_comments(text),
        scripts=scripts_of(text),
        assets=assets_of(text),
        digest=recorded.body,
    )


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-")), value


class Served:
    """A recorded web service that runs on loopback."""

    def __init__(self, recorded: Recorded) -> None:
        self.port = 0
        self.asked: Counter[str] = Counter()
        """Requests, by method and target."""
        self._pages = {one.path.partition("?")[0]: one for one in recorded.pages}

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Answer requests on one connection until it is closed."""
        data = b""
        async with stream:
            try:
                while True:
                    while b"\r\n\r\n" not in data and len(data) < _HEAD_BYTES:
                        more = await stream.receive_some()
                        if not more:
                            return
                        data += more
                        if not _METHOD.match(data):
                            # Another scanner's hello of another protocol.
                            return
                    head, _, data = data.partition(b"\r\n\r\n")
                    request = _REQUEST.match(head)
                    if request is None:
                        return
                    method, target = (one.decode("latin-1") for one in request.groups())
                    self.asked[f"{method} {target}"] += 1
                    left = _content_length(head)
                    while len(data) < left:
                        more = await stream.receive_some()
                        if not more:
                            return
                        data += more
                    data = data[left:]
                    await stream.send_all(self._answer(target.partition("?")[0]))
            except trio.BrokenResourceError:
                return

    def _answer(self, path: str) -> bytes:
        page = self._pages.get(path)
        if page is None:
            page = RecordedPage(path=path, status=404, body="<title>404 Not Found</title>")
        body = page.body.encode()
        status = HTTPStatus(page.status)
        told = [line for line in page.headers if _header(line)[0] not in _FRAMING]
        if not any(_header(line)[0] == "Content-Type" for line in told):
            told.append("Content-Type: text/html; charset=utf-8")
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *told, f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


_HEAD_BYTES = 65_536
_METHOD = re.compile(rb"[A-Z]{1,20}(?: |\Z)")
_REQUEST = re.compile(rb"([A-Z]{1,20}) (\S{1,4000}) HTTP/1\.[01](?:\r\n|\Z)")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: ?([0-9]{1,6})(?:\r\n|\Z)")
_FRAMING = {"Content-Length", "Transfer-Encoding", "Connection", "Content-Encoding"}


def _content_length(head: bytes) -> int:
    told = _LENGTH.search(head)
    return int(told[1]) if told else 0


@asynccontextmanager
async def serving(recorded: Recorded) -> AsyncGenerator[Served]:
    """Serve a recorded web service on a port of its own, in this event loop."""
    served = Served(recorded)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            functools.partial(trio.serve_tcp, served.serve, 0, host="127.0.0.1")
        )
        served.port = listeners[0].socket.getsockname()[1]
        yield served
        nursery.cancel_scope.cancel()
