"""Who read what: one line for each time findings were shown or written to a file."""

from datetime import datetime

import msgspec
import sqlalchemy as sa

from core.store.merging import text_of
from core.store.store import Store
from core.store.tables import READS


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One reading."""

    at: datetime
    who: str
    what: str
    """Command."""
    about: str
    """Run, GHT or finding."""


def note_read(store: Store, read: Read) -> None:
    """Keep one reading."""
    row = {**msgspec.structs.asdict(read), "at": text_of(read.at)}
    with store.writing() as db:
        db.execute(sa.insert(READS).values(row))


def reads(store: Store, *, since: datetime, limit: int) -> list[Read]:
    """Give the readings since a moment, the last ones first."""
    query = sa.select(READS.c.at, READS.c.who, READS.c.what, READS.c.about)
    query = query.where(READS.c.at >= text_of(since)).order_by(READS.c.id.desc()).limit(limit)
    with store.reading() as db:
        return [
            Read(at=datetime.fromisoformat(row.at), who=row.who, what=row.what, about=row.about)
            for row in db.execute(query)
        ]
