"""Opinions of the public, counted by day, topic and note."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has given one yet."""
    op.create_table(
        "opinion_count",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Integer(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "day", "topic", "note", name=op.f("pk_opinion_count")),
    )
