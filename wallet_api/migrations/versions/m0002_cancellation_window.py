"""Acts that count from an instant on and can be cancelled before; versions of documents; who sent a request."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('suspension', 'revocation', 'lift', 'cancellation')"


def upgrade() -> None:
    """What was recorded before counts since its recording."""
    op.add_column("document", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("measure", sa.Column("released_at", sa.BigInteger(), nullable=True))
    op.add_column("measure", sa.Column("attempt", sa.Integer(), nullable=True))
    op.execute("UPDATE measure SET released_at = recorded_at, attempt = 0")
    with op.batch_alter_table("measure") as measure:
        measure.alter_column("released_at", existing_type=sa.BigInteger(), nullable=False)
        measure.alter_column("attempt", existing_type=sa.Integer(), nullable=False)
        measure.drop_constraint(op.f("uq_measure_authority_id_lifts_id"), type_="unique")
        measure.create_unique_constraint(
            op.f("uq_measure_authority_id_lifts_id_attempt"), ["authority_id", "lifts_id", "attempt"]
        )
        measure.drop_constraint(op.f("ck_measure_kind"), type_="check")
        measure.create_check_constraint(op.f("ck_measure_kind"), _KINDS)
    # Stored answers live for two days; without them a request sent again meets its decision reference instead.
    op.drop_table("idempotency")
    op.create_table(
        "idempotency",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "key_hash", name=op.f("pk_idempotency")),
    )
    op.create_index(
        "ix_idempotency_actor", "idempotency", ["authority_id", "actor_id", "recorded_at"], unique=False
    )
