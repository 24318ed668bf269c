"""SQL of backups: every row of every table out and in, and what a restored database is told of its own past."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sqlalchemy import Connection, LargeBinary, MetaData, Table, func, insert, inspect, select, update

from credentials.spec import LIST_SIZE, Domain
from wallet_api import tables
from wallet_api.database import insert_once
from wallet_api.issuance.store import ListKind
from wallet_api.points.store import BalanceRow
from wallet_api.roles import SERVICE

from .archive import TableRows

CHUNK: Final = 20_000  # rows of a member: some megabytes, held in memory one at a time
RESTORED: Final = "restore"


def shape_of(table: Table, connection: Connection) -> TableRows:
    """Columns of a table, which of them hold bytes, and how many rows there are."""
    binary = tuple(column.name for column in table.columns if isinstance(column.type, LargeBinary))
    rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return TableRows(tuple(table.columns.keys()), binary, rows)


def rows_out(connection: Connection, table: Table, shape: TableRows) -> Iterator[tuple[int, bytes]]:
    """The rows in chunks: how many, and their lines."""
    places = [shape.columns.index(name) for name in shape.binary]
    result = connection.execution_options(stream_results=True, yield_per=CHUNK).execute(select(table))
    for part in result.partitions():
        lines = []
        for row in part:
            values = list(row)
            for place in places:
                if values[place] is not None:
                    values[place] = base64.b64encode(values[place]).decode()
            lines.append(json.dumps(values, separators=(",", ":"), ensure_ascii=False))
        yield len(lines), ("\n".join(lines) + "\n").encode()


def rows_in(connection: Connection, table: Table, shape: TableRows, content: bytes) -> int:
    """Insert the lines of one member; says how many."""
    places = [shape.columns.index(name) for name in shape.binary]
    rows = []
    for line in content.splitlines():
        values = json.loads(line)
        for place in places:
            if values[place] is not None:
                values[place] = base64.b64decode(values[place], validate=True)
        rows.append(dict(zip(shape.columns, values, strict=True)))
    connection.execute(insert(table), rows)
    return len(rows)


def is_empty(connection: Connection) -> bool:
    """Whether the database holds no table at all."""
    return not inspect(connection).get_table_names()


def tables_there(connection: Connection) -> Mapping[str, Table]:
    """The tables as the database itself describes them, which may be older than this release's."""
    found = MetaData()
    found.reflect(connection)
    return found.tables


def count_rows(connection: Connection, table: Table) -> int:
    """How many rows a table holds."""
    number: int = connection.execute(select(func.count()).select_from(table)).scalar_one()
    return number


def authorities(connection: Connection) -> list[str]:
    """Everybody who keeps a journal."""
    return list(connection.execute(select(tables.audit_head.c.authority_id)).scalars())


def balances(connection: Connection, at_once: int) -> Iterator[dict[str, BalanceRow]]:
    """Every stored balance of points, some at a time, by document."""
    table, last = tables.points_balance, ""
    while True:
        rows = connection.execute(
            select(table.c.document_id, *(table.c[name] for name in BalanceRow._fields))
            .where(table.c.authority_id == Domain.LICENCE.value, table.c.document_id > last)
            .order_by(table.c.document_id)
            .limit(at_once)
        ).all()
        if not rows:
            return
        yield {row[0]: BalanceRow(*row[1:]) for row in rows}
        last = rows[-1][0]


def last_edition(connection: Connection) -> int:
    """The highest edition number ever taken."""
    table = tables.publication
    number: int | None = connection.execute(
        select(func.max(table.c.edition)).where(table.c.authority_id == SERVICE)
    ).scalar_one()
    return number or 0


def skip_editions(connection: Connection, edition: int, now: int) -> None:
    """Take a number that is never used, so that the next publication exceeds it."""
    connection.execute(
        insert(tables.publication).values(
            authority_id=SERVICE, edition=edition, started_at=now, holder=RESTORED
        )
    )


def free_leases(connection: Connection) -> None:
    """Whoever held a lease when the backup was made does not hold it here."""
    connection.execute(update(tables.lease).values(expires_at=0))


def close_lists(connection: Connection, domain: Domain, kind: ListKind, last: int) -> int:
    """Let no further index be taken in any list up to `last`, nor in those there are and the one after.

    Returns the number of the last closed list.
    """
    table = tables.list_fill
    known = (table.c.authority_id == domain.value) & (table.c.kind == kind.value)
    highest: int | None = connection.execute(select(func.max(table.c.list_number)).where(known)).scalar_one()
    closed = max(last, (highest or 0) + 1)
    full = LIST_SIZE // 2
    for number in range(1, closed + 1):
        row = {"authority_id": domain.value, "kind": kind.value, "list_number": number, "taken": full}
        if not insert_once(connection, table, row):
            connection.execute(
                update(table)
                .where(known, table.c.list_number == number, table.c.taken < full)
                .values(taken=full)
            )
    return closed


def add_tombstones(connection: Connection, entries: Iterable[tuple[Domain, int, int]], now: int) -> int:
    """Remember entries that were published as revoked; says how many."""
    rows = [
        {"authority_id": domain.value, "status_list": number, "status_index": index, "since": now}
        for domain, number, index in entries
    ]
    if rows:
        connection.execute(insert(tables.list_tombstone), rows)
    return len(rows)
