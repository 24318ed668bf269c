"""Many licences from one: the rows of a licence that was really issued, copied under new identifiers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from credentials.spec import LIST_SIZE
from wallet_api import audit, tables
from wallet_api.audit.row import OFFER, PHONE, digest_of_act, digest_of_batch, digest_of_row
from wallet_api.wiring import Service

HALF = LIST_SIZE // 2
FIRST_LIST = 2  # the licence that is copied has its entries in list 1
CHUNK = 1_000
OPENING = "opening-"
NOBODY = "0" * 32
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
    """`count` copies of a licence, each told by the journal as if it had come by itself."""
    copies = Copies()
    with service.database.read() as connection:
        original = {table: _rows(connection, table, document_id) for table in tables.metadata.sorted_tables}
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        with service.database.write() as connection:
            made = {
                table: [copies.row(row, one) for one in numbers for row in rows]
                for table, rows in original.items()
                if rows
            }
            for table, rows in made.items():
                connection.execute(insert(table), rows)
            _tell_opened(connection, made)
            tell_enrolled(connection, made[tables.wallet])
            _tell_made(connection, made.get(tables.offer, []))
            _tell_issued(connection, made.get(tables.credential, []))
        told(numbers.stop)
    _fill_lists(service, copies)


def tell_enrolled(connection: Connection, phones: list[Row]) -> None:
    """What the journal says of a phone that is enrolled."""
    for row in phones:
        detail = {"wallet": row["wallet_id"], "enrolled": digest_of_row(row, PHONE)}
        _tell(
            connection, row["authority_id"], row["enrolled_at"], "wallet_enrolled", row["document_id"], detail
        )


def _tell_made(connection: Connection, offers: list[Row]) -> None:
    for row in offers:
        detail = {"offer": row["offer_id"], "made": digest_of_row(row, OFFER)}
        _tell(connection, row["authority_id"], row["created_at"], "offer_made", row["document_id"], detail)


def _tell_opened(connection: Connection, made: Mapping[Table, list[Row]]) -> None:
    entries: dict[str, list[Row]] = defaultdict(list)
    for row in made.get(tables.points_entry, []):
        entries[row["document_id"]].append({name: cell for name, cell in row.items() if name != "reuse"})
    for row in made[tables.document]:
        opened = entries[row["document_id"]]
        detail = {
            "document": digest_of_act([{name: cell for name, cell in row.items() if name != "version"}])
        }
        if opened:
            detail |= {"opening": digest_of_act(opened), "first": digest_of_act(opened[:1])}
        _tell(connection, row["authority_id"], row["opened_at"], "registry_asked", row["document_id"], detail)


def _tell_issued(connection: Connection, credentials: list[Row]) -> None:
    batches: dict[str, list[Row]] = defaultdict(list)
    for row in credentials:
        batches[row["batch_id"]].append(row)
    for batch_id, rows in batches.items():
        detail = {
            "issued": batch_id,
            "until": max(row["expires_at"] for row in rows),
            "rows": digest_of_batch(rows),
        }
        one = rows[0]
        _tell(connection, one["authority_id"], one["issued_at"], "registry_asked", one["document_id"], detail)


def _tell(
    connection: Connection, authority_id: str, at: int, act: str, subject_id: str, detail: audit.Detail
) -> None:
    audit.append(
        connection, authority_id, now=at, actor_id=NOBODY, act=act, subject_id=subject_id, detail=detail
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
    if name == "decision_reference" and value.startswith(OPENING):
        document_id = value.removeprefix(OPENING).partition("#")[0]
        return value.replace(document_id, _own("document_id", document_id, number))
    if name.endswith("_id"):  # its moment stays: what is issued together lies together
        return value[:12] + blake2b(f"{value}:{number}".encode(), digest_size=10).hexdigest()
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
