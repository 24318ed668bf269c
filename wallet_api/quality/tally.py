"""Counts of answers in the memory of one process, until `keep.py` writes them to the database.

Imports no web framework and no SQL: `wiring.py` makes one for every command.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Final, NamedTuple

HOUR: Final = 3_600
BOUNDS: Final = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000)
"""Upper bounds of the classes of latency, in milliseconds; the last class has none."""
BEYOND: Final = "more"
GROUPS: Final = {
    "issuing": ("/credential", "/token", "/nonce", "/notification", "/wallet"),
    "acts": ("/authority",),
    "lists": ("/tuf", "/s/", "/.well-known"),
    "citizens": ("/me", "/aidant", "/activations"),
}
_UNCOUNTED: Final = ("none", "/healthz", "/readyz", "/metrics")
_MOST_CELLS: Final = 20_000  # days without a database; beyond, what is new is not counted


class Cell(NamedTuple):
    """What one count is about. `hour` is the UTC second at which its hour began."""

    hour: int
    kind: str
    subject: str
    value: str


class Tally:
    """The counts that no database holds yet."""

    def __init__(self) -> None:
        """Nothing was answered yet."""
        self._lock = Lock()
        self._counts: Counter[Cell] = Counter()

    def note(self, route: str, status: int, milliseconds: float, now: int) -> None:
        """Count one answer of the route with this template; probes and unknown addresses do not count."""
        if route in _UNCOUNTED:
            return
        group, hour = _group(route), now - now % HOUR
        place = bisect_left(BOUNDS, milliseconds)
        bound = str(BOUNDS[place]) if place < len(BOUNDS) else BEYOND
        answer = Cell(hour, "answer", group, "failed" if status >= 500 else "ok")
        self.add({answer: 1, Cell(hour, "latency", group, bound): 1})

    def add(self, counts: Mapping[Cell, int]) -> None:
        """Add counts, such as those that could not be written."""
        with self._lock:
            for cell, count in counts.items():
                if cell in self._counts or len(self._counts) < _MOST_CELLS:
                    self._counts[cell] += count

    def take(self) -> dict[Cell, int]:
        """All counts; the tally begins again."""
        with self._lock:
            taken, self._counts = dict(self._counts), Counter()
        return taken


def _group(route: str) -> str:
    return next((name for name, starts in GROUPS.items() if route.startswith(starts)), "pages")
