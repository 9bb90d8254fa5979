"""Sets of addresses do what sets do."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from scanner.address_set import (
    EVERYONE,
    NOBODY,
    common,
    count_v4,
    count_v6_64,
    stretches_of,
    union,
    without,
)

_NUMBERS = st.frozensets(st.integers(0, 40))


def _of(numbers: frozenset[int]) -> tuple[tuple[int, int], ...]:
    return union((one, one) for one in numbers)


@given(_NUMBERS, _NUMBERS)
def test_as_sets_of_numbers(one: frozenset[int], other: frozenset[int]) -> None:
    assert union(_of(one), _of(other)) == _of(one | other)
    assert common(_of(one), _of(other)) == _of(one & other)
    assert without(_of(one), _of(other)) == _of(one - other)


def test_both_families_are_counted_apart() -> None:
    networks = map(ipaddress.ip_network, ("192.0.2.0/24", "192.0.2.128/25", "2001:db8::/32"))
    some = stretches_of(networks)
    assert (count_v4(some), count_v6_64(some)) == (256, 1 << 32)
    assert (count_v4(EVERYONE), count_v6_64(EVERYONE)) == (1 << 32, 1 << 64)
    assert without(EVERYONE, EVERYONE) == NOBODY
    assert count_v6_64(stretches_of((ipaddress.ip_network("2001:db8::1"),))) == 0
