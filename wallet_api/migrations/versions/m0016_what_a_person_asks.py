"""What a person asks about himself is searched for, however much there is of others."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INDEXES = (
    ("ix_audit_entry_subject", "audit_entry", "subject_id"),
    ("ix_offer_document", "offer", "document_id"),
    ("ix_access_grant_wallet", "access_grant", "wallet_id"),
    ("ix_act_batch_line_document", "act_batch_line", "document_id"),
    ("ix_activation_mandate", "activation", "mandate_id"),
)


def upgrade() -> None:
    """Indexes alone."""
    for name, table, column in _INDEXES:
        op.create_index(name, table, ["authority_id", column])
