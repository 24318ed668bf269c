"""Licences and facts drawn by Hypothesis: some lawful, some not, dates close enough to meet each other's delays."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from wallet_api.points.facts import (
    Annulment,
    CategoryAdded,
    Course,
    Fact,
    HandedIn,
    InvalidationNotified,
    Licence,
    Loss,
    Restricted,
)
from wallet_api.points.rules import RULES

START = date(2003, 6, 1)
_DAYS = st.integers(0, 12 * 365).map(lambda days: START + timedelta(days))
_CLASSES = st.sampled_from([name for name in RULES.offence_classes if name != "carried"])
_REFS = st.sampled_from([f"D-{number}" for number in range(6)])
_POINTS = {"delit": 6, "delit_alcool_stupefiants": 9}


@st.composite
def licences(draw: st.DrawFn) -> Licence:
    """A licence of any regime, the training inside or outside its window."""
    obtained_on = draw(_DAYS)
    training = draw(st.none() | st.integers(0, 500))
    return Licence(
        obtained_on,
        draw(st.sampled_from(list(RULES.regimes))),
        None if training is None else obtained_on + timedelta(training),
        carried_points=draw(st.sampled_from([0, 0, 3, 12])),
    )


@st.composite
def losses(draw: st.DrawFn) -> Loss:
    """A loss, mostly of the points that its class allows."""
    committed_on = draw(_DAYS)
    name = draw(_CLASSES)
    points = _POINTS.get(name) or draw(st.integers(0, 6))
    return Loss(
        committed_on,
        committed_on + timedelta(draw(st.sampled_from([0, 1, 30, 400, -1]))),
        draw(st.just(points) | st.integers(-1, 13)),
        name,
        draw(st.none() | st.sampled_from(["S-1", "S-2"])),
        draw(st.none() | _REFS),
    )


def _course(first_day: date, length: int) -> Course:
    return Course(first_day, first_day + timedelta(length - 1))


facts: st.SearchStrategy[list[Fact]] = st.lists(
    st.one_of(
        losses(),
        losses(),
        losses(),
        st.builds(_course, _DAYS, st.sampled_from([2, 2, 2, 1, 3])),
        st.builds(Annulment, _REFS, _DAYS),
        st.builds(CategoryAdded, _DAYS, st.sampled_from(["A2", "B"]), st.sampled_from(["standard", "aac"])),
        st.builds(InvalidationNotified, _DAYS),
        st.builds(HandedIn, _DAYS),
        st.builds(Restricted, _DAYS),
    ),
    max_size=12,
)
