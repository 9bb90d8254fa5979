"""Certificate transparency asked of servers on loopback: honest, down, cut, lying, endless."""

import json
import ssl
import stat
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from core.inventory import Establishment, Ght, Inventory, Services
from scanner.sources.ct import CtAnswer
from tests.on_trio import on_trio
from tests.servers.name_services import Web, crtsh, crtsh_row, log_entry, send, serve_log, web
from vigie import ct_client
from vigie.ct_client import CtClient
from vigie.service_http import Pace, ServiceHttp

DOMAIN = "chu.example"
QUICK = Pace(document_s=30, silence_s=10, again_s=0.01, longest_wait_s=0.2, tries=2)


@pytest.fixture
def front() -> Iterator[Web]:
    with web() as served:
        yield served


async def _literal(host: str) -> str:
    return "127.0.0.1" if host.endswith(".example") else host


class At:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def client(
    *bases: str,
    folder: Path | None = None,
    pace: Pace = QUICK,
    roots: tuple[bytes, ...] = (),
    now: At | None = None,
) -> CtClient:
    inventory = Inventory(
        path="x",
        ght=Ght(id="g", name="g"),
        establishments=(Establishment(id="a", name="A", domains=(DOMAIN, "ch.example")),),
        services=Services(ct=bases, operator="securite@grades.example"),
    )
    http = ServiceHttp(inventory, "ct", _literal, roots=roots, pace=pace)
    return CtClient(inventory, http, folder, now or At())


def names(answer: CtAnswer) -> list[str]:
    return [one.name for one in answer.names]


@on_trio
async def test_a_search_gives_names(front: Web) -> None:
    front.text(
        "/", crtsh(crtsh_row("vpn.chu.example", "*.chu.example"), crtsh_row("a.chu.example"))
    )
    told = await client(front.address).names_of(DOMAIN)
    assert (names(told), told.why) == (["vpn.chu.example", "*.chu.example", "a.chu.example"], "")
    assert {one.way for one in told.names} == {"ct"}
    assert front.asked == ["/?q=%25.chu.example&output=json&deduplicate=Y"]
    assert front.agents == ["Vigie (ct; contact: securite@grades.example)"]


@on_trio
async def test_answers_are_kept_for_their_owner_alone(front: Web, tmp_path: Path) -> None:
    front.text("/", crtsh(crtsh_row("vpn.chu.example")))
    at = At()
    await client(front.address, folder=tmp_path / "ct", now=at).names_of(DOMAIN)
    (file,) = (tmp_path / "ct").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Fresh, it is not asked for again; older, it is; older yet and the front down, it is used.
    again = client(front.address, folder=tmp_path / "ct", now=at)
    assert names(await again.names_of(DOMAIN)) == ["vpn.chu.example"]
    assert len(front.asked) == 1
    at.now += timedelta(days=3)
    front.text("/", b"busy", status=503)
    told = await again.names_of(DOMAIN)
    assert (names(told), told.why) == (["vpn.chu.example"], "kept-answer: 2026-11-22")
    assert len(front.asked) == 3
    at.now += timedelta(days=100)
    told = await client(front.address, folder=tmp_path / "ct", now=at).names_of(DOMAIN)
    assert (names(told), told.why) == ([], "protocol-error: HTTP 503")
    file.write_bytes(b"{")
    told = await client(front.address, folder=tmp_path / "ct", now=at).names_of(DOMAIN)
    assert names(told) == []


@on_trio
async def test_a_cut_answer_is_told_as_partial(front: Web) -> None:
    body = crtsh(crtsh_row("a.chu.example"), crtsh_row("b.chu.example"), crtsh_row("c.chu.example"))

    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: 2 * len(body) // 3 + 20])
        handler.close_connection = True

    front.answers["/"] = cut
    told = await client(front.address).names_of(DOMAIN)
    assert (names(told), told.why) == (["a.chu.example", "b.chu.example"], "partial-answer")
    assert len(front.asked) == 2
    # JSON that ends in its middle, though HTTP does not say so.
    front.text("/", body[:-40])
    told = await client(front.address).names_of(DOMAIN)
    assert (names(told), told.why) == (["a.chu.example", "b.chu.example"], "partial-answer")


@on_trio
async def test_an_answer_that_never_ends_is_bounded(
    front: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ct_client, "LARGEST_SEARCH_BYTES", 3_000_000)
    row = crtsh(crtsh_row("a.chu.example"))[1:-1] + b","
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"[")
        while not front.stopped.is_set():
            handler.wfile.write(row * 200)
            sent += 200 * len(row)

    front.answers["/"] = endless
    told = await client(front.address).names_of(DOMAIN)
    assert (names(told), told.why) == (["a.chu.example"], "partial-answer")
    assert sent < 30_000_000


@on_trio
async def test_fifty_megabytes_hold_little_memory(front: Web) -> None:
    issuer = {"issuer_name": "O=Autorité Exemple, CN=" + "x" * 2_000}
    rows = ",".join(
        json.dumps({**crtsh_row(f"n{number}.chu.example"), **issuer}) for number in range(500)
    )
    body = ("[" + ",".join([rows] * 41) + "]").encode()
    assert len(body) > 45_000_000
    front.text("/", body)
    tracemalloc.start()
    try:
        told = await client(front.address, pace=Pace(document_s=120)).names_of(DOMAIN)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 15_000_000
    assert len(told.names) == 500
    assert told.why in {"", "partial-answer"}


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"<html>busy</html>", 200, "protocol-error"),
        (b"<html>busy</html>", 502, "protocol-error: HTTP 502"),
        (b"", 404, "protocol-error: HTTP 404"),
        (b"", 429, "rate-limited"),
        (b"", 200, "partial-answer"),
    ],
)
@on_trio
async def test_what_is_no_answer_is_told(front: Web, body: bytes, status: int, why: str) -> None:
    front.text("/", body, status=status)
    told = await client(front.address).names_of(DOMAIN)
    assert (names(told), told.why) == ([], why)


@on_trio
async def test_too_many_is_heard_once(front: Web) -> None:
    def later(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(429)
        handler.send_header("Retry-After", "3600")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    front.answers["/"] = later
    asking = client(front.address)
    assert (await asking.names_of(DOMAIN)).why == "rate-limited"
    assert (await asking.names_of("ch.example")).why == "rate-limited"
    assert len(front.asked) == 1, "an hour is not waited for, and nothing is asked in it"


@on_trio
async def test_a_short_wait_is_respected_then_answered(front: Web) -> None:
    answers = [503, 200]

    def busy(handler: BaseHTTPRequestHandler) -> None:
        status = answers.pop(0)
        body = crtsh(crtsh_row("a.chu.example")) if status == 200 else b""
        handler.send_response(status)
        handler.send_header("Retry-After", "0")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    front.answers["/"] = busy
    told = await client(front.address).names_of(DOMAIN)
    assert (names(told), told.why) == (["a.chu.example"], "")


@on_trio
async def test_redirects_are_not_followed(front: Web) -> None:
    with web(host="127.0.0.2") as elsewhere:
        elsewhere.text("/", crtsh(crtsh_row("a.chu.example")))
        front.redirect("/", f"{elsewhere.address}/")
        told = await client(front.address).names_of(DOMAIN)
        assert (names(told), told.why, elsewhere.asked) == ([], "redirected", [])


@on_trio
async def test_a_compressed_answer_is_refused(front: Web) -> None:
    def squeezed(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        handler.wfile.write(b"\x1f\x8b\x08")

    front.answers["/"] = squeezed
    assert (await client(front.address).names_of(DOMAIN)).why == "protocol-error: compressed"


@on_trio
async def test_tls_is_checked_against_the_name() -> None:
    authority = trustme.CA()
    root = authority.cert_pem.bytes()
    roots = (ssl.PEM_cert_to_DER_cert(root.decode()),)
    for certified, why in [("crt.example", ""), ("autre.example", "untrusted-service")]:
        with web(authority.issue_cert(certified)) as served:
            served.text("/", crtsh(crtsh_row("a.chu.example")))
            base = served.address.replace("127.0.0.1", "crt.example")
            assert (await client(base, roots=roots).names_of(DOMAIN)).why == why
            if not why:
                told = await client(base).names_of(DOMAIN)
                assert told.why == "untrusted-service"


@on_trio
async def test_a_dead_front_leaves_the_other(front: Web) -> None:
    front.text("/", crtsh(crtsh_row("a.chu.example")))
    told = await client("http://127.0.0.1:9", front.address).names_of(DOMAIN)
    assert (names(told), told.why) == (["a.chu.example"], "")
    assert (await client("http://127.0.0.1:9").names_of(DOMAIN)).why == "refused"


@pytest.mark.parametrize("page", [1_000, 3])
@on_trio
async def test_a_log_is_read_where_it_was_left(front: Web, tmp_path: Path, page: int) -> None:
    entries = [
        log_entry("vpn.chu.example"),
        log_entry("x.autre.example"),
        log_entry("*.portail.ch.example", is_precertificate=True),
        log_entry("y.autre.example"),
    ]
    serve_log(front, entries, "/2026", page)
    at = At()
    base = f"{front.address}/2026/ct/v1"
    asking = client(base, folder=tmp_path, now=at)
    assert (names(await asking.names_of(DOMAIN))) == ["vpn.chu.example"]
    told = await asking.names_of("ch.example")
    assert (names(told), told.why) == (["*.portail.ch.example"], "log-window")
    assert sum("get-sth" in one for one in front.asked) == 1, "one reading serves all domains"
    entries.append(log_entry("new.chu.example"))
    front.asked.clear()
    told = await client(base, folder=tmp_path, now=at).names_of(DOMAIN)
    assert names(told) == ["vpn.chu.example", "new.chu.example"]
    assert [one.partition("?")[2] for one in front.asked[1:]] == ["start=4&end=4"]


@on_trio
async def test_a_log_has_a_window(front: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ct_client, "MOST_ENTRIES", 2)
    entries = [log_entry(f"n{number}.chu.example") for number in range(5)]
    serve_log(front, entries, "/2026")
    told = await client(f"{front.address}/2026/ct/v1").names_of(DOMAIN)
    assert (names(told), told.why) == (["n3.chu.example", "n4.chu.example"], "log-window")


@on_trio
async def test_a_log_that_lies_ends(front: Web) -> None:
    base = f"{front.address}/2026/ct/v1"
    serve_log(front, [log_entry("a.chu.example")], "/2026")
    front.text("/2026/ct/v1/get-entries", b'{"entries": []}')
    assert (await client(base).names_of(DOMAIN)).why == "protocol-error"
    front.text("/2026/ct/v1/get-sth", b'{"tree_size": 9007199254740000}')
    front.answers["/2026/ct/v1/get-entries"] = lambda handler: send(
        handler, json.dumps({"entries": [log_entry("a.chu.example")] * 400}).encode()
    )
    told = await client(base).names_of(DOMAIN)
    assert names(told) == ["a.chu.example"]
    front.text("/2026/ct/v1/get-sth", b"<html>")
    assert (await client(base).names_of(DOMAIN)).why == "protocol-error"
