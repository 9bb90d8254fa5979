"""L2TP against xl2tpd, and against what only looks like it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Flagged, Status
from core.observations.vpn import VpnService
from scanner.probes.l2tp import PROBE, read_reply
from scanner.visit import Measured
from tests.checks.judging import judge
from tests.scanner.visiting import measure_datagrams
from tests.servers import vpn
from tests.servers.udp import Answer, udp_service


def seen(found: Measured | None) -> VpnService:
    assert found is not None
    assert found.service.protocol == "l2tp"
    (one,) = found.seen
    assert isinstance(one, VpnService)
    return one


@pytest.mark.real
def test_xl2tpd() -> None:
    with vpn.xl2tpd() as gateway:
        found = measure_datagrams(PROBE, gateway.port)
        assert gateway.says("Connection closed to 127.0.0.1")
        assert "Call established" not in gateway.said()
    one = seen(found)
    assert (one.maker, one.accepted, one.tunnel_secret) == ("xelerance.com", True, False)
    assert one.firmware
    assert found is not None
    assert found.service.evidence[:2] == ("SCCRP", "vendor xelerance.com")
    (verdict,) = judge("vpn.l2tp-without-ipsec", one)
    assert isinstance(verdict, Flagged)
    assert judge("exposure.undeclared", found.service)


def avp(kind: int, value: bytes, *, flags: int = 0x8000) -> bytes:
    return struct.pack(">HHH", flags | 6 + len(value), 0, kind) + value


def reply(asked: bytes, *avps: bytes, tunnel: bytes | None = None, kind: int = 2) -> bytes:
    """Give a control message to whoever asked (RFC 2661 §3.1)."""
    at = asked.index(b"\x80\x08\x00\x00\x00\x09") + 6
    to = asked[at : at + 2] if tunnel is None else tunnel
    body = avp(0, struct.pack(">H", kind)) + b"".join(avps)
    return struct.pack(">HH2sHHH", 0xC802, 12 + len(body), to, 0, 0, 1) + body


def is_request(asked: bytes) -> bool:
    return asked[12:20] == b"\x80\x08\0\0\0\0\0\x01"


def test_the_tunnel_is_given_up_at_once() -> None:
    def answer(asked: bytes) -> list[bytes]:
        more = (avp(7, b"LNS"), avp(8, b"Exemple"), avp(9, b"\x12\x34"), avp(11, bytes(16)))
        return [reply(asked, *more)] if is_request(asked) else []

    with udp_service(answer) as (port, asked):
        one = seen(measure_datagrams(PROBE, port))
    assert (one.host_name, one.maker, one.firmware, one.tunnel_secret) == (
        "LNS",
        "Exemple",
        None,
        True,
    )
    question, farewell = asked.datagrams()
    assert b"vigie.securite.grades.example" in question
    # To their tunnel, in sequence: StopCCN, for « a general request to clear ».
    assert farewell[:12] == struct.pack(">HHHHHH", 0xC802, len(farewell), 0x1234, 0, 1, 1)
    assert farewell[12:20] == b"\x80\x08\0\0\0\0\0\x04"
    assert farewell.endswith(b"\x80\x08\0\0\0\x01\0\x01")


def test_a_refusal_shows_a_gateway_and_no_fault() -> None:
    with udp_service(lambda asked: [reply(asked, kind=4)]) as (port, asked):
        found = measure_datagrams(PROBE, port)
    one = seen(found)
    assert one.accepted is False
    assert judge("vpn.l2tp-without-ipsec", one) == []
    assert len(asked) == 1


def test_an_acknowledgement_may_come_first() -> None:
    def answer(asked: bytes) -> list[bytes]:
        at = asked.index(b"\x80\x08\x00\x00\x00\x09") + 6
        ack = struct.pack(">HH2sHHH", 0xC802, 12, asked[at : at + 2], 0, 0, 1)
        return [ack, reply(asked, avp(9, b"\0\x07"))] if is_request(asked) else []

    with udp_service(answer) as (port, _):
        assert seen(measure_datagrams(PROBE, port)).accepted


LIES: dict[str, Answer] = {
    "another-tunnel": lambda asked: [reply(asked, tunnel=b"\0\0")],
    "our-own-bytes": lambda asked: [asked],
    "giant-length": lambda asked: [b"\xc8\x02\xff\xff" + reply(asked)[4:]],
    "giant-attribute": lambda asked: [reply(asked, b"\x83\xff\0\0\0\x07x")],
    "attribute-of-nothing": lambda asked: [reply(asked, b"\x80\0\0\0\0\x07")],
    "attributes-without-end": lambda asked: [reply(asked, avp(7, b"x") * 100)],
    "another-message": lambda asked: [reply(asked, kind=6)],
    "data": lambda asked: [b"\x40\x02" + reply(asked)[2:]],
    "without-end": lambda _: [b"\xc8\x02" + bytes(40)] * 2_000,
    "hidden-type": lambda asked: [
        struct.pack(">HH", 0xC802, 20) + reply(asked)[4:12] + avp(0, b"\0\x02", flags=0xC000)
    ],
}


def ends(port: int) -> Measured | Status | None:
    try:
        return measure_datagrams(PROBE, port, patience_s=0.2)
    except Unanswered as unanswered:
        return unanswered.status


@pytest.mark.parametrize("name", LIES)
def test_what_is_no_answer_proves_nothing(name: str) -> None:
    with udp_service(LIES[name]) as (port, asked):
        assert ends(port) in {None, Status.PROTOCOL_ERROR, Status.GAVE_UP}
    assert len(asked) <= 2


@given(st.binary(max_size=200), st.integers(1, 0xFFFF))
def test_the_reader_is_total(data: bytes, tunnel: int) -> None:
    read_reply(data, tunnel)
    size = 12 + len(data)
    read_reply(struct.pack(">HHHHHH", 0xC802, size, tunnel, 0, 0, 1) + data, tunnel)
