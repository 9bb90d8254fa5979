"""A ticketing system that lies, stalls or is another: bounded, and told for what it is."""

import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trio

from core.errors import OutOfScope
from core.secrets import Secret
from reports.exports._replies import asked_to_wait
from reports.exports.rt import Rt
from reports.exports.tracker import (
    Denied,
    NotDone,
    Rejected,
    Remote,
    Reply,
    Request,
    TrackerError,
    Unsure,
)
from tests.servers.scripted import Talk, scripted
from tests.servers.tls_certs import Issued, issue
from tests.vigie.ticketing_lab import inventory, tracker
from vigie.notify.smtp import tls_context
from vigie.ticketing.http import Patience, Sender

NAME = "tickets.grades.example"
SECRET = "hidden-token"
READ = Request(method="GET", path="tickets")
WRITE = Request(method="POST", path="ticket", body=b"{}", changes=True)
BOTH = pytest.mark.parametrize("asked", [READ, WRITE], ids=["read", "write"])
PATIENCE = Patience(connect_s=20, silence_s=20, whole_s=20, again_s=0.01, longest_wait_s=5)


async def _loopback(_host: str) -> str:
    return "127.0.0.1"


def _send(
    url: str, asked: Request, *, patience: Patience = PATIENCE, ca_file: str = ""
) -> tuple[Reply | TrackerError, int]:
    """Give what one request came to, and how many left."""

    async def once() -> tuple[Reply | TrackerError, int]:
        is_tls = url.startswith("https")
        context = tls_context(ca_file) if is_tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with Sender(tracker(url), inventory(url), _loopback, context, patience) as sender:
            try:
                return await sender(asked), sender.sent
            except TrackerError as error:
                return error, sender.sent

    return trio.run(once)


def _saying(*answers: bytes) -> Callable[[Talk], None]:
    """Serve one answer a connection; the last again and again."""
    left = list(answers)

    def script(talk: Talk) -> None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        _hear(talk)
        talk.say(answer)
        talk.leave()

    return script


def _hear(talk: Talk) -> None:
    """Hear a whole request."""
    while b"\r\n\r\n" not in talk.heard or (
        talk.heard.startswith(b"POST") and not talk.heard.endswith(b"}")
    ):
        if not talk.hear_some():
            return


def _http(status: int, body: bytes = b"{}", *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, *fields, "", ""]).encode("latin-1") + body


def _is_told(error: object, asked: Request) -> None:
    """A change may have been done; a read never was."""
    assert type(error) is (Unsure if asked.changes else NotDone)


@BOTH
@pytest.mark.parametrize("length", ["", "Content-Length: 99999999999\r\n"], ids=["endless", "told"])
def test_a_huge_body_is_cut(asked: Request, length: str) -> None:
    sent: list[int] = []

    def script(talk: Talk) -> None:
        _hear(talk)
        talk.say(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode())
        part = bytes(1 << 20)
        for _ in range(64):
            talk.say(part)
            sent.append(len(part))

    with scripted(script) as server:
        error, tries = _send(f"http://127.0.0.1:{server.port}", asked)
    _is_told(error, asked)
    assert tries == (1 if asked.changes else 3)
    # What the sockets of both sides hold comes on top of the bound.
    assert sum(sent) / tries < 32 << 20


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 20",
        b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\r\n",
        b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 201 Created\r\n" + b"X-Long: " + b"a" * 300_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        bytes(range(256)) * 8,
    ],
    ids=["none", "line", "length", "chunk", "no-chunk", "lengths", "header", "ssh", "noise"],
)
def test_what_is_cut_or_no_http_is_no_answer(asked: Request, answer: bytes) -> None:
    with scripted(_saying(answer)) as server:
        error, tries = _send(f"http://127.0.0.1:{server.port}", asked)
    _is_told(error, asked)
    assert tries == (1 if asked.changes else 3)


def test_what_was_cut_is_read_again() -> None:
    with scripted(_saying(b"", _http(200, b'{"id":1}'))) as server:
        reply, tries = _send(f"http://127.0.0.1:{server.port}", READ)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, tries) == (200, b'{"id":1}', 2)


@BOTH
@pytest.mark.parametrize("status", [301, 303, 307])
def test_no_redirect_is_followed(asked: Request, status: int) -> None:
    """Neither to another host nor to the same one."""
    with scripted(_saying(_http(200))) as other:
        for location in (f"http://127.0.0.1:{other.port}/ticket", "/elsewhere", "//[bad", "\xff:"):
            with scripted(_saying(_http(status, b"", f"Location: {location}"))) as server:
                reply, tries = _send(f"http://127.0.0.1:{server.port}", asked)
            assert len(server.received) == tries
            if isinstance(reply, Reply):
                assert (reply.status, tries) == (status, 1)
            else:
                _is_told(reply, asked)
        assert not other.received


_RETRY = _http(200, b'{"id":1}')


@BOTH
@pytest.mark.parametrize(
    "told", ["0", "", "-1", "soon", "1e3", "٣", "Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_too_many_is_tried_again_at_our_pace(asked: Request, told: str) -> None:
    field = b"Retry-After: " + told.encode()
    refusal = _http(429).replace(b"Connection: close", b"Connection: close\r\n" + field)
    with scripted(_saying(refusal, _RETRY)) as server:
        reply, tries = _send(f"http://127.0.0.1:{server.port}", asked)
    assert isinstance(reply, Reply)
    assert (reply.status, tries) == (200, 2)


@BOTH
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_too_long_a_wait_is_told_instead(asked: Request, status: int, as_date: bool) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    answer = _http(status, b"{}", f"Retry-After: {later if as_date else 3600}")
    with scripted(_saying(answer)) as server:
        reply, tries = _send(f"http://127.0.0.1:{server.port}", asked)
    assert isinstance(reply, Reply)
    assert (reply.status, tries) == (status, 1)
    assert 3000 < asked_to_wait(reply) <= 3600


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("120", 120),
        ("9" * 60, 86_400),
        ("9" * 5_000, 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86_400),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Fri, 99 Dec 99999 99:99:99 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00", 0),
        ("-3600", 0),
        ("3600.5", 0),
        ("inf", 0),
        ("nan", 0),
        ("\x00", 0),
        ("", 0),
    ],
)
def test_a_wait_is_always_of_a_day_at_most(told: str, seconds: float) -> None:
    assert asked_to_wait(Reply(status=429, headers={"retry-after": told})) == seconds


@pytest.mark.parametrize(
    ("status", "asked"), [(503, WRITE), (500, READ), (500, WRITE), (404, READ)]
)
def test_what_may_have_been_done_is_not_sent_again(status: int, asked: Request) -> None:
    with scripted(_saying(_http(status), _RETRY)) as server:
        reply, tries = _send(f"http://127.0.0.1:{server.port}", asked)
    assert isinstance(reply, Reply)
    assert (reply.status, tries) == (status, 1)


@BOTH
@pytest.mark.parametrize("where", ["header", "body"])
def test_a_byte_now_and_then_meets_the_deadline(asked: Request, where: str) -> None:
    """Never silent for long, and never done."""
    start = b"HTTP/1.1 200 OK\r\n"
    start += b"X-Slow: " if where == "header" else b"Content-Length: 100000\r\n\r\n"
    ended = threading.Event()

    def script(talk: Talk) -> None:
        _hear(talk)
        talk.say(start)
        while not ended.wait(0.1):
            talk.say(b"a")

    patience = Patience(whole_s=1, tries=2, again_s=0.01)
    with scripted(script) as server:
        error, tries = _send(f"http://127.0.0.1:{server.port}", asked, patience=patience)
        ended.set()
    _is_told(error, asked)
    assert "> 1 s" in str(error)
    assert tries == (1 if asked.changes else 2)


@BOTH
def test_silence_has_its_own_bound(asked: Request) -> None:
    with scripted(_hear) as server:
        patience = Patience(silence_s=0.5, tries=2, again_s=0.01)
        error, _ = _send(f"http://127.0.0.1:{server.port}", asked, patience=patience)
    _is_told(error, asked)
    assert "ReadTimeout" in str(error)


def test_nobody_there_changes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    error, tries = _send(f"http://127.0.0.1:{port}", WRITE)
    assert type(error) is NotDone
    assert tries == 1


def test_a_host_that_services_does_not_name_is_not_even_looked_up() -> None:
    looked: list[str] = []

    async def find(host: str) -> str:
        looked.append(host)
        return "127.0.0.1"

    with scripted(_saying(_http(200))) as server:
        url = f"http://127.0.0.1:{server.port}"
        for admitted in ("", "http://127.0.0.1:1", f"http://{NAME}:{server.port}"):
            with pytest.raises(OutOfScope):
                Sender(
                    tracker(url), inventory(admitted), find, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                )
        assert not server.received
    assert not looked


def test_a_name_that_is_not_found_changes_nothing() -> None:
    async def find(host: str) -> str:
        raise OSError(f"{host}: no address")

    async def once() -> None:
        url = f"https://{NAME}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with Sender(tracker(url), inventory(url), find, context, PATIENCE) as sender:
            with pytest.raises(NotDone, match=f"{NAME}: no address"):
                await sender(WRITE)
            assert not sender.sent

    trio.run(once)


@pytest.fixture(scope="module")
def authority() -> Issued:
    return issue("Autorité des tickets", ca=True, is_strict=True)


@pytest.fixture(scope="module")
def ca_file(authority: Issued, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_bytes(authority.pem)
    return str(path)


@contextmanager
def _over_tls(folder: Path, leaf: Issued) -> Generator[tuple[int, list[bytes]]]:
    """Serve an empty list over TLS; give the port, and all that was said in clear or inside."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*leaf.files(folder))
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with plain, suppress(OSError):
                    plain.settimeout(20)
                    heard.append(plain.recv(1, socket.MSG_PEEK))
                    with context.wrap_socket(plain, server_side=True) as inside:
                        heard.append(inside.recv(65_536))
                        inside.sendall(_http(200, b"[]"))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1]), heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(25)


def test_the_right_certificate_is_taken(tmp_path: Path, authority: Issued, ca_file: str) -> None:
    with _over_tls(tmp_path, issue(NAME, by=authority, is_strict=True)) as (port, heard):
        reply, _ = _send(f"https://{NAME}:{port}", READ, ca_file=ca_file)
    assert isinstance(reply, Reply)
    assert f"host: {NAME}:{port}\r\n".encode() in heard[1].lower()


@BOTH
@pytest.mark.parametrize("fault", ["expired", "early", "name", "stranger", "itself", "public"])
def test_a_wrong_certificate_is_told_nothing(
    tmp_path: Path, authority: Issued, ca_file: str, asked: Request, fault: str
) -> None:
    """Nor is the port tried in clear, nor another."""
    leaf = {
        "expired": lambda: issue(NAME, by=authority, days=(-60, -1), is_strict=True),
        "early": lambda: issue(NAME, by=authority, days=(1, 60), is_strict=True),
        "name": lambda: issue("other.grades.example", by=authority, is_strict=True),
        "stranger": lambda: issue(
            NAME, by=issue("Autre autorité", ca=True, is_strict=True), is_strict=True
        ),
        "itself": lambda: issue(NAME, is_strict=True),
        # The authorities of the public are not those of the file, nor the other way round.
        "public": lambda: issue(NAME, by=authority, is_strict=True),
    }[fault]()
    with _over_tls(tmp_path, leaf) as (port, heard):
        trusted = "" if fault == "public" else ca_file
        error, tries = _send(f"https://{NAME}:{port}", asked, ca_file=trusted)
    assert type(error) is NotDone
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert tries == (1 if asked.changes else 3)
    assert set(heard) == {b"\x16"}
    assert len(heard) == tries


@BOTH
def test_a_server_in_clear_is_no_fallback(asked: Request, ca_file: str) -> None:
    with scripted(lambda talk: talk.say(_http(200)) if talk.hear_some() else None) as server:
        error, _ = _send(f"https://{NAME}:{server.port}", asked, ca_file=ca_file)
    assert type(error) is NotDone
    assert all(b"HTTP/1.1" not in one for one in server.received)


_REMOTE = Remote(id="7", url="", is_open=True, status="new", reference="vigie-" + "0" * 24)


def _note(answer: bytes, secret: str = SECRET) -> TrackerError | None:
    """Write a note, and give how that ended."""

    async def once(url: str) -> TrackerError | None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with Sender(tracker(url), inventory(url), _loopback, context, PATIENCE) as sender:
            try:
                await Rt(sender, {"token": Secret(secret)}, {}).note(_REMOTE, "text", "mark")
            except TrackerError as error:
                return error
            return None

    with scripted(_saying(answer)) as server:
        return trio.run(once, f"http://127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, None),
        (302, Denied),
        (400, Rejected),
        (401, Denied),
        (403, Denied),
        (404, Rejected),
        (408, Unsure),
        (409, NotDone),
        (422, Rejected),
        (429, NotDone),
        (500, Unsure),
        (502, Unsure),
        (503, Unsure),
        (504, Unsure),
        (599, Unsure),
    ],
)
def test_each_status_has_its_outcome(status: int, outcome: type[TrackerError] | None) -> None:
    error = _note(_http(status, b'["said"]', "Retry-After: 60"))
    assert type(error) is (outcome or type(None))
    if isinstance(error, NotDone):
        assert error.after_s == 60


@pytest.mark.parametrize("bad", ["\n", "\r\nX-Other: 1", "\x00", "\x7f", "é", "\u20ac", "\udc80"])
def test_a_secret_that_no_header_can_carry_is_not_shown(
    bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    error = _note(_http(201, b'["said"]'), f"{SECRET}{bad}end")
    assert type(error) is NotDone
    assert not _told_of(error, caplog)


def test_no_secret_is_in_what_is_told_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for answer in (_http(201, b'["said"]'), _http(401), _http(500), b"", b"noise\r\n"):
        error = _note(answer)
        assert not _told_of(error, caplog)


def _told_of(error: BaseException | None, caplog: pytest.LogCaptureFixture) -> bool:
    """Whether the secret shows, in the error, what it came from, or a log."""
    said = [record.getMessage() for record in caplog.records]
    said += [str(record.args) for record in caplog.records]
    while error is not None:
        said += [str(error), repr(error), repr(error.args)]
        error = None if error.__suppress_context__ else error.__cause__ or error.__context__
    return any(SECRET in one for one in said)
