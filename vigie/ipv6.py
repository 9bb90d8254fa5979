"""IPv6 ranges too large to be swept: what is tried there, chosen step by step and written down."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from core.model import Place, Status
from core.observations.ipv6 import WAVES, Ipv6Chosen
from scanner.ipv6_space import (
    BUDGET,
    NAMED,
    Guessed,
    Stretches,
    drawn,
    guesses,
    near,
    scout_ports,
    subnet_of,
    subnets,
)
from scanner.space import Space
from vigie.candidates import (
    ALIVE,
    LargeRange,
    chosen_in,
    large_ranges,
    numbers,
    space_of,
    statuses_by_address,
)
from vigie.job import Job, utc_now
from vigie.recorder import Facts

_UNDONE = frozenset({None, Status.UNDETERMINED, Status.OUT_OF_WINDOW, Status.BANNED})
"""What a resume takes up."""
_ACCEPTS = frozenset({Status.OPEN, Status.RESET, Status.GAVE_UP})

Sweep = Callable[[int, Space], Awaitable[None]]
"""Sweeps one space, under its number."""


async def try_candidates(job: Job, sweep: Sweep) -> None:
    """Try the likeliest addresses of each range too large to be swept.

    Each wave is chosen in the light of those before, stored, then swept. A range of which a part
    was not done waits for the resume: what follows would be chosen on half the facts.
    """
    ranges = large_ranges(job.run, job.scope)
    chosen = chosen_in(job.store, job.run) if ranges else {}
    cut_short: set[int] = set()
    for wave in WAVES:
        for where in ranges:
            if where.number in cut_short:
                continue
            key = (where.establishment, where.text, wave)
            if key not in chosen:
                before = {one: chosen[where.establishment, where.text, one] for one in _until(wave)}
                one = _choose(job, where, wave, before)
                # Durable before a packet goes: a resume finds the same space under its number.
                await job.recorder.keep([Facts(observations=(one,))])
                chosen[key] = one
            space = space_of(job.run, where, chosen[key])
            if space.size:
                await sweep(where.space_number(wave), space)
                statuses = statuses_by_address(job.store, job.run, where.space_number(wave), space)
                if any(_UNDONE & each for each in statuses.values()):
                    cut_short.add(where.number)


def _until(wave: str) -> Sequence[str]:
    return WAVES[: WAVES.index(wave)]


def _choose(job: Job, where: LargeRange, wave: str, before: Mapping[str, Ipv6Chosen]) -> Ipv6Chosen:
    allowed = Stretches((one.first, one.last) for one in where.segments)
    named = numbers(before["named"].addresses) if before else _named(job, where, allowed)
    ports = job.run.plan.tcp_ports
    scouts = scout_ports(ports)
    tried = [number for one in before.values() for number in numbers(one.addresses)]
    if wave == "named":
        left_out = max(0, len(named) - NAMED)
        return _chosen(where, wave, named[:NAMED], ports, left_out=left_out)
    bases = subnets(where.network, named)
    if wave == "drawn":
        at_random = drawn(bases, allowed, where.network, job.run.plan.seed)
        fresh = [one for one in at_random if one not in set(tried)]
        return _chosen(where, wave, fresh, scouts)
    accepting, refusing = _answers_all(job, where, before["drawn"])
    if wave == "guessed":
        found = guesses(
            where.network,
            allowed,
            bases=[base for base in bases if base not in accepting],
            seen=named,
            ipv4=_ipv4_seen(job, where.establishment),
            known=tried,
        )
        return _chosen(
            where, wave, found.addresses, scouts, guessed=found, answers_all=sorted(accepting)
        )
    deaf = accepting | refusing
    alive = _alive(job, where, (before[one] for one in ("guessed", "near") if one in before), deaf)
    if wave == "near":
        room = max(0, BUDGET - len(before["guessed"].addresses))
        found = near(alive, allowed, tried, max(room, BUDGET // 4))
        return _chosen(where, wave, found.addresses, scouts, guessed=found)
    return _chosen(where, wave, alive, tuple(port for port in ports if port not in scouts))


def _chosen(
    where: LargeRange,
    wave: str,
    addresses: Iterable[int],
    ports: Sequence[int],
    *,
    guessed: Guessed | None = None,
    answers_all: Iterable[int] = (),
    left_out: int = 0,
) -> Ipv6Chosen:
    return Ipv6Chosen(
        place=Place(establishment=where.establishment),
        at=utc_now(),
        range=where.text,
        wave=wave,
        addresses=tuple(str(IPv6Address(one)) for one in addresses),
        ports=tuple(ports),
        ways=guessed.ways if guessed else {},
        left_out=guessed.left_out if guessed else left_out,
        answers_all=tuple(f"{IPv6Address(base)}/64" for base in answers_all),
    )


def _named(job: Job, where: LargeRange, allowed: Stretches) -> list[int]:
    """Give the addresses of the range to which mandated names lead, or that are declared."""
    texts = {address for seen in job.seen_names for address in seen.in_scope if ":" in address}
    texts |= {one.asset for one in job.run.inventory.expected if ":" in one.asset}
    found: set[int] = set()
    for text in texts:
        try:
            address = ip_address(text)
        except ValueError:
            continue
        if address.version == 6 and int(address) in allowed:
            found.add(int(address))
    return sorted(found)


def _ipv4_seen(job: Job, establishment: str) -> list[int]:
    """Give IPv4 addresses of the establishment: of dual names first, then all that answered."""
    dual: list[int] = []
    for seen in job.seen_names:
        addresses = [ip_address(one) for one in seen.in_scope]
        if any(one.version == 6 for one in addresses):
            dual += [int(one) for one in addresses if isinstance(one, IPv4Address)]
    others: list[int] = []
    for unit in job.store.units(job.run.id):
        if unit.place.establishment == establishment and unit.place.ip and ":" not in unit.place.ip:
            others.append(int(IPv4Address(unit.place.ip)))
    for seen in job.seen_names:
        if seen.place.establishment == establishment:
            others += [int(IPv4Address(one)) for one in seen.in_scope if ":" not in one]
    return list(dict.fromkeys((*dual, *others)))


def _answers_all(job: Job, where: LargeRange, one: Ipv6Chosen) -> tuple[set[int], set[int]]:
    """Give the subnets where an address drawn at random accepted, and those where it refused."""
    space = space_of(job.run, where, one)
    accepting: set[int] = set()
    refusing: set[int] = set()
    statuses = statuses_by_address(job.store, job.run, where.space_number("drawn"), space)
    for address, met in statuses.items():
        if met & _ACCEPTS:
            accepting.add(subnet_of(address))
        elif Status.REFUSED in met:
            refusing.add(subnet_of(address))
    return accepting, refusing


def _alive(
    job: Job, where: LargeRange, waves: Iterable[Ipv6Chosen], deaf: Iterable[int]
) -> list[int]:
    """Give the addresses that answered; where any address refuses, only those that accepted."""
    refusing = set(deaf)
    found: set[int] = set()
    for one in waves:
        space = space_of(job.run, where, one)
        for address, met in statuses_by_address(
            job.store, job.run, where.space_number(one.wave), space
        ).items():
            if met & (_ACCEPTS if subnet_of(address) in refusing else ALIVE):
                found.add(address)
    return sorted(found)
