"""Indexes on the instant from which acts count: monthly figures, and the number of acts that can still be cancelled."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both are asked for all documents at once."""
    op.create_index("ix_points_entry_released_at", "points_entry", ["released_at"], unique=False)
    op.create_index("ix_measure_released_at", "measure", ["released_at"], unique=False)
