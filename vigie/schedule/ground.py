"""One GHT as its inventory says it today: what there is to measure, and when each may be."""

import functools
from collections.abc import Iterator
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range

from core.cadence import Family
from core.errors import OutOfScope
from core.inventory import Inventory
from core.model import Place
from core.store.schedule import Key, Row
from inventories.hostnames import suffixes
from inventories.scope import SWEEPABLE, Scope, Segment
from scanner.ipv6_space import BUDGET

_REMEMBERED = 1 << 18
_PREFIX = 24
"""Length of an IPv4 prefix that is one target: a larger one would keep a run for hours."""


class Ground:
    """What the schedule may do in one GHT. The gate judges each packet again."""

    def __init__(self, inventory: Inventory, ports: int, *, directories: bool = False) -> None:
        self.inventory = inventory
        self.id = inventory.ght.id
        self.ports = ports
        """How many ports are asked of an address, over TCP and UDP."""
        self.scope = Scope(inventory)
        self._directories = directories
        self._domains = dict(self.scope.domains())

    def targets(self, at: datetime) -> Iterator[Key]:
        """Give what there is to measure; addresses are learnt from the measures of their prefix."""
        large = [
            (network, one.id)
            for one in self.inventory.establishments
            for text in one.ranges
            if (network := ip_network(text)).version == 6 and network.num_addresses > SWEEPABLE
        ]
        segments = [one for one in self.scope.segments(at) if one.refusal != "out-of-scope"]
        for network, owner in large:
            first, last = int(network.network_address), int(network.broadcast_address)
            if any(
                one.version == 6 and one.first <= last and one.last >= first for one in segments
            ):
                yield owner, str(network), Family.SPACE
        for one in segments:
            if one.version == 4 or one.size <= SWEEPABLE:
                for text in _cut(one):
                    yield one.establishment, text, Family.SPACE
        for named in self.scope.named_targets():
            yield named.establishment, named.name, Family.SERVICES
        for domain, owner in self._domains.items():
            yield owner, domain, Family.DOMAIN
        if self._directories:
            for directory in self.inventory.directories:
                if directory.password != "prompt":  # noqa: S105 - a reference, no secret
                    yield directory.establishment, directory.id, Family.DIRECTORY

    def opening(self, row: Row, at: datetime) -> datetime | None:
        """Give the first moment, not before ``at``, when it may be measured; ``None``: never."""
        if row.family is Family.DIRECTORY:
            # Authorised by being named: no window bounds it.
            return at
        where = _first_of(row.target)
        if row.family is Family.DOMAIN or where is None:
            return self._opening_of(row.establishment, at)
        version, first, size = where
        try:
            self.scope.permit((version, first), at=at)
        except OutOfScope as refused:
            if version == 6 and size > 1:
                # Its first address may be excluded, or another's.
                return self._opening_of(row.establishment, at)
            return refused.next_opening
        return at

    def closing(self, row: Row, at: datetime) -> datetime | None:
        """Give when the window that is open on it closes; ``None`` where none does, or is told."""
        where = _first_of(row.target)
        if row.family is not Family.DOMAIN and where is not None:
            try:
                return self.scope.permit(where[:2], at=at).until
            except OutOfScope:
                return None
        return None

    def _opening_of(self, establishment: str, at: datetime) -> datetime | None:
        """Give when anything of an establishment may be contacted: resolvers are asked then too."""
        mine = [one for one in self.scope.segments(at) if one.establishment == establishment]
        if any(one.permit is not None for one in mine):
            return at
        later = [
            one.refused.next_opening
            for one in mine
            if one.refused is not None and one.refused.next_opening is not None
        ]
        if later:
            return min(later)
        if mine or not any(
            one.establishment == establishment for one in self.scope.named_targets()
        ):
            return None
        return at if self.scope.allows_a_name(at) else self.scope.next_opening(at)

    def is_known(self, row: Row, wanted: set[Key]) -> bool:
        """Whether a target of the schedule is still one of the inventory."""
        if row.family is Family.SERVICES and row.key not in wanted:
            where = _first_of(row.target)
            return where is not None and self.scope.lookup(*where[:2]) >= 0
        return row.key in wanted

    def cost(self, row: Row) -> int:
        """Give about how many packets it takes."""
        if row.family is Family.SERVICES:
            return self.ports
        if row.family is Family.SPACE:
            where = _first_of(row.target)
            return min(where[2] if where else 1, BUDGET) * self.ports
        return 1

    def keys_of(self, place: Place) -> Iterator[Key]:
        """Give the targets whose measure would see what is at a place again."""
        if place.ip is not None:
            where = _first_of(place.ip)
            if place.hostname and where and self.scope.lookup(*where[:2]) < 0:
                yield place.establishment, place.hostname, Family.SERVICES
            else:
                yield place.establishment, place.ip, Family.SERVICES
        elif place.forest or (place.domain and place.domain not in self._domains):
            for one in self.inventory.directories:
                if one.establishment == place.establishment:
                    yield place.establishment, one.id, Family.DIRECTORY
        else:
            for name in suffixes(place.hostname or place.domain or ""):
                if name in self._domains:
                    yield self._domains[name], name, Family.DOMAIN
                    return

    def not_scheduled(self, at: datetime) -> Iterator[tuple[str, str, str]]:
        """Give (establishment, what, reason id) of what no run will look at now."""
        for one in self.scope.segments(at):
            if one.refusal and (one.refused is None or one.refused.next_opening is None):
                yield one.establishment, one.text, one.refusal
        for owner in self.inventory.establishments:
            for text in owner.exclude:
                yield owner.id, text, "excluded"


def _cut(segment: Segment) -> Iterator[str]:
    make = IPv4Address if segment.version == 4 else IPv6Address
    for network in summarize_address_range(make(segment.first), make(segment.last)):
        if network.version == 4 and network.prefixlen < _PREFIX:
            yield from map(str, network.subnets(new_prefix=_PREFIX))
        else:
            yield str(network)


@functools.lru_cache(maxsize=_REMEMBERED)
def _first_of(target: str) -> tuple[int, int, int] | None:
    """Give the version, the first address and the size of an address or CIDR."""
    try:
        network = ip_network(target)
    except ValueError:
        return None
    return network.version, int(network.network_address), network.num_addresses
