"""Where a document stands, finding one, and the loss of a phone."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.clock import rfc3339
from wallet_api.issuance.documents import deciding, open_ahead
from wallet_api.points.current import invalid_since
from wallet_api.problems import WalletError
from wallet_api.proposals import store as proposals
from wallet_api.strict_route import StrictRoute
from wallet_api.wallets import store as wallets
from wallet_api.wallets.life import lose
from wallet_api.wiring import Service

from . import store
from .kinds import FINAL, MeasureKind
from .perform import (
    CARD,
    LICENCE,
    ActTerms,
    CardActor,
    LicenceActor,
    ObjectId,
    Terms,
    path_of,
    perform,
    tag_of,
)
from .right_to_drive import right_to_drive
from .schemas import (
    Body,
    DocumentAnswer,
    Found,
    LicenceAnswer,
    LiftBody,
    MeasureAnswer,
    SearchBody,
    WalletAnswer,
    recorded_measure,
    right_answer,
)
from .standing import in_force, state_of_title

licences = APIRouter(prefix="/authority/licences", tags=["Permis"], route_class=StrictRoute)
cards = APIRouter(prefix="/authority/cards", tags=["Carte Vitale"], route_class=StrictRoute)


@licences.post(
    "/{licence_id}/wallets/{wallet_id}/losses",
    operation_id="loseLicenceWallet",
    status_code=201,
    response_model=MeasureAnswer,
)
def lose_licence_wallet(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    wallet_id: ObjectId,
    body: LiftBody,
    terms: Terms,
) -> Response:
    """Revoke what a lost phone holds; the right stays."""
    return _lose(service, actor, (LICENCE, licence_id), wallet_id, body, terms)


@cards.post(
    "/{card_id}/wallets/{wallet_id}/losses",
    operation_id="loseCardWallet",
    status_code=201,
    response_model=MeasureAnswer,
)
def lose_card_wallet(
    service: ServiceOf,
    actor: CardActor,
    card_id: ObjectId,
    wallet_id: ObjectId,
    body: LiftBody,
    terms: Terms,
) -> Response:
    """Revoke what a lost phone holds of a card."""
    return _lose(service, actor, (CARD, card_id), wallet_id, body, terms)


@licences.post("/searches", operation_id="findLicence")
def find_licence(service: ServiceOf, actor: LicenceActor, body: SearchBody) -> Found:
    """The id of a licence. It is opened when nobody asked for it before: acts reach who never took the digital licence."""
    return _found(service, actor, LICENCE, body)


@cards.post("/searches", operation_id="findCard")
def find_card(service: ServiceOf, actor: CardActor, body: SearchBody) -> Found:
    """The id of a card. It is opened when nobody asked for it before."""
    return _found(service, actor, CARD, body)


@licences.get("/{licence_id}", operation_id="readLicence")
def read_licence(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, response: Response
) -> LicenceAnswer:
    """Where a licence stands; points are not in it (they are asked for by themselves)."""
    now = service.clock.now()
    with service.database.read() as connection:
        answer, version = _document(connection, actor, (LICENCE, licence_id), now)
        measures = store.measures_of(connection, actor.authority_id, licence_id, now)
        zero_since = invalid_since(connection, actor.authority_id, licence_id, now)
    shown = LicenceAnswer(
        **dict(answer),
        right=right_answer(right_to_drive(measures, zero_since, now)),
        title=state_of_title(measures, now),
    )
    response.headers["ETag"] = tag_of(version, shown)
    return shown


@cards.get("/{card_id}", operation_id="readCard")
def read_card(service: ServiceOf, actor: CardActor, card_id: ObjectId, response: Response) -> DocumentAnswer:
    """Where a card stands."""
    with service.database.read() as connection:
        shown, version = _document(connection, actor, (CARD, card_id), service.clock.now())
    response.headers["ETag"] = tag_of(version, shown)
    return shown


def _lose(
    service: Service,
    actor: Actor,
    document: tuple[DocumentType, str],
    wallet_id: str,
    body: Body,
    terms: ActTerms,
) -> Response:
    def act(connection: Connection, now: int) -> MeasureAnswer:
        lose(connection, actor.authority_id, document[1], wallet_id, now, actor.actor_id)
        return MeasureAnswer(measure_id=wallet_id, kind="loss", since=rfc3339(now), released_at=rfc3339(now))

    path = f"{path_of(document)}/wallets/{wallet_id}/losses"
    return perform(service, actor, terms, path, body, document, act)


def _found(service: Service, actor: Actor, document_type: DocumentType, body: SearchBody) -> Found:
    asking = deciding(document_type, actor.actor_id)
    return Found(document_id=open_ahead(service, document_type, body.registry_reference, asking))


def _document(
    connection: Connection, actor: Actor, document: tuple[DocumentType, str], now: int
) -> tuple[DocumentAnswer, int]:
    """What is shown of a document, and its version. Raises `WalletError`."""
    document_type, document_id = document
    version = store.version_of(connection, actor.authority_id, document_id, document_type.value)
    if version is None:
        raise WalletError("not-found")
    measures = store.measures_of(connection, actor.authority_id, document_id, now)
    phones = wallets.wallets_of(connection, actor.authority_id, document_id)
    waiting = proposals.open_about(connection, actor.authority_id, document_id, now)
    kinds = {one.kind for one in measures if in_force(one, now)}
    shown = DocumentAnswer(
        document_id=document_id,
        suspended=MeasureKind.SUSPENSION in kinds,
        revoked=bool(kinds & FINAL),
        measures=[recorded_measure(one, now) for one in measures],
        open_proposals=waiting,
        wallets=[
            WalletAnswer(
                wallet_id=row.wallet_id,
                enrolled_at=rfc3339(row.enrolled_at),
                paused=row.paused_at is not None,
                lost=row.lost_at is not None,
            )
            for row in phones
        ],
    )
    return shown, version
