"""SSTP beside Windows' web server, as [MS-SSTP] draws it: no such server runs here, ours does."""

from collections.abc import Callable

import pytest
import trio

from core.model import Flagged, Intensity
from core.observations.http import HttpService
from core.observations.vpn import VpnService
from scanner.probes.http import PROBE
from scanner.sstp import is_agreed
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.visiting import visit
from tests.servers.web_server import Asked, Running, reply, saying

SERVER = "Server: Microsoft-HTTPAPI/2.0"
PATH = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
AGREED = f"HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\n{SERVER}\r\n\r\n".encode()
ABSENT = reply("<html><title>Not Found</title></html>", status="404 Not Found", headers=(SERVER,))


def gateway(asked: Asked, *, answer: bytes = AGREED) -> bytes:
    return answer if asked.method == "SSTP_DUPLEX_POST" else ABSENT


def measure(
    say: Callable[[Asked], bytes], *, tls: bool = True, **options: object
) -> tuple[Measured, Running]:
    with saying(say, tls="vpn.chu.example" if tls else None) as running:
        made = visit(running.port, inside_tls=tls, **options)  # type: ignore[arg-type]
        measured = trio.run(PROBE.measure, made)
    assert measured is not None
    assert len(running.asked) + made.requests_left == 12
    return measured, running


def duplex(running: Running) -> list[Asked]:
    return [one for one in running.asked if one.method == "SSTP_DUPLEX_POST"]


def test_a_gateway_is_told_by_one_request() -> None:
    measured, running = measure(gateway)
    service = measured.service
    assert service.protocol == "sstp"
    assert service.product == "sstp"
    assert service.tls
    assert service.portal
    assert "SSTP_DUPLEX_POST: HTTP/1.1 200" in service.evidence
    assert any(isinstance(one, VpnService) and one.protocol == "sstp" for one in measured.seen)
    http = next(one for one in measured.seen if isinstance(one, HttpService))
    assert http.requests == len(running.asked)
    (asked,) = duplex(running)
    assert asked.target == PATH
    assert asked.headers["content-length"] == "18446744073709551615"
    assert asked.headers["sstpcorrelationid"].startswith("{")
    assert "securite@grades.example" in asked.headers["user-agent"]
    assert "cookie" not in asked.headers
    assert isinstance(judge("vpn.portal-exposed", service)[0], Flagged)
    assert judge("vpn.gateway-exposed", service) == []
    assert judge("exposure.undeclared", service)


@pytest.mark.parametrize(
    "answer",
    [
        ABSENT,
        reply("bonjour", headers=(SERVER,)),
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"HTTP/1.1 200\r\nX: " + b"A" * 20_000,
        b"\0" * 64 + b"\r\n\r\n",
    ],
)
def test_another_answer_is_a_web_server_as_before(answer: bytes) -> None:
    measured, running = measure(lambda asked: gateway(asked, answer=answer))
    assert measured.service.protocol == "http"
    assert not any(isinstance(one, VpnService) for one in measured.seen)
    assert len(duplex(running)) == 1


def test_nothing_of_the_kind_is_asked_of_others() -> None:
    others = reply("<html><title>Portail</title></html>", headers=("Server: nginx",))
    assert duplex(measure(lambda _: others)[1]) == []
    assert duplex(measure(gateway, tls=False)[1]) == []


def test_a_discreet_look_leaves_room_for_it_within_four_requests() -> None:
    with saying(gateway, tls="vpn.chu.example") as running:
        made = visit(running.port, inside_tls=True, intensity=Intensity.DISCREET)
        made.requests_left = 4
        measured = trio.run(PROBE.measure, made)
    assert measured is not None
    assert measured.service.protocol == "sstp"
    assert len(running.asked) <= 4


def test_a_medical_host_is_spared() -> None:
    with saying(gateway, tls="vpn.chu.example") as running:
        made = visit(running.port, inside_tls=True)
        made.medical = True
        trio.run(PROBE.measure, made)
    assert duplex(running) == []


@pytest.mark.parametrize(
    ("head", "agreed"),
    [
        (AGREED, True),
        (b"HTTP/1.1 200 OK\r\nDate: x\r\ncontent-length: 18446744073709551615\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 184467440737095516150\r\n\r\n", False),
        (b"HTTP/1.1 2000\r\nContent-Length: 18446744073709551615\r\n\r\n", False),
        (b"200\r\nContent-Length: 18446744073709551615\r\n\r\n", False),
        (b"", False),
    ],
)
def test_what_agrees(head: bytes, agreed: bool) -> None:
    assert is_agreed(head) is agreed
