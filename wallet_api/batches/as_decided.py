"""What two people decided on is what is done: nothing else is, whoever writes into the database (threats.md, T44, T45).

1. The proposal tells a digest over the digests of all lines (`digests.py`), the journal tells the proposal.
2. At the approval every line is looked at.
3. Each time that lines are taken, in one view of the database: the journal tells the proposal, its approval by somebody
   else, and no cancellation; the author is the proposer; the digests of all lines are those that the proposal tells, and
   each line that is taken, at the start of the batch every line, bears its own.
4. What was looked at is what is done: between the look and the act no line is read again.

So a group costs the digests of all lines and the content of its own: for 500 of 5,000 some 20 ms (2 cores, SQLite), where
their acts take seconds and every line in full 60 ms more. No process remembers anything, so one that goes on after a crash
looks like any other.

A batch of an older release tells no digest: its proposal and approval are looked at, its lines are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.issuance.documents import SYSTEM_ACTOR
from wallet_api.problems import WalletError
from wallet_api.proposals import store as proposals
from wallet_api.proposals.as_proposed import note_altered, require_approved
from wallet_api.proposals.propose import payload_of
from wallet_api.proposals.store import ProposalRow
from wallet_api.wiring import Service

from . import store
from .digests import LINES_DIGEST, StoredLine, digest_of_lines
from .store import BatchRow

CANCELLED: Final = "batch_cancelled"
STOPPED: Final = "batch_stopped"


def require_as_proposed(connection: Connection, proposal: ProposalRow) -> None:
    """Raises `WalletError` unless the batch is what `proposal`, which was held against the journal, tells."""
    batch = store.find(connection, proposal.authority_id, proposal.subject_id)
    if batch is None:
        raise WalletError("batch-altered")
    _require_author(batch, proposal)
    _require_digests(connection, batch, proposal)
    _require_lines(batch, proposal, store.lines(connection, batch))


def lines_to_do(connection: Connection, batch: BatchRow, most: int) -> list[StoredLine]:
    """The next lines that nobody has done, none of a batch that ended since it was read. In `Database.read`.

    Raises `WalletError` when the batch is not what was proposed and approved.
    """
    present = store.find(connection, batch.authority_id, batch.batch_id)
    if present is None or present.cancelled_at is not None or present.finished_at is not None:
        return []
    proposal = proposals.last_about(connection, batch.authority_id, batch.batch_id)
    if proposal is None or _cancellations(connection, batch):
        raise WalletError("batch-altered")
    require_approved(connection, proposal)
    _require_author(batch, proposal)
    begun = _require_digests(connection, batch, proposal)
    taken = store.lines_to_do(connection, batch, most)
    _require_lines(batch, proposal, taken if begun else store.lines(connection, batch))
    return taken


def lines_to_undo(connection: Connection, batch: BatchRow, most: int) -> list[StoredLine]:
    """The next lines of a cancelled batch that nobody looked at since.

    Raises `WalletError` when the journal does not tell the cancellation. Whether a line still is what was decided is asked
    for each by itself (`require_own_act`): a changed line does not keep the acts of the others from being cancelled in time.
    """
    if batch.cancelled_by not in _cancellations(connection, batch):
        raise WalletError("batch-altered")
    return store.lines_to_undo(connection, batch, most)


def require_own_act(connection: Connection, batch: BatchRow, line: StoredLine) -> None:
    """Raises `WalletError` for a line that was changed, or that names an act that it did not become."""
    made = store.acts(connection, batch.authority_id, [str(line.act_id)]).get(str(line.act_id))
    if line.digest is not None and not line.is_as_proposed(batch.address):
        raise WalletError("batch-altered")
    if made != line.act_by(batch.proposer_id):
        raise WalletError("batch-altered")


def stop(service: Service, batch: BatchRow, code: str) -> None:
    """End a batch that is not what was decided: what is left of it is neither done nor undone, and says so."""
    now = service.clock.now()
    with service.database.write() as connection:
        if store.stop(connection, batch, code, now):
            audit.append(
                connection,
                batch.authority_id,
                now=now,
                actor_id=SYSTEM_ACTOR,
                act=STOPPED,
                subject_id=batch.batch_id,
                detail={"problem": code},
            )
    note_altered(service, code, chore="batches")


def _require_author(batch: BatchRow, proposal: ProposalRow) -> None:
    author = (proposal.kind, proposal.proposer_id, proposal.proposer_role)
    if author != ("batch", batch.proposer_id, batch.proposer_role):
        raise WalletError("batch-altered")


def _require_digests(connection: Connection, batch: BatchRow, proposal: ProposalRow) -> bool:
    """Whether any line has an outcome. Raises `WalletError` when the digests of all lines are not what was proposed."""
    found = store.digests(connection, batch)
    told = payload_of(proposal).get(LINES_DIGEST)
    if told is not None and told != digest_of_lines(digest for digest, _ in found):
        raise WalletError("batch-altered")
    return any(outcome is not None for _, outcome in found)


def _require_lines(batch: BatchRow, proposal: ProposalRow, lines: Iterable[StoredLine]) -> None:
    told = LINES_DIGEST in payload_of(proposal)
    if told and not all(line.is_as_proposed(batch.address) for line in lines):
        raise WalletError("batch-altered")


def _cancellations(connection: Connection, batch: BatchRow) -> set[str]:
    """Who cancelled it, as the journal tells."""
    try:
        rows = audit.recorded(connection, batch.authority_id, batch.batch_id)
    except audit.JournalEdited:
        raise WalletError("batch-altered") from None
    return {row.actor_id for row in rows if row.act == CANCELLED}
