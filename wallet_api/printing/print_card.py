"""Print a card: the request once for its key, then the credential, then the page. Nothing of the page is stored.

1. In one transaction: the key, the person's pace, the document's standing, the row of the journal.
2. Issuing as for every credential, with no device key.
3. The page. It exists in this answer alone: a lost answer is asked for again under another key, and the card that nobody
   holds ends by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel
from sqlalchemy import Connection

from credentials import credential as credential_format
from credentials.spec import DOMAIN_OF, DocumentType, Form, StatusValue
from credentials.views import View
from wallet_api import audit, idempotency
from wallet_api.access import Actor
from wallet_api.authority.perform import perform_once
from wallet_api.authority.standing import require_good_standing
from wallet_api.authority.store import begin_act
from wallet_api.clock import rfc3339
from wallet_api.identifiers import new_id
from wallet_api.issuance import store as issuance
from wallet_api.issuance.documents import open_ahead
from wallet_api.issuance.issue import Order, issue
from wallet_api.issuance.store import Cause, CauseClass
from wallet_api.openid4vci.configurations import Configuration
from wallet_api.openid4vci.store import WalletRow
from wallet_api.problems import WalletError
from wallet_api.wallets.store import PAPER_DESK
from wallet_api.wiring import Service

from . import store
from .card_page import card_page, code_text

_TYPE = DocumentType.DRIVING_LICENCE


@dataclass(frozen=True, slots=True)
class Printing:
    """Whose card, which view, who prints, under which address and key, and what the journal keeps of why."""

    reference: str
    view: View
    actor: Actor
    recorded_as: str
    """The actor's id in the licence authority's journal."""
    path: str
    key: str | None
    body: BaseModel
    detail: audit.Detail


class CardAnswer(BaseModel):
    """What the service keeps of the answer: the document alone."""

    document_id: str
    wallet_id: str
    printed_at: str


@dataclass(frozen=True, slots=True)
class PrintedCard:
    """A page, and the id of the credential on it."""

    pdf: bytes
    credential_id: str
    expires_at: int


def print_card(service: Service, wanted: Printing) -> PrintedCard:
    """Print it. Raises `WalletError`; `printed-already` when the key has served: the page was in that answer alone."""
    authority_id = DOMAIN_OF[_TYPE].value
    document_id = open_ahead(service, _TYPE, wanted.reference)
    made: list[CardAnswer] = []

    def act(connection: Connection, now: int) -> CardAnswer:
        begin_act(connection, authority_id, document_id, _TYPE.value)
        require_good_standing(connection, authority_id, document_id, now)
        wallet_id = store.paper_desk(connection, authority_id, document_id, now)
        audit.append(
            connection,
            authority_id,
            now=now,
            actor_id=wanted.recorded_as,
            act="card_print_asked",
            subject_id=document_id,
            detail={"view": wanted.view.value, **wanted.detail},
        )
        made.append(CardAnswer(document_id=document_id, wallet_id=wallet_id, printed_at=rfc3339(now)))
        return made[0]

    answer = perform_once(service, wanted.actor, wanted.key, wanted.path, wanted.body, act)
    if idempotency.replayed(answer) or not made:
        raise WalletError("printed-already")
    return _printed(service, wanted, authority_id, made[0])


def _printed(service: Service, wanted: Printing, authority_id: str, made: CardAnswer) -> PrintedCard:
    wallet = WalletRow(
        authority_id,
        made.wallet_id,
        made.document_id,
        _TYPE.value,
        wanted.reference,
        PAPER_DESK,
        paused=False,
        lost=False,
    )
    order = Order(Configuration(wanted.view, Form.CBOR, paper=True), (None,), portrait=False)
    content = issue(service, wallet, order, lambda _: wallet)[0]
    claims = credential_format.read(Form.CBOR, content).decode_claims()
    number = int(claims.status.uri.rpartition("/")[2])
    with service.database.read() as connection:
        credential_id = store.credential_at(connection, authority_id, number, claims.status.index)
    page = card_page(code_text(Form.CBOR, claims, content), claims, credential_id)
    return PrintedCard(page, credential_id, claims.expires_at)


def lose_card(connection: Connection, document_id: str, credential_id: str, actor_id: str, now: int) -> None:
    """Revoke one printed card, whoever printed it. Raises `WalletError`: no such card, or revoked already."""
    authority_id = DOMAIN_OF[_TYPE].value
    begin_act(connection, authority_id, document_id, _TYPE.value)
    if not store.is_printed(connection, authority_id, document_id, credential_id):
        raise WalletError("not-found")
    if store.is_revoked(connection, authority_id, credential_id):
        raise WalletError("card-lost-already")
    cause = Cause(CauseClass.HOLDER, StatusValue.REVOKED, now, new_id(now))
    issuance.add_cause(connection, authority_id, credential_id, cause, now)
    audit.append(
        connection,
        authority_id,
        now=now,
        actor_id=actor_id,
        act="card_lost",
        subject_id=document_id,
        detail={"credential": credential_id},
    )
