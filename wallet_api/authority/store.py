"""SQL of measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, func, select, update

from credentials.spec import Domain
from wallet_api import tables
from wallet_api.decided_once import ask_append, is_cancelled, is_recorded
from wallet_api.identifiers import first_id
from wallet_api.settings import LONGEST_CANCEL_SECONDS
from wallet_api.statement import Answer, Statement

from .kinds import ON_MEASURES, MeasureKind

_DOMAINS: Final = tuple(one.value for one in Domain)


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """A measure with what later acts made of it; instants in UTC seconds.

    `since` is never before `released_at`, from which the row counts; `until` is the first instant without the measure,
    `lifted_at` the instant from which another act ends it. A void one counts as never taken, from `void_at` on.
    """

    measure_id: str
    kind: str
    subject: str
    since: int
    until: int | None
    reason_class: str | None
    released_at: int
    lifted_at: int | None = None
    imposed_by: str | None = None
    void: bool = False
    void_at: int | None = None


class _Stored(NamedTuple):
    """A row of the table, so far as it says what stands."""

    measure_id: str
    kind: str
    subject: str
    since: int
    until: int | None
    reason_class: str | None
    released_at: int
    lifts_id: str | None
    imposed_by: str | None


# On the road of every issuing and every act.
_OF_DOCUMENT: Final = Statement(
    select(*(tables.measure.c[name] for name in _Stored._fields))
    .where(
        tables.measure.c.authority_id == bindparam("authority"),
        tables.measure.c.document_id == bindparam("document"),
    )
    .order_by(tables.measure.c.recorded_at, tables.measure.c.measure_id)
)
_THE_DOCUMENT: Final = (
    tables.document.c.authority_id == bindparam("authority"),
    tables.document.c.document_id == bindparam("document"),
    tables.document.c.document_type == bindparam("type"),
)
_LOCK_DOCUMENT: Final = Statement(select(tables.document.c.version).where(*_THE_DOCUMENT).with_for_update())
_BEGIN_ACT: Final = Statement(
    update(tables.document)
    .where(*_THE_DOCUMENT)
    .values(version=tables.document.c.version + 1)
    .returning(tables.document.c.version)
)


def measures_of(connection: Connection, authority_id: str, document_id: str, now: int) -> list[MeasureRow]:
    """Every measure of a document that was not cancelled, past and future ones included, in the order of recording."""
    found = _OF_DOCUMENT.ask(connection, {"authority": authority_id, "document": document_id}).rows()
    if not found:
        return []
    rows = [_Stored._make(one) for one in found]
    cancelled = {row.lifts_id for row in rows if row.kind == MeasureKind.CANCELLATION}
    kept = [row for row in rows if row.measure_id not in cancelled]
    voided = {row.lifts_id: row.released_at for row in kept if row.kind == MeasureKind.VOIDING}
    lifted: dict[str, int] = {}
    for row in kept:
        if row.lifts_id is not None and row.kind != MeasureKind.CANCELLATION:
            lifted[row.lifts_id] = min(row.released_at, lifted.get(row.lifts_id, row.released_at))
    return [
        MeasureRow(
            row.measure_id,
            row.kind,
            row.subject,
            max(row.since, row.released_at),
            row.until,
            row.reason_class,
            row.released_at,
            lifted.get(row.measure_id),
            row.imposed_by,
            voided.get(row.measure_id, now + 1) <= now,
            voided.get(row.measure_id),
        )
        for row in kept
        if row.kind not in ON_MEASURES
    ]


def open_measures(connection: Connection, authority_id: str, document_id: str, now: int) -> list[MeasureRow]:
    """What stands or will stand against a document at `now`: neither cancelled, voided nor lifted, past ones included.

    An act that ends one and can still be cancelled ends nothing yet: its measure is here, with the `lifted_at` to come.
    """
    measures = measures_of(connection, authority_id, document_id, now)
    return [one for one in measures if not one.void and (one.lifted_at is None or one.lifted_at > now)]


def count_lifts(connection: Connection, authority_id: str, measure_id: str) -> int:
    """How many rows name this measure: its lifts, cancelled ones included."""
    table = tables.measure
    return connection.execute(
        select(func.count())
        .select_from(table)
        .where(table.c.authority_id == authority_id, table.c.lifts_id == measure_id)
    ).scalar_one()


def ask_act(connection: Connection, authority_id: str, document_id: str, document_type: str) -> Answer:
    """Ask for what `begin_act` does: a row with the document's new version, or none."""
    asked = {"authority": authority_id, "document": document_id, "type": document_type}
    return _BEGIN_ACT.ask(connection, asked)


def begin_act(connection: Connection, authority_id: str, document_id: str, document_type: str) -> int | None:
    """Raise the document's version and return the new one; None when there is no such document.

    The row stays locked until the transaction ends, so that acts on one document queue up.
    """
    found = ask_act(connection, authority_id, document_id, document_type).row()
    return None if found is None else found[0]


def lock_document(connection: Connection, authority_id: str, document_id: str, document_type: str) -> None:
    """Lock the document until the transaction ends, so that what is asked afterwards has waited for acts."""
    asked = {"authority": authority_id, "document": document_id, "type": document_type}
    _LOCK_DOCUMENT.ask(connection, asked)


def find_document(
    connection: Connection, authority_id: str, document_type: str, reference: str, *, lock: bool = False
) -> str | None:
    """The id of the document that a registry reference stands for, if the service has opened it; `lock`: it stays."""
    table = tables.document
    query = select(table.c.document_id).where(
        table.c.authority_id == authority_id,
        table.c.document_type == document_type,
        table.c.registry_reference == reference,
    )
    return connection.execute(query.with_for_update() if lock else query).scalar_one_or_none()


def add_measure(connection: Connection, row: dict[str, object]) -> bool:
    """Append a measure; False when its decision reference, or the measure it lifts, is taken already."""
    return ask_append(connection, tables.measure, row).count == 1


def reference_taken(connection: Connection, authority_id: str, decision_reference: str) -> bool:
    """Whether a measure of this decision is recorded, and was not cancelled."""
    return is_recorded(connection, tables.measure, authority_id, decision_reference)


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


def version_of(connection: Connection, authority_id: str, document_id: str, document_type: str) -> int | None:
    """The version of a document that the service has opened; None when it has not."""
    table = tables.document
    found: int | None = connection.execute(
        select(table.c.version).where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.document_type == document_type,
        )
    ).scalar_one_or_none()
    return found


def opened_at(connection: Connection, authority_id: str, document_id: str) -> int:
    """When the service opened a document."""
    table = tables.document
    found: int = connection.execute(
        select(table.c.opened_at).where(
            table.c.authority_id == authority_id, table.c.document_id == document_id
        )
    ).scalar_one()
    return found


def is_measure(connection: Connection, authority_id: str, document_id: str, measure_id: str) -> bool:
    """Whether the id names a measure of this document, and not an entry of its ledger of points."""
    return find_measure(connection, authority_id, document_id, measure_id) is not None


def count_cancellable(connection: Connection, now: int) -> int:
    """Acts of all authorities that do not count yet, can still be cancelled, and were not.

    Identifiers grow with time: the last hour of the primary key is read, however long the history.
    """
    act = tables.measure.alias()
    return connection.execute(
        select(func.count())
        .select_from(act)
        .where(
            act.c.authority_id.in_(_DOMAINS),
            act.c.measure_id >= first_id(now - LONGEST_CANCEL_SECONDS),
            act.c.released_at > now,
            act.c.kind != MeasureKind.CANCELLATION,
            ~is_cancelled(tables.measure, act),
        )
    ).scalar_one()
