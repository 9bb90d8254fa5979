"""IPv6 ranges too large to be swept, and the spaces of what was chosen to be tried in them."""

import bisect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_network

import msgspec

from core.inventory import Network
from core.model import Intensity, Status
from core.observations.ipv6 import WAVES, Ipv6Chosen
from core.store.store import Run, Store
from inventories.addresses import merged
from inventories.scope import SWEEPABLE, Scope, Segment
from scanner.space import BLOCK_PAIRS, Space, status_of_code

IPV6_SPACES = 100_000
"""Number of the first space tried in such ranges; named spaces come before, those of UDP far after.
"""
_WAVES_KEPT = 8
"""Numbers kept for the waves of each range: stored, never renumbered."""
ALIVE = frozenset({Status.OPEN, Status.REFUSED, Status.RESET, Status.GAVE_UP})
"""Somebody is there."""


@dataclass(frozen=True, slots=True)
class LargeRange:
    """One range of the inventory, as far as it may be contacted and not swept."""

    number: int
    establishment: str
    network: IPv6Network
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """As the inventory writes it."""
        return str(self.network)

    def space_number(self, wave: str) -> int:
        """Give the number of the space of a wave, the same at every resume."""
        return IPV6_SPACES + self.number * _WAVES_KEPT + WAVES.index(wave)


def large_ranges(run: Run, scope: Scope) -> tuple[LargeRange, ...]:
    """Give the ranges that are tried by candidates; none where nothing is sent, or in a retest."""
    if run.profile == Intensity.PASSIVE.value or run.plan.retest or not run.plan.tcp_ports:
        return ()
    small = _small_ranges(run)
    whole = (
        rest
        for one in _ipv6_segments(run, scope)
        for rest in _without(one, small.get(one.establishment, ()))
    )
    segments = narrowed(run, whole)
    found: list[LargeRange] = []
    for number, (network, establishment) in enumerate(_networks(run)):
        if any(
            one.establishment == establishment and network.subnet_of(one.network) for one in found
        ):
            continue
        parts = tuple(_inside(network, segments, establishment))
        if parts and network.num_addresses > SWEEPABLE:
            found.append(LargeRange(number, establishment, network, parts))
    return tuple(found)


def narrowed(run: Run, segments: Iterable[Segment]) -> list[Segment]:
    """Give what a run is about of these segments; all of them unless its plan names targets."""
    if not run.plan.targets:
        return list(segments)
    wanted: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for text in run.plan.targets:
        if (network := _any_network(text)) is not None:
            stretch = int(network.network_address), int(network.broadcast_address)
            wanted[network.version].append(stretch)
    stretches = {version: merged(found) for version, found in wanted.items()}
    return [
        msgspec.structs.replace(one, first=max(first, one.first), last=min(last, one.last))
        for one in segments
        for first, last in _touching(stretches[one.version], one)
    ]


def _touching(stretches: Sequence[tuple[int, int]], one: Segment) -> Iterator[tuple[int, int]]:
    at = max(0, bisect.bisect_right(stretches, (one.first, one.first)) - 1)
    for first, last in stretches[at:]:
        if first > one.last:
            return
        if last >= one.first:
            yield first, last


def swept_parts(run: Run, scope: Scope) -> Iterator[Segment]:
    """Give what is swept of IPv6: what lies in a range small enough that somebody wrote.

    Neighbouring ranges make one segment, a small one may be written inside a large one, and what
    is excluded may leave a small piece of a large one: that piece is no range to be swept.
    """
    small = _small_ranges(run)
    for one in _ipv6_segments(run, scope):
        for network in small.get(one.establishment, ()):
            yield from _inside(network, (one,), one.establishment)


def _ipv6_segments(run: Run, scope: Scope) -> list[Segment]:
    return [
        one
        for one in scope.segments(run.started_at)
        if one.version == 6 and one.refusal in {"", "out-of-window"}
    ]


def _networks(run: Run) -> list[tuple[IPv6Network, str]]:
    """Give the IPv6 ranges of the inventory with their establishment, the widest first."""
    found = {
        (network.prefixlen, int(network.network_address), one.id)
        for one in run.inventory.establishments
        for text in one.ranges
        if isinstance(network := ip_network(text), IPv6Network)
    }
    return [(IPv6Network((base, length)), owner) for length, base, owner in sorted(found)]


def _small_ranges(run: Run) -> dict[str, list[IPv6Network]]:
    """Give the ranges to be swept of each establishment, in order, none inside another.

    A medical range, one that a mandate covers, or a target of the run is written as a range is.
    """
    covered = [text for one in run.inventory.mandates for text in one.covers]
    found: dict[str, list[IPv6Network]] = {}
    for one in run.inventory.establishments:
        written = {
            network
            for text in (*one.ranges, *one.medical, *covered, *run.plan.targets)
            if (network := _network(text)) is not None and network.num_addresses <= SWEEPABLE
        }
        kept: list[IPv6Network] = []
        for network in sorted(written, key=lambda each: each.prefixlen):
            if not any(map(network.subnet_of, kept)):
                kept.append(network)
        found[one.id] = sorted(kept)
    return found


def _network(text: str) -> IPv6Network | None:
    network = _any_network(text)
    return network if isinstance(network, IPv6Network) else None


def _any_network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None


def _inside(
    network: IPv6Network, segments: Iterable[Segment], establishment: str
) -> Iterator[Segment]:
    first, last = int(network.network_address), int(network.broadcast_address)
    for one in segments:
        start, end = max(first, one.first), min(last, one.last)
        if one.version == 6 and one.establishment == establishment and start <= end:
            yield msgspec.structs.replace(one, first=start, last=end)


def _without(segment: Segment, swept: Iterable[IPv6Network]) -> Iterator[Segment]:
    """Give what is left of a segment between ranges that are swept; these are in order."""
    start = segment.first
    for network in swept:
        first, last = int(network.network_address), int(network.broadcast_address)
        if last < start or first > segment.last:
            continue
        if first > start:
            yield msgspec.structs.replace(segment, first=start, last=first - 1)
        start = last + 1
    if start <= segment.last:
        yield msgspec.structs.replace(segment, first=start)


def chosen_in(store: Store, run: Run) -> dict[tuple[str, str, str], Ipv6Chosen]:
    """Give what was chosen so far, by establishment, range and wave; the first choice stands."""
    found: dict[tuple[str, str, str], Ipv6Chosen] = {}
    for seen in store.observations(run.id, kinds=("ipv6-chosen",)):
        if isinstance(seen, Ipv6Chosen) and seen.wave in WAVES:
            found.setdefault((seen.place.establishment, seen.range, seen.wave), seen)
    return found


def candidate_spaces(
    store: Store, run: Run, scope: Scope
) -> Iterator[tuple[int, Space, Ipv6Chosen]]:
    """Give each space chosen so far with its number, range by range, in the order of the waves."""
    chosen = chosen_in(store, run)
    for where in large_ranges(run, scope):
        for wave in WAVES:
            if (one := chosen.get((where.establishment, where.text, wave))) is not None:
                yield where.space_number(wave), space_of(run, where, one), one


def space_of(run: Run, where: LargeRange, one: Ipv6Chosen) -> Space:
    """Give the space of one wave; the same whenever it is asked for."""
    segments: list[Segment] = []
    for number in numbers(one.addresses):
        # Not of the range any more: spared as a medical one, and the gate judges it again.
        medical = next(
            (each.medical for each in where.segments if each.first <= number <= each.last), True
        )
        segments.append(
            Segment(
                version=6,
                first=number,
                last=number,
                establishment=where.establishment,
                medical=medical,
            )
        )
    return Space(segments, one.ports, run.plan.seed)


def numbers(addresses: Iterable[str]) -> list[int]:
    """Give literal IPv6 addresses as integers."""
    return [int(IPv6Address(one)) for one in addresses]


def statuses_by_address(
    store: Store, run: Run, number: int, space: Space
) -> dict[int, frozenset[Status | None]]:
    """Give the statuses that each address of a small space met."""
    found: dict[int, set[Status | None]] = defaultdict(set)
    told = 0
    for block in store.sweep_blocks(run.id, space=number):
        for offset, code in enumerate(block.statuses):
            _, address, _, _ = space.pair(block.block * BLOCK_PAIRS + offset)
            found[address].add(status_of_code(code))
        told += len(block.statuses)
    if told < space.size:
        for segment in space.segments:
            found[segment.first].add(None)
    return {address: frozenset(statuses) for address, statuses in found.items()}
