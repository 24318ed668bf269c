"""Erase what nothing obliges to keep, and say of the rest by which rule and until when (RGPD 17-1, 17-3 b and e).

1. If asked for, the digital documents end first: every phone as if it were lost, printed cards, open offers and codes,
   mandates.
2. Gone at once: offers and activation codes that are over, tokens and rows of ended phones, credentials that no terminal can still be shown.
3. A document on which nothing hangs any more goes too; the registry still knows the licence or the rights.
4. Kept: decisions and points (Code de la route L225-2), the journal of acts (CNIL 2021-122), and credentials until
   terminals have forgotten them, so that they go on being refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from credentials.spec import StatusValue
from wallet_api import audit
from wallet_api.activations import store as activations
from wallet_api.authority.store import begin_act
from wallet_api.citizens import store as own
from wallet_api.citizens.lose import lose_phones
from wallet_api.citizens.owner import Owner
from wallet_api.citizens.store import MyDocument
from wallet_api.identifiers import new_id
from wallet_api.issuance import store as issuance
from wallet_api.issuance.store import Cause, CauseClass
from wallet_api.mandates import store as mandates
from wallet_api.mandates.give import end as end_mandate
from wallet_api.retention import store as retention
from wallet_api.retention.bare_documents import drop_bare_document
from wallet_api.retention.periods import TERMINALS_FORGET

from . import store


@dataclass
class Erased:
    """How many rows of each table went, and how many credentials were ended."""

    rows: Counter[str] = field(default_factory=Counter)
    ended: int = 0


def erase(connection: Connection, owner: Owner, now: int, *, end_documents: bool) -> Erased:
    """Do it for every document of the owner, in the caller's transaction."""
    done = Erased()
    if end_documents:
        done.ended += lose_phones(connection, owner, None, now).credentials
    for one in sorted(own.documents(connection, owner.owned), key=lambda one: one.document_type.value):
        begin_act(connection, one.authority_id, one.document_id, one.document_type.value)
        sheets = 0
        if end_documents:
            sheets = _end_paper(connection, one, now)
            done.ended += sheets
            _end_codes(connection, owner, one, now)
        gone = _erase_one(connection, one, now)
        done.rows.update(gone)
        audit.append(
            connection,
            one.authority_id,
            now=now,
            actor_id=owner.citizen.id_in(one.authority_id),
            act="erased",
            subject_id=one.document_id,
            detail={name: count for name, count in sorted({**gone, "sheets": sheets}.items()) if count},
        )
    return done


def _end_paper(connection: Connection, mine: MyDocument, now: int) -> int:
    live = issuance.live_credentials(connection, mine.authority_id, mine.document_id, now)
    printed = [one.credential_id for one in live if one.paper]
    cause = Cause(CauseClass.HOLDER, StatusValue.REVOKED, now, new_id(now))
    issuance.add_causes(connection, mine.authority_id, [(one, cause) for one in printed], now)
    return len(printed)


def _end_codes(connection: Connection, owner: Owner, mine: MyDocument, now: int) -> None:
    """Activation codes are withdrawn, mandates revoked."""
    activations.end_open(connection, mine.authority_id, mine.document_id, now)
    for one in mandates.live_of_document(connection, mine.authority_id, mine.document_id, now):
        end_mandate(connection, one, owner.citizen.id_in(mine.authority_id), now)


def _erase_one(connection: Connection, mine: MyDocument, now: int) -> Mapping[str, int]:
    where = (mine.authority_id, mine.document_id)
    ended = store.ended_credentials(connection, *where, now - TERMINALS_FORGET)
    retention.entomb_revoked(connection, mine.authority_id, ended, now)
    return {
        "offer": store.drop_offers(connection, *where, now),
        "activation": store.drop_activations(connection, *where, now),
        "access_grant": store.drop_grants_of_lost(connection, *where),
        "credential": retention.drop_credentials(connection, mine.authority_id, ended),
        "wallet": store.drop_bare_phones(connection, *where),
        "document": int(drop_bare_document(connection, *where)),
    }
