"""A batch can be cancelled while its acts can: who did, when, and lines that were undone or never done."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was cancelled before."""
    with op.batch_alter_table("act_batch") as batch:
        batch.add_column(sa.Column("cancelled_at", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("cancelled_by", sa.String(length=32), nullable=True))
    with op.batch_alter_table("act_batch_line") as line:
        line.drop_constraint(op.f("ck_act_batch_line_outcome"), type_="check")
        line.create_check_constraint(
            op.f("ck_act_batch_line_outcome"), "outcome IN ('done', 'failed', 'cancelled')"
        )
