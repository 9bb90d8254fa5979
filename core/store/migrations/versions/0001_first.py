"""Runs, observations, verdicts, findings, sweeps, units, holds and the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _run_id(*, key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "run_id",
        sa.Text,
        sa.ForeignKey("runs.id", ondelete="CASCADE"),
        primary_key=key,
        nullable=False,
    )


def _text(name: str, *, key: bool = False, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=null)


def _number(name: str, *, key: bool = False, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=key, nullable=null)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "runs",
        _text("id", key=True),
        _text("kind"),
        _text("ght"),
        _text("profile"),
        _text("started_at"),
        _text("finished_at", null=True),
        _number("complete"),
        _text("vigie_version"),
        _text("plan"),
        _text("inventory"),
        sqlite_strict=True,
    )
    op.create_table(
        "observations",
        _id(),
        _run_id(),
        _text("kind"),
        _text("at"),
        _text("establishment"),
        _text("ip", null=True),
        _number("port", null=True),
        _text("body"),
        sqlite_strict=True,
    )
    op.create_index("observations_by_run", "observations", ["run_id", "kind"])
    op.create_table(
        "verdicts",
        _run_id(key=True),
        _text("fingerprint", key=True),
        _text("check_id"),
        _number("flagged"),
        _text("body"),
        sqlite_strict=True,
    )
    op.create_table(
        "findings",
        _text("fingerprint", key=True),
        _text("ght"),
        _text("check_id"),
        _text("establishment"),
        _text("place"),
        _text("state"),
        _text("first_seen"),
        _text("last_seen"),
        _text("first_run"),
        _text("last_run"),
        sqlite_strict=True,
    )
    op.create_index("findings_by_ght", "findings", ["ght", "state"])
    op.create_table(
        "sweeps",
        _run_id(key=True),
        _number("space", key=True),
        _number("block", key=True),
        _number("finished"),
        sa.Column("statuses", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "units",
        _run_id(key=True),
        _text("place", key=True),
        _number("space"),
        _number("done"),
        _text("opened_at"),
        sqlite_strict=True,
    )
    op.create_table(
        "holds",
        _id(),
        _text("establishment"),
        _text("held_at"),
        _text("lifted_at", null=True),
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        _id(),
        _text("at"),
        _text("who"),
        _text("what"),
        _text("detail"),
        sqlite_strict=True,
    )
