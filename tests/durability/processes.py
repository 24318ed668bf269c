"""Processes by their ids: whose child each is, killing several at once, waiting until they are gone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

GONE_SECONDS: Final = 20.0


def children_of(parent: int) -> list[int]:
    """The processes that `parent` started and that live."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(status.parent.name))
    return found


def alive(process: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def kill(processes: Iterable[int]) -> None:
    """SIGKILL to all, and return once none is left."""
    doomed = list(processes)
    for process in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    wait_until(lambda: not any(map(alive, doomed)), GONE_SECONDS, "killed processes are still there")


def wait_until(condition: Callable[[], bool], seconds: float, else_say: str) -> None:
    """Return as soon as the condition holds. Raises `TimeoutError` with these words when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(else_say)
        time.sleep(0.01)
