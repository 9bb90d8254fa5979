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
    Index("findings_by_ght", "ght", "state"),
)

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
