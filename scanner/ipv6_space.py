"""Which addresses of an IPv6 range are worth a try: pure arithmetic, bounded by a budget.

Nobody walks 2^64 addresses. What administrators write, and what machines make of their card, fill
few of them (RFC 7707): those are listed here, the likeliest first.
"""

import bisect
import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Network

BUDGET = 1_024
"""Addresses guessed in one range, all ways together; those that names give come on top."""
NAMED = 4_096
"""Addresses of one range that names or declarations give, at most."""
DRAWN = 2
"""Addresses drawn at random in each subnet, to see whether all of it answers."""
SUBNETS = 16
"""Subnets of a range in which addresses are guessed; those where something was seen come first."""
SCOUTS = 8
"""Ports on which a guess is tried; the others follow where something answered."""
_SCOUTED = (443, 80, 22, 3389, 25, 53, 8443, 10443, 4443, 21, 993, 5900, 445)
_SUBNET_BITS = 64
_REACH = 24
"""How far around an address that was seen."""
_LOW = 256
_IPV4 = 512
_WRITTEN = (
    *(0x22, 0x25, 0x53, 0x80, 0x443, 0x110, 0x123, 0x143, 0x389, 0x465, 0x587, 0x636, 0x993),
    *(0x995, 0x3389, 0x8080, 0x8443, 0x100, 0x101, 0x200, 0x254, 0x255, 0x1000, 0x1111, 0x1234),
    *(0xCAFE, 0xBEEF, 0xDEAD, 0xFACE, 0xBABE, 0xC0DE, 0xF00D, 0xFEED, 0xABCD, 0x1337, 0xFFFF),
    *(0xDEADBEEF, 0xCAFEBABE, 0xC0FFEE, 0xCAFE0001, 0xFACEB00C, 0xF5, 0x10001, 0x10002, 0x10010),
    *(0x800001, 0x4430001, 0x250001, 0x530001, 0x220001, 0x10080, 0x10443, 0x10025, 0x10053),
)
"""Port numbers as they are written in decimal, words, round numbers."""


@dataclass(frozen=True, slots=True)
class Guessed:
    """Candidates of one range."""

    addresses: tuple[int, ...]
    """The likeliest first of each way, each once."""
    ways: dict[str, int]
    left_out: int
    """More candidates than the budget holds."""


class Stretches:
    """Disjoint stretches of addresses, asked whether they hold one."""

    def __init__(self, stretches: Iterable[tuple[int, int]]) -> None:
        kept = sorted(stretches)
        self._firsts = [first for first, _ in kept]
        self._lasts = [last for _, last in kept]

    def __contains__(self, address: int) -> bool:
        at = bisect.bisect_right(self._firsts, address) - 1
        return at >= 0 and address <= self._lasts[at]


def scout_ports(ports: Sequence[int]) -> tuple[int, ...]:
    """Give the ports of a plan on which a guess is tried first."""
    planned = set(ports)
    chosen = [port for port in _SCOUTED if port in planned]
    chosen += [port for port in sorted(planned) if port not in chosen]
    return tuple(chosen[:SCOUTS])


def subnet_of(address: int) -> int:
    """Give the first address of the /64 around an address."""
    return address >> _SUBNET_BITS << _SUBNET_BITS


def subnets(network: IPv6Network, seen: Iterable[int]) -> tuple[int, ...]:
    """Give the first addresses of the /64 worth a look: those seen, most seen first, then the first
    of the range.
    """
    first, last = int(network.network_address), int(network.broadcast_address)
    counted = Counter(subnet_of(address) for address in seen if first <= address <= last)
    found = [base for base, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))]
    start = subnet_of(first)
    for rank in (0, 1, 2, 3, 0x10, 0x100, 4, 5, 6, 7, 8, 9, 0x20, 0xA, 0xFF, 0x1000):
        base = start + (rank << _SUBNET_BITS)
        if base <= last and base not in found:
            found.append(base)
    return tuple(found[:SUBNETS])


def drawn(bases: Iterable[int], allowed: Stretches, network: IPv6Network, seed: int) -> list[int]:
    """Give addresses drawn at random in each subnet, the same ones for the same seed."""
    first = int(network.network_address)
    size = min(network.num_addresses, 1 << _SUBNET_BITS)
    found: list[int] = []
    for base in bases:
        inside = 0
        for turn in range(8 * DRAWN):
            digest = hashlib.sha256(f"{seed} {base:x} {turn}".encode()).digest()
            address = max(base, first) + int.from_bytes(digest[:8], "big") % size
            if address in allowed and inside < DRAWN:
                inside += 1
                found.append(address)
    return found


def guesses(
    network: IPv6Network,
    allowed: Stretches,
    *,
    bases: Sequence[int],
    seen: Sequence[int],
    ipv4: Sequence[int] = (),
    known: Iterable[int] = (),
    budget: int = BUDGET,
) -> Guessed:
    """Give candidates in the subnets that start at ``bases``, within the budget.

    ``seen`` are addresses of the range known to be in use, ``ipv4`` those of the same machines and
    of their neighbours, the likeliest first; ``known`` are left out: they are tried anyway.
    """
    low = max(int(network.network_address), 0)
    starts = tuple(max(base, low) for base in bases)
    ways: dict[str, Iterator[int]] = {
        "near": _near(bases, seen),
        "ipv4": _from_ipv4(bases, ipv4[:_IPV4]),
        "words": (base | word for word in _WRITTEN for base in bases),
        "low": (start + number for number in range(_LOW) for start in starts),
    }
    taken = set(known)
    wanted = set(bases)
    counts: Counter[str] = Counter()
    found: list[int] = []
    left_out = 0

    def fresh(way: Iterator[int]) -> Iterator[int]:
        for address in way:
            if address not in taken and address in allowed and subnet_of(address) in wanted:
                taken.add(address)
                yield address

    streams = {name: fresh(way) for name, way in ways.items()}
    share = max(1, budget // len(streams))
    # Each way has its share first; what one leaves, the others take.
    for quota in (share, budget):
        for name, stream in streams.items():
            for address in itertools.islice(stream, min(quota, budget - len(found))):
                counts[name] += 1
                found.append(address)
    for stream in streams.values():
        left_out += sum(1 for _ in stream)
    return Guessed(addresses=tuple(found), ways=dict(counts), left_out=left_out)


def near(seen: Sequence[int], allowed: Stretches, known: Iterable[int], budget: int) -> Guessed:
    """Give the neighbours of addresses that answered, within the budget."""
    taken = set(known)
    found: list[int] = []
    left_out = 0
    for address in _near((), seen):
        if address in taken or address not in allowed:
            continue
        taken.add(address)
        if len(found) < budget:
            found.append(address)
        else:
            left_out += 1
    ways = {"near": len(found)} if found else {}
    return Guessed(addresses=tuple(found), ways=ways, left_out=left_out)


def _near(bases: Sequence[int], seen: Sequence[int]) -> Iterator[int]:
    """Give what lies around: numbers before and after, also by tens, and the same host elsewhere.

    Cards of one purchase have numbers that follow: so have the addresses made of them (EUI-64).
    """
    for step in range(1, _REACH + 1):
        for address in seen:
            for other in (address + step, address - step):
                if subnet_of(other) == subnet_of(address):
                    yield other
    for address in seen:
        for base in bases:
            yield base | (address & ((1 << _SUBNET_BITS) - 1))
    for step in (0x10, 0x20, 0x30, 0x100, 0x200, 0x10000, 0x20000):
        for address in seen:
            for other in (address + step, address - step):
                if subnet_of(other) == subnet_of(address):
                    yield other


def _from_ipv4(bases: Sequence[int], ipv4: Sequence[int]) -> Iterator[int]:
    """Give the ways in which an IPv4 address is written into an IPv6 one (RFC 7707)."""
    for value in ipv4:
        parts = [value >> shift & 0xFF for shift in (24, 16, 8, 0)]
        written = [int(str(part), 16) for part in parts]
        groups = 0
        for group in written:
            groups = groups << 16 | group
        hosts = (value, groups, written[3], parts[3], written[2] << 16 | written[3], value & 0xFFFF)
        for base in bases:
            for host in hosts:
                yield base | host
