"""What may have been purged is not recorded again, though nothing is kept by which to know it (Code de la route L225-2).

A purge drops all rows of a kind about one document together, once the last of them is past its period. So whatever row is
there was released after the last purge: if what happened at an instant was not yet due then, no purge has dropped it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from .periods import PERIODS, Kept


def may_be_purged(kept: Kept, event: int, now: int, released: Iterable[int]) -> bool:
    """Whether a purge until `now` may have dropped what happened at `event`; instants in UTC seconds.

    `released` are those at which the rows that are left began to count. False: had it been recorded, it would be there.
    """
    period = PERIODS[kept]
    return all(event <= period.before(instant) for instant in chain((now,), released))
