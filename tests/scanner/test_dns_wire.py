"""Answers are read whole or refused, whatever the bytes."""

import time

import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from hypothesis import given
from hypothesis import strategies as st

from scanner.dns_wire import (
    BadAnswer,
    Said,
    is_cut,
    kind_of,
    query_of,
    question_of,
    rcode_of,
    read_answer,
    wire_of,
)

_NAME = "pacs.chu.example"
_OWNER = wire_of(_NAME) or b""
_ASKED = question_of(_OWNER, kind_of("A"))
_HEAD = b"\x00\x07\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"


def _answer(*lines: str, kind: str = "A", rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> bytes:
    reply = dns.message.make_response(dns.message.make_query(_NAME, kind))
    reply.set_rcode(rcode)
    for line in lines:
        owner, told, value = line.split(" ", 2)
        reply.answer.append(dns.rrset.from_text(owner, 60, "IN", told, value))
    return reply.to_wire()


def _read(*lines: str) -> Said:
    return read_answer(_answer(*lines), _ASKED)


def test_a_question_is_what_the_library_writes() -> None:
    query = query_of(7, 0x0120, _ASKED, edns=True, dnssec=True)
    read = dns.message.from_wire(query)
    assert read.question[0].name.to_text() == f"{_NAME}."
    assert (read.payload, read.id, bool(read.ednsflags & 0x8000)) == (1_232, 7, True)
    assert dns.message.from_wire(query_of(7, 0x0100, _ASKED, edns=False, dnssec=False)).edns == -1


def test_names_that_the_dns_cannot_hold() -> None:
    assert (wire_of("Hôpital.example") or b"").startswith(b"\x0exn--")
    assert wire_of(f"{'x' * 64}.example") is None
    assert wire_of(".".join(["x" * 60] * 5)) is None
    assert wire_of("a..b") is None
    assert wire_of(".") == b"\0"


def test_what_was_asked_is_read_at_the_end_of_the_aliases() -> None:
    said = _read(
        f"{_NAME}. CNAME un.example.",
        "un.example. CNAME deux.example.",
        "deux.example. A 192.0.2.1",
        "autre.example. A 192.0.2.66",
        "un.example. A 192.0.2.67",
    )
    assert said.chain == ("un.example", "deux.example")
    assert [one.address for one in said.records if isinstance(one, A)] == ["192.0.2.1"]


def test_aliases_that_turn_round_have_a_status() -> None:
    said = _read(f"{_NAME}. CNAME un.example.", f"un.example. CNAME {_NAME}.")
    assert (said.why, said.exists) == ("alias-loop", True)
    assert _read(f"{_NAME}. CNAME {_NAME}.").why == "alias-loop"
    far = [f"n{one}.example. CNAME n{one + 1}.example." for one in range(100)]
    assert _read(f"{_NAME}. CNAME n0.example.", *far).why == "alias-loop"


def test_a_longest_text_is_read() -> None:
    asked = question_of(_OWNER, kind_of("TXT"))
    strings = " ".join(f'"{"x" * 255}"' for _ in range(250))
    said = read_answer(_answer(f"{_NAME}. TXT {strings}", kind="TXT"), asked)
    (record,) = said.records
    assert isinstance(record, TXT)
    assert sum(len(one) for one in record.strings) == 63_750


@pytest.mark.parametrize(
    "record",
    [
        b"\xc0\x26" + b"\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01",
        b"\xc0\xff" + b"\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01",
        b"\xc0",
        b"\x40abc",
        b"\x3f" + b"x" * 10,
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\xff\xff\xc0\x00",
        b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x2e",
        b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x03\xc0\x00\x02",
        (b"\x3f" + b"x" * 63) * 4 + b"\x3f",
    ],
    ids=["itself", "ahead", "half", "reserved", "cut", "long", "alias-loop", "short-a", "giant"],
)
def test_records_that_lead_nowhere_are_refused(record: bytes) -> None:
    wire = _HEAD + _ASKED + record
    assert len(_HEAD + _ASKED) == 0x22
    with pytest.raises(BadAnswer):
        read_answer(wire, _ASKED)


def test_pointers_that_jump_for_ever_are_refused_at_once() -> None:
    # Each goes back by two bytes: quadratic for who follows all of them for each record.
    ladder = b"".join(
        (0xC000 | max(12, 34 + 2 * one - 2)).to_bytes(2, "big") for one in range(8_000)
    )
    started = time.process_time()
    with pytest.raises(BadAnswer):
        read_answer(_HEAD + _ASKED + ladder, _ASKED)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "wire",
    [
        b"",
        b"\0" * 11,
        _HEAD.replace(b"\x81\x80", b"\x01\x00") + _ASKED,
        _HEAD + question_of(wire_of("autre.example") or b"", 1),
        _HEAD + question_of(_OWNER, 28),
        _HEAD + _ASKED[:-1],
        b"\x00\x07\x81\x80" + b"\0" * 8,
    ],
    ids=["empty", "short", "query", "other name", "other kind", "cut", "no question"],
)
def test_what_answers_another_question_is_none(wire: bytes) -> None:
    with pytest.raises(BadAnswer):
        rcode_of(wire, _ASKED)


def test_a_server_that_cannot_read_says_so_without_the_question() -> None:
    assert rcode_of(b"\x00\x07\x81\x81" + b"\0" * 8, _ASKED) == "FORMERR"
    assert rcode_of(_HEAD.replace(b"\x80\x00\x01", b"\x80\x00\x01") + _ASKED, _ASKED) == "NOERROR"


def test_names_of_answers_are_escaped() -> None:
    record = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x0c\x0a<b>\x1b\x00.\xff a\x7f\x00"
    said = read_answer(_HEAD + _ASKED + record, _ASKED)
    assert said.chain == ("<b>\\027\\000\\.\\255\\032a\\127",)


@given(st.binary(max_size=400))
def test_any_bytes_are_an_answer_or_none(tail: bytes) -> None:
    for wire in (tail, _HEAD + _ASKED + tail):
        try:
            said = read_answer(wire, _ASKED)
        except BadAnswer:
            continue
        assert isinstance(said, Said)


_REAL = _answer(
    f"{_NAME}. CNAME un.example.", "un.example. A 192.0.2.1", "example. SOA a. b. 1 2 3 4 5"
)


@given(st.lists(st.tuples(st.integers(0, len(_REAL) - 1), st.integers(0, 255)), max_size=12))
def test_a_real_answer_spoilt_anywhere(changes: list[tuple[int, int]]) -> None:
    wire = bytearray(_REAL)
    for place, value in changes:
        wire[place] = value
    try:
        said = read_answer(bytes(wire), _ASKED, keeps=True)
    except BadAnswer:
        return
    assert len(said.chain) <= 33
    is_cut(bytes(wire))


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_none(text: str) -> None:
    wire = wire_of(text)
    assert wire is None or (wire.endswith(b"\0") and len(wire) <= 255)
