"""Record what is decided about points: append to the ledger, recompute, and let the consequences follow.

- The caller holds the document's row (`authority.perform` does), so that decisions on one licence queue up.
- A row counts from its `released_at` on. What it brings to credentials follows then: at once, or in `refresh_due`.
- What the law does not know is refused with a problem; nothing is written then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from credentials.paris_day import paris_day
from wallet_api import audit
from wallet_api.identifiers import new_id
from wallet_api.problems import WalletError
from wallet_api.statement import Answer

from . import store
from .accept import Refusal, in_training_window, refusal
from .balance import Standing
from .consequences import settle
from .decisions import Decision, NoticeReceived, TitleHandedIn, TrainingCompleted
from .history import PointsHistory
from .ledger import EntryKind, Ledger, fact_of
from .rows import attempt_at, cancellation_rows, decision_of, opening_rows, rows_of
from .rules import RULES
from .still_kept import require_still_kept
from .store import BalanceRow, EntryRow
from .training import restrictions

PROBLEM_OF: Final = {
    Refusal.BEFORE_LICENCE: "dates-out-of-order",
    Refusal.DATES_OUT_OF_ORDER: "dates-out-of-order",
    Refusal.POINTS_NOT_OF_CLASS: "points-not-of-class",
    Refusal.CLASS_NOT_IN_FORCE: "points-not-of-class",
    Refusal.COURSE_DAYS: "course-days",
    Refusal.COURSE_TOO_SOON: "course-too-soon",
    Refusal.COURSE_AFTER_INVALIDATION: "licence-invalid",
    Refusal.TRAINING_OUTSIDE_WINDOW: "training-outside-window",
    Refusal.ANNULS_NOTHING: "not-found",
    Refusal.TWICE: "fact-recorded",
    Refusal.STOP_OF_ANOTHER_DAY: "dates-out-of-order",
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """Ledger rows that were written, and where the licence stands at `as_of`, when they count.

    `applied` is the change of the balance that they make together.
    """

    entry_id: str
    entry_ids: tuple[str, ...]
    applied: int
    balance: int
    cap: int
    state: str
    as_of: int
    released_at: int


def open_ledger(
    connection: Connection, authority_id: str, document_id: str, history: PointsHistory, now: int
) -> dict[str, str]:
    """Begin a licence's ledger with the history that its registry hands over; what the journal should keep of it."""
    rows: list[EntryRow] = []
    for row in opening_rows(history, document_id):
        complete = row._replace(
            entry_id=new_id(now), sequence=len(rows) + 1, recorded_at=now, released_at=now
        )
        rows.append(complete)
    balance = Ledger(rows).balance(now, version=1)
    store.open_balance(connection, authority_id, document_id, balance)
    for row in rows:
        store.add_entry(connection, authority_id, document_id, row, taken="decision-already-recorded")
    return {
        "opening": _digest(authority_id, document_id, rows),
        "first": _digest(authority_id, document_id, rows[:1]),
    }


def record(
    connection: Connection,
    authority_id: str,
    document_id: str,
    decision: Decision,
    now: int,
    actor_id: str,
    released_at: int,
    *,
    asked: Answer | None = None,
) -> Recorded:
    """Write one decision, with its audit row. Raises `WalletError` for what is no such licence or not lawful.

    `asked` is the answer of `store.ask_load`, when the caller sent it ahead.
    """
    stored, ledger = _load(connection, authority_id, document_id, now, asked)
    counts_at = max(now, released_at)
    standing: Standing | BalanceRow = stored if stored.holds_at(counts_at) else ledger.standing(counts_at)
    after, made = ledger, []
    for row in _lawful(ledger, decision, document_id, now):
        complete = row._replace(
            entry_id=new_id(now),
            sequence=after.rows[-1].sequence + 1,
            recorded_at=now,
            released_at=counts_at,
            actor_id=actor_id,
        )
        after, before = Ledger([*after.rows, complete], ledger.restrictions), standing.balance
        standing = after.standing(counts_at)
        made.append(complete._replace(applied=standing.balance - before))
    after = Ledger([*ledger.rows, *made], ledger.restrictions)
    for row in made:
        store.add_entry(connection, authority_id, document_id, row, taken="decision-already-recorded")
    settle(connection, authority_id, document_id, stored, after, now, made)
    _audit(connection, authority_id, document_id, made, actor_id, now)
    return Recorded(
        entry_id=made[0].entry_id,
        entry_ids=tuple(one.entry_id for one in made),
        applied=sum(one.applied for one in made),
        balance=standing.balance,
        cap=standing.cap,
        state=str(standing.state),
        as_of=counts_at,
        released_at=counts_at,
    )


def cancel_entry(
    connection: Connection,
    authority_id: str,
    document_id: str,
    entry_id: str,
    now: int,
    actor_id: str,
    decision_reference: str,
) -> EntryRow:
    """Cancel the act that wrote a row, before it counts: as if never recorded, though all rows stay.

    The offences of one stop are one act; the answer is the first row of the cancellation. Raises `WalletError`: unknown,
    too late, cancelled already, or an act on which a later one rests.
    """
    stored, ledger = _load(connection, authority_id, document_id, now)
    found = next((one for one in ledger.rows if one.entry_id == entry_id), None)
    if found is None:
        raise WalletError("not-found")
    if found.kind == EntryKind.CANCELLATION or entry_id in ledger.cancelled():
        raise WalletError("already-cancelled")
    # What the stored balance counted, by whichever clock, has had its consequences.
    if max(now, stored.as_of) >= found.released_at:
        raise WalletError("too-late-to-cancel")
    act = decision_of(found)
    undone = [one for one in ledger.standing_rows() if decision_of(one) == act]
    if any(one.annuls_id in {row.entry_id for row in undone} for one in ledger.standing_rows()):
        raise WalletError("fact-recorded")
    after, made = ledger, []
    for row in cancellation_rows(undone, decision_reference, paris_day(now).isoformat()):
        complete = row._replace(
            attempt=attempt_at(ledger, row.annuls_id),
            entry_id=new_id(now),
            sequence=after.rows[-1].sequence + 1,
            recorded_at=now,
            released_at=now,
            actor_id=actor_id,
        )
        after = Ledger([*after.rows, complete], ledger.restrictions)
        made.append(complete)
        store.add_entry(connection, authority_id, document_id, complete, taken="already-cancelled")
    settle(connection, authority_id, document_id, stored, after, now, ())
    _audit(connection, authority_id, document_id, made, actor_id, now)
    return made[0]


def _digest(authority_id: str, document_id: str, rows: Iterable[EntryRow]) -> str:
    own = {"authority_id": authority_id, "document_id": document_id}
    return audit.digest_of_act([{**own, **row._asdict()} for row in rows])


def _load(
    connection: Connection, authority_id: str, document_id: str, now: int, asked: Answer | None = None
) -> tuple[BalanceRow, Ledger]:
    found = store.loaded(asked or store.ask_load(connection, authority_id, document_id))
    if found is None:
        raise WalletError("not-a-licence-with-points")
    stored, rows = found
    return stored, Ledger(rows, restrictions(connection, authority_id, document_id, rows, now))


def _lawful(ledger: Ledger, decision: Decision, document_id: str, now: int) -> list[EntryRow]:
    """The rows that a decision amounts to. Raises `WalletError` when the law knows no such thing."""
    rows = list(rows_of(ledger, decision))
    today = paris_day(now).isoformat()
    if any(max(one.last_day, one.first_day or "") > today for one in rows):
        raise WalletError("dates-out-of-order")
    require_still_kept(ledger, rows, now)
    licence, facts = ledger.facts(None)
    for row in rows:
        fact = fact_of(row._replace(entry_id=f"{document_id}-{row.decision_reference}"))
        reason = None if fact is None else refusal(licence, fact, facts, RULES)
        if reason is not None:
            raise WalletError(PROBLEM_OF[reason])
    if isinstance(decision, TrainingCompleted):
        if licence.training_completed_on is not None:
            raise WalletError("fact-recorded")
        if not in_training_window(licence, decision.completed_on, RULES):
            raise WalletError("training-outside-window")
    if isinstance(decision, (NoticeReceived, TitleHandedIn)):
        _require_zero(ledger, rows[0], now)
    return rows


def _require_zero(ledger: Ledger, row: EntryRow, now: int) -> None:
    """A notice needs a balance of zero, a hand-in a notice; each is recorded once for one zero."""
    standing = ledger.standing(now)
    if standing.zero_on is None or row.last_day < standing.zero_on.isoformat():
        raise WalletError("licence-not-invalid")
    since = [one for one in ledger.standing_rows() if one.last_day >= standing.zero_on.isoformat()]
    if any(one.kind == row.kind for one in since):
        raise WalletError("fact-recorded")
    notices = [one.last_day for one in since if one.kind == EntryKind.INVALIDATION_NOTIFIED]
    if row.kind == EntryKind.HANDED_IN and not any(day <= row.last_day for day in notices):
        raise WalletError("licence-not-invalid")


def _audit(
    connection: Connection,
    authority_id: str,
    document_id: str,
    rows: Sequence[EntryRow],
    actor_id: str,
    now: int,
) -> None:
    """One row of the journal for one act, whatever it wrote."""
    first = rows[0]
    audit.append(
        connection,
        authority_id,
        now=now,
        actor_id=actor_id,
        act=first.kind,
        subject_id=document_id,
        detail={
            "entry": first.entry_id,
            "entries": len(rows),
            "points": sum(one.points for one in rows),
            "annuls": first.annuls_id,
            "released": first.released_at,
            "rows": _digest(authority_id, document_id, rows),
        },
    )
