"""The token endpoint: an offer's code, or a refresh token, becomes a pair of tokens bound to the wallet's key.

- The code is good once; a transaction code may be tried five times.
- A refresh token is good once and for the key that took up the offer; it is refused while the document is suspended or
  revoked, or the phone is lost (decisions.md, section 8).
"""

from __future__ import annotations

import hmac
from typing import Annotated, Final

from fastapi import APIRouter, Form, Header, Response
from fastapi.responses import JSONResponse
from sqlalchemy import Connection

from wallet_api.asked_service import ServiceOf
from wallet_api.authority.standing import require_good_standing
from wallet_api.identifiers import fingerprint
from wallet_api.openapi.raises import raises
from wallet_api.problems import WalletError
from wallet_api.strict_route import StrictRoute
from wallet_api.wallets.enrol import enrol
from wallet_api.wiring import Service

from . import answers, dpop, store
from .dpop import DpopProof
from .offer import PRE_AUTHORIZED
from .secrets_of_authority import authority_of, new_authority_secret

router = APIRouter(tags=["Délivrance"], route_class=StrictRoute)
TX_CODE_ATTEMPTS: Final = 5
Tokens = dict[str, str | int]


@router.post(
    "/token",
    operation_id="requestToken",
    response_model=answers.Tokens,
    openapi_extra=raises(
        "unsupported-grant",
        "grant-refused",
        "tx-code-wrong",
        "wallet-lost",
        "document-suspended",
        "document-revoked",
    ),
)
def request_token(
    service: ServiceOf,
    grant_type: Annotated[str, Form()],
    code: Annotated[str, Form(alias="pre-authorized_code")] = "",
    tx_code: Annotated[str, Form()] = "",
    refresh_token: Annotated[str, Form()] = "",
    proof: Annotated[str | None, Header(alias="DPoP")] = None,
) -> Response:
    """Tokens for an offer's code or for a refresh token (RFC 6749, RFC 9449)."""
    now = service.clock.now()
    held = dpop.check(proof, method="POST", address=f"{service.settings.base_url}/token", now=now)
    if grant_type == PRE_AUTHORIZED:
        tokens = take_up_offer(service, code, tx_code, held)
    elif grant_type == "refresh_token":
        tokens = renew(service, refresh_token, held)
    else:
        raise WalletError("unsupported-grant")
    return JSONResponse(tokens, headers={"Cache-Control": "no-store"})


def take_up_offer(service: Service, code: str, tx_code: str, held: DpopProof) -> Tokens:
    """Enrol the wallet that brings the code. Raises `WalletError`."""
    now, authority_id = service.clock.now(), authority_of(code)
    if authority_id is None:
        raise WalletError("grant-refused")
    with service.database.write() as connection:
        dpop.spend(connection, held)
        store.lock_document_of(connection, authority_id, code)
        offer = store.find_offer(connection, authority_id, code)
        if (
            offer is None
            or offer.taken_at is not None
            or offer.expires_at <= now
            or offer.attempts >= TX_CODE_ATTEMPTS
        ):
            raise WalletError("grant-refused")
        wrong = offer.tx_code_hash is not None and not hmac.compare_digest(
            offer.tx_code_hash, fingerprint(code + tx_code)
        )
        if not wrong:
            return _enrol(service, connection, authority_id, offer.offer_id, offer.document_id, held)
        store.count_attempt(connection, authority_id, offer.offer_id)
    raise WalletError("tx-code-wrong")  # outside the transaction: the attempt must stay counted


def _enrol(
    service: Service,
    connection: Connection,
    authority_id: str,
    offer_id: str,
    document_id: str,
    held: DpopProof,
) -> Tokens:
    now = service.clock.now()
    require_good_standing(connection, authority_id, document_id, now)
    if not store.take_offer(connection, authority_id, offer_id, now):
        raise WalletError("grant-refused")
    wallet_id = enrol(connection, authority_id, document_id, held.thumbprint, now, {"offer": offer_id})
    return _grant(service, connection, authority_id, wallet_id, document_id)


def renew(service: Service, refresh_token: str, held: DpopProof) -> Tokens:
    """A new pair for a refresh token, which is spent. Raises `WalletError`."""
    now, authority_id = service.clock.now(), authority_of(refresh_token)
    if authority_id is None:
        raise WalletError("grant-refused")
    with service.database.write() as connection:
        dpop.spend(connection, held)
        wallet = store.find_wallet(connection, authority_id, refresh_token, store.REFRESH, now)
        if wallet is None or not hmac.compare_digest(wallet.thumbprint, held.thumbprint):
            raise WalletError("grant-refused")
        if wallet.lost:
            raise WalletError("wallet-lost")
        require_good_standing(connection, authority_id, wallet.document_id, now)
        if not store.use_refresh_token(connection, authority_id, refresh_token, now):
            raise WalletError("grant-refused")
        return _grant(service, connection, authority_id, wallet.wallet_id, wallet.document_id)


def _grant(
    service: Service, connection: Connection, authority_id: str, wallet_id: str, document_id: str
) -> Tokens:
    now, settings = service.clock.now(), service.settings
    lives = {store.ACCESS: settings.access_seconds, store.REFRESH: settings.refresh_seconds}
    tokens = {kind: new_authority_secret(authority_id) for kind in lives}
    for kind, life in lives.items():
        store.add_grant(
            connection,
            {
                "authority_id": authority_id,
                "token_hash": fingerprint(tokens[kind]),
                "kind": kind,
                "wallet_id": wallet_id,
                "document_id": document_id,
                "expires_at": now + life,
            },
        )
    return {
        "access_token": tokens[store.ACCESS],
        "token_type": "DPoP",
        "expires_in": settings.access_seconds,
        "refresh_token": tokens[store.REFRESH],
    }
