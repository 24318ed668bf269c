"""The NIR, the number of a person in the national register: 13 characters and a key of two digits.

Documentation: arrêté and INSEE practice as summed up in the project's domain notes; the key is
``97 - (N mod 97)`` with department 2A counted as 19 and 2B as 18. The number is confidential (Code de la sécurité
sociale, L161-31): an error names its reason and never the number, `repr` and `str` show the mask, and nothing about the
person (birth date, place) is derived from it.
"""

from __future__ import annotations

import re
from dataclasses import field

from .errors import CredentialFormatError
from .frozen import frozen

__all__ = ["InvalidNir", "Nir"]

_LONGEST_RAW = 64
_LENGTH = 15
# Space, no-break space, narrow no-break space and dot are how people group the digits.
_NORMAL = str.maketrans({" ": None, "\u00a0": None, "\u202f": None, ".": None, "a": "A", "b": "B"})
# A letter stands in one place only: second of the department, after a 2.
_CHARACTERS = re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}", re.ASCII)
_FOREIGN = re.compile(r"[^0-9AB]")
_PROVISIONAL = "3478"
_SEXES = "12" + _PROVISIONAL
_UNKNOWN_MONTHS = frozenset({*range(20, 43), *range(50, 100)})
_CORSICA = {"2A": "19", "2B": "18"}


class InvalidNir(CredentialFormatError):
    """The text is no NIR; its text is the reason alone.

    Reasons: `non_ascii`, `bad_length`, `bad_character`, `bad_sex`, `bad_month`, `bad_place`, `bad_order`, `bad_key`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@frozen
class Nir:
    """A valid NIR, key included; build it with `Nir.parse`."""

    value: str
    """The 15 characters, upper case, without spaces."""
    flags: tuple[str, ...] = field(default=(), compare=False)
    """`month_unknown`, `provisional`, `corsica_20`, in this order, whichever apply."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "flags", _check(self.value))

    @classmethod
    def parse(cls, text: str) -> Nir:
        """Return the NIR that `text` spells, grouped or not; raises `InvalidNir`."""
        if len(text) > _LONGEST_RAW:
            raise InvalidNir("bad_length")
        return cls(text.translate(_NORMAL))

    @property
    def masked(self) -> str:
        """What a screen may show: sex, year and month, the rest as dots."""
        value = self.value
        return f"{value[0]} {value[1:3]} {value[3:5]} •• ••• ••• ••"

    def __repr__(self) -> str:
        return f"Nir({self.masked})"

    def __str__(self) -> str:
        return self.masked


def _check(value: str) -> tuple[str, ...]:
    if not value.isascii():
        raise InvalidNir("non_ascii")
    if not _CHARACTERS.fullmatch(value):
        raise InvalidNir("bad_character" if _FOREIGN.search(value) or len(value) == _LENGTH else "bad_length")
    if value[0] not in _SEXES:
        raise InvalidNir("bad_sex")
    month = int(value[3:5])
    if not 1 <= month <= 12 and month not in _UNKNOWN_MONTHS:
        raise InvalidNir("bad_month")
    _check_place(value[5:7], value[7:10])
    if value[10:13] == "000":
        raise InvalidNir("bad_order")
    _check_key(value)
    applies = (month > 12, value[0] in _PROVISIONAL, value[5:7] == "20")
    return tuple(
        flag for flag, yes in zip(("month_unknown", "provisional", "corsica_20"), applies, strict=True) if yes
    )


def _check_place(department: str, rest: str) -> None:
    overseas = department in ("97", "98")
    if department == "00" or rest == "000" or (overseas and rest[1:] == "00"):
        raise InvalidNir("bad_place")


def _check_key(value: str) -> None:
    department = value[5:7]
    number = int(value[:5] + _CORSICA.get(department, department) + value[7:13])
    if value[13:] != f"{97 - number % 97:02d}":
        raise InvalidNir("bad_key")
