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
        sa.Column("due_at", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("asked_at", sa.Text),
        sa.Column("measured_at", sa.Text),
        sa.Column("failures", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_index("due_first", "due", ["due_at", "ght"])
    op.create_index("due_by_ght", "due", ["ght", "due_at"])
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", sa.Text, nullable=False),
        sqlite_strict=True,
    )
