"""A decision of which a purge may have dropped the row is refused by its date: its reference may have been recorded once.

By then the law has given the points back and ordered the record erased (L223-6, L225-2): nothing is lost that counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from credentials.paris_day import paris_midnight
from wallet_api.problems import WalletError
from wallet_api.retention.past import may_be_purged
from wallet_api.retention.periods import Kept

from .ledger import EntryKind, Ledger
from .store import EntryRow

_BY_THEMSELVES: Final = frozenset(
    {EntryKind.LOSS, EntryKind.COURSE, EntryKind.TRAINING, EntryKind.CATEGORY_ADDED}
)
"""The others rest on rows that must still be there: an annulment on its loss, a notice and a hand-in on a zero."""


def require_still_kept(ledger: Ledger, rows: Iterable[EntryRow], now: int) -> None:
    """Raises `WalletError` for rows that may have been recorded and purged."""
    opened_at = min((one.released_at for one in ledger.rows), default=now)
    released = [one.released_at for one in ledger.rows if one.kind != EntryKind.OPENING]
    for row in rows:
        day = paris_midnight(date.fromisoformat(row.last_day))
        if row.kind in _BY_THEMSELVES and may_be_purged(Kept.POINTS, day, now, opened_at, released):
            raise WalletError("decision-too-old")
