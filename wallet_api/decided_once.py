"""A decision is recorded once: its reference is unique among the acts of an authority that were not cancelled.

Acts are append-only, so a cancelled one keeps its reference. `reuse` tells those of one reference apart: how many cancelled
rows bore it before. The next row takes the number of the last one while that stands, which the unique key refuses, and the
number after it once that is cancelled. Two that are recorded at the same moment ask for the same number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Exists,
    FromClause,
    Insert,
    Table,
    bindparam,
    case,
    exists,
    func,
    select,
)

from . import tables
from .database import insert_once_into
from .statement import Answer, Statement

_NAMED_BY: Final = {
    tables.measure: ("measure_id", "lifts_id"),
    tables.points_entry: ("entry_id", "annuls_id"),
}
"""The two tables of acts: a row's id, and the column by which a cancellation names it."""


def ask_append(connection: Connection, table: Table, row: Mapping[str, Any]) -> Answer:
    """Append an act; `count` is 0 when its decision reference, or its place, is taken."""
    place = {"of_authority": row["authority_id"], "of_reference": row["decision_reference"]}
    return _append(table).ask(connection, {**row, **place})


def is_recorded(connection: Connection, table: Table, authority_id: str, decision_reference: str) -> bool:
    """Whether an act of this decision stands."""
    query = select(func.count()).where(
        table.c.authority_id == authority_id,
        table.c.decision_reference == decision_reference,
        ~is_cancelled(table, table),
    )
    return bool(connection.execute(query).scalar_one())


def is_cancelled(table: Table, row: FromClause) -> Exists:
    """Whether a cancellation names this row of `table`, which may stand under another name in the query."""
    own_id, names = _NAMED_BY[table]
    undone = table.alias()
    return exists().where(
        undone.c.authority_id == row.c.authority_id,
        undone.c[names] == row.c[own_id],
        undone.c.kind == "cancellation",
    )


@cache
def _append(table: Table) -> Statement:
    return Statement(partial(_append_into, table))


def _append_into(table: Table, engine: str) -> Insert:
    before = table.alias()
    number: Column[int] = before.c.reuse
    last = (
        select(number + case((is_cancelled(table, before), 1), else_=0))
        .where(
            before.c.authority_id == bindparam("of_authority"),
            before.c.decision_reference == bindparam("of_reference"),
        )
        .order_by(number.desc())
        .limit(1)
        .scalar_subquery()
    )
    return insert_once_into(table, engine).values(reuse=func.coalesce(last, 0))
