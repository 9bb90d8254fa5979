"""PPTP against pptpd, and against what only looks like it."""

import struct

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from core.model import Criticality, Flagged
from core.observations.vpn import VpnService
from scanner.probes.pptp import PROBE, read_started, start, stop
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.probes.asking import ask, refuses
from tests.scanner.visiting import visit
from tests.servers import vpn
from tests.servers.scripted import Talk, scripted


def seen(found: Measured | None) -> VpnService:
    assert found is not None
    assert found.service.protocol == "pptp"
    (one,) = found.seen
    assert isinstance(one, VpnService)
    return one


@pytest.mark.real
def test_pptpd() -> None:
    async def run(ip: str) -> Measured | None:
        return await PROBE.measure(visit(1723, ip=ip))

    with vpn.pptpd() as ip:
        found = trio.run(run, ip)
        again = trio.run(run, ip)
    one = seen(found)
    assert (one.host_name, one.maker, one.firmware, one.accepted) == ("local", "linux", 1, True)
    assert seen(again).accepted
    assert found is not None
    assert found.service.evidence == (
        "Start-Control-Connection-Reply 1.0",
        "vendor linux",
        "firmware 1",
    )
    (verdict,) = judge("vpn.cleartext-pptp", one)
    assert isinstance(verdict, Flagged)
    assert judge("exposure.undeclared", found.service)
    assert judge("vpn.gateway-exposed", found.service) == []


def reply(result: int = 1, *, maker: bytes = b"Microsoft", magic: int = 0x1A2B3C4D) -> bytes:
    """Give a Start-Control-Connection-Reply (RFC 2637 §2.2)."""
    head = struct.pack(">HHIHH", 156, 1, magic, 2, 0)
    body = struct.pack(">HBBIIHH", 0x0100, result, 0, 3, 3, 1, 5)
    return head + body + struct.pack(">64s64s", b"VPN01", maker)


def test_the_connection_is_stopped_before_any_call() -> None:
    def script(talk: Talk) -> None:
        talk.hear(until=b"\0" * 8)
        talk.say(reply())
        talk.hear(until=b"\x01\0\0\0")

    with scripted(script) as server:
        one = seen(ask(PROBE, server.port)[0])
    assert (one.host_name, one.maker, one.firmware) == ("VPN01", "Microsoft", 5)
    (sent,) = server.received
    assert sent == start("securite@grades.example") + stop()
    assert len(sent) == 156 + 16
    assert b"securite@grades.example" in sent


def test_a_refusal_shows_a_gateway_as_well() -> None:
    def script(talk: Talk) -> None:
        talk.hear(until=b"\0" * 8)
        talk.say(reply(result=4))

    with scripted(script) as server:
        one = seen(ask(PROBE, server.port)[0])
    assert one.accepted is False
    (verdict,) = judge("vpn.cleartext-pptp", one)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality in (None, Criticality.HIGH)


@pytest.mark.parametrize(
    "said",
    [
        reply(magic=0x1A2B3C4E),
        start("nobody"),
        b"\xff\xff" + reply()[2:],
        reply()[:100],
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"",
    ],
)
def test_what_is_no_answer_proves_nothing(said: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.hear(until=b"\0" * 8)
        talk.say(said)
        talk.leave()

    with scripted(script) as server:
        assert refuses(PROBE, server.port)


def test_names_from_the_gateway_are_bounded_and_inert() -> None:
    said = read_started(reply(maker=b"\x1b[2J<script>" + b"A" * 60))
    assert said is not None
    assert said.maker.startswith("[2J<script>AAA")
    assert len(said.maker) <= 64


@given(st.binary(max_size=200))
def test_the_reader_is_total(data: bytes) -> None:
    read_started(data)
    read_started(reply()[:12] + data)
