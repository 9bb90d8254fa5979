"""Which ticket follows which findings, and what it was told: ours of it, in the store."""

import enum
from collections.abc import Collection
from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.model import Judged
from core.store.merging import chunked, text_of
from core.store.store import FindingRow, Store, finding_of
from core.store.tables import FINDINGS, TICKETS, VERDICTS

_AT_ONCE = 400
"""Values in one statement: SQLite's older limit is 999."""


class Progress(enum.Enum):
    """Where a ticket stands, as far as we know."""

    CREATING = "creating"
    """It was asked for, and may be there or not."""
    OPEN = "open"
    """It tells of something still seen."""
    SETTLED = "settled"
    """It was told that all is fixed, or decided."""
    GONE = "gone"
    """It is no longer there; made again only when a person asks."""


class Told(enum.Enum):
    """What a ticket says of one finding."""

    OPEN = "open"
    FIXED = "fixed"
    SETTLED = "settled"
    """Accepted, not applicable, or taken back."""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be written in a ticket, kept before it is sent."""

    kind: str
    """``note``, ``solve`` or ``reopen``."""
    mark: str
    text: str
    at: str
    """ISO; when it was first sent."""
    members: dict[str, Told]
    """What the ticket will have been told then."""
    closed: str = ""
    """What :attr:`Memory.closed` becomes."""


class Memory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of a ticket."""

    rule: str
    cause: str
    members: dict[str, Told] = {}
    """Fingerprint → what it was told."""
    pending: Word | None = None
    words: int = 0
    """Written so far: the next has a mark of its own."""
    tried_at: str = ""
    """ISO; when its creation was last sent."""
    closed: str = ""
    """ISO: since when it is closed there while we follow it; ``told`` once that was answered."""
    why: str = ""
    """What the system refused, last."""
    proposed: bool = False
    """That people accept it there was passed on."""
    page: str = ""
    """ISO: when its page was last sent; ``there`` or ``refused`` once that is known."""


class TicketRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``tickets``."""

    tracker: str
    reference: str
    ticket: str = ""
    """Id there; empty: not known yet."""
    url: str = ""
    ght: str
    establishment: str
    state: Progress
    told: str = ""
    """Digest of what is structured there."""
    created_at: datetime
    checked_at: str = ""
    memory: Memory


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, as tickets see it."""

    row: FindingRow
    judged: Judged | None
    """The last verdict; ``None``: it is no longer kept."""


class Tickets:
    """The tickets of a store. Synchronous, as the store is."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def rows(self, tracker: str, ght: str) -> dict[str, TicketRow]:
        """Give the tickets of a GHT in one tracker, by reference."""
        query = sa.select(TICKETS).where(TICKETS.c.tracker == tracker, TICKETS.c.ght == ght)
        with self._store.reading() as db:
            return {row["reference"]: _ticket(row) for row in db.execute(query).mappings()}

    def put(self, row: TicketRow) -> None:
        """Write one, new or not."""
        values = msgspec.structs.asdict(row)
        del values["memory"]
        values |= {
            "state": row.state.value,
            "created_at": text_of(row.created_at),
            "body": msgspec.json.encode(row.memory).decode(),
        }
        there = (TICKETS.c.tracker == row.tracker, TICKETS.c.reference == row.reference)
        with self._store.writing() as db:
            if not db.execute(sa.update(TICKETS).where(*there).values(values)).rowcount:
                db.execute(sa.insert(TICKETS).values(values))

    def drop(self, row: TicketRow) -> None:
        """Forget one that was never made."""
        there = (TICKETS.c.tracker == row.tracker, TICKETS.c.reference == row.reference)
        with self._store.writing() as db:
            db.execute(sa.delete(TICKETS).where(*there))

    def checked(self, tracker: str, references: Collection[str], at: datetime) -> None:
        """Note that these were looked at."""
        with self._store.writing() as db:
            for some in chunked(sorted(references), _AT_ONCE):
                db.execute(
                    sa.update(TICKETS)
                    .where(TICKETS.c.tracker == tracker, TICKETS.c.reference.in_(some))
                    .values(checked_at=text_of(at))
                )

    def open_findings(self, ght: str, least: int) -> list[Followed]:
        """Give what is open and at least so grave, the gravest first; of all GHTs for ``""``."""
        where = [FINDINGS.c.is_open == 1, FINDINGS.c.gravity >= least]
        if ght:
            where.append(FINDINGS.c.ght == ght)
        return self._followed(*where)

    def findings(self, fingerprints: Collection[str]) -> dict[str, Followed]:
        """Give findings, open or not, by fingerprint; those taken back are not there."""
        found: dict[str, Followed] = {}
        for some in chunked(sorted(fingerprints), _AT_ONCE):
            for one in self._followed(FINDINGS.c.fingerprint.in_(some)):
                found[one.row.fingerprint] = one
        return found

    def _followed(self, *where: sa.ColumnElement[bool]) -> list[Followed]:
        query = (
            sa.select(FINDINGS, VERDICTS.c.body)
            .outerjoin(
                VERDICTS,
                sa.and_(
                    VERDICTS.c.run_id == FINDINGS.c.last_run,
                    VERDICTS.c.fingerprint == FINDINGS.c.fingerprint,
                    VERDICTS.c.flagged == 1,
                ),
            )
            .where(*where)
            .order_by(FINDINGS.c.gravity.desc(), FINDINGS.c.fingerprint)
        )
        with self._store.reading() as db:
            return [_followed(row) for row in db.execute(query).mappings()]


def _ticket(row: sa.RowMapping) -> TicketRow:
    return TicketRow(
        tracker=row["tracker"],
        reference=row["reference"],
        ticket=row["ticket"],
        url=row["url"],
        ght=row["ght"],
        establishment=row["establishment"],
        state=Progress(row["state"]),
        told=row["told"],
        created_at=datetime.fromisoformat(row["created_at"]),
        checked_at=row["checked_at"],
        memory=msgspec.json.decode(row["body"], type=Memory),
    )


def _followed(row: sa.RowMapping) -> Followed:
    return Followed(
        row=finding_of(row),
        judged=msgspec.json.decode(row["body"], type=Judged) if row["body"] else None,
    )
