"""A webhook is signed, posted where the inventory allows alone, and known by its key."""

import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
import trio
import trustme

from core.news import News
from core.operations import Operations, Webhook
from core.store.outbox import Letter, Outbox, Sending
from core.store.store import Store
from tests.servers.mail import HOST
from tests.vigie.notify.region import NOW, inventory, operations
from vigie.config import Settings
from vigie.notify.flushing import Flushed, flush

KEY = "shared key"


class Hook:
    """What came, and what is answered next."""

    def __init__(self) -> None:
        self.came: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.port = 0


@contextmanager
def hook(authority: trustme.CA, name: str = HOST) -> Generator[Hook]:
    """Serve over TLS on loopback."""
    told = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.came.append((self.path, dict(self.headers), self.rfile.read(length)))
            status, headers = told.answers.pop(0) if told.answers else (204, {})
            self.send_response(status)
            for one, value in headers.items():
                self.send_header(one, value)
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def store(tmp_path: Path, authority: trustme.CA) -> Iterator[Store]:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    opened = Store(f"sqlite:///{tmp_path / 'vigie.db'}")
    news = News(kind="digest", ght="ght-exemple", ght_name="GHT É", at=NOW, run="run-1")
    body = msgspec.json.encode(news).decode()
    letter = Letter(channel="webhook", destination="soc", key="k", ght="ght-exemple", body=body)
    Outbox(opened).enqueue([letter], NOW, NOW)
    yield opened
    opened.close()


def region(folder: Path, port: int) -> Operations:
    soc = Webhook(
        id="soc",
        url=f"https://{HOST}:{port}/vigie?site=1",
        secret="file:key",
        ca_file=str(folder / "ca.pem"),
    )
    return operations(folder, webhooks=[soc])


def flushed(store: Store, folder: Path, port: int, later: timedelta = timedelta()) -> Flushed:
    ours = inventory(webhook=f"https://{HOST}:{port}")

    async def go() -> Flushed:
        return await flush(
            store,
            region(folder, port),
            {ours.ght.id: ours},
            Settings(state_dir=folder),
            now=lambda: NOW + later,
        )

    return trio.run(go)


def test_it_is_signed_and_posted_once(store: Store, tmp_path: Path, authority: trustme.CA) -> None:
    with hook(authority) as told:
        assert flushed(store, tmp_path, told.port) == Flushed(sent=1)
        assert flushed(store, tmp_path, told.port) == Flushed()
        ((path, headers, body),) = told.came
    assert path == "/vigie?site=1"
    signed = headers["Vigie-Timestamp"].encode() + b"." + body
    expected = hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["Vigie-Signature"] == f"v1={expected}"
    said = json.loads(body)
    assert said["schema"] == "vigie.news/1"
    assert said["id"] == headers["Idempotency-Key"]
    assert said["news"]["ght_name"] == "GHT É"


def test_it_is_tried_again_as_asked_under_the_same_key(
    store: Store, tmp_path: Path, authority: trustme.CA
) -> None:
    with hook(authority) as told:
        told.answers += [(429, {"Retry-After": "7200"}), (503, {})]
        assert flushed(store, tmp_path, told.port) == Flushed(waiting=1)
        assert flushed(store, tmp_path, told.port, timedelta(minutes=119)) == Flushed()
        assert flushed(store, tmp_path, told.port, timedelta(minutes=121)) == Flushed(waiting=1)
        assert flushed(store, tmp_path, told.port, timedelta(hours=9)) == Flushed(sent=1)
        assert len({headers["Idempotency-Key"] for _, headers, _ in told.came}) == 1
        assert len(told.came) == 3


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404])
def test_redirects_and_refusals_are_given_up(
    store: Store, tmp_path: Path, authority: trustme.CA, status: int
) -> None:
    with hook(authority) as told:
        told.answers.append((status, {"Location": f"https://{HOST}:{told.port}/elsewhere"}))
        assert flushed(store, tmp_path, told.port) == Flushed(failed=1)
        assert len(told.came) == 1
    (one,) = Outbox(store).entries(states=[Sending.FAILED])
    assert one.last_error == f"HTTP {status}"


def test_a_wrong_certificate_is_told_nothing(
    store: Store, tmp_path: Path, authority: trustme.CA
) -> None:
    later = timedelta()
    for ca, name in ((trustme.CA(), HOST), (authority, "other.example")):
        with hook(ca, name) as told:
            assert flushed(store, tmp_path, told.port, later) == Flushed(waiting=1)
            assert not told.came
        later += timedelta(hours=1)


def test_what_the_inventory_does_not_name_is_not_contacted(
    store: Store, tmp_path: Path, authority: trustme.CA
) -> None:
    with hook(authority) as told:
        ours = inventory()

        async def go() -> Flushed:
            told_region = region(tmp_path, told.port)
            settings = Settings(state_dir=tmp_path)
            return await flush(store, told_region, {ours.ght.id: ours}, settings, now=lambda: NOW)

        assert trio.run(go) == Flushed(waiting=1)
        assert not told.came
