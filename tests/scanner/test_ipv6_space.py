"""Which addresses of a range nobody can walk are tried: likely, inside it, within the budget."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.ipv6_space import (
    BUDGET,
    DRAWN,
    SCOUTS,
    SUBNETS,
    Stretches,
    drawn,
    guesses,
    near,
    scout_ports,
    subnet_of,
    subnets,
)

_RANGE = IPv6Network("2001:db8:11::/64")


def _number(text: str) -> int:
    return int(IPv6Address(text))


def _whole(network: IPv6Network) -> Stretches:
    return Stretches([(int(network.network_address), int(network.broadcast_address))])


def _guessed(network: IPv6Network, *seen: str, ipv4: tuple[str, ...] = ()) -> set[str]:
    numbers = [_number(one) for one in seen]
    found = guesses(
        network,
        _whole(network),
        bases=subnets(network, numbers),
        seen=numbers,
        ipv4=[int(IPv4Address(one)) for one in ipv4],
    )
    assert len(found.addresses) == len(set(found.addresses)) <= BUDGET
    assert sum(found.ways.values()) == len(found.addresses)
    return {str(IPv6Address(one)) for one in found.addresses}


def test_what_administrators_write_is_there() -> None:
    found = _guessed(_RANGE, ipv4=("203.0.113.45",))
    assert {f"2001:db8:11::{low:x}" for low in range(1, 0x100)} <= found
    for written in ("80", "443", "25", "53", "cafe", "dead:beef"):
        assert str(IPv6Address(f"2001:db8:11::{written}")) in found
    # An IPv4 address in its 32 bits, group by group, and by its last number.
    for written in ("cb00:712d", "203:0:113:45", "45", "2d"):
        assert str(IPv6Address(f"2001:db8:11::{written}")) in found


def test_neighbours_of_what_was_seen_come_with_it() -> None:
    card = "2001:db8:11:0:21b:21ff:fe3a:4b5c"
    found = _guessed(_RANGE, card, "2001:db8:11::a:1")
    assert "2001:db8:11:0:21b:21ff:fe3a:4b5d" in found
    assert "2001:db8:11:0:21b:21ff:fe3a:4b50" in found
    assert {"2001:db8:11::a:2", "2001:db8:11::a:11"} <= found


def test_the_same_host_is_looked_for_in_the_subnets_in_use() -> None:
    wide = IPv6Network("2001:db8:20::/48")
    found = _guessed(wide, "2001:db8:20:5::beef:7", "2001:db8:20:9::1")
    assert "2001:db8:20:9::beef:7" in found
    assert "2001:db8:20::1" in found
    bases = subnets(wide, [_number("2001:db8:20:5::1")])
    assert bases[0] == _number("2001:db8:20:5::")
    assert len(bases) == SUBNETS


def test_excluded_stretches_hold_no_candidate() -> None:
    first = int(_RANGE.network_address)
    allowed = Stretches([(first, first + 0x4F), (first + 0x60, int(_RANGE.broadcast_address))])
    found = guesses(_RANGE, allowed, bases=(first,), seen=())
    assert not any(0x50 <= one - first < 0x60 for one in found.addresses)
    assert first + 0x4F in found.addresses


@settings(max_examples=80)
@given(
    length=st.integers(16, 111),
    base=st.integers(0, 2**128 - 1),
    seen=st.lists(st.integers(0, 2**128 - 1), max_size=30),
    ipv4=st.lists(st.integers(0, 2**32 - 1), max_size=600),
    budget=st.integers(1, 300),
    seed=st.integers(0, 2**48),
)
def test_candidates_lie_in_the_range_each_once_within_the_budget(
    length: int, base: int, seen: list[int], ipv4: list[int], budget: int, seed: int
) -> None:
    network = IPv6Network((base >> (128 - length) << (128 - length), length))
    allowed = _whole(network)
    inside = [one for one in seen if one in allowed]
    bases = subnets(network, seen)
    assert 1 <= len(bases) <= SUBNETS
    found = guesses(
        network, allowed, bases=bases, seen=inside, ipv4=ipv4, known=inside, budget=budget
    )
    assert len(found.addresses) == len(set(found.addresses)) <= budget
    assert all(IPv6Address(one) in network for one in found.addresses)
    assert not set(found.addresses) & set(inside)
    beside = near(inside, allowed, found.addresses, budget)
    assert all(one in allowed for one in beside.addresses)
    assert not set(beside.addresses) & set(found.addresses)
    lots = drawn(bases, allowed, network, seed)
    assert all(one in allowed for one in lots)
    assert lots == drawn(bases, allowed, network, seed)


def test_what_the_budget_leaves_is_counted() -> None:
    first = int(_RANGE.network_address)
    few = guesses(_RANGE, _whole(_RANGE), bases=(first,), seen=(), budget=40)
    assert len(few.addresses) == 40
    assert few.left_out > 100
    assert few.ways.keys() == {"words", "low"}


def test_addresses_are_drawn_in_each_subnet() -> None:
    wide = IPv6Network("2001:db8:20::/48")
    bases = subnets(wide, ())
    found = drawn(bases, _whole(wide), wide, 7)
    assert len(found) == DRAWN * len(bases)
    assert {subnet_of(one) for one in found} == set(bases)


def test_scouts_are_ports_of_the_plan_the_telling_ones_first() -> None:
    assert scout_ports((9_200, 22, 443)) == (443, 22, 9_200)
    many = scout_ports(range(1, 10_000))
    assert len(many) == SCOUTS
    assert {443, 80, 22, 3389} <= set(many)
