"""Record a measure and recompute what it changes: suspension, revocation, lift, cancellation, and what they are made of.

- Each act appends one row with its own decision reference, writes the audit journal, and gives or lifts causes of the
  credentials that it touches; entries follow from the causes at the next publication.
- A row counts from its `released_at` on. Until then it can be cancelled, and neither lists nor issuing know of it.
- A revocation that counts is never lifted (ARF VCR_04); a lift never touches another cause, and revives nothing that
  was ever revoked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from credentials.paris_day import paris_midnight
from credentials.spec import StatusValue
from credentials.views import View
from wallet_api import audit
from wallet_api.access import Actor
from wallet_api.identifiers import new_id
from wallet_api.issuance import store as issuance
from wallet_api.issuance.grants import Grants
from wallet_api.issuance.store import Cause, CauseClass
from wallet_api.points.consequences import refresh
from wallet_api.problems import WalletError
from wallet_api.retention.past import may_be_purged
from wallet_api.retention.periods import Kept

from . import store
from .kinds import FINAL, LIFTABLE, ON_MEASURES, ImposedBy, MeasureKind, MeasureSubject
from .standing import touches
from .store import MeasureRow

INTERLOCK: Final = "69"
"""The restriction code of vehicles with an alcohol interlock (arrêté of 20 April 2012, annex)."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts on which document, when, by which decision; from `released_at` on the act counts."""

    actor: Actor
    document_id: str
    decision_reference: str
    now: int
    released_at: int


@dataclass(frozen=True, slots=True)
class Imposing:
    """What an act records. `names_id` is the earlier row that it lifts, voids, cancels or, as a court's, ends."""

    kind: MeasureKind
    subject: MeasureSubject
    since: int
    until: int | None = None
    imposed_by: ImposedBy | None = None
    names_id: str | None = None


def instant_of(moment: datetime | date | None) -> int | None:
    """An instant, or 00:00 Paris of a civil day, in UTC seconds."""
    if moment is None:
        return None
    return int(moment.timestamp()) if isinstance(moment, datetime) else paris_midnight(moment)


def suspend(
    connection: Connection, act: Act, subject: MeasureSubject, since: int | None, until: int | None
) -> MeasureRow:
    """Suspend from `since` (now, if not given) until the instant `until`. Raises `WalletError`."""
    start = act.now if since is None else since
    require_dates(act, start, until)
    return impose(connection, act, Imposing(MeasureKind.SUSPENSION, subject, start, until))


def revoke(connection: Connection, act: Act, subject: MeasureSubject) -> MeasureRow:
    """Revoke for good; two people decided it. Raises `WalletError` when the same subject is revoked or annulled already."""
    require_not_final(connection, act, subject)
    return impose(connection, act, Imposing(MeasureKind.REVOCATION, subject, act.now))


def require_revocable(connection: Connection, act: Act, subject: MeasureSubject) -> None:
    """Raises `WalletError` for what could not be approved: final already or about to be, or a known decision."""
    if store.reference_taken(connection, act.actor.authority_id, act.decision_reference):
        raise WalletError("decision-already-recorded")
    require_not_final(connection, act, subject)


def lift(connection: Connection, act: Act, measure_id: str, kinds: frozenset[MeasureKind]) -> MeasureRow:
    """End a measure of one of `kinds` once released.

    Raises `WalletError`: unknown, final, lifted or cancelled already, void, or over by itself before the lift would count.
    """
    authority_id = act.actor.authority_id
    found = store.find_measure(connection, authority_id, act.document_id, measure_id)
    if found is None or (found.kind in LIFTABLE and found.kind not in kinds):
        raise WalletError("not-found")
    if found.kind not in LIFTABLE:
        raise WalletError("not-a-suspension")
    lifted = _liftable(connection, act, measure_id)
    imposed = Imposing(MeasureKind.LIFT, MeasureSubject(lifted.subject), act.now, names_id=measure_id)
    row = append(connection, act, imposed)
    issuance.lift_causes(connection, authority_id, measure_id, act.released_at)
    return row


def _liftable(connection: Connection, act: Act, measure_id: str) -> MeasureRow:
    """A measure that a lift would end. Raises `WalletError` when an act ends it already, or nothing is left to end."""
    measures = store.measures_of(connection, act.actor.authority_id, act.document_id, act.now)
    found = next((one for one in measures if one.measure_id == measure_id), None)
    if found is None or (found.lifted_at is not None and not found.void):
        raise WalletError("already-lifted")
    if found.void or (found.until is not None and found.until <= act.released_at):
        raise WalletError("measure-over")
    return found


def cancel(connection: Connection, act: Act, measure_id: str) -> MeasureRow:
    """Cancel a measure before it counts: as if it had not been recorded, though both rows stay.

    `act` carries no decision: its reference is made here. Raises `WalletError`: unknown, cancelled already, too late.
    """
    authority_id = act.actor.authority_id
    row = store.find_measure(connection, authority_id, act.document_id, measure_id)
    if row is None:
        raise WalletError("not-found")
    if row.kind == MeasureKind.CANCELLATION:
        raise WalletError("already-cancelled")
    if act.now >= row.released_at:
        raise WalletError("too-late-to-cancel")
    own = replace(act, decision_reference=f"cancellation:{measure_id}", released_at=act.now)
    imposed = Imposing(MeasureKind.CANCELLATION, MeasureSubject(row.subject), act.now, names_id=measure_id)
    try:
        made = append(connection, own, imposed)
    except (
        WalletError
    ) as error:  # the reference follows from the measure, so it is taken by an earlier cancellation
        raise WalletError("already-cancelled") from error
    if row.lifts_id is not None:
        _let_others_end(connection, act, row.lifts_id, row.released_at)
    if row.kind not in ON_MEASURES:
        issuance.lift_causes(connection, authority_id, measure_id, act.now)
    return made


def _let_others_end(connection: Connection, act: Act, measure_id: str, cancelled_at: int) -> None:
    """The act that was to end a measure at `cancelled_at` is cancelled: whatever else ends it does so now."""
    measures = store.measures_of(connection, act.actor.authority_id, act.document_id, act.now)
    others = next((one.lifted_at for one in measures if one.measure_id == measure_id), None)
    issuance.restore_causes(connection, act.actor.authority_id, measure_id, cancelled_at, others)


def require_dates(act: Act, since: int, until: int | None) -> None:
    """Raises `WalletError` for an end at or before the beginning, or before the act would count."""
    if until is not None and until <= max(since, act.released_at):
        raise WalletError("dates-out-of-order")


def require_not_final(connection: Connection, act: Act, subject: MeasureSubject) -> None:
    """Raises `WalletError` when the subject, or the whole document, was revoked or annulled."""
    standing = store.open_measures(connection, act.actor.authority_id, act.document_id, act.now)
    if any(one.kind in FINAL and one.subject in {subject, MeasureSubject.DOCUMENT} for one in standing):
        raise WalletError("already-revoked")


def open_measure(connection: Connection, act: Act, measure_id: str) -> MeasureRow:
    """A measure of the document that no act ends. Raises `WalletError` when there is none, or none any more."""
    for one in store.open_measures(connection, act.actor.authority_id, act.document_id, act.now):
        if one.measure_id == measure_id and one.lifted_at is None:
            return one
    raise WalletError("already-lifted")


def impose(connection: Connection, act: Act, imposed: Imposing) -> MeasureRow:
    """Record a measure and give its cause to every live credential that it touches. Raises `WalletError`."""
    row = append(connection, act, imposed)
    authority_id = act.actor.authority_id
    for one in issuance.live_credentials(connection, authority_id, act.document_id, act.now):
        if reaches(row, View(one.view), Grants.from_text(one.grants)):
            issuance.add_cause(connection, authority_id, one.credential_id, cause_of(row), act.now)
    return row


def reaches(measure: MeasureRow, view: View, granted: Grants) -> bool:
    """Whether a measure takes something from a credential; an interlock order takes nothing where its code stands."""
    if not touches(measure, view):
        return False
    return measure.kind != MeasureKind.RESTRICTION or not granted.restricted_by(INTERLOCK)


def cause_of(measure: MeasureRow) -> Cause:
    """What a measure is to a credential that it reaches.

    An interlock order replaces the licence: revoked for good, like whatever a smaller right replaced (R224-6).
    """
    if measure.kind in {MeasureKind.SUSPENSION, MeasureKind.RETENTION}:
        value, until, ended = StatusValue.SUSPENDED, measure.until, measure.lifted_at
    else:
        # A revocation takes effect or it does not: one that has begun when its lift counts is there to stay.
        value, until = StatusValue.REVOKED, None
        ended = None if measure.lifted_at is None or measure.since <= measure.lifted_at else measure.lifted_at
    replaced = measure.kind == MeasureKind.RESTRICTION
    return Cause(
        CauseClass.REPLACED if replaced else CauseClass.AUTHORITY,
        value,
        measure.since,
        measure.measure_id,
        until,
        measure.reason_class,
        ended,
    )


def append(
    connection: Connection, act: Act, imposed: Imposing, *, detail: audit.Detail | None = None
) -> MeasureRow:
    """Append one row and its line of the audit journal. Raises `WalletError` for a decision that is recorded already."""
    _require_still_kept(connection, act, imposed.since)
    measure_id, authority_id = new_id(act.now), act.actor.authority_id
    names_id = imposed.names_id
    imposed_by = None if imposed.imposed_by is None else imposed.imposed_by.value
    row: dict[str, object] = {
        "authority_id": authority_id,
        "measure_id": measure_id,
        "document_id": act.document_id,
        "kind": imposed.kind.value,
        "decision_reference": act.decision_reference,
        "subject": imposed.subject.value,
        "since": imposed.since,
        "until": imposed.until,
        "reason_class": None,
        "imposed_by": imposed_by,
        "lifts_id": names_id,
        "attempt": 0 if names_id is None else store.count_lifts(connection, authority_id, names_id),
        "recorded_at": act.now,
        "released_at": act.released_at,
        "actor_id": act.actor.actor_id,
    }
    if not store.add_measure(connection, row):
        raise WalletError("decision-already-recorded")
    audit.append(
        connection,
        authority_id,
        now=act.now,
        actor_id=act.actor.actor_id,
        act=imposed.kind.value,
        subject_id=act.document_id,
        detail={
            "measure": measure_id,
            "since": imposed.since,
            "until": imposed.until,
            "lifts": names_id,
            "released": act.released_at,
            "rows": audit.digest_of_act([row]),
            **({} if imposed_by is None else {"imposed_by": imposed_by}),
            **(detail or {}),
        },
    )
    if imposed.subject is MeasureSubject.RIGHT:
        refresh(connection, authority_id, act.document_id, act.now)
    return MeasureRow(
        measure_id,
        imposed.kind.value,
        imposed.subject.value,
        max(imposed.since, act.released_at),
        imposed.until,
        None,
        act.released_at,
        imposed_by=imposed_by,
    )


def _require_still_kept(connection: Connection, act: Act, since: int) -> None:
    """Raises `WalletError` for what began so long ago that it may have been recorded and purged.

    An act that is to begin now, as most do, cannot have been.
    """
    if since >= act.now:
        return
    authority_id, document_id = act.actor.authority_id, act.document_id
    opened_at = store.opened_at(connection, authority_id, document_id)
    released = [one.released_at for one in store.measures_of(connection, authority_id, document_id, act.now)]
    if may_be_purged(Kept.MEASURES, since, act.now, opened_at, released):
        raise WalletError("decision-too-old")
