"""VNC against TigerVNC, and servers that lie."""

import struct

import pytest

from core.errors import Unanswered
from core.model import Flagged, NotMeasured
from core.observations.vnc import VncService
from scanner.probes.vnc import PROBE, answer_to, name_of
from tests.checks.judging import judge
from tests.scanner.visiting import measure
from tests.servers import admin
from tests.servers.scripted import Talk, scripted


def seen(port: int) -> VncService:
    found = measure(PROBE, port)
    assert found is not None
    assert found.service.protocol == "vnc"
    (verdict,) = judge("vnc.exposed", found.service)
    assert isinstance(verdict, Flagged)
    assert isinstance(found.seen[0], VncService)
    return found.seen[0]


@pytest.mark.real
@pytest.mark.parametrize(
    ("security", "types", "verdict"),
    [("None", (1,), Flagged), ("VncAuth", (2,), None), ("X509Vnc", (19,), NotMeasured)],
)
def test_tigervnc(security: str, types: tuple[int, ...], verdict: type | None) -> None:
    with admin.tigervnc(security) as port:
        one = seen(port)
    assert one.version == "003.008"
    assert one.security_types == types
    assert [type(each) for each in judge("vnc.no-authentication", one)] == [
        each for each in (verdict,) if each
    ]


@pytest.mark.parametrize(
    ("greeting", "answer", "after", "types"),
    [
        (b"RFB 003.003\n", b"RFB 003.003\n", struct.pack(">I", 1), (1,)),
        (b"RFB 003.003\n", b"RFB 003.003\n", struct.pack(">I", 2) + bytes(16), (2,)),
        (b"RFB 003.005\n", b"RFB 003.003\n", struct.pack(">I", 2), (2,)),
        (b"RFB 003.007\n", b"RFB 003.007\n", bytes([2, 2, 1]), (2, 1)),
        (b"RFB 003.889\n", b"RFB 003.008\n", bytes([4, 30, 33, 36, 35]), (30, 33, 36, 35)),
        (b"RFB 005.000\n", b"RFB 003.008\n", bytes([1, 129]), (129,)),
        (b"RFB 003.008\n", b"RFB 003.008\n", bytes([255, *range(1, 256)]), tuple(range(1, 256))),
    ],
)
def test_answers_the_version_and_chooses_nothing(
    greeting: bytes, answer: bytes, after: bytes, types: tuple[int, ...]
) -> None:
    def script(talk: Talk) -> None:
        talk.say(greeting)
        talk.hear()
        talk.say(after)

    with scripted(script) as server:
        one = seen(server.port)
    assert b"".join(server.received) == answer
    assert one.security_types == types
    gravest = [v for v in judge("vnc.no-authentication", one) if isinstance(v, Flagged)]
    assert bool(gravest) is (1 in types)


@pytest.mark.parametrize(
    ("greeting", "after", "why"),
    [
        (b"RFB 003.008\n", b"\0" + struct.pack(">I", 26) + b"Too many security failures", "rate"),
        (b"RFB 003.008\n", b"\0" + struct.pack(">I", 6) + b"closed", "reset: closed"),
        (b"RFB 003.003\n", struct.pack(">II", 0, 6) + b"closed", "reset: closed"),
        (b"RFB 003.003\n", struct.pack(">I", 0x7FFFFFFF), "protocol-error"),
        (b"RFB 003.008\n", b"\0" + struct.pack(">I", 0xFFFFFFFF) + b"x", "reset"),
        (b"RFB 003.008\n", bytes([9, 1, 2]), "reset"),
        (b"RFB 003.008\n", b"", "reset"),
    ],
)
def test_keeps_the_version_whatever_follows(greeting: bytes, after: bytes, why: str) -> None:
    def script(talk: Talk) -> None:
        talk.say(greeting)
        talk.hear()
        talk.say(after)
        talk.leave()

    with scripted(script) as server:
        one = seen(server.port)
    assert one.security_types is None
    assert one.why["security_types"].startswith(why)
    assert isinstance(judge("vnc.no-authentication", one)[0], NotMeasured)


def test_a_repeater_is_sent_nothing() -> None:
    with scripted(lambda talk: talk.say(b"RFB 000.000\n")) as server:
        one = seen(server.port)
    assert one.security_types is None
    assert b"".join(server.received) == b""


def test_what_only_begins_like_rfb_is_not() -> None:
    with scripted(lambda talk: talk.say(b"RFB is our name, hello\r\n")) as server:
        assert measure(PROBE, server.port) is None


def test_a_cut_greeting_is_unanswered() -> None:
    def script(talk: Talk) -> None:
        talk.say(b"RFB 003")
        talk.leave()

    with scripted(script) as server, pytest.raises(Unanswered):
        measure(PROBE, server.port)


def test_words() -> None:
    assert name_of(1) == "None (1)"
    assert name_of(200) == "200"
    assert answer_to(3, 6) == b"RFB 003.003\n"
