"""The little BER: what it writes it reads, and it reads nothing else."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unanswered
from core.model import Status
from scanner import ber


@given(st.sampled_from([0x02, 0x04, 0x30, 0x64, 0xA0]), st.binary(max_size=70_000))
def test_what_is_written_is_read(tag: int, content: bytes) -> None:
    assert ber.items(ber.encode(tag, content)) == ((tag, content),)


@given(st.integers(min_value=0, max_value=2**62))
def test_numbers(value: int) -> None:
    (item,) = ber.items(ber.integer(value))
    assert ber.number(item) == value


@given(st.binary(max_size=300))
def test_reading_is_total(data: bytes) -> None:
    with suppress(Unanswered):
        for item in ber.items(data):
            with suppress(Unanswered):
                ber.number(item)


@pytest.mark.parametrize(
    "data",
    [
        b"\x30",
        b"\x30\x05\x02",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        b"\x1f\x81\x01\x00",
        b"\x04\x00" * 5_000,
    ],
)
def test_malformed_is_a_protocol_error(data: bytes) -> None:
    with pytest.raises(Unanswered) as raised:
        ber.items(data)
    assert raised.value.status is Status.PROTOCOL_ERROR


def test_padded_lengths_are_read() -> None:
    assert ber.items(b"\x30\x84\x00\x00\x00\x02\x05\x00") == ((0x30, b"\x05\x00"),)
