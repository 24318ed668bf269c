"""Entries that stay revoked although the database knows of no reason: it was restored from an older backup."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None at first."""
    op.create_table(
        "list_tombstone",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("status_list", sa.Integer(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "authority_id", "status_list", "status_index", name=op.f("pk_list_tombstone")
        ),
    )
