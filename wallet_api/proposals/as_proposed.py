"""Whether a proposal still is what the journal recorded when it was made.

The second person approves what the first one asked, and the act is done with what the table holds. Who writes into the
database could change the row between the two; the journal keeps its digest, which `audit verify` compares once a day and
this before the act. Proposals of an older release have no digest there: their kind, object and author have to fit.
"""

from __future__ import annotations

import json
import logging
from typing import Final

from sqlalchemy import Connection

from wallet_api import audit, telemetry
from wallet_api.audit.row import PROPOSED, Row
from wallet_api.problems import WalletError
from wallet_api.wiring import Service

from .store import ProposalRow

ALTERED: Final = frozenset({"proposal-altered", "batch-altered"})
"""The problems of what two people did not decide on: counted, and logged without a word of it."""
_OWN: Final = frozenset({"proposal", "approval", "refusal"})


def digest_of_proposal(row: ProposalRow) -> str:
    """What the journal keeps of a proposal, whatever is decided about it later."""
    return audit.digest_of_act([{name: getattr(row, name) for name in PROPOSED}])


def require_open_as_proposed(connection: Connection, row: ProposalRow) -> None:
    """Raises `WalletError` for a proposal that is not as it was made, or that the journal knows decided."""
    if _decisions(connection, row):
        raise WalletError("proposal-altered")


def require_approved(connection: Connection, row: ProposalRow) -> None:
    """Raises `WalletError` unless the journal tells the proposal, and its approval by another person."""
    decisions = _decisions(connection, row)
    if [one.act for one in decisions] != ["approval"] or decisions[0].actor_id == row.proposer_id:
        raise WalletError("proposal-altered")


def note_altered(service: Service, code: str, *, chore: str | None = None) -> None:
    """Count it, and log that it was refused."""
    service.telemetry.altered.labels(code).inc()
    telemetry.log("altered", level=logging.ERROR, problem=code, chore=chore)


def _decisions(connection: Connection, row: ProposalRow) -> list[Row]:
    """The journal's rows about a proposal after the one that tells it. Raises `WalletError` when that is another one."""
    try:
        rows = audit.recorded(connection, row.authority_id, row.proposal_id)
    except audit.JournalEdited:
        raise WalletError("proposal-altered") from None
    own = [one for one in rows if one.act in _OWN]
    if not own or own[0].act != "proposal" or own[0].actor_id != row.proposer_id:
        raise WalletError("proposal-altered")
    detail = json.loads(own[0].detail)
    told = (detail["kind"], detail["subject"], detail.get("rows", digest_of_proposal(row)))
    if told != (row.kind, row.subject_id, digest_of_proposal(row)):
        raise WalletError("proposal-altered")
    return own[1:]
