"""SQL of the journal. The three statements of an append are built once: the write path pays for no construction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from wallet_api import tables
from wallet_api.database import insert_once

from .row import ORIGIN, Row

PAGE: Final = 5_000  # rows fetched at a time

_entry, _head, _checkpoint = tables.audit_entry, tables.audit_head, tables.audit_checkpoint


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint as the database keeps it: what its columns say, and the signed message."""

    authority_id: str
    edition: int
    sequence: int
    digest: str
    signed_at: int
    message: bytes


_LOCK_HEAD: Final = (
    select(_head.c.sequence, _head.c.digest)
    .where(_head.c.authority_id == bindparam("chain"))
    .with_for_update()
)
_ADD: Final = insert(_entry)
_MOVE_HEAD: Final = (
    update(_head)
    .where(_head.c.authority_id == bindparam("chain"))
    .values(sequence=bindparam("reached"), digest=bindparam("ends_with"))
)
_COLUMNS: Final = (
    _entry.c.authority_id,
    _entry.c.sequence,
    _entry.c.recorded_at,
    _entry.c.actor_id,
    _entry.c.act,
    _entry.c.subject_id,
    _entry.c.detail,
    _entry.c.previous,
    _entry.c.digest,
)


def lock_head(connection: Connection, authority_id: str) -> tuple[int, str]:
    """Number and digest of the last row, locked until the transaction ends; begins the chain where there is none."""
    found = connection.execute(_LOCK_HEAD, {"chain": authority_id}).one_or_none()
    if found is None:
        insert_once(connection, _head, {"authority_id": authority_id, "sequence": 0, "digest": ORIGIN})
        found = connection.execute(_LOCK_HEAD, {"chain": authority_id}).one()
    return found.sequence, found.digest


def add_row(connection: Connection, row: Row) -> None:
    """Append a row to a chain whose head is locked."""
    content = {name: getattr(row, name) for name in Row.__slots__}
    connection.execute(_ADD, content)
    connection.execute(
        _MOVE_HEAD, {"chain": row.authority_id, "reached": row.sequence, "ends_with": row.digest}
    )


def head_of(connection: Connection, authority_id: str) -> tuple[int, str] | None:
    """Number and digest of the last row as the head states them."""
    query = select(_head.c.sequence, _head.c.digest).where(_head.c.authority_id == authority_id)
    found = connection.execute(query).one_or_none()
    return None if found is None else (found.sequence, found.digest)


def chains(connection: Connection) -> set[str]:
    """Every authority id that any of the journal's tables holds."""
    return {
        name
        for column in (_entry.c.authority_id, _head.c.authority_id, _checkpoint.c.authority_id)
        for name in connection.execute(select(column).distinct()).scalars()
    }


def rows(
    connection: Connection, authority_id: str, *, after: int | None = None, limit: int | None = None
) -> Iterator[Row]:
    """The rows of a chain in order, streamed; those numbered above `after`."""
    query = select(*_COLUMNS).where(_entry.c.authority_id == authority_id).order_by(_entry.c.sequence)
    if after is not None:
        query = query.where(_entry.c.sequence > after)
    if limit is not None:
        query = query.limit(limit)
    found = connection.execute(query, execution_options={"yield_per": PAGE})
    return (Row(*one) for one in found)


def row_digest(connection: Connection, authority_id: str, sequence: int) -> str | None:
    """The digest that a row bears, None where there is no such row."""
    query = select(_entry.c.digest).where(
        _entry.c.authority_id == authority_id, _entry.c.sequence == sequence
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def add_checkpoint(connection: Connection, made: StoredCheckpoint) -> None:
    """Keep a checkpoint that was signed."""
    content = {name: getattr(made, name) for name in StoredCheckpoint.__slots__}
    connection.execute(insert(_checkpoint).values(**content))


def last_checkpoint(connection: Connection, authority_id: str) -> StoredCheckpoint | None:
    """The newest checkpoint of a chain."""
    found = connection.execute(_checkpoints(authority_id).order_by(_checkpoint.c.edition.desc()).limit(1))
    return next((StoredCheckpoint(*one) for one in found), None)


def checkpoints(
    connection: Connection, authority_id: str, *, after: int = 0, limit: int | None = None
) -> list[StoredCheckpoint]:
    """The checkpoints of a chain in the order of their editions, those of editions above `after`."""
    query = _checkpoints(authority_id).where(_checkpoint.c.edition > after).order_by(_checkpoint.c.edition)
    return [StoredCheckpoint(*one) for one in connection.execute(query.limit(limit))]


def _checkpoints(authority_id: str) -> Select[Any]:
    columns = (_checkpoint.c[name] for name in StoredCheckpoint.__slots__)
    return select(*columns).where(_checkpoint.c.authority_id == authority_id)
