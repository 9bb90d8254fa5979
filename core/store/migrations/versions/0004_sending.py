"""What is to be sent, and the tickets that follow findings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add them."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *_texts("channel", "destination", "key", "ght", "establishment", "body", "state"),
        *_texts("created_at", "not_before"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_texts("last_error"),
        sa.Column("sent_at", sa.Text),
        sqlite_strict=True,
    )
    op.create_index("outbox_once", "outbox", ["channel", "destination", "key"], unique=True)
    op.create_index("outbox_waiting", "outbox", ["state", "not_before"])
    op.create_table(
        "tickets",
        sa.Column("tracker", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, primary_key=True),
        *_texts("ticket", "url", "ght", "establishment", "state", "told"),
        *_texts("created_at", "checked_at", "body"),
        sqlite_strict=True,
    )
    op.create_index("tickets_by_ght", "tickets", ["ght", "tracker"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
