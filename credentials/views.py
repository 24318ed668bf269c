"""Views: named subsets of a document's claims, each signed as a credential of its own.

What a view does not hold cannot leak from it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .driving_licence import AgeOver18, Proof, RoadCheck
from .spec import Audience, DocumentType
from .vitale_card import Care

Subject = RoadCheck | Proof | AgeOver18 | Care


class View(StrEnum):
    """Names of views, as they stand in commands and verdicts."""

    ROAD_CHECK = "road_check"
    PROOF = "proof"
    AGE_OVER_18 = "age_over_18"
    CARE = "care"


def _no_instant(_: object) -> None:
    return None


def _points_known_at(subject: RoadCheck) -> int | None:
    return None if subject.points is None else subject.points.as_of


def _rights_known_at(subject: Care) -> int:
    return subject.rights_as_of


class ViewSpec(NamedTuple):
    """One view: its number in signed bytes, its document, who may read it, and whether it travels sealed.

    `paper` tells whether a form without device key exists: for unsealed views alone. It then needs a name or a
    portrait, which `Claims` checks. `known_at` gives the instant from which a subject's points or rights are known.
    """

    view: View
    number: int
    document_type: DocumentType
    audience: Audience
    sealed: bool
    paper: bool
    subject: type[Subject]
    known_at: Callable[[Any], int | None] = _no_instant

    @property
    def vct(self) -> str:
        """The type as an SD-JWT VC spells it."""
        return f"urn:laissez-passer:{self.document_type}:{self.view}"


VIEW_SPECS: Final[dict[View, ViewSpec]] = {
    spec.view: spec
    for spec in (
        ViewSpec(
            View.ROAD_CHECK,
            1,
            DocumentType.DRIVING_LICENCE,
            Audience.POLICE,
            True,
            False,
            RoadCheck,
            _points_known_at,
        ),
        ViewSpec(View.PROOF, 2, DocumentType.DRIVING_LICENCE, Audience.ANYONE, False, True, Proof),
        ViewSpec(View.AGE_OVER_18, 3, DocumentType.DRIVING_LICENCE, Audience.ANYONE, False, True, AgeOver18),
        ViewSpec(
            View.CARE, 4, DocumentType.VITALE_CARD, Audience.HEALTH, True, False, Care, _rights_known_at
        ),
    )
}
VIEW_BY_NUMBER: Final = {spec.number: spec for spec in VIEW_SPECS.values()}
VIEW_BY_VCT: Final = {spec.vct: spec for spec in VIEW_SPECS.values()}
VIEW_BY_SUBJECT: Final[dict[type[Subject], ViewSpec]] = {spec.subject: spec for spec in VIEW_SPECS.values()}
