"""Which version a service tells, how sure, and what is asked for it."""

import msgspec
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.load import load_knowledge
from core.knowledge.model import Product, Reading, Signal
from core.model import Confidence, Criticality, Intensity, Place, Transport, Wording
from core.observations.product import ProductSeen
from core.observations.service import Service
from scanner.probes.http import PROBE
from scanner.products import Clues, Index, Page, Question, Read, index_of, name_service
from tests.checks.judging import judge
from tests.observing import observations
from tests.scanner.visiting import visit
from tests.servers.web_server import ABSENT, Asked, reply, saying

TITLE = Signal(kind="http_title", match="Gate", match_type="equals", strength="strong")
HEADER = Reading(kind="http_header", match=r"^Server: Gate/(\d{1,2}\.\d{1,2})")
OWN = Reading(kind="http_body", path="/api/info?all=1", match=r'"build":"(\d{1,9})"', gives="build")
POSTED = Reading(
    kind="http_body",
    path="/api/rpc",
    match=r'"version":"(\d{1,2}\.\d{1,2}\.\d{1,2})"',
    body='{"ask":"version"}',
    content_type="application/json",
)
FRONT = Page(path="/", status=200, title="Gate", headers=("Server: Gate/7.4",))


def product(*readings: Reading, id_: str = "gate", vendor: str = "A", **more: object) -> Product:
    made = Product(
        id=id_,
        vendor=vendor,
        name=id_,
        category="vpn_ssl",
        portal=False,
        criticality=Criticality.MEDIUM,
        signals=(TITLE,),
        advice=Wording("fr", "en"),
        readings=readings,
    )
    return msgspec.structs.replace(made, **more)


def read(one: Product, *pages: Page, others: tuple[Product, ...] = ()) -> Read | None:
    index = Index((one, *others))
    clues = Clues(pages=pages)
    match = next(each for each in index.match(clues) if each.product.id == one.id)
    return index.read(match, clues)


def test_shows_where_it_was_read() -> None:
    found = read(product(HEADER), FRONT)
    assert found is not None
    assert (found.version, found.gives, found.confidence) == ("7.4", "version", Confidence.CERTAIN)
    assert (found.shown.kind, found.shown.text) == ("http_header", "Server: Gate/7.4")


def test_nothing_is_read_where_nothing_is_told() -> None:
    assert read(product(), FRONT) is None
    assert read(product(OWN), FRONT) is None
    assert read(product(HEADER), msgspec.structs.replace(FRONT, headers=())) is None


def test_groups_are_joined_and_tables_are_closed() -> None:
    split = Reading(kind="http_title", match=r"^(G)(a)te$")
    assert getattr(read(product(split), FRONT), "version", None) == "G.a"
    table = Reading(kind="http_title", match="^(Gate)$", table={"Gate": "9.1"})
    assert getattr(read(product(table), FRONT), "version", None) == "9.1"
    unknown = msgspec.structs.replace(table, table={"Door": "9.1"})
    assert read(product(unknown), FRONT) is None


def test_a_whole_version_comes_before_a_branch() -> None:
    branch = Reading(kind="http_title", match="^(Gate)$", table={"Gate": "7"}, gives="branch")
    found = read(product(branch, HEADER), FRONT)
    assert found is not None
    assert (found.version, found.gives) == ("7.4", "version")
    alone = read(product(branch), FRONT)
    assert alone is not None
    assert (alone.version, alone.gives) == ("7", "branch")


def test_readings_that_disagree_are_tentative() -> None:
    other = Reading(kind="http_title", match="^(Gate)$", table={"Gate": "6.0"})
    found = read(product(HEADER, other), FRONT)
    assert found is not None
    assert found.confidence is Confidence.TENTATIVE
    shorter = Reading(kind="http_title", match="^(Gate)$", table={"Gate": "7.4.3"})
    agreed = read(product(HEADER, shorter), FRONT)
    assert agreed is not None
    assert agreed.confidence is Confidence.CERTAIN
    unsure = read(product(msgspec.structs.replace(HEADER, confidence="medium")), FRONT)
    assert unsure is not None
    assert unsure.confidence is Confidence.FIRM


def test_a_contradicted_product_has_no_sure_version() -> None:
    rival = product(id_="rival", vendor="B")
    found = read(product(HEADER), FRONT, others=(rival,))
    assert found is not None
    assert found.confidence is Confidence.TENTATIVE


@pytest.mark.parametrize(
    ("status", "digest"), [(404, "d"), (200, "same")], ids=["absent", "one page everywhere"]
)
def test_a_page_that_is_not_its_own_tells_nothing(status: int, digest: str) -> None:
    told = Page(path="/api/info", status=status, text='"build":"123"', digest=digest)
    elsewhere = Page(path="/b", status=200, text='"build":"123"', digest="same")
    at_info = msgspec.structs.replace(TITLE, path="/api/info")
    at_b = msgspec.structs.replace(TITLE, path="/b")
    one = product(OWN, signals=(TITLE, at_info))
    other = product(id_="other", signals=(at_b,))
    assert read(one, FRONT, told, elsewhere, others=(other,)) is None
    whole = msgspec.structs.replace(told, status=200, digest="d")
    assert getattr(read(one, FRONT, whole, others=(other,)), "version", None) == "123"


def test_questions_are_those_of_its_own_paths() -> None:
    index = Index((product(HEADER, OWN, POSTED),))
    assert index.questions(product(HEADER, OWN, POSTED)) == (
        Question(target="/"),
        Question(target="/api/info?all=1"),
        Question(target="/api/rpc", body='{"ask":"version"}', content_type="application/json"),
    )


# Over the network


def say(asked: Asked) -> bytes:
    if asked.path == "/":
        return reply("<title>Gate</title>")
    if asked.path == "/api/rpc" and asked.method == "POST":
        return reply('{"version":"7.4.3"}', kind="application/json")
    return ABSENT


def probed(
    *readings: Reading, intensity: Intensity = Intensity.STANDARD, medical: bool = False
) -> tuple[Service, list[Asked]]:
    knowledge = msgspec.structs.replace(load_knowledge(), products=(product(*readings),))
    with saying(say) as running:
        made = visit(running.port, intensity=intensity)
        made.medical, made.knowledge = medical, knowledge
        measured = trio.run(PROBE.measure, made)
    assert measured is not None
    return measured.service, running.asked


def test_a_question_is_posted_once_as_its_file_says() -> None:
    service, asked = probed(POSTED)
    assert (service.product, service.version) == ("gate", "7.4.3")
    (posted,) = [one for one in asked if one.method == "POST"]
    assert posted.target == "/api/rpc"
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["content-length"] == str(len('{"ask":"version"}'))


@pytest.mark.parametrize(
    ("intensity", "medical"), [(Intensity.DISCREET, False), (Intensity.STANDARD, True)]
)
def test_nothing_is_posted_where_it_may_not(intensity: Intensity, medical: bool) -> None:
    service, asked = probed(POSTED, intensity=intensity, medical=medical)
    assert service.version is None
    assert {one.method for one in asked} == {"GET"}


def test_an_unrecognised_service_is_not_asked_for_a_version() -> None:
    knowledge = msgspec.structs.replace(load_knowledge(), products=(product(OWN, POSTED),))
    with saying(lambda _: reply("<title>Site</title>")) as running:
        made = visit(running.port)
        made.knowledge = knowledge
        trio.run(PROBE.measure, made)
    assert {one.method for one in running.asked} == {"GET"}
    assert not {one.path for one in running.asked} & {"/api/info", "/api/rpc"}


# Services that are no web page


def service(protocol: str, *evidence: str, banner: str = "") -> Service:
    return Service(
        place=Place(establishment="e", ip="203.0.113.10", port=22, transport=Transport.TCP),
        at=visit(1).now(),
        protocol=protocol,
        evidence=evidence,
        banner=banner,
    )


def test_a_greeting_names_product_and_version() -> None:
    greeting = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3"
    named, seen = name_service(
        service("ssh", f"banner: {greeting}", banner=f"{greeting}\r\n"), load_knowledge().products
    )
    assert named.product == "openssh"
    assert named.version == "9.2p1 Debian-2+deb12u3"
    (one,) = [each for each in seen if each.product == "openssh"]
    assert one.version_shown is not None
    # A package of a distribution is not judged by its upstream number.
    assert judge("product.known-exploited", one) == []


def test_what_shows_nothing_keeps_its_protocol() -> None:
    plain = service("unknown", banner="hello")
    assert name_service(plain, load_knowledge().products) == (plain, ())


def test_a_greeting_of_three_makes_is_of_none() -> None:
    makes = tuple(
        product(
            id_=name,
            vendor=name,
            signals=(Signal(kind="banner", match=name, strength="strong"),),
        )
        for name in ("Alpha", "Beta", "Gamma")
    )
    decoy = service("unknown", banner="Alpha Beta Gamma")
    named, told = name_service(decoy, makes)
    assert (named.product, told) == (None, ())
    assert set(named.imitates) == {"Alpha", "Beta", "Gamma"}
    two, seen = name_service(decoy, makes[:2])
    assert two.product is None
    assert {one.confidence for one in seen} == {Confidence.TENTATIVE}


@given(observations(Service), st.text(max_size=200), st.text(max_size=200))
def test_any_service_can_be_named(one: Service, subject: str, issuer: str) -> None:
    known = load_knowledge().products
    named, seen = name_service(one, known, subject=subject, issuer=issuer)
    assert named.place == one.place
    assert named.protocol == one.protocol
    assert all(isinstance(each, ProductSeen) for each in seen)
    assert index_of(known) is index_of(known)
