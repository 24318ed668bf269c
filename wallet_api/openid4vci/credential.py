"""The credential endpoint (OpenID4VCI 1.0, section 8): one configuration a request, one key proof a credential.

- The access token is bound to the wallet's key: each request carries a DPoP proof over the token.
- Key proofs carry the nonce, which is spent in the transaction that records the credentials.
- For paper exactly one proof is asked, for freshness; the credential holds no device key.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from credentials.cose_key import P256Key
from credentials.credential import to_sd_jwt
from credentials.jws import b64url_encode
from credentials.spec import Form
from credentials.stages import CredentialBytes
from wallet_api.access import require_pace
from wallet_api.asked_service import ServiceOf
from wallet_api.identifiers import new_secret
from wallet_api.issuance.issue import Order, issue
from wallet_api.openapi.raises import raises
from wallet_api.problems import WalletError
from wallet_api.strict_route import StrictRoute
from wallet_api.wiring import Service

from . import dpop, store
from .answers import IssuedCredentials
from .configurations import CONFIGURATIONS, Configuration
from .dpop import DpopProof
from .own_key_jwt import OwnKeyJwtInvalid, read, require_recent
from .secrets_of_authority import authority_of
from .store import WalletRow

router = APIRouter(tags=["Délivrance"], route_class=StrictRoute)
PROOF_TYP: Final = "openid4vci-proof+jwt"


class Proofs(BaseModel):
    """Key proofs of one type."""

    model_config = ConfigDict(extra="forbid")
    jwt: list[str] = Field(
        min_length=1,
        max_length=64,
        examples=[["eyJ0eXAiOiJvcGVuaWQ0dmNpLXByb29mK2p3dCJ9.eyJub25jZSI6Ii4uLiJ9.c2ln"]],
    )


class PrivateOptions(BaseModel):
    """Our own member: whether the portrait is wanted."""

    portrait: bool = False


class CredentialRequest(BaseModel):
    """A credential request; members that this issuer does not know are passed over, as OAuth has it."""

    credential_configuration_id: str = Field(max_length=120)
    proofs: Proofs
    laissez_passer: PrivateOptions = PrivateOptions()


class Notification(BaseModel):
    """What became of credentials on the phone (OpenID4VCI 1.0, section 11)."""

    notification_id: str = Field(max_length=128)
    event: Literal["credential_accepted", "credential_failure", "credential_deleted"]


@router.post(
    "/credential",
    operation_id="requestCredential",
    response_model=IssuedCredentials,
    openapi_extra=raises(
        "configuration-unknown",
        "proof-refused",
        "nonce-refused",
        "device-key-used",
        "wallet-paused",
        "credential-denied",
        "registry-silent",
        "person-unknown",
        "signing-unavailable",
    ),
)
def request_credential(
    service: ServiceOf,
    body: CredentialRequest,
    authorization: Annotated[str | None, Header()] = None,
    proof: Annotated[str | None, Header(alias="DPoP")] = None,
) -> Response:
    """Credentials of one view in one form, one for each device key."""
    wallet, held, token = authenticate(service, "/credential", authorization, proof)
    configuration = CONFIGURATIONS.get(body.credential_configuration_id)
    if configuration is None or configuration.document_type != wallet.document_type:
        raise WalletError("configuration-unknown")
    if len(body.proofs.jwt) > service.settings.batch_size or (
        configuration.paper and len(body.proofs.jwt) != 1
    ):
        raise WalletError("credential-request-refused")
    keys, nonce = _read_proofs(service, body.proofs.jwt)

    def spend(connection: Connection) -> WalletRow:
        now = service.clock.now()
        proved, good = dpop.ask_spend(connection, held), store.use_nonce(connection, nonce, now)
        asked = store.ask_wallet(connection, wallet.authority_id, token, store.ACCESS, now)
        dpop.require_fresh(proved)
        if good.count == 0:
            raise WalletError("nonce-refused")
        return _require_bound(store.found_wallet(asked), held)

    device_keys: tuple[P256Key | None, ...] = (None,) if configuration.paper else keys
    order = Order(configuration, device_keys, body.laissez_passer.portrait)
    made = issue(service, wallet, order, spend)
    answer = {
        "credentials": [{"credential": _spelt(configuration, one)} for one in made],
        "notification_id": new_secret(12),
    }
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


@router.post("/notification", operation_id="notify", status_code=204)
def notify(
    service: ServiceOf,
    body: Notification,  # noqa: ARG001 - the schema is the point: anything else is refused
    authorization: Annotated[str | None, Header()] = None,
    proof: Annotated[str | None, Header(alias="DPoP")] = None,
) -> None:
    """Take note of what became of credentials; nothing is stored."""
    _, held, _ = authenticate(service, "/notification", authorization, proof)
    with service.database.write() as connection:
        dpop.spend(connection, held)


def authenticate(
    service: Service, path: str, authorization: str | None, proof: str | None
) -> tuple[WalletRow, DpopProof, str]:
    """The wallet that calls, its proof still to be spent, and its token. Raises `WalletError` (401, 429)."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "dpop" or not token:
        raise WalletError("token-refused")
    now = service.clock.now()
    address = f"{service.settings.base_url}{path}"
    held = dpop.check(proof, method="POST", address=address, now=now, access_token=token)
    with service.database.read() as connection:
        wallet = _require_wallet(connection, token, held, now)
    require_pace(service, wallet.wallet_id)
    return wallet, held, token


def present(connection: Connection, token: str, held: DpopProof, now: int) -> WalletRow:
    """The wallet that calls as it stands now; for a transaction that has locked its document. Raises `WalletError`."""
    return _require_wallet(connection, token, held, now)


def _require_wallet(connection: Connection, token: str, held: DpopProof, now: int) -> WalletRow:
    authority_id = authority_of(token)
    if authority_id is None:
        raise WalletError("token-refused")
    return _require_bound(store.find_wallet(connection, authority_id, token, store.ACCESS, now), held)


def _require_bound(wallet: WalletRow | None, held: DpopProof) -> WalletRow:
    """The wallet of a token, whose key the proof holds. Raises `WalletError`."""
    if wallet is None or wallet.lost or not hmac.compare_digest(wallet.thumbprint, held.thumbprint):
        raise WalletError("token-refused")
    return wallet


def _read_proofs(service: Service, texts: list[str]) -> tuple[tuple[P256Key, ...], str]:
    """The keys proved, in order, and the one nonce that all proofs carry."""
    now, keys, nonces = service.clock.now(), [], set()
    for text in texts:
        try:
            proof = read(text, PROOF_TYP)
            require_recent(proof.payload, now)
        except OwnKeyJwtInvalid:
            raise WalletError("proof-refused") from None
        if proof.payload.get("aud") != service.settings.base_url:
            raise WalletError("proof-refused")
        keys.append(proof.key)
        nonces.add(proof.payload.get("nonce"))
    nonce = nonces.pop()
    if nonces or not isinstance(nonce, str):
        raise WalletError("nonce-refused")
    return tuple(keys), nonce


def _spelt(configuration: Configuration, made: CredentialBytes) -> str:
    return to_sd_jwt(made) if configuration.form is Form.JWT else b64url_encode(made)
