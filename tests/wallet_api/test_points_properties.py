"""What holds of the engine whatever happened, in whatever order it was recorded, at any instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from credentials.paris_day import paris_midnight
from tests.wallet_api.points_histories import facts, licences
from wallet_api.points.balance import standing_at
from wallet_api.points.facts import Annulment, Course, Fact, Licence, known_since


def _instant(licence: Licence, days: int) -> int:
    return paris_midnight(licence.obtained_on + timedelta(days)) + 43_200


@given(licences(), facts, st.integers(0, 9_000), st.randoms())
def test_balance_stays_within_its_cap_and_the_cap_within_twelve(licence, drawn, days, order):
    """`0 <= balance <= cap <= 12`, now and on every day of the calendar, in any order of recording."""
    order.shuffle(drawn)
    standing = standing_at(licence, drawn, _instant(licence, days))
    for one in (standing, *standing.calendar):
        assert 0 <= one.balance <= one.cap <= 12
    assert (standing.state == "INVALIDE") == (standing.balance == 0)
    if standing.balance == 0:
        assert standing.calendar == ()


@given(licences(), facts, st.integers(0, 9_000), st.randoms())
def test_order_of_recording_decides_nothing(licence, drawn, days, order):
    """Losses, categories and restrictions may be recorded in any order; of contradicting courses the first stands."""
    drawn = [one for one in drawn if not isinstance(one, (Course, Annulment)) and _unique(one, drawn)]
    at = _instant(licence, days)
    other = list(drawn)
    order.shuffle(other)
    one, two = standing_at(licence, drawn, at), standing_at(licence, other, at)
    assert (one.balance, one.cap, one.calendar) == (two.balance, two.cap, two.calendar)


@given(licences(), facts, st.integers(0, 9_000))
def test_what_is_not_known_yet_changes_nothing(licence, drawn, days):
    """Facts of a later day do not reach back."""
    at = _instant(licence, days)
    day = licence.obtained_on + timedelta(days)
    known = [one for one in drawn if known_since(one) <= day or isinstance(one, Course)]
    one, two = standing_at(licence, drawn, at), standing_at(licence, known, at)
    assert (one.balance, one.cap, one.calendar) == (two.balance, two.cap, two.calendar)


@given(licences(), facts, st.integers(0, 9_000))
def test_calendar_comes_true_if_nothing_else_happens(licence, drawn, days):
    """Each change is what the engine itself says on its day, by the facts known now."""
    at = _instant(licence, days)
    day = licence.obtained_on + timedelta(days)
    known = [one for one in drawn if known_since(one) <= day]
    training = licence.training_completed_on
    if training is not None and training > day:
        licence = replace(licence, training_completed_on=None)
    for change in standing_at(licence, known, at).calendar:
        before = standing_at(licence, known, paris_midnight(change.on) - 1)
        on_the_day = standing_at(licence, known, paris_midnight(change.on))
        assert (on_the_day.balance, on_the_day.cap) == (change.balance, change.cap)
        assert (before.balance, before.cap) != (change.balance, change.cap)


def _unique(fact: Fact, drawn: list[Fact]) -> bool:
    ref = getattr(fact, "ref", None)
    return ref is None or sum(getattr(one, "ref", None) == ref for one in drawn) == 1
