"""What the measures in force say about a document: may it be renewed, may this view be issued?

A measure on the right to drive touches `road_check` and `proof`, never `age_over_18`; one on the title or the card
touches every view (decisions.md, section 4; france.md, section 5).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from sqlalchemy import Connection

from credentials.views import View
from wallet_api.points.current import invalid_since
from wallet_api.problems import WalletError

from . import store
from .kinds import FINAL, TITLE_GONE, MeasureKind, MeasureSubject
from .right_to_drive import holds_at
from .store import MeasureRow

RIGHT_VIEWS: Final = frozenset({View.ROAD_CHECK, View.PROOF})


def touches(measure: MeasureRow, view: View) -> bool:
    """Whether a measure reaches credentials of this view."""
    return measure.subject == MeasureSubject.DOCUMENT or view in RIGHT_VIEWS


def in_force(measure: MeasureRow, now: int) -> bool:
    """Whether a measure holds at `now`: released and begun, neither over nor lifted, and not void."""
    return holds_at(measure, now)


def refuses(measure: MeasureRow, now: int) -> bool:
    """Whether a measure in force stops issuing and renewal. A restriction does not: what is issued bears its code."""
    return measure.kind != MeasureKind.RESTRICTION and in_force(measure, now)


def is_restricted(measures: Iterable[MeasureRow], now: int) -> bool:
    """Whether an interlock order is in force: every category then bears its code (R224-6)."""
    return any(one.kind == MeasureKind.RESTRICTION and in_force(one, now) for one in measures)


def state_of_title(measures: Iterable[MeasureRow], now: int) -> Literal["held", "lost", "stolen", "revoked"]:
    """Whether the title is there, whatever the right to drive. Its end stands in the registry and in what is issued."""
    on_title = [one for one in measures if one.subject == MeasureSubject.DOCUMENT]
    kinds = {one.kind for one in on_title if in_force(one, now)}
    if MeasureKind.REVOCATION in kinds:
        return "revoked"
    if MeasureKind.TITLE_THEFT in kinds:
        return "stolen"
    return "lost" if MeasureKind.TITLE_LOSS in kinds else "held"


def require_points(connection: Connection, authority_id: str, document_id: str, view: View, now: int) -> None:
    """Raises `WalletError` when the view speaks of a right to drive that ended with the points (L223-1)."""
    if view in RIGHT_VIEWS and invalid_since(connection, authority_id, document_id, now) is not None:
        raise WalletError("credential-denied")


def require_good_standing(connection: Connection, authority_id: str, document_id: str, now: int) -> None:
    """Raises `WalletError` while a measure refuses: nothing is renewed then."""
    measures = store.open_measures(connection, authority_id, document_id, now)
    kinds = {one.kind for one in measures if refuses(one, now)}
    if kinds & FINAL:
        raise WalletError("document-revoked")
    if kinds & TITLE_GONE:
        raise WalletError("title-gone")
    if kinds:
        raise WalletError("document-suspended")
