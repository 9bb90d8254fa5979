"""OpenVPN against itself over both transports, and against what only looks like it."""

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Criticality, Flagged, Status
from core.observations.vpn import VpnService
from scanner import openvpn
from scanner.probes import openvpn as over_tcp
from scanner.probes import openvpn_udp as over_udp
from scanner.products import name_service
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.probes.asking import ask, refuses
from tests.scanner.visiting import datagram_visit, measure_datagrams
from tests.servers import vpn
from tests.servers.scripted import Talk, scripted
from tests.servers.udp import Answer, udp_service


def known(found: Measured | None) -> None:
    assert found is not None
    assert found.service.protocol == "openvpn"
    assert found.service.evidence == ("P_CONTROL_HARD_RESET_SERVER_V2",)
    (seen,) = found.seen
    assert isinstance(seen, VpnService)
    assert seen.protocol == "openvpn"
    service, products = name_service(found.service, datagram_visit(1).knowledge.products)
    assert service.product == "openvpn_protocol"
    assert len(products) == 1
    assert judge("exposure.undeclared", service)
    (verdict,) = judge("vpn.gateway-exposed", service)
    assert isinstance(verdict, Flagged)
    assert verdict.criticality is Criticality.LOW


@pytest.mark.real
def test_openvpn_over_tcp() -> None:
    with vpn.openvpn("tcp") as gateway:
        deadline = time.monotonic() + 20
        found = None
        while found is None and time.monotonic() < deadline:
            # It serves one client at a time, and rests a second after each.
            try:
                found, _ = ask(over_tcp.PROBE, gateway.port)
            except OSError:
                time.sleep(0.2)
        assert gateway.says("Connection reset, restarting")
        assert "Initialization Sequence Completed" not in gateway.said()
    known(found)


@pytest.mark.real
def test_openvpn_over_udp() -> None:
    with vpn.openvpn("udp") as gateway:
        found = measure_datagrams(over_udp.PROBE, gateway.port)
        assert gateway.says("TLS: Initial packet from")
        assert "Initialization Sequence Completed" not in gateway.said()
    known(found)


@pytest.mark.real
def test_openvpn_behind_a_key_is_silent_thus_undetermined() -> None:
    with vpn.openvpn("udp", key=True) as gateway:
        with pytest.raises(Unanswered) as told:
            measure_datagrams(over_udp.PROBE, gateway.port, patience_s=0.3)
        assert gateway.says("cannot locate HMAC")
    assert told.value.status is Status.UNDETERMINED


def answer(asked: bytes, *, session: bytes | None = None, opcode: int = 0x40) -> bytes:
    """Give a server's reset, as the source documentation draws it."""
    ours = asked[1:9] if session is None else session
    return bytes([opcode]) + b"SERVERID" + struct.pack(">BI", 1, 0) + ours + struct.pack(">I", 0)


def test_the_question_holds_nothing_but_a_number() -> None:
    with udp_service(lambda asked: [answer(asked)]) as (port, asked):
        known(measure_datagrams(over_udp.PROBE, port))
    (question,) = asked.datagrams()
    assert len(question) == 14
    assert question[:1] + question[9:] == b"\x38" + bytes(5)


def test_a_bare_acknowledgement_is_an_answer_as_well() -> None:
    with udp_service(lambda asked: [answer(asked, opcode=0x28)[:-4]]) as (port, _):
        found = measure_datagrams(over_udp.PROBE, port)
    assert found is not None
    assert found.service.evidence == ("P_ACK_V1",)


LIES: dict[str, Answer] = {
    "another-session": lambda asked: [answer(asked, session=b"\xff" * 8)],
    "another-opcode": lambda asked: [answer(asked, opcode=0x38)],
    "our-own-bytes": lambda asked: [asked],
    "no-acknowledgement": lambda _: [b"\x40SERVERID" + bytes(5)],
    "acknowledgements-without-end": lambda asked: [b"\x40SERVERID\xff" + asked[1:9] * 10],
    "giant": lambda asked: [answer(asked) + bytes(2_000)],
    "one-byte": lambda _: [b"\x40"],
    "without-end": lambda _: [b"\x40" + bytes(40)] * 2_000,
    "cut": lambda asked: [answer(asked)[:-5]],
    "an-acknowledgement-cut": lambda asked: [answer(asked, opcode=0x28)[:-5]],
}


def ends(port: int) -> Measured | Status | None:
    try:
        return measure_datagrams(over_udp.PROBE, port, patience_s=0.2)
    except Unanswered as unanswered:
        return unanswered.status


@pytest.mark.parametrize("name", LIES)
def test_what_is_no_answer_proves_nothing(name: str) -> None:
    with udp_service(LIES[name]) as (port, asked):
        assert ends(port) in {None, Status.PROTOCOL_ERROR, Status.GAVE_UP}
    assert len(asked) <= 2


@pytest.mark.parametrize(
    "said",
    [
        b"\x00\x1a\x40" + bytes(25),
        b"\xff\xff\x40" + bytes(25),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"\x00\x00",
        b"\x00\x01\x40",
    ],
)
def test_other_services_over_tcp_are_refused(said: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.hear(until=bytes(5))
        talk.say(said)
        talk.leave()

    with scripted(script) as server:
        assert refuses(over_tcp.PROBE, server.port)


@given(st.binary(max_size=120), st.binary(min_size=8, max_size=8))
def test_readers_are_total(data: bytes, session: bytes) -> None:
    openvpn.told(data, session)
    openvpn.told(b"\x40" + data, session)
    over_tcp.recognises(data)


def test_an_answer_to_a_stranger_is_recognised_by_its_frame() -> None:
    packet = answer(b"\x38" + b"CLIENTID" + bytes(5))
    assert over_tcp.recognises(struct.pack(">H", len(packet)) + packet)
    assert not over_tcp.recognises(b"\x00\x1aHTTP")
