"""What may have been purged is not recorded again, though nothing is kept by which to know it (Code de la route L225-2).

A purge drops all rows of a kind about one document together, once the last of them is past its period. So whatever row is
there was released after the last purge: if what happened at an instant was not yet due then, no purge has dropped it. And
of a document that was opened within the period nothing has been purged yet, however old what is recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from .periods import PERIODS, Kept


def may_be_purged(kept: Kept, event: int, now: int, opened_at: int, released: Iterable[int]) -> bool:
    """Whether a purge until `now` may have dropped what happened at `event`; instants in UTC seconds.

    `opened_at` is when the document was opened, `released` when the rows that are left began to count. False: had it been
    recorded, it would be there.
    """
    period = PERIODS[kept]
    return opened_at <= period.before(now) and all(
        event <= period.before(instant) for instant in chain((now,), released)
    )
