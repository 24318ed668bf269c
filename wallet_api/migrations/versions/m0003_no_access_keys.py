"""Callers bring access tokens of an issuer; the bearer keys of roles go."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the keys."""
    op.drop_table("access_key")
