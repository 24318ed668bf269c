"""Kinds of measures, what each is about, and who imposes it (france.md, section 5). Words only: no SQL, no clock."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class MeasureKind(StrEnum):
    """Acts on a right or a title; the last three are acts on an earlier one."""

    RETENTION = "retention"
    """By the police at the roadside (L224-1): 72 or 120 hours, ends by itself."""
    SUSPENSION = "suspension"
    """From one instant to another: by the prefect (L224-2, L224-7) or a court; of a card, by its fund."""
    RESTRICTION = "restriction"
    """To vehicles with an alcohol interlock: the prefect's order replaces the licence (R224-6)."""
    ANNULMENT = "annulment"
    """By a court; final."""
    REVOCATION = "revocation"
    """Of the right, the title or the card; final."""
    TITLE_LOSS = "title_loss"
    TITLE_THEFT = "title_theft"
    LIFT = "lift"
    """The end of an earlier measure before its time."""
    VOIDING = "voiding"
    """An administrative measure counts as never taken (L224-9)."""
    CANCELLATION = "cancellation"
    """An act that did not count yet never will."""


class MeasureSubject(StrEnum):
    """What a measure is about: the right to drive, or the title or card itself."""

    RIGHT = "right"
    DOCUMENT = "document"


class ImposedBy(StrEnum):
    """Who imposes a measure on the right to drive."""

    POLICE = "police"
    PREFECT = "prefect"
    COURT = "court"


class VoidingGround(StrEnum):
    """Why an administrative measure counts as never taken (L224-9): the court's answer on the same facts."""

    ACQUITTAL = "acquittal"
    NO_CASE = "no_case"
    NO_RESTRICTION = "no_restriction"


ON_MEASURES: Final = frozenset({MeasureKind.LIFT, MeasureKind.VOIDING, MeasureKind.CANCELLATION})
"""Acts on an earlier act, which they name; they impose nothing themselves."""
LIFTABLE: Final = frozenset(
    {
        MeasureKind.RETENTION,
        MeasureKind.SUSPENSION,
        MeasureKind.RESTRICTION,
        MeasureKind.TITLE_LOSS,
        MeasureKind.TITLE_THEFT,
    }
)
"""What can end before its time. The end of a lost title is the making of a new one; credentials stay revoked."""

FINAL: Final = frozenset({MeasureKind.REVOCATION, MeasureKind.ANNULMENT})
TITLE_GONE: Final = frozenset({MeasureKind.TITLE_LOSS, MeasureKind.TITLE_THEFT})
ADMINISTRATIVE: Final = frozenset({ImposedBy.POLICE, ImposedBy.PREFECT})
