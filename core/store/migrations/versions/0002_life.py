"""The life of a finding: its columns, what changed it, what people decided."""

import sqlalchemy as sa
from alembic import op

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
        sa.Column("ended_at", sa.Text),
        sa.Column("ended_why", sa.Text),
        sqlite_strict=True,
    )
    op.create_index("decisions_of_finding", "decisions", ["fingerprint", "ended_at"])
    op.create_index("decisions_expiring", "decisions", ["ended_at", "expires_on"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
