"""Pause, resume, loss: what happens to a wallet's credentials.

A pause is the holder's act (class `holder`, value 2) and reversible; it never touches a measure of the authority, and
resuming revives no credential that a newer one had superseded. A loss is final for what the phone holds (class `device`,
value 1); the right and the document stay.
"""

from __future__ import annotations

from sqlalchemy import Connection

from credentials.spec import StatusValue
from wallet_api import audit
from wallet_api.identifiers import new_id
from wallet_api.issuance import store as issuance
from wallet_api.issuance.documents import SYSTEM_ACTOR
from wallet_api.issuance.store import Cause, CauseClass
from wallet_api.openid4vci.store import WalletRow
from wallet_api.problems import WalletError

from . import store


def pause(connection: Connection, wallet: WalletRow, now: int, actor_id: str = SYSTEM_ACTOR) -> None:
    """Suspend what this phone holds of the document. A second pause changes nothing, but that the holder's takes over the phone's."""
    if wallet.paused:
        if actor_id == SYSTEM_ACTOR or not _paused_by_phone(connection, wallet):
            return
        resume(connection, wallet, now, actor_id)
    store.set_paused(connection, wallet.authority_id, wallet.wallet_id, now)
    cause = Cause(CauseClass.HOLDER, StatusValue.SUSPENDED, now, new_id(now))
    _give(connection, wallet.authority_id, wallet.document_id, wallet.wallet_id, cause, now)
    _note(connection, wallet.authority_id, wallet.wallet_id, "wallet_paused", now, actor_id)


def resume(connection: Connection, wallet: WalletRow, now: int, actor_id: str = SYSTEM_ACTOR) -> None:
    """Lift the pause; every other cause stays."""
    if not wallet.paused:
        return
    store.set_paused(connection, wallet.authority_id, wallet.wallet_id, None)
    store.lift_pause(connection, wallet.authority_id, wallet.wallet_id, now)
    _note(connection, wallet.authority_id, wallet.wallet_id, "wallet_resumed", now, actor_id)


def resume_on_phone(connection: Connection, wallet: WalletRow, now: int) -> None:
    """`resume`, asked for by the phone itself, which may be in other hands. Raises `WalletError` for a pause that was not its own.

    Who paused stands in the journal; of a pause older than the journal nothing is left on the phone to take up again.
    """
    if wallet.paused and not _paused_by_phone(connection, wallet):
        raise WalletError("paused-elsewhere")
    resume(connection, wallet, now)


def _paused_by_phone(connection: Connection, wallet: WalletRow) -> bool:
    try:
        rows = audit.recorded(connection, wallet.authority_id, wallet.wallet_id)
    except audit.JournalEdited:
        return False
    return (
        next((one.actor_id for one in reversed(rows) if one.act == "wallet_paused"), SYSTEM_ACTOR)
        == SYSTEM_ACTOR
    )


def lose(
    connection: Connection, authority_id: str, document_id: str, wallet_id: str, now: int, actor_id: str
) -> int:
    """Revoke what a lost phone holds and end its tokens; says how many credentials. Raises `WalletError` for an unknown or lost phone."""
    if not store.set_lost(connection, authority_id, document_id, wallet_id, now):
        raise WalletError("not-found")
    cause = Cause(CauseClass.DEVICE, StatusValue.REVOKED, now, new_id(now))
    revoked = _give(connection, authority_id, document_id, wallet_id, cause, now)
    _note(connection, authority_id, wallet_id, "wallet_lost", now, actor_id)
    return revoked


def _give(
    connection: Connection, authority_id: str, document_id: str, wallet_id: str, cause: Cause, now: int
) -> int:
    live = issuance.live_credentials(connection, authority_id, document_id, now, wallet_id=wallet_id)
    held = [one for one in live if not one.paper]  # a printed sheet is not on the phone
    for one in held:
        issuance.add_cause(connection, authority_id, one.credential_id, cause, now)
    return len(held)


def _note(
    connection: Connection, authority_id: str, wallet_id: str, act: str, now: int, actor_id: str
) -> None:
    audit.append(
        connection, authority_id, now=now, actor_id=actor_id, act=act, subject_id=wallet_id, detail={}
    )
