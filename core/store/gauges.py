"""What a supervisor watches, counted by the database itself."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.model import Criticality
from core.store.merging import text_of
from core.store.store import Store
from core.store.tables import DUE, FINDINGS, HOLDS, OUTBOX, RUNS, TICKETS

_CRITICALITIES: tuple[str, ...] = tuple(one.value for one in Criticality)


class Gauge(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, and what it is of."""

    name: str
    """Without the prefix; ends with its unit."""
    labels: tuple[tuple[str, str], ...] = ()
    value: float


def gauges(store: Store, now: datetime) -> Iterator[Gauge]:
    """Give every figure; one query a name, each through an index or over few rows."""
    at = text_of(now)
    late = sa.func.sum(sa.case((FINDINGS.c.due_at < at, 1), else_=0))
    last = (
        sa.select(
            RUNS.c.ght,
            RUNS.c.kind,
            RUNS.c.finished_at,
            RUNS.c.complete,
            sa.func.row_number()
            .over(partition_by=(RUNS.c.ght, RUNS.c.kind), order_by=RUNS.c.started_at.desc())
            .label("rank"),
        )
        .where(RUNS.c.finished_at.is_not(None))
        .subquery()
    )
    with store.reading() as db:
        place = (FINDINGS.c.ght, FINDINGS.c.establishment, FINDINGS.c.gravity)
        counted = (
            sa.select(*place, sa.func.count(), late).where(FINDINGS.c.is_open == 1).group_by(*place)
        )
        for ght, establishment, gravity, count, overdue in db.execute(counted).all():
            grave = ("criticality", _CRITICALITIES[int(gravity)])
            of = (("ght", ght), ("establishment", establishment), grave)
            yield Gauge(name="findings_open", labels=of, value=count)
            yield Gauge(name="findings_overdue", labels=of, value=overdue or 0)
        for row in db.execute(sa.select(last).where(last.c.rank == 1)):
            named = (("ght", row.ght), ("kind", row.kind))
            ended = datetime.fromisoformat(row.finished_at).timestamp()
            yield Gauge(name="run_last_end_timestamp_seconds", labels=named, value=ended)
            yield Gauge(name="run_last_complete", labels=named, value=row.complete)
        for ght, count in db.execute(
            sa.select(DUE.c.ght, sa.func.count()).where(DUE.c.by_at < at).group_by(DUE.c.ght)
        ):
            yield Gauge(name="measures_late", labels=(("ght", ght),), value=count)
        for channel, state, count in db.execute(
            sa.select(OUTBOX.c.channel, OUTBOX.c.state, sa.func.count()).group_by(
                OUTBOX.c.channel, OUTBOX.c.state
            )
        ):
            named = (("channel", channel), ("state", state))
            yield Gauge(name="outbox_entries", labels=named, value=count)
        for tracker, state, count in db.execute(
            sa.select(TICKETS.c.tracker, TICKETS.c.state, sa.func.count()).group_by(
                TICKETS.c.tracker, TICKETS.c.state
            )
        ):
            named = (("tracker", tracker), ("state", state))
            yield Gauge(name="tickets", labels=named, value=count)
        held = sa.select(sa.func.count()).where(HOLDS.c.lifted_at.is_(None))
        yield Gauge(name="holds_active", value=db.execute(held).scalar_one())
