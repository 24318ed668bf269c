"""The holder's own acts, asked for by the wallet with its token and a DPoP proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Header
from sqlalchemy import Connection

from wallet_api.asked_service import ServiceOf
from wallet_api.authority.store import lock_document
from wallet_api.openapi.raises import raises
from wallet_api.openid4vci import dpop
from wallet_api.openid4vci.credential import authenticate, present
from wallet_api.openid4vci.store import WalletRow
from wallet_api.publication.run import publish_after_act
from wallet_api.strict_route import StrictRoute
from wallet_api.wiring import Service

from .life import pause, resume_on_phone

router = APIRouter(tags=["Téléphone"], prefix="/wallet", route_class=StrictRoute)
Authorization = Annotated[str | None, Header()]
Proof = Annotated[str | None, Header(alias="DPoP")]


@router.post("/pause", operation_id="pauseDocument", status_code=204)
def pause_document(service: ServiceOf, authorization: Authorization = None, proof: Proof = None) -> None:
    """Pause the document on this phone; reversible."""
    _act(service, "/wallet/pause", authorization, proof, pause)


@router.post(
    "/resume", operation_id="resumeDocument", status_code=204, openapi_extra=raises("paused-elsewhere")
)
def resume_document(service: ServiceOf, authorization: Authorization = None, proof: Proof = None) -> None:
    """End a pause that began on this phone; what the authority decided stays."""
    _act(service, "/wallet/resume", authorization, proof, resume_on_phone)


def _act(
    service: Service,
    path: str,
    authorization: str | None,
    proof: str | None,
    act: Callable[[Connection, WalletRow, int], None],
) -> None:
    wallet, held, token = authenticate(service, path, authorization, proof)
    with service.database.write() as connection:
        lock_document(connection, wallet.authority_id, wallet.document_id, wallet.document_type)
        dpop.spend(connection, held)
        now = service.clock.now()
        wallet = present(connection, token, held, now)  # it may have been paused while this one waited
        act(connection, wallet, now)
    publish_after_act(service)
