"""Printed cards: at the counter for somebody without a smartphone, or by the person from their own space."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection

from credentials.views import View
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import LICENCE, LicenceActor, ObjectId, Terms, perform, perform_once
from wallet_api.authority.schemas import RegistryReference
from wallet_api.citizens import store as own
from wallet_api.citizens.owner import LicenceOwnerOf
from wallet_api.citizens.schemas import Nothing
from wallet_api.clock import rfc3339
from wallet_api.idempotency import IdempotencyKey
from wallet_api.private_route import PrivateRoute
from wallet_api.problems import WalletError

from .print_card import PrintedCard, Printing, lose_card, print_card

licences = APIRouter(prefix="/authority/licences", tags=["Permis"], route_class=PrivateRoute)
mine = APIRouter(prefix="/me/printed-cards", tags=["Mon espace"], route_class=PrivateRoute)
PaperView = Literal[View.PROOF, View.AGE_OVER_18]
PDF: Final = "application/pdf"
_PAGE: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "description": "The page to print; `Laissez-Passer-Credential` is the reference with which its loss is reported.",
        "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Laissez-Passer-Credential": {
                "description": "The card's id: with it its loss is reported.",
                "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                "example": "0192f0c1a2b37c4d8e5f60718293a4b5",
            },
            "Laissez-Passer-Expires": {
                "description": "The instant from which the card is no longer good.",
                "schema": {"type": "string", "format": "date-time"},
                "example": "2026-12-01T00:00:00Z",
            },
        },
    }
}
NothingToSay = Annotated[Nothing | None, Body()]


class CounterPrintBody(BaseModel):
    """Who stands at the counter, by the registry's key, by which document the agent knows them, and what is printed."""

    model_config = ConfigDict(extra="forbid")
    registry_reference: RegistryReference
    identity_document: Literal["identity_card", "passport", "residence_permit"]
    view: PaperView = View.PROOF


class PrintBody(BaseModel):
    """What is printed: the licence with names and categories, or the one word about the age, with a portrait."""

    model_config = ConfigDict(extra="forbid")
    view: PaperView = View.PROOF


class CardLossAnswer(BaseModel):
    """The card that will be refused from the next publication on."""

    credential_id: str
    lost_at: str


@licences.post(
    "/printed-cards",
    operation_id="printCardAtCounter",
    status_code=201,
    response_class=Response,
    responses=_PAGE,
)
def print_at_counter(
    service: ServiceOf, actor: LicenceActor, body: CounterPrintBody, key: IdempotencyKey = None
) -> Response:
    """A printed card for somebody without a smartphone. The page is in this answer alone; a second one leaves the first."""
    detail = {"by": "counter", "identity_document": body.identity_document}
    path = "/authority/licences/printed-cards"
    wanted = Printing(body.registry_reference, body.view, actor, actor.actor_id, path, key, body, detail)
    return _page(print_card(service, wanted))


@licences.post(
    "/{licence_id}/printed-cards/{credential_id}/loss",
    operation_id="reportPrintedCardLostAtCounter",
    status_code=201,
    response_model=CardLossAnswer,
)
def lose_at_counter(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    credential_id: ObjectId,
    terms: Terms,
    body: NothingToSay = None,  # noqa: ARG001 - anything in it is refused
) -> Response:
    """Revoke one printed card; the right, the phones and other cards stay."""

    def act(connection: Connection, now: int) -> CardLossAnswer:
        lose_card(connection, licence_id, credential_id, actor.actor_id, now)
        return CardLossAnswer(credential_id=credential_id, lost_at=rfc3339(now))

    path = f"/authority/licences/{licence_id}/printed-cards/{credential_id}/loss"
    return perform(service, actor, terms, path, Nothing(), (LICENCE, licence_id), act)


@mine.post("", operation_id="printMyCard", status_code=201, response_class=Response, responses=_PAGE)
def print_mine(
    service: ServiceOf, owner: LicenceOwnerOf, body: PrintBody, key: IdempotencyKey = None
) -> Response:
    """A printed card of my licence."""
    licence = owner.of(LICENCE)
    recorded_as = owner.citizen.id_in(licence.authority_id)
    wanted = Printing(
        licence.reference,
        body.view,
        owner.citizen.actor,
        recorded_as,
        "/me/printed-cards",
        key,
        body,
        {"by": "holder"},
    )
    return _page(print_card(service, wanted))


@mine.post(
    "/{credential_id}/loss",
    operation_id="reportMyPrintedCardLost",
    status_code=201,
    response_model=CardLossAnswer,
)
def lose_mine(
    service: ServiceOf,
    owner: LicenceOwnerOf,
    credential_id: ObjectId,
    body: NothingToSay = None,  # noqa: ARG001 - anything in it is refused
    key: IdempotencyKey = None,
) -> Response:
    """Revoke one printed card of mine; my right, my phones and other cards stay."""

    def act(connection: Connection, now: int) -> CardLossAnswer:
        found = own.documents(connection, owner.owned)
        if not found:
            raise WalletError("not-found")
        actor_id = owner.citizen.id_in(found[0].authority_id)
        lose_card(connection, found[0].document_id, credential_id, actor_id, now)
        return CardLossAnswer(credential_id=credential_id, lost_at=rfc3339(now))

    path = f"/me/printed-cards/{credential_id}/loss"
    return perform_once(service, owner.citizen.actor, key, path, Nothing(), act)


def _page(card: PrintedCard) -> Response:
    headers = {
        "Laissez-Passer-Credential": card.credential_id,
        "Laissez-Passer-Expires": rfc3339(card.expires_at),
        "Content-Disposition": 'attachment; filename="carte.pdf"',
    }
    return Response(card.pdf, 201, headers, PDF)
