"""What an authentic document allows at an instant; apart from whether it is authentic (verdicts.md, section 1).

Implications between categories: Code de la route R221-7, as one table. They are not transitive beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from credentials.driving_licence import CATEGORY_NUMBERS, DrivingPrivilege
from credentials.vitale_card import RightsPeriod

# Category held -> categories it also gives; a second word must be held too.
_GIVES: Final[dict[str, tuple[tuple[str, str | None], ...]]] = {
    "A1": (("AM", None),),
    "A2": (("A1", None),),
    "A": (("A2", None), ("A1", None)),
    "B": (("B1", None),),
    "C1E": (("BE", None), ("D1E", "D1")),
    "CE": (("BE", None), ("DE", "D")),
    "D1E": (("BE", None),),
    "DE": (("BE", None),),
}
_CODES: Final = frozenset(CATEGORY_NUMBERS)

# Arrêté of 20 April 2012, annex: codes whose meaning this release can tell by their leading number. The rest is shown as written.
KNOWN_RESTRICTIONS: Final = frozenset(
    [
        "01",
        "02",
        "03",
        "05",
        "10",
        "15",
        "20",
        "25",
        "30",
        "31",
        "32",
        "33",
        "34",
        "35",
        "40",
        "42",
        "43",
        "44",
        "50",
        "51",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "67",
        "68",
        "69",
        "70",
        "71",
        "73",
        "78",
        "79",
        "80",
        "81",
        "95",
        "96",
        "97",
        "106",
        "107",
        "111",
    ]
)


class CategoryAnswer(NamedTuple):
    """`until` is the last day of the category that answers, None when open; `held` tells whether any answers at all."""

    held: bool
    expired: bool = False
    until: date | None = None


def check_category(code: str) -> None:
    """Raises `ValueError` for a word that is no category: the caller's mistake, never the holder's."""
    if code not in _CODES:
        msg = f"no such category; one of {' '.join(CATEGORY_NUMBERS)}"
        raise ValueError(msg)


def may_drive(categories: Iterable[DrivingPrivilege], code: str, day: date) -> CategoryAnswer:
    """Whether `code`, or a category that implies it, holds on the Paris day `day`.

    Where an implication needs a second category, the answer ends with the first of the two.
    """
    ends = {one.code: one.valid_to or date.max for one in categories if one.valid_from <= day}
    answers = [ends[code]] if code in ends else []
    for held, end in ends.items():
        for given, other in _GIVES.get(held, ()):
            if given == code and (other is None or other in ends):
                answers.append(end if other is None else min(end, ends[other]))
    if not answers:
        return CategoryAnswer(held=False)
    last = max(answers)
    return CategoryAnswer(True, last < day, None if last == date.max else last)


def is_past(last_day: date | None, day: date) -> bool:
    """Whether the last day of validity lies before `day`."""
    return last_day is not None and last_day < day


def covered(rights: Iterable[RightsPeriod], day: date) -> bool:
    """Whether a period of rights covers the Paris day `day`."""
    return any(one.start <= day and not is_past(one.end, day) for one in rights)


def ended_on(rights: Iterable[RightsPeriod], day: date) -> date | None:
    """The last day of cover when every period lies before `day`; else None."""
    ends = [one.end for one in rights if one.end is not None and one.end < day]
    return max(ends) if ends and len(ends) == len(list(rights)) else None


def unknown_restrictions(categories: Iterable[DrivingPrivilege]) -> list[str]:
    """Restriction codes outside the table, each once, in order of appearance."""
    unknown: dict[str, None] = {}
    for one in categories:
        for code in one.restrictions:
            if code.partition("(")[0].partition(".")[0] not in KNOWN_RESTRICTIONS:
                unknown[code] = None
    return list(unknown)
