"""What costs much to make and is the same for everybody: made once in a process, kept until its key changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock


class Shelf:
    """One place for each name; a new key throws the old content away, so memory is bounded by the names."""

    def __init__(self) -> None:
        """Empty."""
        self._lock = Lock()
        self._kept: dict[str, tuple[Hashable, bytes]] = {}

    def get(self, name: str, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """What lies under `name` with this key. Who comes while it is being made waits for it."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept[0] != key:
                kept = self._kept[name] = (key, make())
        return kept[1]
