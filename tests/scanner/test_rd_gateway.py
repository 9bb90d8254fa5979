"""RD Gateway beside Windows' web server, as [MS-TSGU] draws it: none runs here, ours does."""

from collections.abc import Callable

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from core.model import Confidence, Flagged, Intensity
from core.observations.product import ProductSeen
from scanner.probes.http import PROBE
from scanner.rd_gateway import read_answer
from scanner.visit import Measured
from scanner.web import Answer
from tests.checks.judging import judge
from tests.scanner.visiting import visit
from tests.servers.web_server import Asked, Running, moved, reply, saying

IIS = "Server: Microsoft-IIS/10.0"
KERNEL = "Server: Microsoft-HTTPAPI/2.0"
NAMES = ("WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM")
ASKED = reply("", status="401 Unauthorized", headers=(KERNEL, *NAMES))
ASKED_BY_IIS = reply("", status="401 Unauthorized", headers=(IIS, *NAMES))
FRONT = reply("<html><title>IIS Windows Server</title></html>", headers=(IIS,))
ABSENT = reply("<html><title>404</title></html>", status="404 Not Found", headers=(IIS,))
NOT_ALLOWED = reply("", status="405 Method Not Allowed", headers=(IIS,))


def gateway(asked: Asked, *, answer: bytes = ASKED, front: bytes = FRONT) -> bytes:
    if asked.method == "RDG_OUT_DATA":
        return answer
    return front if asked.path == "/" else ABSENT


def measure(
    say: Callable[[Asked], bytes],
    *,
    tls: bool = True,
    intensity: Intensity = Intensity.STANDARD,
    medical: bool = False,
    requests: int = 12,
) -> tuple[Measured, Running]:
    with saying(say, tls="rds.chu.example" if tls else None) as running:
        made = visit(running.port, inside_tls=tls, intensity=intensity)
        made.medical = medical
        made.requests_left = before = requests
        measured = trio.run(PROBE.measure, made)
    assert measured is not None
    assert len(running.asked) + made.requests_left == before
    return measured, running


def put(running: Running) -> list[Asked]:
    return [one for one in running.asked if one.method == "RDG_OUT_DATA"]


@pytest.mark.parametrize("answer", [ASKED, ASKED_BY_IIS])
def test_a_gateway_is_told_by_one_request_without_an_account(answer: bytes) -> None:
    measured, running = measure(lambda asked: gateway(asked, answer=answer))
    service = measured.service
    assert (service.protocol, service.product) == ("http", "rd_gateway")
    assert service.portal
    assert service.confidence is Confidence.FIRM
    assert "RDG_OUT_DATA: HTTP/1.1 401" in service.evidence
    assert any(isinstance(one, ProductSeen) and one.portal for one in measured.seen)
    (asked,) = put(running)
    assert asked.target == "/remoteDesktopGateway/"
    assert "authorization" not in asked.headers
    assert "cookie" not in asked.headers
    assert "securite@grades.example" in asked.headers["user-agent"]
    assert isinstance(judge("vpn.portal-exposed", service)[0], Flagged)


def test_a_site_that_asks_for_a_name_everywhere_is_none() -> None:
    measured, running = measure(lambda asked: ASKED_BY_IIS)
    assert measured.service.product != "rd_gateway"
    assert len(put(running)) == 1
    measured, _ = measure(lambda asked: ASKED)
    assert measured.service.product != "rd_gateway"


def test_a_gateway_behind_a_site_that_asks_for_a_name_is_told_by_its_own_server() -> None:
    measured, _ = measure(lambda asked: gateway(asked, front=ASKED_BY_IIS))
    assert measured.service.product == "rd_gateway"


@pytest.mark.parametrize(
    "answer",
    [
        NOT_ALLOWED,
        ABSENT,
        FRONT,
        reply("", status="401 Unauthorized", headers=(IIS, 'WWW-Authenticate: Basic realm="x"')),
        b"HTTP/1.1 401 Unauthorized\r\nX: " + b"A" * 20_000,
        b"\0" * 64 + b"\r\n\r\n",
    ],
)
def test_another_answer_is_a_web_server_as_before(answer: bytes) -> None:
    measured, running = measure(lambda asked: gateway(asked, answer=answer))
    assert measured.service.protocol == "http"
    assert measured.service.product != "rd_gateway"
    assert len(put(running)) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"tls": False},
        {"medical": True},
        {"intensity": Intensity.DISCREET, "requests": 4},
        {"requests": 2},
    ],
)
def test_nothing_is_put_where_it_may_not_be(options: dict[str, object]) -> None:
    measured, running = measure(gateway, **options)  # type: ignore[arg-type]
    assert put(running) == []
    assert measured.service.product != "rd_gateway"


def test_other_servers_are_not_asked() -> None:
    nginx = reply("bonjour", headers=("Server: nginx",))
    _, running = measure(lambda asked: nginx)
    assert put(running) == []


def test_web_access_beside_it_is_named_too() -> None:
    def both(asked: Asked) -> bytes:
        if asked.method == "RDG_OUT_DATA":
            return ASKED
        cookie = "Set-Cookie: TSWAFeatureCheckCookie=true; path=/RDWeb/"
        if asked.path == "/":
            return moved("/RDWeb", headers=(IIS,))
        if asked.path == "/RDWeb/Pages/":
            return moved("/RDWeb/Pages/fr-FR/Default.aspx", headers=(IIS, cookie))
        return ABSENT

    measured, running = measure(both)
    told = {one.product for one in measured.seen if isinstance(one, ProductSeen)}
    assert told >= {"rd_gateway", "rd_web_access"}
    assert measured.service.portal
    assert len(put(running)) == 1


@given(st.binary(max_size=400), st.sampled_from([200, 302, 401]))
def test_reading_is_total(head: bytes, status: int) -> None:
    first = Answer(target="/", status=status, headers=(), body=b"", cut=False)
    read_answer(head, first)
    told = read_answer(b"HTTP/1.1 401 U\r\nWWW-Authenticate: NTLM\r\n" + head, first)
    assert told is None or told[0] == "RDG_OUT_DATA: HTTP/1.1 401"
