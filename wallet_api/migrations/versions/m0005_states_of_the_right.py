"""Kinds of measures on the right to drive and on titles, and who imposed one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KINDS = (
    "kind IN ('suspension', 'revocation', 'retention', 'restriction', 'annulment', 'title_loss',"
    " 'title_theft', 'lift', 'voiding', 'cancellation')"
)


def upgrade() -> None:
    """What was recorded before says of nobody who imposed it."""
    with op.batch_alter_table("measure") as measure:
        measure.add_column(sa.Column("imposed_by", sa.String(length=32), nullable=True))
        measure.drop_constraint(op.f("ck_measure_kind"), type_="check")
        measure.create_check_constraint(op.f("ck_measure_kind"), _KINDS)
