"""The HTTP probe against ordinary, hostile and luring servers."""

import gzip
import hashlib
import itertools
import re
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import mmh3
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

import scanner.web
from core.errors import Unanswered
from core.model import Intensity, Status
from core.observations.http import HttpService
from core.observations.product import ProductSeen
from scanner.page import assets_of, decode, icon_of, scripts_of, title_of
from scanner.probes.http import PROBE, _onward
from scanner.visit import Measured, Visit
from tests.scanner.visiting import visit
from tests.servers.real import free_port, need, serving
from tests.servers.web_server import ABSENT, Asked, Running, Say, authority, moved, reply, saying


def probe(made: Visit) -> Measured | None:
    return trio.run(PROBE.measure, made)


def facts(measured: Measured | None) -> HttpService:
    assert measured is not None
    return next(seen for seen in measured.seen if isinstance(seen, HttpService))


def ask(say: Say, **options: object) -> tuple[HttpService, Running]:
    with saying(say) as running:
        made = visit(running.port, **options)  # type: ignore[arg-type]
        http = facts(probe(made))
    assert len(running.asked) + made.requests_left == 12
    return http, running


def only(front: bytes) -> Say:
    return lambda asked: front if asked.path == "/" else ABSENT


# Ordinary servers


@contextmanager
def nginx(folder: Path, port: int, *, tls: bool = False) -> Iterator[None]:
    issued = authority().issue_cert("www.chu.example")
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    secured = f" ssl; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem"
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;\n"
        "events {} http { access_log off; server_tokens on; default_type text/html;"
        f" client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;"
        f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;"
        f" scgi_temp_path {folder}/s; server {{ listen 127.0.0.1:{port}{secured if tls else ''};"
        " location = / { return 200 '<html><title>Radiologie</title></html>'; }"
        " location = /favicon.ico { default_type image/x-icon; return 200 'icon'; } } }\n"
    )
    with serving([need("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], port):
        yield


@pytest.mark.real
@pytest.mark.parametrize("tls", [False, True])
def test_nginx(tmp_path: Path, *, tls: bool) -> None:
    port = free_port()
    with nginx(tmp_path, port, tls=tls):
        made = visit(port, inside_tls=tls, names=("www.chu.example",))
        measured = probe(made)
    http = facts(measured)
    assert measured is not None
    assert (measured.service.protocol, measured.service.product) == ("http", None)
    assert (measured.service.tls, http.tls) == (tls, tls)
    assert (http.status, http.title) == (200, "Radiologie")
    assert http.headers["server"].startswith("nginx/")
    assert http.favicon_md5 == hashlib.md5(b"icon").hexdigest()
    assert made.connections <= 2
    assert made.requests_left >= 0


@pytest.mark.real
def test_a_plain_question_to_a_tls_server_is_no_answer(tmp_path: Path) -> None:
    port = free_port()
    with nginx(tmp_path, port, tls=True):
        made = visit(port)
        assert probe(made) is None
    assert made.requests_left == 11


def test_the_icon_is_hashed_as_passive_sources_do() -> None:
    def say(asked: Asked) -> bytes:
        if asked.path == "/static/i.png":
            return reply(b"icon", kind="image/png")
        page = '<html><link rel="shortcut icon" href="/static/i.png"><title>x</title></html>'
        return reply(page) if asked.path == "/" else ABSENT

    http, running = ask(say)
    assert http.favicon_mmh3 == mmh3.hash(b"aWNvbg==\n")
    assert http.favicon_md5 == hashlib.md5(b"icon").hexdigest()
    assert "/favicon.ico" not in running.targets


def test_authentication_is_told_and_never_tried() -> None:
    challenge = 'WWW-Authenticate: Basic realm="Console \u00e9", Negotiate'
    say = only(reply("", status="401 Unauthorized", headers=(challenge, "WWW-Authenticate: NTLM")))
    http, running = ask(say)
    assert http.status == 401
    assert http.auth_schemes == ("basic", "negotiate", "ntlm")
    assert http.realm.startswith("Console")
    assert not any("authorization" in one.headers for one in running.asked)


def test_every_path_is_asked_once_and_within_the_cap() -> None:
    _, running = ask(lambda asked: reply(f"<title>{asked.path}</title>"))
    assert len(running.targets) == len(set(running.targets)) <= 12


@pytest.mark.parametrize("left", [0, 1, 2, 4, 12])
def test_the_cap_holds_whatever_it_is(left: int) -> None:
    with saying(lambda asked: moved(f"{asked.target}x")) as running:
        made = visit(
            running.port, intensity=Intensity.DISCREET if left <= 4 else Intensity.STANDARD
        )
        made.requests_left = left
        if left:
            probe(made)
        else:
            with pytest.raises(Unanswered):
                probe(made)
    assert len(running.asked) <= left


def test_one_connection_serves_several_requests() -> None:
    _, running = ask(only(reply("<title>a</title>")))
    assert running.connections == 1
    assert len(running.asked) > 3


def test_a_server_that_closes_between_requests_is_asked_again_within_the_cap() -> None:
    # It says keep-alive and closes all the same.
    def say(asked: Asked) -> Iterator[bytes]:
        yield reply("<title>a</title>") if asked.path == "/" else ABSENT

    with saying(say) as running:
        made = visit(running.port)
        http = facts(probe(made))
    assert http.title == "a"
    # One request was lost on the connection that was already gone; it counts all the same.
    assert len(running.asked) == http.requests - 1 <= 11
    assert "/remote/login" in running.targets


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_the_literal_stands_in_host_without_a_name(ip: str) -> None:
    with saying(only(reply("x")), ip=ip) as running:
        probe(visit(running.port, ip=ip))
    literal = f"[{ip}]" if ":" in ip else ip
    assert running.asked[0].headers["host"] == f"{literal}:{running.port}"


# Redirects


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.2:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://2130706434:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://0x7f000001:{port}/",
        "http://0x7f.1:{port}/",
        "http://127.1:{port}/",
        "http://autre.example:{port}/",
        "http://localhost:{port}/",
        "http://127.0.0.1:{other}/",
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}@127.0.0.2:{port}/",
        "http://user@127.0.0.1:{port}/",
        "//127.0.0.2:{port}/",
        "\\\\127.0.0.2:{port}/",
        "/\\127.0.0.2:{port}/",
        "http:\\\\127.0.0.2:{port}/",
        "http://127.0.0.2%2f@127.0.0.1:{port}/",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "ftp://127.0.0.1:{port}/",
        "gopher://127.0.0.2:{port}/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://127.0.0.1.:{port}/",
    ],
)
def test_no_lure_is_followed(to: str) -> None:
    with saying(lambda asked: reply("lured")) as other:
        running_port = [0]

        def say(asked: Asked) -> bytes:
            return moved(to.format(port=running_port[0], other=other.port))

        with saying(say) as running:
            running_port[0] = running.port
            with (
                trap("127.0.0.2", running.port) as four,
                trap("::1", running.port) as six,
            ):
                made = visit(running.port)
                http = facts(probe(made))
    assert not other.connections
    assert four == six == []
    assert made.connections == running.connections
    assert len(http.redirects) == 1
    assert not http.redirects[0].followed
    assert http.status == 302


@contextmanager
def trap(ip: str, port: int) -> Iterator[list[int]]:
    """Give a list that grows with each connection to another address on the same port."""
    met: list[int] = []
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ip, port))
        listener.listen(8)
        listener.setblocking(False)
        yield met
        with suppress(BlockingIOError):
            while True:
                listener.accept()[0].close()
                met.append(port)


def test_a_redirect_to_an_allowed_name_is_followed_on_the_same_connection_target() -> None:
    running_port = [0]

    def say(asked: Asked) -> bytes:
        if asked.headers["host"].startswith("vpn.chu.example"):
            return reply("<title>Bienvenue</title>") if asked.path == "/fr/" else ABSENT
        return moved(f"http://vpn.chu.example:{running_port[0]}/fr/")

    with saying(say) as running:
        running_port[0] = running.port
        made = visit(running.port)
        made.in_scope = lambda host, port: host == "vpn.chu.example" and port == running.port
        http = facts(probe(made))
    assert http.title == "Bienvenue"
    assert http.redirects[0].followed
    assert {one.headers["host"].partition(":")[0] for one in running.asked} == {
        "127.0.0.1",
        "vpn.chu.example",
    }


def test_a_circle_is_cut() -> None:
    ways = {"/": "/a", "/a": "/b", "/b": "/"}
    http, running = ask(lambda asked: moved(ways[asked.path]) if asked.path in ways else ABSENT)
    assert [redirect.at for redirect in http.redirects] == ["/", "/a", "/b"]
    assert running.targets[:3] == ["/", "/a", "/b"]
    assert running.targets.count("/") == 1


def test_an_endless_chain_is_cut_after_three() -> None:
    http, running = ask(
        lambda asked: (
            moved(f"/{len(asked.path)}{asked.path}")
            if asked.path.strip("/0123456789") == ""
            else ABSENT
        )
    )
    assert sum(redirect.followed for redirect in http.redirects) == 3
    assert len(running.asked) <= 12


# Hostile servers


def _endless(chunk: bytes, first: bytes) -> Callable[[Asked], Iterator[bytes]]:
    return lambda asked: itertools.chain([first], itertools.repeat(chunk, 4_000))


def test_a_page_of_100_megabytes_is_cut() -> None:
    sent = [0]

    def say(asked: Asked) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n<title>big</title>"
        for _ in range(1600):
            sent[0] += 65_536
            yield b"a" * 65_536

    http, _ = ask(say)
    assert http.cut
    assert http.body_bytes == scanner.web.BODY_BYTES
    assert http.title == "big"
    assert sent[0] < 60_000_000


def test_a_chunked_page_without_end_is_cut() -> None:
    http, _ = ask(
        _endless(
            b"4000\r\n" + b"<" * 0x4000 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
    )
    assert http.cut


def test_a_compressed_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    http, _ = ask(only(reply(bomb, headers=("Content-Encoding: gzip",))))
    assert http.body_bytes == len(bomb) < 60_000
    deflated = zlib.compress(bytes(1_000_000))
    assert ask(only(reply(deflated, headers=("Content-Encoding: deflate",))))[0].body_bytes == len(
        deflated
    )


def test_headers_without_end_are_given_up() -> None:
    http, running = ask(_endless(b"X-A: b\r\n" * 1_000, b"HTTP/1.1 200 OK\r\n"))
    assert http.status == 200
    assert http.why["title"].startswith("gave-up")
    assert len(running.asked) == 1


def test_one_header_of_a_megabyte_is_given_up() -> None:
    http, _ = ask(_endless(b"a" * 65_536, b"HTTP/1.1 200 OK\r\nX-A: "))
    assert http.why["body_sha256"].startswith("gave-up")


def test_informational_answers_without_end_are_given_up() -> None:
    with saying(_endless(b"HTTP/1.1 102 Processing\r\n\r\n" * 2_000, b"")) as running:
        measured = probe(visit(running.port))
    assert facts(measured).why["title"].startswith("gave-up")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 abc OK\r\n\r\n", None),
        (b"HTTP/1.1 99999 OK\r\n\r\n", None),
        (b"HTTP/1.1\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nBad Header: x\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 200),
        (b"HTTP/1.1 200 OK\r\n\0\xff: \x01\r\n\r\n", 200),
    ],
)
def test_a_mangled_head_is_still_an_http_service(line: bytes, status: int | None) -> None:
    with saying(lambda asked: iter([line])) as running:
        measured = probe(visit(running.port))
    http = facts(measured)
    assert measured is not None
    assert measured.service.protocol == "http"
    assert http.status == status
    assert http.title is None
    assert "title" in http.why
    assert (http.status is None) == ("status" in http.why)


def test_http_0_9_is_told() -> None:
    with saying(lambda asked: iter([b"<HTML><title>old</title></HTML>"])) as running:
        measured = probe(visit(running.port))
    assert measured is not None
    assert measured.service.evidence == ("HTTP/0.9",)
    assert facts(measured).status is None


@pytest.mark.parametrize(
    "said",
    [
        b"220 mail.example ESMTP\r\n500 what?\r\n",
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"GET / HTTP/1.1\r\nHost: echo\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"RTSP/1.0 400 Bad Request\r\n\r\n",
        bytes(range(256)) * 20,
    ],
)
def test_other_protocols_are_not_http(said: bytes) -> None:
    with saying(lambda asked: iter([said])) as running:
        assert probe(visit(running.port)) is None
    assert len(running.asked) == 1


def test_silence_and_reset_are_statuses() -> None:
    with saying(lambda asked: iter([])) as running, pytest.raises(Unanswered) as raised:
        probe(visit(running.port))
    assert raised.value.status is Status.RESET

    def wait(asked: Asked) -> Iterator[bytes]:
        time.sleep(1.5)
        yield b""

    with saying(wait) as running, pytest.raises(Unanswered) as raised:
        probe(visit(running.port, timeout_s=0.3))
    assert raised.value.status is Status.TIMEOUT


def test_a_drip_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner.web, "REQUEST_S", 0.6)

    def drip(asked: Asked) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<title>slow</title>"
        for _ in range(20):
            time.sleep(0.1)
            yield b"."

    with saying(drip) as running:
        made = visit(running.port)
        made.requests_left = 1
        http = facts(probe(made))
    assert http.cut
    assert http.title == "slow"


def test_text_from_the_target_is_bounded_and_inert() -> None:
    title = "<title>" + "A\u202e\x07" * 5_000 + "</title>"
    cookies = tuple(f"Set-Cookie: c{n}={'v' * 200}" for n in range(90))
    http, _ = ask(only(reply(title, headers=("Server: " + "s" * 5_000, *cookies))))
    assert http.title is not None
    assert len(http.title) <= 200
    assert http.title.isprintable()
    assert len(http.headers["server"]) <= 500
    assert len(http.cookies) <= 40
    assert not any("v" * 50 in cookie for cookie in http.cookies)


def test_a_service_that_says_too_many_is_left_alone() -> None:
    _, running = ask(lambda asked: reply("slow down", status="429 Too Many Requests"))
    assert running.targets == ["/"]


# Docker, as an example of a hint that is worth one question


def test_docker_is_recognised_by_one_further_question() -> None:
    def engine(asked: Asked) -> bytes:
        versioned = ("Api-Version: 1.47", "Docker-Experimental: false", "Ostype: linux")
        named = (*versioned, "Server: Docker/27.3.1 (linux)")
        if asked.path == "/_ping":
            return reply("OK", headers=named, kind="text/plain; charset=utf-8")
        page = '{"message":"page not found"}\n'
        return reply(page, status="404 Not Found", kind="application/json")

    with saying(engine) as running:
        measured = probe(visit(running.port, intensity=Intensity.DISCREET))
    assert measured is not None
    assert measured.service.product == "docker_api"
    seen = next(seen for seen in measured.seen if isinstance(seen, ProductSeen))
    assert seen.admin
    assert len(running.asked) <= 4


# Whatever comes


PIECES = (
    b"HTTP/1.1 200 OK",
    b"HTTP/1.0 302 x",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b": ",
    b"Location: /a",
    b"Location: //[x",
    b"Content-Length: 5",
    b"Transfer-Encoding: chunked",
    b"Set-Cookie: ;=;",
    b'WWW-Authenticate: =,Basic realm="',
    b"Content-Type: text/html; charset=zlib",
    b"5\r\n",
    b"<title>",
    b"\0\xff",
    b"ffffffffffffffff\r\n",
)


@settings(max_examples=80)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=14))
def test_any_bytes_have_an_outcome(pieces: list[bytes]) -> None:
    said = b"".join(pieces)
    with saying(lambda asked: iter([said])) as running:
        made = visit(running.port, intensity=Intensity.DISCREET)
        made.requests_left = 2
        try:
            measured = probe(made)
        except Unanswered:
            return
    if measured is not None:
        assert measured.service.protocol == "http"
        assert facts(measured).status is not None or "status" in facts(measured).why
    assert len(running.asked) <= 2


HOSTS = st.sampled_from(
    ["127.0.0.1", "127.0.0.2", "[::1]", "vpn.chu.example", "x.example", "1", ""]
)


@given(
    st.one_of(
        st.text(max_size=60),
        st.builds(
            "{}//{}:{}{}".format,
            st.sampled_from(["http:", "https:", ""]),
            HOSTS,
            st.integers(0, 70_000),
            st.text(max_size=20),
        ),
    )
)
def test_what_is_followed_stays_here(location: str) -> None:
    made = visit(80, names=("vpn.chu.example",))
    made.in_scope = lambda host, port: host in {"127.0.0.1", "vpn.chu.example"} and port == 80
    onward = _onward(location, "/here", "vpn.chu.example", made)
    if onward is not None:
        host, target = onward
        assert host in {None, "vpn.chu.example"}
        assert re.fullmatch(r"/[!-~]*", target)


# Parsers


@given(st.binary(max_size=3_000), st.text(max_size=60))
def test_page_readers_take_anything(body: bytes, kind: str) -> None:
    text = decode(body, kind)
    assert title_of(text).isprintable()
    assets_of(text)
    scripts_of(text)
    icon_of(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "<script",
                " src=",
                '"',
                "'",
                "<!--",
                "-->",
                ">",
                "<link rel=icon href=/i",
                "</script",
                "<title",
                "a",
                "\n",
            ]
        ),
        max_size=60,
    )
)
def test_page_readers_take_broken_markup(parts: list[str]) -> None:
    text = "".join(parts)
    title_of(text)
    scripts_of(text)
    icon_of(text)
    assert all("<" not in asset for asset in assets_of(text))


@pytest.mark.parametrize(
    "unit", ["<script ", "<title ", "<!--", "<script><", "src=", "<link rel=", '<a href="']
)
def test_page_readers_are_linear(unit: str) -> None:
    text = unit * (524_288 // len(unit))
    started = time.process_time()
    title_of(text), assets_of(text), scripts_of(text), icon_of(text)
    assert time.process_time() - started < 1.0


def test_a_quoted_script_is_no_script() -> None:
    quoted = "<pre>&lt;script&gt;one&lt;/script&gt;</pre><!-- <script>two</script> -->"
    page = f"{quoted}<script>three</script>"
    assert scripts_of(page) == "three"
    assert assets_of('<!-- <script src="/a"></script> --><a href="/b">b</a><img src=/c>') == ("/c",)
