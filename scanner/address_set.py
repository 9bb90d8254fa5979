"""Sets of addresses as sorted, disjoint stretches: IPv4 first, IPv6 behind it on the same line."""

import ipaddress
from bisect import bisect_left
from collections.abc import Iterable

Stretches = tuple[tuple[int, int], ...]
"""First and last of each, both within; sorted, disjoint, never touching."""

_V6 = 1 << 32
"""Where IPv6 begins."""
EVERYONE: Stretches = ((0, _V6 + (1 << 128) - 1),)
NOBODY: Stretches = ()


def stretches_of(
    networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> Stretches:
    """Give the addresses of these networks."""
    found: list[tuple[int, int]] = []
    for one in networks:
        base = 0 if one.version == 4 else _V6
        first = base + int(one.network_address)
        found.append((first, first + one.num_addresses - 1))
    return union(found)


def union(*many: Iterable[tuple[int, int]]) -> Stretches:
    """Give what is in any of these."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(one for each in many for one in each):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def common(one: Stretches, other: Stretches) -> Stretches:
    """Give what is in both."""
    found: list[tuple[int, int]] = []
    ends = [last for _, last in other]
    for first, last in one:
        at = bisect_left(ends, first)
        while at < len(other) and other[at][0] <= last:
            found.append((max(first, other[at][0]), min(last, other[at][1])))
            at += 1
    return tuple(found)


def without(one: Stretches, other: Stretches) -> Stretches:
    """Give what is in the first and not in the second."""
    gaps: list[tuple[int, int]] = []
    free = 0
    for first, last in other:
        if free < first:
            gaps.append((free, first - 1))
        free = last + 1
    if free <= EVERYONE[0][1]:
        gaps.append((free, EVERYONE[0][1]))
    return common(one, tuple(gaps))


def count_v4(one: Stretches) -> int:
    """Give how many IPv4 addresses are in it."""
    return sum(min(last, _V6 - 1) - first + 1 for first, last in one if first < _V6)


def count_v6_64(one: Stretches) -> int:
    """Give how many IPv6 networks of 64 bits it fills, rounded down."""
    held = sum(last - max(first, _V6) + 1 for first, last in one if last >= _V6)
    return held >> 64
