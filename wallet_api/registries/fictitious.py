"""Two fictitious registries. Every person, number and date is invented; numbers use places that do not exist.

The two know the same people under unrelated references, as real registries do, so that what the service stores of a
licence and of a card cannot be joined. `PEOPLE` is the operator's phone book for demonstrations; it is not stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final
from unicodedata import normalize

from credentials.driving_licence import DrivingPrivilege
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.spec import DocumentType
from credentials.vitale_card import RightsPeriod
from wallet_api.points.facts import CategoryAdded, Loss
from wallet_api.points.history import PointsHistory

from .adapters import Basis, LicenceRecord, PivotIdentity, RightsRecord

_LIGHT: Final = date(2009, 3, 14)


def _privileges(*rows: tuple[str, date, date | None, tuple[str, ...]]) -> tuple[DrivingPrivilege, ...]:
    return tuple(DrivingPrivilege(*row) for row in rows)


_LICENCES: Final = (
    LicenceRecord(
        reference="dossier-7f3a91c2",
        family_name="MARTIN",
        given_names="Camille Élise",
        birth_date=BirthDate(1990, 3, 7),
        licence_number="24AA00017",
        neph="080375999017",
        issue_date=date(2024, 2, 12),
        expiry_date=date(2039, 2, 11),
        categories=_privileges(
            ("AM", _LIGHT, None, ()),
            ("B1", _LIGHT, None, ("01.06",)),
            ("B", _LIGHT, None, ("01.06",)),
        ),
        # A seat belt of 2016 came back after three years.
        points_history=PointsHistory(
            _LIGHT, "aac", facts=(Loss(date(2016, 4, 9), date(2016, 6, 2), 3, "contravention_4"),)
        ),
        portrait=None,
    ),
    LicenceRecord(
        reference="dossier-c48e05b7",
        family_name="LEROUX",
        given_names="Yanis Thierry",
        birth_date=BirthDate(1985, 9, 21),
        licence_number="22AB00042",
        neph="030913999042",
        issue_date=date(2022, 6, 1),
        expiry_date=date(2037, 5, 31),
        categories=_privileges(
            ("AM", date(2003, 11, 4), None, ()),
            ("A2", date(2016, 5, 20), None, ()),
            ("B1", date(2003, 11, 4), None, ()),
            ("B", date(2003, 11, 4), None, ()),
        ),
        # A red light: four points until 21 August 2028.
        points_history=PointsHistory(
            date(2003, 11, 4),
            "settled",
            facts=(
                CategoryAdded(date(2016, 5, 20), "A2", "standard"),
                Loss(date(2025, 6, 28), date(2025, 8, 21), 4, "contravention_4"),
            ),
        ),
        portrait=None,
    ),
    LicenceRecord(
        reference="dossier-19d6e4aa",
        family_name="CARPENTIER",
        given_names="Inès",
        birth_date=BirthDate(2007, 1, 30),
        licence_number="26AC00108",
        neph="250169999108",
        issue_date=date(2026, 5, 18),
        expiry_date=date(2041, 5, 17),
        categories=_privileges(
            ("AM", date(2026, 5, 18), None, ()),
            ("B1", date(2026, 5, 18), None, ()),
            ("B", date(2026, 5, 18), None, ()),
        ),
        points_history=PointsHistory(date(2026, 5, 18)),  # in her first year
        portrait=None,
    ),
    LicenceRecord(
        reference="dossier-e2507b3d",
        family_name="VASSEUR-DELACOURT",
        given_names="Théophile Jean-Baptiste",
        birth_date=BirthDate(1978, 4, None),
        licence_number="25AD00233",
        neph="960459999233",
        issue_date=date(2025, 1, 9),
        expiry_date=date(2030, 1, 8),
        categories=_privileges(
            ("AM", date(1996, 7, 2), None, ()),
            ("A1", date(1996, 7, 2), None, ()),
            ("B1", date(1996, 7, 2), None, ()),
            ("B", date(1996, 7, 2), None, ()),
            ("BE", date(1999, 10, 11), None, ()),
            ("C1", date(1999, 3, 5), date(2030, 1, 8), ()),
            ("C1E", date(1999, 10, 11), date(2030, 1, 8), ()),
            ("C", date(1999, 3, 5), date(2030, 1, 8), ("95(31.12.2029)",)),
            ("CE", date(1999, 10, 11), date(2030, 1, 8), ("95(31.12.2029)",)),
            ("D", date(2004, 2, 17), date(2030, 1, 8), ("95(31.12.2029)",)),
        ),
        # 20 km/h over and more: two points until 12 March 2029.
        points_history=PointsHistory(
            date(1996, 7, 2),
            "settled",
            facts=(Loss(date(2026, 1, 17), date(2026, 3, 12), 2, "contravention_4"),),
        ),
        portrait=None,
    ),
)

_CAMILLE_NIR: Final = Nir.parse("2 90 03 75 999 012 03")
_COMMON: Final = {
    "scheme": "01",
    "fund": "999",
    "centre": "0000",
    "as_of": 0,
    "source": "ADRi fictif",
    "exemption_ald": False,
    "exemption_c2s": False,
}
_RIGHTS: Final = (
    RightsRecord(
        reference="assure-5be1f0d9",
        family_name="MARTIN",
        given_names="Camille Élise",
        birth_date=BirthDate(1990, 3, 7),
        insured_nir=_CAMILLE_NIR,
        beneficiary_nir=None,
        rights=(RightsPeriod(date(2024, 1, 1), None),),
        **_COMMON,  # type: ignore[arg-type]
    ),
    RightsRecord(
        reference="assure-a07c26e8",
        family_name="MARTIN",
        given_names="Léa",
        birth_date=BirthDate(2017, 5, 19),
        insured_nir=_CAMILLE_NIR,
        beneficiary_nir=Nir.parse("2 17 05 75 999 031 04"),
        rights=(RightsPeriod(date(2024, 1, 1), None),),
        **_COMMON,  # type: ignore[arg-type]
    ),
    RightsRecord(
        reference="assure-38d2b964",
        family_name="LEROUX",
        given_names="Yanis Thierry",
        birth_date=BirthDate(1985, 9, 21),
        insured_nir=Nir.parse("1 85 09 13 999 014 29"),
        beneficiary_nir=None,
        rights=(RightsPeriod(date(2024, 1, 1), date(2027, 12, 31)),),
        **{**_COMMON, "exemption_ald": True},  # type: ignore[arg-type]
    ),
)


_FRANCE: Final = "99100"
_CIVIL: Final = {
    "dossier-7f3a91c2": ("female", "75999", _FRANCE),
    "dossier-c48e05b7": ("male", "13999", _FRANCE),
    "dossier-19d6e4aa": ("female", "69999", _FRANCE),
    "dossier-e2507b3d": ("male", "59999", _FRANCE),
    "assure-5be1f0d9": ("female", "75999", _FRANCE),
    "assure-a07c26e8": ("female", "75999", _FRANCE),
    "assure-38d2b964": ("male", "13999", _FRANCE),
}
"""What the registries know beside names and birth date: sex, place and country of birth."""


@dataclass(frozen=True, slots=True)
class Person:
    """An entry of the phone book: first name as the command line takes it, and the references of the documents."""

    name: str
    references: dict[DocumentType, str]


_LICENCE, _CARD = DocumentType.DRIVING_LICENCE, DocumentType.VITALE_CARD
PEOPLE: Final = {
    person.name: person
    for person in (
        Person("camille", {_LICENCE: "dossier-7f3a91c2", _CARD: "assure-5be1f0d9"}),
        Person("lea", {_CARD: "assure-a07c26e8"}),
        Person("yanis", {_LICENCE: "dossier-c48e05b7", _CARD: "assure-38d2b964"}),
        Person("ines", {_LICENCE: "dossier-19d6e4aa"}),
        Person("theo", {_LICENCE: "dossier-e2507b3d"}),
    )
}


class FictitiousLicences:
    """The licence registry of a demonstration home; portraits lie in a folder that `init` drew."""

    def __init__(self, portraits: Path) -> None:
        """Serve the fictitious people with the portraits of that folder."""
        self._records = {one.reference: one for one in _LICENCES}
        self._portraits = portraits

    def find(self, reference: str, basis: Basis) -> LicenceRecord | None:  # noqa: ARG002 - the caller audits it
        """The licence, or None when there is no such person."""
        record = self._records.get(reference)
        if record is None:
            return None
        path = self._portraits / f"{reference}.webp"
        return replace(record, portrait=path.read_bytes() if path.is_file() else None)

    def find_by_pivot(self, pivot: PivotIdentity, basis: Basis) -> str | None:  # noqa: ARG002 - the caller audits it
        """The reference of that person's licence."""
        return _only_one(self._records.values(), pivot)


class FictitiousRights:
    """The rights registry of a demonstration home; its answer is as fresh as the question."""

    def __init__(self) -> None:
        """Serve the fictitious people."""
        self._records = {one.reference: one for one in _RIGHTS}

    def find(self, reference: str, basis: Basis, at: int) -> RightsRecord | None:  # noqa: ARG002 - the caller audits it
        """The rights, or None when there is no such person."""
        record = self._records.get(reference)
        return record and replace(record, as_of=at)

    def find_by_pivot(self, pivot: PivotIdentity, basis: Basis) -> str | None:  # noqa: ARG002 - the caller audits it
        """The reference of that person's rights."""
        return _only_one(self._records.values(), pivot)


def licence_references() -> tuple[str, ...]:
    """Every licence of the fictitious registry, for drawing its portraits."""
    return tuple(one.reference for one in _LICENCES)


class EmptyRegistry:
    """What a home without `--demo` has until a real registry is connected: it never answers."""

    def find(self, reference: str, basis: Basis, at: int = 0) -> None:  # noqa: ARG002
        """Nobody; raises nothing, so that nothing is ever issued by mistake."""
        return

    def find_by_pivot(self, pivot: PivotIdentity, basis: Basis) -> None:  # noqa: ARG002
        """Nobody."""
        return


def _only_one(records: Iterable[LicenceRecord | RightsRecord], pivot: PivotIdentity) -> str | None:
    """The reference of the only record of that identity; whoever shares all of it with somebody is found by nobody."""
    found = [one.reference for one in records if _is_of(one, pivot)]
    return found[0] if len(found) == 1 else None


def _is_of(record: LicenceRecord | RightsRecord, pivot: PivotIdentity) -> bool:
    return (
        _plain(record.family_name) == _plain(pivot.family_name)
        and _plain(record.given_names) == _plain(pivot.given_names)
        and record.birth_date == pivot.birth_date
        and _CIVIL[record.reference] == (pivot.gender, pivot.birth_place, pivot.birth_country)
    )


def _plain(name: str) -> str:
    return " ".join(normalize("NFC", name).casefold().split())
