"""SQL of the ledger of points."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, insert, select, update

from wallet_api import tables
from wallet_api.database import insert_once


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """A balance, the instant since which it stands, and its version."""

    balance: int
    as_of: int
    version: int


def find_balance(
    connection: Connection, authority_id: str, document_id: str, *, lock: bool = False
) -> BalanceRow | None:
    """The balance of a licence; with `lock`, nobody else changes it before this transaction ends."""
    table = tables.points_balance
    query = select(table.c.balance, table.c.as_of, table.c.version).where(
        table.c.authority_id == authority_id, table.c.document_id == document_id
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else BalanceRow(*row)


def open_balance(connection: Connection, authority_id: str, document_id: str, balance: int, now: int) -> None:
    """The first balance of a licence."""
    connection.execute(
        insert(tables.points_balance).values(
            authority_id=authority_id, document_id=document_id, balance=balance, as_of=now, version=1
        )
    )


def change_balance(
    connection: Connection, authority_id: str, document_id: str, before: BalanceRow, balance: int, now: int
) -> bool:
    """Replace the balance that was read; False when somebody changed it meanwhile."""
    table = tables.points_balance
    result = connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.version == before.version,
        )
        .values(balance=balance, as_of=now, version=before.version + 1)
    )
    return result.rowcount == 1


def add_entry(connection: Connection, row: dict[str, object]) -> bool:
    """Append to the ledger; False when the decision reference is taken already."""
    return insert_once(connection, tables.points_entry, row)


def entries(connection: Connection, authority_id: str, document_id: str) -> list[Row[tuple[object, ...]]]:
    """The ledger of a licence in the order of recording."""
    table = tables.points_entry
    return list(
        connection.execute(
            select(table)
            .where(table.c.authority_id == authority_id, table.c.document_id == document_id)
            .order_by(table.c.sequence)
        )
    )
