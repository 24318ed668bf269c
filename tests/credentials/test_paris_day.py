"""Paris civil days: our rule against the time-zone database, and the two awkward days of each year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.errors import Malformed
from credentials.paris_day import paris_day, paris_midnight, paris_offset

HOUR = 3_600


def test_every_hour_from_1996_to_2060_agrees_with_the_time_zone_database():
    """569,784 instants: same offset, same day."""
    try:
        zone = ZoneInfo("Europe/Paris")
    except ZoneInfoNotFoundError:
        pytest.skip("this machine has no time-zone database to compare with")
    first = int(datetime(1996, 1, 1, tzinfo=UTC).timestamp())
    last = int(datetime(2061, 1, 1, tzinfo=UTC).timestamp())
    for instant in range(first, last, HOUR):
        local = datetime.fromtimestamp(instant, zone)
        assert paris_offset(instant) == local.utcoffset().total_seconds(), instant
        if local.hour in {0, 1, 23}:
            assert paris_day(instant) == local.date(), instant


@pytest.mark.parametrize(
    ("instant", "offset"),
    [
        ("2026-03-29T00:59:59", 1),
        ("2026-03-29T01:00:00", 2),
        ("2026-10-25T00:59:59", 2),
        ("2026-10-25T01:00:00", 1),
        ("2027-03-28T00:59:59", 1),
        ("2027-03-28T01:00:00", 2),
        ("2024-03-31T01:00:00", 2),  # the last Sunday is the last day of the month
        ("2026-01-01T00:00:00", 1),
        ("2026-12-31T23:59:59", 1),
    ],
)
def test_summer_time_begins_and_ends_at_one_in_the_morning_utc(instant, offset):
    """Last Sundays of March and October, to the second."""
    assert paris_offset(int(datetime.fromisoformat(instant).replace(tzinfo=UTC).timestamp())) == offset * HOUR


def test_day_changes_at_paris_midnight_to_the_second():
    """One second before midnight is yesterday, on every day of four years."""
    day = date(2026, 1, 1)
    while day < date(2030, 1, 1):
        midnight = paris_midnight(day)
        assert paris_day(midnight) == day
        assert paris_day(midnight - 1) == day - timedelta(days=1)
        day += timedelta(days=1)


@given(st.dates(min_value=date(1, 1, 3), max_value=date(9999, 12, 30)))
def test_midnight_belongs_to_its_day(day):
    """paris_day(paris_midnight(d)) == d."""
    assert paris_day(paris_midnight(day)) == day


@pytest.mark.parametrize("instant", [-(10**11), 10**12, 2**63, -(2**64)])
def test_instants_outside_the_calendar_are_malformed(instant):
    """A stranger's number never raises anything else."""
    for function in (paris_day, paris_offset):
        with pytest.raises(Malformed):
            function(instant)


def test_first_and_last_days_of_the_calendar():
    """At the ends of the calendar there is an answer or the one exception."""
    assert paris_midnight(date.min) == -62_135_600_400
    assert paris_day(paris_midnight(date.max)) == date.max
    with pytest.raises(Malformed):
        paris_day(paris_midnight(date.max) + 86_400)
