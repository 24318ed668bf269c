"""The official's client behind `wallet-api batch`: send a file of acts, and follow it to its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from .official_client import ActRefused, Caller

_PATH: Final = "/authority/licences/batches"
_BAR: Final = 40  # characters


def send(caller: Caller, file: Path, *, dry_run: bool) -> dict[str, Any]:
    """The rehearsal, or the proposal that a supervisor approves. Raises `ActRefused`."""
    content = file.read_bytes()
    return caller.send_file(f"{_PATH}?dry_run=true" if dry_run else _PATH, content, "text/csv")


def follow(
    caller: Caller, batch_id: str, *, every: float = 1.0, pause: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Draw how far an approved batch is until its last line is done; its last state. Raises `ActRefused`."""
    while True:
        progress = caller.get(f"{_PATH}/{batch_id}")
        _draw(progress)
        if progress["state"] == "proposed":
            raise ActRefused("this batch waits for its approval: wallet-api authority proposals")
        if progress["state"] == "finished":
            return progress
        pause(every)


def _draw(progress: dict[str, Any]) -> None:
    done = progress["done"] + progress["failed"]
    bar = "#" * (_BAR * done // progress["total"])
    words = f"[{bar:<{_BAR}}] {progress['percentage']:3} %  {done}/{progress['total']}"
    end = "\n" if not sys.stderr.isatty() or progress["state"] == "finished" else "\r"
    sys.stderr.write(words + end)
    sys.stderr.flush()
