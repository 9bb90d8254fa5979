"""What a machine opens in IPv6 beside what it opens in IPv4, folded from names and the sweep."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address

from core.knowledge.load import load_knowledge
from core.model import Place, Status, Transport
from core.observations.egress import EgressSeen
from core.observations.name import NameSeen
from core.observations.parity import ParityPort, ParitySeen
from core.observations.service import Service
from core.store.store import Run, Store
from scanner.space import BLOCK_PAIRS, Space, status_of_code
from vigie.coverage import scope_of, swept_spaces

Told = Callable[[str, int], str]
"""What a TCP port did at an address: ``open``, ``refused``, ``filtered``, or a reason id."""

_SAID = {
    Status.OPEN: "open",
    Status.OK: "open",
    Status.REFUSED: "refused",
    Status.RESET: "refused",
    Status.TIMEOUT: "filtered",
    Status.FILTERED: "filtered",
    Status.GAVE_UP: "answers-everywhere",
    Status.UNDETERMINED: "interrupted",
    None: "interrupted",
}
_ANSWERED = frozenset({"open", "refused"})
_KNOWN = _ANSWERED | {"filtered"}
_NAMES = 200
"""Names told of one machine."""


def fold_parity(
    names: Iterable[NameSeen],
    services: Iterable[Service],
    everywhere: Collection[str],
    ports: Sequence[int],
    told: Told,
    at: datetime,
) -> Iterator[ParitySeen]:
    """Give one observation per IPv6 address with an open port × set of IPv4 addresses beside it.

    ``everywhere`` are addresses that accept on every port; ``ports`` those of the plan.
    """
    open_at: dict[str, dict[int, Service]] = defaultdict(dict)
    for seen in services:
        place = seen.place
        if place.ip and ":" in place.ip and place.port and place.transport is Transport.TCP:
            open_at[place.ip].setdefault(place.port, seen)
    machines: dict[tuple[str, str, tuple[str, ...]], list[NameSeen]] = defaultdict(list)
    outside: dict[tuple[str, str, tuple[str, ...]], dict[str, str]] = {}
    for known in _merged(names):
        ipv4 = tuple(sorted((one for one in known.addresses if ":" not in one), key=_number))
        for ipv6 in known.in_scope:
            if ":" in ipv6 and ipv4 and ipv6 in open_at:
                key = (known.place.establishment, ipv6, ipv4)
                machines[key].append(known)
                outside[key] = {
                    one: known.withheld.get(one, "out-of-scope")
                    for one in ipv4
                    if one not in known.in_scope
                }
    for (establishment, ipv6, ipv4), called in sorted(machines.items()):
        closed = outside[establishment, ipv6, ipv4]
        tried = [one for one in ipv4 if one not in closed]
        accepts_all = ipv6 in everywhere
        called.sort(key=_declared_first)
        there = [
            (port, seen, _together([*(told(one, port) for one in tried), *closed.values()]))
            for port, seen in sorted(open_at[ipv6].items())
            if not accepts_all
        ]
        unknown = Counter(said for _, _, said in there if said not in _KNOWN)
        why = {"ports": "answers-everywhere"} if accepts_all else {}
        if unknown:
            why["ipv4"] = unknown.most_common(1)[0][0]
        yield ParitySeen(
            place=Place(establishment=establishment, ip=ipv6, hostname=called[0].name),
            at=at,
            why=why,
            names=tuple(one.name for one in called[:_NAMES]),
            ipv4=tuple(tried),
            ports=tuple(
                ParityPort(
                    port=port,
                    protocol=seen.protocol,
                    product=seen.product or "",
                    portal=seen.portal,
                    ipv4=said if said in _KNOWN else "unknown",
                )
                for port, seen, said in there
            ),
            is_ipv4_silent=bool(tried)
            and not any(told(one, port) in _ANSWERED for one in tried for port in ports),
        )


def _merged(names: Iterable[NameSeen]) -> Iterator[NameSeen]:
    """Give the last telling of each name: another way of finding it may have told it again."""
    last = {(one.place.establishment, one.name): one for one in names}
    yield from last.values()


def _declared_first(one: NameSeen) -> tuple[bool, int, str]:
    # The name in the place of a finding should not change because another was found since.
    return "inventory" not in one.found_by, one.name.count("."), one.name


def _together(told: Sequence[str]) -> str:
    """Fold what several IPv4 addresses of one name did on one port."""
    if "open" in told:
        return "open"
    unknown = [one for one in told if one not in _KNOWN]
    if unknown:
        return unknown[0]
    return "refused" if "refused" in told else "filtered"


def _number(ip: str) -> int:
    return int(ip_address(ip))


def told_by_sweep(store: Store, run: Run, names: Sequence[NameSeen]) -> Told:
    """Give what the saved sweep of a run says of one port at one address.

    Silence on a port that providers often filter proves nothing without a canary: it may be ours.
    """
    spaces = list(swept_spaces(store, run, scope_of(run, names), names))
    filtered_by_some = {
        fact.port
        for fact in load_knowledge().ports
        if fact.egress and fact.transport is Transport.TCP
    }
    proven = any(
        isinstance(one, EgressSeen) and one.has_canary
        for one in store.observations(run.id, kinds=("egress",))
    )

    @lru_cache(maxsize=64)
    def block(number: int, index: int) -> bytes:
        return store.sweep_block(run.id, number, index) or b""

    @lru_cache(maxsize=4_096)
    def holding(ip: str) -> tuple[tuple[int, Space], ...]:
        address = ip_address(ip)
        value = int(address)
        return tuple(
            (number, space)
            for number, space in spaces
            if any(
                one.version == address.version and one.first <= value <= one.last
                for one in space.segments
            )
        )

    def of_space(number: int, space: Space, ip: str, port: int) -> Status | None:
        address = ip_address(ip)
        index = space.index_of(address.version, int(address), port)
        codes = block(number, index // BLOCK_PAIRS)
        offset = index % BLOCK_PAIRS
        return status_of_code(codes[offset]) if offset < len(codes) else None

    def told(ip: str, port: int) -> str:
        met: Status | None = None
        is_tried = False
        for number, space in holding(ip):
            try:
                met = of_space(number, space, ip, port)
            except KeyError:
                continue
            is_tried = True
            if met is not None:
                break
        if not is_tried:
            return "no-ipv4"
        if met is Status.TIMEOUT and port in filtered_by_some and not proven:
            return "no-canary"
        return _SAID.get(met) or (met.value if met else "interrupted")

    return told
