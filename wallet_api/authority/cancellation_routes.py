"""Cancel an act within its window, before anybody outside has learnt of it.

A cancellation may wait for a lock, and the clock of another process may be ahead: neither lets one through after the act
was published. No edition begins while a cancellation decides, and an act that an edition may tell is not cancelled.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response
from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.clock import rfc3339
from wallet_api.lease import hold_up
from wallet_api.points.record import cancel_entry
from wallet_api.problems import WalletError
from wallet_api.publication.run import LEASE
from wallet_api.publication.store import last_begun
from wallet_api.wiring import Service

from . import store
from .measures import Act, cancel
from .perform import CARD, LICENCE, ActTerms, CardActor, LicenceActor, ObjectId, Terms, path_of, perform
from .schemas import CancellationBody, MeasureAnswer, measure_answer

licences = APIRouter(prefix="/authority/licences", tags=["Permis"])
cards = APIRouter(prefix="/authority/cards", tags=["Carte Vitale"])
Nothing = Annotated[CancellationBody | None, Body()]


@licences.post(
    "/{licence_id}/acts/{act_id}/cancellation",
    operation_id="cancelLicenceAct",
    status_code=201,
    response_model=MeasureAnswer,
)
def cancel_licence_act(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    act_id: ObjectId,
    terms: Terms,
    body: Nothing = None,  # noqa: ARG001 - declared so that anything else is refused
) -> Response:
    """Cancel a decision on points or a measure of this licence before its `released_at`; anybody of the authority may."""
    return _cancel(service, actor, (LICENCE, licence_id), act_id, terms)


@cards.post(
    "/{card_id}/acts/{act_id}/cancellation",
    operation_id="cancelCardAct",
    status_code=201,
    response_model=MeasureAnswer,
)
def cancel_card_act(
    service: ServiceOf,
    actor: CardActor,
    card_id: ObjectId,
    act_id: ObjectId,
    terms: Terms,
    body: Nothing = None,  # noqa: ARG001 - declared so that anything else is refused
) -> Response:
    """Cancel a measure of this card before its `released_at`; anybody of the authority may."""
    return _cancel(service, actor, (CARD, card_id), act_id, terms)


def _cancel(
    service: Service, actor: Actor, document: tuple[DocumentType, str], act_id: str, terms: ActTerms
) -> Response:
    def act(connection: Connection, _: int) -> MeasureAnswer:
        now = _instant(service, connection)
        if not store.is_measure(connection, actor.authority_id, document[1], act_id):
            return _cancel_entry(connection, actor, document[1], act_id, now)
        return measure_answer(cancel(connection, Act(actor, document[1], "", now, now), act_id))

    path = f"{path_of(document)}/acts/{act_id}/cancellation"
    body = CancellationBody()
    return perform(
        service, actor, terms, path, body, document, act, first=_hold_up_publication, counted=False
    )


def _hold_up_publication(connection: Connection) -> None:
    """Before the document: a publication takes its lease first and documents afterwards."""
    hold_up(connection, LEASE)


def _instant(service: Service, connection: Connection) -> int:
    """The instant that decides: now that every lock is held, and never before that of an edition."""
    return max(service.clock.now(), last_begun(connection) or 0)


def _cancel_entry(
    connection: Connection, actor: Actor, document_id: str, entry_id: str, now: int
) -> MeasureAnswer:
    if DOMAIN_OF[LICENCE] != actor.authority_id:  # cards have no points
        raise WalletError("not-found")
    reference = f"cancellation:{entry_id}"
    row = cancel_entry(connection, actor.authority_id, document_id, entry_id, now, actor.actor_id, reference)
    at = rfc3339(now)
    return MeasureAnswer(measure_id=row.entry_id, kind=row.kind, since=at, released_at=at)
