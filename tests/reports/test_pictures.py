"""Blocks stay inside their picture and stand where they should."""

from ipaddress import ip_network
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.model import Criticality
from reports import pictures


def _end(block: pictures.Block) -> float:
    return float(block.x[:-1]) + float(block.width[:-1])


@given(st.lists(st.integers(-3, 10**9), max_size=8), st.integers(0, 10**9))
def test_stacked_blocks_follow_each_other(values: list[int], more: int) -> None:
    whole = sum(value for value in values if value > 0) + more
    blocks = pictures.stacked([("x", value, str(value)) for value in values], whole)
    assert len(blocks) == sum(value > 0 for value in values)
    for before, after in pairwise(blocks):
        assert abs(_end(before) - float(after.x[:-1])) < 0.01
    assert all(_end(block) < 100.01 for block in blocks)


@given(
    st.integers(0, 32),
    st.dictionaries(st.integers(0, 2**32 - 1), st.sampled_from([None, *Criticality])),
)
def test_a_map_of_any_range_holds_its_hosts(
    length: int, seen: dict[int, Criticality | None]
) -> None:
    network = ip_network((0, length))
    drawn = pictures.strip([network], seen, pictures.networks(["0.0.0.0/9", "::/0", "name"]))
    inside = [at for at in seen if at < network.num_addresses]
    assert drawn.hosts == len(inside)
    assert drawn.flagged == sum(seen[at] is not None for at in inside)
    assert len(drawn.blocks) <= len(inside) + 1
    for block in drawn.blocks:
        assert float(block.x[:-1]) >= 0
        assert _end(block) < 100.01
        assert block.y + block.height == pictures.MAP_HEIGHT


def test_ranges_stand_side_by_side_without_what_lies_between() -> None:
    texts = ("203.0.113.8/31", "203.0.113.1/32", "203.0.113.9/32")
    ranges = pictures.networks(texts)
    first = int(ip_network("203.0.113.0/24").network_address)
    seen = {first + 1: Criticality.HIGH, first + 4: Criticality.LOW, first + 9: None}
    drawn = pictures.strip(ranges, seen, pictures.networks(["203.0.113.8/32"]))
    assert (drawn.addresses, drawn.hosts, drawn.flagged) == (3, 2, 1)
    assert [(block.look, block.x) for block in drawn.blocks] == [
        ("excluded", "33.333%"),
        ("high", "0.000%"),
        ("service", "66.667%"),
    ]


def test_the_gravest_of_a_cell_is_drawn_highest() -> None:
    network = ip_network("203.0.113.0/24")
    first = int(network.network_address)
    drawn = pictures.strip([network], {first: Criticality.LOW, first + 1: Criticality.CRITICAL}, ())
    assert [(block.look, block.height) for block in drawn.blocks] == [("critical", 36)]
    assert drawn.per_cell == 2
