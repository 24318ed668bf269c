"""Open a document: the service's own record of a licence or a card, made when it is first offered."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api import audit, tables
from wallet_api.authority.store import find_document
from wallet_api.database import insert_once
from wallet_api.identifiers import new_id
from wallet_api.points.record import open_ledger
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import (
    ISSUING_CARD,
    ISSUING_LICENCE,
    LicenceRecord,
    RegistrySilent,
    RightsRecord,
)
from wallet_api.wiring import Service

SYSTEM_ACTOR = "0" * 32
"""Who acted when the service did something by itself."""


def look_up(service: Service, document_type: DocumentType, reference: str) -> LicenceRecord | RightsRecord:
    """Ask the registry of this kind of document. Raises `WalletError`: nobody, or no answer."""
    try:
        record: LicenceRecord | RightsRecord | None
        if document_type is DocumentType.DRIVING_LICENCE:
            record = service.licences.find(reference, ISSUING_LICENCE)
        else:
            record = service.rights.find(reference, ISSUING_CARD, service.clock.now())
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
    opened: Mapping[str, str] | None = None,
) -> None:
    """Write down why a registry was asked (france.md, section 9), and what a ledger was `opened` with."""
    basis = ISSUING_LICENCE if document_type is DocumentType.DRIVING_LICENCE else ISSUING_CARD
    audit.append(
        connection,
        DOMAIN_OF[document_type].value,
        now=now,
        actor_id=SYSTEM_ACTOR,
        act="registry_asked",
        subject_id=document_id,
        detail={"purpose": basis.purpose, "article": basis.article, **(opened or {})},
    )


def open_document(
    service: Service, connection: Connection, document_type: DocumentType, reference: str
) -> str:
    """The id of a person's document, opened now if it was not; a licence's ledger of points opens with it.

    Raises `WalletError` when the registry knows nobody under the reference.
    """
    now, authority_id = service.clock.now(), DOMAIN_OF[document_type].value
    known = find_document(connection, authority_id, document_type, reference)
    if known is not None:
        return known
    record = look_up(service, document_type, reference)
    document_id = new_id(now)
    row = {
        "authority_id": authority_id,
        "document_id": document_id,
        "document_type": document_type.value,
        "registry_reference": reference,
        "opened_at": now,
    }
    if not insert_once(connection, tables.document, row):
        return open_document(service, connection, document_type, reference)  # another transaction was first
    opened = None
    if isinstance(record, LicenceRecord):
        opened = open_ledger(connection, authority_id, document_id, record.points_history, now)
    audit_look_up(connection, document_type, document_id, now, opened)
    return document_id
