"""SIDs and GUIDs, both ways, and whatever bytes come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.directory import guids, sids

_DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"


def test_a_sid_reads_as_windows_writes_it() -> None:
    data = bytes.fromhex("010500000000000515000000dc0ddd3bc3222b4642b5a62800020000")
    assert sids.from_bytes(data) == "S-1-5-21-1004342748-1177232067-682014018-512"
    assert sids.to_bytes("S-1-5-21-1004342748-1177232067-682014018-512") == data
    assert sids.from_bytes(bytes.fromhex("010100000000000512000000")) == sids.SYSTEM
    assert sids.from_bytes(bytes.fromhex("0100000000000005")) == "S-1-5"


@given(st.lists(st.integers(0, 2**32 - 1), max_size=15), st.integers(0, 2**48 - 1))
def test_sids_survive(parts: list[int], authority: int) -> None:
    head = str(authority) if authority < 2**32 else f"0x{authority:012X}"
    text = "-".join(["S-1", head, *map(str, parts)])
    assert sids.from_bytes(sids.to_bytes(text)) == text
    assert sids.is_sid(text)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_sid_or_none(data: bytes) -> None:
    text = sids.from_bytes(data)
    if text is not None:
        assert sids.to_bytes(text) == data


@pytest.mark.parametrize(
    "text",
    ["", "S-1", "S-2-5-18", "S-1-5-", "S-1-5-4294967296", "S-1-5-21-x", f"S-1-5{'-1' * 16}"],
)
def test_what_is_no_sid_is_refused(text: str) -> None:
    assert not sids.is_sid(text)
    with pytest.raises(ValueError, match=r".*"):
        sids.to_bytes(text)


def test_parts_of_a_sid() -> None:
    assert sids.rid_of(f"{_DOMAIN}-512") == 512
    assert sids.rid_of(sids.ADMINISTRATORS) == 544
    assert sids.rid_of(sids.EVERYONE) is None
    assert sids.domain_of(f"{_DOMAIN}-512") == _DOMAIN
    assert sids.domain_of(_DOMAIN) == ""
    assert sids.domain_of(sids.ADMINISTRATORS) == ""
    assert sids.is_broad(f"{_DOMAIN}-513")
    assert not sids.is_broad(f"{_DOMAIN}-512")
    assert sids.is_broad(sids.AUTHENTICATED_USERS)


def test_a_guid_reads_in_the_order_of_windows() -> None:
    data = bytes.fromhex("c07a96bfe60dd011a28500aa003049e2")
    assert guids.from_bytes(data) == guids.ATTRIBUTES["member"].replace("bf9679c0", "bf967ac0")
    assert guids.to_bytes("{BF967AC0-0DE6-11D0-A285-00AA003049E2}") == data
    assert guids.from_bytes(data[:15]) is None
    with pytest.raises(ValueError, match="nonsense"):
        guids.to_bytes("nonsense")


@given(st.binary(min_size=16, max_size=16))
def test_guids_survive(data: bytes) -> None:
    text = guids.from_bytes(data)
    assert text is not None
    assert guids.is_guid(text)
    assert guids.to_bytes(text) == data


def test_every_known_guid_reads_as_one() -> None:
    for table in (
        guids.RIGHTS, guids.VALIDATED, guids.SETS, guids.ATTRIBUTES, guids.SET_OF, guids.CLASSES
    ):  # fmt: skip
        assert all(guids.from_bytes(guids.to_bytes(one)) == one for one in table.values())
