"""Acts that wait for a second person, and many acts submitted together."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing waits yet."""
    op.create_table(
        "act_proposal",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("proposal_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("proposer_id", sa.String(length=32), nullable=False),
        sa.Column("proposer_role", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("act_id", sa.String(length=32), nullable=True),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("outcome IN ('approved', 'refused')", name=op.f("ck_act_proposal_outcome")),
        sa.PrimaryKeyConstraint("authority_id", "proposal_id", name=op.f("pk_act_proposal")),
    )
    op.create_index("ix_act_proposal_subject", "act_proposal", ["authority_id", "subject_id"], unique=False)
    op.create_table(
        "act_batch",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("proposer_id", sa.String(length=32), nullable=False),
        sa.Column("proposer_role", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("authority_id", "batch_id", name=op.f("pk_act_batch")),
    )
    op.create_table(
        "act_batch_line",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("problem", sa.String(length=32), nullable=True),
        sa.Column("act_id", sa.String(length=32), nullable=True),
        sa.CheckConstraint("outcome IN ('done', 'failed')", name=op.f("ck_act_batch_line_outcome")),
        sa.ForeignKeyConstraint(
            ["authority_id", "batch_id"],
            ["act_batch.authority_id", "act_batch.batch_id"],
            name=op.f("fk_act_batch_line_act_batch"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "batch_id", "line", name=op.f("pk_act_batch_line")),
    )
