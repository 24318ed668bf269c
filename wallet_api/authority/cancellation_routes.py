"""Cancel one act: a decision on points, or a measure on a licence or a card."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response
from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.strict_route import StrictRoute
from wallet_api.wiring import Service

from .cancel_act import cancel_act, hold_up_publication
from .perform import CARD, LICENCE, ActTerms, CardActor, LicenceActor, ObjectId, Terms, path_of, perform
from .schemas import CancellationBody, MeasureAnswer

licences = APIRouter(prefix="/authority/licences", tags=["Permis"], route_class=StrictRoute)
cards = APIRouter(prefix="/authority/cards", tags=["Carte Vitale"], route_class=StrictRoute)
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
        return cancel_act(service, connection, actor, document, act_id)

    path = f"{path_of(document)}/acts/{act_id}/cancellation"
    body = CancellationBody()
    return perform(service, actor, terms, path, body, document, act, first=hold_up_publication, counted=False)
