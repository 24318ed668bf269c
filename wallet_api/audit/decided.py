"""Proposals beside the journal that tells who approved or refused them: a decision that only the table tells is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from wallet_api import tables

from .finding import Fault, Finding
from .row import Row

_OUTCOMES: Final = {"approval": "approved", "refusal": "refused"}


@dataclass(slots=True)
class Decided:
    """Takes in the rows of one authority's journal in order; `findings` then says what does not fit."""

    connection: Connection
    authority_id: str
    _outcomes: dict[str, tuple[int, str]] = field(default_factory=dict)
    _begins: int | None = None

    def read(self, row: Row) -> None:
        """Take in one row."""
        if self._begins is None:
            self._begins = 0 if row.sequence == 1 else row.recorded_at
        if row.act in _OUTCOMES:
            self._outcomes[row.subject_id] = (row.sequence, _OUTCOMES[row.act])

    def findings(self) -> Iterator[Finding]:
        """Proposals whose outcome is another one than the journal tells, or that it tells not at all."""
        table = tables.act_proposal
        query = select(table.c.proposal_id, table.c.outcome, table.c.decided_at).where(
            table.c.authority_id == self.authority_id
        )
        for proposal_id, outcome, decided_at in self.connection.execute(query.order_by(table.c.proposal_id)):
            sequence, told = self._outcomes.get(str(proposal_id), (0, None))
            # What was decided before the journal begins is told by nobody any more.
            older = told is None and type(decided_at) is int and decided_at < (self._begins or 0)
            if outcome != told and not older:
                yield Finding(
                    self.authority_id, sequence, Fault.ACT_EDITED, subject=str(proposal_id), differs="outcome"
                )
