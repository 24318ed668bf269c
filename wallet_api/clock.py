"""The one place that reads the clock. Everything else is given a `Clock`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import formatdate

from .settings import SettingsRefused


@dataclass(frozen=True, slots=True)
class Clock:
    """Instants in whole UTC seconds. Two clocks of one service never differ."""

    read: Callable[[], float]

    def now(self) -> int:
        """The present instant."""
        return int(self.read())

    def http_date(self) -> str:
        """The present instant as the `Date` header spells it (RFC 9110, section 5.6.7); phones learn their offset."""
        return formatdate(self.read(), usegmt=True)


def system_clock(test_now: str = "") -> Clock:
    """The machine's clock, or, for a demonstration, one that starts at the RFC 3339 instant `test_now` and runs on.

    Raises `SettingsRefused` when that text is no instant with its zone.
    """
    if not test_now:
        return Clock(time.time)
    try:
        start = datetime.fromisoformat(test_now)
    except ValueError:
        start = datetime.min  # noqa: DTZ901 - without a zone, so refused in the next line
    if start.tzinfo is None:
        msg = "LP_TEST_NOW is an RFC 3339 instant with its zone, such as 2026-11-22T12:00:00Z"
        raise SettingsRefused(msg)
    offset = start.timestamp() - time.time()
    return Clock(lambda: time.time() + offset)


def fixed_clock(instant: int) -> Clock:
    """A clock that stands still, for tests."""
    return Clock(lambda: float(instant))


def rfc3339(instant: int) -> str:
    """An instant as the API's JSON spells it."""
    year, month, day, hour, minute, second = time.gmtime(instant)[:6]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
