"""What a decision, or a registry's history, is as rows of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from wallet_api.problems import WalletError

from .decisions import (
    CategoryObtained,
    CourseFollowed,
    Decision,
    LossAnnulled,
    NoticeReceived,
    TitleHandedIn,
    TrainingCompleted,
    Withdrawal,
)
from .facts import CategoryAdded, Course, Loss
from .history import PointsHistory
from .ledger import EntryKind, Ledger
from .store import EntryRow

OPENING_REFERENCES: Final = "opening-%#%"
"""What references of a registry's history look like to SQL; no client's reference holds the mark."""


def rows_of(ledger: Ledger, decision: Decision) -> Iterator[EntryRow]:
    """The rows that a decision amounts to. Raises `WalletError` for a loss that is annulled already."""
    reference = decision.decision_reference
    match decision:
        case Withdrawal():
            yield from _losses(decision)
        case CourseFollowed():
            first, last = decision.first_day.isoformat(), decision.last_day.isoformat()
            yield EntryRow(EntryKind.COURSE, reference, last, first)
        case TrainingCompleted():
            yield EntryRow(EntryKind.TRAINING, reference, decision.completed_on.isoformat())
        case LossAnnulled():
            yield from _annulments(ledger, decision)
        case CategoryObtained():
            terms = f"{decision.category}/{decision.via}"
            yield EntryRow(EntryKind.CATEGORY_ADDED, reference, decision.obtained_on.isoformat(), terms=terms)
        case NoticeReceived():
            yield EntryRow(EntryKind.INVALIDATION_NOTIFIED, reference, decision.received_on.isoformat())
        case TitleHandedIn():
            yield EntryRow(EntryKind.HANDED_IN, reference, decision.handed_in_on.isoformat())


def cancellation_rows(undone: Iterable[EntryRow], decision_reference: str, today: str) -> Iterator[EntryRow]:
    """One row for each row of the act that is undone."""
    for number, one in enumerate(undone, start=1):
        reference = _numbered(decision_reference, number)
        yield EntryRow(EntryKind.CANCELLATION, reference, today, annuls_id=one.entry_id)


def decision_of(row: EntryRow) -> str:
    """The decision that wrote a row, whichever of its rows it is."""
    return row.decision_reference.partition("#")[0]


def attempt_at(ledger: Ledger, entry_id: str | None) -> int:
    """How many rows name this one already: annulments that were cancelled."""
    return sum(one.annuls_id == entry_id for one in ledger.rows)


def opening_rows(history: PointsHistory, document_id: str) -> Iterator[EntryRow]:
    """A ledger's first rows, from what the registry hands over; their references are no client's."""
    obtained_on = history.obtained_on.isoformat()
    reference = f"opening-{document_id}"
    yield EntryRow(
        EntryKind.OPENING,
        reference,
        obtained_on,
        obtained_on,
        points=history.carried_points,
        terms=history.regime,
    )
    rows = [_row_of(fact) for fact in history.facts]
    rows += [EntryRow(EntryKind.EARLIER_ZERO, "", day.isoformat()) for day in history.earlier_zeros]
    if history.training_completed_on is not None:
        rows.append(EntryRow(EntryKind.TRAINING, "", history.training_completed_on.isoformat()))
    for number, row in enumerate(rows, start=1):
        yield row._replace(decision_reference=f"{reference}#{number}")


def _losses(decision: Withdrawal) -> Iterator[EntryRow]:
    """One row for each offence; those after the first bear a reference that no client can write."""
    stop = decision.stop_reference
    if stop is None and len(decision.offences) > 1:
        stop = decision.decision_reference
    for number, one in enumerate(decision.offences, start=1):
        yield EntryRow(
            EntryKind.LOSS,
            _numbered(decision.decision_reference, number),
            decision.established_on.isoformat(),
            decision.committed_on.isoformat(),
            one.points,
            offence_class=one.offence_class,
            offence=one.code,
            stop_reference=stop,
        )


def _numbered(reference: str, number: int) -> str:
    return reference if number == 1 else f"{reference}#{number}"


def _annulments(ledger: Ledger, decision: LossAnnulled) -> Iterator[EntryRow]:
    """One row for each loss that is not annulled already; those after the first bear a reference that no client can write."""
    annulled = {one.annuls_id for one in ledger.standing_rows() if one.kind == EntryKind.ANNULMENT}
    left = [one for one in decision.entry_ids if one not in annulled]
    if not left:
        raise WalletError("fact-recorded")
    for number, entry_id in enumerate(left, start=1):
        yield EntryRow(
            EntryKind.ANNULMENT,
            _numbered(decision.decision_reference, number),
            decision.decided_on.isoformat(),
            annuls_id=entry_id,
            attempt=attempt_at(ledger, entry_id),
        )


def _row_of(fact: Loss | Course | CategoryAdded) -> EntryRow:
    match fact:
        case Loss():
            return EntryRow(
                EntryKind.LOSS,
                "",
                fact.established_on.isoformat(),
                fact.committed_on.isoformat(),
                fact.points,
                offence_class=fact.offence_class,
                stop_reference=fact.stop,
            )
        case Course():
            return EntryRow(EntryKind.COURSE, "", fact.last_day.isoformat(), fact.first_day.isoformat())
        case CategoryAdded():
            terms = f"{fact.category}/{fact.via}"
            return EntryRow(EntryKind.CATEGORY_ADDED, "", fact.on.isoformat(), terms=terms)
