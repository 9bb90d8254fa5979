"""Registries asked on loopback: those that refer to others, that refuse, that lie."""

import json
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from core.inventory import Ght, Inventory, Services
from tests.on_trio import on_trio
from tests.servers.name_services import Web, domain, entity, network, send, web
from vigie.rdap_client import RdapClient
from vigie.service_http import Pace, ServiceHttp

QUICK = Pace(document_s=20, silence_s=10, again_s=0.01, longest_wait_s=0.2, tries=2)
IP = "198.51.100.7"
ANSWER = network("198.51.100.0", "198.51.100.255", entity("registrant", "O-1", name="Exemple SAS"))


@pytest.fixture
def registry() -> Iterator[Web]:
    with web() as served:
        yield served


@pytest.fixture
def other() -> Iterator[Web]:
    with web(host="127.0.0.2") as served:
        yield served


async def _literal(host: str) -> str:
    return host


class At:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def client(*bases: str, folder: Path | None = None, now: At | None = None) -> RdapClient:
    inventory = Inventory(
        path="x", ght=Ght(id="g", name="g"), establishments=(), services=Services(rdap=bases)
    )
    return RdapClient(
        inventory, ServiceHttp(inventory, "rdap", _literal, pace=QUICK), folder, now or At()
    )


def serve(served: Web, path: str, answer: object) -> None:
    served.text(path, json.dumps(answer).encode(), kind="application/rdap+json")


@on_trio
async def test_a_contact_that_no_header_can_carry_stops_nothing(registry: Web) -> None:
    serve(registry, f"/ip/{IP}", ANSWER)
    services = Services(rdap=(registry.address,), operator="équipe\n")
    inventory = Inventory(path="x", ght=Ght(id="g", name="g"), establishments=(), services=services)
    told = await RdapClient(
        inventory, ServiceHttp(inventory, "rdap", _literal, pace=QUICK), None, At()
    ).network(IP)
    assert told.network is not None


@on_trio
async def test_one_answer_serves_its_range(registry: Web, tmp_path: Path) -> None:
    serve(registry, f"/ip/{IP}", ANSWER)
    at = At()
    asking = client(registry.address, folder=tmp_path / "rdap", now=at)
    told = await asking.network(IP)
    assert told.network is not None
    assert (told.network.holder, told.source, told.why) == ("Exemple SAS", "127.0.0.1", "")
    assert (await asking.network("198.51.100.200")).network == told.network
    assert registry.asked == [f"/ip/{IP}"]
    (file,) = (tmp_path / "rdap").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Another run, days later, asks nobody; after a month it does, and says so when it fails.
    at.now += timedelta(days=20)
    later = client(registry.address, folder=tmp_path / "rdap", now=at)
    told = await later.network("198.51.100.9")
    assert (told.told_on, told.why, len(registry.asked)) == (date(2026, 11, 22), "", 1)
    at.now += timedelta(days=20)
    told = await later.network("198.51.100.9")
    assert told.network is not None
    assert (told.why, len(registry.asked)) == ("kept-answer", 2)


@on_trio
async def test_a_referral_is_followed_to_a_configured_host(registry: Web, other: Web) -> None:
    registry.redirect(f"/ip/{IP}", f"{other.address}/registry/ip/{IP}")
    serve(other, f"/registry/ip/{IP}", ANSWER)
    told = await client(registry.address, other.address).network(IP)
    assert told.network is not None
    assert told.source == "127.0.0.2"


@on_trio
async def test_a_referral_elsewhere_is_named_and_not_followed(registry: Web, other: Web) -> None:
    registry.redirect(f"/ip/{IP}", f"{other.address}/ip/{IP}")
    told = await client(registry.address).network(IP)
    assert (told.network, told.why, other.asked) == (None, "redirected: 127.0.0.2", [])
    for location in (
        "https://rdap.autre.example/ip/1",
        "//rdap.autre.example/ip/1",
        "http://rdap.autre.example:99999/",
        "javascript:alert(1)",
        "http://127.0.0.1@rdap.autre.example/",
        "http://[::1",
        "\x7f",
    ):
        registry.redirect(f"/ip/{IP}", location)
        told = await client(registry.address).network(IP)
        assert told.network is None
        assert told.why.startswith(("redirected", "not-registered", "protocol-error")), location
        assert "@" not in told.why


@on_trio
async def test_loops_end(registry: Web) -> None:
    registry.redirect(f"/ip/{IP}", f"/ip/{IP}")
    assert (await client(registry.address).network(IP)).why == "redirected: 127.0.0.1"

    def onward(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", f"/ip/{IP}?{len(registry.asked)}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    registry.asked.clear()
    registry.answers[f"/ip/{IP}"] = onward
    assert (await client(registry.address).network(IP)).why == "redirected"
    assert len(registry.asked) == 5


@on_trio
async def test_registries_are_asked_in_turn(registry: Web, other: Web) -> None:
    serve(registry, f"/ip/{IP}", network("0.0.0.0", "255.255.255.255"))
    serve(other, f"/ip/{IP}", ANSWER)
    told = await client(registry.address, other.address).network(IP)
    assert told.network is not None
    assert (await client(registry.address).network(IP)).why == "not-registered"
    assert (await client(registry.address).network("203.0.113.1")).why == "not-registered"


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"<html>", 200, "protocol-error"),
        (b"", 429, "rate-limited"),
        (b"", 403, "protocol-error: HTTP 403"),
        (b"{}", 404, "not-registered"),
        (b"[" * 100_000, 200, "protocol-error"),
        (b"{" + b" " * (3 << 20), 200, "gave-up"),
    ],
)
def test_what_is_no_answer(registry: Web, body: bytes, status: int, why: str) -> None:
    @on_trio
    async def asked() -> None:
        registry.text(f"/ip/{IP}", body, status=status)
        told = await client(registry.address).network(IP)
        assert (told.network, told.why) == (None, why)

    asked()


@on_trio
async def test_a_registry_that_always_says_too_many_is_left_alone(registry: Web) -> None:
    registry.answers.update(
        {f"/ip/198.51.{third}.1": lambda handler: send(handler, b"", 429) for third in range(9)}
    )
    asking = client(registry.address)
    whys = {(await asking.network(f"198.51.{third}.1")).why for third in range(9)}
    assert whys == {"rate-limited"}
    assert len(registry.asked) == 2


@on_trio
async def test_domains(registry: Web, other: Web, tmp_path: Path) -> None:
    serve(other, "/domain/chu.example", domain("chu.example", "2027-03-01T00:00:00Z"))
    at = At()
    asking = client(registry.address, other.address, folder=tmp_path, now=at)
    told = await asking.domain("chu.example")
    assert told.domain is not None
    assert (told.domain.expires_on, told.source, told.told_on) == (
        date(2027, 3, 1),
        "127.0.0.2",
        None,
    )
    registry.asked.clear()
    serve(other, "/domain/ch.example", domain("ch.example"))
    assert (await asking.domain("ch.example")).domain is not None
    assert registry.asked == [], "the registry that knew the last one is asked first"
    assert (await asking.domain("absent.example")).why == "not-registered"
    told = await asking.domain("chu.example")
    assert told.told_on == date(2026, 11, 22)
    at.now += timedelta(days=2)
    other.answers.clear()
    other.text("/domain/chu.example", b"", status=500)
    told = await asking.domain("chu.example")
    assert told.domain is not None
    assert (told.why, told.told_on) == ("kept-answer", date(2026, 11, 22))
