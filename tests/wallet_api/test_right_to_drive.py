"""The right to drive as a pure function: every combination of causes, every boundary, and how long measures may last."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.paris_day import paris_midnight
from tests.wallet_api.test_points_cases import CASES, instant, standing_of
from wallet_api.authority.kinds import MeasureKind, MeasureSubject
from wallet_api.authority.limits_of_measures import (
    LIMITS,
    end_of_retention,
    limits_on,
    longest_restriction,
    longest_suspension,
    months_after,
)
from wallet_api.authority.right_to_drive import Measure, RightState, RightToDrive, right_to_drive

DAY = 86_400
NOW = 1_793_534_400  # 2026-11-01T12:00:00Z
SINCE, UNTIL = NOW - DAY, NOW + DAY
STATE_OF = {
    MeasureKind.ANNULMENT: RightState.ANNULE,
    MeasureKind.REVOCATION: RightState.ANNULE,
    MeasureKind.SUSPENSION: RightState.SUSPENDU,
    MeasureKind.RETENTION: RightState.RETENU,
    MeasureKind.RESTRICTION: RightState.RESTREINT_EAD,
}
ORDER = ("INVALIDE", "ANNULE", "SUSPENDU", "RETENU", "RESTREINT_EAD", "VALIDE")
FINAL = {MeasureKind.ANNULMENT, MeasureKind.REVOCATION}
SUBSETS = list(chain.from_iterable(combinations(STATE_OF, count) for count in range(len(STATE_OF) + 1)))


def _measure(kind: MeasureKind) -> Measure:
    return Measure(kind, SINCE, None if kind in FINAL else UNTIL)


@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("kinds", SUBSETS, ids=lambda one: "+".join(one) or "none")
def test_gravest_of_every_combination_wins(kinds, zero):
    """All 64 sets of causes, in both orders of recording: the first of the order of gravity."""
    states = {STATE_OF[kind].value for kind in kinds} | ({"INVALIDE"} if zero else set()) | {"VALIDE"}
    expected = next(state for state in ORDER if state in states)
    measures = [_measure(kind) for kind in kinds]
    for ordered in (measures, measures[::-1]):
        found = right_to_drive(ordered, SINCE if zero else None, NOW)
        assert found.state.value == expected
        assert found.since == (None if expected == "VALIDE" else SINCE)
        assert found.until == (UNTIL if expected in {"SUSPENDU", "RETENU", "RESTREINT_EAD"} else None)


def test_order_of_gravity_is_that_of_the_law():
    """The declared order of states is the order in which they win."""
    assert tuple(state.value for state in RightState) == ORDER


@pytest.mark.parametrize("kind", list(STATE_OF))
@pytest.mark.parametrize(
    ("seconds", "holds"), [(-1, False), (0, True), (72 * 3_600 - 1, True), (72 * 3_600, False)]
)
def test_measure_holds_from_its_first_second_to_the_one_before_its_end(kind, seconds, holds):
    """Half-open to the second: 72 h less one second is inside, 72 h is not."""
    measure = Measure(kind, NOW, NOW + 72 * 3_600)
    found = right_to_drive([measure], None, NOW + seconds)
    assert found.state is (STATE_OF[kind] if holds else RightState.VALIDE)


@pytest.mark.parametrize(("seconds", "state"), [(-1, RightState.VALIDE), (0, RightState.INVALIDE)])
def test_zero_points_count_from_their_instant(seconds, state):
    """The licence is invalid from the second at which the balance is zero, and stays so."""
    assert right_to_drive([], NOW, NOW + seconds).state is state
    assert right_to_drive([], NOW, NOW + 3_650 * DAY).state is RightState.INVALIDE


def test_lifted_measure_ends_when_it_was_lifted():
    """R224-5: retained at 08:00, lifted at 09:00, free at 10:00; before the lift its own end is what was known."""
    retention = Measure(MeasureKind.RETENTION, NOW, NOW + 120 * 3_600, lifted_at=NOW + 10)
    assert right_to_drive([retention], None, NOW + 9) == RightToDrive(
        RightState.RETENU, NOW, NOW + 120 * 3_600
    )
    assert right_to_drive([retention], None, NOW + 10) == RightToDrive(RightState.VALIDE)


def test_voided_measure_was_never_in_force():
    """L224-9: not even at an instant when it was."""
    suspension = Measure(MeasureKind.SUSPENSION, SINCE, UNTIL, void=True)
    assert right_to_drive([suspension], None, NOW).state is RightState.VALIDE


def test_measure_on_the_title_leaves_the_right():
    """Lost, stolen, revoked as a document: the right to drive is untouched."""
    on_title = [
        Measure(kind, SINCE, subject=MeasureSubject.DOCUMENT)
        for kind in (MeasureKind.TITLE_LOSS, MeasureKind.TITLE_THEFT, MeasureKind.REVOCATION)
    ]
    assert right_to_drive(on_title, None, NOW) == RightToDrive(RightState.VALIDE)


def test_retention_then_suspension():
    """PT081 and PT114: suspended outranks retained while both hold, and outlives it."""
    retention = Measure(MeasureKind.RETENTION, NOW, NOW + 3 * DAY)
    suspension = Measure(MeasureKind.SUSPENSION, NOW + 2 * DAY, NOW + 184 * DAY)
    states = [
        right_to_drive([retention, suspension], None, NOW + days * DAY).state for days in (1, 2, 3, 184)
    ]
    assert states == [RightState.RETENU, RightState.SUSPENDU, RightState.SUSPENDU, RightState.VALIDE]


def test_several_suspensions_count_as_one():
    """From the first that began to the last that ends; no end when one of them has none."""
    first, second = (
        Measure(MeasureKind.SUSPENSION, NOW - 9, NOW + 5),
        Measure(MeasureKind.SUSPENSION, NOW - 3, NOW + 7),
    )
    assert right_to_drive([first, second], None, NOW) == RightToDrive(RightState.SUSPENDU, NOW - 9, NOW + 7)
    endless = Measure(MeasureKind.SUSPENSION, NOW - 1)
    assert right_to_drive([first, endless], None, NOW) == RightToDrive(RightState.SUSPENDU, NOW - 9, None)


_MEASURES = st.lists(
    st.builds(
        Measure,
        st.sampled_from(list(STATE_OF)),
        st.integers(0, 20),
        st.none() | st.integers(0, 20),
        st.none() | st.integers(0, 20),
        st.booleans(),
    ),
    max_size=5,
)


@given(_MEASURES, st.none() | st.integers(0, 20), st.integers(0, 20))
def test_state_is_what_a_reading_second_by_second_says(measures, zero, at):
    """Against a plain model: collect the names in force, take the gravest; and one more cause never makes it milder."""
    names = {"VALIDE"} | ({"INVALIDE"} if zero is not None and zero <= at else set())
    for one in measures:
        ends = [end for end in (one.until, one.lifted_at) if end is not None]
        if not one.void and at in range(one.since, min([*ends, 99])):
            names.add(STATE_OF[one.kind].value)
    found = right_to_drive(measures, zero, at)
    assert found.state.value == min(names, key=ORDER.index)
    for count in range(len(measures)):
        fewer = right_to_drive(measures[:count], zero, at).state
        assert ORDER.index(found.state) <= ORDER.index(fewer)


# How long


def _paris(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("since", "verifications", "until"),
    [
        ("2026-03-03T22:15:00+01:00", False, "2026-03-06T22:15:00+01:00"),
        ("2026-03-03T22:15:00+01:00", True, "2026-03-08T22:15:00+01:00"),
        ("2026-03-28T10:00:00+01:00", False, "2026-03-31T11:00:00+02:00"),
        ("2026-03-28T10:00:00+01:00", True, "2026-04-02T11:00:00+02:00"),
        ("2026-10-24T10:00:00+02:00", False, "2026-10-27T09:00:00+01:00"),
        ("2026-10-25T02:30:00+02:00", False, "2026-10-28T01:30:00+01:00"),
        ("2026-10-25T02:30:00+01:00", False, "2026-10-28T02:30:00+01:00"),
    ],
)
def test_retention_counts_elapsed_hours(since, verifications, until):
    """PT077 to PT079: 72 or 120 hours, an hour more or less on the wall where summer time begins or ends."""
    start, end = _paris(since), end_of_retention(_paris(since), verifications=verifications)
    assert end == _paris(until)
    retention = Measure(MeasureKind.RETENTION, start, end)
    assert right_to_drive([retention], None, end - 1) == RightToDrive(RightState.RETENU, start, end)
    assert right_to_drive([retention], None, end).state is RightState.VALIDE


@pytest.mark.parametrize(
    ("since", "grave", "longest"),
    [
        ("2026-03-05", False, "2026-09-05"),
        ("2026-03-05", True, "2027-03-05"),
        ("2026-08-31", False, "2027-02-28"),
        ("2024-02-29", True, "2025-02-28"),
        ("2026-12-31", False, "2027-06-30"),
    ],
)
def test_prefects_suspension_has_a_longest(since, grave, longest):
    """PT084 and PT085: six months, a year in grave cases, by Paris days."""
    start = paris_midnight(date.fromisoformat(since))
    assert longest_suspension(start, grave_case=grave) == paris_midnight(date.fromisoformat(longest))
    assert longest_restriction(start) == longest_suspension(start, grave_case=True)


@given(st.dates(date(1996, 1, 1), date(2090, 1, 1)), st.integers(0, 23), st.integers(0, 36))
def test_months_end_on_the_same_day_or_the_last_of_the_month(day, hour, months):
    """Against a second way of counting: first of the month, then the day, cut to the month's last."""
    first = date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    expected = min(first + timedelta(days=day.day - 1), following - timedelta(days=1))
    instant = paris_midnight(day) + hour * 3_600
    assert months_after(instant, months) == paris_midnight(expected) + hour * 3_600


def test_table_of_limits_is_in_order_and_says_what_is_unsettled():
    """One row in force on every day; the 2026 text is the one row that is not settled."""
    assert [one.in_force_from for one in LIMITS] == sorted({one.in_force_from for one in LIMITS})
    assert [one.settled for one in LIMITS] == [True, False]
    assert limits_on(date(2025, 7, 10)) is LIMITS[0]
    assert limits_on(date(2025, 7, 11)) is LIMITS[1]


def test_offset_of_the_writer_does_not_matter():
    """An instant is an instant: the same retention written in UTC and in Paris."""
    text = datetime(2026, 3, 3, 21, 15, tzinfo=UTC)
    for zone in (UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-5))):
        at = int(text.astimezone(zone).timestamp())
        assert end_of_retention(at, verifications=False) == _paris("2026-03-06T22:15:00+01:00")


def test_every_pair_of_gravities_is_ordered_at_the_boundary():
    """Two measures that touch: at the second where one ends and the other begins, the other alone holds."""
    for first, second in product(STATE_OF, repeat=2):
        measures = [Measure(first, NOW - 5, NOW), Measure(second, NOW, NOW + 5)]
        assert right_to_drive(measures, None, NOW - 1).state is STATE_OF[first]
        assert right_to_drive(measures, None, NOW).state is STATE_OF[second]


# The case file


def _measures_of(case: dict[str, Any]) -> list[Measure]:
    """The measures among a case's events that the law allows, a lift put to the retention before it."""
    found: list[Measure] = []
    for event in case["events"]:
        match event["kind"]:
            case "retention":
                start = instant(event["from"])
                until = end_of_retention(start, verifications=event["hours"] == 120)
                found.append(Measure(MeasureKind.RETENTION, start, until))
            case "retention_lifted":
                found[-1] = replace(found[-1], lifted_at=instant(event["at"]))
            case "suspension":
                start, until = (paris_midnight(date.fromisoformat(event[end])) for end in ("from", "to"))
                if until <= longest_suspension(start, grave_case=event["grave_case"]):
                    found.append(Measure(MeasureKind.SUSPENSION, start, until))
            case _:
                pass
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_state_of_every_case_is_that_of_points_and_measures_together(case):
    """Each asserted `state` and `state_until` of the 115 cases, the points from their engine, the measures from here."""
    for expected in case["expected"]:
        zero_on = standing_of(case, expected["at"]).zero_on
        zero_since = None if zero_on is None else paris_midnight(zero_on)
        found = right_to_drive(_measures_of(case), zero_since, instant(expected["at"]))
        if "state" in expected:
            assert found.state == expected["state"], expected["at"]
        if "state_until" in expected:
            assert found.until == instant(expected["state_until"])
