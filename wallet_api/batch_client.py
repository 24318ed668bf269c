"""The official's client behind `wallet-api batch`: send a file of acts, and follow it to its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from .official_client import ActRefused, Caller

_PATH: Final = "/authority/licences/batches"
_BAR: Final = 40  # characters
_STOPPED: Final = {
    "proposed": "ce lot attend son approbation · this batch waits for its approval: wallet-api authority proposals",
    "refused": "ce lot a été refusé · this batch was refused: mend the file and submit it again",
    "expired": "personne n'a approuvé ce lot en un jour · nobody approved this batch within a day: submit it again",
}
_ENDED: Final = frozenset({"finished", "cancelled"})


def send(caller: Caller, file: Path, *, dry_run: bool) -> dict[str, Any]:
    """The rehearsal, or the proposal that a supervisor approves. Raises `ActRefused`."""
    content = file.read_bytes()
    return caller.send(f"{_PATH}?dry_run=true" if dry_run else _PATH, content, "text/csv")


def cancel(caller: Caller, batch_id: str) -> dict[str, Any]:
    """Cancel an approved batch as far as its acts can still be; `follow` shows the rest. Raises `ActRefused`."""
    path = f"{_PATH}/{batch_id}/cancellation"
    return caller.post(path, {})


def follow(
    caller: Caller, batch_id: str, *, every: float = 1.0, pause: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Draw how far an approved batch is until its last line is done; its last state. Raises `ActRefused`."""
    while True:
        progress = caller.get(f"{_PATH}/{batch_id}")
        _draw(progress)
        if progress["state"] in _STOPPED:
            raise ActRefused(_STOPPED[progress["state"]])
        if progress["state"] in _ENDED:
            return progress
        pause(every)


def in_words(problem: Mapping[str, Any]) -> str:
    """A line that was refused: which, why, and in which columns."""
    columns = problem.get("columns", ())  # a service of an older release tells none
    where = f" [{', '.join(columns)}]" if columns else ""
    return f"ligne · line {problem['line']} : {problem['fr']} · {problem['en']} ({problem['code']}){where}"


def _draw(progress: dict[str, Any]) -> None:
    share = progress["percentage"]
    bar = "#" * (_BAR * share // 100)
    words = f"[{bar:<{_BAR}}] {share:3} %  {_counted(progress)}"
    end = "\n" if not sys.stderr.isatty() or progress["state"] in _ENDED else "\r"
    sys.stderr.write(words + end)
    sys.stderr.flush()


def _counted(progress: dict[str, Any]) -> str:
    """How many lines of how many: the service's own counts, since a share in whole numbers does not tell them."""
    if progress["cancelled_at"] is not None:
        return f"{progress['cancelled']}/{progress['total']} annulées · cancelled"
    counted = f"{progress['done'] + progress['failed']}/{progress['total']}"
    return counted + (f", {progress['failed']} refusées · refused" if progress["failed"] else "")
