"""Perform what was approved, in the transaction of the approval."""

from __future__ import annotations

from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api.access import Actor
from wallet_api.authority import store as documents
from wallet_api.authority.driving_measures import annul
from wallet_api.authority.kinds import MeasureSubject
from wallet_api.authority.measures import Act, revoke
from wallet_api.batches import store as batches
from wallet_api.batches.as_decided import require_as_proposed
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole
from wallet_api.wiring import Service

from .key_acts import perform_key_act
from .propose import ProposalKind, payload_of
from .store import ProposalRow


def carry_out(service: Service, connection: Connection, row: ProposalRow, now: int) -> tuple[str, int]:
    """The id of what was recorded, and the instant from which it counts. Raises `WalletError`."""
    match ProposalKind(row.kind):
        case ProposalKind.REVOCATION | ProposalKind.ANNULMENT:
            return _end_for_good(service, connection, row, now)
        case ProposalKind.BATCH:
            require_as_proposed(connection, row)
            batches.approve(connection, row.authority_id, row.subject_id, now)
            return row.subject_id, now
        case _:
            return perform_key_act(service, connection, row, now), now


def _end_for_good(service: Service, connection: Connection, row: ProposalRow, now: int) -> tuple[str, int]:
    asked, proposer = payload_of(row), proposer_of(row)
    document_type = DocumentType(asked["document_type"])
    if documents.begin_act(connection, row.authority_id, row.subject_id, document_type.value) is None:
        raise WalletError("not-found")
    released_at = now + service.settings.cancel_seconds
    act = Act(proposer, row.subject_id, asked["decision_reference"], now, released_at)
    if row.kind == ProposalKind.ANNULMENT:
        made = annul(connection, act, asked.get("ends"))
    else:
        made = revoke(connection, act, MeasureSubject(asked["subject"]))
    return made.measure_id, released_at


def proposer_of(row: ProposalRow) -> Actor:
    """The author of the act: who proposed it. The approval names the other person in the audit."""
    return Actor(row.authority_id, AccessRole(row.proposer_role), row.proposer_id)
