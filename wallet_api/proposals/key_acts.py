"""Acts on signing keys that two operators decide: compromise or retire a signer, announce a new one.

Keys are files, not rows: the change of state is made last, before the approval commits. Should the commit fail then, the
proposal is open again, and a second approval finds the key in its new state and lets it be.
"""

from __future__ import annotations

from sqlalchemy import Connection

from credentials.spec import Domain, Role
from credentials.trust_list import SignerState
from keys.errors import SigningKeyError
from wallet_api import audit
from wallet_api.problems import WalletError
from wallet_api.wiring import Service

from .propose import ProposalKind, payload_of
from .store import ProposalRow

_STATES = {
    ProposalKind.KEY_COMPROMISE: SignerState.COMPROMISED,
    ProposalKind.KEY_RETIREMENT: SignerState.RETIRED,
}


def perform_key_act(service: Service, connection: Connection, row: ProposalRow, now: int) -> str:
    """Change the key and audit it; the key's id. Raises `WalletError` when its state does not permit the act."""
    asked, kind = payload_of(row), ProposalKind(row.kind)
    try:
        if kind is ProposalKind.KEY_ANNOUNCEMENT:
            made = service.keys.announce(Domain(asked["domain"]), Role(asked["role"]), now)
            key_id = made.key_id.hex()
        else:
            key_id = asked["key_id"]
            _end(service, bytes.fromhex(key_id), _STATES[kind], now)
    except SigningKeyError as error:
        raise WalletError("key-act-refused") from error
    audit.append(
        connection,
        row.authority_id,
        now=now,
        actor_id=row.proposer_id,
        act=kind.value,
        subject_id=key_id,
        detail={"proposal": row.proposal_id},
    )
    return key_id


def require_known_signer(service: Service, key_id: str) -> None:
    """Raises `WalletError` for a key that the folder does not hold."""
    try:
        service.keys.find(bytes.fromhex(key_id))
    except SigningKeyError as error:
        raise WalletError("not-found") from error


def _end(service: Service, key_id: bytes, state: SignerState, now: int) -> None:
    if service.keys.find(key_id).state is state:
        return
    if state is SignerState.COMPROMISED:
        service.keys.compromise(key_id, now)
    else:
        service.keys.retire(key_id, now)
