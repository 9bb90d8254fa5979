"""How signals are weighed, and that cost follows what was seen."""

import itertools
import time
from pathlib import Path

import msgspec
import pytest
import trio
import trustme
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.load import load_knowledge
from core.knowledge.model import Product, Signal
from core.model import Confidence, Criticality, Wording
from core.observations.product import ProductSeen
from scanner.probes.http import PROBE
from scanner.products import Clues, Index, Match, Page, index_of
from tests.scanner.visiting import visit
from tests.servers.real import free_port, need, serving
from tests.servers.web_admin import ADMIN
from tests.servers.web_server import ABSENT, reply, saying


def product(id_: str, *signals: Signal, vendor: str = "A", confidence: str = "high") -> Product:
    return Product(
        id=id_,
        vendor=vendor,
        name=id_,
        category="vpn_ssl",
        portal=True,
        criticality=Criticality.MEDIUM,
        signals=signals,
        advice=Wording("fr", "en"),
        confidence=confidence,
    )


def signal(
    match: str, strength: str, kind: str = "http_title", path: str = "/", **more: str
) -> Signal:
    return Signal(kind=kind, path=path, match=match, strength=strength, **more)


def told(clues: Clues, *products: Product) -> list[tuple[str, Confidence | None]]:
    return [(match.product.id, match.confidence) for match in Index(products).match(clues)]


FRONT = Clues(pages=(Page(path="/", status=200, title="ACME gate", headers=("Server: acme",)),))


@pytest.mark.parametrize(
    ("strengths", "confidence"),
    [
        (("weak", "weak"), None),
        (("medium", "weak"), Confidence.TENTATIVE),
        (("medium", "medium"), Confidence.TENTATIVE),
        (("strong",), Confidence.FIRM),
        (("strong", "weak"), Confidence.FIRM),
        (("strong", "medium"), Confidence.CERTAIN),
        (("strong", "strong"), Confidence.CERTAIN),
    ],
)
def test_weights(strengths: tuple[str, ...], confidence: Confidence | None) -> None:
    kinds = (("http_title", "ACME"), ("http_header", "Server: acme"))
    signals = [signal(kinds[n][1], strength, kinds[n][0]) for n, strength in enumerate(strengths)]
    assert told(FRONT, product("acme", *signals)) == [("acme", confidence)]


def test_two_signals_of_one_kind_at_one_place_count_once() -> None:
    twice = product("acme", signal("ACME", "strong"), signal("gate", "strong"))
    assert told(FRONT, twice) == [("acme", Confidence.FIRM)]


@pytest.mark.parametrize(
    ("kept", "confidence"),
    [("high", Confidence.CERTAIN), ("medium", Confidence.FIRM), ("low", Confidence.TENTATIVE)],
)
def test_what_we_know_badly_is_said_softly(kept: str, confidence: Confidence) -> None:
    signals = (signal("ACME", "strong"), signal("Server: acme", "strong", "http_header"))
    assert told(FRONT, product("acme", *signals, confidence=kept)) == [("acme", confidence)]


def test_two_makes_contradict_each_other_and_three_are_a_decoy() -> None:
    makes = [
        product(
            f"p{vendor}",
            signal("ACME", "strong"),
            signal("Server: acme", "strong", "http_header"),
            vendor=vendor,
        )
        for vendor in "ABC"
    ]
    two = Index(makes[:2]).match(FRONT)
    assert {match.confidence for match in two} == {Confidence.TENTATIVE}
    assert [match.contradicted_by for match in two] == [("pB",), ("pA",)]
    assert not any(match.is_decoy for match in two)
    assert all(match.is_decoy for match in Index(makes).match(FRONT))


def test_a_page_that_every_path_gives_shows_nothing() -> None:
    one = product("one", signal("Welcome", "strong", path="/one"), vendor="A")
    two = product("two", signal("other", "strong", path="/two"), vendor="B")

    def page(path: str, digest: str) -> Page:
        return Page(path=path, status=200, title="Welcome", digest=digest)

    same = Clues(pages=(page("/one", "d"), page("/two", "d")))
    assert told(same, one, two) == []
    apart = Clues(pages=(page("/one", "d"), page("/two", "e")))
    assert told(apart, one, two) == [("one", Confidence.FIRM)]


def test_an_error_page_shows_nothing_at_a_path() -> None:
    one = product("one", signal("Welcome", "strong", path="/one"))
    lost = Clues(pages=(Page(path="/one", status=404, title="Welcome"),))
    assert told(lost, one) == []


def test_certificates_icons_and_banners_count() -> None:
    clues = Clues(tls_subject="C=US, O=Acme, CN=gate", favicon_mmh3=-7, banner="ACME ready")
    acme = product(
        "acme",
        signal("O=Acme", "strong", "tls_subject"),
        signal("-7", "strong", "favicon_mmh3", match_type="equals"),
        signal("^ACME ", "medium", "banner", match_type="regex"),
    )
    (match,) = Index([acme]).match(clues)
    assert match.confidence is Confidence.CERTAIN
    assert [shown.strength for shown in match.shown] == ["strong", "strong", "medium"]
    assert not match.shows_portal


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [
        ("CN=FGT60F,OU=FortiGate,O=Fortinet,C=US", "fortinet_fortios"),
        ("C=US, O=Fortinet, OU=FortiGate, CN=FGT60F", "fortinet_fortios"),
        ("CN=default,OU=NS Internal,O=Citrix ANG,C=US", "citrix_netscaler"),
        ("CN=ASA Temporary Self Signed Certificate", "cisco_asa_ftd"),
        ("1.2.840.113549.1.9.1=x,O=VMware\\, Inc.,C=US", "vmware_esxi"),
        ("CN=vpn.chu.example,O=Fortinet et compagnie", None),
        ("CN=OU=FortiGate x", None),
    ],
)
def test_factory_certificates(subject: str, wanted: str | None) -> None:
    matches = index_of(load_knowledge().products).match(Clues(tls_subject=subject))
    assert [match.product.id for match in matches if match.confidence] == [wanted] * bool(wanted)


def test_the_index_is_made_once_per_catalogue() -> None:
    known = load_knowledge().products
    assert index_of(known) is index_of(known)
    assert index_of(known).portal_paths()


@given(
    st.text(max_size=400),
    st.lists(st.text(max_size=80), max_size=4),
    st.integers(100, 599),
    st.sampled_from(["/", "/remote/login", "/vpn/index.html", "/x"]),
)
def test_takes_anything(text: str, lines: list[str], status: int, path: str) -> None:
    page = Page(
        path=path,
        status=status,
        headers=tuple(lines),
        cookies=tuple(lines),
        redirect=text,
        title=text,
        text=text,
        scripts=text,
        assets=tuple(lines),
        digest="d",
    )
    clues = Clues(pages=(page,), favicon_md5=text, tls_subject=text, banner=text, handshake=text)
    for match in index_of(load_knowledge().products).match(clues):
        assert isinstance(match, Match)
        assert all(shown.text.isprintable() for shown in match.shown)


def test_cost_grows_slower_than_the_catalogue() -> None:
    known = load_knowledge().products
    numbers = itertools.count()

    def grown(factor: int) -> Index:
        more = [
            msgspec.structs.replace(
                one,
                id=f"x{next(numbers)}",
                signals=tuple(
                    msgspec.structs.replace(each, path=f"{each.path}-{next(numbers)}")
                    if each.path not in {"/", "*"}
                    else each
                    for each in one.signals
                ),
            )
            for _ in range(factor - 1)
            for one in known
        ]
        return Index([*known, *more])

    page = Page(
        path="/", status=200, title="Site", text="x" * 200_000, headers=("Server: nginx",) * 8
    )
    clues = Clues(pages=(page, Page(path="/remote/login", status=200, text="y" * 200_000)))

    def cost(index: Index) -> float:
        started = time.process_time()
        for _ in range(20):
            index.match(clues)
        return time.process_time() - started

    small, large = grown(1), grown(10)
    cost(small)
    assert cost(large) < 10 * cost(small) + 0.05


# Administration pages, and a real server that is close to one of the portals


@pytest.mark.parametrize("wanted", ADMIN)
def test_names_each_administration_page(wanted: str) -> None:
    with saying(ADMIN[wanted]) as running:
        measured = trio.run(PROBE.measure, visit(running.port))
    assert measured is not None
    assert measured.service.product == wanted
    assert measured.service.confidence >= Confidence.FIRM
    assert not measured.service.portal
    assert any(isinstance(seen, ProductSeen) and seen.admin for seen in measured.seen)


@pytest.mark.parametrize("wanted", ADMIN)
def test_a_page_about_administration_is_none(wanted: str) -> None:
    page = (
        f"<html><head><title>Wiki : {wanted}, iLO 5, pfSense - Login, iDRAC</title></head></html>"
    )
    with saying(lambda asked: reply(page) if asked.path == "/" else ABSENT) as running:
        measured = trio.run(PROBE.measure, visit(running.port))
    assert measured is not None
    assert measured.service.product is None


def test_a_certificate_alone_names_a_backup_server() -> None:
    with saying(lambda asked: ABSENT) as running:
        made = visit(running.port)
        made.tls_subject = "CN=Veeam Backup Server Certificate"
        measured = trio.run(PROBE.measure, made)
    assert measured is not None
    assert (measured.service.product, measured.service.confidence) == ("veeam_vbr", Confidence.FIRM)


@pytest.mark.real
def test_ocserv_is_not_taken_for_cisco(tmp_path: Path) -> None:
    ocserv = need("ocserv")
    port = free_port()
    issued = trustme.CA().issue_cert("vpn.chu.example")
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(str(tmp_path / "cert.pem"), append=True)
    (tmp_path / "passwd").write_text("")
    (tmp_path / "conf").write_text(
        f'auth = "plain[passwd={tmp_path}/passwd]"\ntcp-port = {port}\nlisten-host = 127.0.0.1\n'
        f"server-cert = {tmp_path}/cert.pem\nserver-key = {tmp_path}/key.pem\n"
        f"socket-file = {tmp_path}/socket\nisolate-workers = false\ndevice = vigie\n"
        "ipv4-network = 10.199.0.0\nipv4-netmask = 255.255.255.0\nmax-clients = 4\n"
    )
    with serving([ocserv, "-f", "-d", "1", "-c", str(tmp_path / "conf")], port):
        made = visit(port, inside_tls=True)
        measured = trio.run(PROBE.measure, made)
    assert measured is not None
    assert measured.service.product == "ocserv"
    assert measured.service.portal
