"""SQL of batches and their lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, select, true, update

from wallet_api import tables
from wallet_api.access import Actor
from wallet_api.audit.store import any_text

from .digests import StoredLine


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
    cancelled_at: int | None = None
    cancelled_by: str | None = None

    @property
    def address(self) -> tuple[str, str]:
        """Its authority and id, which the digests of its lines cover."""
        return self.authority_id, self.batch_id


_COLUMNS = [tables.act_batch.c[name] for name in BatchRow.__dataclass_fields__]
_line: Final = tables.act_batch_line
_LINE: Final = (
    _line.c.line,
    _line.c.document_id,
    _line.c.act,
    _line.c.content,
    _line.c.digest,
    _line.c.act_id,
    _line.c.outcome,
)


def add(connection: Connection, actor: Actor, batch_id: str, lines: Sequence[StoredLine], now: int) -> None:
    """Record a batch that waits for its approval."""
    own: dict[str, object] = {"authority_id": actor.authority_id, "batch_id": batch_id}
    connection.execute(
        insert(tables.act_batch).values(
            **own,
            proposer_id=actor.actor_id,
            proposer_role=actor.role.value,
            created_at=now,
            total=len(lines),
        )
    )
    names = [column.name for column in _LINE]
    connection.execute(insert(_line), [own | dict(zip(names, one, strict=True)) for one in lines])


def find(connection: Connection, authority_id: str, batch_id: str) -> BatchRow | None:
    """A batch of one authority."""
    table = tables.act_batch
    row = connection.execute(
        select(*_COLUMNS).where(table.c.authority_id == authority_id, table.c.batch_id == batch_id)
    ).one_or_none()
    return None if row is None else BatchRow(*row)


def of_authority(connection: Connection, authority_id: str) -> list[BatchRow]:
    """Every batch of one authority."""
    table = tables.act_batch
    rows = connection.execute(select(*_COLUMNS).where(table.c.authority_id == authority_id))
    return [BatchRow(*row) for row in rows]


def approve(connection: Connection, authority_id: str, batch_id: str, now: int) -> None:
    """The lines may be done from now on."""
    table = tables.act_batch
    connection.execute(
        update(table)
        .where(table.c.authority_id == authority_id, table.c.batch_id == batch_id)
        .values(approved_at=now)
    )


def lock(connection: Connection, authority_id: str, batch_id: str) -> BatchRow | None:
    """A batch of one authority, locked."""
    table = tables.act_batch
    row = connection.execute(
        select(*_COLUMNS)
        .where(table.c.authority_id == authority_id, table.c.batch_id == batch_id)
        .with_for_update()
    ).one_or_none()
    return None if row is None else BatchRow(*row)


def hold_running(connection: Connection, batch: BatchRow) -> bool:
    """Whether the batch is not cancelled; if so it is not before this transaction ends. Several may hold it at once."""
    table = tables.act_batch
    found = connection.execute(
        select(table.c.cancelled_at)
        .where(table.c.authority_id == batch.authority_id, table.c.batch_id == batch.batch_id)
        .with_for_update(read=True)
    ).scalar_one()
    return found is None


def cancel(connection: Connection, batch: BatchRow, cancelled_by: str, now: int) -> None:
    """No more lines are done; those that were are to be undone."""
    table = tables.act_batch
    connection.execute(
        update(table)
        .where(table.c.authority_id == batch.authority_id, table.c.batch_id == batch.batch_id)
        .values(cancelled_at=now, cancelled_by=cancelled_by, finished_at=None)
    )


def under_way(connection: Connection) -> list[BatchRow]:
    """Approved batches with lines to do or to undo, the oldest first."""
    table = tables.act_batch
    rows = connection.execute(
        select(*_COLUMNS)
        .where(table.c.approved_at.is_not(None), table.c.finished_at.is_(None))
        .order_by(table.c.approved_at, table.c.batch_id)
    )
    return [BatchRow(*row) for row in rows]


def lines(connection: Connection, batch: BatchRow) -> list[StoredLine]:
    """All lines in the order of their numbers."""
    return _lines(connection, select(*_LINE).where(*_of(batch)))


def lines_to_do(connection: Connection, batch: BatchRow, most: int) -> list[StoredLine]:
    """The next lines that nobody has done."""
    return _lines(connection, select(*_LINE).where(*_of(batch), _line.c.outcome.is_(None)).limit(most))


def lines_to_undo(connection: Connection, batch: BatchRow, most: int) -> list[StoredLine]:
    """The next lines of a cancelled batch that nobody looked at since."""
    return _lines(connection, select(*_LINE).where(_to_undo(batch)).limit(most))


def _lines(connection: Connection, query: Select[Any]) -> list[StoredLine]:
    with any_text(connection):
        return [StoredLine(*row) for row in connection.execute(query.order_by(_line.c.line))]


def digests(connection: Connection, batch: BatchRow) -> list[tuple[object, object]]:
    """The digest and outcome of every line, in the order of their numbers."""
    query = select(_line.c.digest, _line.c.outcome).where(*_of(batch)).order_by(_line.c.line)
    with any_text(connection):
        return [(row[0], row[1]) for row in connection.execute(query)]


def acts(connection: Connection, authority_id: str, ids: Collection[str]) -> dict[str, tuple[str, str, str]]:
    """Licence, decision and author of acts, by their ids."""
    found: dict[str, tuple[str, str, str]] = {}
    for table, own_id in ((tables.points_entry, "entry_id"), (tables.measure, "measure_id")):
        query = select(
            table.c[own_id], table.c.document_id, table.c.decision_reference, table.c.actor_id
        ).where(table.c.authority_id == authority_id, table.c[own_id].in_(ids))
        found |= {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}
    return found


def page_of_lines(
    connection: Connection, authority_id: str, batch_id: str, after: int, most: int
) -> list[dict[str, Any]]:
    """Lines numbered above `after`, by the names that `BatchLine` has."""
    table = tables.act_batch_line
    rows = connection.execute(
        select(
            table.c.line,
            table.c.act,
            table.c.document_id.label("licence_id"),
            table.c.content.label("members"),
            table.c.outcome,
            table.c.problem,
            table.c.act_id,
        )
        .where(table.c.authority_id == authority_id, table.c.batch_id == batch_id, table.c.line > after)
        .order_by(table.c.line)
        .limit(most)
    )
    return [dict(row) for row in rows.mappings()]


def count_to_undo(connection: Connection, batch: BatchRow) -> int:
    """How many lines of a cancelled batch nobody looked at since."""
    return connection.execute(select(func.count()).select_from(_line).where(_to_undo(batch))).scalar_one()


def _of(batch: BatchRow) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _line.c.authority_id == batch.authority_id, _line.c.batch_id == batch.batch_id


def _to_undo(batch: BatchRow) -> ColumnElement[bool]:
    done = (_line.c.outcome == "done") & _line.c.problem.is_(None)
    return and_(*_of(batch), _line.c.outcome.is_(None) | done)


def undo_line(
    connection: Connection, batch: BatchRow, line: int, act_id: str | None, *, problem: str | None = None
) -> bool:
    """A line is cancelled, or stays done for `problem`; False when another process changed it since it was read."""
    seen = (
        _line.c.outcome.is_(None)
        if act_id is None
        else (_line.c.act_id == act_id) & (_line.c.outcome == "done")
    )
    result = connection.execute(
        update(_line)
        .where(*_of(batch), _line.c.line == line, seen)
        .values({"problem": problem} if problem is not None else {"outcome": "cancelled"})
    )
    return result.rowcount == 1


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
    result = connection.execute(
        update(_line)
        .where(*_of(batch), _line.c.line == line, _line.c.outcome.is_(None))
        .values(outcome=outcome, problem=problem, act_id=act_id)
    )
    return result.rowcount == 1


def stop(connection: Connection, batch: BatchRow, problem: str, now: int) -> bool:
    """No line is done or undone any more, and each says why; False when the batch ended or was cancelled since it was read."""
    present = lock(connection, batch.authority_id, batch.batch_id)
    if (
        present is None
        or present.finished_at is not None
        or (present.cancelled_at is None) != (batch.cancelled_at is None)
    ):
        return False
    if batch.cancelled_at is not None:
        done = (_line.c.outcome == "done") & _line.c.problem.is_(None)
        connection.execute(update(_line).where(*_of(batch), done).values(problem=problem))
    waiting = _line.c.outcome.is_(None)
    connection.execute(update(_line).where(*_of(batch), waiting).values(outcome="failed", problem=problem))
    finish(connection, batch, now)
    return True


def finish(connection: Connection, batch: BatchRow, now: int) -> None:
    """Every line has its outcome; nothing when the batch goes on: cancelled since it was read, or with lines to undo."""
    if batch.cancelled_at is not None and count_to_undo(connection, batch):
        return
    table = tables.act_batch
    connection.execute(
        update(table)
        .where(
            table.c.authority_id == batch.authority_id,
            table.c.batch_id == batch.batch_id,
            table.c.cancelled_at.is_(None) if batch.cancelled_at is None else true(),
        )
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


def failures(
    connection: Connection, authority_id: str, batch_id: str, most: int
) -> list[tuple[int, str, str]]:
    """The first lines that were refused, or could not be cancelled, with the code of the problem, and its act."""
    table = tables.act_batch_line
    rows = connection.execute(
        select(table.c.line, table.c.problem, table.c.act)
        .where(
            table.c.authority_id == authority_id, table.c.batch_id == batch_id, table.c.problem.is_not(None)
        )
        .order_by(table.c.line)
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in rows]
