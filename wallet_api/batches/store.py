"""SQL of batches and their lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from wallet_api import tables
from wallet_api.access import Actor

from .read_file import Line


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch: who proposed it, its lines, and how far it is; instants in UTC seconds."""

    authority_id: str
    batch_id: str
    proposer_id: str
    proposer_role: str
    created_at: int
    total: int
    approved_at: int | None
    finished_at: int | None


_COLUMNS = [tables.act_batch.c[name] for name in BatchRow.__dataclass_fields__]


def add(connection: Connection, actor: Actor, batch_id: str, lines: Sequence[Line], now: int) -> None:
    """Record a batch that waits for its approval."""
    own = {"authority_id": actor.authority_id, "batch_id": batch_id}
    connection.execute(
        insert(tables.act_batch).values(
            **own,
            proposer_id=actor.actor_id,
            proposer_role=actor.role.value,
            created_at=now,
            total=len(lines),
        )
    )
    connection.execute(
        insert(tables.act_batch_line),
        [
            {**own, "line": one.number, "document_id": one.licence_id, "act": one.act, "content": one.content}
            for one in lines
        ],
    )


def find(connection: Connection, authority_id: str, batch_id: str) -> BatchRow | None:
    """A batch of one authority."""
    table = tables.act_batch
    row = connection.execute(
        select(*_COLUMNS).where(table.c.authority_id == authority_id, table.c.batch_id == batch_id)
    ).one_or_none()
    return None if row is None else BatchRow(*row)


def approve(connection: Connection, authority_id: str, batch_id: str, now: int) -> None:
    """The lines may be done from now on."""
    table = tables.act_batch
    connection.execute(
        update(table)
        .where(table.c.authority_id == authority_id, table.c.batch_id == batch_id)
        .values(approved_at=now)
    )


def under_way(connection: Connection) -> list[BatchRow]:
    """Approved batches with lines to do, the oldest first."""
    table = tables.act_batch
    rows = connection.execute(
        select(*_COLUMNS)
        .where(table.c.approved_at.is_not(None), table.c.finished_at.is_(None))
        .order_by(table.c.approved_at, table.c.batch_id)
    )
    return [BatchRow(*row) for row in rows]


def lines_to_do(connection: Connection, batch: BatchRow, most: int) -> list[tuple[int, str, str, str]]:
    """The next lines that nobody has done: number, licence, act, content."""
    table = tables.act_batch_line
    rows = connection.execute(
        select(table.c.line, table.c.document_id, table.c.act, table.c.content)
        .where(
            table.c.authority_id == batch.authority_id,
            table.c.batch_id == batch.batch_id,
            table.c.outcome.is_(None),
        )
        .order_by(table.c.line)
        .limit(most)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def take_line(
    connection: Connection,
    batch: BatchRow,
    line: int,
    outcome: str,
    *,
    problem: str | None = None,
    act_id: str | None = None,
) -> bool:
    """Write how a line ended; False when another process wrote it. In the transaction of its act, if there is one."""
    table = tables.act_batch_line
    result = connection.execute(
        update(table)
        .where(
            table.c.authority_id == batch.authority_id,
            table.c.batch_id == batch.batch_id,
            table.c.line == line,
            table.c.outcome.is_(None),
        )
        .values(outcome=outcome, problem=problem, act_id=act_id)
    )
    return result.rowcount == 1


def finish(connection: Connection, batch: BatchRow, now: int) -> None:
    """Every line has its outcome."""
    table = tables.act_batch
    connection.execute(
        update(table)
        .where(table.c.authority_id == batch.authority_id, table.c.batch_id == batch.batch_id)
        .values(finished_at=now)
    )


def outcomes(connection: Connection, authority_id: str, batch_id: str) -> dict[str | None, int]:
    """How many lines ended how; None for those that wait."""
    table = tables.act_batch_line
    rows = connection.execute(
        select(table.c.outcome, func.count())
        .where(table.c.authority_id == authority_id, table.c.batch_id == batch_id)
        .group_by(table.c.outcome)
    )
    return {row[0]: row[1] for row in rows}


def failures(connection: Connection, authority_id: str, batch_id: str, most: int) -> list[tuple[int, str]]:
    """The first lines that were refused, with the code of the problem."""
    table = tables.act_batch_line
    rows = connection.execute(
        select(table.c.line, table.c.problem)
        .where(
            table.c.authority_id == authority_id, table.c.batch_id == batch_id, table.c.outcome == "failed"
        )
        .order_by(table.c.line)
        .limit(most)
    )
    return [(row[0], row[1]) for row in rows]
