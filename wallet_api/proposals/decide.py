"""Decide a proposal: another person approves it, and the act is performed in the same transaction, once.

- Who approves is not who proposed, and has the rank for it: a supervisor for licences, another official for health, another
  operator for keys. The proposer may take the proposal back.
- The decision is one conditional update: of many approvals at once one is written, and with it one act.
- What is approved is what was proposed: the row that is carried out is the one that was held against the journal.
- When the act is refused (the licence was revoked meanwhile, say) the decision is undone with it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.access import Actor
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole
from wallet_api.wiring import Service

from . import store
from .as_proposed import ALTERED, note_altered, require_open_as_proposed
from .carry_out import carry_out
from .store import ProposalRow

APPROVED: Final = "approved"
REFUSED: Final = "refused"
DECIDERS: Final = frozenset({AccessRole.SUPERVISOR, AccessRole.HEALTH_AUTHORITY, AccessRole.OPERATOR})


def decide(
    service: Service, connection: Connection, actor: Actor, proposal_id: str, outcome: str, now: int
) -> ProposalRow:
    """Approve or refuse. Raises `WalletError`: unknown, not the person for it, decided or expired, altered, act refused."""
    row = store.find(connection, actor.authority_id, proposal_id)
    if row is None:
        raise WalletError("not-found")
    _require_person(actor, row, outcome)
    if not store.decide(connection, actor.authority_id, proposal_id, actor.actor_id, outcome, now):
        raise WalletError("proposal-expired" if now >= row.expires_at else "proposal-decided")
    audit.append(
        connection,
        actor.authority_id,
        now=now,
        actor_id=actor.actor_id,
        act="approval" if outcome == APPROVED else "refusal",
        subject_id=proposal_id,
        detail={"kind": row.kind, "subject": row.subject_id, "proposer": row.proposer_id},
    )
    if outcome == APPROVED:
        act_id, released_at = _approve(service, connection, row, now)
        store.name_act(connection, actor.authority_id, proposal_id, act_id, released_at)
    decided = store.find(connection, actor.authority_id, proposal_id)
    if decided is None:
        raise WalletError("not-found")
    return decided


def _approve(service: Service, connection: Connection, row: ProposalRow, now: int) -> tuple[str, int]:
    """Hold the row against the journal, and carry it out."""
    try:
        require_open_as_proposed(connection, row)
        return carry_out(service, connection, row, now)
    except WalletError as error:
        if error.problem.code in ALTERED:
            note_altered(service, error.problem.code)
        raise


def _require_person(actor: Actor, row: ProposalRow, outcome: str) -> None:
    own = actor.actor_id == row.proposer_id
    if own and outcome == REFUSED:
        return
    if actor.role not in DECIDERS:
        raise WalletError("forbidden")
    if own:
        raise WalletError("second-person-needed")
