"""The reference of a cancelled act is free again: `reuse` counts the cancelled rows that bore it before."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No reference was used twice before."""
    for table in ("measure", "points_entry"):
        with op.batch_alter_table(table) as acts:
            acts.add_column(sa.Column("reuse", sa.Integer(), nullable=False, server_default="0"))
            acts.drop_constraint(op.f(f"uq_{table}_authority_id_decision_reference"), type_="unique")
            acts.create_unique_constraint(
                op.f(f"uq_{table}_authority_id_decision_reference_reuse"),
                ["authority_id", "decision_reference", "reuse"],
            )
