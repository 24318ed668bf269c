"""The driving licence: privileges, points, and what each of its views says.

Points are confidential (Code de la route L223-7): they exist in `RoadCheck` alone.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NoReturn

from .errors import Malformed
from .frozen import frozen
from .limits import CATEGORIES, NUMBER_CHARACTERS, RESTRICTION_CHARACTERS, RESTRICTIONS, RESTRICTIONS_IN_ALL
from .person import BirthDate, check_name
from .portrait import check_portrait
from .spec import LIST_SIZE, POINTS_MAX

# Code de la route R221-4; the number is the word's place on the wire.
CATEGORY_NUMBERS: Final = {
    code: number
    for number, code in enumerate(
        ("AM", "A1", "A2", "A", "B1", "B", "BE", "C1", "C1E", "C", "CE", "D1", "D1E", "D", "DE"), start=1
    )
}
CATEGORY_CODES: Final = {number: code for code, number in CATEGORY_NUMBERS.items()}

# NN[N][.NN][.value][(JJ.MM.AAAA)], arrêté of 20 April 2012, annex; unknown codes stay readable.
_RESTRICTION: Final = re.compile(r"[0-9]{2,3}(?:\.[0-9A-Z]{1,12}){0,3}(?:\([0-9]{2}\.[0-9]{2}\.[0-9]{4}\))?")
_NEPH: Final = re.compile(r"[0-9A-Z]{5,19}")
_NUMBER: Final = re.compile(r"[0-9A-Z][0-9A-Z -]*")


def _refuse(why: str) -> NoReturn:
    raise Malformed(why)


@frozen
class DrivingPrivilege:
    """One category: its code, the Paris days between which it holds (`valid_to` included), its restriction codes."""

    code: str
    valid_from: date
    valid_to: date | None = None
    restrictions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises `Malformed` for an unknown category, dates out of order or a code outside the grammar."""
        if self.code not in CATEGORY_NUMBERS:
            _refuse("unknown category")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            _refuse("a category ends before it begins")
        if self.restrictions:
            self._check_restrictions()

    def _check_restrictions(self) -> None:
        if len(self.restrictions) > RESTRICTIONS or len(set(self.restrictions)) != len(self.restrictions):
            _refuse("too many restriction codes, or one twice")
        for code in self.restrictions:
            if len(code) > RESTRICTION_CHARACTERS or not _RESTRICTION.fullmatch(code):
                _refuse("malformed restriction code")


@frozen
class PointsBalance:
    """Points left, 0 to 12 (L223-1), as of an instant in UTC seconds."""

    value: int
    as_of: int

    def __post_init__(self) -> None:
        """Raises `Malformed` outside 0..12; `True` is not 1."""
        if type(self.value) is not int or not 0 <= self.value <= POINTS_MAX:
            _refuse("a balance of points lies between 0 and 12")
        if type(self.as_of) is not int or self.as_of < 0:
            _refuse("a balance carries its instant")


@frozen
class ListEntry:
    """Where the points list holds this licence: the number of the list under its signer's prefix, and the index."""

    list_number: int
    index: int

    def __post_init__(self) -> None:
        """Raises `Malformed` for an index that no list has."""
        if not 0 < self.list_number < 1_000_000 or not 0 <= self.index < LIST_SIZE:
            _refuse("no such entry of a points list")


def _check_categories(categories: tuple[DrivingPrivilege, ...]) -> None:
    if not 0 < len(categories) <= CATEGORIES or len({one.code for one in categories}) != len(categories):
        _refuse("a licence holds at least one category and none twice")
    # Only many categories can hold too many codes: each alone is bounded by RESTRICTIONS.
    if (
        len(categories) > RESTRICTIONS_IN_ALL // RESTRICTIONS
        and sum(len(one.restrictions) for one in categories) > RESTRICTIONS_IN_ALL
    ):
        _refuse("more restriction codes than a licence can carry")


@frozen
class RoadCheck:
    """What a road check may read (R225-4): identity, title, categories, points. Sealed to the police."""

    family_name: str
    given_names: str
    birth_date: BirthDate
    licence_number: str
    neph: str
    issue_date: date
    expiry_date: date
    categories: tuple[DrivingPrivilege, ...]
    points: PointsBalance | None = None
    points_entry: ListEntry | None = None
    probation_end: date | None = None
    portrait: bytes | None = None

    def __post_init__(self) -> None:
        """Raises `Malformed` when a field or a pair of fields is impossible."""
        check_name(self.family_name)
        check_name(self.given_names)
        if len(self.licence_number) > NUMBER_CHARACTERS or not _NUMBER.fullmatch(self.licence_number):
            _refuse("malformed licence number")
        if not _NEPH.fullmatch(self.neph):
            _refuse("malformed NEPH")
        if self.expiry_date < self.issue_date or self.birth_date.year > self.issue_date.year:
            _refuse("the dates of the title are out of order")
        _check_categories(self.categories)
        if self.portrait is not None:
            check_portrait(self.portrait)


@frozen
class Proof:
    """What anybody may be shown: identity, categories, end of the title. Never points, never numbers."""

    family_name: str
    given_names: str
    birth_date: BirthDate
    categories: tuple[DrivingPrivilege, ...]
    expiry_date: date
    portrait: bytes | None = None

    def __post_init__(self) -> None:
        """Raises `Malformed` when a field or a pair of fields is impossible."""
        check_name(self.family_name)
        check_name(self.given_names)
        if self.birth_date.year > self.expiry_date.year:
            _refuse("the dates of the title are out of order")
        _check_categories(self.categories)
        if self.portrait is not None:
            check_portrait(self.portrait)


@frozen
class AgeOver18:
    """One boolean, and a portrait without which nothing ties it to the person."""

    age_over_18: bool
    portrait: bytes | None = None

    def __post_init__(self) -> None:
        """Raises `Malformed` for anything but a boolean."""
        if type(self.age_over_18) is not bool:
            _refuse("age_over_18 is true or false")
        if self.portrait is not None:
            check_portrait(self.portrait)
