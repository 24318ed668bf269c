"""What a view says of a person: registry record and ledger in, subject of the claims out. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from credentials.driving_licence import (
    AgeOver18,
    DrivingPrivilege,
    ListEntry,
    PointsBalance,
    Proof,
    RoadCheck,
)
from credentials.person import BirthDate
from credentials.views import Subject, View
from credentials.vitale_card import Care
from wallet_api.registries.adapters import LicenceRecord, RightsRecord


def licence_subject(
    view: View,
    record: LicenceRecord,
    *,
    today: date,
    portrait: bool,
    points: PointsBalance | None,
    points_entry: ListEntry | None,
    probation_end: date | None = None,
) -> Subject:
    """The subject of a licence's view. Points reach `road_check` and nothing else (L223-7).

    `probation_end` is the first day after a probation that runs. `today` is the Paris day of issue; the portrait travels only when the wallet asks for it.
    """
    picture = record.portrait if portrait else None
    if view is View.AGE_OVER_18:
        return AgeOver18(is_adult(record.birth_date, today), picture)
    if view is View.PROOF:
        return Proof(
            record.family_name,
            record.given_names,
            record.birth_date,
            record.categories,
            record.expiry_date,
            picture,
        )
    return RoadCheck(
        record.family_name,
        record.given_names,
        record.birth_date,
        record.licence_number,
        record.neph,
        record.issue_date,
        record.expiry_date,
        record.categories,
        points,
        points_entry,
        probation_end,
        picture,
    )


def care_subject(record: RightsRecord) -> Care:
    """The subject of `care`: the insured person's number is billed, the beneficiary's stands beside it if it differs."""
    return Care(
        record.family_name,
        record.given_names,
        record.birth_date,
        record.insured_nir,
        record.beneficiary_nir,
        record.scheme,
        record.fund,
        record.centre,
        record.rights,
        record.as_of,
        record.source,
        record.exemption_ald,
        record.exemption_c2s,
    )


def restricted(categories: tuple[DrivingPrivilege, ...], code: str) -> tuple[DrivingPrivilege, ...]:
    """Categories that all bear a restriction code, once each."""
    return tuple(
        one if code in one.restrictions else replace(one, restrictions=(*one.restrictions, code))
        for one in categories
    )


def is_adult(birth: BirthDate, today: date) -> bool:
    """Whether 18 full years have passed; an unknown day or month counts as the last possible one.

    Somebody born on 29 February comes of age on 1 March.
    """
    year, month, day = birth.year + 18, birth.month or 12, birth.day or 31
    return (today.year, today.month, today.day) >= (year, month, day)
