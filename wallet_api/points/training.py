"""What measures on the right to drive do to the training after the licence: with one, it shortens nothing (L223-1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from wallet_api.authority.kinds import MeasureKind, MeasureSubject
from wallet_api.authority.store import measures_of

from .ledger import EntryKind, Restriction
from .store import EntryRow

_KINDS: Final = frozenset({MeasureKind.SUSPENSION, MeasureKind.RESTRICTION})


def restrictions(
    connection: Connection, authority_id: str, document_id: str, rows: Iterable[EntryRow], now: int
) -> list[Restriction]:
    """Suspensions and restrictions of the right, ended ones too; without a training nobody asks for them.

    What was cancelled or voided never was.
    """
    if all(one.kind != EntryKind.TRAINING for one in rows):
        return []
    return [
        Restriction(one.since, one.released_at, one.lifted_at, one.void_at)
        for one in measures_of(connection, authority_id, document_id, now)
        if one.kind in _KINDS and one.subject == MeasureSubject.RIGHT and not one.void
    ]
