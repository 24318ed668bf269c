"""Propose an act that a second person must approve.

A proposal changes nothing but itself: what it is about stays as it was until the approval. It waits for a day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, Literal

from pydantic import BaseModel
from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api import audit
from wallet_api.access import Actor
from wallet_api.clock import rfc3339
from wallet_api.identifiers import new_id
from wallet_api.problems import WalletError

from . import store
from .as_proposed import digest_of_proposal
from .store import ProposalRow

OPEN_SECONDS: Final = 24 * 3600
ProposalState = Literal["open", "approved", "refused", "expired"]


class ProposalKind(StrEnum):
    """What can be proposed."""

    REVOCATION = "revocation"
    ANNULMENT = "annulment"
    BATCH = "batch"
    KEY_COMPROMISE = "key_compromise"
    KEY_RETIREMENT = "key_retirement"
    KEY_ANNOUNCEMENT = "key_announcement"


class ProposalAnswer(BaseModel):
    """A proposal. `act_id` and `released_at` are there once it was approved: the act can be cancelled until then.

    Of a batch it is the instant of the approval: its acts are done after it, each with a time of its own, and the batch
    can be cancelled until the last one counts. An act on keys holds at once.
    """

    proposal_id: str
    kind: ProposalKind
    subject_id: str
    detail: dict[str, str | int]
    proposer_id: str
    created_at: str
    expires_at: str
    state: ProposalState
    decided_at: str | None = None
    act_id: str | None = None
    released_at: str | None = None


def propose(
    connection: Connection,
    actor: Actor,
    kind: ProposalKind,
    subject_id: str,
    payload: Mapping[str, str | int],
    now: int,
) -> ProposalRow:
    """Record a proposal and audit it. Raises `WalletError` while another about the same object waits."""
    row = ProposalRow(
        actor.authority_id,
        new_id(now),
        kind.value,
        subject_id,
        json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True),
        actor.actor_id,
        actor.role.value,
        now,
        now + OPEN_SECONDS,
    )
    audit.append(
        connection,
        actor.authority_id,
        now=now,
        actor_id=actor.actor_id,
        act="proposal",
        subject_id=row.proposal_id,
        detail={
            "kind": row.kind,
            "subject": subject_id,
            "proposal": row.proposal_id,
            "rows": digest_of_proposal(row),
        },
    )
    # Now that the audit's chain is ours, nobody else of the authority proposes the same thing at this moment.
    if store.open_about(connection, actor.authority_id, subject_id, now):
        raise WalletError("already-proposed")
    store.add(connection, row)
    return row


def propose_on_document(
    connection: Connection,
    actor: Actor,
    kind: ProposalKind,
    document: tuple[DocumentType, str],
    asked: Mapping[str, str],
    now: int,
) -> ProposalAnswer:
    """Propose an act on a licence or a card. Raises `WalletError`."""
    payload = {"document_type": document[0].value, **asked}
    return proposal_answer(propose(connection, actor, kind, document[1], payload, now), now)


def payload_of(row: ProposalRow) -> dict[str, Any]:
    """What the proposer asked for."""
    content: dict[str, Any] = json.loads(row.payload)
    return content


def proposal_answer(row: ProposalRow, now: int) -> ProposalAnswer:
    """What a proposal looks like to the client."""
    return ProposalAnswer(
        proposal_id=row.proposal_id,
        kind=ProposalKind(row.kind),
        subject_id=row.subject_id,
        detail=payload_of(row),
        proposer_id=row.proposer_id,
        created_at=rfc3339(row.created_at),
        expires_at=rfc3339(row.expires_at),
        state=state_of(row, now),
        decided_at=None if row.decided_at is None else rfc3339(row.decided_at),
        act_id=row.act_id,
        released_at=None if row.released_at is None else rfc3339(row.released_at),
    )


def state_of(row: ProposalRow, now: int) -> ProposalState:
    """Where a proposal stands at `now`."""
    if row.outcome is not None:
        return "approved" if row.outcome == "approved" else "refused"
    return "open" if now < row.expires_at else "expired"
