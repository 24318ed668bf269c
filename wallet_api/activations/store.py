"""SQL of activation codes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from wallet_api import tables
from wallet_api.identifiers import fingerprint

_table = tables.activation


@dataclass(frozen=True, slots=True)
class ActivationRow:
    """An activation code by its hashes, with the document that it stands for; instants in UTC seconds."""

    authority_id: str
    activation_id: str
    document_id: str
    document_type: str
    registry_reference: str
    second_hash: str | None
    attempts: int
    mandate_id: str | None
    expires_at: int
    ended_at: int | None


def add(connection: Connection, row: dict[str, object]) -> None:
    """Record a code by its hash."""
    connection.execute(insert(_table).values(**row))


def find(connection: Connection, authority_id: str, code: str) -> ActivationRow | None:
    """The row of a plain code, locked until the transaction ends."""
    document = tables.document
    row = connection.execute(
        select(_table, document.c.document_type, document.c.registry_reference)
        .join(
            document,
            and_(
                document.c.authority_id == _table.c.authority_id,
                document.c.document_id == _table.c.document_id,
            ),
        )
        .where(_table.c.authority_id == authority_id, _table.c.code_hash == fingerprint(code))
        .with_for_update(of=_table)
    ).one_or_none()
    if row is None:
        return None
    return ActivationRow(
        row.authority_id,
        row.activation_id,
        row.document_id,
        row.document_type,
        row.registry_reference,
        row.second_hash,
        row.attempts,
        row.mandate_id,
        row.expires_at,
        row.ended_at,
    )


def count_attempt(connection: Connection, authority_id: str, activation_id: str) -> None:
    """One more wrong second part."""
    connection.execute(
        update(_table)
        .where(_table.c.authority_id == authority_id, _table.c.activation_id == activation_id)
        .values(attempts=_table.c.attempts + 1)
    )


def end(connection: Connection, authority_id: str, activation_id: str, now: int) -> bool:
    """Use the code up; says whether it was still there."""
    result = connection.execute(
        update(_table)
        .where(
            _table.c.authority_id == authority_id,
            _table.c.activation_id == activation_id,
            _table.c.ended_at.is_(None),
        )
        .values(ended_at=now)
    )
    return result.rowcount == 1


def end_open(
    connection: Connection, authority_id: str, document_id: str, now: int, *, mandate_id: str | None = None
) -> int:
    """End every code of a document, or those alone that were made under one mandate; says how many were open."""
    condition: ColumnElement[bool] = and_(
        _table.c.authority_id == authority_id,
        _table.c.document_id == document_id,
        _table.c.ended_at.is_(None),
        _table.c.expires_at > now,
    )
    if mandate_id is not None:
        condition = and_(condition, _table.c.mandate_id == mandate_id)
    return connection.execute(update(_table).where(condition).values(ended_at=now)).rowcount


def made_since(connection: Connection, authority_id: str, actor_id: str, since: int) -> int:
    """How many codes somebody made after `since`."""
    query = select(func.count()).where(
        _table.c.authority_id == authority_id, _table.c.actor_id == actor_id, _table.c.created_at > since
    )
    return connection.execute(query).scalar_one()
