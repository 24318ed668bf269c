"""That each decision stands once, and that the rows of its reference bear the numbers by which that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sqlalchemy import Connection, Table, exists, func, select

from wallet_api import tables
from wallet_api.decided_once import is_cancelled
from wallet_api.retention.periods import Kept

_LONGEST_PURGE: Final = 86_400  # seconds: the journal tells when one began
_TABLES: Final = (
    (tables.measure, "measure_id", Kept.MEASURES),
    (tables.points_entry, "entry_id", Kept.POINTS),
)


def out_of_turn(
    connection: Connection, authority_id: str, purged: Mapping[Kept, int], begins: int
) -> Iterator[str]:
    """Ids of acts that repeat a decision that stands, or whose `reuse` follows on no row of their reference.

    `purged` gives the instant of the last purge of each kind, `begins` that since when the journal would tell of one: it
    may have dropped what a row from before followed on.
    """
    for table, own_id, kept in _TABLES:
        yield from _twice(connection, authority_id, table, own_id)
        since = max(purged.get(kept, 0) + _LONGEST_PURGE, begins)
        yield from _without_earlier(connection, authority_id, table, own_id, since)


def _twice(connection: Connection, authority_id: str, table: Table, own_id: str) -> Iterator[str]:
    query = (
        select(func.max(table.c[own_id]))
        .where(table.c.authority_id == authority_id, ~is_cancelled(table, table))
        .group_by(table.c.decision_reference)
        .having(func.count() > 1)
    )
    yield from (str(one) for one in connection.execute(query).scalars())


def _without_earlier(
    connection: Connection, authority_id: str, table: Table, own_id: str, since: int
) -> Iterator[str]:
    before = table.alias()
    follows = exists().where(
        before.c.authority_id == table.c.authority_id,
        before.c.decision_reference == table.c.decision_reference,
        before.c.reuse == table.c.reuse - 1,
        before.c[own_id] != table.c[own_id],  # SQLite keeps an infinite number, which is one less than itself
    )
    query = select(table.c[own_id]).where(
        table.c.authority_id == authority_id,
        table.c.reuse != 0,
        table.c.recorded_at > since,
        ~follows,
    )
    yield from (str(one) for one in connection.execute(query).scalars())
