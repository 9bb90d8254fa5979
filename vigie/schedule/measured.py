"""What a run measured of what it was to, read from the store."""

from collections.abc import Collection, Iterator
from ipaddress import ip_address

from core.cadence import Family
from core.model import Intensity, Status
from core.observations.domain import DomainSeen
from core.observations.name import NameSeen
from core.store.schedule import Key, Row, Schedule
from core.store.store import Run, Store
from scanner.space import BLOCK_PAIRS, Space, code_of
from vigie.coverage import main_space, scope_of
from vigie.schedule.planner import Covered, Measured

_UNDONE = frozenset({0, *map(code_of, (Status.UNDETERMINED, Status.OUT_OF_WINDOW, Status.BANNED))})
_DONE = bytes(code for code in range(256) if code not in _UNDONE)
_MOST_LOOKED_AT = 5_000_000
"""Pairs above which a run that is not whole is not looked into: nothing of it counts."""


def measured_by(run: Run, rows: Collection[Row], store: Store) -> Measured:
    """Give what came of a run; ``rows`` are those of its GHT."""
    chosen = set(run.plan.establishments or [one.id for one in run.inventory.establishments])
    mine = [one for one in rows if one.establishment in chosen and _is_of(run, one)]
    keys = {one.key for one in mine}
    failed: set[Key] = set() if run.complete else _failed(run, mine, store)
    return Measured(
        at=run.started_at,
        done=keys - failed,
        failed=failed,
        answered=Schedule(store).answered(run.id),
    )


def _is_of(run: Run, row: Row) -> bool:
    if row.family is Family.DIRECTORY:
        return False
    if row.family is not Family.DOMAIN and run.profile == Intensity.PASSIVE.value:
        return False
    return not run.plan.targets or row.target in run.plan.targets


def _failed(run: Run, rows: Collection[Row], store: Store) -> set[Key]:
    """Give the targets of which a part was not done."""
    everything = {one.key for one in rows}
    space = _space(run, store)
    if space.size > _MOST_LOOKED_AT:
        return everything
    covered = Covered(rows)
    failed: set[Key] = set()
    addresses = {_literal(version, address) for version, address in _undone(run, space, store)}
    for unit in store.units(run.id, pending_only=True):
        addresses.add(f"{unit.place.ip}")
    for ip in addresses:
        failed.update(covered.holding(ip))
    told = {
        one.domain
        for one in store.observations(run.id, kinds=("domain",))
        if isinstance(one, DomainSeen)
    }
    failed.update(one.key for one in rows if one.family is Family.DOMAIN and one.target not in told)
    return failed


def _space(run: Run, store: Store) -> Space:
    names = [
        one for one in store.observations(run.id, kinds=("name",)) if isinstance(one, NameSeen)
    ]
    return main_space(run, scope_of(run, names))


def _undone(run: Run, space: Space, store: Store) -> Iterator[tuple[int, int]]:
    blocks = {one.block: one.statuses for one in store.sweep_blocks(run.id, space=0)}
    for number in range(space.blocks):
        size = min(BLOCK_PAIRS, space.size - number * BLOCK_PAIRS)
        statuses = blocks.get(number, b"").ljust(size, b"\0")
        if not statuses.translate(None, _DONE):
            continue
        for offset, code in enumerate(statuses[:size]):
            if code in _UNDONE:
                version, address, _, _ = space.pair(number * BLOCK_PAIRS + offset)
                yield version, address


def _literal(version: int, address: int) -> str:
    return str(ip_address(address.to_bytes(4 if version == 4 else 16)))
