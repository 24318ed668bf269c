"""What the measures in force say about a document: may it be renewed, may this view be issued?

A measure on the right to drive touches `road_check` and `proof`, never `age_over_18`; one on the title or the card
touches every view (decisions.md, section 4; france.md, section 5).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from credentials.views import View
from wallet_api.problems import WalletError

from . import store
from .store import MeasureRow

RIGHT_VIEWS: Final = frozenset({View.ROAD_CHECK, View.PROOF})


class MeasureKind(StrEnum):
    """Acts on a right or a title."""

    SUSPENSION = "suspension"
    REVOCATION = "revocation"
    LIFT = "lift"
    CANCELLATION = "cancellation"


class MeasureSubject(StrEnum):
    """What a measure is about: the right to drive, or the title or card itself."""

    RIGHT = "right"
    DOCUMENT = "document"


def touches(measure: MeasureRow, view: View) -> bool:
    """Whether a measure reaches credentials of this view."""
    return measure.subject == MeasureSubject.DOCUMENT or view in RIGHT_VIEWS


def in_force(measure: MeasureRow, now: int) -> bool:
    """Whether an open measure holds at `now`: not before its release, not after its end or its lift."""
    ends = [end for end in (measure.until, measure.lifted_at) if end is not None]
    return measure.since <= now < min(ends, default=now + 1)


def require_good_standing(connection: Connection, authority_id: str, document_id: str, now: int) -> None:
    """Raises `WalletError` while any measure is in force: nothing is renewed then."""
    _require(store.open_measures(connection, authority_id, document_id, now), now)


def require_view_in_good_standing(measures: list[MeasureRow], view: View, now: int) -> None:
    """Raises `WalletError` when a measure in force touches the view."""
    _require([one for one in measures if touches(one, view)], now)


def _require(measures: list[MeasureRow], now: int) -> None:
    kinds = {one.kind for one in measures if in_force(one, now)}
    if MeasureKind.REVOCATION in kinds:
        raise WalletError("document-revoked")
    if MeasureKind.SUSPENSION in kinds:
        raise WalletError("document-suspended")
