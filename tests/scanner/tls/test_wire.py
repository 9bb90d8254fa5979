"""The reader of what servers say in clear: right on real bytes, total on any."""

import hashlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scanner.tls.wire import (
    FLIGHT_LIMIT_BYTES,
    Flight,
    Reader,
    is_tls_answer,
    read_flight,
    read_sslv2,
)
from tests.servers.tls_hostile import certificates, message, record, server_hello


def key_exchange(prime_bytes: int) -> bytes:
    prime = b"\xff" * prime_bytes
    return message(12, struct.pack(">H", prime_bytes) + prime + b"\x00\x01\x02\x00\x01\x02")


def test_reads_a_whole_flight_of_tls_1_2() -> None:
    extensions = struct.pack(">HHB", 0xFF01, 1, 0) + struct.pack(">HH", 23, 0)
    flight = read_flight(
        record(22, server_hello(0x0302, 0x0033, extensions))
        + record(22, certificates(b"leaf", b"above") + key_exchange(128))
        + record(22, message(13, b"\x01\x01\x00\x00") + message(14, b""))
    )
    assert flight.version == 0x0302
    assert flight.suite == 0x0033
    assert flight.certificates == (b"leaf", b"above")
    assert flight.dh_prime_bits == 1024
    assert flight.client_certificate
    assert flight.hello_done
    assert flight.secure_renegotiation
    assert flight.extended_master_secret


def test_reads_messages_split_over_records() -> None:
    whole = server_hello() + certificates(b"x" * 700)
    data = b"".join(record(22, whole[at : at + 100]) for at in range(0, len(whole), 100))
    assert read_flight(data).certificates == (b"x" * 700,)
    assert read_flight(data[:-1]).certificates == ()
    assert read_flight(data[:-1]).version == 0x0303


def test_tls_1_3_stands_in_an_extension_and_is_followed_by_ciphertext() -> None:
    extensions = struct.pack(">HHH", 43, 2, 0x0304)
    data = record(22, server_hello(extensions=extensions, suite=0x1301)) + record(20, b"\x01")
    flight = read_flight(data + record(23, certificates(b"not a certificate")))
    assert flight.version == 0x0304
    assert flight.certificates == ()


def test_an_alert_instead_of_a_version() -> None:
    flight = read_flight(record(21, b"\x02\x46", 0x0301))
    assert flight.alert is not None
    assert flight.alert.name == "protocol_version"
    assert flight.version is None


def test_a_warning_does_not_end_the_handshake() -> None:
    flight = read_flight(record(21, b"\x01\x70") + record(22, server_hello()))
    assert flight.alert is None
    assert flight.version == 0x0303
    assert [warning.name for warning in flight.warnings] == ["unrecognized_name"]


def test_an_old_server_is_read_for_what_it_says() -> None:
    assert read_flight(record(22, server_hello(0x0300, 0x0005), 0x0300)).version == 0x0300


@given(st.binary(max_size=600))
@example(b"HTTP/1.1 400 Bad Request\r\n\r\n")
@example(b"SSH-2.0-OpenSSH_9.2\r\n")
@example(bytes.fromhex("0300000902f0802180"))
@example(b"\x15\x03\x01\x00\x03abc")
@example(b"\x16\x03\x01\xff\xff\x02")
def test_what_does_not_start_as_tls_says_nothing(data: bytes) -> None:
    flight = read_flight(data)
    if not is_tls_answer(data):
        assert flight == Flight()


@given(st.binary(max_size=2_000), st.integers(20, 24))
def test_any_bytes_behind_a_hello_are_read_without_a_fault(data: bytes, kind: int) -> None:
    read_flight(record(22, server_hello()) + data)
    flight = read_flight(record(22, server_hello()) + record(kind, data or b"\x00"))
    assert flight.version == 0x0303


@given(st.binary(max_size=400))
def test_any_hello_is_read_without_a_fault(body: bytes) -> None:
    flight = read_flight(record(22, message(2, body) + message(11, body) + message(12, body)))
    assert flight.version is None or 0x0300 <= flight.version <= 0x0304
    assert len(flight.certificates) <= 10


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=60)), max_size=30))
def test_any_messages_are_read_without_a_fault(messages: list[tuple[int, bytes]]) -> None:
    read_flight(record(22, server_hello() + b"".join(message(*one) for one in messages)))


def test_an_endless_chain_is_cut() -> None:
    flight = read_flight(record(22, server_hello()) + record(22, certificates(*[b"x"] * 3_000)))
    assert len(flight.certificates) == 10
    endless = record(22, b"\x02" * 16_000) * (2 * FLIGHT_LIMIT_BYTES // 16_000)
    assert read_flight(endless).version is None


@given(
    st.lists(
        st.tuples(st.integers(20, 23), st.binary(min_size=1, max_size=300)), min_size=1, max_size=8
    ),
    st.integers(1, 97),
)
def test_however_it_is_cut_it_reads_alike(parts: list[tuple[int, bytes]], size: int) -> None:
    data = record(22, server_hello()) + b"".join(record(kind, body) for kind, body in parts)
    whole, cut = Reader(), Reader()
    whole.feed(data)
    for at in range(0, len(data), size):
        cut.feed(data[at : at + size])
    assert whole.flight == cut.flight
    assert whole.raw == cut.raw


def _short(*values: bytes) -> bytes:
    return b"".join(bytes([len(value)]) + value for value in values)


@pytest.mark.parametrize(
    ("parameters", "group"),
    [
        (b"\x03\x00\x16", 0x0016),
        (b"\x01" + _short(b"p" * 28, b"a", b"b", b"base", b"order", b"\x01"), 0xFF01),
        (b"\x02\x00\xe9\x01" + _short(b"k", b"a", b"b", b"base", b"order", b"\x01"), 0xFF02),
        (b"\x02\x00\xe9\x02" + _short(*(b"k",) * 3, *(b"c",) * 5), 0xFF02),
    ],
)
def test_a_curve_named_or_spelled_out(parameters: bytes, group: int) -> None:
    said = parameters + _short(b"point") + b"\x04\x03\x00\x00"
    flight = read_flight(record(22, server_hello(suite=0xC02F) + message(12, said)))
    assert flight.group == group
    assert flight.public_sha256 == hashlib.sha256(b"point").hexdigest()
    assert flight.scheme == 0x0403


def test_a_staple_is_kept() -> None:
    said = b"\x01" + (4).to_bytes(3, "big") + b"ocsp" + b"rest"
    flight = read_flight(record(22, server_hello() + message(22, said)))
    assert flight.staple == b"ocsp"
    assert not read_flight(record(22, server_hello() + message(22, b"\x02" + said[1:]))).staple


@given(st.integers(1, 3), st.binary(max_size=400))
def test_any_curve_is_read(kind: int, body: bytes) -> None:
    flight = read_flight(record(22, server_hello(suite=0xC02F) + message(12, bytes([kind]) + body)))
    assert flight.suite == 0xC02F


@given(st.integers(0, 0xFFFF), st.binary(max_size=400))
def test_any_key_exchange_is_read(suite: int, body: bytes) -> None:
    flight = read_flight(record(22, server_hello(suite=suite) + message(12, body)))
    assert flight.suite == suite
    assert flight.dh_prime_bits is None or flight.dh_prime_bits > 0


@given(st.binary(max_size=400))
@example(b"\x80\x0b\x04\x00\x01\x00\x02\x00\x00\x00\x03\x00\x00")
@example(b"\x15\x03\x00\x00\x02\x02\x28")
@example(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 60)
def test_any_answer_to_sslv2_is_read(data: bytes) -> None:
    flight = read_sslv2(data)
    if flight is not None and flight.version is not None:
        assert flight.version == 2
        assert flight.is_over


def test_an_answer_of_sslv2_is_read_whole() -> None:
    kinds = bytes.fromhex("010080020080")
    body = struct.pack(">BBBHHHH", 4, 0, 1, 2, 4, len(kinds), 16) + b"cert" + kinds + bytes(16)
    data = struct.pack(">H", 0x8000 | len(body)) + body
    assert read_sslv2(data[:-1]) is None
    flight = read_sslv2(data)
    assert flight is not None
    assert flight.kinds == (0x010080, 0x020080)
    assert flight.certificates == (b"cert",)


def test_a_message_too_long_to_be_true_is_not_awaited() -> None:
    reader = Reader()
    assert not reader.feed(record(22, server_hello()))
    assert reader.feed(record(22, b"\x0b" + (10_000_000).to_bytes(3, "big") + bytes(1_000)))
    assert reader.flight.is_hostile
    assert reader.flight.version == 0x0303
