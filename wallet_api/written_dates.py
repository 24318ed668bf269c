"""Days and instants as RFC 3339 writes them, and in no other way: a number, or digits alone, are never taken for a date."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    rf"{_DAY.pattern}(T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,6}})?(Z|[+-][0-9]{{2}}:[0-9]{{2}}))?"
)


def _written_day(value: object) -> object:
    return _written(value, _DAY)


def _written_moment(value: object) -> object:
    return _written(value, _MOMENT)


def _written(value: object, form: re.Pattern[str]) -> object:
    if isinstance(value, date) or (isinstance(value, str) and form.fullmatch(value)):
        return value
    msg = "no date as RFC 3339 writes it"
    raise ValueError(msg)


def _within_reach(moment: datetime | date) -> datetime | date:
    """Beyond these years a date is a slip of the pen; near the calendar's end no length of a measure can be added."""
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        msg = "no date of a decision"
        raise ValueError(msg)
    return moment


CivilDay = Annotated[date, BeforeValidator(_written_day)]
"""A Paris civil day."""
Moment = Annotated[AwareDatetime | date, BeforeValidator(_written_moment), AfterValidator(_within_reach)]
"""An instant with its zone, or a Paris civil day, which means its first instant; of the years 1900 to 2199."""
