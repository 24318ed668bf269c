"""Discovery documents (OpenID4VCI 1.0, section 12.2; RFC 8414).

The private member `laissez_passer` names the domain roots and the trust lists. A phone does not believe it: it compares
the roots with the fingerprints that came with the offer, out of band, and pins them.
"""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from credentials.jws import b64url_encode
from credentials.spec import Domain
from wallet_api import entity_tags
from wallet_api.asked_service import ServiceOf
from wallet_api.wiring import Service

from .answers import AuthorizationServerMetadata, IssuerMetadata
from .configurations import CONFIGURATIONS
from .offer import PRE_AUTHORIZED, root_fingerprint

router = APIRouter(tags=["Découverte"])


@router.get(
    "/.well-known/openid-credential-issuer",
    operation_id="readIssuerMetadata",
    response_model=IssuerMetadata,
    responses=entity_tags.NOT_MODIFIED,
)
def read_issuer_metadata(service: ServiceOf, request: Request) -> Response:
    """What is issued here, where, and under which roots."""
    return _document(request, issuer_metadata(service))


@router.get(
    "/.well-known/oauth-authorization-server",
    operation_id="readAuthorizationServerMetadata",
    response_model=AuthorizationServerMetadata,
    responses=entity_tags.NOT_MODIFIED,
)
def read_authorization_server_metadata(service: ServiceOf, request: Request) -> Response:
    """Where tokens come from and how they are bound."""
    base = service.settings.base_url
    return _document(
        request,
        {
            "issuer": base,
            "token_endpoint": f"{base}/token",
            "grant_types_supported": [PRE_AUTHORIZED, "refresh_token"],
            "response_types_supported": [],
            "token_endpoint_auth_methods_supported": ["none"],
            "pre-authorized_grant_anonymous_access_supported": True,
            "dpop_signing_alg_values_supported": ["ES256"],
        },
    )


def issuer_metadata(service: Service) -> dict[str, object]:
    """The credential issuer's metadata; French names first."""
    base = service.settings.base_url
    return {
        "credential_issuer": base,
        "credential_endpoint": f"{base}/credential",
        "nonce_endpoint": f"{base}/nonce",
        "notification_endpoint": f"{base}/notification",
        "batch_credential_issuance": {"batch_size": service.settings.batch_size},
        "display": [
            {"name": "Laissez-passer (démonstrateur, service non officiel)", "locale": "fr-FR"},
            {"name": "Laissez-passer (demonstrator, unofficial service)", "locale": "en-GB"},
        ],
        "credential_configurations_supported": {name: one.metadata() for name, one in CONFIGURATIONS.items()},
        "laissez_passer": {
            "trust_lists": {domain: f"{base}/tuf/public/targets/trust/{domain}.cose" for domain in Domain},
            "roots": {domain: _root(service, domain) for domain in Domain},
            "pause_endpoint": f"{base}/wallet/pause",
            "resume_endpoint": f"{base}/wallet/resume",
        },
    }


def _root(service: Service, domain: Domain) -> dict[str, str]:
    return {
        "sha256": root_fingerprint(service, domain),
        "der_b64u": b64url_encode(service.keys.root_certificate(domain)),
    }


def _document(request: Request, content: dict[str, object]) -> Response:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return entity_tags.answer(request, text.encode(), "application/json", cache="public, max-age=300")
