"""How many documents of each kind were in each state at a past instant, the same on whatever day it is asked.

A stored balance that was computed by then, and that no milestone and no release changed since, says itself whether the
licence is invalid. Of every other the ledger is replayed up to the instant: what was released by then counts, and what came
later does not. Both say the same, as a replay from nothing always equals the stored balance.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from sqlalchemy import Connection

from wallet_api.points.balance import BeforeLicence, PointsState
from wallet_api.points.ledger import Ledger
from wallet_api.points.store import EntryRow, ledgers
from wallet_api.points.training import restrictions

from .store import INVALID, REVOKED, ChangedBalance, changed_balances, count_documents

AT_ONCE: Final = 500  # ledgers read by one statement


def documents_at(connection: Connection, at: int) -> dict[tuple[str, str], int]:
    """Documents by kind and state at `at` (UTC seconds), each in its gravest state.

    One transaction with a consistent view. It replays the licences that changed since `at` or were due by then.
    """
    counts = count_documents(connection, at)
    for one, rows in _changed(connection, at):
        if one.state != REVOKED and _was_invalid(connection, one, rows, at):
            counts[one.document_type, one.state] -= 1
            key = one.document_type, INVALID
            counts[key] = counts.get(key, 0) + 1
    return {key: count for key, count in counts.items() if count}


def _changed(connection: Connection, at: int) -> Iterator[tuple[ChangedBalance, list[EntryRow]]]:
    after = ("", "")
    while page := changed_balances(connection, at, after, AT_ONCE):
        for authority, group in groupby(page, key=lambda one: one.authority_id):
            those = list(group)
            found = ledgers(connection, authority, [one.document_id for one in those])
            yield from ((one, found[one.document_id]) for one in those)
        after = page[-1][:2]


def _was_invalid(connection: Connection, one: ChangedBalance, rows: list[EntryRow], at: int) -> bool:
    if not rows:
        return False
    held = restrictions(connection, one.authority_id, one.document_id, rows, at)
    try:
        return Ledger(rows, held).standing(at).state is PointsState.INVALIDE
    except BeforeLicence:  # obtained later; it had no points to lose
        return False
