"""Leases; under which lease an edition was taken; what the background loop asks for, by instant."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Editions of before bear no holder."""
    op.create_table(
        "lease",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("fencing", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "name", name=op.f("pk_lease")),
    )
    op.add_column("publication", sa.Column("holder", sa.String(length=80), nullable=True))
    op.add_column("publication", sa.Column("fencing", sa.BigInteger(), nullable=True))
    for column in ("since", "until", "lifted_at"):
        op.create_index(f"ix_status_cause_{column}", "status_cause", [column], unique=False)
