"""Feeds fetched from servers that speak the documented formats, and from servers that lie."""

import base64
import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import trio
import trustme

from core.errors import OutOfScope
from core.inventory import Establishment, Ght, Inventory, Services, TlsChoices
from core.knowledge.load import load_knowledge
from core.knowledge.model import Knowledge
from core.secrets import Secret
from inventories.feeds import PUBLIC, feed_addresses
from inventories.scope import ServiceScope
from tests.servers import feeds as made
from tests.servers.feeds import Makers, body, makers, status
from vigie.feed_client import Pace
from vigie.feed_update import Fetched, Update
from vigie.feeds import Shelf
from vigie.services import feed_client

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUICK = Pace(document_s=20, silence_s=10, again_s=0.01, most_scores=2)


@pytest.fixture
def server() -> Iterator[Makers]:
    with makers() as served:
        served.serve_all()
        yield served


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "feeds")


def _few() -> Knowledge:
    """Give the knowledge of one product: few slugs, few flaws."""
    whole = load_knowledge()
    products = tuple(one for one in whole.products if one.id == "fortinet_fortios")
    return Knowledge(
        compiled_on=whole.compiled_on,
        ports=(),
        extra_tcp=(),
        products=products,
        windows=whole.windows,
        care=(),
        care_disclaimer=whole.care_disclaimer,
    )


def inventory(feeds: str, **others: str) -> Inventory:
    return Inventory(
        path="",
        ght=Ght(id="ght", name="GHT"),
        establishments=(Establishment(id="chu", name="CHU"),),
        services=Services(others={"feeds": feeds, **others} if feeds else {}),
    )


def update(
    shelf: Shelf, asked: Inventory, *feeds: str, pace: Pace = QUICK, key: Secret | None = None
) -> dict[str, Fetched]:
    async def work() -> dict[str, Fetched]:
        async with feed_client(asked, pace) as client:
            addresses = feed_addresses(asked.services.others)
            job = Update(shelf, client, addresses, _few(), nvd_key=key, now=lambda: NOW)
            run = job.run(feeds) if feeds else job.run()
            return {one.feed: one async for one in run}

    return trio.run(work)


def faults(ended: Fetched) -> list[str]:
    return [fault.fault for fault in ended.faults]


def test_every_feed_is_fetched_and_loaded(server: Makers, shelf: Shelf) -> None:
    ended = update(shelf, inventory(server.address))
    assert {feed: faults(one) for feed, one in ended.items()} == {feed: [] for feed in PUBLIC}
    assert all(one.changed for one in ended.values())
    known = shelf.feeds(_few())
    assert known.kev[made.FORTIOS_2024].ransomware is True
    assert known.epss[made.FORTIOS_2024].score == 0.9241
    assert known.cvss[made.FORTIOS_2024].score == 9.8
    assert "7.4" in known.eol["fortios"]
    assert known.alerts[0].id == "CERTFR-2024-ALE-004"
    edition = known.edition("kev")
    assert edition is not None
    assert edition.sha256 == hashlib.sha256(made.kev()).hexdigest()
    assert edition.source.endswith(made.KEV_PATH)
    asked = {headers["User-Agent"] for _, headers in server.asked}
    assert asked == {"Vigie (feeds)"}


def test_what_did_not_change_is_not_sent_again(server: Makers, shelf: Shelf) -> None:
    update(shelf, inventory(server.address), "kev", "eol")
    server.asked.clear()
    ended = update(shelf, inventory(server.address), "kev", "eol")
    assert [one.changed or faults(one) for one in ended.values()] == [[], []]
    assert [headers["If-None-Match"] for _, headers in server.asked] == ['"kev-1"', '"eol-1"']
    # What was damaged since is asked for whole.
    card = shelf.card("kev")
    assert card is not None
    (shelf.folder / card.file).write_bytes(b"{}")
    assert update(shelf, inventory(server.address), "kev")["kev"].changed
    assert shelf.feeds(_few()).kev


def test_scores_of_products_come_a_few_at_a_time(server: Makers, shelf: Shelf) -> None:
    ended = update(shelf, inventory(server.address), "cvss")["cvss"]
    asked = [path for path in server.paths() if "cveId" in path]
    assert len(asked) == QUICK.most_scores
    assert ended.left > 0
    update(shelf, inventory(server.address), "cvss")
    asked = [path for path in server.paths() if "cveId" in path]
    assert len(set(asked)) == 2 * QUICK.most_scores
    assert len(shelf.feeds(_few()).cvss) == 1 + 2 * QUICK.most_scores


def test_the_key_of_the_nvd_goes_to_it_alone(
    server: Makers, shelf: Shelf, capfd: pytest.CaptureFixture[str]
) -> None:
    update(shelf, inventory(server.address), key=Secret("s3cret-key"))
    told = {path.split("?")[0] for path, headers in server.asked if "apiKey" in headers}
    assert told == {made.NVD_PATH}
    everything = "".join(path.read_text("latin-1") for path in shelf.folder.iterdir())
    assert "s3cret-key" not in everything + "".join(capfd.readouterr())


# Servers that lie: the feed that is present stays, the others go on.

_PRESENT = made.kev("2026-11-18")


def _hostile(server: Makers) -> dict[str, tuple[made.Answer, str]]:
    digest = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    bomb = gzip.compress(b" " * (40 << 20))
    packed = {"Content-Encoding": "gzip"}
    return {
        "cut": (made.cut(made.kev(), 100), "truncated"),
        "cut and announced so": (body(made.kev()[:100]), "truncated"),
        "html": (body(b"<html><body>Access Denied</body></html>"), "invalid"),
        "empty": (body(b""), "truncated"),
        "another feed": (body(made.eol()), "invalid"),
        "10 GB": (body(b"", headers={"Content-Length": str(10 << 30)}), "too-large"),
        "gzip bomb": (body(bomb, headers=packed), "too-large"),
        "bad gzip": (body(b"\x1f\x8b" + b"x" * 50, headers=packed), "invalid"),
        "unknown coding": (body(made.kev(), headers={"Content-Encoding": "br"}), "invalid"),
        "checksum": (body(made.kev(), headers={"Repr-Digest": f"sha-256=:{digest}:"}), "checksum"),
        "older checksum": (body(made.kev(), headers={"Digest": f"SHA-256={digest}"}), "checksum"),
        "older": (body(made.kev("2026-11-17")), "older"),
        "future": (body(made.kev("2027-11-17")), "future"),
        "elsewhere": (status(302, Location="http://127.0.0.2:9/kev.json"), "redirected"),
        "another port": (status(302, Location="http://127.0.0.1:9/kev.json"), "redirected"),
        "a file": (status(301, Location="file:///etc/passwd"), "redirected"),
        "no URL": (status(301, Location="http://[::1/"), "redirected"),
        "an account": (
            status(301, Location=server.address.replace("//", "//me:s3cret@") + "/x"),
            "redirected",
        ),
        "unasked 304": (status(304), "status"),
        "in a circle": (status(302, Location=made.KEV_PATH), "redirected"),
        "forbidden": (status(403), "status"),
        "down": (status(503), "status"),
        "slow": (made.dripping(server.stopped), "too-slow"),
    }


_KINDS = sorted(_hostile(Makers()))


@pytest.mark.parametrize("kind", _KINDS)
def test_a_bad_answer_leaves_the_present_feed(kind: str, server: Makers, shelf: Shelf) -> None:
    answer, fault = _hostile(server)[kind]
    shelf.keep("kev", _PRESENT, source="file:kev.json", now=NOW)
    server.answers[made.KEV_PATH] = answer
    pace = Pace(document_s=0.5 if kind == "slow" else 20, silence_s=10, tries=2, again_s=0.01)
    ended = update(shelf, inventory(server.address), "kev", "epss", pace=pace)
    assert faults(ended["kev"]) == [fault]
    assert shelf.read("kev") == _PRESENT
    assert ended["epss"].changed
    asked = server.paths().count(made.KEV_PATH)
    if fault in {"checksum", "status"} or kind == "cut":
        assert asked == (1 if kind in {"forbidden", "unasked 304"} else 2)
    assert asked <= 4


def test_a_catalogue_that_lost_entries_is_refused(server: Makers, shelf: Shelf) -> None:
    rows = [made.kev_row(f"CVE-2024-{number}") for number in range(10_000, 10_020)]
    shelf.keep("kev", made.kev("2026-11-18", rows), source="file:kev.json", now=NOW)
    server.answers[made.KEV_PATH] = body(made.kev(rows=rows[:15]))
    assert faults(update(shelf, inventory(server.address), "kev")["kev"]) == ["shrunk"]
    server.answers[made.KEV_PATH] = body(made.kev(rows=rows[:19]))
    assert update(shelf, inventory(server.address), "kev")["kev"].changed


def test_a_server_that_recovers_is_asked_again(server: Makers, shelf: Shelf) -> None:
    right = body(made.kev())
    server.answers[made.KEV_PATH] = made.in_turn(status(503, Retry_After="0"), right)
    assert update(shelf, inventory(server.address), "kev")["kev"].changed


def test_a_redirect_within_the_host_is_followed(server: Makers, shelf: Shelf) -> None:
    server.answers[made.KEV_PATH] = status(302, Location="/dated.json")
    server.answers["/dated.json"] = body(made.kev())
    assert update(shelf, inventory(server.address), "kev")["kev"].changed


def test_what_the_server_packs_is_unpacked(server: Makers, shelf: Shelf) -> None:
    packed = gzip.compress(made.kev())
    server.answers[made.KEV_PATH] = body(packed, headers={"Content-Encoding": "gzip"})
    assert update(shelf, inventory(server.address), "kev")["kev"].changed
    assert shelf.read("kev") == made.kev()


def test_a_tag_that_cannot_be_sent_back_is_forgotten(server: Makers, shelf: Shelf) -> None:
    for tag in ("\xe9\x80", "x" * 5000):
        server.answers[made.KEV_PATH] = body(made.kev(), etag=tag)
        for _ in range(2):
            assert faults(update(shelf, inventory(server.address), "kev")["kev"]) == []
    assert "If-None-Match" not in server.asked[-1][1]


def test_nobody_there(shelf: Shelf) -> None:
    ended = update(shelf, inventory("http://127.0.0.1:9"))
    assert {feed: faults(one) for feed, one in ended.items()} == {
        feed: ["unreachable"] for feed in PUBLIC
    }


def test_one_product_that_is_gone_leaves_the_others(server: Makers, shelf: Shelf) -> None:
    gone = f"{made.EOL_PATH}windows/"
    server.answers[gone] = status(404)
    ended = update(shelf, inventory(server.address), "windows")["windows"]
    assert (faults(ended), ended.changed) == (["status"], True)
    present = shelf.present("windows")
    assert present is not None
    assert b"windows-server" in present[1]


def test_a_product_that_answers_for_another_is_refused(server: Makers, shelf: Shelf) -> None:
    server.answers[f"{made.EOL_PATH}fortios/"] = body(made.eol("pan-os"))
    assert faults(update(shelf, inventory(server.address), "eol")["eol"]) == ["invalid"]
    assert shelf.present("eol") is None


# Who may be asked.


def test_without_its_key_nobody_is_asked(shelf: Shelf) -> None:
    with pytest.raises((OutOfScope, BaseExceptionGroup)) as refused:
        update(shelf, inventory(""))
    assert isinstance(refused.value, OutOfScope)
    assert refused.value.reason == "not-configured"


def test_true_stands_for_the_public_addresses_and_no_other() -> None:
    gate = ServiceScope(inventory("true"))
    gate.permit_service("feeds", "www.cisa.gov", 443)
    gate.permit_service("feeds", "services.nvd.nist.gov", 443)
    for host, port in (("www.cisa.gov", 80), ("cisa.gov", 443), ("www.cisa.gov.example", 443)):
        with pytest.raises(OutOfScope):
            gate.permit_service("feeds", host, port)
    assert "feeds" not in ServiceScope(inventory("")).kinds()


def test_a_mirror_stands_for_all_and_an_address_for_one() -> None:
    found = feed_addresses({"feeds": "https://m.example/x/", "feeds_epss": "https://e.example/e"})
    assert found["kev"] == f"https://m.example/x{made.KEV_PATH}"
    assert found["eol"] == f"https://m.example/x{made.EOL_PATH}"
    assert found["epss"] == "https://e.example/e"
    gate = ServiceScope(inventory("https://m.example/x/", feeds_epss="https://e.example/e"))
    gate.permit_service("feeds", "m.example", 443)
    gate.permit_service("feeds", "e.example", 443)
    with pytest.raises(OutOfScope):
        gate.permit_service("feeds", "www.cisa.gov", 443)


def test_a_proxy_is_used_when_it_is_named(server: Makers, shelf: Shelf) -> None:
    asked = inventory("http://127.0.0.9:8", feeds_proxy=server.address)
    server.answers["http://127.0.0.9:8" + made.KEV_PATH] = body(made.kev())
    server.answers[made.KEV_PATH] = body(made.kev())
    assert update(shelf, asked, "kev")["kev"].changed
    assert server.paths() == [f"http://127.0.0.9:8{made.KEV_PATH}"]


def test_a_mirror_behind_an_authority_of_ones_own(shelf: Shelf, tmp_path: Path) -> None:
    authority = trustme.CA()
    with makers(authority.issue_cert("127.0.0.1")) as secure:
        secure.serve_all()
        assert faults(update(shelf, inventory(secure.address), "kev")["kev"]) == ["unreachable"]
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        trusting = msgspec.structs.replace(
            inventory(secure.address), tls=TlsChoices(roots=(str(tmp_path / "ca.pem"),))
        )
        assert update(shelf, trusting, "kev")["kev"].changed


def test_the_environment_changes_nothing(
    server: Makers, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert update(shelf, inventory(server.address), "kev")["kev"].changed


def test_an_interrupted_update_keeps_what_was_there(server: Makers, shelf: Shelf) -> None:
    shelf.keep("kev", _PRESENT, source="file:kev.json", now=NOW)
    server.answers[made.KEV_PATH] = made.dripping(server.stopped)

    async def interrupted() -> None:
        asked = inventory(server.address)
        with trio.move_on_after(0.3):
            async with feed_client(asked, QUICK) as client:
                addresses = feed_addresses(asked.services.others)
                async for _ in Update(shelf, client, addresses, _few()).run(("kev",)):
                    pass

    trio.run(interrupted)
    assert shelf.read("kev") == _PRESENT
