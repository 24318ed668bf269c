"""How long administrative measures may last: one dated table, so that a correction is a row and not code.

The wording of L224-2 after the act of 9 July 2025 was not read (france.md, sections 4.6 and 13). Its row repeats the
values of the 2023 text and is the one switch to turn once it has been.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from credentials.paris_day import paris_day, paris_midnight
from wallet_api.points.rules import months_later


@dataclass(frozen=True, slots=True)
class MeasureLimits:
    """Longest administrative measures that begin on or after the Paris day `in_force_from`."""

    in_force_from: date
    source: str
    settled: bool
    retention_hours: int
    """L224-2 I."""
    retention_hours_with_verifications: int
    """L224-2 I, where alcohol or drugs are verified."""
    suspension_months: int
    """Prefect's suspension, L224-2 II and L224-8."""
    suspension_months_grave: int
    """The same in grave cases, L224-8."""
    restriction_months: int
    """Interlock order, R224-6."""


LIMITS: Final = (
    MeasureLimits(date.min, "CR L224-2, L224-8, R224-6 (2023 text)", True, 72, 120, 6, 12, 12),
    MeasureLimits(
        date(2025, 7, 11), "act 2025-622, wording not read: 2023 values kept", False, 72, 120, 6, 12, 12
    ),
)


def limits_on(day: date) -> MeasureLimits:
    """The row in force on a Paris day."""
    return [one for one in LIMITS if one.in_force_from <= day][-1]


def longest_suspension(since: int, *, grave_case: bool) -> int:
    """The latest instant at which a prefect's suspension that begins at `since` may end."""
    limits = limits_on(paris_day(since))
    return months_after(since, limits.suspension_months_grave if grave_case else limits.suspension_months)


def longest_restriction(since: int) -> int:
    """The latest instant at which an interlock order that begins at `since` may end."""
    return months_after(since, limits_on(paris_day(since)).restriction_months)


def end_of_retention(since: int, *, verifications: bool) -> int:
    """When a retention ends by itself: elapsed hours, whatever the clocks do meanwhile."""
    limits = limits_on(paris_day(since))
    return since + 3_600 * (
        limits.retention_hours_with_verifications if verifications else limits.retention_hours
    )


def months_after(instant: int, months: int) -> int:
    """The instant `months` later in Paris: the day of the same number, or the last of a shorter month (france.md, 4.3)."""
    day = paris_day(instant)
    return paris_midnight(months_later(day, months)) + instant - paris_midnight(day)
