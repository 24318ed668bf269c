"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first release."""
    op.create_table(
        "access_key",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("authority_id", "key_hash", name=op.f("pk_access_key")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "sequence", name=op.f("pk_audit_entry")),
    )
    op.create_table(
        "audit_head",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "document",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("document_type", sa.String(length=32), nullable=False),
        sa.Column("registry_reference", sa.String(length=80), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "document_id", name=op.f("pk_document")),
        sa.UniqueConstraint(
            "authority_id",
            "document_type",
            "registry_reference",
            name=op.f("uq_document_authority_id_document_type_registry_reference"),
        ),
    )
    op.create_table(
        "dpop_proof",
        sa.Column("proof_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("proof_hash", name=op.f("pk_dpop_proof")),
    )
    op.create_index("ix_dpop_proof_expires_at", "dpop_proof", ["expires_at"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "key_hash", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "list_fill",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("list_number", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "kind", "list_number", name=op.f("pk_list_fill")),
    )
    op.create_table(
        "nonce",
        sa.Column("nonce_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("nonce_hash", name=op.f("pk_nonce")),
    )
    op.create_index("ix_nonce_expires_at", "nonce", ["expires_at"], unique=False)
    op.create_table(
        "publication",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("edition", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("authority_id", "edition", name=op.f("pk_publication")),
    )
    op.create_table(
        "terminal",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("terminal_id", sa.String(length=80), nullable=False),
        sa.Column("profile", sa.String(length=32), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("mirror_hash", sa.String(length=64), nullable=True),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("lost_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("authority_id", "terminal_id", name=op.f("pk_terminal")),
        sa.UniqueConstraint("authority_id", "mirror_hash", name=op.f("uq_terminal_authority_id_mirror_hash")),
    )
    op.create_table(
        "measure",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("measure_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("decision_reference", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason_class", sa.String(length=32), nullable=True),
        sa.Column("lifts_id", sa.String(length=32), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.CheckConstraint("kind IN ('suspension', 'revocation', 'lift')", name=op.f("ck_measure_kind")),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_measure_document"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "measure_id", name=op.f("pk_measure")),
        sa.UniqueConstraint(
            "authority_id", "decision_reference", name=op.f("uq_measure_authority_id_decision_reference")
        ),
        sa.UniqueConstraint("authority_id", "lifts_id", name=op.f("uq_measure_authority_id_lifts_id")),
    )
    op.create_index("ix_measure_document", "measure", ["authority_id", "document_id"], unique=False)
    op.create_table(
        "offer",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("offer_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tx_code_hash", sa.String(length=64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_offer_document"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "offer_id", name=op.f("pk_offer")),
        sa.UniqueConstraint("authority_id", "code_hash", name=op.f("uq_offer_authority_id_code_hash")),
    )
    op.create_table(
        "points_balance",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("balance >= 0 AND balance <= 12", name=op.f("ck_points_balance_balance")),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_points_balance_document"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "document_id", name=op.f("pk_points_balance")),
    )
    op.create_table(
        "points_entry",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("entry_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("decision_reference", sa.String(length=80), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("committed_on", sa.String(length=10), nullable=True),
        sa.Column("established_on", sa.String(length=10), nullable=False),
        sa.Column("offence_class", sa.String(length=32), nullable=True),
        sa.Column("stop_reference", sa.String(length=80), nullable=True),
        sa.Column("annuls_id", sa.String(length=32), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "kind IN ('opening', 'withdrawal', 'restoration')", name=op.f("ck_points_entry_kind")
        ),
        sa.CheckConstraint("points >= 0 AND points <= 12", name=op.f("ck_points_entry_points")),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_points_entry_document"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "entry_id", name=op.f("pk_points_entry")),
        sa.UniqueConstraint("authority_id", "annuls_id", name=op.f("uq_points_entry_authority_id_annuls_id")),
        sa.UniqueConstraint(
            "authority_id", "decision_reference", name=op.f("uq_points_entry_authority_id_decision_reference")
        ),
        sa.UniqueConstraint(
            "authority_id",
            "document_id",
            "sequence",
            name=op.f("uq_points_entry_authority_id_document_id_sequence"),
        ),
    )
    op.create_table(
        "wallet",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("wallet_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("thumbprint", sa.String(length=64), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("paused_at", sa.BigInteger(), nullable=True),
        sa.Column("lost_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_wallet_document"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "wallet_id", name=op.f("pk_wallet")),
    )
    op.create_index("ix_wallet_document", "wallet", ["authority_id", "document_id"], unique=False)
    op.create_table(
        "access_grant",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("wallet_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["authority_id", "wallet_id"],
            ["wallet.authority_id", "wallet.wallet_id"],
            name=op.f("fk_access_grant_wallet"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "token_hash", name=op.f("pk_access_grant")),
    )
    op.create_index("ix_access_grant_expires_at", "access_grant", ["expires_at"], unique=False)
    op.create_table(
        "credential",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=32), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("wallet_id", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("view", sa.String(length=32), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("paper", sa.Integer(), nullable=False),
        sa.Column("device_key_hash", sa.String(length=64), nullable=True),
        sa.Column("status_list", sa.Integer(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("points_list", sa.Integer(), nullable=True),
        sa.Column("points_index", sa.Integer(), nullable=True),
        sa.Column("signer_key_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('reserved', 'issued', 'unissued')", name=op.f("ck_credential_state")),
        sa.ForeignKeyConstraint(
            ["authority_id", "document_id"],
            ["document.authority_id", "document.document_id"],
            name=op.f("fk_credential_document"),
        ),
        sa.ForeignKeyConstraint(
            ["authority_id", "wallet_id"],
            ["wallet.authority_id", "wallet.wallet_id"],
            name=op.f("fk_credential_wallet"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "credential_id", name=op.f("pk_credential")),
        sa.UniqueConstraint(
            "authority_id", "device_key_hash", name=op.f("uq_credential_authority_id_device_key_hash")
        ),
        sa.UniqueConstraint(
            "authority_id",
            "points_list",
            "points_index",
            name=op.f("uq_credential_authority_id_points_list_points_index"),
        ),
        sa.UniqueConstraint(
            "authority_id",
            "status_list",
            "status_index",
            name=op.f("uq_credential_authority_id_status_list_status_index"),
        ),
    )
    op.create_index("ix_credential_document", "credential", ["authority_id", "document_id"], unique=False)
    op.create_index("ix_credential_expires_at", "credential", ["authority_id", "expires_at"], unique=False)
    op.create_index("ix_credential_wallet", "credential", ["authority_id", "wallet_id"], unique=False)
    op.create_table(
        "status_cause",
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("cause_id", sa.String(length=32), nullable=False),
        sa.Column("credential_id", sa.String(length=32), nullable=False),
        sa.Column("cause_class", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason_class", sa.String(length=32), nullable=True),
        sa.Column("origin_id", sa.String(length=32), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("value IN (1, 2, 3)", name=op.f("ck_status_cause_value")),
        sa.ForeignKeyConstraint(
            ["authority_id", "credential_id"],
            ["credential.authority_id", "credential.credential_id"],
            name=op.f("fk_status_cause_credential"),
        ),
        sa.PrimaryKeyConstraint("authority_id", "cause_id", name=op.f("pk_status_cause")),
        sa.UniqueConstraint(
            "authority_id",
            "credential_id",
            "origin_id",
            name=op.f("uq_status_cause_authority_id_credential_id_origin_id"),
        ),
    )
    op.create_index("ix_status_cause_origin", "status_cause", ["authority_id", "origin_id"], unique=False)
