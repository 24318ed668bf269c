"""Record a measure and recompute what it changes: suspension, lift, revocation, cancellation.

- Each act appends one row with its own decision reference, writes the audit journal, and gives or lifts causes of the
  credentials that it touches; entries follow from the causes at the next publication.
- A row counts from its `released_at` on. Until then it can be cancelled, and neither lists nor issuing know of it.
- A revocation that counts is never lifted (ARF VCR_04); a lift never touches another cause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from credentials.paris_day import paris_midnight
from credentials.spec import StatusValue
from credentials.views import View
from wallet_api import audit
from wallet_api.access import Actor
from wallet_api.identifiers import new_id
from wallet_api.issuance import store as issuance
from wallet_api.issuance.store import Cause, CauseClass
from wallet_api.problems import WalletError

from . import store
from .standing import MeasureKind, MeasureSubject, touches
from .store import MeasureRow


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts on which document, when, by which decision; from `released_at` on the act counts."""

    actor: Actor
    document_id: str
    decision_reference: str
    now: int
    released_at: int


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
    if until is not None and until <= max(start, act.released_at):
        raise WalletError("dates-out-of-order")
    return _impose(connection, act, MeasureKind.SUSPENSION, subject, start, until)


def revoke(connection: Connection, act: Act, subject: MeasureSubject) -> MeasureRow:
    """Revoke for good. Raises `WalletError` when the same subject is revoked already."""
    standing = store.open_measures(connection, act.actor.authority_id, act.document_id, act.now)
    if any(
        one.kind == MeasureKind.REVOCATION and one.subject in {subject, MeasureSubject.DOCUMENT}
        for one in standing
    ):
        raise WalletError("already-revoked")
    return _impose(connection, act, MeasureKind.REVOCATION, subject, act.now, None)


def lift(connection: Connection, act: Act, measure_id: str) -> MeasureRow:
    """End a suspension once released. Raises `WalletError`: unknown, no suspension, lifted or cancelled already."""
    authority_id = act.actor.authority_id
    lifted = store.find_measure(connection, authority_id, act.document_id, measure_id)
    if lifted is None:
        raise WalletError("not-found")
    if lifted.kind != MeasureKind.SUSPENSION:
        raise WalletError("not-a-suspension")
    standing = store.open_measures(connection, authority_id, act.document_id, act.now)
    if all(one.measure_id != measure_id or one.lifted_at is not None for one in standing):
        raise WalletError("already-lifted")
    row = _append(
        connection, act, MeasureKind.LIFT, MeasureSubject(lifted.subject), act.now, None, measure_id
    )
    issuance.lift_causes(connection, authority_id, measure_id, act.released_at)
    return row


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
    subject = MeasureSubject(row.subject)
    try:
        made = _append(connection, own, MeasureKind.CANCELLATION, subject, act.now, None, measure_id)
    except (
        WalletError
    ) as error:  # the reference follows from the measure, so it is taken by an earlier cancellation
        raise WalletError("already-cancelled") from error
    if row.kind == MeasureKind.LIFT:
        issuance.restore_causes(connection, authority_id, row.lifts_id, row.released_at)
    else:
        issuance.lift_causes(connection, authority_id, measure_id, act.now)
    return made


def _impose(
    connection: Connection,
    act: Act,
    kind: MeasureKind,
    subject: MeasureSubject,
    since: int,
    until: int | None,
) -> MeasureRow:
    row = _append(connection, act, kind, subject, since, until, None)
    value = StatusValue.SUSPENDED if kind is MeasureKind.SUSPENSION else StatusValue.REVOKED
    cause = Cause(CauseClass.AUTHORITY, value, row.since, row.measure_id, until)
    authority_id = act.actor.authority_id
    for one in issuance.live_credentials(connection, authority_id, act.document_id, act.now):
        if touches(row, View(one.view)):
            issuance.add_cause(connection, authority_id, one.credential_id, cause, act.now)
    return row


def _append(
    connection: Connection,
    act: Act,
    kind: MeasureKind,
    subject: MeasureSubject,
    since: int,
    until: int | None,
    lifts_id: str | None,
) -> MeasureRow:
    measure_id, authority_id = new_id(act.now), act.actor.authority_id
    row: dict[str, object] = {
        "authority_id": authority_id,
        "measure_id": measure_id,
        "document_id": act.document_id,
        "kind": kind.value,
        "decision_reference": act.decision_reference,
        "subject": subject.value,
        "since": since,
        "until": until,
        "lifts_id": lifts_id,
        "attempt": 0 if lifts_id is None else store.count_lifts(connection, authority_id, lifts_id),
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
        act=kind.value,
        subject_id=act.document_id,
        detail={
            "measure": measure_id,
            "since": since,
            "until": until,
            "lifts": lifts_id,
            "released": act.released_at,
        },
    )
    effective = max(since, act.released_at)
    return MeasureRow(measure_id, kind.value, subject.value, effective, until, None, act.released_at)
