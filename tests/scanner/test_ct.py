"""What certificate transparency tells, whole, cut or hostile."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.sources.ct import (
    MOST_NAMES,
    SearchReader,
    read_entries,
    read_tree_size,
    under_any,
)
from tests.servers.name_services import certified, crtsh, crtsh_row, log_entry

DOMAIN = "chu.example"


def read(body: bytes, step: int = 0) -> SearchReader:
    reader = SearchReader(DOMAIN)
    reader.take(b"")
    for at in range(0, len(body), step or len(body) or 1):
        if not reader.take(body[at : at + (step or len(body))]):
            break
    return reader


WHOLE = crtsh(
    crtsh_row("vpn.chu.example", "*.chu.example", "VPN.chu.example."),
    crtsh_row("chu.example", "chu.example.evil.example", "notchu.example", number=2),
    crtsh_row("secretariat@mail.chu.example", common="pacs.chu.example", number=3),
)


@pytest.mark.parametrize("step", [0, 1, 7, 1_000])
def test_each_name_once_however_it_comes(step: int) -> None:
    reader = read(WHOLE, step)
    assert list(reader.names) == [
        "vpn.chu.example",
        "*.chu.example",
        "chu.example",
        "mail.chu.example",
        "pacs.chu.example",
    ]
    assert reader.is_whole
    assert reader.rows == 3


def test_an_empty_list_is_whole() -> None:
    assert read(b" \r\n[ ]\n").is_whole


@pytest.mark.parametrize("cut", range(2, len(WHOLE), 97))
def test_what_came_before_a_cut_is_kept(cut: int) -> None:
    reader = read(WHOLE[:cut], 64)
    assert not reader.is_whole
    assert not reader.is_nonsense
    assert set(reader.names) <= set(read(WHOLE).names)
    assert reader.rows == WHOLE[:cut].count(b"}")


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><body>502</body></html>",
        b'{"error": "busy"}',
        b"null",
        b"[1, 2]",
        b'["a"]',
        b"[[[[[[",
        b"\x00\xff",
    ],
)
def test_what_is_no_answer_is_none(body: bytes) -> None:
    reader = read(body)
    assert reader.is_nonsense
    assert not reader.names


def test_rows_within_rows_are_not_read() -> None:
    reader = read(b'[{"a": {"name_value": "x.chu.example"}}]')
    assert not reader.is_whole
    assert not reader.names


def test_a_row_of_other_types_costs_that_row() -> None:
    rows = [{"name_value": 1}, {"name_value": None, "common_name": 2}, {}]
    body = json.dumps([*rows, crtsh_row("a.chu.example")]).encode()
    reader = read(body)
    assert (list(reader.names), reader.unread, reader.rows) == (["a.chu.example"], 2, 4)


def test_hostile_names_are_handed_on_bounded_and_as_data() -> None:
    names = (
        "<script>.chu.example",
        "a\x00b.chu.example",
        "é.chu.example",
        "a" * 300 + "." + DOMAIN,
    )
    assert list(read(crtsh(crtsh_row(*names))).names) == list(names[:3])


def test_too_many_names_end_the_reading() -> None:
    rows = [
        crtsh_row(*(f"n{number}.chu.example" for number in range(start, start + 1_000)))
        for start in range(0, MOST_NAMES + 2_000, 1_000)
    ]
    reader = read(crtsh(*rows), 1 << 16)
    assert reader.is_full
    assert len(reader.names) == MOST_NAMES


@pytest.mark.parametrize("filler", [b'{"a{', b'{"', b"{", b'{"\\"', b'{"a":"b"'])
def test_rows_without_end_are_left_in_linear_time(filler: bytes) -> None:
    reader = read(b"[" + filler * (3_000_000 // len(filler)), 1 << 16)
    assert reader.is_nonsense


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes(body: bytes, step: int) -> None:
    for each in (body, b"[" + body, WHOLE[:80] + body):
        assert len(read(each, step).names) <= 5


def test_entries_of_a_log() -> None:
    entries = [
        log_entry("vpn.chu.example", "*.autre.example"),
        log_entry("portail.chu.example", is_precertificate=True),
        {"leaf_input": "AAAA", "extra_data": ""},
        {"leaf_input": "not base64!", "extra_data": ""},
        {"leaf_input": base64.b64encode(bytes(12) + b"\xff" * 3).decode(), "extra_data": ""},
    ]
    body = json.dumps({"entries": entries}).encode()
    read = read_entries(body, 100)
    assert read is not None
    assert read[0] == ("vpn.chu.example", "*.autre.example", "vpn.chu.example")
    assert read[1][0] == "portail.chu.example"
    assert read[2:] == [(), (), ()]
    assert len(read_entries(body, 2) or []) == 2


def test_the_head_of_a_log() -> None:
    assert read_tree_size(b'{"tree_size": 7, "timestamp": 1}') == 7
    for body in (b"", b"[]", b'{"tree_size": -1}', b'{"tree_size": 1e99}', b'{"tree_size": "7"}'):
        assert read_tree_size(body) is None


@given(st.binary(max_size=80), st.integers(0, 200))
def test_any_entry(noise: bytes, at: int) -> None:
    der = bytearray(certified("a.chu.example"))
    der[at : at + len(noise)] = noise
    leaf = bytes(12) + len(der).to_bytes(3, "big") + der
    entry = {"leaf_input": base64.b64encode(leaf).decode(), "extra_data": ""}
    assert read_entries(json.dumps({"entries": [entry]}).encode(), 1) is not None
    assert read_entries(noise, 1) is None or noise.strip().startswith(b"{")


def test_names_under_our_domains_alone() -> None:
    names = ["a.chu.example", "*.b.ch.example", "x.example", "chu.example", "achu.example", "", "."]
    assert list(under_any(names, {"chu.example", "ch.example"})) == [
        ("chu.example", "a.chu.example"),
        ("ch.example", "*.b.ch.example"),
        ("chu.example", "chu.example"),
    ]


def test_bytes_that_are_no_text_are_no_answer() -> None:
    assert read_tree_size(b'{"tree_size": "\xff"}') is None
    assert read_entries(b'{"entries": [{"leaf_input": "\xff"}]}', 1) is None
