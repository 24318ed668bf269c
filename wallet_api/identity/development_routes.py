"""`/dev/`: the development issuer over HTTP. Included in demonstration homes alone; elsewhere these are 404.

A page of another site could point its own name at this machine and ask for a token; so only a loopback `Host` is
answered, and the token comes back to nobody by redirection.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse

from wallet_api.problems import WalletError
from wallet_api.strict_route import StrictRoute

from .development import TOKEN_SECONDS, DevelopmentIssuer
from .fictitious_callers import CALLERS

router = APIRouter(prefix="/dev", tags=["Connexion"], route_class=StrictRoute)
_LOOPBACK_HOST: Final = re.compile(r"(?:127\.[0-9.]{5,11}|localhost|\[::1\]|testserver)(?::[0-9]{1,5})?")
_LEVELS: Final = r"^eidas[123]$"


@router.get(
    "/.well-known/openid-configuration", operation_id="readDevelopmentIssuer", response_model=dict[str, Any]
)
def read_issuer(request: Request) -> JSONResponse:
    """Demonstration only: where the development issuer's keys and tokens are."""
    issuer = _issuer(request)
    return JSONResponse(
        {
            "issuer": issuer.issuer,
            "jwks_uri": f"{issuer.issuer}/jwks",
            "token_endpoint": f"{issuer.issuer}/token",
            "response_types_supported": ["none"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "acr_values_supported": ["eidas1", "eidas2", "eidas3"],
            "fictitious_names": {one.name: one.role.value for one in CALLERS.values()},
            "notice": "Démonstrateur, service non officiel, données fictives.",
        }
    )


@router.get("/jwks", operation_id="readDevelopmentKeys", response_model=dict[str, Any])
def read_keys(request: Request) -> JSONResponse:
    """Demonstration only: the public key of the development issuer."""
    return JSONResponse(_issuer(request).key_set(), media_type="application/jwk-set+json")


@router.post("/token", operation_id="requestDevelopmentToken", response_model=dict[str, Any])
def request_token(
    request: Request,
    name: Annotated[str, Form(pattern=r"^[a-z]{1,32}$")],
    acr: Annotated[str | None, Form(pattern=_LEVELS)] = None,
) -> JSONResponse:
    """Demonstration only: an access token for an invented person, without any password."""
    issuer = _issuer(request)
    if name not in CALLERS:
        raise WalletError("not-found")
    issuer.warn_once()
    token = issuer.mint(name, request.app.state.service.clock.now(), acr=acr)
    content = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
    return JSONResponse(content, headers={"Cache-Control": "no-store"})


def _issuer(request: Request) -> DevelopmentIssuer:
    issuer: DevelopmentIssuer | None = request.app.state.service.development
    if issuer is None or not _LOOPBACK_HOST.fullmatch(request.headers.get("host", "")):
        raise WalletError("not-found")
    return issuer
