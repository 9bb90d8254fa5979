"""rpcbind over TCP: the real one, and what only looks like it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.probes.rpcbind_tcp import PROBE
from tests.scanner.probes.asking import ask, refuses
from tests.servers.scripted import Talk, scripted

_LAST = 0x8000_0000


def _said(talk: Talk, body: bytes) -> None:
    talk.hear_some()
    talk.say(struct.pack(">I", _LAST | len(body)) + body)
    talk.rest()


def test_an_accepted_call_is_told() -> None:
    def script(talk: Talk) -> None:
        ident = talk.hear_some()[4:8]
        body = ident + struct.pack(">5I", 1, 0, 0, 0, 0)
        # Two fragments of the network, one record.
        talk.say(struct.pack(">I", _LAST | len(body)) + body[:5])
        talk.say(body[5:])
        talk.rest()

    with scripted(script) as server:
        found, _ = ask(PROBE, server.port)
    assert found is not None
    assert found.service.protocol == "rpcbind"
    assert found.service.evidence == ("RPC MSG_ACCEPTED",)
    (sent,) = server.received
    assert sent[:4] == struct.pack(">I", _LAST | 40)
    assert sent[8:28] == struct.pack(">5I", 0, 2, 100_000, 2, 0)


@pytest.mark.parametrize(
    "said",
    [
        b"\x80\x00\x00\x18" + b"\0" * 24,
        b"\x00\x00\x00\x18" + b"\0" * 24,
        b"\xff\xff\xff\xff" + b"\0" * 24,
        b"\x80\x00\x00\x00",
        b"SSH-2.0-OpenSSH_9.2\r\n" + b" " * 40,
    ],
)
def test_what_is_no_reply_to_our_call_is_not_taken(said: bytes) -> None:
    def script(talk: Talk) -> None:
        talk.hear_some()
        talk.say(said)
        talk.leave()
        talk.rest()

    with scripted(script) as server:
        assert refuses(PROBE, server.port)


@given(body=st.binary(max_size=64))
def test_nothing_it_says_raises(body: bytes) -> None:
    with scripted(lambda talk: _said(talk, body)) as server:
        assert refuses(PROBE, server.port)
