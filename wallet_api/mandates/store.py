"""SQL of mandates. A giver's queries carry the giver's pseudonym, an aidant's the aidant's id (threats.md, T46)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, update

from credentials.spec import DocumentType
from wallet_api import tables

_mandate, _document, _activation = tables.mandate, tables.document, tables.activation


@dataclass(frozen=True, slots=True)
class MandateRow:
    """A mandate with its document; instants in UTC seconds, `ends_at` the first one without it."""

    authority_id: str
    mandate_id: str
    document_id: str
    document_type: DocumentType
    registry_reference: str
    giver_id: str
    aidant_id: str
    second_hash: str
    starts_at: int
    ends_at: int
    revoked_at: int | None

    def is_live(self, now: int) -> bool:
        """Whether the aidant may use it."""
        return self.revoked_at is None and self.starts_at <= now < self.ends_at


def add(connection: Connection, row: dict[str, object]) -> None:
    """Record a mandate."""
    connection.execute(insert(_mandate).values(**row))


def given_by(
    connection: Connection, givers: Iterable[tuple[str, str]], before: str | None, most: int
) -> list[MandateRow]:
    """What somebody gave, under their pseudonym with each authority, the latest first, from before `before` on."""
    conditions = [
        and_(_mandate.c.authority_id == authority_id, _mandate.c.giver_id == giver_id)
        for authority_id, giver_id in givers
    ]
    return _page(connection, or_(*conditions), before, most)


def given_to(
    connection: Connection, aidant_id: str, now: int, before: str | None, most: int
) -> list[MandateRow]:
    """What an aidant may use at `now`, the latest first, from before `before` on."""
    live = and_(
        _mandate.c.aidant_id == aidant_id,
        _mandate.c.revoked_at.is_(None),
        _mandate.c.starts_at <= now,
        _mandate.c.ends_at > now,
    )
    return _page(connection, live, before, most)


def live_of_document(
    connection: Connection, authority_id: str, document_id: str, now: int
) -> list[MandateRow]:
    """The mandates for a document that are live."""
    of_document = and_(_mandate.c.authority_id == authority_id, _mandate.c.document_id == document_id)
    return [one for one in _rows(connection, of_document) if one.is_live(now)]


def find(connection: Connection, authority_id: str, mandate_id: str) -> MandateRow | None:
    """One mandate."""
    condition = and_(_mandate.c.authority_id == authority_id, _mandate.c.mandate_id == mandate_id)
    found = _rows(connection, condition)
    return found[0] if found else None


def revoke(connection: Connection, authority_id: str, mandate_id: str, now: int) -> bool:
    """End a mandate before its time; says whether it was there to end."""
    result = connection.execute(
        update(_mandate)
        .where(
            _mandate.c.authority_id == authority_id,
            _mandate.c.mandate_id == mandate_id,
            _mandate.c.revoked_at.is_(None),
            _mandate.c.ends_at > now,
        )
        .values(revoked_at=now)
    )
    return result.rowcount == 1


def uses(connection: Connection, authority_id: str, mandate_id: str) -> int:
    """How many activation codes were made under it."""
    query = select(func.count()).where(
        _activation.c.authority_id == authority_id, _activation.c.mandate_id == mandate_id
    )
    return connection.execute(query).scalar_one()


def _page(
    connection: Connection, condition: ColumnElement[bool], before: str | None, most: int
) -> list[MandateRow]:
    query = _query(condition if before is None else and_(condition, _mandate.c.mandate_id < before))
    return _read(connection, query.order_by(_mandate.c.mandate_id.desc()).limit(most))


def _rows(connection: Connection, condition: ColumnElement[bool]) -> list[MandateRow]:
    return _read(connection, _query(condition).order_by(_mandate.c.starts_at, _mandate.c.mandate_id))


def _query(condition: ColumnElement[bool]) -> Select[Any]:
    of_document = and_(
        _document.c.authority_id == _mandate.c.authority_id,
        _document.c.document_id == _mandate.c.document_id,
    )
    columns = (_mandate, _document.c.document_type, _document.c.registry_reference)
    return select(*columns).join(_document, of_document).where(condition)


def _read(connection: Connection, query: Select[Any]) -> list[MandateRow]:
    rows = connection.execute(query)
    return [
        MandateRow(
            row.authority_id,
            row.mandate_id,
            row.document_id,
            DocumentType(row.document_type),
            row.registry_reference,
            row.giver_id,
            row.aidant_id,
            row.second_hash,
            row.starts_at,
            row.ends_at,
            row.revoked_at,
        )
        for row in rows
    ]
