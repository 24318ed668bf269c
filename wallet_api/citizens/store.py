"""SQL of the citizen's side. Every query carries the owner's own references as its condition (threats.md, T46)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, and_, false, or_, select

from credentials.spec import DocumentType, StatusValue
from credentials.status_companion import EntryClass
from wallet_api import tables
from wallet_api.issuance.store import CauseClass
from wallet_api.openid4vci.store import WalletRow
from wallet_api.wallets.store import PAPER_DESK

from .owner import Owned

_GRAVEST: Final = (StatusValue.REVOKED, StatusValue.SUSPENDED, StatusValue.SUPERSEDED)
_CLASSES: Final = (*EntryClass, CauseClass.SUPERSEDED)


@dataclass(frozen=True, slots=True)
class MyDocument:
    """A document of the owner that the service has opened."""

    authority_id: str
    document_id: str
    document_type: DocumentType
    reference: str


@dataclass(frozen=True, slots=True)
class MyDevice:
    """A phone that took up a document of the owner; `thumbprint` is that of the phone's key."""

    authority_id: str
    wallet_id: str
    document_id: str
    document_type: DocumentType
    thumbprint: str
    enrolled_at: int
    paused_at: int | None
    lost_at: int | None


@dataclass(frozen=True, slots=True)
class MyCredential:
    """A credential that was handed out; instants in UTC seconds."""

    authority_id: str
    credential_id: str
    document_type: DocumentType
    document_id: str
    wallet_id: str
    view: str
    form: int
    paper: bool
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Status:
    """What a credential's entry says: value, class of its gravest cause, and its dates in UTC seconds."""

    value: int = 0
    cause_class: str | None = None
    since: int | None = None
    until: int | None = None


def documents(connection: Connection, owned: Iterable[Owned]) -> list[MyDocument]:
    """The owner's documents that the service has opened."""
    table = tables.document
    rows = connection.execute(
        select(
            table.c.authority_id, table.c.document_id, table.c.document_type, table.c.registry_reference
        ).where(_mine(owned))
    )
    return [MyDocument(row[0], row[1], DocumentType(row[2]), row[3]) for row in rows]


def devices(
    connection: Connection, owned: Iterable[Owned], *, before: str | None = None, limit: int | None = None
) -> list[MyDevice]:
    """The phones that took up one of the owner's documents, the latest enrolled first."""
    wallet, document = tables.wallet, tables.document
    query = (
        select(
            wallet.c.authority_id,
            wallet.c.wallet_id,
            wallet.c.document_id,
            document.c.document_type,
            wallet.c.thumbprint,
            wallet.c.enrolled_at,
            wallet.c.paused_at,
            wallet.c.lost_at,
        )
        .join(document, _same_document(wallet))
        .where(_mine(owned), wallet.c.thumbprint != PAPER_DESK)
        .order_by(_searched(wallet.c.wallet_id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(wallet.c.wallet_id < before)
    return [MyDevice(*row[:3], DocumentType(row[3]), *row[4:]) for row in connection.execute(query)]


def wallet_row(connection: Connection, owned: Iterable[Owned], wallet_id: str) -> WalletRow | None:
    """One of the owner's phones as acts on wallets take it; None for anybody else's."""
    wallet, document = tables.wallet, tables.document
    row = connection.execute(
        select(wallet, document.c.document_type, document.c.registry_reference)
        .join(document, _same_document(wallet))
        .where(_mine(owned), wallet.c.wallet_id == wallet_id, wallet.c.thumbprint != PAPER_DESK)
    ).one_or_none()
    if row is None:
        return None
    return WalletRow(
        row.authority_id,
        row.wallet_id,
        row.document_id,
        row.document_type,
        row.registry_reference,
        row.thumbprint,
        row.paused_at is not None,
        row.lost_at is not None,
    )


def credentials(
    connection: Connection,
    owned: Iterable[Owned],
    *,
    before: str | None = None,
    limit: int | None = None,
    live_at: int | None = None,
) -> list[MyCredential]:
    """The owner's credentials that were handed out, the latest first; those alone that have not expired at `live_at`."""
    credential, document = tables.credential, tables.document
    query = (
        select(
            credential.c.authority_id,
            credential.c.credential_id,
            document.c.document_type,
            credential.c.document_id,
            credential.c.wallet_id,
            credential.c.view,
            credential.c.form,
            credential.c.paper,
            credential.c.issued_at,
            credential.c.expires_at,
        )
        .join(document, _same_document(credential))
        .where(_mine(owned), credential.c.state == "issued")
        .order_by(_searched(credential.c.credential_id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(credential.c.credential_id < before)
    if live_at is not None:
        query = query.where(credential.c.expires_at > live_at)
    return [
        MyCredential(
            row.authority_id,
            row.credential_id,
            DocumentType(row.document_type),
            row.document_id,
            row.wallet_id,
            row.view,
            row.form,
            bool(row.paper),
            row.issued_at,
            row.expires_at,
        )
        for row in connection.execute(query)
    ]


def statuses(
    connection: Connection, owned: Iterable[Owned], credential_ids: Iterable[str], now: int
) -> dict[str, Status]:
    """The gravest cause in force at `now` of each of the owner's credentials that has one."""
    cause, credential, document = tables.status_cause, tables.credential, tables.document
    rows = connection.execute(
        select(cause.c.credential_id, cause.c.value, cause.c.cause_class, cause.c.since, cause.c.until)
        .join(
            credential,
            (credential.c.authority_id == cause.c.authority_id)
            & (credential.c.credential_id == cause.c.credential_id),
        )
        .join(document, _same_document(credential))
        .where(
            _mine(owned),
            cause.c.credential_id.in_(list(credential_ids)),
            cause.c.lifted_at.is_(None) | (cause.c.lifted_at > now),
            cause.c.since <= now,
            cause.c.until.is_(None) | (cause.c.until > now),
        )
    )
    found: defaultdict[str, list[Status]] = defaultdict(list)
    for credential_id, value, cause_class, since, until in rows:
        found[credential_id].append(Status(value, cause_class, since, until))
    return {credential_id: min(causes, key=_gravity) for credential_id, causes in found.items()}


def _gravity(one: Status) -> tuple[int, int, bool, int]:
    """Gravest value, then class, then whatever lasts longest; as the published companion has it."""
    return (
        _GRAVEST.index(StatusValue(one.value)),
        _CLASSES.index(one.cause_class or ""),
        one.until is not None,
        -(one.until or 0),
    )


def _searched(column: ColumnElement[str]) -> ColumnElement[str]:
    """An order that no index gives: SQLite would read every row in the order of an index rather than sort a person's few."""
    return column + ""


def _mine(owned: Iterable[Owned]) -> ColumnElement[bool]:
    document = tables.document
    conditions = [
        and_(
            document.c.authority_id == one.authority_id,
            document.c.document_type == one.document_type.value,
            document.c.registry_reference == one.reference,
        )
        for one in owned
    ]
    return or_(*conditions) if conditions else false()


def _same_document(table: Table) -> ColumnElement[bool]:
    document = tables.document
    return and_(
        document.c.authority_id == table.c.authority_id, document.c.document_id == table.c.document_id
    )
