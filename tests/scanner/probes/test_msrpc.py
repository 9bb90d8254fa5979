"""MSRPC, by hand: the endpoint mapper's answer and the greeting of RPC over HTTP."""

import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import Intensity
from scanner.probes import msrpc
from scanner.probes.msrpc import PROBE, read_header, recognises
from tests.scanner.probes.asking import ask, refuses
from tests.servers.windows import answering, says


def pdu(kind: int, *, order: str = "<", size: int = 60) -> bytes:
    representation = 0x10 if order == "<" else 0
    head = struct.pack("<BBBBBxxx", 5, 0, kind, 3, representation)
    return (head + struct.pack(f"{order}HHI", size, 0, 0x56696769)).ljust(size, b"\0")


@pytest.mark.parametrize(("kind", "told"), [(12, "bind_ack"), (13, "bind_nak"), (3, "fault")])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_endpoint_mapper(kind: int, told: str, order: str) -> None:
    with answering(says(pdu(kind, order=order))) as port:
        measured, connections = ask(PROBE, port, intensity=Intensity.DISCREET)
    assert connections == 1
    assert measured is not None
    assert measured.service.protocol == "msrpc"
    assert measured.service.evidence == (f"epmapper: {told}",)


def test_rpc_over_http_is_known_by_its_greeting_alone() -> None:
    with answering(says(b"", first=b"ncacn_http/1.0")) as port:
        measured, connections = ask(PROBE, port, heard=b"ncacn_http/1.0")
    assert connections == 0
    assert measured is not None
    assert measured.service.evidence == ("banner: ncacn_http/1.0",)


@pytest.mark.parametrize("answer", [pdu(11), pdu(12, size=60_000)[:60], pdu(2), b"\x05\x00\x0c"])
def test_other_answers_are_not_rpc(answer: bytes) -> None:
    with answering(says(answer)) as port:
        assert refuses(PROBE, port)


def test_the_bind_names_the_endpoint_mapper_and_no_account() -> None:
    bind = msrpc._BIND
    assert len(bind) == struct.unpack_from("<H", bind, 8)[0] == 72
    assert struct.unpack_from("<H", bind, 10)[0] == 0, "no authentication verifier"
    assert uuid.UUID(bytes_le=bind[32:48]).hex.startswith("e1af8308")


@given(st.binary(max_size=40) | st.binary(max_size=30).map(lambda tail: b"\x05\x00\x0c" + tail))
def test_readers_are_total(data: bytes) -> None:
    assert recognises(data) is (data.startswith(b"ncacn_http/1.0") or read_header(data) is not None)
