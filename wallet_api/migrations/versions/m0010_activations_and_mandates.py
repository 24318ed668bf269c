"""Activation codes made at a counter or under a mandate, and the mandates."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has given a mandate yet."""
    op.create_table(
        "mandate",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("mandate_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("giver_id", sa.String(length=32), nullable=False),
        sa.Column("aidant_id", sa.String(length=32), nullable=False),
        sa.Column("second_hash", sa.String(length=64), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_mandate_document"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "mandate_id", name=op.f("pk_mandate")),
    )
    op.create_index("ix_mandate_aidant", "mandate", ["aidant_id"], unique=False)
    op.create_index("ix_mandate_document", "mandate", ["authority_id", "document_id"], unique=False)
    op.create_index("ix_mandate_giver", "mandate", ["authority_id", "giver_id"], unique=False)
    op.create_table(
        "activation",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("activation_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("second_hash", sa.String(length=64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("mandate_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_activation_document"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "activation_id", name=op.f("pk_activation")),
        sa.UniqueConstraint("authority_id", "code_hash", name=op.f("uq_activation_authority_id_code_hash")),
    )
    op.create_index("ix_activation_document", "activation", ["authority_id", "document_id"], unique=False)
    op.create_index(
        "ix_activation_actor", "activation", ["authority_id", "actor_id", "created_at"], unique=False
    )
