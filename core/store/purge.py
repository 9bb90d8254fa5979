"""What is erased for good: a hospital that leaves, a whole GHT, what is older than is kept.

Each is one transaction; its last word is a line of the journal, which stays.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.inventory import Inventory
from core.model import State
from core.store.merging import text_of
from core.store.store import Plan, Store
from core.store.tables import (
    CHANGES,
    DECISIONS,
    DUE,
    FINDINGS,
    HOLDS,
    JOURNAL,
    LEASES,
    OBSERVATIONS,
    OUTBOX,
    PURGING,
    READS,
    RUNS,
    SCHEDULED,
    SWEEPS,
    TICKETS,
    UNITS,
    VERDICTS,
)

Without = Callable[[Inventory, str], Inventory | None]
"""Gives an inventory without an establishment; ``None`` when nothing is left of it."""


class Erasing:
    """Erases within one transaction; ``commit=False`` counts alone, and undoes all."""

    def __init__(self, store: Store, *, who: str, at: datetime, commit: bool) -> None:
        self._store = store
        self._who = who
        self._at = at
        self._commit = commit

    def establishment(self, ght: str, establishment: str, without: Without) -> Mapping[str, int]:
        """Erase all that is kept of an establishment of a GHT; gives rows erased, by table.

        Its runs shared with others stay, without its observations, and without their sweep: the
        statuses of addresses cannot be told apart once the inventory no longer holds it.
        """

        def erase(db: sa.Connection) -> dict[str, int]:
            runs: list[str] = []
            whole: list[str] = []
            for row in db.execute(
                sa.select(RUNS.c.id, RUNS.c.inventory, RUNS.c.plan).where(RUNS.c.ght == ght)
            ).all():
                inventory = msgspec.json.decode(row.inventory, type=Inventory)
                plan = msgspec.json.decode(row.plan, type=Plan)
                if all(one.id != establishment for one in inventory.establishments):
                    continue
                left = without(inventory, establishment)
                if left is None or plan.establishments == (establishment,):
                    whole.append(row.id)
                    continue
                runs.append(row.id)
                plan = msgspec.structs.replace(
                    plan,
                    establishments=tuple(
                        one for one in plan.establishments if one != establishment
                    ),
                )
                db.execute(
                    sa.update(RUNS)
                    .where(RUNS.c.id == row.id)
                    .values(
                        inventory=msgspec.json.encode(left).decode(),
                        plan=msgspec.json.encode(plan).decode(),
                    )
                )
            erased = self._findings(
                db, sa.and_(FINDINGS.c.ght == ght, FINDINGS.c.establishment == establishment)
            )
            erased |= self._runs(db, RUNS.c.id.in_(whole))
            where = _establishment_of(VERDICTS.c.body, "verdict", "place", db=db) == establishment
            of_place = _establishment_of(UNITS.c.place, db=db) == establishment
            for run in runs:
                for table, of_it in (
                    (OBSERVATIONS, OBSERVATIONS.c.establishment == establishment),
                    (VERDICTS, where),
                    (UNITS, of_place),
                    (SWEEPS, sa.true()),
                ):
                    count = db.execute(sa.delete(table).where(table.c.run_id == run, of_it))
                    erased[table.name] = erased.get(table.name, 0) + count.rowcount
            for table in (CHANGES, DUE, OUTBOX, TICKETS):
                of_it = sa.and_(table.c.ght == ght, table.c.establishment == establishment)
                erased[table.name] = db.execute(sa.delete(table).where(of_it)).rowcount
            # What tells of a whole run names each of its establishments.
            named = OUTBOX.c.body.contains(f'"{establishment}"', autoescape=True)
            told = db.execute(sa.delete(OUTBOX).where(OUTBOX.c.ght == ght, named))
            erased[OUTBOX.name] += told.rowcount
            held = sa.delete(HOLDS).where(HOLDS.c.establishment == establishment)
            erased[HOLDS.name] = db.execute(held).rowcount
            lease = sa.delete(LEASES).where(LEASES.c.name == f"scan/{ght}/{establishment}")
            erased[LEASES.name] = db.execute(lease).rowcount
            return erased

        return self._within(erase, {"ght": ght, "establishment": establishment})

    def ght(self, ght: str) -> Mapping[str, int]:
        """Erase all that is kept of a GHT; gives rows erased, by table."""

        def erase(db: sa.Connection) -> dict[str, int]:
            erased = self._findings(db, FINDINGS.c.ght == ght)
            erased |= self._runs(db, RUNS.c.ght == ght)
            for table in (CHANGES, DUE, OUTBOX, TICKETS):
                erased[table.name] = db.execute(sa.delete(table).where(table.c.ght == ght)).rowcount
            mine = LEASES.c.name.startswith(f"scan/{ght}/", autoescape=True)
            erased[LEASES.name] = db.execute(sa.delete(LEASES).where(mine)).rowcount
            return erased

        return self._within(erase, {"ght": ght})

    def older(self, than: datetime) -> Mapping[str, int]:
        """Erase what runs saw before a day, and what was read or sent then.

        Findings, their life and what people decided stay, as do the last ended run of each GHT and
        kind, and the runs that findings not fixed rest on.
        """
        before = text_of(than)

        def erase(db: sa.Connection) -> dict[str, int]:
            # A complete run where there is one: it says more of what is there now.
            rank = sa.func.row_number().over(
                partition_by=(RUNS.c.ght, RUNS.c.kind),
                order_by=(RUNS.c.complete.desc(), RUNS.c.started_at.desc()),
            )
            ranked = sa.select(RUNS.c.id, rank.label("rank")).subquery()
            kept = sa.select(ranked.c.id).where(ranked.c.rank == 1)
            # Of what was accepted too: who closes it reads what was seen.
            proving = sa.select(FINDINGS.c.last_run).where(FINDINGS.c.state != State.FIXED.value)
            erased = self._runs(
                db,
                sa.and_(
                    RUNS.c.finished_at < before,
                    RUNS.c.id.not_in(kept),
                    RUNS.c.id.not_in(proving),
                ),
            )
            for table, of_it in (
                (READS, READS.c.at < before),
                (OUTBOX, sa.and_(OUTBOX.c.state == "sent", OUTBOX.c.sent_at < before)),
            ):
                erased[table.name] = db.execute(sa.delete(table).where(of_it)).rowcount
            return erased

        return self._within(erase, {"older-than": before})

    def _within(
        self, erase: Callable[[sa.Connection], dict[str, int]], about: Mapping[str, str]
    ) -> Mapping[str, int]:
        with self._store.writing() as db:
            at = text_of(self._at)
            db.execute(sa.insert(PURGING).values(id=1, who=self._who, at=at))
            found = {name: count for name, count in erase(db).items() if count}
            db.execute(sa.delete(PURGING))
            detail = {**about, **{name: str(count) for name, count in found.items()}}
            said = msgspec.json.encode(detail).decode()
            db.execute(sa.insert(JOURNAL).values(at=at, who=self._who, what="purge", detail=said))
            if not self._commit:
                db.rollback()
        return found

    def _findings(self, db: sa.Connection, which: sa.ColumnElement[bool]) -> dict[str, int]:
        chosen = sa.select(FINDINGS.c.fingerprint).where(which)
        decided = db.execute(sa.delete(DECISIONS).where(DECISIONS.c.fingerprint.in_(chosen)))
        found = db.execute(sa.delete(FINDINGS).where(which))
        return {DECISIONS.name: decided.rowcount, FINDINGS.name: found.rowcount}

    def _runs(self, db: sa.Connection, which: sa.ColumnElement[bool]) -> dict[str, int]:
        chosen = sa.select(RUNS.c.id).where(which)
        erased = {
            table.name: db.execute(sa.delete(table).where(table.c.run_id.in_(chosen))).rowcount
            for table in (OBSERVATIONS, VERDICTS, UNITS, SWEEPS, SCHEDULED)
        }
        erased[RUNS.name] = db.execute(sa.delete(RUNS).where(which)).rowcount
        return erased


def _establishment_of(
    column: sa.Column[str], *path: str, db: sa.Connection
) -> sa.ColumnElement[str]:
    if db.dialect.name == "postgresql":
        return sa.func.json_extract_path_text(sa.cast(column, sa.JSON), *path, "establishment")
    return sa.func.json_extract(column, ".".join(("$", *path, "establishment")))
