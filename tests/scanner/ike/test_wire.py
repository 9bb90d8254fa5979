"""What is read of IKE, from any bytes; what is offered, read back."""

import base64
import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.datagrams import QUESTION_BYTES
from scanner.ike import offers
from scanner.ike.names import Vendor, group_name, load_names, text_of, vendor_of
from scanner.ike.wire import (
    HEADER_BYTES,
    KE2,
    SA,
    SA2,
    V1,
    V2,
    VENDOR2,
    Transform1,
    read_chosen1,
    read_chosen2,
    read_message,
    read_notify,
)

CONTACT = "securite@grades.example"
EXAMPLE = Transform1(encryption=7, key_bits=256, hash=2, authentication=1, group=2)


@given(st.binary(max_size=400))
def test_readers_are_total(data: bytes) -> None:
    read_message(data)
    read_chosen1(data)
    read_chosen2(data)
    for version in (V1, V2):
        read_notify(data, version)


@given(
    st.integers(0, 255),
    st.sampled_from([0x10, 0x20]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=300),
)
def test_any_payloads_are_read_or_refused(
    first: int, version: int, exchange: int, flags: int, rest: bytes
) -> None:
    size = HEADER_BYTES + len(rest)
    head = bytes(16) + struct.pack(">BBBBII", first, version, exchange, flags, 0, size)
    message = read_message(head + rest)
    if message is not None:
        assert sum(4 + len(one.body) for one in message.payloads) <= len(rest)
        for one in message.payloads:
            read_chosen1(one.body)
            read_chosen2(one.body)


@given(st.data())
def test_a_flipped_byte_of_our_own_message_is_survived(data: st.DataObject) -> None:
    bytes_ = bytearray(offers.ask_v2(CONTACT).datagram)
    at = data.draw(st.integers(0, len(bytes_) - 1))
    bytes_[at] = data.draw(st.integers(0, 255))
    read_message(bytes(bytes_))


@pytest.mark.parametrize(
    "question",
    [
        offers.ask_v2("x" * 500),
        offers.ask_v2(CONTACT, groups=offers.WEAK_GROUPS),
        offers.ask_main("x" * 500),
        offers.ask_main(CONTACT, offers.with_weak_groups(EXAMPLE)),
        offers.ask_aggressive(CONTACT, EXAMPLE),
        offers.ask_aggressive("x" * 500, None),
    ],
)
def test_a_question_is_a_small_and_whole_message(question: offers.Question) -> None:
    message = read_message(question.datagram)
    assert message is not None
    assert len(question.datagram) <= QUESTION_BYTES
    assert message.initiator == question.initiator != bytes(8)
    assert message.responder == bytes(8)
    assert question.datagram[24:28] == len(question.datagram).to_bytes(4, "big")


def test_a_cookie_stands_before_all_else() -> None:
    question = offers.ask_v2(CONTACT)
    message = read_message(offers.with_cookie(question, b"biscuit"))
    assert message is not None
    assert [one.kind for one in message.payloads] == [41, SA2, KE2, 40, VENDOR2]
    told = read_notify(message.payloads[0].body, V2)
    assert told is not None
    assert (told.kind, told.data) == (16390, b"biscuit")


def test_one_transform_is_a_choice_and_two_are_not() -> None:
    one = read_message(offers.ask_main(CONTACT, [EXAMPLE]).datagram)
    two = read_message(offers.ask_main(CONTACT, [EXAMPLE, EXAMPLE]).datagram)
    assert one is not None
    assert two is not None
    assert read_chosen1(one.first(SA) or b"") == EXAMPLE
    assert read_chosen1(two.first(SA) or b"") is None


def test_an_offer_of_ikev2_is_no_choice() -> None:
    message = read_message(offers.ask_v2(CONTACT).datagram)
    assert message is not None
    assert read_chosen2(message.first(SA2) or b"") is None


@pytest.mark.parametrize("group", [1, 2, 5, 14, 15, 16, 22, 24])
def test_a_public_value_is_of_its_group(group: int) -> None:
    bits = load_names().groups[group].bits
    value = offers.public_value(group)
    assert len(value) == bits // 8
    assert 1 < int.from_bytes(value, "big") < 1 << (bits - 1)
    assert value != offers.public_value(group)


@pytest.mark.parametrize(("group", "size"), [(19, 64), (20, 96), (21, 132)])
def test_a_public_value_of_a_curve_is_a_point(group: int, size: int) -> None:
    assert len(offers.public_value(group)) == size
    assert not offers.can_offer(31)


def test_weak_offers_are_all_weak() -> None:
    assert {one.group for one in offers.with_weak_groups(EXAMPLE)} == {1, 2, 22}
    assert {one.authentication for one in offers.with_weak_groups(EXAMPLE)} == {1}


def _begins(vendor: Vendor) -> str:
    return vendor.begins[:16]


@pytest.mark.parametrize("vendor", load_names().vendors, ids=_begins)
def test_vendor_identifiers_are_what_they_are_said_to_be(vendor: Vendor) -> None:
    assert vendor_of(bytes.fromhex(vendor.begins)) == vendor
    if vendor.md5_of:
        digest = hashlib.md5(vendor.md5_of.encode(), usedforsecurity=False).hexdigest()
        assert digest.startswith(vendor.begins) or vendor.begins.startswith(digest)
    if vendor.text:
        assert bytes.fromhex(vendor.begins) == vendor.text.encode()
    assert vendor.source


def test_what_is_unknown_has_no_name() -> None:
    assert vendor_of(b"\xde\xad\xbe\xef" * 4) is None
    assert vendor_of(b"") is None
    assert group_name(99) == "group 99"
    assert group_name(2) == "MODP-1024"


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        (b"CISCO-DELETE-REASON", "CISCO-DELETE-REASON"),
        (bytes(32) + base64.b64encode(b"VN=12.11.3 BN=719894"), "VN=12.11.3 BN=719894"),
        (bytes.fromhex("882fe56d6fd20dbc2251613b2ebe5beb"), ""),
        (b"OEN" + b"\x01" * 9, ""),
        (b"court", ""),
        (b"A" * 900, "A" * 64),
        (b"protocol=ike\nprotocol=openvpn\n", ""),
        (b"", ""),
    ],
)
def test_a_text_is_read_where_there_is_one(identifier: bytes, text: str) -> None:
    assert text_of(identifier) == text


@given(st.binary(max_size=200))
def test_texts_are_one_short_printable_line(identifier: bytes) -> None:
    text = text_of(identifier)
    assert len(text) <= 64
    assert text.isprintable()
