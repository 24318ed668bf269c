"""Documents on which nothing rests any more: the service opened them once, and nobody holds or decided anything since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select

from wallet_api import tables
from wallet_api.issuance.documents import SYSTEM_ACTOR

_document: Final = tables.document
_OF_DOCUMENT: Final = (
    tables.offer,
    tables.wallet,
    tables.credential,
    tables.activation,
    tables.mandate,
    tables.measure,
    tables.act_batch_line,
)


def bare_documents(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Documents opened by then on which nothing rests."""
    query = (
        select(_document.c.document_id)
        .where(
            _document.c.authority_id == authority_id,
            _document.c.document_id > after,
            _document.c.opened_at <= before,
            _bare(),
        )
        .order_by(_document.c.document_id)
        .limit(limit)
    )
    return connection.execute(query).scalars().all()


def drop_bare_document(connection: Connection, authority_id: str, document_id: str) -> bool:
    """Whether the document went, with the points that were copied from the registry when it was opened: nothing else rested on it."""
    own = (_document.c.authority_id == authority_id) & (_document.c.document_id == document_id)
    locked = connection.execute(select(_document.c.document_id).where(own).with_for_update()).one_or_none()
    if (
        locked is None
        or connection.execute(select(_document.c.document_id).where(own, _bare())).first() is None
    ):
        return False
    for table in (tables.points_entry, tables.points_balance, _document):
        connection.execute(
            delete(table).where(table.c.authority_id == authority_id, table.c.document_id == document_id)
        )
    return True


def _bare() -> ColumnElement[bool]:
    proposal, entry = tables.act_proposal.c, tables.points_entry.c
    own = (_document.c.authority_id, _document.c.document_id)
    return and_(
        *(~exists().where(one.c.authority_id == own[0], one.c.document_id == own[1]) for one in _OF_DOCUMENT),
        ~exists().where(proposal.authority_id == own[0], proposal.subject_id == own[1]),
        ~exists().where(
            entry.authority_id == own[0], entry.document_id == own[1], entry.actor_id != SYSTEM_ACTOR
        ),
    )
