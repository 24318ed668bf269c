"""What a citizen does about phones, without having one at hand: loss, pause and resume, an offer for another."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response
from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import ObjectId, perform_once
from wallet_api.authority.standing import require_good_standing
from wallet_api.authority.store import begin_act
from wallet_api.clock import rfc3339
from wallet_api.idempotency import IdempotencyKey
from wallet_api.issuance.documents import open_ahead
from wallet_api.openid4vci.offer import make_offer
from wallet_api.openid4vci.store import WalletRow, end_offers
from wallet_api.private_route import PrivateRoute
from wallet_api.problems import WalletError
from wallet_api.wallets.life import pause, resume
from wallet_api.wiring import Service

from . import store
from .lose import lose_phones
from .owner import BOTH, CitizenOf, Owner, OwnerOf, owner
from .schemas import LossAnswer, LossBody, Nothing, OfferAnswer, OfferBody, PauseAnswer

router = APIRouter(prefix="/me", tags=["Mon espace"], route_class=PrivateRoute)
NothingToSay = Annotated[Nothing | None, Body()]


@router.post("/devices/losses", operation_id="reportMyPhoneLost", status_code=201, response_model=LossAnswer)
def report_loss(
    service: ServiceOf, citizen: CitizenOf, body: LossBody, key: IdempotencyKey = None
) -> Response:
    """My phone is lost: revoke, now and for good, what it holds of my licence and of my card.

    A registry that does not answer keeps the other document from nothing; the answer says what was not asked.
    """
    found = owner(service, citizen, BOTH, patient=True)

    def act(connection: Connection, now: int) -> LossAnswer:
        return lose_phones(connection, found, body.wallet_ids, now)

    return perform_once(service, citizen.actor, key, "/me/devices/losses", body, act)


@router.post(
    "/devices/{wallet_id}/pause", operation_id="pauseMyDevice", status_code=201, response_model=PauseAnswer
)
def pause_device(
    service: ServiceOf,
    owner: OwnerOf,
    wallet_id: ObjectId,
    body: NothingToSay = None,  # noqa: ARG001 - anything in it is refused
    key: IdempotencyKey = None,
) -> Response:
    """Suspend what this phone holds of the document until I resume it; reversible."""
    return _switch(service, owner, wallet_id, key, paused=True)


@router.post(
    "/devices/{wallet_id}/resume", operation_id="resumeMyDevice", status_code=201, response_model=PauseAnswer
)
def resume_device(
    service: ServiceOf,
    owner: OwnerOf,
    wallet_id: ObjectId,
    body: NothingToSay = None,  # noqa: ARG001 - anything in it is refused
    key: IdempotencyKey = None,
) -> Response:
    """End the pause; what an authority decided stays."""
    return _switch(service, owner, wallet_id, key, paused=False)


@router.post("/documents/{document_type}/offers", operation_id="offerToMyOtherPhone", status_code=201)
def offer_to_phone(
    service: ServiceOf, citizen: CitizenOf, document_type: DocumentType, body: OfferBody
) -> OfferAnswer:
    """An offer for another phone of mine; what the first one holds stays.

    It replaces whatever offers of the document nobody took, so that a request sent twice leaves one good offer. Its text is
    a secret and stored nowhere, hence no idempotency key.
    """
    mine = owner(service, citizen, (document_type,)).of(document_type)
    authority_id, now = mine.authority_id, service.clock.now()
    document_id = open_ahead(service, document_type, mine.reference)
    with service.database.write() as connection:
        begin_act(connection, authority_id, document_id, document_type.value)
        require_good_standing(connection, authority_id, document_id, now)
        ended = end_offers(connection, authority_id, document_id, now)
        made = make_offer(
            service,
            connection,
            document_type,
            mine.reference,
            form=body.chosen,
            with_tx_code=body.with_code,
            actor_id=citizen.id_in(authority_id),
            why={"by": "holder", "replaced": ended},
        )
    return OfferAnswer(offer=made.uri, tx_code=made.tx_code, expires_at=rfc3339(made.expires_at))


def _switch(service: Service, mine: Owner, wallet_id: str, key: str | None, *, paused: bool) -> Response:
    word = "pause" if paused else "resume"

    def act(connection: Connection, now: int) -> PauseAnswer:
        wallet = _locked(connection, mine, wallet_id)
        if wallet.lost:
            raise WalletError("wallet-lost")
        (pause if paused else resume)(connection, wallet, now, mine.citizen.id_in(wallet.authority_id))
        return PauseAnswer(wallet_id=wallet_id, paused=paused, at=rfc3339(now))

    path = f"/me/devices/{wallet_id}/{word}"
    return perform_once(service, mine.citizen.actor, key, path, Nothing(), act)


def _locked(connection: Connection, mine: Owner, wallet_id: str) -> WalletRow:
    """The owner's phone, read while acts on its document wait. Raises `WalletError` for anybody else's."""
    wallet = store.wallet_row(connection, mine.owned, wallet_id)
    if wallet is not None:
        begin_act(connection, wallet.authority_id, wallet.document_id, wallet.document_type)
        wallet = store.wallet_row(connection, mine.owned, wallet_id)
    if wallet is None:
        raise WalletError("not-found")
    return wallet
