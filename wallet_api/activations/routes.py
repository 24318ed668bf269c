"""Issuing at a counter: the agent makes a code for the person who stands there, the person's phone turns it into an offer."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from credentials.spec import DocumentType
from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import CARD, LICENCE, CardActor, LicenceActor
from wallet_api.authority.schemas import RegistryReference
from wallet_api.clock import rfc3339
from wallet_api.issuance.documents import open_ahead
from wallet_api.pace import address_of
from wallet_api.printing.activation_page import activation_page
from wallet_api.private_route import PrivateRoute
from wallet_api.wiring import Service

from .make import Activation, Asked, make_activation
from .redeem import redeem

licences = APIRouter(prefix="/authority/licences", tags=["Permis"], route_class=PrivateRoute)
cards = APIRouter(prefix="/authority/cards", tags=["Carte Vitale"], route_class=PrivateRoute)
router = APIRouter(tags=["Délivrance"], route_class=PrivateRoute)
PDF: Final = "application/pdf"
SHEET: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "description": "The code; as a page to print with `Accept: application/pdf`.",
        "content": {PDF: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Laissez-Passer-Second": {
                "description": "Beside the page alone: the second part, to be told apart from the paper.",
                "schema": {"type": "string"},
                "example": "4711",
            }
        },
    }
}
Accept = Annotated[str | None, Header(max_length=400)]


class CounterBody(BaseModel):
    """Who stands at the counter, by the registry's key, and by which document the agent knows them.

    `with_second`: a second part to be told by word of mouth or sent apart, without which the paper is worth nothing.
    """

    model_config = ConfigDict(extra="forbid")
    registry_reference: RegistryReference
    identity_document: Literal["identity_card", "passport", "residence_permit"]
    with_second: bool = Field(default=False, strict=True)


class ActivationAnswer(BaseModel):
    """What is printed: the code, good once and until `expires_at`; `root` is the fingerprint that the phone should pin."""

    activation_id: str
    document_id: str
    code: str
    second: str | None
    expires_at: str
    root: str


class RedeemBody(BaseModel):
    """The code as typed; spaces, hyphens and small letters do not matter."""

    model_config = ConfigDict(extra="forbid")
    code: Annotated[str, Field(min_length=1, max_length=60)]
    second: Annotated[str | None, Field(max_length=30)] = None


class RedeemedAnswer(BaseModel):
    """An offer for the phone that sent the code (OpenID4VCI 1.0, section 4), to be taken at once."""

    document_type: DocumentType
    offer: str
    expires_at: str


@licences.post(
    "/activations",
    operation_id="activateLicenceAtCounter",
    status_code=201,
    response_model=ActivationAnswer,
    responses=SHEET,
)
def activate_licence(
    service: ServiceOf, actor: LicenceActor, body: CounterBody, accept: Accept = None
) -> Response | ActivationAnswer:
    """An activation code for somebody's licence. It replaces those of theirs that nobody used.

    The code is a secret and stored nowhere, hence no idempotency key: sent twice, the second code is the good one.
    """
    return told(service, LICENCE, _make(service, actor, LICENCE, body), accept)


@cards.post(
    "/activations",
    operation_id="activateCardAtCounter",
    status_code=201,
    response_model=ActivationAnswer,
    responses=SHEET,
)
def activate_card(
    service: ServiceOf, actor: CardActor, body: CounterBody, accept: Accept = None
) -> Response | ActivationAnswer:
    """An activation code for somebody's card."""
    return told(service, CARD, _make(service, actor, CARD, body), accept)


@router.post("/activations/redemptions", operation_id="redeemActivationCode", status_code=201)
def redeem_code(service: ServiceOf, request: Request, body: RedeemBody) -> RedeemedAnswer:
    """The offer behind an activation code: once. After ten wrong codes an address waits for ten minutes."""
    address = address_of(request.scope, service.settings.pace.proxies)
    document_type, made = redeem(service, address, body.code, body.second)
    return RedeemedAnswer(document_type=document_type, offer=made.uri, expires_at=rfc3339(made.expires_at))


def told(
    service: Service,
    document_type: DocumentType,
    made: Activation,
    accept: str | None,
    *,
    wants_second: bool | None = None,
) -> Response | ActivationAnswer:
    """A fresh code: as JSON, or as the sheet to print when the client asks for a PDF, the second part then in a header."""
    answer = ActivationAnswer(
        activation_id=made.activation_id,
        document_id=made.document_id,
        code=made.code,
        second=made.second,
        expires_at=rfc3339(made.expires_at),
        root=made.root,
    )
    if accept is None or PDF not in accept:
        return answer
    sheet = activation_page(
        document_type,
        made.code,
        made.root,
        service.settings.base_url,
        answer.expires_at,
        wants_second=made.second is not None if wants_second is None else wants_second,
    )
    headers = {"Laissez-Passer-Second": made.second} if made.second else {}
    return Response(sheet, 201, headers, PDF)


def _make(service: Service, actor: Actor, document_type: DocumentType, body: CounterBody) -> Activation:
    asked = Asked(
        document_type,
        body.registry_reference,
        actor.actor_id,
        {"by": "counter", "identity_document": body.identity_document},
        with_second=body.with_second,
    )
    open_ahead(service, document_type, body.registry_reference)
    with service.database.write() as connection:
        return make_activation(service, connection, asked)
