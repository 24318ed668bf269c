"""SQL of measures."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Row, select

from wallet_api import tables
from wallet_api.database import insert_once


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A suspension or a revocation; instants in UTC seconds, `until` is the first instant without it."""

    measure_id: str
    kind: str
    subject: str
    since: int
    until: int | None
    reason_class: str | None


def open_measures(connection: Connection, authority_id: str, document_id: str) -> list[MeasureRow]:
    """Suspensions and revocations of a document that were not lifted, past and future ones included."""
    table = tables.measure
    lift = table.alias("lift")
    rows = connection.execute(
        select(table)
        .outerjoin(
            lift, (lift.c.authority_id == table.c.authority_id) & (lift.c.lifts_id == table.c.measure_id)
        )
        .where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.kind != "lift",
            lift.c.measure_id.is_(None),
        )
    )
    return [
        MeasureRow(row.measure_id, row.kind, row.subject, row.since, row.until, row.reason_class)
        for row in rows
    ]


def lock_document(
    connection: Connection, authority_id: str, document_id: str, document_type: str
) -> Row[tuple[object, ...]] | None:
    """The document, locked until the transaction ends, so that acts on it queue up; None when there is none."""
    table = tables.document
    return connection.execute(
        select(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.document_type == document_type,
        )
        .with_for_update()
    ).one_or_none()


def find_document(
    connection: Connection, authority_id: str, document_type: str, reference: str
) -> str | None:
    """The id of the document that a registry reference stands for, if the service has opened it."""
    table = tables.document
    return connection.execute(
        select(table.c.document_id).where(
            table.c.authority_id == authority_id,
            table.c.document_type == document_type,
            table.c.registry_reference == reference,
        )
    ).scalar_one_or_none()


def add_measure(connection: Connection, row: dict[str, object]) -> bool:
    """Append a measure; False when its decision reference, or the measure it lifts, is taken already."""
    return insert_once(connection, tables.measure, row)


def find_measure(
    connection: Connection, authority_id: str, document_id: str, measure_id: str
) -> Row[tuple[object, ...]] | None:
    """One measure of one document."""
    table = tables.measure
    return connection.execute(
        select(table).where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.measure_id == measure_id,
        )
    ).one_or_none()


def document_exists(connection: Connection, authority_id: str, document_id: str, document_type: str) -> bool:
    """Whether the service has opened such a document."""
    table = tables.document
    found = connection.execute(
        select(table.c.document_id).where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.document_type == document_type,
        )
    ).scalar_one_or_none()
    return found is not None
