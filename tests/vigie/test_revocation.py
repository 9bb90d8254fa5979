"""Revocation, from the inventory to the finding: asked where it is allowed, and nowhere else."""

import contextlib
import io
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import trio

from core.inventory import Ght, Inventory, Services
from scanner.tls.revocation import Fetched
from tests.servers.real import free_port
from tests.servers.tls_certs import Issued, issue
from tests.servers.tls_real import openssl_server
from tests.servers.tls_revocation import crl, openssl_responder, web
from tests.vigie.test_tls_command import INVENTORY, Desk
from vigie import revocation_client
from vigie.cli import run
from vigie.revocation_client import RevocationClient

NAME = "portail.chu.example"


async def _literal(host: str) -> str:
    return host


def _client(*listed: str, find: Callable[[str], Awaitable[str]] = _literal) -> RevocationClient:
    inventory = Inventory(
        path="x",
        ght=Ght(id="g", name="g"),
        establishments=(),
        services=Services(revocation=listed),
    )
    return RevocationClient(inventory, find)


def _get(client: RevocationClient, url: str, body: bytes | None = None) -> Fetched:
    async def run() -> Fetched:
        return await client(url, body)

    return trio.run(run)


def test_a_listed_host_is_asked() -> None:
    with web({"/ca.crl?cmd=crl": b"list", "/": b"answer"}) as (port, asked):
        client = _client(f"http://127.0.0.1:{port}")
        assert _get(client, f"http://127.0.0.1:{port}/ca.crl?cmd=crl").body == b"list"
        assert _get(client, f"http://127.0.0.1:{port}", b"question").body == b"answer"
        assert asked == ["GET /ca.crl?cmd=crl", "POST /"]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.2:{port}/", "not-configured: 127.0.0.2"),
        ("http://127.0.0.1:1/", "not-configured: 127.0.0.1"),
        ("http://[::1]:{port}/", "not-configured: ::1"),
        ("http://127.0.0.1:{port}@192.0.2.1/", "protocol-error"),
        ("http://a@127.0.0.1:{port}/", "protocol-error"),
        ("ldap://127.0.0.1:{port}/", "protocol-error"),
        ("file:///etc/passwd", "protocol-error"),
        ("gopher://127.0.0.1:{port}/", "protocol-error"),
        ("http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: x", "protocol-error"),
        ("http://127.0.0.1:{port}/é", "protocol-error"),
        ("http://127.0.0.1:{port}/" + "a" * 1_100, "protocol-error"),
        ("http://2130706433:{port}/", "protocol-error"),
        ("http://[", "protocol-error"),
        ("", "protocol-error"),
    ],
)
def test_nobody_else_is(url: str, why: str) -> None:
    with web({"/": b"answer"}) as (port, asked):
        got = _get(_client(f"http://127.0.0.1:{port}"), url.replace("{port}", str(port)))
    assert not got.body
    assert got.why.startswith(why)
    assert asked == []


def test_a_redirect_leads_nowhere() -> None:
    with web({"/there": b"no"}) as (other, beyond):
        page = f"location: http://127.0.0.1:{other}/there".encode()
        with web({"/": page}) as (port, _):
            got = _get(
                _client(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{other}"),
                f"http://127.0.0.1:{port}/",
            )
    assert got.why == "protocol-error: HTTP 302"
    assert beyond == []


def test_what_does_not_answer_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = free_port()
    assert (
        _get(_client(f"http://127.0.0.1:{closed}"), f"http://127.0.0.1:{closed}/").why == "refused"
    )
    with web({}) as (port, _):
        assert (
            _get(_client(f"http://127.0.0.1:{port}"), f"http://127.0.0.1:{port}/x").why
            == "protocol-error: HTTP 404"
        )
    monkeypatch.setattr(revocation_client, "_LIST_WITHIN_S", 0.3)
    with _saying(b"") as mute:
        assert (
            _get(_client(f"http://127.0.0.1:{mute}"), f"http://127.0.0.1:{mute}/").why == "timeout"
        )


@contextmanager
def _saying(said: bytes) -> Generator[int]:
    """Serve one connection: say that to the question, then nothing."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4_096)
            connection.sendall(said)
            while connection.recv(4_096):
                pass

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    with listener:
        yield int(listener.getsockname()[1])
        serving.join(10)


def test_garbage_and_floods_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_client, "_LONGEST_LIST", 1_000)
    with web({"/": b"x" * 1_001}) as (port, _):
        assert (
            _get(_client(f"http://127.0.0.1:{port}"), f"http://127.0.0.1:{port}/").why == "gave-up"
        )

    with _saying(b"\x00" * 100) as port:
        got = _get(_client(f"http://127.0.0.1:{port}"), f"http://127.0.0.1:{port}/")
        assert got.why == "protocol-error"


def test_a_name_is_that_of_the_declared_resolvers() -> None:
    async def find(host: str) -> str:
        assert host == "crl.exemple.fr"
        return "127.0.0.1"

    async def lost(host: str) -> str:
        raise OSError(f"{host}: no resolver declared to find it")

    with web({"/": b"list"}) as (port, _):
        url = f"http://CRL.exemple.fr:{port}/"
        assert _get(_client("crl.exemple.fr", find=find), url).body == b"list"
        assert _get(_client("crl.exemple.fr", find=lost), url).why.startswith("unresolved")


def _listing(desk: Desk, *hosts: str) -> None:
    listed = msgspec.json.encode(hosts).decode()
    desk.inventory.write_text(f"{INVENTORY}[services]\nrevocation = {listed}\n", encoding="utf-8")


def _revoked(desk: Desk, port: int) -> tuple[dict[str, str] | None, list[str], dict[str, str]]:
    """Give the finding, the reasons why it was not measured, and what was seen of the leaf."""
    (one,) = desk.json(f"127.0.0.1:{port}", "--sni", NAME)["endpoints"]
    found = [each for each in one["findings"] if each["check"] == "cert.revoked"]
    gaps = [each["why"] for each in one["not_measured"] if each["check"] == "cert.revoked"]
    return found[0] if found else None, gaps, one["seen"]["revocations"][0]


@pytest.mark.real
def test_by_a_real_responder(tmp_path: Path) -> None:
    authority = issue("AC de l'hôpital", ca=True, rsa_bits=2048)
    responder = free_port()
    url = f"http://127.0.0.1:{responder}"
    good, revoked, unknown = (issue(NAME, by=authority, names=(NAME,), ocsp=url) for _ in range(3))
    desk = Desk(tmp_path)
    with openssl_responder(tmp_path, authority, {good: "V", revoked: "R"}, port=responder):
        for leaf, expected in ((revoked, "revoked"), (good, "good"), (unknown, "unknown")):
            chain, key = leaf.files(tmp_path, authority)
            with openssl_server(chain, key) as port:
                desk.inventory.write_text(INVENTORY, encoding="utf-8")
                found, gaps, seen = _revoked(desk, port)
                assert found is None
                assert gaps[0].startswith(
                    "service absent de [services] : jamais contacté (127.0.0.1"
                )
                assert "status" not in seen or seen["status"] is None
                _listing(desk, url)
                found, gaps, seen = _revoked(desk, port)
            assert seen["status"] == expected
            assert (found is not None) is (expected == "revoked")
            assert bool(gaps) is (expected == "unknown")
            if found is not None:
                assert found["criticality"] == "high"
                assert found["confidence"] == "certain"
                assert "2024-01-02" in found["evidence"][0]
                assert "clé compromise" in found["evidence"][0]
    # The responder is gone: what was good a moment ago is not known any more.
    chain, key = good.files(tmp_path, authority)
    with openssl_server(chain, key) as port:
        found, gaps, _ = _revoked(desk, port)
    assert found is None
    assert gaps == ["connexion refusée"]


@pytest.mark.real
def test_by_a_list(tmp_path: Path) -> None:
    authority = issue("AC", ca=True)
    pages: dict[str, bytes] = {}
    with web(pages) as (there, asked):
        url = f"http://127.0.0.1:{there}/ca.crl"
        leaf: Issued = issue(NAME, by=authority, names=(NAME,), crl=url)
        desk = Desk(tmp_path)
        _listing(desk, f"127.0.0.1:{there}")
        chain, key = leaf.files(tmp_path, authority)
        with openssl_server(chain, key) as port:
            assert _revoked(desk, port)[1] == ["réponse incompréhensible (HTTP 404)"]
            pages["/ca.crl"] = crl(authority)
            assert _revoked(desk, port)[:2] == (None, [])
            pages["/ca.crl"] = crl(authority, leaf)
            found, _, _ = _revoked(desk, port)
            asked.clear()
            _listing(desk, "127.0.0.1:1")
            gaps = _revoked(desk, port)[1]
    assert found is not None
    assert "certificat remplacé" in found["evidence"][0]
    assert gaps == [f"service absent de [services] : jamais contacté (127.0.0.1:{there})"]
    assert asked == []


@pytest.mark.real
def test_inside_a_scan(tmp_path: Path) -> None:
    authority = issue("AC", ca=True)
    pages: dict[str, bytes] = {}
    with web(pages) as (there, asked):
        url = f"http://127.0.0.1:{there}/ca.crl"
        leaf = issue(NAME, by=authority, names=(NAME,), crl=url)
        pages["/ca.crl"] = crl(authority, leaf)
        desk = Desk(tmp_path)
        _listing(desk, f"127.0.0.1:{there}")
        chain, key = leaf.files(tmp_path, authority)
        out = tmp_path / "out"
        with openssl_server(chain, key) as first, openssl_server(chain, key) as second:
            argv = ["scan", str(desk.inventory), "--ports", f"{first},{second}", "--out", str(out)]
            argv += ["--state-dir", str(tmp_path / "state"), "--db", desk.store, "--quiet"]
            with contextlib.redirect_stdout(io.StringIO()):
                assert run(argv) == 0
    found = json.loads((out / "findings.json").read_text(encoding="utf-8"))["findings"]
    revoked = [one for one in found if one["check"] == "cert.revoked"]
    assert {one["asset"]["port"] for one in revoked} == {first, second}
    # One list, however many services its certificate serves.
    assert asked == ["GET /ca.crl"]
