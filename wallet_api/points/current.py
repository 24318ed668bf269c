"""What the points of a licence are now, and their whole history: for issuing, for its holder, for the authority."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from . import store
from .balance import Standing
from .ledger import Ledger
from .store import BalanceRow, EntryRow
from .training import restrictions


@dataclass(frozen=True, slots=True)
class History:
    """Where a licence stands at `as_of` (UTC seconds), and the rows of its ledger in the order of recording.

    `cancelled` are the ids of rows that were cancelled before they counted; `annulled` those of losses that a decision
    undid. Rows whose `released_at` lies ahead can still be cancelled.
    """

    as_of: int
    standing: Standing
    rows: tuple[EntryRow, ...]
    cancelled: frozenset[str]
    annulled: frozenset[str]


def current(connection: Connection, authority_id: str, document_id: str, now: int) -> BalanceRow | None:
    """The balance at `now`, whether or not anything was published since it changed; None without points.

    One read of one row, unless a milestone or a release has passed: then the ledger answers. Nothing is written.
    """
    stored = store.find_balance(connection, authority_id, document_id)
    if stored is None:
        return None
    if stored.holds_at(now):
        return stored
    return _ledger(connection, authority_id, document_id, now).balance(now, stored.version)


def invalid_since(connection: Connection, authority_id: str, document_id: str, now: int) -> int | None:
    """Since when the licence is invalid for want of points (L223-1), in UTC seconds; None while it is not."""
    held = current(connection, authority_id, document_id, now)
    return None if held is None else held.invalid_since


def history(
    connection: Connection, authority_id: str, document_id: str, now: int, at: int | None = None
) -> History | None:
    """The whole of it at `at` (`now`, if not given), past or future; None when the document bears no points.

    The past is told by what is known now; the future as if nothing else happened, but for the rows that will be
    released by then. Raises `BeforeLicence`.
    """
    instant = now if at is None else at
    ledger = _ledger(connection, authority_id, document_id, now)
    if not ledger.rows:
        return None
    standing = ledger.standing(instant, known_at=max(now, instant))
    annulled = {
        one.annuls_id for one in ledger.standing_rows() if one.kind == "annulment" and one.released_at <= now
    }
    return History(
        instant,
        standing,
        tuple(ledger.rows),
        frozenset(one for one in ledger.cancelled() if one is not None),
        frozenset(one for one in annulled if one is not None),
    )


def probation_end(balance: BalanceRow | None) -> date | None:
    """The first day after probation, None outside it."""
    if balance is None or balance.probation_end is None:
        return None
    return date.fromisoformat(balance.probation_end)


def _ledger(connection: Connection, authority_id: str, document_id: str, now: int) -> Ledger:
    rows = store.entries(connection, authority_id, document_id)
    return Ledger(rows, restrictions(connection, authority_id, document_id, rows, now))
