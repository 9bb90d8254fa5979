"""What is due, and who is at work on it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "due",
        *[
            sa.Column(name, sa.Text, primary_key=True)
            for name in ("ght", "establishment", "target", "family")
        ],
        sa.Column("due_at", sa.Text),
        sa.Column("soon_at", sa.Text),
        sa.Column("by_at", sa.Text),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("asked_at", sa.Text),
        sa.Column("measured_at", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("silences", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("due_soon", "due", ["ght", "soon_at"])
    op.create_index("due_of_target", "due", ["ght", "target"])
    op.create_table(
        "scheduled",
        sa.Column(
            "run_id", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("settled_at", sa.Text),
        sqlite_strict=True,
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("until", sa.Text, nullable=False),
        sqlite_strict=True,
    )
