"""Compare the acts with the journal that tells them: who writes into the database could leave the journal alone.

1. Each act that the journal tells stands in its table as it was told, and so does what a registry handed over when a
   licence was opened, each issuing and each proposal: the journal keeps a digest of the rows.
2. Each act in a table is told by the journal.
3. No decision stands twice, and the rows of one reference follow on each other.
4. Each phone and each terminal is one that the journal enrols, as it enrols it (`phones.py`, `terminals.py`), and so is what
   entitled a phone (`entitlements.py`).
5. The list entry of each credential that may still be shown has the causes that the acts give it (`effects.py`), and a phone
   that was lost or paused is so.
6. Each batch is what two people decided on, and its lines became what they say (`batches.py`).
7. Each stored balance is what the ledger of the licence amounts to.

An act that a purge may have dropped is not missed, and one that is older than a purged journal is not asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from wallet_api.retention.periods import PERIODS, TERMINALS_FORGET, Kept

from . import act_rows, effects, store
from .act_rows import Stored, Told, Where
from .batches import ToldBatches, batches_that_changed
from .decided import Decided
from .decisions import out_of_turn
from .ended import Ended, documents_that_changed, phones_that_came_back, terminals_that_came_back
from .entitlements import Entitlements
from .finding import Fault, Finding
from .phones import Phones
from .row import PURGED, Row
from .terminals import Terminals

__all__ = ["compare"]

_PAGE: Final = 500
_OUT_OF_ORDER: Final = (
    3_600  # seconds: rows follow commits, and instants were read before waiting, by several clocks
)
_KEPT: Final = {Where.MEASURE: Kept.MEASURES, Where.ENTRY: Kept.POINTS, Where.OPENING: Kept.POINTS}
_PURGES: Final = {one.value: one for one in (Kept.MEASURES, Kept.POINTS)}
Progress = Callable[[int], None]


def compare(
    connection: Connection, authority_id: str, now: int, progress: Progress = lambda _: None
) -> Iterator[Finding]:
    """What does not fit between one authority's acts and its journal. `progress` is told how much was looked at."""
    with store.any_text(connection):
        yield from _compare(connection, authority_id, now, progress)


def _compare(connection: Connection, authority_id: str, now: int, progress: Progress) -> Iterator[Finding]:
    journal = _Journal()
    readers = (
        Phones(connection, authority_id),
        Terminals(connection, authority_id),
        Entitlements(connection, authority_id, now),
        Decided(connection, authority_id),
    )
    for page in journal.pages(_read_by(readers, store.rows(connection, authority_id))):
        for one, found in act_rows.stored(connection, authority_id, page):
            journal.tells.update(found.ids)
            if one.where is Where.OPENING:
                journal.tells.add(act_rows.id_bytes(one.act_id))
            if found.unissued:
                journal.unissued[one.act_id] = one.row.sequence
            yield from _compared(one, found, now)
        progress(journal.rows)
    for batch_id in journal.unissued.keys() - journal.ended.unissued:
        sequence = journal.unissued[batch_id]
        yield Finding(authority_id, sequence, Fault.ACT_EDITED, subject=batch_id, differs="state")
    for act_id in act_rows.untold(connection, authority_id, journal.tells, journal.begins):
        yield Finding(authority_id, 0, Fault.ACT_UNTOLD, subject=act_id)
    for act_id in out_of_turn(connection, authority_id, journal.purged, journal.begins):
        yield Finding(authority_id, 0, Fault.ACT_TWICE, subject=act_id)
    for credential_id, differs in effects.differences(connection, authority_id, now, journal.ended):
        yield Finding(authority_id, 0, Fault.LIST_ENTRY, subject=credential_id, differs=differs)
    for wallet_id, differs in phones_that_came_back(connection, authority_id, journal.ended):
        yield Finding(authority_id, 0, Fault.PHONE, subject=wallet_id, differs=differs)
    for document_id, differs in documents_that_changed(connection, authority_id, journal.ended):
        yield Finding(authority_id, 0, Fault.DOCUMENT, subject=document_id, differs=differs)
    for terminal_id, differs in terminals_that_came_back(connection, authority_id, journal.ended):
        yield Finding(authority_id, 0, Fault.TERMINAL, subject=terminal_id, differs=differs)
    for reader in readers:
        yield from reader.findings()
    for batch_id, differs in batches_that_changed(
        connection, authority_id, journal.batches, journal.begins, now
    ):
        yield Finding(authority_id, 0, Fault.BATCH, subject=batch_id, differs=differs)
    for document_id, differs in act_rows.wrong_balances(connection, authority_id, _PAGE, now):
        yield Finding(authority_id, 0, Fault.BALANCE, subject=document_id, differs=differs)
    progress(journal.rows)


def _read_by(readers: tuple[Phones, Terminals, Entitlements, Decided], rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, each of which all have seen."""
    for row in rows:
        for reader in readers:
            reader.read(row)
        yield row


@dataclass(slots=True)
class _Journal:
    """What was seen of a journal: the acts that it tells, by their ids as bytes, the instant since when it does, that of the
    last purge of each kind, what ended beside acts, the issuings that are said to have failed, and the batches.
    """

    tells: set[bytes] = field(default_factory=set)
    begins: int = 0
    rows: int = 0
    purged: dict[Kept, int] = field(default_factory=dict)
    ended: Ended = field(default_factory=Ended)
    unissued: dict[str, int] = field(default_factory=dict)
    batches: ToldBatches = field(default_factory=ToldBatches)

    def pages(self, rows: Iterator[Row]) -> Iterator[list[Told]]:
        """The acts that the rows tell, some at a time."""
        page: list[Told] = []
        for row in rows:
            if self.rows == 0 and row.sequence > 1:
                self.begins = row.recorded_at + _OUT_OF_ORDER
            self.rows += 1
            if row.act == PURGED and row.subject_id in _PURGES:
                self.purged[_PURGES[row.subject_id]] = row.recorded_at
            self.ended.read(row)
            self.batches.read(row)
            told = act_rows.told_by(row)
            if told is not None:
                page.append(told)
            if len(page) == _PAGE:
                yield page
                page = []
        if page:
            yield page


def _may_be_gone(told: Told, now: int) -> bool:
    """Whether a purge, or of credentials an erasure, may have taken it."""
    if told.where is Where.ISSUED:
        return told.released <= now - TERMINALS_FORGET
    if told.where is Where.PROPOSAL:
        return told.released <= PERIODS[Kept.REFUSALS].before(now)
    return told.released <= PERIODS[_KEPT[told.where]].before(now)


def _compared(told: Told, found: Stored, now: int) -> Iterator[Finding]:
    row, purged = told.row, _may_be_gone(told, now)
    if found.digest is None:
        if told.where is not Where.OPENING and not purged:
            yield Finding(row.authority_id, row.sequence, Fault.ACT_MISSING, subject=told.act_id)
    elif told.digests[0] is not None and found.digest not in told.digests[: 2 if purged else 1]:
        differs = "contenu · content"
        yield Finding(row.authority_id, row.sequence, Fault.ACT_EDITED, subject=told.act_id, differs=differs)
