"""Open a document: the service's own record of a licence or a card, made when it is first offered."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api import audit, tables
from wallet_api.authority.store import find_document
from wallet_api.database import insert_once
from wallet_api.identifiers import new_id
from wallet_api.points.record import open_ledger
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import (
    DECIDING_CARD,
    DECIDING_LICENCE,
    ISSUING_CARD,
    ISSUING_LICENCE,
    Basis,
    LicenceRecord,
    RegistrySilent,
    RightsRecord,
)
from wallet_api.wiring import Service

SYSTEM_ACTOR = "0" * 32
"""Who acted when the service did something by itself."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Why a registry is asked, and who asks."""

    basis: Basis
    actor_id: str = SYSTEM_ACTOR


def issuing(document_type: DocumentType) -> Asking:
    """The service asks for what it issues."""
    licence = document_type is DocumentType.DRIVING_LICENCE
    return Asking(ISSUING_LICENCE if licence else ISSUING_CARD)


def deciding(document_type: DocumentType, actor_id: str) -> Asking:
    """An official asks for what a decision is about."""
    licence = document_type is DocumentType.DRIVING_LICENCE
    return Asking(DECIDING_LICENCE if licence else DECIDING_CARD, actor_id)


def look_up(
    service: Service, document_type: DocumentType, reference: str, asking: Asking | None = None
) -> LicenceRecord | RightsRecord:
    """Ask the registry of this kind of document. Raises `WalletError`: nobody, or no answer."""
    basis = (asking or issuing(document_type)).basis
    try:
        record: LicenceRecord | RightsRecord | None
        if document_type is DocumentType.DRIVING_LICENCE:
            record = service.licences.find(reference, basis)
        else:
            record = service.rights.find(reference, basis, service.clock.now())
    except RegistrySilent:
        raise WalletError("registry-silent") from None
    if record is None:
        raise WalletError("person-unknown")
    return record


def audit_look_up(
    connection: Connection,
    document_type: DocumentType,
    document_id: str,
    now: int,
    asking: Asking | None = None,
    more: audit.Detail | None = None,
) -> None:
    """Write down why a registry was asked (france.md, section 9), and what came of it: a ledger opened, credentials issued."""
    why = asking or issuing(document_type)
    audit.append(
        connection,
        DOMAIN_OF[document_type].value,
        now=now,
        actor_id=why.actor_id,
        act="registry_asked",
        subject_id=document_id,
        detail={"purpose": why.basis.purpose, "article": why.basis.article, **(more or {})},
    )


def audit_unissued(
    connection: Connection, document_type: DocumentType, document_id: str, batch_id: str, now: int
) -> None:
    """Write down that credentials which were recorded could not be signed."""
    audit.append(
        connection,
        DOMAIN_OF[document_type].value,
        now=now,
        actor_id=SYSTEM_ACTOR,
        act="unissued",
        subject_id=document_id,
        detail={"batch": batch_id},
    )


def open_ahead(
    service: Service, document_type: DocumentType, reference: str, asking: Asking | None = None
) -> str:
    """`open_document` in a transaction of its own: a registry that takes its time holds up no other writer.

    Raises `WalletError` when the registry knows nobody under the reference, or does not answer.
    """
    with service.database.read() as connection:
        known = find_document(connection, DOMAIN_OF[document_type].value, document_type, reference)
    if known is not None:
        return known
    record = look_up(service, document_type, reference, asking)
    with service.database.write() as connection:
        return open_document(service, connection, document_type, reference, record, asking)


def open_document(
    service: Service,
    connection: Connection,
    document_type: DocumentType,
    reference: str,
    record: LicenceRecord | RightsRecord | None = None,
    asking: Asking | None = None,
) -> str:
    """The id of a person's document, opened now if it was not; a licence's ledger of points opens with it.

    `record` is what the registry said, when it was asked before. Raises as `open_ahead`.
    """
    now, authority_id = service.clock.now(), DOMAIN_OF[document_type].value
    # Locked, so that no purge takes it before something rests on it.
    known = find_document(connection, authority_id, document_type, reference, lock=True)
    if known is not None:
        return known
    record = record or look_up(service, document_type, reference, asking)
    document_id = new_id(now)
    row = {
        "authority_id": authority_id,
        "document_id": document_id,
        "document_type": document_type.value,
        "registry_reference": reference,
        "opened_at": now,
    }
    if not insert_once(connection, tables.document, row):  # another transaction was first
        return open_document(service, connection, document_type, reference, record, asking)
    opened = None
    if isinstance(record, LicenceRecord):
        opened = open_ledger(connection, authority_id, document_id, record.points_history, now)
    told: audit.Detail = {**(opened or {}), "document": audit.digest_of_act([row])}
    audit_look_up(connection, document_type, document_id, now, asking, told)
    return document_id
