"""The rules of points as one dated table. A change of the law, or of a reading of it, is a change of data here.

Every field of `RuleTable` has a row in `SOURCES`: since when the rule is in force, its article, and how sure it is
(`law`: the text says it; `convention`: a choice of this project; `unsettled`: sources are silent or conflict, the value
is the literal reading). A test holds the two together. Delays are in months, points in points.

The table says the present text. It is applied to older dates too, where it was another: before 16 March 2011 a single
point took a year to return and every restoration three years (act 2011-267). No ledger of this service reaches there.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from credentials.spec import POINTS_MAX


@dataclass(frozen=True, slots=True)
class Regime:
    """How a licence begins: points, gains after so many months, months of probation, and those after the training."""

    initial: int
    gains: tuple[tuple[int, int], ...]
    probation: int
    probation_after_training: int


@dataclass(frozen=True, slots=True)
class OffenceClass:
    """What the class of an offence decides.

    A loss has `least` to `most` points. `lengthens`: one such offence makes the delay of restoration the long one.
    `returns_in_the_end`: its points come back after the longest delay whatever happens. `committed_from`: no earlier
    offence has this class.
    """

    least: int
    most: int
    lengthens: bool
    returns_in_the_end: bool
    committed_from: date = date.min


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from."""

    since: date
    article: str
    basis: Literal["law", "convention", "unsettled"]


_MINOR: Final = OffenceClass(0, 6, lengthens=False, returns_in_the_end=True)
_REGIMES: Final[Mapping[str, Regime]] = MappingProxyType(
    {
        "standard": Regime(6, ((12, 2), (24, 2)), probation=36, probation_after_training=24),
        "aac": Regime(6, ((12, 3),), probation=24, probation_after_training=18),
        # Licences from before the probation existed, and ledgers that begin with a balance alone.
        "settled": Regime(POINTS_MAX, (), probation=0, probation_after_training=0),
    }
)
_CLASSES: Final[Mapping[str, OffenceClass]] = MappingProxyType(
    {
        "contravention_1": _MINOR,
        "contravention_2": _MINOR,
        "contravention_3": _MINOR,
        "contravention_4": OffenceClass(0, 6, lengthens=True, returns_in_the_end=True),
        "contravention_5": OffenceClass(0, 6, lengthens=True, returns_in_the_end=False),
        "delit": OffenceClass(6, 6, lengthens=True, returns_in_the_end=False),
        "delit_alcool_stupefiants": OffenceClass(
            9, 9, lengthens=True, returns_in_the_end=False, committed_from=date(2025, 7, 11)
        ),
        # Missing points of which nothing else is known: they wait for the long delay.
        "carried": OffenceClass(0, POINTS_MAX, lengthens=True, returns_in_the_end=False),
    }
)


@dataclass(frozen=True, slots=True)
class RuleTable:
    """Everything that the engine would otherwise have to know by heart."""

    regimes: Mapping[str, Regime] = field(default_factory=lambda: _REGIMES)
    offence_classes: Mapping[str, OffenceClass] = field(default_factory=lambda: _CLASSES)
    stop_limit: int = 8
    """Simultaneous offences together."""
    restoration_months: int = 24
    restoration_months_long: int = 36
    single_point_months: int = 6
    return_in_the_end_months: int = 120
    course_points: int = 4
    course_days: int = 2
    course_interval_months: int = 12
    required_course_points: int = 3
    """A single loss of so many points in probation makes the course compulsory."""
    training_from_month: int = 6
    training_until_month: int = 12
    accompanied_probation_months: int = 24
    """What B by accompanied driving leaves of a probation that another category began."""
    new_licence_months: int = 6
    new_licence_months_again: int = 12
    again_within_months: int = 60
    delay_offset_days: int = 0
    """Days from the same-numbered day to the one on which a delay is over; the legal day may be one later."""
    stop_limit_yields_to_largest: bool = True
    """The limit of a stop is its largest single loss where that is greater: nine stays nine (PT045)."""
    single_point_of_stop_returns: bool = True
    """A loss of one point returns early although others were simultaneous (PT046)."""
    point_left_by_limit_returns: bool = False
    """What the limit of a stop leaves of a greater loss returns early if it is one point (PT107)."""
    late_establishment_takes_gain_back: bool = True
    """An offence committed inside a delay counts there although it was established after it (PT071, PT072, PT098)."""
    clock_runs_in_probation: bool = True
    """The delay of restoration runs during probation and takes effect at its end (PT064, PT068)."""
    restoration_forgets_classes: bool = True
    """After a full restoration older offences no longer lengthen the delay (PT027)."""
    zero_awaits_notice: bool = False
    """A course between zero and the receipt of the letter is credited (PT115)."""
    required_course_is_met: bool = True
    """A course begun after the establishment of the loss ends the obligation to take one."""


RULES: Final = RuleTable()
VERSION: Final = "2026-02-27"  # day of the official notice from which the offences were taken

_ALWAYS: Final = date(1992, 7, 1)  # the points licence, act 89-469
_2011: Final = date(2011, 3, 16)
_PROBATION: Final = date(2004, 3, 1)
SOURCES: Final[Mapping[str, Source]] = MappingProxyType(
    {
        "regimes": Source(date(2007, 12, 31), "CR L223-1, R223-1", "law"),
        "offence_classes": Source(_ALWAYS, "CR L223-2, L223-6, L235-1 (act 2025-622)", "law"),
        "stop_limit": Source(_ALWAYS, "CR L223-2 III, R223-2", "law"),
        "restoration_months": Source(_2011, "CR L223-6 al. 1", "law"),
        "restoration_months_long": Source(_2011, "CR L223-6 al. 2", "law"),
        "single_point_months": Source(_2011, "CR L223-6 al. 3", "law"),
        "return_in_the_end_months": Source(_ALWAYS, "CR L223-6 last al.", "law"),
        "course_points": Source(_ALWAYS, "CR L223-6 al. 4, R223-8", "law"),
        "course_days": Source(_ALWAYS, "CR R223-5", "law"),
        "course_interval_months": Source(_2011, "CR L223-6 al. 4", "law"),
        "required_course_points": Source(_PROBATION, "CR L223-6 al. 4, R223-4", "law"),
        "training_from_month": Source(date(2019, 1, 1), "CR R223-4-1", "law"),
        "training_until_month": Source(date(2019, 1, 1), "CR R223-4-1", "law"),
        "accompanied_probation_months": Source(_PROBATION, "CR R223-1 V", "law"),
        "new_licence_months": Source(_ALWAYS, "CR L223-5 I", "law"),
        "new_licence_months_again": Source(_ALWAYS, "CR L223-5 II", "law"),
        "again_within_months": Source(_ALWAYS, "CR L223-5 II", "law"),
        "delay_offset_days": Source(_ALWAYS, "day rule, france.md 4.3", "convention"),
        "stop_limit_yields_to_largest": Source(date(2025, 7, 11), "no text found", "unsettled"),
        "single_point_of_stop_returns": Source(_2011, "CR L223-6 al. 3", "unsettled"),
        "point_left_by_limit_returns": Source(_2011, "CR L223-6 al. 3", "unsettled"),
        "late_establishment_takes_gain_back": Source(_ALWAYS, "CR L223-1, L223-6", "unsettled"),
        "clock_runs_in_probation": Source(_PROBATION, "CR L223-1 last al., R223-1 IV", "unsettled"),
        "restoration_forgets_classes": Source(_2011, "CR L223-6 al. 2", "unsettled"),
        "zero_awaits_notice": Source(_ALWAYS, "CR L223-1 al. 3, R223-3 III", "unsettled"),
        "required_course_is_met": Source(_PROBATION, "CR R223-4", "convention"),
    }
)
"""Article, date and certainty of every field of `RuleTable`."""

PROBATION_SINCE: Final = _PROBATION
"""Licences obtained earlier began with twelve points and knew no probation (act 2003-495)."""


def end_of_delay(day: date, months: int, rules: RuleTable) -> date:
    """The first day after a delay of so many months: the day of the same number, or the last of a shorter month."""
    end = months_later(day, months)
    return end + timedelta(rules.delay_offset_days) if rules.delay_offset_days else end


@lru_cache(maxsize=4096)
def months_later(day: date, months: int) -> date:
    """The same-numbered day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
