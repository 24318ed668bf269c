"""Make an activation code for a document, in the caller's transaction; it replaces those that nobody used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType, Domain
from wallet_api import audit
from wallet_api.audit.row import ACTIVATION, digest_of_row
from wallet_api.authority.standing import require_good_standing
from wallet_api.authority.store import begin_act
from wallet_api.identifiers import fingerprint, new_id
from wallet_api.issuance.documents import open_document
from wallet_api.openid4vci.offer import root_fingerprint
from wallet_api.problems import WalletError
from wallet_api.wiring import Service

from . import store
from .code import new_code, new_second, plain

_HOUR: Final = 3_600


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom a code is made, who makes it, and what the journal keeps of why. `second_hash`: a second part that is known already."""

    document_type: DocumentType
    reference: str
    actor_id: str
    detail: audit.Detail
    with_second: bool = False
    second_hash: str | None = None
    mandate_id: str | None = None


@dataclass(frozen=True, slots=True)
class Activation:
    """A code to print, the second part to be told apart from it, its end, and the root that the phone should pin."""

    code: str
    second: str | None
    activation_id: str
    document_id: str
    expires_at: int
    root: str


def make_activation(service: Service, connection: Connection, asked: Asked) -> Activation:
    """Make it. Raises `WalletError`: nobody, no answer, suspended or revoked, too many in an hour."""
    now, authority_id = service.clock.now(), DOMAIN_OF[asked.document_type].value
    if (
        store.made_since(connection, authority_id, asked.actor_id, now - _HOUR)
        >= service.settings.acts_per_hour
    ):
        raise WalletError("too-many-acts", retry_after=_HOUR)
    document_id = open_document(service, connection, asked.document_type, asked.reference)
    begin_act(connection, authority_id, document_id, asked.document_type.value)
    require_good_standing(connection, authority_id, document_id, now)
    replaced = store.end_open(connection, authority_id, document_id, now)
    code = new_code(authority_id)
    second = new_second() if asked.with_second else None
    activation_id, expires_at = new_id(now), now + service.settings.activation_seconds
    second_hash = asked.second_hash if second is None else fingerprint(plain(code) + second)
    row: dict[str, object] = {
        "authority_id": authority_id,
        "activation_id": activation_id,
        "document_id": document_id,
        "code_hash": fingerprint(plain(code)),
        "second_hash": second_hash,
        "attempts": 0,
        "mandate_id": asked.mandate_id,
        "created_at": now,
        "expires_at": expires_at,
        "ended_at": None,
        "actor_id": asked.actor_id,
    }
    store.add(connection, row)
    audit.append(
        connection,
        authority_id,
        now=now,
        actor_id=asked.actor_id,
        act="activation_made",
        subject_id=document_id,
        detail={
            "activation": activation_id,
            "made": digest_of_row(row, ACTIVATION),
            "replaced": replaced,
            **asked.detail,
        },
    )
    root = root_fingerprint(service, Domain(authority_id))
    return Activation(code, second, activation_id, document_id, expires_at, root)
