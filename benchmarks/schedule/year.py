"""A region watched for a year on a fake clock: the planner of the daemon, over a real store.

The executor alone is faked: it takes the time that the packets take at the agreed rate, stops where
a window closes and goes on at the next opening, as the daemon does with a run it takes up.
"""

import heapq
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, ip_network

import msgspec
import sqlalchemy as sa

from core.cadence import Cadence, Family
from core.inventory import Establishment, Ght, Inventory, Mandate, Window
from core.knowledge.cadence import load_cadence
from core.model import Intensity, Place, Transport
from core.store.schedule import Row, Schedule
from core.store.store import Store
from core.store.tables import FINDINGS
from inventories.windows import parse_window
from vigie.schedule.ground import Ground
from vigie.schedule.planner import Measured, Planner, Work

START = datetime(2026, 1, 1, tzinfo=UTC)
DOWN = (datetime(2026, 5, 4, tzinfo=UTC), datetime(2026, 5, 8, tzinfo=UTC))
"""Days without a daemon."""
PORTS = 272
_TURN = timedelta(minutes=10)
_WINDOWS = (
    (),
    ("Mon-Fri 20:00-06:00", "Sat-Sun 00:00-24:00"),
    ("Mon-Sun 22:00-05:00",),
    ("Sat-Sun 00:00-24:00",),
)
_SHARES = ((4, 3, True), (4, 4, False), (3, 10, False), (2, 40, False), (1, 100, False))
"""Gravity, how many in a thousand addresses, known exploited."""


class Told(msgspec.Struct, kw_only=True):
    """What the year was."""

    runs: int = 0
    measures: int = 0
    missed: list[str] = []
    caught_up: list[timedelta] = []
    """Measures that the days without a daemon made late: how long after it was back."""
    overlaps: int = 0
    outside: int = 0
    """Runs begun outside a window or a mandate."""
    packets: Counter[date] = msgspec.field(default_factory=Counter[date])
    at_once: int = 0
    """Most runs at the same time."""
    tiers: Counter[str] = msgspec.field(default_factory=Counter[str])


class _Ongoing(msgspec.Struct, kw_only=True):
    """A run that is being done."""

    work: Work
    began: datetime
    left: timedelta


def region(ghts: int, establishments: int, assets: int) -> Iterator[Inventory]:
    """Give inventories: a range per hospital, half of it silent; some mandates end in the year."""
    length = 32 - max(1, (2 * assets - 1).bit_length())
    space = ip_network("10.0.0.0/8").subnets(new_prefix=length)
    for number in range(ghts):
        owners = tuple(
            Establishment(id=f"e{number}-{each}", name="E", ranges=(str(next(space)),))
            for each in range(establishments)
        )
        windows = tuple(_window(text) for text in _WINDOWS[number % len(_WINDOWS)])
        ending = {one.id for one in owners[:: max(3, establishments // 4)]}
        groups = (
            (tuple(one.id for one in owners if one.id not in ending), date(2027, 12, 31)),
            (tuple(sorted(ending)), date(2026, 8, 31)),
        )
        yield Inventory(
            path="",
            lab=True,
            ght=Ght(id=f"ght-{number:02}", name="GHT"),
            establishments=owners,
            mandates=tuple(
                Mandate(
                    establishments=ids,
                    signed_by="D",
                    document=f"m{until}",
                    valid_from=date(2025, 1, 1),
                    valid_until=until,
                    intensity=Intensity.STANDARD,
                    windows=windows,
                )
                for ids, until in groups
                if ids
            ),
        )


def _window(text: str) -> Window:
    window = parse_window(text)
    assert window is not None
    return window


class Year:
    """The simulation."""

    def __init__(
        self, store: Store, inventories: list[Inventory], assets: int, at_once: int
    ) -> None:
        self._store = store
        self._cadence: Cadence = load_cadence()
        self._planner = Planner(Schedule(store), self._cadence)
        self._grounds = [Ground(one, PORTS) for one in inventories]
        self._assets = assets
        self._at_once = at_once
        self._chance = random.Random(7)
        self._live = {
            owner.id: _addresses(owner, assets)
            for one in inventories
            for owner in one.establishments
        }
        self._alive = {owner: frozenset(ips) for owner, ips in self._live.items()}
        self._ongoing: dict[int, _Ongoing] = {}
        self._running = 0
        self.told = Told()
        self._find(inventories)

    def _find(self, inventories: list[Inventory]) -> None:
        rows: list[dict[str, object]] = []
        for one in inventories:
            for owner in one.establishments:
                chosen = iter(self._chance.sample(self._live[owner.id], self._assets))
                for gravity, share, exploited in _SHARES:
                    for _ in range(max(1, self._assets * share // 1000)):
                        rows.append(
                            _finding(one.ght.id, owner.id, next(chosen), gravity, exploited)
                        )
        with self._store.writing() as db:
            db.execute(sa.insert(FINDINGS), rows)

    def run(self, until: datetime) -> Told:
        """Live from the first of January."""
        for ground in self._grounds:
            self._planner.sync(ground, START)
        events = [(START, number) for number in range(len(self._grounds))]
        heapq.heapify(events)
        while events and events[0][0] < until:
            now, number = heapq.heappop(events)
            if DOWN[0] <= now < DOWN[1]:
                heapq.heappush(events, (DOWN[1], number))
                continue
            heapq.heappush(
                events, (max(self._turn(number, now), now + timedelta(seconds=1)), number)
            )
        return self.told

    def _turn(self, number: int, now: datetime) -> datetime:
        """Do the next step of a GHT; gives when it is to be looked at again."""
        ground = self._grounds[number]
        ongoing = self._ongoing.get(number)
        if ongoing is not None and ongoing.left <= timedelta(0):
            self._running -= 1
            del self._ongoing[number]
            self._settle(ground, ongoing, now)
            ongoing = None
        if ongoing is not None:
            # Cut by the end of a window: taken up where it may go on.
            self._running -= 1
            return self._go_on(number, ground, ongoing, now)
        if self._running >= self._at_once:
            return now + _TURN
        work = self._planner.choose(ground, now)
        if work is None:
            due = self._planner.schedule.next_due(ground.id)
            return max(now + _TURN, due) if due else now + timedelta(days=1)
        self.told.overlaps += number in self._ongoing
        self._check(ground, work, now)
        rate = ground.inventory.limits.packets_per_second
        ongoing = _Ongoing(work=work, began=now, left=timedelta(seconds=work.packets / rate))
        self._ongoing[number] = ongoing
        return self._go_on(number, ground, ongoing, now)

    def _go_on(self, number: int, ground: Ground, ongoing: _Ongoing, now: datetime) -> datetime:
        self._running += 1
        self.told.at_once = max(self.told.at_once, self._running)
        opens = [ground.opening(one, now) for one in ongoing.work.rows]
        later = [one for one in opens if one is None or one > now]
        if later:
            if any(one is None for one in later):
                ongoing.left = timedelta(0)
                return now
            return max(one for one in later if one is not None)
        closings = [ground.closing(one, now) for one in ongoing.work.rows]
        ends = min([now + ongoing.left, *(one for one in closings if one is not None)])
        rate = ground.inventory.limits.packets_per_second
        self.told.packets[now.date()] += round((ends - now).total_seconds() * rate)
        ongoing.left -= ends - now
        return ends

    def _check(self, ground: Ground, work: Work, now: datetime) -> None:
        told = self.told
        told.runs += 1
        told.outside += any(ground.opening(one, now) != now for one in work.rows)
        slack = self._cadence.run
        for row in work.rows:
            due = row.due
            assert due is not None
            told.measures += 1
            told.tiers[due.why] += 1
            if row.measured_at is None:
                continue
            deadline = ground.opening(row, due.by)
            if deadline is None or now <= deadline + slack:
                continue
            if DOWN[0] <= deadline + slack <= DOWN[1] + timedelta(days=7) and now >= DOWN[1]:
                told.caught_up.append(now - DOWN[1])
            else:
                told.missed.append(f"{now} {row.target} {due.why} by {deadline}")

    def _settle(self, ground: Ground, ongoing: _Ongoing, now: datetime) -> None:
        answered: set[tuple[str, str]] = set()
        for row in ongoing.work.rows:
            answered.update(self._answers(row))
        measured = Measured(
            at=ongoing.began, done=[one.key for one in ongoing.work.rows], answered=answered
        )
        self._planner.settle(ground, measured, now)

    def _answers(self, row: Row) -> Iterator[tuple[str, str]]:
        if row.family is Family.SERVICES:
            yield row.establishment, row.target
        elif row.family is Family.SPACE:
            network = ip_network(row.target)
            first = int(network.network_address)
            for number in range(first, first + network.num_addresses):
                if (ip := str(IPv4Address(number))) in self._alive[row.establishment]:
                    yield row.establishment, ip


def _addresses(owner: Establishment, assets: int) -> list[str]:
    network = ip_network(owner.ranges[0])
    first = int(network.network_address)
    return [str(IPv4Address(first + 2 * each)) for each in range(assets)]


def _finding(
    ght: str, establishment: str, ip: str, gravity: int, exploited: bool
) -> dict[str, object]:
    place = Place(establishment=establishment, ip=ip, port=443, transport=Transport.TCP)
    at = START.isoformat()
    return {
        "fingerprint": f"{ip}-{gravity}",
        "ght": ght,
        "check_id": "tls.example",
        "establishment": establishment,
        "place": msgspec.json.encode(place).decode(),
        "state": "open",
        "first_seen": at,
        "last_seen": at,
        "first_run": "r",
        "last_run": "r",
        "is_open": 1,
        "gravity": gravity,
        "exploited": int(exploited),
    }


def load_curve(told: Told, rate: int, ghts: int) -> list[str]:
    """Give the load week by week, as a bar: part of what the agreed rates would allow."""
    weeks: Counter[int] = Counter()
    for day, packets in told.packets.items():
        weeks[(day - START.date()).days // 7] += packets
    most = rate * ghts * 7 * 86_400
    return [
        f"week {week + 1:2}  {weeks[week] / most:6.1%}  {'#' * round(100 * weeks[week] / most)}"
        for week in range(max(weeks, default=-1) + 1)
    ]
