"""What the acts make of the credentials of one document, and how their causes differ from it. Pure.

1. A measure that reaches a credential has given it the cause that follows from the measure as it stands now.
2. Every other cause in force comes from something: the loss of points, of a phone or of a card, a pause, an erasure, a newer
   credential, a change of points.
3. What ended beside measures has left its cause, and so has a newer credential on what it replaces or supersedes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Final

from credentials.paris_day import paris_day
from credentials.spec import StatusValue
from credentials.views import View
from wallet_api.authority.measures import cause_of, reaches
from wallet_api.authority.standing import RIGHT_VIEWS
from wallet_api.authority.store import MeasureRow
from wallet_api.issuance.grants import Grants
from wallet_api.issuance.store import Cause, CauseClass
from wallet_api.points.consequences import REASON_POINTS

from .ended import Ended

_COMPARED: Final = ("cause_class", "value", "since", "until", "reason_class", "lifted_at")
_MARGIN: Final = 300  # seconds: issuings end in another order than they began, by several clocks
_FINAL: Final = StatusValue.REVOKED


@dataclass(frozen=True, slots=True)
class Held:
    """A credential that may still be shown, with its causes; `made_at` is when it was recorded (UTC seconds)."""

    credential_id: str
    wallet_id: str
    batch_id: str
    view: View
    form: int
    paper: bool
    grants: Grants
    issued: bool
    causes: tuple[Cause, ...]
    made_at: int

    def bears(self, classes: Collection[CauseClass], value: StatusValue, by: int) -> bool:
        """Whether a cause of these classes holds from `by` at the latest, without end."""
        return any(
            one.cause_class in classes
            and one.value == value
            and one.since <= by
            and one.until is None
            and one.lifted_at is None
            for one in self.causes
        )

    def is_final(self, by: int) -> bool:
        """Whether it is revoked for good from `by` at the latest."""
        return self.bears(tuple(CauseClass), _FINAL, by)


@dataclass(frozen=True, slots=True)
class Document:
    """What the database holds of one document. `cancelled` gives the instant by the measure, `changes` the release by the
    ledger's row, of those that the stored balance counts; `batches` are one credential of each issuing, over or not, that says
    `issued` only where it was handed out.
    """

    document_id: str
    credentials: Sequence[Held]
    measures: Sequence[MeasureRow]
    cancelled: Mapping[str, int]
    changes: Mapping[str, int]
    batches: Mapping[str, Held]


def differences_of(document: Document, ended: Ended, now: int) -> Iterator[tuple[str, str]]:
    """Credentials whose causes do not follow from the acts, each once: its id, and what differs."""
    found: dict[str, str] = {}
    for one in document.credentials:
        differs = (
            _of_measures(one, document)
            or _of_origins(one, document, ended, now)
            or _of_ended(one, document, ended)
        )
        if differs is not None:
            found[one.credential_id] = differs
    for credential_id, differs in _of_newer(document):
        found.setdefault(credential_id, differs)
    yield from found.items()


def _of_measures(one: Held, document: Document) -> str | None:
    by_origin = {cause.origin_id: cause for cause in one.causes}
    for measure in document.measures:
        found = by_origin.get(measure.measure_id)
        if found is None:
            if _asked(one, measure) and reaches(measure, one.view, one.grants):
                return measure.kind
            continue
        if not _may_have(one, measure) or not reaches(measure, one.view, one.grants):
            return f"{measure.kind}: origin_id"
        meant = cause_of(measure)
        differs = [name for name in _COMPARED if getattr(found, name) != getattr(meant, name)]
        if differs:
            return f"{measure.kind}: {', '.join(differs)}"
    for measure_id, cancelled_at in document.cancelled.items():
        found = by_origin.get(measure_id)
        if found is not None and (found.lifted_at is None or found.lifted_at > cancelled_at):
            return "cancellation: lifted_at"
    return None


def _asked(one: Held, measure: MeasureRow) -> bool:
    """Whether a credential was made before a measure began, and before anything ended it; later ones issuing looks after."""
    ended = measure.lifted_at is not None and measure.lifted_at <= one.made_at
    return one.made_at <= measure.since and not ended


def _may_have(one: Held, measure: MeasureRow) -> bool:
    """Whether a measure can have given a credential its cause: it had not begun when that was made, and was not over."""
    over = measure.lifted_at is not None and measure.lifted_at + _MARGIN < one.made_at
    return one.made_at <= measure.since + _MARGIN and not over


def _of_origins(one: Held, document: Document, ended: Ended, now: int) -> str | None:
    measures = {measure.measure_id for measure in document.measures}
    for cause in one.causes:
        over = cause.lifted_at is not None and cause.lifted_at <= now + _MARGIN
        if over or cause.origin_id in measures:
            continue
        if not _comes_from_something(cause, one, document, ended):
            return f"{cause.cause_class}: origin_id"
    return None


def _comes_from_something(cause: Cause, one: Held, document: Document, ended: Ended) -> bool:
    """Whether what the journal and the other rows tell has given this cause, as it is."""
    reason = REASON_POINTS if cause.cause_class == CauseClass.AUTHORITY else None
    if cause.until is not None or cause.reason_class != reason:
        return False
    sheets = ended.sheets.get(document.document_id)
    match (cause.cause_class, cause.value):
        case (CauseClass.AUTHORITY, StatusValue.REVOKED):
            return cause.origin_id == document.document_id and cause.origin_id in ended.without_points
        case (CauseClass.DEVICE, StatusValue.REVOKED):
            return ended.lost.get(one.wallet_id) == cause.since
        case (CauseClass.HOLDER, StatusValue.REVOKED):
            return cause.since in {sheets, ended.lost_cards.get(one.credential_id)}
        case (CauseClass.HOLDER, StatusValue.SUSPENDED):
            return ended.paused.get(one.wallet_id) == cause.since
        case (CauseClass.REPLACED, StatusValue.REVOKED) | (CauseClass.SUPERSEDED, StatusValue.SUPERSEDED):
            if cause.cause_class == CauseClass.SUPERSEDED and cause.origin_id in document.changes:
                # Of what was made a moment after the release: clocks differ, and older releases superseded it too.
                return (
                    one.view is View.ROAD_CHECK and document.changes[cause.origin_id] + _MARGIN >= one.made_at
                )
            newer = document.batches.get(cause.origin_id)
            if newer is None:  # an erasure takes ended batches with it
                return document.document_id in ended.erased
            return (
                newer.issued
                and newer.made_at + _MARGIN >= one.made_at
                and newer.batch_id != one.batch_id
                and _meant(cause, one, newer)
            )
        case _:
            return False


def _meant(cause: Cause, older: Held, newer: Held) -> bool:
    """Whether a newer credential has this effect on an older one, by what both grant."""
    days = {paris_day(newer.made_at), paris_day(newer.made_at + _MARGIN)}
    covered = [_covers(newer, older, day) for day in days]
    if cause.cause_class == CauseClass.REPLACED:
        return older.grants.kind == newer.grants.kind and not all(covered)
    return _same_place(older, newer) and any(covered)


def _of_ended(one: Held, document: Document, ended: Ended) -> str | None:
    lost, paused = ended.lost.get(one.wallet_id), ended.paused.get(one.wallet_id)
    card, zero = ended.lost_cards.get(one.credential_id), ended.without_points.get(document.document_id)
    if lost is not None and not one.paper and not one.bears([CauseClass.DEVICE], _FINAL, lost):
        return "wallet_lost"
    suspended = StatusValue.SUSPENDED
    if paused is not None and not one.paper and not one.bears([CauseClass.HOLDER], suspended, paused):
        return "wallet_paused"
    if card is not None and not one.is_final(card):
        return "card_lost"
    gone = zero is not None and one.view in RIGHT_VIEWS and one.made_at < zero
    if zero is not None and gone and not one.bears([CauseClass.AUTHORITY], _FINAL, zero):
        return "points_zero"
    sheets = ended.sheets.get(document.document_id)
    if sheets is not None and one.paper and one.made_at < sheets and not one.is_final(sheets):
        return "erased"
    return _of_points(one, document)


def _of_points(one: Held, document: Document) -> str | None:
    """A change of points supersedes what tells an older balance; what was made at its release or later tells the new one."""
    if one.view is not View.ROAD_CHECK or not one.issued:
        return None
    later = [at for at in document.changes.values() if at > one.made_at]
    if not later or _superseded(one, max(later) + _MARGIN):
        return None
    return "points"


def _superseded(one: Held, by: int) -> bool:
    """A revoked one needs no newer one to be told of; whether it is rightly revoked is looked at elsewhere."""
    return one.bears([CauseClass.SUPERSEDED], StatusValue.SUPERSEDED, by) or any(
        cause.value == _FINAL for cause in one.causes
    )


def _of_newer(document: Document) -> Iterator[tuple[str, str]]:
    for one, newer in product(document.credentials, document.batches.values()):
        if not (one.issued and newer.issued and one.made_at + _MARGIN < newer.made_at):
            continue
        days = {paris_day(newer.made_at), paris_day(newer.made_at + _MARGIN)}
        by = newer.made_at + _MARGIN
        if one.grants.kind == newer.grants.kind and not any(_covers(newer, one, day) for day in days):
            if not one.is_final(by):
                yield one.credential_id, "replaced"
            continue
        covered = all(_covers(newer, one, day) for day in days)
        if covered and _same_place(one, newer) and not _superseded(one, by):
            yield one.credential_id, "superseded"


def _covers(newer: Held, older: Held, day: date) -> bool:
    return newer.grants.covers(older.grants, day)


def _same_place(older: Held, newer: Held) -> bool:
    places = [(one.wallet_id, one.view, one.form, one.paper) for one in (older, newer)]
    return places[0] == places[1] and not older.paper
