"""A line of a batch keeps its digest: the proposal tells the one over all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lines of before have none, and their proposals tell none."""
    op.add_column("act_batch_line", sa.Column("digest", sa.String(length=64), nullable=True))
