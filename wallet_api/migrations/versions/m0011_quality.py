"""Counts of quality by hour and by day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was counted yet."""
    _counts("service_hour", sa.Column("hour", sa.BigInteger(), nullable=False), "subject")
    _counts("terminal_day", sa.Column("day", sa.String(length=10), nullable=False), "profile")
    op.create_table(
        "terminal_report",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "mark", name=op.f("pk_terminal_report")),
    )


def _counts(name: str, when: sa.Column[Any], whose: str) -> None:
    op.create_table(
        name,
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        when,
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column(whose, sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=32), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", when.name, "kind", whose, "value", name=op.f(f"pk_{name}")),
    )
