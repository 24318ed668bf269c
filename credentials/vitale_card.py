"""The Vitale card: who is covered, by whom, since when and until when (Code de la sécurité sociale R161-33-1).

Rights are a snapshot: they carry the instant at which they were known. Exemptions never name a disease.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final, NoReturn

from .errors import Malformed
from .frozen import frozen
from .limits import RIGHTS_PERIODS, SOURCE_CHARACTERS
from .nir import Nir
from .person import BirthDate, check_name

_SCHEME: Final = re.compile(r"[0-9]{2}")
_FUND: Final = re.compile(r"[0-9]{3}")
_CENTRE: Final = re.compile(r"[0-9]{4}")
_SOURCE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._-]*")


def _refuse(why: str) -> NoReturn:
    raise Malformed(why)


@frozen
class RightsPeriod:
    """Cover between two Paris days, both included; without an end it is open."""

    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        """Raises `Malformed` when the end precedes the start."""
        if self.end is not None and self.end < self.start:
            _refuse("a period of rights ends before it begins")


@frozen
class Care:
    """What a health professional may read. Sealed to health.

    `insured_nir` is billed; `beneficiary_nir` is present only where another person (a child) receives the care.
    `scheme`, `fund` and `centre` have 2, 3 and 4 digits; `rights_as_of` is an instant in UTC seconds.
    """

    family_name: str
    given_names: str
    birth_date: BirthDate
    insured_nir: Nir
    beneficiary_nir: Nir | None
    scheme: str
    fund: str
    centre: str
    rights: tuple[RightsPeriod, ...]
    rights_as_of: int
    rights_source: str
    exemption_ald: bool
    exemption_c2s: bool

    def __post_init__(self) -> None:
        """Raises `Malformed` when a field or a pair of fields is impossible."""
        check_name(self.family_name)
        check_name(self.given_names)
        if self.beneficiary_nir is not None and self.beneficiary_nir == self.insured_nir:
            _refuse("the beneficiary's number is carried only where it differs")
        if not (
            _SCHEME.fullmatch(self.scheme) and _FUND.fullmatch(self.fund) and _CENTRE.fullmatch(self.centre)
        ):
            _refuse("scheme, fund and centre have 2, 3 and 4 digits")
        if len(self.rights_source) > SOURCE_CHARACTERS or not _SOURCE.fullmatch(self.rights_source):
            _refuse("malformed source of rights")
        self._check_rights()

    def _check_rights(self) -> None:
        if not 0 < len(self.rights) <= RIGHTS_PERIODS or self.rights_as_of < 0:
            _refuse("rights are a list of periods and the instant at which they were known")
        for earlier, later in zip(self.rights, self.rights[1:], strict=False):
            if earlier.end is None or later.start <= earlier.end:
                _refuse("periods of rights are in order and apart")
