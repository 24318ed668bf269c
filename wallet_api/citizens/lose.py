"""My phone is lost: what it holds of every document that is mine comes to its end in one transaction, without it.

1. The phones meant: those named, or all; with each, whatever else of mine is on the same phone (one key, one phone).
2. Licence first, then card, always in this order, so that two reports never wait for each other.
3. Its credentials are revoked at once and for good (class `device`), its tokens refused, and offers that nobody took are
   used up: one of them may lie on that phone.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.authority.store import begin_act
from wallet_api.clock import rfc3339
from wallet_api.openid4vci.store import end_offers
from wallet_api.problems import WalletError
from wallet_api.wallets.life import lose

from . import store
from .owner import Owner
from .schemas import LossAnswer
from .store import MyDevice


def lose_phones(
    connection: Connection, owner: Owner, wallet_ids: Iterable[str] | None, now: int
) -> LossAnswer:
    """Report phones lost. Raises `WalletError` when one of `wallet_ids` is not the owner's; nothing is done then."""
    mine = sorted(store.documents(connection, owner.owned), key=lambda one: one.document_type.value)
    for one in mine:  # from here on nobody enrols, issues or acts on them
        begin_act(connection, one.authority_id, one.document_id, one.document_type.value)
    lost = _meant(store.devices(connection, owner.owned), wallet_ids)
    offers = wallets = credentials = 0
    for one in mine:
        actor_id = owner.citizen.id_in(one.authority_id)
        ended = end_offers(connection, one.authority_id, one.document_id, now)
        if ended:
            audit.append(
                connection,
                one.authority_id,
                now=now,
                actor_id=actor_id,
                act="offers_ended",
                subject_id=one.document_id,
                detail={"offers": ended},
            )
        offers += ended
        for phone in lost:
            if phone.document_id == one.document_id and phone.authority_id == one.authority_id:
                credentials += lose(
                    connection, one.authority_id, one.document_id, phone.wallet_id, now, actor_id
                )
                wallets += 1
    return LossAnswer(
        lost_at=rfc3339(now),
        wallets=wallets,
        credentials=credentials,
        offers=offers,
        not_asked=list(owner.silent),
    )


def _meant(phones: list[MyDevice], wallet_ids: Iterable[str] | None) -> list[MyDevice]:
    """The phones to report, without those that are reported already."""
    if wallet_ids is not None:
        named = set(wallet_ids)
        keys = {one.thumbprint for one in phones if one.wallet_id in named}
        if named - {one.wallet_id for one in phones}:
            raise WalletError("not-found")
        phones = [one for one in phones if one.thumbprint in keys]
    return [one for one in phones if one.lost_at is None]
