"""What a category held allows at a day: implications, their ends, and the second category that some of them need."""

from __future__ import annotations

from datetime import date

import pytest

from tests.simulated_authority import privilege
from verifier.entitlement import may_drive

DAY = date(2026, 11, 22)
OPEN, PAST, LATER = None, "2020-01-01", "2027-06-30"


def _held(**ends):
    return tuple(privilege(code, "2010-06-02", end) for code, end in ends.items())


@pytest.mark.parametrize(
    ("asked", "held", "answer"),
    [
        ("B", {"B": OPEN}, "yes"),
        ("B", {"A": OPEN}, "absent"),
        ("B1", {"B": OPEN}, "yes"),
        ("A1", {"A2": OPEN}, "yes"),
        ("A1", {"A2": PAST, "A": OPEN}, "yes"),
        ("BE", {"CE": OPEN}, "yes"),
        ("DE", {"CE": OPEN}, "absent"),
        ("DE", {"CE": OPEN, "D": OPEN}, "yes"),
        ("DE", {"CE": OPEN, "D": PAST}, "expired"),
        ("DE", {"CE": PAST, "D": OPEN}, "expired"),
        ("D1E", {"C1E": OPEN, "D1": PAST}, "expired"),
        ("D1E", {"C1E": OPEN, "D1": LATER}, "yes"),
    ],
)
def test_category_follows_from_those_held_and_not_expired(asked, held, answer):
    """R221-7: an implied category lasts as long as all that it follows from."""
    found = may_drive(_held(**held), asked, DAY)
    assert ("absent" if not found.held else "expired" if found.expired else "yes") == answer


def test_answer_ends_with_the_first_of_two_categories():
    """CE until 2029 and D until June 2027 give DE until June 2027."""
    assert may_drive(_held(CE="2029-09-09", D=LATER), "DE", DAY).until == date(2027, 6, 30)


def test_category_that_has_not_begun_is_absent():
    """A category from 2030 answers nothing today."""
    assert not may_drive((privilege("B", "2030-01-01"),), "B", DAY).held
