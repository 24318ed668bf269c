"""SQL of the journal. Those of an append are on the road of every act."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    String,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    update,
)

from wallet_api import tables
from wallet_api.database import insert_once_into
from wallet_api.sql_functions import sha256_hex
from wallet_api.statement import Statement

from .row import ORIGIN, Content, Row, parts_of

PAGE: Final = 5_000  # rows fetched at a time
_SEEN: Final = "lp_chains"

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


_CHAIN: Final[BindParameter[str]] = bindparam("chain", type_=String)
_BEFORE: Final = _entry.alias("before")
_REACHED: Final = select(_head.c.sequence).where(_head.c.authority_id == _CHAIN).scalar_subquery()
_LINKED: Final = (
    bindparam("opens", type_=String)
    + _head.c.digest
    + bindparam("between", type_=String)
    + cast(_head.c.sequence + 1, String)
    + bindparam("closes", type_=String)
)
_READ_HEAD: Final = Statement(select(_head.c.sequence).where(_head.c.authority_id == _CHAIN))
_MOVE_HEAD: Final = Statement(
    update(_head)
    .where(_head.c.authority_id == _CHAIN)
    .values(sequence=_head.c.sequence + 1, digest=sha256_hex(_LINKED))
)
_ADD: Final = Statement(
    insert(_entry)
    .values(
        authority_id=_CHAIN,
        sequence=_REACHED,
        previous=func.coalesce(
            select(_BEFORE.c.digest)
            .where(_BEFORE.c.authority_id == _CHAIN, _BEFORE.c.sequence == _REACHED - 1)
            .scalar_subquery(),
            # A purge up to the head leaves of the row before nothing but the checkpoint that attests it.
            select(_checkpoint.c.digest)
            .where(_checkpoint.c.authority_id == _CHAIN, _checkpoint.c.sequence == _REACHED - 1)
            .order_by(_checkpoint.c.edition.desc())
            .limit(1)
            .scalar_subquery(),
            literal_column(f"'{ORIGIN}'"),
        ),
        digest=select(_head.c.digest).where(_head.c.authority_id == _CHAIN).scalar_subquery(),
    )
    .inline()
)
_BEGIN_CHAIN: Final = Statement(partial(insert_once_into, _head))
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


def require_chain(connection: Connection, authority_id: str) -> None:
    """Begin a chain that has no head yet; a connection that has seen the head does not look again."""
    seen = connection.info.setdefault(_SEEN, set())
    if authority_id in seen:
        return
    if _READ_HEAD.ask(connection, {"chain": authority_id}).row() is None:
        _BEGIN_CHAIN.ask(connection, {"authority_id": authority_id, "sequence": 0, "digest": ORIGIN})
    else:
        seen.add(authority_id)


def add_row(connection: Connection, authority_id: str, content: Content) -> None:
    """Append a row and lock its chain's head; nothing is read. A chain without a head refuses it (`IntegrityError`).

    The head moves first and computes the digest as `row.digest_of` says it; the row takes number and digest from it.
    """
    opens, between, closes = parts_of(authority_id, content)
    _MOVE_HEAD.ask(connection, {"chain": authority_id, "opens": opens, "between": between, "closes": closes})
    _ADD.ask(connection, {"chain": authority_id, **content._asdict()})


def head_of(connection: Connection, authority_id: str) -> tuple[int, str] | None:
    """Number and digest of the last row as the head states them."""
    query = select(_head.c.sequence, _head.c.digest).where(_head.c.authority_id == authority_id)
    found = connection.execute(query).one_or_none()
    if found is None or type(found.sequence) is not int or type(found.digest) is not str:
        return None  # SQLite keeps whatever type was written
    return found.sequence, found.digest


def chains(connection: Connection) -> set[str]:
    """Every authority id that any of the journal's tables holds."""
    return {
        str(name)
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
    with any_text(connection):
        for one in connection.execute(query, execution_options={"yield_per": PAGE}):
            row = Row.read(one)
            if row is not None:
                yield row


def rows_about(
    connection: Connection, authority_id: str, subject_id: str
) -> list[tuple[Row | None, str | None]]:
    """The rows about one object in order, each with the digest on which what comes after it follows.

    One statement, hence one instant: the head moves with every append.
    """
    after = _entry.alias("after")
    query = (
        select(*_COLUMNS, after.c.previous, _head.c.sequence, _head.c.digest)
        .select_from(_entry)
        .outerjoin(
            after,
            (after.c.authority_id == _entry.c.authority_id) & (after.c.sequence == _entry.c.sequence + 1),
        )
        .outerjoin(_head, _head.c.authority_id == _entry.c.authority_id)
        .where(_entry.c.authority_id == authority_id, _entry.c.subject_id == subject_id)
    )
    with any_text(connection):
        # Sorted here: asked to, SQLite would read the whole chain in the order of its numbers to spare itself a sort.
        found = sorted(connection.execute(query).all(), key=lambda one: one[1] if type(one[1]) is int else -1)
    width = len(_COLUMNS)
    return [
        (Row.read(one[:width]), one[width] or (one[width + 2] if one[width + 1] == one[1] else None))
        for one in found
    ]


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Read what is no UTF-8 as something else, in place of failing: SQLite takes any bytes for a text."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    before = driver.text_factory
    driver.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")
    try:
        yield
    finally:
        driver.text_factory = before


def begins_at(connection: Connection, authority_id: str) -> int | None:
    """When the first row of a chain was recorded, UTC seconds; None where there is none, or one that says no instant."""
    query = (
        select(_entry.c.recorded_at)
        .where(_entry.c.authority_id == authority_id)
        .order_by(_entry.c.sequence)
        .limit(1)
    )
    found = connection.execute(query).scalar_one_or_none()
    return found if type(found) is int else None


def count_rows(connection: Connection, authority_id: str) -> int:
    """How many rows of a chain are there."""
    query = select(func.count()).select_from(_entry).where(_entry.c.authority_id == authority_id)
    return connection.execute(query).scalar_one()


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
    return next((_stored(one) for one in found), None)


def checkpoints(
    connection: Connection, authority_id: str, *, after: int = 0, limit: int | None = None
) -> list[StoredCheckpoint]:
    """The checkpoints of a chain in the order of their editions, those of editions above `after`."""
    query = _checkpoints(authority_id).where(_checkpoint.c.edition > after).order_by(_checkpoint.c.edition)
    return [_stored(one) for one in connection.execute(query.limit(limit))]


def count_editions(connection: Connection, since: int) -> int:
    """Editions that came into force and were begun after `since`: each published a checkpoint of every chain."""
    table = tables.publication
    return connection.execute(
        select(func.count())
        .select_from(table)
        .where(table.c.finished_at.is_not(None), table.c.started_at > since)
    ).scalar_one()


def _stored(cells: Sequence[Any]) -> StoredCheckpoint:
    """A cell of another type says nothing; the signed message then contradicts the row."""
    authority_id, edition, sequence, digest, signed_at, message = cells
    numbers = [one if type(one) is int else 0 for one in (edition, sequence, signed_at)]
    return StoredCheckpoint(
        authority_id,
        numbers[0],
        numbers[1],
        digest if type(digest) is str else "",
        numbers[2],
        message if type(message) is bytes else b"",
    )


def _checkpoints(authority_id: str) -> Select[Any]:
    columns = (_checkpoint.c[name] for name in StoredCheckpoint.__slots__)
    return select(*columns).where(_checkpoint.c.authority_id == authority_id)
