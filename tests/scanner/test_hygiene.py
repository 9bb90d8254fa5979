"""How web sites are kept: real servers, servers that answer everything, hostile pages."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from checks._shared.tls import certificate, service
from core.model import Intensity
from core.observations.http import HttpService
from core.observations.hygiene import ClearPart, CookieSet, WebHygiene
from core.observations.tls import Trust
from scanner import hygiene
from scanner.hygiene import (
    clear_parts_of,
    cookies_of,
    listing_of,
    look_after,
    read_security_txt,
    trusted_for,
)
from scanner.probes.http import PROBE
from scanner.web import Answer, Web
from tests.scanner.visiting import visit
from tests.servers import sites
from tests.servers.sites import Virtual
from tests.servers.web_server import ABSENT, Asked, Running, Say, moved, reply, saying

_HOST = "www.chu.example"
_HEAD = b"ref: refs/heads/main\n"


def probed(port: int, **options: object) -> tuple[HttpService, WebHygiene | None]:
    async def run() -> tuple[HttpService, WebHygiene | None]:
        made = visit(port, names=(_HOST,), **options)  # type: ignore[arg-type]
        measured = await PROBE.measure(made)
        assert measured is not None
        http = next(one for one in measured.seen if isinstance(one, HttpService))
        return http, next((one for one in measured.seen if isinstance(one, WebHygiene)), None)

    return trio.run(run)


def kept(say: Say, *, tls: bool = False, **options: object) -> tuple[WebHygiene, Running]:
    with saying(say, tls=_HOST if tls else None) as running:
        _, told = probed(running.port, inside_tls=tls, **options)
    assert told is not None
    assert len(running.asked) <= 12
    return told, running


def front(page: bytes, **paths: bytes) -> Say:
    def say(asked: Asked) -> bytes:
        return page if asked.path == "/" else paths.get(asked.path, ABSENT)

    return say


# Real servers


@pytest.mark.real
def test_nginx_with_what_should_not_be_there(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("patients.csv", "secret")
    one = Virtual(
        names=(_HOST,),
        page="<html><title>Accueil</title><script src='http://cdn.chu.example/a.js'></script></html>",
        files={
            ".git/HEAD": _HEAD,
            "backup.zip": packed.getvalue(),
            ".well-known/security.txt": b"Contact: mailto:rssi@chu.example\n"
            b"Expires: 2020-01-01T00:00:00Z\n",
        },
        lines="add_header Set-Cookie 'PHPSESSID=0123456789abcdef0123; path=/';"
        " add_header X-Frame-Options DENY;"
        " location = /nginx_status { stub_status; }",
    )
    with sites.nginx(tmp_path, [one]) as server:
        _, told = probed(server.port, inside_tls=True)
        asked = [path for _, path in server.asked]
    assert told is not None
    assert told.git is not None
    assert [hit.shown for hit in told.git] == ["ref: refs/heads/main"]
    assert told.status_pages is not None
    assert [hit.what for hit in told.status_pages] == ["nginx-status"]
    assert told.backups is None or [hit.shown for hit in told.backups] == ["ZIP"]
    assert told.cookies == (CookieSet(name="PHPSESSID", session=True),)
    assert told.clear_parts == (ClearPart(tag="script", host="cdn.chu.example"),)
    assert told.headers == {"x-frame-options": "DENY"}
    assert told.hsts == ""
    # For a domain name, on its own port alone.
    assert told.why["security_txt"] == "not-offered"
    assert len(asked) <= 12
    assert [path for path in asked if path in told.asked] == list(told.asked)


@pytest.mark.real
def test_apache_that_lists_its_folder_and_shows_its_state(tmp_path: Path) -> None:
    one = Virtual(
        names=(_HOST,),
        files={"notes.txt": b"x"},
        lines="<Location /server-status>\nSetHandler server-status\nRequire all granted\n"
        "</Location>",
    )
    with sites.apache(tmp_path, [one]) as server:
        _, told = probed(server.port, inside_tls=True)
    assert told is not None
    assert told.listing == "Index of /"
    assert told.status_pages is not None
    assert [hit.shown for hit in told.status_pages] == ["Apache Server Status"]
    assert told.git == ()


# What is asked, and how often


def test_a_server_that_answers_everything_alike_shows_nothing() -> None:
    bodies = {
        "/.git/HEAD": _HEAD,
        "/server-status": b"<title>Apache Status</title>",
        "/backup.zip": b"PK\x03\x04....",
    }

    def same(asked: Asked) -> bytes:
        if asked.path == "/":
            return reply("<html><title>x</title></html>")
        # By the end of the path, whatever stands before it.
        return reply(next((b for p, b in bodies.items() if asked.path.endswith(p[1:])), b"rien"))

    told, _ = kept(same)
    assert told.git is None
    assert told.why["git"] == told.why["backups"] == told.why["status_pages"] == "answers-alike"


@pytest.mark.parametrize(
    "body",
    [
        "<html><title>Application</title><div id=app></div></html>",
        "ref: <html>",
        "Ref: refs/heads/main",
        "ref: refs/heads/main\n<html>",
    ],
)
def test_pages_with_status_200_for_all_are_no_finding(body: str) -> None:
    told, running = kept(lambda _asked: reply(body))
    assert told.git == ()
    assert len(running.asked) <= 12


def test_discreet_asks_nothing_for_it() -> None:
    told, running = kept(front(reply("<html>x</html>")), intensity=Intensity.DISCREET)
    assert told.asked == ()
    assert told.why["git"] == told.why["backups"] == "intensity"
    assert told.headers == {}
    assert not [path for path in running.targets if "git" in path]


def test_a_medical_host_is_left_alone() -> None:
    with saying(front(reply("<html>x</html>"))) as running:

        async def run() -> None:
            made = visit(running.port)
            made.medical = True
            measured = await PROBE.measure(made)
            assert measured is not None
            assert not any(isinstance(one, WebHygiene) for one in measured.seen)

        trio.run(run)
    assert not [path for path in running.targets if "git" in path]


def test_the_cap_is_shared_and_what_it_left_out_is_told() -> None:
    async def run(port: int) -> WebHygiene:
        made = visit(port)
        made.requests_left = 3
        measured = await PROBE.measure(made)
        assert measured is not None
        return next(one for one in measured.seen if isinstance(one, WebHygiene))

    with saying(front(reply("<html>x</html>"))) as running:
        told = trio.run(run, running.port)
    assert len(running.asked) <= 3
    assert told.git == ()
    assert told.status_pages is None
    assert told.why["status_pages"] == told.why["backups"] == "request-limit"


def test_a_site_that_only_leads_elsewhere_is_kept_elsewhere() -> None:
    told, _ = kept(lambda _asked: moved(f"https://{_HOST}/"))
    assert told.leads_to_tls
    assert told.redirect == f"https://{_HOST}/"
    assert told.asked == ()
    assert told.why["git"] == "not-offered"


def test_too_many_requests_end_it() -> None:
    def say(asked: Asked) -> bytes:
        if asked.path == "/.git/HEAD":
            return reply("doucement", status="429 Too Many Requests")
        return reply("<html>x</html>") if asked.path == "/" else ABSENT

    told, running = kept(say)
    assert told.asked == ("/.git/HEAD",)
    assert told.why["git"].startswith("rate-limited")
    assert told.why["status_pages"].startswith("rate-limited")
    assert running.targets[-1] == "/.git/HEAD"


def test_actuator_and_phpinfo_are_known_by_their_content() -> None:
    links = {"_links": {"self": {"href": "/"}, "health": {"href": "/"}, "heapdump": {}}}

    def java(asked: Asked) -> bytes:
        if asked.path == "/actuator":
            return reply(json.dumps(links), kind="application/json")
        page = reply("<html>x</html>", headers=("Set-Cookie: JSESSIONID=0123456789abcdef; Path=/",))
        return page if asked.path == "/" else ABSENT

    told, _ = kept(java)
    assert told.status_pages is not None
    assert [hit.shown for hit in told.status_pages] == ["health, heapdump"]

    def php(asked: Asked) -> bytes:
        if asked.path == "/phpinfo.php":
            return reply("<title>PHP 8.2.7 - phpinfo()</title><h1>PHP Version 8.2.7</h1>")
        page = reply("<html>x</html>", headers=("X-Powered-By: PHP/8.2.7",))
        return page if asked.path == "/" else ABSENT

    told, _ = kept(php)
    assert told.status_pages is not None
    assert [hit.shown for hit in told.status_pages] == ["phpinfo() 8.2.7"]


def test_a_backup_of_100_mb_is_not_downloaded() -> None:
    sent = 0

    def say(asked: Asked) -> object:
        if asked.path == "/backup.sql":
            return endless()
        return reply("<html>x</html>") if asked.path == "/" else ABSENT

    def endless() -> object:
        nonlocal sent
        yield b"HTTP/1.1 200 OK\r\nContent-Type: text/sql\r\nContent-Length: 104857600\r\n\r\n"
        block = b"-- MySQL dump 10.13\n" + b"x" * 65_516
        for _ in range(1_600):
            sent += len(block)
            yield block

    async def run(port: int) -> WebHygiene:
        made = visit(port)
        answer = Answer(
            target="/",
            status=200,
            headers=(("Content-Type", "text/html"),),
            body=b"<html>x</html>",
            cut=False,
        )
        async with Web(made) as web:
            return await look_after(hygiene.Pages(front=answer, answers=(answer,)), web, made)

    with saying(say) as running:  # type: ignore[arg-type]
        told = trio.run(run, running.port)
    assert told.backups is not None
    assert [(hit.path, hit.shown) for hit in told.backups] == [("/backup.sql", "MySQL dump")]
    assert sent < 20_000_000


# What pages tell


def answer(*cookies: str, body: str = "", status: int = 200, path: str = "/") -> Answer:
    return Answer(
        target=path,
        status=status,
        headers=tuple(("Set-Cookie", one) for one in cookies),
        body=body.encode(),
        cut=False,
    )


def test_cookies_are_told_by_their_attributes_never_their_values() -> None:
    told = cookies_of(
        [
            answer(
                "JSESSIONID=SECRETSECRET42; Path=/; Secure; HttpOnly; SameSite=Lax",
                "lang=fr",
                "csrftoken=SECRETSECRET43; secure",
                "webvpnlogin=1; secure",
                "gone=; Max-Age=0",
            ),
            answer("JSESSIONID=SECRETSECRET44"),
        ]
    )
    assert told[0] == CookieSet(
        name="JSESSIONID", secure=True, http_only=True, same_site="lax", session=True
    )
    assert [one.name for one in told] == ["JSESSIONID", "lang", "csrftoken", "webvpnlogin"]
    assert [one.session for one in told] == [True, False, False, False]
    assert b"SECRET" not in msgspec.json.encode(told)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<img src='http://a.example/x.png'>", [("img", "a.example")]),
        ("<form action=http://b.example/login>", [("form", "b.example")]),
        ('<link rel="stylesheet" href="http://c.example/s.css">', [("link", "c.example")]),
        ('<link rel="canonical" href="http://c.example/">', []),
        ("<a href='http://d.example/'>lien</a>", []),
        ("<!-- <script src='http://e.example/'></script> -->", []),
        ("<script src='https://f.example/'></script>", []),
        ("<img src='http://[::zz/x'>", []),
    ],
)
def test_parts_in_clear(page: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.tag, one.host) for one in clear_parts_of(page)] == expected


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>Index of /</title><a href='../'>../</a>", "Index of /"),
        (
            "<title>Directory listing for /</title><ul><li><a href='x'>x</a>",
            "Directory listing for /",
        ),
        ("<title>chu - /</title><pre><A HREF='/'>[To Parent Directory]</A>", "chu - /"),
        ("<title>Index of /</title><p>Un article sur les index</p>", ""),
        ("<title>Accueil</title><a href='../'>retour</a>", ""),
    ],
)
def test_listings(page: str, title: str) -> None:
    assert listing_of(page) == title


def test_security_txt() -> None:
    body = "# RSSI\r\nContact: mailto:rssi@chu.example\r\nExpires: 2027-03-01T10:00:00z\r\n"
    told = read_security_txt(answer(body=body, path="/.well-known/security.txt"))
    assert told.path == "/.well-known/security.txt"
    assert told.expires == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert read_security_txt(answer(body="<html>Contact: nous</html>")).path == ""
    assert read_security_txt(answer(body=body, status=404)).path == ""
    far = read_security_txt(answer(body="Contact: tel:1\nExpires: 9999-12-31T23:59:59-14:00\n"))
    assert far.path
    undated = read_security_txt(answer(body="Contact: https://a/\nExpires: demain, ou presque\n"))
    assert undated.path
    assert undated.expires is None


@given(st.binary(max_size=4_000))
def test_any_bytes_are_read(body: bytes) -> None:
    text = body.decode("latin-1")
    clear_parts_of(text)
    listing_of(text)
    read_security_txt(answer(body=text))
    cookies_of([answer(text)])
    for shows in (hygiene._git, hygiene._nginx, hygiene._apache, hygiene._phpinfo, hygiene._backup):
        shows(body)
    hygiene._actuator(body)


@pytest.mark.parametrize(
    "unit",
    ["<img ", "<img src=", "href=http://", "<meta ", "<script src='http://", "http-equiv=", "a=b;"],
)
def test_long_repetition_costs_no_more_than_its_length(unit: str) -> None:
    text = unit * (262_144 // len(unit))
    clear_parts_of(text)
    listing_of(text)
    cookies_of([answer(text[:2_048])])
    hygiene._META_POLICY.search(text)
    hygiene._META_REFRESH.search(text)


def test_gzip_and_dumps_are_backups_and_pages_are_not() -> None:
    assert hygiene._backup(gzip.compress(b"x")) == "gzip"
    assert hygiene._backup(b"-- PostgreSQL") == ""
    assert hygiene._backup(b"--\n-- PostgreSQL database dump\n") == "PostgreSQL database dump"
    assert hygiene._backup(b"<html>PK\x03\x04</html>") == ""


# Whether browsers heed HSTS


@pytest.mark.parametrize(
    ("change", "trusted"),
    [
        (lambda shown: shown, True),
        (lambda shown: msgspec.structs.replace(shown, trust=Trust.PRIVATE), False),
        (lambda shown: msgspec.structs.replace(shown, trust=Trust.DECLARED), True),
        (
            lambda shown: msgspec.structs.replace(
                shown, chain=(certificate(names=("autre.example",)),)
            ),
            False,
        ),
        (
            lambda shown: msgspec.structs.replace(
                shown,
                chain=(certificate(names=(_HOST,), not_after=shown.at - timedelta(days=1)),),
            ),
            False,
        ),
        (lambda shown: msgspec.structs.replace(shown, chain=(), why={"chain": "reset"}), None),
    ],
)
def test_hsts_rests_on_a_certificate_that_browsers_take(
    change: Callable[[object], object], trusted: bool | None
) -> None:
    shown = service(certificate(names=(_HOST,)))
    seen = WebHygiene(
        place=shown.place, at=shown.at, tls=True, host=_HOST, why={"trusted": "undetermined"}
    )
    told = trusted_for(seen, change(shown))  # type: ignore[arg-type]
    assert told.trusted is trusted
    assert ("trusted" in told.why) is (trusted is None)


def test_what_the_cap_keeps_from_being_verified_is_no_finding() -> None:
    def say(asked: Asked) -> bytes:
        if asked.path == "/":
            return reply("<html>x</html>")
        return reply(_HEAD) if asked.path == "/.git/HEAD" else ABSENT

    async def run(port: int) -> WebHygiene:
        made = visit(port)
        made.requests_left = 3
        measured = await PROBE.measure(made)
        assert measured is not None
        return next(one for one in measured.seen if isinstance(one, WebHygiene))

    with saying(say) as running:
        told = trio.run(run, running.port)
    assert told.git is None
    assert told.why["git"] == "request-limit"
