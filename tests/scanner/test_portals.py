"""The five portals, and what looks like them, through the whole HTTP probe."""

import pytest
import trio

from core.model import Confidence, Intensity
from core.observations.http import HttpService
from core.observations.product import ProductSeen
from scanner.probes.http import PROBE
from scanner.visit import Measured, Visit
from tests.scanner.visiting import visit
from tests.servers import web_lookalikes as lookalikes
from tests.servers.web_portals import PORTALS, Portal
from tests.servers.web_server import Running, saying


def probe(running: Running, **options: object) -> tuple[Measured, Visit]:
    made = visit(running.port, ip=running.ip, **options)  # type: ignore[arg-type]

    async def run() -> Measured | None:
        return await PROBE.measure(made)

    measured = trio.run(run)
    assert measured is not None
    return measured, made


@pytest.mark.parametrize("tls", [None, "vpn.chu.example"])
@pytest.mark.parametrize("product", PORTALS)
def test_names_each_portal_with_certainty(product: str, tls: str | None) -> None:
    with saying(PORTALS[product], tls=tls) as running:
        measured, made = probe(running, inside_tls=tls is not None)
    service = measured.service
    assert (service.product, service.confidence, service.portal, service.tls) == (
        product,
        Confidence.CERTAIN,
        True,
        tls is not None,
    )
    seen = next(seen for seen in measured.seen if isinstance(seen, ProductSeen))
    assert seen.portal
    assert len(seen.shown) >= 2
    assert seen.shown[0].text
    assert len(running.targets) == len(set(running.targets)) <= 12
    assert made.requests_left == 12 - len(running.targets)


@pytest.mark.parametrize("product", PORTALS)
def test_names_each_portal_within_four_requests(product: str) -> None:
    with saying(PORTALS[product], tls="vpn.chu.example") as running:
        made = visit(running.port, inside_tls=True, intensity=Intensity.DISCREET)
        made.requests_left = 4
        measured = trio.run(PROBE.measure, made)
    assert measured is not None
    assert measured.service.product == product
    assert measured.service.confidence >= Confidence.FIRM
    assert len(running.asked) <= 4


@pytest.mark.parametrize("product", PORTALS)
@pytest.mark.parametrize("intensity", [Intensity.DISCREET, Intensity.STANDARD])
def test_an_article_about_a_portal_is_no_portal(product: str, intensity: Intensity) -> None:
    with saying(lookalikes.article(product)) as running:
        measured, _ = probe(running, intensity=intensity)
    assert measured.service.product is None
    assert not measured.service.portal
    assert not [seen for seen in measured.seen if isinstance(seen, ProductSeen)]


@pytest.mark.parametrize(
    "said",
    [
        lookalikes.intranet,
        lookalikes.decoy,
        lookalikes.openconnect,
        lookalikes.any_page,
        lookalikes.elsewhere("https://vpn.autre.example/dana-na/auth/url_default/welcome.cgi"),
        lookalikes.elsewhere("https://vpn.autre.example/vpn/index.html"),
        lookalikes.elsewhere("https://vpn.autre.example/+CSCOE+/logon.html"),
    ],
)
def test_neighbours_of_portals_are_no_portals(said: Portal) -> None:
    with saying(said) as running:
        measured, _ = probe(running)
    assert measured.service.product is None
    assert not measured.service.portal
    assert len(running.targets) <= 12


def test_two_makes_at_once_are_never_certain() -> None:
    def both(asked: object) -> bytes:
        forti = PORTALS["fortinet_fortios"](asked)  # type: ignore[arg-type]
        said = PORTALS["paloalto_globalprotect"](asked)  # type: ignore[arg-type]
        return forti if said.startswith(b"HTTP/1.1 404") else said

    with saying(both) as running:
        measured, _ = probe(running)
    assert measured.service.confidence is Confidence.TENTATIVE
    seen = [seen for seen in measured.seen if isinstance(seen, ProductSeen)]
    assert all(one.contradicted_by for one in seen) or len(seen) == 1


def test_a_quiet_site_tells_its_facts() -> None:
    with saying(lookalikes.intranet) as running:
        measured, _ = probe(running, names=("www.chu.example",))
    http = next(seen for seen in measured.seen if isinstance(seen, HttpService))
    assert (http.status, http.title) == (200, "CHU d'Exemple")
    assert http.cookies == ("NSC_WT_intranet_443",)
    assert http.headers["server"] == "nginx"
    assert http.favicon_md5 is None
    assert http.why["favicon_md5"] == "not-offered"
    assert all(one.headers["host"] == f"www.chu.example:{running.port}" for one in running.asked)
    assert all("securite@grades.example" in one.headers["user-agent"] for one in running.asked)
    assert all(one.headers["accept-encoding"] == "identity" for one in running.asked)
    assert all(one.method == "GET" for one in running.asked)
