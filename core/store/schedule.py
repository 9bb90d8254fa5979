"""When each target is due, and who is at work on which establishment.

A lease is held by one process for a while and renewed; who dies leaves it to expire, or to the next
process of the same machine, which sees that its holder is gone.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.cadence import Due, Family, Found
from core.model import Place
from core.observations.codec import decode
from core.observations.name import NameSeen
from core.store.merging import text_of
from core.store.store import Run, Store
from core.store.tables import (
    DUE,
    FINDINGS,
    JOURNAL,
    LEASES,
    OBSERVATIONS,
    RUNS,
    SCHEDULED,
    UNITS,
)

LEASE = timedelta(minutes=5)
"""Renewed long before; a machine that died is waited for no longer."""

_AT_ONCE = 500
"""Targets asked for in one query."""

Key = tuple[str, str, Family]
"""Establishment, target, what of it."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One target and what is measured of it at once: a row of ``due``."""

    ght: str
    establishment: str
    target: str
    """Address, CIDR, host name, domain, or id of a directory."""
    family: Family
    due: Due | None = None
    """``None``: no window of a mandate will open on it."""
    asked_at: datetime | None = None
    measured_at: datetime | None = None
    failures: int = 0
    silences: int = 0
    """Measures in a row that met no answer at an address."""

    @property
    def key(self) -> Key:
        """Which row of its GHT."""
        return self.establishment, self.target, self.family


class OpenFinding(msgspec.Struct, frozen=True):
    """An open finding: where, and the pace that it sets."""

    place: Place
    found: Found


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``leases``."""

    name: str
    holder: str
    """Names one process, and what it does with it."""
    who: str
    """For people."""
    since: datetime
    until: datetime


class Schedule:
    """The schedule of a store. Synchronous, as the store is, and with its errors."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # what is due

    def rows(self, ght: str, *, soon_before: datetime | None = None) -> list[Row]:
        """Give the targets of a GHT, first due first; only those that a run might take by then."""
        query = sa.select(DUE).where(DUE.c.ght == ght).order_by(DUE.c.due_at, DUE.c.target)
        if soon_before is not None:
            query = query.where(DUE.c.soon_at <= text_of(soon_before))
        with self._store.reading() as db:
            return [_row(one) for one in db.execute(query).mappings()]

    def rows_of(self, ght: str, targets: Collection[str]) -> list[Row]:
        """Give the rows of some targets of a GHT."""
        wanted = sorted(set(targets))
        found: list[Row] = []
        with self._store.reading() as db:
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                query = sa.select(DUE).where(DUE.c.ght == ght, DUE.c.target.in_(part))
                found += [_row(one) for one in db.execute(query).mappings()]
        return found

    def scheduled(self, ght: str) -> int:
        """Give how many targets of a GHT will be measured."""
        query = sa.select(sa.func.count()).where(DUE.c.ght == ght, DUE.c.due_at.is_not(None))
        with self._store.reading() as db:
            return int(db.execute(query).scalar_one())

    def next_due(self, ght: str) -> datetime | None:
        """Give when the first target of a GHT is due."""
        with self._store.reading() as db:
            query = sa.select(sa.func.min(DUE.c.due_at)).where(DUE.c.ght == ght)
            return _moment_of(db.execute(query).scalar())

    def put(self, rows: Iterable[Row]) -> None:
        """Write rows, in the place of those of the same key."""
        values = [_values(one) for one in rows]
        if not values:
            return
        with self._store.writing() as db:
            add = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
            insert = add(DUE)
            kept = {
                one.name: insert.excluded[one.name] for one in DUE.c if one.name not in _KEY_NAMES
            }
            db.execute(
                insert.on_conflict_do_update(index_elements=_KEY_NAMES, set_=kept),
                values,
            )

    def remove(self, rows: Iterable[Row]) -> None:
        """Forget targets that are no more."""
        gone = [
            {
                "b_ght": one.ght,
                "b_est": one.establishment,
                "b_target": one.target,
                "b_family": one.family.value,
            }
            for one in rows
        ]
        if gone:
            with self._store.writing() as db:
                db.execute(
                    sa.delete(DUE).where(
                        DUE.c.ght == sa.bindparam("b_ght"),
                        DUE.c.establishment == sa.bindparam("b_est"),
                        DUE.c.target == sa.bindparam("b_target"),
                        DUE.c.family == sa.bindparam("b_family"),
                    ),
                    gone,
                )

    def open_findings(self, ght: str) -> list[OpenFinding]:
        """Give the open findings of a GHT that set a pace: low and graver, or exploited."""
        query = sa.select(
            FINDINGS.c.place, FINDINGS.c.check_id, FINDINGS.c.gravity, FINDINGS.c.exploited
        ).where(
            FINDINGS.c.ght == ght,
            FINDINGS.c.is_open == 1,
            sa.or_(FINDINGS.c.gravity > 0, FINDINGS.c.exploited == 1),
        )
        with self._store.reading() as db:
            return [
                OpenFinding(
                    msgspec.json.decode(place, type=Place),
                    Found(check.partition(".")[0], gravity, bool(exploited)),
                )
                for place, check, gravity, exploited in db.execute(query)
            ]

    # runs

    def begun(self, run_id: str) -> None:
        """Note that the schedule began a run."""
        with self._store.writing() as db:
            db.execute(sa.insert(SCHEDULED).values(run_id=run_id))

    def settled(self, run_id: str, at: datetime) -> None:
        """Note that the measures of a run were taken into account."""
        with self._store.writing() as db:
            there = db.execute(
                sa.update(SCHEDULED)
                .where(SCHEDULED.c.run_id == run_id)
                .values(settled_at=text_of(at))
            )
            if not there.rowcount:
                db.execute(sa.insert(SCHEDULED).values(run_id=run_id, settled_at=text_of(at)))

    def unsettled(self, ght: str, since: datetime) -> list[tuple[Run, bool]]:
        """Give runs not taken into account, oldest first, each with whether the schedule began it.

        Of those that it did not, the complete ones alone, and audits of directories that ended.
        """
        query = (
            sa.select(RUNS.c.id, SCHEDULED.c.run_id)
            .join(SCHEDULED, SCHEDULED.c.run_id == RUNS.c.id, isouter=True)
            .where(
                RUNS.c.ght == ght,
                RUNS.c.started_at >= text_of(since),
                SCHEDULED.c.settled_at.is_(None),
                sa.or_(
                    SCHEDULED.c.run_id.is_not(None),
                    RUNS.c.complete == 1,
                    sa.and_(RUNS.c.kind == "directory", RUNS.c.finished_at.is_not(None)),
                ),
            )
            .order_by(RUNS.c.started_at)
        )
        with self._store.reading() as db:
            found = db.execute(query).all()
        runs = [(self._store.run(run_id), ours is not None) for run_id, ours in found]
        return [(run, ours) for run, ours in runs if not run.plan.retest]

    def answered(self, run_id: str) -> set[tuple[str, str]]:
        """Give (establishment, address) where a run found a port open or a service."""
        query = sa.select(UNITS.c.place).where(UNITS.c.run_id == run_id)
        with self._store.reading() as db:
            places = [msgspec.json.decode(one, type=Place) for one in db.execute(query).scalars()]
        return {(one.establishment, one.ip) for one in places if one.ip}

    def names(self, ght: str, since: datetime) -> list[NameSeen]:
        """Give the names that runs begun since then told of, each as it was last told."""
        query = (
            sa.select(OBSERVATIONS.c.body)
            .join(RUNS, RUNS.c.id == OBSERVATIONS.c.run_id)
            .where(
                RUNS.c.ght == ght,
                RUNS.c.started_at >= text_of(since),
                OBSERVATIONS.c.kind == "name",
            )
            .order_by(OBSERVATIONS.c.at, OBSERVATIONS.c.id)
        )
        last: dict[str, NameSeen] = {}
        with self._store.reading() as db:
            for body in db.execution_options(yield_per=500).execute(query).scalars():
                seen = decode(body)
                if isinstance(seen, NameSeen):
                    last[seen.name] = seen
        return list(last.values())

    # notes

    def has_noted(self, what: str, detail: dict[str, str]) -> bool:
        """Whether the journal says just that."""
        query = sa.select(JOURNAL.c.id).where(
            JOURNAL.c.what == what,
            JOURNAL.c.detail == msgspec.json.encode(detail).decode(),
        )
        with self._store.reading() as db:
            return db.execute(query.limit(1)).first() is not None

    # leases

    def take(
        self,
        names: Collection[str],
        *,
        holder: str,
        who: str,
        now: datetime,
        gone: Collection[str] = (),
    ) -> Lease | None:
        """Hold all these names, or none; gives ``None``, or the lease of who holds one.

        ``gone`` are holders known to be dead.
        """
        until = text_of(now + LEASE)
        with self._store.writing() as db:
            add = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
            # In one order: two that want the same names never wait for each other.
            for name in sorted(names):
                insert = add(LEASES).values(
                    name=name, holder=holder, who=who, since=text_of(now), until=until
                )
                free = sa.or_(
                    LEASES.c.holder == holder,
                    LEASES.c.until <= text_of(now),
                    LEASES.c.holder.in_(list(gone)),
                )
                kept = {one: insert.excluded[one] for one in ("holder", "who", "since", "until")}
                taken = db.execute(
                    insert.on_conflict_do_update(
                        index_elements=["name"], set_=kept, where=free
                    ).returning(LEASES.c.name)
                ).first()
                if taken is None:
                    held = db.execute(sa.select(LEASES).where(LEASES.c.name == name)).mappings()
                    lease = _lease(held.one())
                    db.rollback()
                    return lease
        return None

    def renew(self, names: Collection[str], *, holder: str, now: datetime) -> bool:
        """Hold on; false when another took one over meanwhile."""
        with self._store.writing() as db:
            renewed = db.execute(
                sa.update(LEASES)
                .where(LEASES.c.name.in_(list(names)), LEASES.c.holder == holder)
                .values(until=text_of(now + LEASE))
            )
            return renewed.rowcount == len(set(names))

    def release(self, names: Collection[str], *, holder: str) -> None:
        """Let go."""
        with self._store.writing() as db:
            db.execute(
                sa.delete(LEASES).where(LEASES.c.name.in_(list(names)), LEASES.c.holder == holder)
            )

    def leases(self) -> list[Lease]:
        """Give every lease, expired ones too, by name."""
        with self._store.reading() as db:
            found = db.execute(sa.select(LEASES).order_by(LEASES.c.name)).mappings()
            return [_lease(one) for one in found]


_KEY_NAMES = ("ght", "establishment", "target", "family")


def _moment_of(text: str | None) -> datetime | None:
    """Give a moment that the store wrote."""
    return datetime.fromisoformat(text) if text else None


def _values(one: Row) -> dict[str, object]:
    due = one.due
    return {
        "ght": one.ght,
        "establishment": one.establishment,
        "target": one.target,
        "family": one.family.value,
        "due_at": text_of(due.at) if due else None,
        "soon_at": text_of(due.soon_at) if due else None,
        "by_at": text_of(due.by) if due else None,
        "why": due.why if due else "",
        "asked_at": text_of(one.asked_at) if one.asked_at else None,
        "measured_at": text_of(one.measured_at) if one.measured_at else None,
        "failures": one.failures,
        "silences": one.silences,
    }


def _row(row: sa.RowMapping) -> Row:
    at, soon_at, by = (_moment_of(row[name]) for name in ("due_at", "soon_at", "by_at"))
    due = Due(at=at, soon_at=soon_at, by=by, why=row["why"]) if at and soon_at and by else None
    return Row(
        ght=row["ght"],
        establishment=row["establishment"],
        target=row["target"],
        family=Family(row["family"]),
        due=due,
        asked_at=_moment_of(row["asked_at"]),
        measured_at=_moment_of(row["measured_at"]),
        failures=row["failures"],
        silences=row["silences"],
    )


def _lease(row: sa.RowMapping) -> Lease:
    return Lease(
        name=row["name"],
        holder=row["holder"],
        who=row["who"],
        since=datetime.fromisoformat(row["since"]),
        until=datetime.fromisoformat(row["until"]),
    )
