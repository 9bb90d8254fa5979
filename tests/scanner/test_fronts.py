"""What answers in the place of a server is told for itself; decoys are told as what they are."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.load import load_knowledge
from core.knowledge.model import FrontSign
from core.knowledge.vetting import faults_of
from core.model import Confidence, Flagged, NotMeasured
from core.observations.base import Observation
from core.observations.front import FrontSeen
from core.observations.product import ProductSeen
from scanner.fronts import FrontShown, fronts_of
from scanner.probes.http import PROBE
from scanner.products import Page, name_service
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.visiting import visit
from tests.servers import web_lookalikes as lookalikes
from tests.servers.web_server import Asked, Running, reply, saying

_FRONTS = load_knowledge().fronts
_Seen = TypeVar("_Seen", bound=Observation)


def _told(
    *headers: str, status: int = 200, title: str = "", text: str = "", cookies: tuple[str, ...] = ()
) -> dict[str, FrontShown]:
    page = Page(path="/", status=status, headers=headers, title=title, text=text, cookies=cookies)
    return {one.front.id: one for one in fronts_of((page,), _FRONTS)}


@pytest.mark.parametrize(
    ("front", "headers"),
    [
        ("cloudflare", ("Cf-Ray: 8f0a1b2c3d4e5f60-CDG", "Server: cloudflare")),
        ("cloudfront", ("X-Amz-Cf-Id: ZtV0aBcDeFgHiJkLmNoPqRsTuVwXyZ==", "X-Amz-Cf-Pop: CDG52-P1")),
        ("fastly", ("X-Served-By: cache-cdg-lfpg1960032-CDG", "X-Fastly-Request-Id: 0123456789ab")),
        ("akamai", ("Server: AkamaiGHost", "Akamai-Grn: 0.a1b2c3d4.1700000000.1234abcd")),
        ("imperva", ("X-Cdn: Imperva", "X-Iinfo: 10-123456-123457 NNNN CT(1 2 0)")),
        ("sucuri", ("Server: Sucuri/Cloudproxy", "X-Sucuri-Id: 18005")),
    ],
)
def test_two_marks_make_it_certain_one_makes_it_firm(front: str, headers: tuple[str, str]) -> None:
    told = _told(*headers)
    assert set(told) == {front}
    assert told[front].confidence is Confidence.CERTAIN
    assert not told[front].own_page
    assert _told(headers[0])[front].confidence is Confidence.FIRM


@pytest.mark.parametrize(
    ("front", "header"),
    [
        ("azure_front_door", "X-Azure-Ref: 20260101T000000Z-abcdef"),
        ("ovh_cdn", "X-Cdn-Pop: rbx1"),
        ("google_cloud_cdn", "Via: 1.1 google"),
        ("f5_distributed_cloud", "Server: volt-adc"),
    ],
)
def test_those_with_one_mark(front: str, header: str) -> None:
    assert {key: one.confidence for key, one in _told(header).items()} == {front: Confidence.FIRM}


def test_a_cookie_is_told_by_its_name_alone() -> None:
    told = _told(cookies=("visid_incap_2871234=s3cr3t",))
    assert told["imperva"].shown == ("visid_incap_2871234",)


@pytest.mark.parametrize(
    "page",
    [
        {"text": "Nous sommes protégés par Cloudflare, Imperva et BunkerWeb."},
        {"title": "Just a moment..."},
        {"text": "Voir https://www.bunkerweb.io et Condition Intercepted"},
        {"text": "Server: cloudflare"},
        {"text": "Voir BunkerWeb", "status": 404},
    ],
)
def test_a_page_that_quotes_them_is_none(page: dict[str, object]) -> None:
    assert _told("Server: nginx", **page) == {}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        "Server: cloudflare-like",
        "Via: 1.1 varnish",
        "X-Served-By: web01",
        "X-Served-By: cache-paris-01",
        "X-Cache: HIT from proxy",
    ],
)
def test_other_proxies_are_none(header: str) -> None:
    assert _told(header) == {}


def test_own_pages_are_told_apart_from_what_passes_through() -> None:
    assert _told("Cf-Mitigated: challenge", "Server: cloudflare", status=403)["cloudflare"].own_page
    assert _told("Server: AkamaiGHost", status=403)["akamai"].own_page
    assert not _told("Server: AkamaiGHost", status=301)["akamai"].own_page
    low = _told(status=403, text='<a href="https://www.bunkerweb.io">')["bunkerweb"]
    assert (low.own_page, low.confidence) == (True, Confidence.TENTATIVE)


def test_a_page_behind_a_redirect_is_the_one_that_counts() -> None:
    marks = ("Server: cloudflare", "Cf-Mitigated: challenge")
    moved = Page(path="/", status=301, headers=marks[:1])
    refusal = Page(path="/login", status=403, headers=marks)
    (told,) = fronts_of((moved, refusal), _FRONTS)
    assert told.own_page
    (told,) = fronts_of((Page(path="/", status=200, headers=marks[:1]), refusal), _FRONTS)
    assert not told.own_page, "another path was refused, the service itself was seen"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": "No id"}, "no id"),
        ({"kind": "proxy"}, "unknown kind"),
        ({"confidence": "sure"}, "unknown confidence"),
        ({"sources": ()}, "no source"),
        ({"signals": (), "pages": ()}, "no sign"),
        ({"signals": (FrontSign(kind="banner", match="abc"),)}, "unknown kind of sign"),
        ({"signals": (FrontSign(kind="header", match="(a+)+$"),)}, "repeated group"),
    ],
)
def test_faults_of_the_data_are_named(changes: dict[str, object], fault: str) -> None:
    broken = msgspec.structs.replace(_FRONTS[0], **changes)
    knowledge = msgspec.structs.replace(load_knowledge(), fronts=(broken,))
    assert any(fault in told and where == "fronts.toml" for told, where in faults_of(knowledge))


_PAGES = st.lists(
    st.builds(
        Page,
        path=st.just("/"),
        status=st.integers(100, 599),
        headers=st.lists(st.text(max_size=60)).map(tuple),
        cookies=st.lists(st.text(max_size=60)).map(tuple),
        title=st.text(max_size=60),
        text=st.text(max_size=200),
    ),
    max_size=4,
)


@given(_PAGES)
def test_telling_is_total(pages: list[Page]) -> None:
    for one in fronts_of(tuple(pages), _FRONTS):
        assert one.shown
        assert all(len(text) <= 120 for text in one.shown)


def _measure(say: Callable[[Asked], bytes]) -> tuple[Measured, Running]:
    with saying(say) as running:
        measured = trio.run(PROBE.measure, visit(running.port))
    assert measured is not None
    return measured, running


def _of(measured: Measured, family: type[_Seen]) -> list[_Seen]:
    return [one for one in measured.seen if isinstance(one, family)]


def test_the_service_behind_is_told_as_not_measured() -> None:
    measured, running = _measure(
        lambda asked: reply(
            "<title>Accueil</title>", headers=("CF-RAY: 8f0a1b2c3d4e5f60-CDG", "Server: cloudflare")
        )
    )
    (seen,) = _of(measured, FrontSeen)
    assert (seen.front, seen.own_page) == ("cloudflare", False)
    told, hidden = judge("host.front", seen)
    assert isinstance(told, Flagged)
    assert hidden == NotMeasured(measured.service.place, "behind-front")
    assert len(running.asked) <= 12


def test_no_product_is_certain_behind_a_page_of_the_front() -> None:
    def say(asked: Asked) -> bytes:
        marks = ("Server: cloudflare", "Cf-Mitigated: challenge")
        if asked.path == "/":
            body = "<title>Just a moment...</title>"
            return reply(body, status="403 Forbidden", headers=(*marks, "X-Jenkins: 2.440"))
        return reply("", status="403 Forbidden", headers=(*marks, "X-Jenkins: 2.440"))

    measured, _ = _measure(say)
    assert [one.own_page for one in _of(measured, FrontSeen)] == [True]
    assert all(one.confidence < Confidence.CERTAIN for one in _of(measured, ProductSeen))
    if measured.service.product:
        assert measured.service.confidence < Confidence.CERTAIN


def test_a_decoy_is_told_and_is_no_product() -> None:
    with saying(lookalikes.decoy) as running:
        measured = trio.run(PROBE.measure, visit(running.port))
    assert measured is not None
    assert measured.service.product is None
    assert len(measured.service.imitates) >= 3
    assert _of(measured, ProductSeen) == []
    (told,) = judge("host.honeypot-like", measured.service)
    assert isinstance(told, Flagged)
    assert name_service(measured.service, load_knowledge().products)[0].product is None
