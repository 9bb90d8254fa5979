"""Rows of the schedule and leases, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from core.cadence import Due, Family
from core.store.schedule import LEASE, Row, Schedule
from core.store.store import Store
from tests.servers.postgres import Cluster

NOW = datetime(2026, 1, 15, 21, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def schedule(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Schedule]:
    url = f"sqlite:///{tmp_path / 'vigie.db'}"
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.database()
    opened = Store(url)
    yield Schedule(opened)
    opened.close()


def row(target: str, minutes: int) -> Row:
    at = NOW + timedelta(minutes=minutes)
    due = Due(at=at, soon_at=at, by=at, why="live")
    return Row(ght="g", establishment="e", target=target, family=Family.SERVICES, due=due)


def test_rows_come_back_in_the_order_they_are_due(schedule: Schedule) -> None:
    rows = [row("192.0.2.2", 5), row("192.0.2.1", 1)]
    schedule.put(rows)
    assert schedule.rows("g") == rows[::-1]
    assert schedule.rows("g", soon_before=NOW + timedelta(minutes=2)) == rows[1:]
    assert schedule.rows("other") == []
    assert schedule.next_due("g") == rows[1].due.at if rows[1].due else None
    later = msgspec.structs.replace(rows[0], due=None, failures=2, measured_at=NOW)
    schedule.put([later])
    assert schedule.rows_of("g", ["192.0.2.2", "x"]) == [later]
    assert schedule.scheduled("g") == 1
    schedule.remove(rows)
    assert schedule.rows("g") == []


def test_one_holds_and_the_other_is_told_who(schedule: Schedule) -> None:
    assert schedule.take(["a", "b"], holder="1", who="ann", now=NOW) is None
    held = schedule.take(["b", "c"], holder="2", who="bob", now=NOW + timedelta(seconds=1))
    assert held is not None
    assert (held.name, held.who, held.since) == ("b", "ann", NOW)
    assert [one.name for one in schedule.leases()] == ["a", "b"], "all or nothing"
    assert schedule.take(["a", "b"], holder="1", who="ann", now=NOW) is None, "its own again"
    schedule.release(["a", "b"], holder="2")
    assert schedule.take(["b"], holder="2", who="bob", now=NOW) is not None
    schedule.release(["a", "b"], holder="1")
    assert schedule.take(["b"], holder="2", who="bob", now=NOW) is None


def test_a_lease_that_expires_or_whose_holder_is_gone_is_taken_over(schedule: Schedule) -> None:
    assert schedule.take(["a"], holder="1", who="ann", now=NOW) is None
    assert schedule.renew(["a"], holder="1", now=NOW + LEASE / 2)
    late = NOW + LEASE
    assert schedule.take(["a"], holder="2", who="bob", now=late) is not None, "renewed"
    assert schedule.take(["a"], holder="2", who="bob", now=late + LEASE) is None
    assert not schedule.renew(["a"], holder="1", now=late), "lost"
    assert schedule.take(["a"], holder="3", who="cy", now=late, gone=["2"]) is None


def test_of_many_at_once_one_holds(schedule: Schedule) -> None:
    def take(number: int) -> bool:
        names = ["a", "b", "c"]
        return schedule.take(names, holder=f"{number}", who="x", now=NOW) is None

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(take, range(12))) == 1
