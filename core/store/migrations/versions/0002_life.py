"""The life of a finding: its columns, what changed it, what people decided."""

from collections.abc import Callable
from datetime import datetime

import msgspec
import sqlalchemy as sa
from alembic import op

from core.levels import gravity_of, load_levels
from core.model import Flagged, Judged

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add them; what was found before counts from the day it was first seen."""
    with op.batch_alter_table("findings") as findings:
        for column in (
            sa.Column("is_open", sa.Integer, nullable=False, server_default="1"),
            sa.Column("gravity", sa.Integer, nullable=False, server_default="0"),
            sa.Column("confidence", sa.Text, nullable=False, server_default=""),
            sa.Column("exploited", sa.Integer, nullable=False, server_default="0"),
            sa.Column("opened_at", sa.Text, nullable=False, server_default=""),
            sa.Column("state_since", sa.Text, nullable=False, server_default=""),
            sa.Column("measured_at", sa.Text, nullable=False, server_default=""),
            sa.Column("measured_run", sa.Text, nullable=False, server_default=""),
            sa.Column("absences", sa.Integer, nullable=False, server_default="0"),
            sa.Column("due_at", sa.Text),
            sa.Column("assignee", sa.Text, nullable=False, server_default=""),
        ):
            findings.add_column(column)
    op.execute(
        # An older Vigie kept no other states than new and open.
        "UPDATE findings SET opened_at = first_seen, state_since = first_seen,"
        " measured_at = last_seen, measured_run = last_run"
    )
    _weigh()
    op.create_index("findings_open", "findings", ["ght", "is_open", "gravity", "fingerprint"])
    op.create_index(
        "findings_of_establishment",
        "findings",
        ["establishment", "is_open", "gravity", "fingerprint"],
    )
    op.create_index("findings_due", "findings", ["is_open", "due_at"])
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *_texts("fingerprint", "ght", "establishment", "at", "who"),
        sa.Column("run_id", sa.Text),
        sa.Column("before", sa.Text),
        *_texts("after"),
        sa.Column("gravity", sa.Integer, nullable=False),
        *_texts("why"),
        sqlite_strict=True,
    )
    op.create_index("changes_of_finding", "changes", ["fingerprint", "id"])
    op.create_index("changes_of_run", "changes", ["run_id", "id"])
    op.create_index("changes_by_ght", "changes", ["ght", "at"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *_texts("fingerprint", "state", "reason", "owner", "who", "at"),
        sa.Column("expires_on", sa.Text),
        sa.Column("proposed", sa.Integer, nullable=False),
        sa.Column("gravity", sa.Integer, nullable=False),
        sa.Column("exploited", sa.Integer, nullable=False),
        sa.Column("ended_at", sa.Text),
        sa.Column("ended_why", sa.Text),
        sqlite_strict=True,
    )
    op.create_index("decisions_of_finding", "decisions", ["fingerprint", "ended_at"])
    op.create_index("decisions_expiring", "decisions", ["ended_at", "expires_on"])
    op.create_table(
        "purging",
        sa.Column("id", sa.Integer, primary_key=True),
        *_texts("who", "at"),
        sqlite_strict=True,
    )
    dialect = op.get_bind().dialect.name
    for statement in _ON_POSTGRESQL if dialect == "postgresql" else _ON_SQLITE:
        op.execute(statement)


_ON_SQLITE = (
    "CREATE TRIGGER changes_stay BEFORE UPDATE ON changes"
    " BEGIN SELECT RAISE(ABORT, 'changes: append only'); END",
    "CREATE TRIGGER changes_are_kept BEFORE DELETE ON changes"
    " WHEN NOT EXISTS (SELECT 1 FROM purging)"
    " BEGIN SELECT RAISE(ABORT, 'changes: append only'); END",
)
_ON_POSTGRESQL = (
    "CREATE FUNCTION changes_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM purging) THEN RETURN OLD; END IF;"
    " RAISE EXCEPTION 'changes: append only'; END $$",
    "CREATE TRIGGER changes_stay BEFORE UPDATE OR DELETE ON changes"
    " FOR EACH ROW EXECUTE FUNCTION changes_append_only()",
    "CREATE TRIGGER changes_are_kept BEFORE TRUNCATE ON changes"
    " FOR EACH STATEMENT EXECUTE FUNCTION changes_append_only()",
)


def _unknown(_check: str) -> int:
    return 0


def _weigh() -> None:
    """Fill in what the last verdict on each finding said: gravity, confidence, due date."""
    config = op.get_context().config
    catalogue: Callable[[str], int] = (config.attributes if config else {}).get(
        "gravity_of", _unknown
    )
    levels = load_levels()
    db = op.get_bind()
    rows = db.execute(
        sa.text(
            "SELECT f.fingerprint, f.check_id, f.first_seen, v.body FROM findings f"
            " LEFT JOIN verdicts v"
            " ON v.run_id = f.last_run AND v.fingerprint = f.fingerprint AND v.flagged = 1"
        )
    ).all()
    weighed: list[dict[str, object]] = []
    for row in rows:
        verdict = msgspec.json.decode(row.body, type=Judged).verdict if row.body else None
        gravity = catalogue(row.check_id)
        if isinstance(verdict, Flagged) and verdict.criticality is not None:
            gravity = gravity_of(verdict.criticality)
        exploited = row.check_id == "product.known-exploited"
        due = levels.due_at(datetime.fromisoformat(row.first_seen), gravity, exploited=exploited)
        weighed.append(
            {
                "identity": row.fingerprint,
                "gravity": gravity,
                "confidence": verdict.confidence.value if isinstance(verdict, Flagged) else "",
                "exploited": int(exploited),
                "due": due.isoformat(timespec="microseconds") if due else None,
            }
        )
    if weighed:
        db.execute(
            sa.text(
                "UPDATE findings SET gravity = :gravity, confidence = :confidence,"
                " exploited = :exploited, due_at = :due WHERE fingerprint = :identity"
            ),
            weighed,
        )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
