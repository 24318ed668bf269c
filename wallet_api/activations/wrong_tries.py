"""Who tried wrong codes lately: ten from one address in ten minutes, then nothing for a while.

Kept in the memory of each process: guessing 95 bits is hopeless anyway, this keeps the guesser from costing anything.
Addresses are in no table and no log, and are forgotten after ten minutes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import Final

MOST: Final = 10
SECONDS: Final = 600
_MOST_ADDRESSES: Final = 10_000


class WrongTries:
    """Instants of the wrong tries of each address, the latest addresses last."""

    def __init__(self) -> None:
        """Nobody tried anything."""
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, deque[int]] = OrderedDict()

    def seconds_to_wait(self, address: str, now: int) -> int | None:
        """None while the address may try, else when it may again."""
        with self._lock:
            tries = self._seen.get(address)
            if tries is None:
                return None
            while tries and tries[0] <= now - SECONDS:
                tries.popleft()
            if not tries:
                del self._seen[address]
                return None
            return None if len(tries) < MOST else max(1, tries[0] + SECONDS - now)

    def count(self, address: str, now: int) -> None:
        """One more wrong try."""
        with self._lock:
            self._seen.setdefault(address, deque(maxlen=MOST)).append(now)
            self._seen.move_to_end(address)
            while len(self._seen) > _MOST_ADDRESSES:
                self._seen.popitem(last=False)
