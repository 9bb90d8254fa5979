"""What is to be told to others (mail, webhook, tickets), kept until it is.

    waiting ──take──▶ waiting, held ──sending──▶ sending ──▶ sent
       ▲                  │   │                     │  └───▶ failed
       └──retry, or the ──┘   └──▶ sent, failed     └──────▶ unsure
          hold passes

An entry that is taken is held for a while: who dies before :meth:`Outbox.sending` loses nothing,
for the entry is due again once the hold passes. ``sending`` is said just before the step after
which the other side may have it (the last dot of a mail): who dies behind it leaves an entry that
:meth:`Outbox.settle` calls *unsure*, and that only a person sends again. A channel whose other side
knows what it was told already (an idempotency key, a ticket found by its reference) never says
``sending``: it is simply tried again.
"""

import enum
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core.store.merging import text_of
from core.store.store import Store
from core.store.tables import OUTBOX

HOLD = timedelta(minutes=15)
"""Longer than any one sending may last."""
_ERROR_LENGTH = 300


class Sending(enum.Enum):
    """Where an entry stands."""

    WAITING = "waiting"
    SENDING = "sending"
    """The other side may have it, and has not said so yet."""
    SENT = "sent"
    FAILED = "failed"
    """Given up; ``last_error`` says why."""
    UNSURE = "unsure"
    """Cut while the other side may have taken it."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell, once, to one destination."""

    channel: str
    """``mail``, ``webhook``, ``ticket``…"""
    destination: str
    """Id in the operator's file, never a secret."""
    key: str
    """What is told, the same for ever: the same channel, destination and key are told once."""
    ght: str
    establishment: str = ""
    body: str
    """As the channel reads it; never a secret."""


class Entry(Letter, frozen=True, kw_only=True):
    """One row of ``outbox``."""

    id: int
    state: Sending
    created_at: datetime
    not_before: datetime
    attempts: int
    """Times it was taken, this one included. Who was held up for longer than the hold, and whose
    entry another took, is told apart by it."""
    last_error: str
    sent_at: datetime | None


class Outbox:
    """The outbox of a store. Synchronous, as the store is.

    Every method raises :class:`core.errors.StoreError` as the store's do; each is one transaction.
    Those that say what became of an entry return false, and change nothing, when the entry is no
    longer ours: the hold passed and another took it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def enqueue(self, letters: Iterable[Letter], now: datetime, not_before: datetime) -> int:
        """Queue what is not there yet; gives how many were new."""
        rows = [
            {
                **msgspec.structs.asdict(one),
                "state": Sending.WAITING.value,
                "created_at": text_of(now),
                "not_before": text_of(not_before),
                "attempts": 0,
                "last_error": "",
            }
            for one in letters
        ]
        with self._store.writing() as db:
            insert = _insert_new(db).returning(OUTBOX.c.id)
            return sum(db.execute(insert.values(row)).first() is not None for row in rows)

    def take(
        self, channels: Collection[str], now: datetime, limit: int = 1, hold: timedelta = HOLD
    ) -> list[Entry]:
        """Hold what is due, longest due first; several senders never hold the same entry."""
        due = (
            sa.select(OUTBOX.c.id)
            .where(
                OUTBOX.c.state == Sending.WAITING.value,
                OUTBOX.c.not_before <= text_of(now),
                OUTBOX.c.channel.in_(channels),
            )
            .order_by(OUTBOX.c.not_before, OUTBOX.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        query = (
            sa.update(OUTBOX)
            .where(OUTBOX.c.id.in_(sa.select(due.c.id)))
            .values(not_before=text_of(now + hold), attempts=OUTBOX.c.attempts + 1)
            .returning(OUTBOX)
        )
        with self._store.writing() as db:
            taken = [_entry(row) for row in db.execute(query).mappings().all()]
        return sorted(taken, key=lambda one: one.id)

    def sending(self, entry: Entry) -> bool:
        """Say that the next step may reach the other side; on false, do not take it."""
        with self._store.writing() as db:
            if db.dialect.name == "sqlite":
                # Else a power cut could undo the mark after the mail has left.
                db.exec_driver_sql("PRAGMA synchronous=FULL")
            return self._set(db, entry, (Sending.WAITING,), state=Sending.SENDING)

    def done(self, entry: Entry, now: datetime) -> bool:
        """Say that the other side has it."""
        return self._become(entry, Sending.SENT, sent_at=text_of(now), last_error="")

    def retry(self, entry: Entry, after: datetime, why: str) -> bool:
        """Say that the other side does not have it; it is due again ``after``."""
        return self._become(entry, Sending.WAITING, not_before=text_of(after), last_error=_cut(why))

    def failed(self, entry: Entry, why: str) -> bool:
        """Say that the other side does not have it, and that nothing more is tried."""
        return self._become(entry, Sending.FAILED, last_error=_cut(why))

    def unsure(self, entry: Entry, why: str) -> bool:
        """Say that the other side may have it."""
        return self._become(entry, Sending.UNSURE, last_error=_cut(why))

    def settle(self, now: datetime) -> int:
        """Call unsure what a sender that died was sending; gives how many. Before taking."""
        query = (
            sa.update(OUTBOX)
            .where(OUTBOX.c.state == Sending.SENDING.value, OUTBOX.c.not_before <= text_of(now))
            .values(state=Sending.UNSURE.value, last_error="cut")
        )
        with self._store.writing() as db:
            return db.execute(query).rowcount

    def again(self, identity: int, now: datetime) -> bool:
        """Make what failed, or is unsure, due now, as if never tried: a person said so."""
        query = (
            sa.update(OUTBOX)
            .where(
                OUTBOX.c.id == identity,
                OUTBOX.c.state.in_((Sending.FAILED.value, Sending.UNSURE.value)),
            )
            .values(state=Sending.WAITING.value, not_before=text_of(now), attempts=0)
        )
        with self._store.writing() as db:
            return bool(db.execute(query).rowcount)

    def entries(
        self,
        *,
        states: Collection[Sending] = tuple(Sending),
        channels: Collection[str] | None = None,
        ght: str | None = None,
        limit: int = 1000,
    ) -> list[Entry]:
        """Give entries, newest first."""
        query = sa.select(OUTBOX).where(OUTBOX.c.state.in_([one.value for one in states]))
        if channels is not None:
            query = query.where(OUTBOX.c.channel.in_(channels))
        if ght is not None:
            query = query.where(OUTBOX.c.ght == ght)
        with self._store.reading() as db:
            rows = db.execute(query.order_by(OUTBOX.c.id.desc()).limit(limit)).mappings()
            return [_entry(row) for row in rows]

    def under(self, channel: str, destination: str, key: str) -> list[Entry]:
        """Give what one destination was told, or is to be, under a key and those below it."""
        query = sa.select(OUTBOX).where(
            OUTBOX.c.channel == channel,
            OUTBOX.c.destination == destination,
            sa.or_(OUTBOX.c.key == key, OUTBOX.c.key.startswith(f"{key}:", autoescape=True)),
        )
        with self._store.reading() as db:
            return [_entry(row) for row in db.execute(query.order_by(OUTBOX.c.id)).mappings()]

    def counts(self) -> Mapping[tuple[str, Sending], int]:
        """Give how many entries there are, by channel and state."""
        query = sa.select(OUTBOX.c.channel, OUTBOX.c.state, sa.func.count()).group_by(
            OUTBOX.c.channel, OUTBOX.c.state
        )
        with self._store.reading() as db:
            return {(row[0], Sending(row[1])): row[2] for row in db.execute(query)}

    def _become(self, entry: Entry, state: Sending, **values: str) -> bool:
        with self._store.writing() as db:
            return self._set(db, entry, (Sending.WAITING, Sending.SENDING), state=state, **values)

    def _set(
        self,
        db: sa.Connection,
        entry: Entry,
        among: tuple[Sending, ...],
        *,
        state: Sending,
        **values: str,
    ) -> bool:
        query = (
            sa.update(OUTBOX)
            .where(
                OUTBOX.c.id == entry.id,
                OUTBOX.c.attempts == entry.attempts,
                OUTBOX.c.state.in_([one.value for one in among]),
            )
            .values(state=state.value, **values)
        )
        return bool(db.execute(query).rowcount)


def _insert_new(db: sa.Connection) -> sqlite.Insert | postgresql.Insert:
    once = (OUTBOX.c.channel, OUTBOX.c.destination, OUTBOX.c.key)
    if db.dialect.name == "postgresql":
        return postgresql.insert(OUTBOX).on_conflict_do_nothing(index_elements=once)
    return sqlite.insert(OUTBOX).on_conflict_do_nothing(index_elements=once)


def _cut(why: str) -> str:
    """Give one short line that a terminal can show: part of it may be another machine's words."""
    line = " ".join("".join(one if one.isprintable() else " " for one in why).split())
    return line[:_ERROR_LENGTH]


def _entry(row: sa.RowMapping) -> Entry:
    # SQLAlchemy gives « key », a word of some SQL, as a kind of text that msgspec refuses.
    return msgspec.convert({str(name): value for name, value in row.items()}, Entry)
