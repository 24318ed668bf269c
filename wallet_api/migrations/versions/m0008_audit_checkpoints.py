"""Signed checkpoints of the audit journal."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of checkpoints."""
    op.create_table(
        "audit_checkpoint",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "edition", name=op.f("pk_audit_checkpoint")),
    )
