"""Who read what."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add it."""
    op.create_table(
        "reads",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("at", "who", "what", "about")],
        sqlite_strict=True,
    )
    op.create_index("reads_by_time", "reads", ["at"])
