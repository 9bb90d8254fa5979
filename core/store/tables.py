"""The tables, as they are after the last migration."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

METADATA = MetaData()


def _table(name: str, *columns: Column[object] | Index) -> Table:
    return Table(name, METADATA, *columns, sqlite_strict=True)


RUNS = _table(
    "runs",
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ght", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("complete", Integer, nullable=False, default=0),
    Column("vigie_version", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("inventory", Text, nullable=False),
)

OBSERVATIONS = _table(
    "observations",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("establishment", Text, nullable=False),
    Column("ip", Text),
    Column("port", Integer),
    Column("body", Text, nullable=False),
    Index("observations_by_run", "run_id", "kind"),
)

VERDICTS = _table(
    "verdicts",
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("fingerprint", Text, primary_key=True),
    Column("check_id", Text, nullable=False),
    Column("flagged", Integer, nullable=False),
    Column("body", Text, nullable=False),
)

FINDINGS = _table(
    "findings",
    Column("fingerprint", Text, primary_key=True),
    Column("ght", Text, nullable=False),
    Column("check_id", Text, nullable=False),
    Column("establishment", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("first_seen", Text, nullable=False),
    Column("last_seen", Text, nullable=False),
    Column("first_run", Text, nullable=False),
    Column("last_run", Text, nullable=False),
    Column("is_open", Integer, nullable=False, default=1),
    Column("gravity", Integer, nullable=False, default=0),
    Column("confidence", Text, nullable=False, default=""),
    Column("exploited", Integer, nullable=False, default=0),
    Column("opened_at", Text, nullable=False, default=""),
    Column("state_since", Text, nullable=False, default=""),
    Column("measured_at", Text, nullable=False, default=""),
    Column("measured_run", Text, nullable=False, default=""),
    Column("absences", Integer, nullable=False, default=0),
    Column("due_at", Text),
    Column("assignee", Text, nullable=False, default=""),
    Index("findings_by_ght", "ght", "state"),
    Index("findings_open", "ght", "is_open", "gravity", "fingerprint"),
    Index("findings_of_establishment", "establishment", "is_open", "gravity", "fingerprint"),
    Index("findings_due", "is_open", "due_at"),
)
# ``gravity``: 0 (info) to 4 (critical), as the last run that saw it judged. ``opened_at``: start of
# the present episode, moved by a reopening: service levels count from it. ``absences``: times in a
# row that the exact question was answered « no » since it was last seen.

CHANGES = _table(
    "changes",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fingerprint", Text, nullable=False),
    Column("ght", Text, nullable=False),
    Column("establishment", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("run_id", Text),
    Column("before", Text),
    Column("after", Text, nullable=False),
    Column("gravity", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Index("changes_of_finding", "fingerprint", "id"),
    Index("changes_of_run", "run_id", "id"),
    Index("changes_by_ght", "ght", "at"),
)
# Append-only: triggers refuse updates, and deletes outside a purge (``purging``). A migration that
# rebuilds this table on SQLite must lay them again.

DECISIONS = _table(
    "decisions",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("fingerprint", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("expires_on", Text),
    Column("proposed", Integer, nullable=False, default=0),
    Column("gravity", Integer, nullable=False),
    Column("exploited", Integer, nullable=False),
    Column("ended_at", Text),
    Column("ended_why", Text),
    Index("decisions_of_finding", "fingerprint", "ended_at"),
    Index("decisions_expiring", "ended_at", "expires_on"),
)
# Acceptances, disputes and the like; ``proposed``: from a ticket, waiting for a person's word.
# ``gravity``, ``exploited``: of the finding when it was decided; an acceptance covers no more.

PURGING = _table(
    "purging",
    Column("id", Integer, primary_key=True),
    Column("who", Text, nullable=False),
    Column("at", Text, nullable=False),
)
# While a row is there, deletes in ``changes`` pass: a purge writes it, deletes, and removes it, all
# in one transaction, so that nobody else ever sees it.

SWEEPS = _table(
    "sweeps",
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("space", Integer, primary_key=True),
    Column("block", Integer, primary_key=True),
    Column("finished", Integer, nullable=False),
    Column("statuses", LargeBinary, nullable=False),
)

UNITS = _table(
    "units",
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("space", Integer, nullable=False),
    Column("done", Integer, nullable=False, default=0),
    Column("opened_at", Text, nullable=False),
)

HOLDS = _table(
    "holds",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("establishment", Text, nullable=False),
    Column("held_at", Text, nullable=False),
    Column("lifted_at", Text),
)

JOURNAL = _table(
    "journal",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

DUE = _table(
    "due",
    Column("ght", Text, primary_key=True),
    Column("establishment", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("family", Text, primary_key=True),
    Column("due_at", Text),
    Column("soon_at", Text),
    Column("by_at", Text),
    Column("why", Text, nullable=False),
    Column("asked_at", Text),
    Column("measured_at", Text),
    Column("failures", Integer, nullable=False, default=0),
    Column("silences", Integer, nullable=False, default=0),
    Index("due_soon", "ght", "soon_at"),
    Index("due_of_target", "ght", "target"),
)
# ``due_at`` is NULL while no window of a mandate will open on the target.

SCHEDULED = _table(
    "scheduled",
    Column("run_id", Text, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("settled_at", Text),
)
# Runs that the daemon began, and those, by hand too, whose measures it took into account.

LEASES = _table(
    "leases",
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
)

OUTBOX = _table(
    "outbox",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("ght", Text, nullable=False),
    Column("establishment", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("not_before", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("last_error", Text, nullable=False, default=""),
    Column("sent_at", Text),
    Index("outbox_once", "channel", "destination", "key", unique=True),
    Index("outbox_waiting", "state", "not_before"),
)
# ``key`` says what is to be told, the same for ever: written twice, it is there once.

TICKETS = _table(
    "tickets",
    Column("tracker", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("ticket", Text, nullable=False, default=""),
    Column("url", Text, nullable=False, default=""),
    Column("ght", Text, nullable=False),
    Column("establishment", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("told", Text, nullable=False, default=""),
    Column("created_at", Text, nullable=False),
    Column("checked_at", Text, nullable=False, default=""),
    Column("body", Text, nullable=False),
    Index("tickets_by_ght", "ght", "tracker"),
)
# ``told``: digest of what the ticket says now, so that nothing is said twice; ``body``: ours, JSON.

READS = _table(
    "reads",
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("about", Text, nullable=False),
    Index("reads_by_time", "at"),
)
