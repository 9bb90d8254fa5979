"""Servers that lie, drip, cut or fall silent: verdicts may be missing, never wrong."""

import socket
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Intensity, Place, Status
from scanner.stream import Stream
from scanner.tls.assess import assess, knock
from scanner.tls.handshake import shake
from tests.scanner.tls.asking import assessed, plain, versions
from tests.servers.tls_certs import issue
from tests.servers.tls_hostile import (
    alert,
    answering,
    ceiling,
    certificates,
    cut,
    message,
    offers_tls1_3,
    record,
    server_hello,
)

NOTHING = (None, None, None, None)


def hold(connection: socket.socket) -> None:
    connection.recv(1)


def choose(connection: socket.socket, version: int = 0x0303) -> None:
    connection.sendall(record(22, server_hello(version) + certificates(issue("x").der)))


def test_a_mute_server_costs_one_timeout() -> None:
    with answering(lambda connection, _rank, _hello: hold(connection)) as port:
        began = time.monotonic()
        with pytest.raises(Unanswered) as caught:
            assessed(port, "a.example", "b.example", knocked=False, timeout_s=0.4)
        assert caught.value.status is Status.TIMEOUT
        assert time.monotonic() - began < 1.2


def test_one_that_falls_mute_costs_one_more() -> None:
    def script(connection: socket.socket, rank: int, _hello: bytes) -> None:
        if rank == 0:
            choose(connection)
        else:
            hold(connection)

    with answering(script) as port:
        seen = assessed(port, timeout_s=0.4, most=3)
    assert versions(seen) == (None, None, True, False)
    assert seen.why["tls1_0"] == seen.why["tls1_1"] == "timeout"
    assert seen.why["dh_bits"] == "timeout"
    assert seen.forward_secrecy is True
    assert len(seen.chain) == 1


def test_a_byte_a_second_is_one_timeout() -> None:
    def script(connection: socket.socket, _rank: int, _hello: bytes) -> None:
        for byte in record(22, server_hello()):
            connection.sendall(bytes([byte]))
            time.sleep(0.1)

    with answering(script) as port:
        began = time.monotonic()
        with suppress(Unanswered):
            assert versions(assessed(port, knocked=False, timeout_s=0.5)) == NOTHING
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    "said",
    [
        b"\x00" * 40,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        bytes.fromhex("030000130ed000001234000209080000000000"),
        b"SSH-2.0-x\r\n",
        b"\x16\x03\x01",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"N",
    ],
)
def test_what_is_not_tls_is_handed_on(said: bytes) -> None:
    def script(connection: socket.socket, _rank: int, _hello: bytes) -> None:
        connection.sendall(said)

    async def run() -> None:
        stream = await plain(port)
        knocked = await knock(stream, None)
        assert not knocked.is_tls
        assert knocked.stream is None
        assert knocked.said == said
        assert bytes(stream.heard) == said

    with answering(script) as port:
        trio.run(run)
        with pytest.raises(Unanswered):
            assessed(port, knocked=False)


@pytest.mark.parametrize(
    "again",
    [
        record(22, message(11, b"\x00" * 16_000)),
        record(22, b"\x0b\xff\xff\xff" + b"\x00" * 16_000),
        record(21, b"\x01\x00"),
        record(22, b"\x00"),
        b"\x00" * 1_000,
    ],
)
def test_an_endless_handshake_is_bounded(again: bytes) -> None:
    def script(connection: socket.socket, _rank: int, _hello: bytes) -> None:
        connection.sendall(record(22, server_hello()))
        while True:
            connection.sendall(again)

    with answering(script) as port:
        began = time.monotonic()
        seen = assessed(port, timeout_s=1)
        assert time.monotonic() - began < 8
    # What came before is a ServerHello all the same.
    assert seen.tls1_2 is True
    assert seen.leaf is None


def test_a_reset_in_mid_handshake_is_no_verdict() -> None:
    def script(connection: socket.socket, rank: int, _hello: bytes) -> None:
        if rank == 0:
            choose(connection)
        else:
            cut(connection)

    with answering(script) as port:
        seen = assessed(port)
    assert versions(seen) == (None, None, True, False)
    assert seen.why["tls1_0"].startswith("reset")
    assert seen.dhe is None


def test_resets_from_the_first_hello_on_are_unanswered() -> None:
    with (
        answering(lambda connection, _rank, _hello: cut(connection)) as port,
        pytest.raises(Unanswered) as caught,
    ):
        assessed(port, knocked=False)
    assert caught.value.status is Status.RESET


def test_a_close_that_repeats_while_all_else_works_is_a_refusal() -> None:
    def script(connection: socket.socket, _rank: int, hello: bytes) -> None:
        if ceiling(hello) >= 0x0303:
            choose(connection)

    with answering(script) as port:
        assert versions(assessed(port)) == (False, False, True, False)


def test_a_close_for_being_asked_too_often_is_not() -> None:
    def script(connection: socket.socket, rank: int, _hello: bytes) -> None:
        if rank < 1:
            choose(connection)

    with answering(script) as port:
        seen = assessed(port)
    assert versions(seen) == (None, None, True, False)


@pytest.mark.parametrize("description", [40, 71])
def test_a_failure_of_all_that_can_be_offered_refuses_the_version(description: int) -> None:
    def script(connection: socket.socket, _rank: int, hello: bytes) -> None:
        if ceiling(hello) >= 0x0303:
            choose(connection)
        else:
            connection.sendall(alert(description))

    with answering(script) as port:
        seen = assessed(port)
    assert versions(seen) == (False, False, True, False)
    assert seen.sslv3 is False


def test_a_way_that_does_not_open_is_tried_once() -> None:
    opened = 0

    async def dial() -> Stream:
        nonlocal opened
        opened += 1
        return await plain(port)

    async def refused(_stream: Stream) -> None:
        raise Unanswered(Status.PROTOCOL_ERROR, "454 TLS not available")

    async def run() -> None:
        await assess(
            None,
            dial,
            place=Place(establishment="e"),
            names=(),
            intensity=Intensity.STANDARD,
            now=lambda: datetime.now(UTC),
            prelude=refused,
            starttls="smtp",
        )

    with (
        answering(lambda connection, _rank, _hello: hold(connection)) as port,
        pytest.raises(Unanswered, match="454"),
    ):
        trio.run(run)
    assert opened == 1


def test_intolerance_to_tls_1_3_is_worked_around() -> None:
    def script(connection: socket.socket, _rank: int, hello: bytes) -> None:
        if offers_tls1_3(hello):
            cut(connection)
        elif ceiling(hello) >= 0x0303:
            choose(connection)
        else:
            connection.sendall(alert(70))

    with answering(script) as port:
        seen = assessed(port, knocked=False)
    assert versions(seen) == (False, False, True, None)
    assert seen.why["tls1_3"].startswith("reset")


def test_an_intolerant_old_server_is_found_step_by_step() -> None:
    def script(connection: socket.socket, _rank: int, hello: bytes) -> None:
        if ceiling(hello) > 0x0301:
            connection.sendall(alert(70))
        else:
            choose(connection, 0x0301)

    with answering(script) as port:
        assert versions(assessed(port)) == (True, False, False, False)


def test_ssl_3_is_believed_when_the_server_says_it() -> None:
    with answering(lambda connection, _rank, _hello: choose(connection, 0x0300)) as port:
        seen = assessed(port)
    assert seen.sslv3 is True
    assert versions(seen) == (False, False, False, False)
    assert "sslv3" not in seen.why


def test_a_curve_of_the_servers_own_making_is_told() -> None:
    def short(*values: bytes) -> bytes:
        return b"".join(bytes([len(value)]) + value for value in values)

    curve = b"\x01" + short(b"p" * 32, b"a", b"b", b"base", b"order", b"\x01", b"point")
    signed = curve + b"\x04\x03\x00\x00"

    def script(connection: socket.socket, _rank: int, hello: bytes) -> None:
        if ceiling(hello) < 0x0303:
            connection.sendall(alert(70))
            return
        said = server_hello() + certificates(issue("x").der) + message(12, signed)
        connection.sendall(record(22, said + message(14, b"")))

    with answering(script) as port:
        seen = assessed(port)
    assert seen.groups["TLS1.2"] == ("arbitrary_explicit_prime_curves",)
    assert seen.weak_curve is True


@pytest.mark.parametrize("names", [("a.example",), ("a.example", "b.example")])
def test_a_name_refused_everywhere(names: tuple[str, ...]) -> None:
    with answering(lambda connection, _rank, _hello: connection.sendall(alert(112))) as port:
        seen = assessed(port, *names)
    assert seen.name_needed
    assert versions(seen) == NOTHING
    assert seen.connections == len(names) + 2


@given(said=st.binary(max_size=300))
@settings(max_examples=25)
def test_any_answer_ends_in_a_status(said: bytes) -> None:
    def script(connection: socket.socket, rank: int, _hello: bytes) -> None:
        connection.sendall(said if rank % 2 else record(22, server_hello()) + said)

    async def run() -> None:
        for _ in range(2):
            made = await shake(await plain(port, 0.5), None)
            assert made.stream is None
            assert made.flight.is_tls or made.status is not Status.OK

    with answering(script) as port:
        trio.run(run)
