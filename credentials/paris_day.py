"""Civil days of metropolitan France (Europe/Paris), by the European summer-time rule.

Legal dates are Paris days. The rule, not a time-zone database, decides: a terminal may lack the database or hold
another edition, and two terminals must never disagree on a day. Summer time runs from the last Sunday of March to the
last Sunday of October, 01:00 UTC (directive 2000/84/EC; in force in this form since 1996). The same rule is applied to
earlier years, where it is a convention: no instant of a credential lies there.
"""

from __future__ import annotations

import functools
from datetime import date

from .errors import Malformed

__all__ = ["paris_day", "paris_midnight", "paris_offset"]

_DAY = 86_400
_HOUR = 3_600
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal()


def paris_offset(instant: int) -> int:
    """Return seconds to add to UTC at `instant` (UTC seconds): 3,600 or 7,200.

    Raises `Malformed` outside the years 1 to 9999.
    """
    start, end = _summer(_date(instant // _DAY + _EPOCH_ORDINAL).year)
    return 2 * _HOUR if start <= instant < end else _HOUR


def paris_day(instant: int) -> date:
    """Return the Paris civil day of `instant` (UTC seconds); raises `Malformed` outside the years 1 to 9999."""
    return _date((instant + paris_offset(instant)) // _DAY + _EPOCH_ORDINAL)


def paris_midnight(day: date) -> int:
    """Return the instant (UTC seconds) at which `day` begins in Paris; every day has one such instant."""
    utc_midnight = (day.toordinal() - _EPOCH_ORDINAL) * _DAY
    # The offset changes at 01:00 UTC, so the one in force an hour before UTC midnight is the one at Paris midnight.
    if day == date.min:
        return utc_midnight - _HOUR
    return utc_midnight - paris_offset(utc_midnight - _HOUR)


def _date(ordinal: int) -> date:
    if not 1 <= ordinal <= _LAST_DAY:
        raise Malformed("the instant lies outside the calendar")
    return date.fromordinal(ordinal)


@functools.lru_cache(maxsize=64)
def _summer(year: int) -> tuple[int, int]:
    return _last_sunday(year, 3) + _HOUR, _last_sunday(year, 10) + _HOUR


def _last_sunday(year: int, month: int) -> int:
    ordinal = date(year, month, 31).toordinal()  # March and October both have 31 days
    return (ordinal - ordinal % 7 - _EPOCH_ORDINAL) * _DAY  # ordinals of Sundays are multiples of seven
