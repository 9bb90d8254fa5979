"""The planner on a fake clock: a small year, mandates that end, what is asked, what fails."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from benchmarks.schedule.year import START, Year, load_curve, region
from core.cadence import Family
from core.inventory import Inventory
from core.knowledge.cadence import load_cadence
from core.store.schedule import Schedule
from core.store.store import Store
from vigie.candidates import narrowed
from vigie.coverage import main_space, scope_of
from vigie.job import plan_run
from vigie.schedule.ground import Ground
from vigie.schedule.mandates import mandate_warnings
from vigie.schedule.planner import Measured, Planner

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'vigie.db'}")
    yield opened
    opened.close()


@pytest.fixture
def inventory() -> Inventory:
    return next(region(1, 2, 20))


@pytest.fixture
def planner(store: Store) -> Planner:
    return Planner(Schedule(store), load_cadence())


def test_five_months_of_a_small_region(store: Store) -> None:
    """Over windows, the spring clock change and four days without a daemon."""
    year = Year(store, list(region(4, 2, 8)), 8, at_once=2)
    told = year.run(START + timedelta(days=150))
    assert told.missed == []
    assert (told.overlaps, told.outside) == (0, 0)
    assert told.at_once <= 2
    assert told.measures > 500
    assert all(one < timedelta(days=8) for one in told.caught_up)
    assert len(load_curve(told, 200, 4)) >= 20


def test_after_days_down_the_gravest_goes_first_within_one_runs_budget(
    planner: Planner, inventory: Inventory
) -> None:
    ground = Ground(inventory, 100_000)
    planner.sync(ground, NOW)
    work = planner.choose(ground, NOW)
    assert work is not None
    budget = load_cadence().run.total_seconds() * inventory.limits.packets_per_second
    assert work.packets <= max(budget, ground.cost(work.rows[0]))
    assert len(work.rows) < planner.schedule.scheduled(ground.id)


def test_what_a_first_scan_would_make_late_goes_before_it(
    store: Store, planner: Planner, inventory: Inventory
) -> None:
    Year(store, [inventory], 20, at_once=1)
    ground = Ground(inventory, 300_000)
    planner.sync(ground, NOW)
    first = planner.choose(ground, NOW)
    assert first is not None
    assert len(first.rows) == 1, "one prefix fills a run"
    high = [
        one.place for one in planner.schedule.open_findings(ground.id) if one.found.gravity == 3
    ]
    keys = [(one.establishment, str(one.ip), Family.SERVICES) for one in high]
    planner.settle(ground, Measured(at=NOW, done=keys, answered=[key[:2] for key in keys]), NOW)
    due = {one.key: one.due for one in planner.schedule.rows(ground.id)}[keys[0]]
    assert due is not None
    # Not due yet, and late before a run that starts then is over.
    then = due.at - timedelta(hours=1)
    work = planner.choose(ground, then)
    assert work is not None
    assert keys[0] in [one.key for one in work.rows]


def test_what_answers_is_followed_alone_and_returns_to_its_prefix(
    planner: Planner, inventory: Inventory
) -> None:
    ground = Ground(inventory, 10)
    planner.sync(ground, NOW)
    first = planner.choose(ground, NOW)
    assert first is not None
    assert first.is_everything
    owner = inventory.establishments[0].id
    keys = [one.key for one in first.rows]
    planner.settle(ground, Measured(at=NOW, done=keys, answered=[(owner, "10.0.0.2")]), NOW)
    assert planner.choose(ground, NOW) is None
    later = NOW
    for silent in range(1, 4):
        later += timedelta(days=8)
        work = planner.choose(ground, later)
        assert work is not None, silent
        assert [one.target for one in work.rows] == ["10.0.0.2"]
        assert not work.is_everything
        planner.settle(ground, Measured(at=later, done=[work.rows[0].key]), later)
    assert all(one.family is Family.SPACE for one in planner.schedule.rows(ground.id))


def test_a_failure_comes_back_later_even_when_synced(
    planner: Planner, inventory: Inventory
) -> None:
    ground = Ground(inventory, 10)
    planner.sync(ground, NOW)
    work = planner.choose(ground, NOW)
    assert work is not None
    keys = [one.key for one in work.rows]
    planner.settle(ground, Measured(at=NOW, done=(), failed=keys), NOW)
    planner.sync(ground, NOW + timedelta(hours=1))
    assert planner.choose(ground, NOW + timedelta(minutes=90)) is None
    assert planner.choose(ground, NOW + timedelta(hours=2)) is not None


def test_asked_and_stopped(planner: Planner, inventory: Inventory) -> None:
    ground = Ground(inventory, 10)
    planner.sync(ground, NOW)
    work = planner.choose(ground, NOW)
    assert work is not None
    planner.settle(ground, Measured(at=NOW, done=[one.key for one in work.rows]), NOW)
    owner = inventory.establishments[0].id
    planner.ask(ground, [(owner, "10.0.0.9", Family.SERVICES)], NOW)
    assert planner.choose(ground, NOW, held={owner}) is None
    assert planner.choose(ground, NOW, held={"*"}) is None
    asked = planner.choose(ground, NOW)
    assert asked is not None
    assert [one.target for one in asked.rows] == ["10.0.0.9"]
    assert planner.ask(ground, [(owner, "10.99.0.9", Family.SERVICES)], NOW)[0].due is None


def test_nothing_is_due_once_the_mandate_ended(planner: Planner, inventory: Inventory) -> None:
    mandates = tuple(
        msgspec.structs.replace(one, valid_until=date(2026, 3, 10)) for one in inventory.mandates
    )
    ground = Ground(msgspec.structs.replace(inventory, mandates=mandates), 10)
    planner.sync(ground, NOW)
    ended = datetime(2026, 3, 11, 12, tzinfo=UTC)
    assert planner.choose(ground, ended) is None
    assert all(one.due is None for one in planner.schedule.rows(ground.id))
    assert {why for _, _, why in ground.not_scheduled(ended)} == {"out-of-scope"}


@pytest.mark.parametrize(
    ("days", "threshold"), [(61, None), (60, 60), (31, 60), (30, 30), (7, 7), (0, 7), (-1, None)]
)
def test_a_mandate_that_ends_is_told(
    inventory: Inventory, days: int, threshold: int | None
) -> None:
    (kept, *_) = inventory.mandates
    alone = msgspec.structs.replace(
        inventory, mandates=(msgspec.structs.replace(kept, valid_until=date(2026, 8, 31)),)
    )
    found = list(mandate_warnings(alone, date(2026, 8, 31) - timedelta(days=days)))
    assert [one.threshold_days for one in found] == ([threshold] if threshold else [])
    renewed = msgspec.structs.replace(
        kept, valid_from=date(2026, 9, 1), valid_until=date(2027, 8, 31)
    )
    both = msgspec.structs.replace(alone, mandates=(*alone.mandates, renewed))
    assert list(mandate_warnings(both, date(2026, 8, 25))) == []


def test_a_mandate_of_addresses_alone_is_told_to_whom_it_concerns(inventory: Inventory) -> None:
    (kept, *_) = inventory.mandates
    (first, *others) = inventory.establishments
    first = msgspec.structs.replace(first, domains=("un.example",))
    for covers in ((first.ranges[0],), ("www.un.example",)):
        one = msgspec.structs.replace(
            kept, establishments=(), covers=covers, valid_until=date(2026, 8, 31)
        )
        alone = msgspec.structs.replace(inventory, establishments=(first, *others), mandates=(one,))
        (told,) = mandate_warnings(alone, date(2026, 8, 25))
        assert told.establishments == (first.id,)


def test_targets_narrow_the_space_and_never_widen_it(inventory: Inventory) -> None:
    (mandate, *_) = inventory.mandates
    ids = tuple(one.id for one in inventory.establishments)
    everyone = msgspec.structs.replace(mandate, establishments=ids)
    inventory = msgspec.structs.replace(inventory, mandates=(everyone,))
    run = plan_run(
        inventory,
        profile=None,
        establishments=(),
        tcp_ports=[443],
        targets=["10.0.0.4", "10.0.0.8/31", "10.99.0.1", "chu.example"],
    )
    space = main_space(run, scope_of(run))
    assert space.addresses == 3
    whole = plan_run(inventory, profile=None, establishments=(), tcp_ports=[443])
    segments = scope_of(whole).segments(whole.started_at)
    assert narrowed(whole, segments) == list(segments)
    assert main_space(whole, scope_of(whole)).addresses > 3
