"""What the service asks of a registry, and the two answers that must never be confused: nobody, and no answer.

A look-up says its purpose and legal basis; the caller writes them to the audit journal (france.md, section 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from credentials.driving_licence import DrivingPrivilege
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.vitale_card import RightsPeriod
from wallet_api.points.history import PointsHistory


class RegistrySilent(Exception):
    """The registry did not answer. It says nothing about the person."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Why a registry is asked: the purpose and the article, as the audit journal keeps them."""

    purpose: str
    article: str


ISSUING_LICENCE: Final = Basis("issuing", "CR L225-3")
ISSUING_CARD: Final = Basis("issuing", "CSS R161-33-1")
DECIDING_LICENCE: Final = Basis("deciding", "CR L225-4")
DECIDING_CARD: Final = Basis("deciding", "CSS R161-33-1")
HOLDER_LICENCE: Final = Basis("holder_access", "CR L225-3")
HOLDER_CARD: Final = Basis("holder_access", "RGPD 15")


@dataclass(frozen=True, slots=True)
class PivotIdentity:
    """Who somebody is for every administration, as an identity provider vouched for it (france.md, section 10).

    `gender` is `male` or `female`; places are COG codes, `birth_place` empty for a birth abroad. It is asked with, never
    stored; there is no NIR in it.
    """

    family_name: str
    given_names: str
    birth_date: BirthDate
    gender: str
    birth_place: str
    birth_country: str


@dataclass(frozen=True, slots=True)
class LicenceRecord:
    """A licence as its registry knows it. `reference` is the registry's opaque key; points live in our ledger.

    `points_history` is what the ledger opens with: the balance then follows by the law at every instant.
    """

    reference: str
    family_name: str
    given_names: str
    birth_date: BirthDate
    licence_number: str
    neph: str
    issue_date: date
    expiry_date: date
    categories: tuple[DrivingPrivilege, ...]
    points_history: PointsHistory
    portrait: bytes | None


@dataclass(frozen=True, slots=True)
class RightsRecord:
    """Rights as the teleservice answered at `as_of` (UTC seconds); `beneficiary_nir` only where it differs."""

    reference: str
    family_name: str
    given_names: str
    birth_date: BirthDate
    insured_nir: Nir
    beneficiary_nir: Nir | None
    scheme: str
    fund: str
    centre: str
    rights: tuple[RightsPeriod, ...]
    as_of: int
    source: str
    exemption_ald: bool
    exemption_c2s: bool


class LicenceRegistry(Protocol):
    """The registry of licences (SNPC in real life)."""

    def find(self, reference: str, basis: Basis) -> LicenceRecord | None:
        """The licence, or None when there is no such person. Raises `RegistrySilent`."""

    def find_by_pivot(self, pivot: PivotIdentity, basis: Basis) -> str | None:
        """The reference of the one licence of that person, None when nobody or several fit. Raises `RegistrySilent`."""


class RightsRegistry(Protocol):
    """The registry of health-insurance rights (ADRi and AMO teleservices in real life)."""

    def find(self, reference: str, basis: Basis, at: int) -> RightsRecord | None:
        """The rights known at `at`, or None when there is no such person. Raises `RegistrySilent`."""

    def find_by_pivot(self, pivot: PivotIdentity, basis: Basis) -> str | None:
        """The reference of that person's own rights, None when nobody or several fit. Raises `RegistrySilent`."""
