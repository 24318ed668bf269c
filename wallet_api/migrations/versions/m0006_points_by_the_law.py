"""A ledger of facts, from which the balance follows by the law at any instant."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('opening', 'loss', 'course', 'training', 'annulment', 'category_added', 'earlier_zero', "
    "'invalidation_notified', 'handed_in', 'cancellation', 'settled')"
)


def upgrade() -> None:
    """Earlier rows lack what the law asks about: they stay as a record, and the opening carries their balance."""
    op.add_column("points_balance", sa.Column("cap", sa.Integer(), nullable=True))
    op.add_column("points_balance", sa.Column("state", sa.String(length=32), nullable=True))
    op.add_column("points_balance", sa.Column("invalid_since", sa.BigInteger(), nullable=True))
    op.add_column("points_balance", sa.Column("probation_end", sa.String(length=10), nullable=True))
    op.add_column("points_balance", sa.Column("next_change_at", sa.BigInteger(), nullable=True))
    # Due at once: the first publication recomputes it.
    op.execute("UPDATE points_balance SET cap = 12, state = 'VALIDE', next_change_at = as_of")
    op.execute("UPDATE points_balance SET state = 'INVALIDE', invalid_since = as_of WHERE balance = 0")
    with op.batch_alter_table("points_balance") as balance:
        balance.alter_column("cap", existing_type=sa.Integer(), nullable=False)
        balance.alter_column("state", existing_type=sa.String(length=32), nullable=False)
        balance.drop_constraint(op.f("ck_points_balance_balance"), type_="check")
        balance.create_check_constraint(
            op.f("ck_points_balance_balance"), "balance >= 0 AND balance <= cap AND cap <= 12"
        )
        balance.create_check_constraint(op.f("ck_points_balance_state"), "state IN ('VALIDE', 'INVALIDE')")
        balance.create_index("ix_points_balance_next_change_at", ["authority_id", "next_change_at"])

    for name, kind in (
        ("first_day", sa.String(length=10)),
        ("last_day", sa.String(length=10)),
        ("offence", sa.String(length=32)),
        ("terms", sa.String(length=32)),
        ("attempt", sa.Integer()),
        ("released_at", sa.BigInteger()),
    ):
        op.add_column("points_entry", sa.Column(name, kind, nullable=True))
    op.execute(
        "UPDATE points_entry SET first_day = committed_on, last_day = established_on, attempt = 0, "
        "released_at = recorded_at"
    )
    with op.batch_alter_table("points_entry") as entry:
        entry.drop_constraint(op.f("ck_points_entry_kind"), type_="check")
    op.execute("UPDATE points_entry SET kind = 'settled' WHERE kind <> 'opening'")
    op.execute(
        "UPDATE points_entry SET terms = 'settled', first_day = established_on, points = 12 - "
        "(SELECT balance FROM points_balance WHERE points_balance.authority_id = points_entry.authority_id "
        "AND points_balance.document_id = points_entry.document_id) WHERE kind = 'opening'"
    )
    with op.batch_alter_table("points_entry") as entry:
        entry.alter_column("last_day", existing_type=sa.String(length=10), nullable=False)
        entry.alter_column("attempt", existing_type=sa.Integer(), nullable=False)
        entry.alter_column("released_at", existing_type=sa.BigInteger(), nullable=False)
        entry.drop_column("committed_on")
        entry.drop_column("established_on")
        entry.create_check_constraint(op.f("ck_points_entry_kind"), _KINDS)
        entry.drop_constraint(op.f("uq_points_entry_authority_id_annuls_id"), type_="unique")
        entry.create_unique_constraint(
            op.f("uq_points_entry_authority_id_annuls_id_attempt"), ["authority_id", "annuls_id", "attempt"]
        )
