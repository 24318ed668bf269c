"""What identifies a person in a document: names as signed, and a birth date that may lack its day or month."""

from __future__ import annotations

from datetime import date
from unicodedata import is_normalized

from .errors import Malformed
from .frozen import frozen
from .limits import NAME_CHARACTERS

_YEARS = range(1850, 2200)


@frozen
class BirthDate:
    """A birth date; the civil record of some people holds no day, or no month either (France: "dates lunaires")."""

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no calendar holds. Raises `Malformed`."""
        if self.year not in _YEARS or (self.month is None and self.day is not None):
            msg = "impossible birth date"
            raise Malformed(msg)
        if self.month is not None and not 1 <= self.month <= 12:
            msg = "impossible birth date"
            raise Malformed(msg)
        if self.month is not None and self.day is not None:
            try:
                date(self.year, self.month, self.day)
            except ValueError:
                msg = "impossible birth date"
                raise Malformed(msg) from None

    @classmethod
    def of(cls, day: date) -> BirthDate:
        """A complete birth date."""
        return cls(day.year, day.month, day.day)

    @property
    def complete(self) -> date | None:
        """The day, when the record holds one."""
        if self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)

    def isoformat(self) -> str:
        """`YYYY-MM-DD`, `YYYY-MM` or `YYYY`."""
        if self.month is None:
            return f"{self.year:04}"
        if self.day is None:
            return f"{self.year:04}-{self.month:02}"
        return f"{self.year:04}-{self.month:02}-{self.day:02}"

    @classmethod
    def parse(cls, text: str) -> BirthDate:
        """Inverse of `isoformat`. Raises `Malformed`."""
        parts = text.split("-")
        if not text.isascii() or [len(part) for part in parts] not in ([4], [4, 2], [4, 2, 2]):
            msg = "a birth date is YYYY-MM-DD, YYYY-MM or YYYY"
            raise Malformed(msg)
        if not all(part.isdigit() for part in parts):
            msg = "a birth date is YYYY-MM-DD, YYYY-MM or YYYY"
            raise Malformed(msg)
        return cls(*map(int, parts))


def check_name(name: object) -> None:
    """A name has 1 to 150 characters in NFC. Raises `Malformed`, never repeating the name."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS:
        msg = f"a name has 1 to {NAME_CHARACTERS} characters"
        raise Malformed(msg)
    if not name.isascii() and not is_normalized("NFC", name):
        msg = "a name is in normalisation form C"
        raise Malformed(msg)
