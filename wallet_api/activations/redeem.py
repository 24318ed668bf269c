"""A typed activation code becomes an offer: once, while it lives, for a document that may be renewed.

- Whatever is wrong with the code itself gets one answer, and counts against the address that sent it.
- Five wrong second parts end the code; each is counted even though the request fails.
- Under a mandate that has ended, the code has ended too.
"""

from __future__ import annotations

import hmac
from typing import Final

from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api import audit
from wallet_api.authority.standing import require_good_standing
from wallet_api.authority.store import begin_act
from wallet_api.identifiers import fingerprint
from wallet_api.issuance.documents import SYSTEM_ACTOR
from wallet_api.mandates.live import is_live
from wallet_api.openid4vci.offer import Offer, make_offer
from wallet_api.problems import WalletError
from wallet_api.wiring import Service

from . import store
from .code import plain, read_code
from .store import ActivationRow

SECOND_ATTEMPTS: Final = 5
OFFER_SECONDS: Final = 900
"""The phone takes the offer in the same minute; what is left lying about is soon worth nothing."""


def redeem(service: Service, address: str, code: str, second: str | None) -> tuple[DocumentType, Offer]:
    """The document and its offer. Raises `WalletError`."""
    now = service.clock.now()
    wait = service.wrong_tries.seconds_to_wait(address, now)
    if wait is not None:
        raise WalletError("too-many-codes", retry_after=wait)
    try:
        return _redeem(service, code, second, now)
    except WalletError as error:
        if error.problem.code in {"activation-refused", "second-part-wrong"}:
            service.wrong_tries.count(address, now)
        raise


def _redeem(service: Service, code: str, second: str | None, now: int) -> tuple[DocumentType, Offer]:
    read = read_code(code)
    if read is None:
        raise WalletError("activation-refused")
    with service.database.write() as connection:
        row = store.find(connection, *read)
        if row is None or not _is_open(connection, row, now):
            raise WalletError("activation-refused")
        if _second_fits(row, read[1], second):
            return _offer(service, connection, row, now)
        store.count_attempt(connection, row.authority_id, row.activation_id)
    raise WalletError("second-part-wrong")  # outside the transaction: the attempt must stay counted


def _is_open(connection: Connection, row: ActivationRow, now: int) -> bool:
    if row.ended_at is not None or row.expires_at <= now or row.attempts >= SECOND_ATTEMPTS:
        return False
    return row.mandate_id is None or is_live(connection, row.authority_id, row.mandate_id, now)


def _second_fits(row: ActivationRow, code: str, second: str | None) -> bool:
    if row.second_hash is None:
        return True
    salt = code if row.mandate_id is None else row.mandate_id
    return hmac.compare_digest(row.second_hash, fingerprint(salt + plain(second or "")))


def _offer(
    service: Service, connection: Connection, row: ActivationRow, now: int
) -> tuple[DocumentType, Offer]:
    begin_act(connection, row.authority_id, row.document_id, row.document_type)
    require_good_standing(connection, row.authority_id, row.document_id, now)
    if not store.end(connection, row.authority_id, row.activation_id, now):
        raise WalletError("activation-refused")
    document_type = DocumentType(row.document_type)
    made = make_offer(
        service,
        connection,
        document_type,
        row.registry_reference,
        seconds=OFFER_SECONDS,
        why={"by": "activation"},
    )
    audit.append(
        connection,
        row.authority_id,
        now=now,
        actor_id=SYSTEM_ACTOR,
        act="activation_redeemed",
        subject_id=row.document_id,
        detail={"activation": row.activation_id, "offer": made.offer_id},
    )
    return document_type, made
