"""SQL of wallets."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Row, insert, select, update

from credentials.spec import StatusValue
from wallet_api import tables

PAPER_DESK: Final = "0" * 64
"""Thumbprint of the row that stands for what was printed of a document; no key has it."""


def add_wallet(connection: Connection, row: dict[str, object]) -> None:
    """Record a phone; `enrol.py` alone does, and tells the journal."""
    connection.execute(insert(tables.wallet).values(**row))


def set_paused(connection: Connection, authority_id: str, wallet_id: str, paused_at: int | None) -> None:
    """Pause or resume."""
    table = tables.wallet
    connection.execute(
        update(table)
        .where(table.c.authority_id == authority_id, table.c.wallet_id == wallet_id)
        .values(paused_at=paused_at)
    )


def set_lost(connection: Connection, authority_id: str, document_id: str, wallet_id: str, now: int) -> bool:
    """Declare a phone lost; False when the document has no such phone."""
    table = tables.wallet
    result = connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.wallet_id == wallet_id,
            table.c.lost_at.is_(None),
        )
        .values(lost_at=now)
    )
    return result.rowcount == 1


def lift_pause(connection: Connection, authority_id: str, wallet_id: str, now: int) -> None:
    """Lift every pause of a wallet's credentials; their other causes stay, the loss of a printed card among them."""
    cause, credential = tables.status_cause, tables.credential
    own = select(credential.c.credential_id).where(
        credential.c.authority_id == authority_id, credential.c.wallet_id == wallet_id
    )
    connection.execute(
        update(cause)
        .where(
            cause.c.authority_id == authority_id,
            cause.c.credential_id.in_(own),
            cause.c.cause_class == "holder",
            cause.c.value == StatusValue.SUSPENDED,
            cause.c.lifted_at.is_(None),
        )
        .values(lifted_at=now)
    )


def wallets_of(connection: Connection, authority_id: str, document_id: str) -> list[Row[tuple[object, ...]]]:
    """The phones that hold a document."""
    table = tables.wallet
    return list(
        connection.execute(
            select(table.c.wallet_id, table.c.enrolled_at, table.c.paused_at, table.c.lost_at)
            .where(
                table.c.authority_id == authority_id,
                table.c.document_id == document_id,
                table.c.thumbprint != PAPER_DESK,
            )
            .order_by(table.c.enrolled_at, table.c.wallet_id)
        )
    )
