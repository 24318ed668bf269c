"""Perform one act of authority: in one transaction, once for its key, on a document of the actor's own authority."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import Depends, Path, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api import idempotency
from wallet_api.access import Actor, requires
from wallet_api.problems import WalletError
from wallet_api.publication.run import publish_after_act
from wallet_api.roles import AccessRole
from wallet_api.wiring import Service

from . import store

LICENCE: Final = DocumentType.DRIVING_LICENCE
CARD: Final = DocumentType.VITALE_CARD
LicenceActor = Annotated[Actor, Depends(requires(AccessRole.CLERK, AccessRole.SUPERVISOR))]
CardActor = Annotated[Actor, Depends(requires(AccessRole.HEALTH_AUTHORITY))]
ObjectId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


def perform(
    service: Service,
    actor: Actor,
    key: str | None,
    path: str,
    body: BaseModel,
    document: tuple[DocumentType, str],
    act: Callable[[Connection, int], BaseModel],
) -> Response:
    """Run one act in one transaction, once for its key, on a document of the actor's own authority."""
    document_type, document_id = document
    if DOMAIN_OF[document_type] != actor.authority_id:
        raise WalletError("forbidden")
    now = service.clock.now()
    request = idempotency.Request(actor.authority_id, actor.actor_id, path, body)
    with service.database.write() as connection:

        def once() -> BaseModel:
            if store.lock_document(connection, actor.authority_id, document_id, document_type.value) is None:
                raise WalletError("not-found")
            return act(connection, now)

        answer = idempotency.answer_once(connection, key, request, now, once)
    if "Idempotent-Replayed" not in answer.headers:
        service.telemetry.acts.labels(path.rpartition("/")[2]).inc()
        publish_after_act(service)
    return answer


def path_of(document: tuple[DocumentType, str]) -> str:
    """The address under which acts on a document stand."""
    return f"/authority/{'licences' if document[0] is LICENCE else 'cards'}/{document[1]}"
