"""The nonce endpoint (OpenID4VCI 1.0, section 7): unauthenticated, never cached, each nonce good once."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from wallet_api.asked_service import ServiceOf
from wallet_api.identifiers import new_secret
from wallet_api.strict_route import StrictRoute

from . import store
from .answers import FreshNonce

router = APIRouter(tags=["Délivrance"], route_class=StrictRoute)


@router.post("/nonce", operation_id="requestNonce", response_model=FreshNonce)
def request_nonce(service: ServiceOf) -> Response:
    """A fresh `c_nonce` for key proofs."""
    now, nonce = service.clock.now(), new_secret(24)
    with service.database.write() as connection:
        store.purge(connection, now)
        store.add_nonce(connection, nonce, now + service.settings.nonce_seconds)
    return JSONResponse({"c_nonce": nonce}, headers={"Cache-Control": "no-store"})
