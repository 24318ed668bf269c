"""Credential offers (OpenID4VCI 1.0, section 4): made by an operator for a person, handed over out of band.

The text also carries the fingerprints of the domain roots as private parameters: the phone pins what came with the
offer, not what the network says later.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType, Domain, Form
from wallet_api import audit
from wallet_api.audit.row import OFFER, digest_of_row
from wallet_api.identifiers import fingerprint, new_id
from wallet_api.issuance.documents import SYSTEM_ACTOR, open_document
from wallet_api.wiring import Service

from . import store
from .configurations import of_document
from .secrets_of_authority import new_authority_secret

PRE_AUTHORIZED: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
TX_CODE_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer's id and text, its transaction code if it has one (to be handed over apart), the document's id, its end."""

    uri: str
    tx_code: str | None
    document_id: str
    expires_at: int
    offer_id: str


def make_offer(
    service: Service,
    connection: Connection,
    document_type: DocumentType,
    reference: str,
    *,
    form: Form | None = None,
    with_tx_code: bool = False,
    seconds: int | None = None,
    actor_id: str = SYSTEM_ACTOR,
    why: audit.Detail | None = None,
) -> Offer:
    """Offer every view of a person's document, in one form or both, for `seconds` or as long as the settings say.

    The journal keeps who made it, `why`, and a digest: an offer that it does not know enrols a phone that it should not.
    Raises `WalletError` for nobody.
    """
    now = service.clock.now()
    expires_at = now + (service.settings.offer_seconds if seconds is None else seconds)
    document_id = open_document(service, connection, document_type, reference)
    authority_id = DOMAIN_OF[document_type].value
    code = new_authority_secret(authority_id)
    tx_code = f"{secrets.randbelow(10**TX_CODE_DIGITS):0{TX_CODE_DIGITS}}" if with_tx_code else None
    offer_id = new_id(now)
    row: dict[str, object] = {
        "authority_id": authority_id,
        "offer_id": offer_id,
        "document_id": document_id,
        "code_hash": fingerprint(code),
        "tx_code_hash": None if tx_code is None else fingerprint(code + tx_code),
        "attempts": 0,
        "created_at": now,
        "expires_at": expires_at,
    }
    store.add_offer(connection, row)
    audit.append(
        connection,
        authority_id,
        now=now,
        actor_id=actor_id,
        act="offer_made",
        subject_id=document_id,
        detail={"offer": offer_id, "made": digest_of_row(row, OFFER), **(why or {})},
    )
    uri = _uri(service, of_document(document_type, form), code, tx_code)
    return Offer(uri, tx_code, document_id, expires_at, offer_id)


def _uri(service: Service, configurations: list[str], code: str, tx_code: str | None) -> str:
    grant: dict[str, object] = {"pre-authorized_code": code}
    if tx_code is not None:
        grant["tx_code"] = {"input_mode": "numeric", "length": TX_CODE_DIGITS}
    offer = {
        "credential_issuer": service.settings.base_url,
        "credential_configuration_ids": configurations,
        "grants": {PRE_AUTHORIZED: grant},
    }
    parameters = {"credential_offer": json.dumps(offer, separators=(",", ":"))}
    for domain in Domain:
        parameters[f"lp_root_{domain}"] = root_fingerprint(service, domain)
    return f"openid-credential-offer://?{urlencode(parameters)}"


def root_fingerprint(service: Service, domain: Domain) -> str:
    """SHA-256 of a domain root's certificate in hexadecimal; it travels with the offer."""
    return hashlib.sha256(service.keys.root_certificate(domain)).hexdigest()
