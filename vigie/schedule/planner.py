"""What to measure next, and what a measure changes: the clock and the doing are passed in.

inventory ─→ sync ─→ rows ─→ choose ─→ (somebody measures) ─→ settle ─→ rows
findings  ─┘                                                  ↑ findings
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network

import msgspec

from core.cadence import Cadence, Family, Found, Known, next_due
from core.model import Transport
from core.store.schedule import Key, Row, Schedule
from vigie.schedule.ground import Ground


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What one run is to measure."""

    rows: tuple[Row, ...]
    is_everything: bool
    """Nothing of these establishments is left out."""
    tcp_ports: frozenset[int] = frozenset()
    udp_ports: frozenset[int] = frozenset()
    """Where findings are open, that the usual list may lack."""
    packets: int

    @property
    def establishments(self) -> tuple[str, ...]:
        """Ids, sorted."""
        return tuple(sorted({one.establishment for one in self.rows}))


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run."""

    at: datetime
    """When it began."""
    done: Collection[Key]
    failed: Collection[Key] = ()
    """Wanted, and not measured."""
    answered: Collection[tuple[str, str]] = ()
    """(establishment, address) where something is open."""


class Planner:
    """The schedule of every GHT of one store."""

    def __init__(self, schedule: Schedule, cadence: Cadence) -> None:
        self.schedule = schedule
        self.cadence = cadence
        self._found: dict[str, dict[Key, tuple[Found, ...]]] = {}
        self._ports: dict[str, dict[Key, set[tuple[Transport, int]]]] = {}
        """Where findings are open, as last read."""

    def sync(self, ground: Ground, now: datetime) -> None:
        """Bring the targets of a GHT in line with its inventory, its findings and the paces."""
        wanted = set(ground.targets(now))
        found = self._found[ground.id] = self._findings(ground)
        wanted.update(key for key in found if key[2] is Family.SERVICES and _in(ground, key))
        rows = {one.key: one for one in self.schedule.rows(ground.id)}
        self.schedule.remove(one for one in rows.values() if not ground.is_known(one, wanted))
        for key in wanted - rows.keys():
            rows[key] = _fresh(ground, key)
        # Who waits for another try goes on waiting.
        kept = [
            one
            for one in rows.values()
            if ground.is_known(one, wanted) and (one.due is None or not one.failures)
        ]
        self._put(ground, kept, now, rows)

    def refresh(self, ground: Ground, now: datetime) -> None:
        """Quicken or slow what findings changed since; the rest stays as it is."""
        before, found = self._found.get(ground.id, {}), self._findings(ground)
        self._found[ground.id] = found
        changed = {key for key in before.keys() | found.keys() if before.get(key) != found.get(key)}
        if not changed:
            return
        rows = self._rows_of(ground, changed)
        for key in changed - rows.keys():
            if key[2] is Family.SERVICES and _in(ground, key):
                rows[key] = _fresh(ground, key)
        self._put(ground, [rows[key] for key in changed & rows.keys()], now)

    def ask(self, ground: Ground, keys: Iterable[Key], now: datetime) -> list[Row]:
        """Have targets measured at the next turn; gives them, dated."""
        keys = list(keys)
        rows = self._rows_of(ground, keys)
        asked = [
            msgspec.structs.replace(rows.get(key) or _fresh(ground, key), asked_at=now)
            for key in keys
        ]
        return self._put(ground, asked, now)

    def choose(self, ground: Ground, now: datetime, held: Collection[str] = ()) -> Work | None:
        """Give what is due and may be measured now, gravest first, as much as one run takes.

        What would be due a little later comes along. ``held`` are establishments stopped.
        """
        rows = [
            one
            for one in self.schedule.rows(ground.id, soon_before=now)
            if one.family is not Family.DIRECTORY
            and one.due is not None
            and "*" not in held
            and one.establishment not in held
        ]
        opened: list[Row] = []
        shut: list[Row] = []
        for one in rows:
            if ground.opening(one, now) == now:
                opened.append(one)
            elif one.due and one.due.at <= now:
                shut.append(one)
        if shut:
            self._put(ground, shut, now)
        if not any(one.due and one.due.at <= now for one in opened):
            return None
        opened.sort(key=lambda one: self._order(one, now))
        taken: list[Row] = []
        packets = 0
        for one in opened:
            cost = ground.cost(one)
            if taken and packets + cost > self._budget(ground, one, now):
                continue
            taken.append(one)
            packets += cost
        everything = len(taken) == self.schedule.scheduled(ground.id)
        known = self._ports.get(ground.id, {})
        ports = {port for one in taken for port in known.get(one.key, ())}
        return Work(
            rows=tuple(taken),
            is_everything=everything,
            tcp_ports=frozenset(port for over, port in ports if over is Transport.TCP),
            udp_ports=frozenset(port for over, port in ports if over is Transport.UDP),
            packets=packets,
        )

    def directories_due(self, ground: Ground, now: datetime) -> list[Row]:
        """Give the directories that are due."""
        return [
            one
            for one in self.schedule.rows(ground.id, soon_before=now)
            if one.family is Family.DIRECTORY and one.due is not None and one.due.at <= now
        ]

    def settle(self, ground: Ground, measured: Measured, now: datetime) -> None:
        """Take a measure into account: when each of its targets comes back."""
        self.refresh(ground, now)
        answered = {(owner, ip, Family.SERVICES) for owner, ip in measured.answered}
        rows = self._rows_of(ground, {*measured.done, *measured.failed, *answered})
        found = self._found[ground.id]
        changed: dict[Key, Row] = {}
        gone: list[Row] = []
        for key in measured.failed:
            if key in rows:
                changed[key] = msgspec.structs.replace(rows[key], failures=rows[key].failures + 1)
        for key in measured.done:
            if key not in rows:
                continue
            row = _measured(rows[key], measured.at)
            if key[2] is Family.SERVICES:
                silences = 0 if key in answered else row.silences + 1
                row = msgspec.structs.replace(row, silences=silences)
                if silences >= self.cadence.silences and key not in found and _is_address(key[1]):
                    gone.append(row)
                    continue
            changed[key] = row
        for key in answered:
            if key not in measured.failed and _in(ground, key):
                row = rows.get(key) or _fresh(ground, key)
                changed[key] = msgspec.structs.replace(_measured(row, measured.at), silences=0)
        self.schedule.remove(gone)
        self._put(ground, changed.values(), now)

    def _put(
        self,
        ground: Ground,
        rows: Iterable[Row],
        now: datetime,
        before: Mapping[Key, Row] | None = None,
    ) -> list[Row]:
        dated = [self._dated(ground, one, now) for one in rows]
        self.schedule.put(
            dated
            if before is None
            else [one for one in dated if before[one.key] != one or one.due is None]
        )
        return dated

    def _dated(self, ground: Ground, row: Row, now: datetime) -> Row:
        known = Known(
            ght=ground.id,
            establishment=row.establishment,
            target=row.target,
            family=row.family,
            measured_at=row.measured_at,
            asked_at=row.asked_at,
            failures=row.failures,
            found=self._found.get(ground.id, {}).get(row.key, ()),
        )
        waits = row.due is not None and row.due.why == "first" and row.due.at <= now
        never = row.asked_at is None and row.measured_at is None and not row.failures
        if waits and never and ground.opening(row, now) == now:
            # Since it is known: its turn does not begin anew each time it is looked at.
            return row
        due = next_due(known, self.cadence, now, lambda at: ground.opening(row, at))
        return msgspec.structs.replace(row, due=due)

    def _order(self, row: Row, now: datetime) -> tuple[bool, int, datetime, str]:
        due = row.due
        assert due is not None
        # What would be late behind a run that starts now counts as due.
        waits = due.at > now and due.by > now + self.cadence.run
        return waits, self.cadence.rank(due.why), due.at, row.target

    def _budget(self, ground: Ground, row: Row, now: datetime) -> float:
        closing = ground.closing(row, now)
        left = self.cadence.run if closing is None else min(self.cadence.run, closing - now)
        return left.total_seconds() * ground.inventory.limits.packets_per_second

    def _rows_of(self, ground: Ground, keys: Collection[Key]) -> dict[Key, Row]:
        wanted = set(keys)
        found = self.schedule.rows_of(ground.id, {target for _, target, _ in wanted})
        return {one.key: one for one in found if one.key in wanted}

    def _findings(self, ground: Ground) -> dict[Key, tuple[Found, ...]]:
        found: dict[Key, set[Found]] = defaultdict(set)
        ports = self._ports[ground.id] = defaultdict(set)
        for one in self.schedule.open_findings(ground.id):
            for key in ground.keys_of(one.place):
                found[key].add(one.found)
                if one.place.port is not None:
                    ports[key].add((one.place.transport or Transport.TCP, one.place.port))
        return {key: tuple(sorted(many, key=_order_found)) for key, many in found.items()}


class Covered:
    """The addresses of some targets."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._networks = [
            (one, ip_network(one.target))
            for one in rows
            if one.family in {Family.SPACE, Family.SERVICES} and _is_network(one.target)
        ]

    def holding(self, ip: str) -> Iterable[Key]:
        """Give the targets in which an address lies."""
        address = ip_address(ip)
        return [row.key for row, network in self._networks if address in network]


def _fresh(ground: Ground, key: Key) -> Row:
    return Row(ght=ground.id, establishment=key[0], target=key[1], family=key[2])


def _measured(row: Row, at: datetime) -> Row:
    last = at if row.measured_at is None else max(at, row.measured_at)
    asked = row.asked_at if row.asked_at is not None and row.asked_at > at else None
    return msgspec.structs.replace(row, measured_at=last, asked_at=asked, failures=0)


def _in(ground: Ground, key: Key) -> bool:
    if not _is_address(key[1]):
        return any(one.name == key[1] for one in ground.scope.named_targets())
    address = ip_address(key[1])
    return ground.scope.lookup(address.version, int(address)) >= 0


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _order_found(one: Found) -> tuple[str, int, bool]:
    return one.family, one.gravity, one.is_exploited
