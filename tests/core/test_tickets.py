"""What is remembered of tickets, and the findings that they follow, in both stores."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from core.store.tickets import Memory, Progress, TicketRow, Told, Word
from tests.servers.postgres import Cluster
from tests.vigie.ticketing_lab import CHECK, Region, sqlite, telnets

NOW = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
WORD = Word(kind="note", mark="m-1", text="été €\n\x00", at="2026-03-02", members={"f": Told.FIXED})


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def region(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Region]:
    url = sqlite(tmp_path)
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.database()
    made = Region(url)
    yield made
    made.store.close()


def row(number: int = 1, tracker: str = "rt", ght: str = "ght-exemple") -> TicketRow:
    return TicketRow(
        tracker=tracker,
        reference=f"vigie-{number:024x}",
        ght=ght,
        establishment="chu-exemple",
        state=Progress.CREATING,
        created_at=NOW,
        memory=Memory(rule="", cause="", members={"f": Told.OPEN}),
    )


def test_a_row_comes_back_as_it_was_put(region: Region) -> None:
    first = row()
    region.tickets.put(first)
    assert region.tickets.rows("rt", "ght-exemple") == {first.reference: first}
    memory = msgspec.structs.replace(first.memory, pending=WORD, words=7, proposed=True, why="é")
    told = {"state": Progress.OPEN, "ticket": "42", "url": "/t/42", "told": "d", "memory": memory}
    changed = msgspec.structs.replace(first, **told)
    region.tickets.put(changed)
    assert region.tickets.rows("rt", "ght-exemple") == {first.reference: changed}


def test_rows_are_of_one_tracker_and_one_ght(region: Region) -> None:
    # The same finding may have a ticket in two systems, under one reference.
    for one in (row(1), row(2), row(1, tracker="glpi"), row(3, ght="autre")):
        region.tickets.put(one)
    assert len(region.tickets.rows("rt", "ght-exemple")) == 2
    assert set(region.tickets.rows("glpi", "ght-exemple")) == {row(1).reference}
    region.tickets.drop(row(1))
    region.tickets.drop(row(1))
    assert set(region.tickets.rows("rt", "ght-exemple")) == {row(2).reference}
    assert set(region.tickets.rows("glpi", "ght-exemple")) == {row(1).reference}
    assert set(region.tickets.rows("rt", "autre")) == {row(3).reference}


def test_what_was_looked_at_is_noted_however_many(region: Region) -> None:
    for number in range(5):
        region.tickets.put(row(number))
    region.tickets.put(row(1, tracker="glpi"))
    seen = [row(number).reference for number in (1, 3)]
    others = [f"vigie-{number:024x}" for number in range(1_000, 2_200)]
    region.tickets.checked("rt", [*others, *seen], NOW)
    region.tickets.checked("rt", [], NOW + timedelta(days=1))
    noted = {
        one.reference: one.checked_at for one in region.tickets.rows("rt", "ght-exemple").values()
    }
    assert [reference for reference, at in noted.items() if at] == seen
    assert {datetime.fromisoformat(noted[one]) for one in seen} == {NOW}
    assert not region.tickets.rows("glpi", "ght-exemple")[seen[0]].checked_at


def test_open_findings_are_the_grave_ones_gravest_first(region: Region) -> None:
    region.scan([*telnets(3), ("cert.expired", telnets(1, 5)[0][1])])
    found = region.tickets.open_findings("ght-exemple", 0)
    assert len(found) == 4
    assert [one.row.gravity for one in found] == sorted(
        (one.row.gravity for one in found), reverse=True
    )
    for one in found:
        assert one.judged is not None
        assert one.judged.check == one.row.check
    most = found[0].row.gravity
    assert len(region.tickets.open_findings("", most)) == sum(
        one.row.gravity == most for one in found
    )
    assert region.tickets.open_findings("", most + 1) == []
    assert region.tickets.open_findings("autre", 0) == []


def test_findings_are_given_open_or_not(region: Region) -> None:
    region.scan(telnets(3))
    every = {one.row.fingerprint for one in region.tickets.open_findings("", 0)}
    region.scan(telnets(2), telnets(1, 2))
    still = {one.row.fingerprint for one in region.tickets.open_findings("", 0)}
    assert len(still) == 2
    asked = [*every, *(f"none-{number}" for number in range(1_000))]
    found = region.tickets.findings(asked)
    assert set(found) == every
    assert {one.row.check for one in found.values()} == {CHECK}
    (closed,) = every - still
    # The verdict of the last run that saw it is still there to be told.
    assert found[closed].judged is not None
    assert region.tickets.findings([]) == {}
