"""The reverse zones of the mandated ranges: which names their addresses are given (PTR)."""

import ipaddress
import math
from collections.abc import Callable, Iterable, Iterator

from dns.rdtypes.ANY.PTR import PTR

from scanner.dns_client import DnsClient
from scanner.dns_wire import Said, host_of
from scanner.space import Segment

BUDGET = 65_536
"""Addresses asked about in one run."""
_SAMPLED = 8
"""Addresses of a /24 whose zone is denied that are asked about all the same: some servers deny the
name and know what stands below it (RFC 8020 forbids it)."""
_TARGETS = 16
"""Names of one address that are read."""
_PER_SECOND = 500
_GOLDEN = (math.sqrt(5) - 1) / 2


class Reverse:
    """Asks once about every address, whole /24s that do not exist in the reverse tree aside."""

    def __init__(
        self, client: DnsClient, segments: Iterable[Segment], *, budget: int = BUDGET
    ) -> None:
        self._client = client
        self._budget = budget
        # The smallest first: a vast range must not push the others out.
        self._segments = sorted(segments, key=lambda one: one.last - one.first)
        self.asked = self.lost = 0

    async def ask(self, offer: Callable[[str], None]) -> str:
        """Offer the names that addresses are given; gives why not all were asked, or empty."""
        whole, single, is_cut = self._cut()
        dead = set(whole)

        def alive(name: str, _: str, said: Said) -> None:
            self._count(said)
            if said.why or said.exists:
                dead.discard(_prefix_of(name))

        await self._client.ask_all(
            ((_zone(prefix), "PTR") for prefix in whole), alive, per_second=_PER_SECOND
        )
        single += [one for prefix in whole if prefix not in dead for one in whole[prefix]]
        sampled = {
            one: prefix
            for prefix in dead
            for one in whole[prefix][:: max(1, len(whole[prefix]) // _SAMPLED)]
        }
        risen: set[int] = set()

        def heard(name: str, _: str, said: Said) -> None:
            self._count(said)
            for record in said.records[:_TARGETS]:
                if isinstance(record, PTR):
                    offer(host_of(record.target))
            if said.exists and not said.why and (prefix := sampled_at.get(name)) is not None:
                risen.add(prefix)

        sampled_at = {_pointer(*one): prefix for one, prefix in sampled.items()}
        await self._client.ask_all(
            ((_pointer(*one), "PTR") for one in _spread([*single, *sampled])),
            heard,
            per_second=_PER_SECOND,
        )
        left = [one for prefix in risen for one in whole[prefix] if one not in sampled]
        await self._client.ask_all(
            ((_pointer(*one), "PTR") for one in _spread(left)), heard, per_second=_PER_SECOND
        )
        if is_cut:
            return "request-limit"
        return "half-answered" if self.lost else ""

    def _count(self, said: Said) -> None:
        self.asked += 1
        self.lost += bool(said.why)

    def _cut(self) -> tuple[dict[int, list[tuple[int, int]]], list[tuple[int, int]], bool]:
        """Give whole IPv4 /24s with their addresses, the others, and whether some were left out."""
        whole: dict[int, list[tuple[int, int]]] = {}
        single: list[tuple[int, int]] = []
        left, is_cut = self._budget, False
        for one in self._segments:
            size = one.last - one.first + 1
            if one.version == 6 and size > self._budget:
                # Never swept: not asked about by chance either.
                continue
            if size > left:
                is_cut = True
            for address in range(one.first, one.first + min(size, left)):
                if one.version == 4:
                    whole.setdefault(address >> 8, []).append((4, address))
                else:
                    single.append((6, address))
            left -= min(size, left)
        for prefix in [prefix for prefix, found in whole.items() if len(found) <= _SAMPLED]:
            single += whole.pop(prefix)
        return whole, single, is_cut


def _spread(found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give all in an order that goes from prefix to prefix: each is another name server's."""
    size = len(found)
    step = max(1, round(size * _GOLDEN))
    while math.gcd(step, size) > 1:
        step += 1
    return (found[index * step % size] for index in range(size))


def _pointer(version: int, address: int) -> str:
    kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
    return kind(address).reverse_pointer


def _zone(prefix: int) -> str:
    return _pointer(4, prefix << 8).partition(".")[2]


def _prefix_of(zone: str) -> int:
    third, second, first = (int(one) for one in zone.split(".")[:3])
    return first << 16 | second << 8 | third
