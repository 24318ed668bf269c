"""Many licences from one: the rows of a licence that was really issued, copied under new identifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from credentials.spec import LIST_SIZE
from wallet_api import audit, tables
from wallet_api.audit.row import OFFER, PHONE, digest_of_row
from wallet_api.wiring import Service

HALF = LIST_SIZE // 2
FIRST_LIST = 2  # the licence that is copied has its entries in list 1
CHUNK = 1_000
Row = dict[str, Any]


@dataclass
class Indexes:
    """Entries of one kind of list, each given once; lists are filled to the half."""

    taken: int = 0

    def next(self) -> tuple[int, int]:
        """List and index."""
        number, place = divmod(self.taken, HALF)
        self.taken += 1
        return FIRST_LIST + number, place * 7_919 % LIST_SIZE

    def fills(self) -> Iterator[tuple[int, int]]:
        """How full each list is."""
        for number in range(-(-self.taken // HALF)):
            yield FIRST_LIST + number, min(HALF, self.taken - number * HALF)


@dataclass
class Copies:
    """Makes rows of the N-th copy."""

    status: Indexes = field(default_factory=Indexes)
    points: Indexes = field(default_factory=Indexes)

    def row(self, row: Mapping[str, Any], number: int) -> Row:
        """The row with everything that must be its own made its own."""
        made = {name: _own(name, value, number) for name, value in row.items()}
        if "status_index" in made:
            made["status_list"], made["status_index"] = self.status.next()
            if made["points_index"] is not None:
                made["points_list"], made["points_index"] = self.points.next()
        return made


def populate(
    service: Service, document_id: str, count: int, told: Callable[[int], None] = lambda _: None
) -> None:
    """`count` copies of a licence, each with a row in the journal."""
    copies = Copies()
    with service.database.read() as connection:
        original = {table: _rows(connection, table, document_id) for table in tables.metadata.sorted_tables}
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        with service.database.write() as connection:
            for table, rows in original.items():
                if rows:
                    made = [copies.row(row, one) for one in numbers for row in rows]
                    connection.execute(insert(table), made)
                    if table is tables.wallet:
                        tell_enrolled(connection, made)
                    if table is tables.offer:
                        _tell_made(connection, made)
            for one in numbers:
                subject = _own("document_id", document_id, one)
                audit.append(
                    connection,
                    "licence",
                    now=service.clock.now(),
                    actor_id="0" * 32,
                    act="copied",
                    subject_id=subject,
                    detail={"copy": one},
                )
        told(numbers.stop)
    _fill_lists(service, copies)


def tell_enrolled(connection: Connection, phones: list[Row]) -> None:
    """What the journal says of a phone that is enrolled."""
    for row in phones:
        audit.append(
            connection,
            row["authority_id"],
            now=row["enrolled_at"],
            actor_id="0" * 32,
            act="wallet_enrolled",
            subject_id=row["document_id"],
            detail={"wallet": row["wallet_id"], "enrolled": digest_of_row(row, PHONE)},
        )


def _tell_made(connection: Connection, offers: list[Row]) -> None:
    for row in offers:
        audit.append(
            connection,
            row["authority_id"],
            now=row["created_at"],
            actor_id="0" * 32,
            act="offer_made",
            subject_id=row["document_id"],
            detail={"offer": row["offer_id"], "made": digest_of_row(row, OFFER)},
        )


def _rows(connection: Connection, table: Table, document_id: str) -> list[Row]:
    if "document_id" in table.columns:
        query = select(table).where(table.c.document_id == document_id)
    elif table is tables.status_cause:
        mine = select(tables.credential.c.credential_id).where(tables.credential.c.document_id == document_id)
        query = select(table).where(table.c.credential_id.in_(mine))
    else:
        return []
    return [dict(row) for row in connection.execute(query).mappings()]


def _own(name: str, value: Any, number: int) -> Any:
    if not isinstance(value, str) or name in {"authority_id", "actor_id"}:
        return value
    if name.endswith("_id"):
        return blake2b(f"{value}:{number}".encode(), digest_size=16).hexdigest()
    if name.endswith("_hash") or name == "thumbprint":
        return sha256(f"{value}:{number}".encode()).hexdigest()
    return f"{value}-{number}" if name.endswith("_reference") else value


def _fill_lists(service: Service, copies: Copies) -> None:
    rows = [
        {"authority_id": "licence", "kind": kind, "list_number": number, "taken": taken}
        for kind, indexes in (("status", copies.status), ("points", copies.points))
        for number, taken in indexes.fills()
    ]
    if rows:
        with service.database.write() as connection:
            connection.execute(insert(tables.list_fill), rows)
