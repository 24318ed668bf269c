"""Progress of a long command, on standard error: one line that is drawn again on a screen, a line each tenth in a file."""

from __future__ import annotations

import sys
import time
from typing import Final, Self, TextIO

_WIDTH: Final = 30
_SECONDS: Final = 0.2  # between two drawings


class Progress:
    """Draws `label [#####.....] 42 % 4200/10000 310/s`, the count alone where no total is known. Closes its line when left."""

    def __init__(self, label: str, total: int | None, out: TextIO | None = None) -> None:
        """Count up to `total`, None when nobody knows."""
        self._label, self._total = label, total
        self._out = sys.stderr if out is None else out
        self._began = time.perf_counter()
        self._drawn = 0.0
        self._tenth = 0
        self._done = 0

    def __enter__(self) -> Self:
        """Begin to count."""
        return self

    def __exit__(self, *_: object) -> None:
        """Say how it ended."""
        self._draw(last=True)

    def reach(self, done: int) -> None:
        """So many are done."""
        self._done = done
        now = time.perf_counter()
        if self._out.isatty():
            if now - self._drawn >= _SECONDS:
                self._drawn = now
                self._draw(last=False)
        elif self._total and done * 10 // self._total > self._tenth:
            self._tenth = done * 10 // self._total
            if done < self._total:
                self._draw(last=True)

    def add(self, more: int = 1) -> None:
        """So many more are done."""
        self.reach(self._done + more)

    def _reached(self) -> str:
        if self._total is None:
            return str(self._done)
        share = min(1.0, self._done / self._total) if self._total else 1.0
        bar = ("#" * round(share * _WIDTH)).ljust(_WIDTH, ".")
        return f"[{bar}] {share:4.0%} {self._done}/{self._total}"

    def _draw(self, *, last: bool) -> None:
        rate = self._done / max(time.perf_counter() - self._began, 1e-9)
        line = f"{self._label} {self._reached()} {rate:.0f}/s"
        start = "\r" if self._out.isatty() else ""
        print(start + line, end="\n" if last else "", file=self._out, flush=True)
