"""Record decisions on points: append to the ledger, change the balance, in one transaction.

The balance is what the ledger's `applied` changes add up to, always within 0..12 (Code de la route L223-1). A
withdrawal greater than the balance takes what is there; a restoration stops at 12. The law's rules of time come on top
of this ledger and do not change its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from credentials.paris_day import paris_day
from credentials.spec import POINTS_MAX
from wallet_api.identifiers import new_id
from wallet_api.problems import WalletError

from . import store


class EntryKind(StrEnum):
    """Kinds of ledger rows."""

    OPENING = "opening"
    WITHDRAWAL = "withdrawal"
    RESTORATION = "restoration"


_SIGN: Final = {EntryKind.WITHDRAWAL: -1, EntryKind.RESTORATION: 1}


@dataclass(frozen=True, slots=True)
class PointsDecision:
    """A decision on points, as the authority states it. Days are Paris civil days."""

    kind: EntryKind
    decision_reference: str
    points: int
    established_on: date
    committed_on: date | None = None
    offence_class: str | None = None
    stop_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A ledger row that was written, and the balance after it."""

    entry_id: str
    applied: int
    balance: int
    as_of: int


def open_ledger(connection: Connection, authority_id: str, document_id: str, balance: int, now: int) -> None:
    """Begin a licence's ledger with the balance that its registry states."""
    store.open_balance(connection, authority_id, document_id, balance, now)
    opening = {
        "kind": EntryKind.OPENING,
        "decision_reference": f"opening-{document_id}",
        "sequence": 1,
        "points": balance,
        "established_on": paris_day(now).isoformat(),
    }
    _append(connection, authority_id, document_id, opening, balance, now, "0" * 32)


def record(
    connection: Connection,
    authority_id: str,
    document_id: str,
    decision: PointsDecision,
    now: int,
    actor_id: str,
) -> Recorded:
    """Write one decision. Raises `WalletError`: no ledger, or a decision with this reference is recorded already."""
    before = store.find_balance(connection, authority_id, document_id, lock=True)
    if before is None:
        raise WalletError("not-a-licence-with-points")
    after = min(POINTS_MAX, max(0, before.balance + _SIGN[decision.kind] * decision.points))
    row: dict[str, object] = {
        "kind": decision.kind,
        "decision_reference": decision.decision_reference,
        "sequence": before.version + 1,
        "points": decision.points,
        "established_on": decision.established_on.isoformat(),
        "committed_on": decision.committed_on and decision.committed_on.isoformat(),
        "offence_class": decision.offence_class,
        "stop_reference": decision.stop_reference,
    }
    entry_id = _append(connection, authority_id, document_id, row, after - before.balance, now, actor_id)
    if not store.change_balance(connection, authority_id, document_id, before, after, now):
        msg = "a locked balance changed"
        raise RuntimeError(msg)
    return Recorded(entry_id, after - before.balance, after, now)


def _append(
    connection: Connection,
    authority_id: str,
    document_id: str,
    row: dict[str, object],
    applied: int,
    now: int,
    actor_id: str,
) -> str:
    entry_id = new_id(now)
    complete = {
        **row,
        "authority_id": authority_id,
        "document_id": document_id,
        "entry_id": entry_id,
        "applied": applied,
        "recorded_at": now,
        "actor_id": actor_id,
    }
    if not store.add_entry(connection, complete):
        raise WalletError("decision-already-recorded")
    return entry_id
