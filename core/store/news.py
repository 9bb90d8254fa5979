"""Reads from the store what there is to tell."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import sqlalchemy as sa

from core.model import State
from core.news import CALLING, CHANGED, Item
from core.store.store import Store
from core.store.tables import CHANGES, DECISIONS, FINDINGS, VERDICTS

_TOLD = (
    FINDINGS.c.fingerprint,
    FINDINGS.c.check_id,
    FINDINGS.c.establishment,
    FINDINGS.c.gravity,
    FINDINGS.c.exploited,
)
_SEEN = {State.NEW.value, State.OPEN.value, State.REOPENED.value}


def brought(store: Store, run_id: str) -> list[Item]:
    """Give what a run changed, each finding once, as the run left it."""
    query = (
        sa.select(
            CHANGES.c.fingerprint,
            CHANGES.c.before,
            CHANGES.c.after,
            CHANGES.c.establishment,
            CHANGES.c.gravity,
            CHANGES.c.why,
            FINDINGS.c.check_id,
            FINDINGS.c.exploited,
        )
        .join(FINDINGS, FINDINGS.c.fingerprint == CHANGES.c.fingerprint)
        .where(CHANGES.c.run_id == run_id)
        .order_by(CHANGES.c.id)
    )
    last: dict[str, Item] = {}
    with store.reading() as db:
        for row in db.execute(query):
            # What became new, reopened or graver in this run is so until it ends, while it is seen.
            was = last.get(row.fingerprint)
            what = row.after
            if row.after in _SEEN:
                if was is not None and was.what in CALLING:
                    what = was.what
                elif row.why in {"graver", "now-exploited"}:
                    what = "graver"
            last[row.fingerprint] = Item(
                what=what,
                fingerprint=row.fingerprint,
                check=row.check_id,
                establishment=row.establishment,
                gravity=row.gravity,
                exploited=bool(row.exploited),
            )
    return [one for one in last.values() if one.what in CHANGED]


def standing(store: Store, ght: str, run_id: str, now: datetime, until: date) -> Iterator[Item]:
    """Give what is overdue, the acceptances that end by a day, and what this run asked about
    findings still open and could not answer.
    """
    moment = now.astimezone(UTC).isoformat(timespec="microseconds")
    ours = (FINDINGS.c.ght == ght, FINDINGS.c.is_open == 1)
    queries = {
        "overdue": sa.select(*_TOLD).where(*ours, FINDINGS.c.due_at < moment),
        "expiring": sa.select(*_TOLD)
        .join(DECISIONS, DECISIONS.c.fingerprint == FINDINGS.c.fingerprint)
        .where(
            FINDINGS.c.ght == ght,
            DECISIONS.c.state == State.ACCEPTED.value,
            DECISIONS.c.proposed == 0,
            DECISIONS.c.ended_at.is_(None),
            DECISIONS.c.expires_on <= until.isoformat(),
        ),
        "unmeasured": sa.select(*_TOLD)
        .join(VERDICTS, VERDICTS.c.fingerprint == FINDINGS.c.fingerprint)
        .where(*ours, VERDICTS.c.run_id == run_id, VERDICTS.c.flagged == 0),
    }
    with store.reading() as db:
        for what, query in queries.items():
            for row in db.execute(query.distinct().order_by(FINDINGS.c.fingerprint)):
                yield Item(
                    what=what,
                    fingerprint=row.fingerprint,
                    check=row.check_id,
                    establishment=row.establishment,
                    gravity=row.gravity,
                    exploited=bool(row.exploited),
                )
