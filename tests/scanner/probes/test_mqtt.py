"""MQTT: told by the refusal of a version that does not exist."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scanner.probes.mqtt import PROBE, recognises
from tests.scanner.probes.asking import ask, refuses
from tests.servers.real import free_port, need, serving
from tests.servers.scripted import Talk, scripted

_HELLO = b"\x10\x11\x00\x04MQTT\x7e\x02\x00\x0a\x00\x05vigie"


@pytest.mark.real
@pytest.mark.parametrize("anonymous", ["true", "false"])
def test_mosquitto(tmp_path: Path, anonymous: str) -> None:
    program, port = need("mosquitto"), free_port()
    conf = tmp_path / "conf"
    conf.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous {anonymous}\nuser root\n"
        f"log_dest file {tmp_path}/log\nlog_type all\n"
    )
    with serving([program, "-c", str(conf)], port):
        measured, connections = ask(PROBE, port)
    assert measured is not None
    assert (measured.service.protocol, measured.service.tls) == ("mqtt", False)
    assert measured.service.evidence == ("CONNECT level 0x7e → CONNACK 0x01",)
    assert connections == 1
    said = (tmp_path / "log").read_text()
    assert "Invalid protocol version 126 in CONNECT" in said
    assert "New client connected" not in said, "no session was made"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"\x20\x02\x00\x01", "0x01"),
        (b"\x20\x03\x00\x84\x00", "0x84"),
        (b"\x20\x02\x00\x05", "0x05"),
    ],
)
def test_brokers_refuse_in_their_own_ways(answer: bytes, code: str) -> None:
    def script(talk: Talk) -> None:
        talk.hear(until=b"vigie")
        talk.say(answer)

    with scripted(script) as server:
        measured, _ = ask(PROBE, server.port)
    assert measured is not None
    assert measured.service.evidence == (f"CONNECT level 0x7e → CONNACK {code}",)
    assert server.received == [_HELLO]


def test_a_broker_that_accepts_everything_is_left_at_once() -> None:
    def script(talk: Talk) -> None:
        talk.hear(until=b"vigie")
        talk.say(b"\x20\x02\x00\x00")
        talk.hear(until=b"\xe0\x00")

    with scripted(script) as server:
        measured, _ = ask(PROBE, server.port)
    assert measured is not None
    assert b"".join(server.received) == _HELLO + b"\xe0\x00"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x20",
        b"\x20\xff\xff\xff",
        b"\x20\x02\x01\x01",
        b"\x20\x02\x00\x77",
        b"HTTP/1.1 400 Bad",
    ],
)
def test_is_not_taken_for_it(answer: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.hear(until=b"vigie")
        talk.say(answer)

    with scripted(script) as server:
        assert refuses(PROBE, server.port)


@given(st.binary(max_size=80))
@example(b"\x20\x02\x00\x01")
def test_recognises_is_total(heard: bytes) -> None:
    assert recognises(heard) in {True, False}
