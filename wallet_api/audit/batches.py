"""Batches beside the journal and their proposals: whether their lines are those that two people decided on.

1. The journal tells who proposed a batch, that another person approved it, and that it was cancelled.
2. The proposal, which the journal tells by its digest, tells that of all lines; each line bears its own.
3. The act that a line became is on its licence, of its decision and of the proposer.

A purge takes a batch whole, and its acts years later. One of an older release tells no digest of its lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from wallet_api.batches import store
from wallet_api.batches.digests import LINES_DIGEST, StoredLine, digest_of_lines
from wallet_api.batches.store import BatchRow
from wallet_api.proposals import store as proposals
from wallet_api.proposals.propose import payload_of
from wallet_api.proposals.store import ProposalRow
from wallet_api.retention.periods import PERIODS, Kept

from .row import Row

_AT_ONCE: Final = 500
_SHOWN: Final = 20
"""Lines of one batch that are named."""


@dataclass(slots=True)
class ToldBatches:
    """What the journal tells of batches, by their ids: since when they were proposed, which were approved, or cancelled."""

    proposed: dict[str, int] = field(default_factory=dict)
    approved: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)

    def read(self, row: Row) -> None:
        """Take in one row of the journal, in order."""
        if row.act == "batch_cancelled":
            self.cancelled.add(row.subject_id)
        elif row.act in {"proposal", "approval"}:
            with suppress(ValueError, TypeError, KeyError):  # edited, and named as such elsewhere
                detail = json.loads(row.detail)
                if detail["kind"] != "batch":
                    return
                if row.act == "proposal":
                    self.proposed[str(detail["subject"])] = row.recorded_at
                else:
                    self.approved.add(str(detail["subject"]))


def batches_that_changed(
    connection: Connection, authority_id: str, told: ToldBatches, begins: int, now: int
) -> Iterator[tuple[str, str]]:
    """Batches that are not what was decided: id, and what differs. `begins`: since when the journal tells all."""
    seen = set()
    for batch in store.of_authority(connection, authority_id):
        seen.add(batch.batch_id)
        if type(batch.created_at) is not int:  # SQLite keeps whatever type was written
            yield batch.batch_id, "created_at"
            continue
        if batch.created_at >= begins:
            yield from ((batch.batch_id, differs) for differs in _of_journal(batch, told))
        proposal = proposals.last_about(connection, authority_id, batch.batch_id)
        if proposal is not None:
            found = _of_lines(connection, batch, proposal, now)
            yield from ((batch.batch_id, differs) for differs in islice(found, _SHOWN))
        elif batch.created_at > PERIODS[Kept.REFUSALS].before(now):  # no purge can have taken it
            yield batch.batch_id, "proposal_id"
    for batch_id, at in told.proposed.items():
        if batch_id not in seen and at > PERIODS[Kept.BATCHES].before(now):
            yield batch_id, "batch_id"


def _of_journal(batch: BatchRow, told: ToldBatches) -> Iterator[str]:
    if batch.batch_id not in told.proposed:
        yield "batch_id"
    if (batch.approved_at is not None) != (batch.batch_id in told.approved):
        yield "approved_at"
    if (batch.cancelled_at is not None) != (batch.batch_id in told.cancelled):
        yield "cancelled_at"


def _of_lines(connection: Connection, batch: BatchRow, proposal: ProposalRow, now: int) -> Iterator[str]:
    for name in ("proposer_id", "proposer_role", "created_at"):
        if getattr(batch, name) != getattr(proposal, name):
            yield name
    lines, digest = store.lines(connection, batch), _digest(proposal)
    if batch.finished_at is not None and any(line.outcome is None for line in lines):
        yield "finished_at"
    if batch.cancelled_at is None:
        yield from (f"ligne · line {line.number}: outcome" for line in lines if line.outcome == "cancelled")
    changed = {line.number for line in lines if digest is not None and not line.is_as_proposed(batch.address)}
    if digest not in {None, digest_of_lines(line.digest for line in lines)}:
        yield "lignes · lines"
    yield from (f"ligne · line {number}" for number in sorted(changed, key=str))
    done = [one for one in lines if one.number not in changed and (one.act_id or one.outcome == "done")]
    for start in range(0, len(done), _AT_ONCE):
        page = done[start : start + _AT_ONCE]
        yield from (f"ligne · line {number}: act_id" for number in _not_theirs(connection, batch, page, now))


def _not_theirs(
    connection: Connection, batch: BatchRow, lines: Sequence[StoredLine], now: int
) -> Iterator[int]:
    """Numbers of the lines that name the act of another line or person, or none that there is."""
    acts = store.acts(connection, batch.authority_id, [str(line.act_id) for line in lines])
    may_be_gone = batch.created_at <= PERIODS[Kept.POINTS].before(now)
    for line in lines:
        made = acts.get(str(line.act_id))
        if made != line.act_by(batch.proposer_id) and not (made is None and may_be_gone):
            yield line.number


def _digest(proposal: ProposalRow) -> str | None:
    with suppress(ValueError, AttributeError):
        found = payload_of(proposal).get(LINES_DIGEST)
        return None if found is None else str(found)
    return None
