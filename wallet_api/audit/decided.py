"""Proposals beside the journal that tells who approved or refused them: a decision that only the table tells is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from wallet_api import tables

from .finding import Fault, Finding
from .row import Row

_OUT_OF_ORDER: Final = 300
"""Seconds by which the instants of rows may contradict their order: the clocks of several processes differ."""
_OUTCOMES: Final = {"approval": "approved", "refusal": "refused"}


@dataclass(slots=True)
class Decided:
    """Takes in the rows of one authority's journal in order; `findings` then says what does not fit."""

    connection: Connection
    authority_id: str
    _outcomes: dict[str, tuple[int, str]] = field(default_factory=dict)
    _proposed: set[str] = field(default_factory=set)
    _begins: int = 0
    _begun: bool = False

    def read(self, row: Row) -> None:
        """Take in one row."""
        if not self._begun:
            self._begun, self._begins = True, 0 if row.sequence == 1 else row.recorded_at + _OUT_OF_ORDER
        if row.act == "proposal":
            self._proposed.add(row.subject_id)
        elif row.act in _OUTCOMES:
            self._outcomes[row.subject_id] = (row.sequence, _OUTCOMES[row.act])

    def findings(self) -> Iterator[Finding]:
        """Proposals whose outcome is another one than the journal tells, or that it tells not at all."""
        table = tables.act_proposal
        query = select(table.c.proposal_id, table.c.outcome, table.c.created_at).where(
            table.c.authority_id == self.authority_id
        )
        for proposal_id, outcome, created_at in self.connection.execute(query.order_by(table.c.proposal_id)):
            sequence, told = self._outcomes.get(str(proposal_id), (0, None))
            # Of one that was proposed before the journal begins the decision may be told by nobody any more.
            older = (
                str(proposal_id) not in self._proposed
                and type(created_at) is int
                and created_at < self._begins
            )
            if outcome != told and not (told is None and older):
                yield Finding(
                    self.authority_id, sequence, Fault.ACT_EDITED, subject=str(proposal_id), differs="outcome"
                )
