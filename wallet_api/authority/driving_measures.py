"""Measures on the right to drive and on its title, as the Code de la route has them (france.md, section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from wallet_api.issuance import store as issuance
from wallet_api.problems import WalletError

from . import store
from .kinds import ADMINISTRATIVE, ImposedBy, MeasureKind, MeasureSubject, VoidingGround
from .limits_of_measures import end_of_retention, longest_restriction, longest_suspension
from .measures import Act, Imposing, append, impose, open_measure, require_dates, require_not_final
from .store import MeasureRow

_RIGHT: Final = MeasureSubject.RIGHT


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspension as it was decided; `since` is now if not given, `until` the first instant without it."""

    decided_by: ImposedBy
    since: int | None
    until: int | None
    grave_case: bool = False
    ends_id: str | None = None


def retain(connection: Connection, act: Act, since: int | None, *, verifications: bool) -> MeasureRow:
    """Retain the licence from `since` (now, if not given) for 72 hours, 120 where alcohol or drugs are verified.

    It ends by itself (L224-2 III). Raises `WalletError` when it would begin later than now or be over already.
    """
    start = act.now if since is None else since
    until = end_of_retention(start, verifications=verifications)
    if start > act.now:
        raise WalletError("dates-out-of-order")
    require_dates(act, start, until)
    return impose(connection, act, Imposing(MeasureKind.RETENTION, _RIGHT, start, until, ImposedBy.POLICE))


def suspend_right(connection: Connection, act: Act, decided: Suspension) -> MeasureRow:
    """Suspend every category at once (R224-14), for as long as the law lets who decides. Raises `WalletError`."""
    start = act.now if decided.since is None else decided.since
    require_dates(act, start, decided.until)
    if decided.decided_by is ImposedBy.PREFECT:
        longest = longest_suspension(start, grave_case=decided.grave_case)
        if decided.until is None or decided.until > longest:
            raise WalletError("measure-too-long")
    imposed = Imposing(
        MeasureKind.SUSPENSION, _RIGHT, start, decided.until, decided.decided_by, decided.ends_id
    )
    return _impose_judicial(connection, act, imposed)


def restrict(connection: Connection, act: Act, since: int | None, until: int) -> MeasureRow:
    """Restrict to vehicles with an interlock, for a year at most: the prefect's order replaces the licence (R224-6).

    What was issued is replaced for good; what is issued until the end bears code 69 on every category; afterwards a
    renewed licence has its full right again. Raises `WalletError`.
    """
    start = act.now if since is None else since
    require_dates(act, start, until)
    if until > longest_restriction(start):
        raise WalletError("measure-too-long")
    return impose(connection, act, Imposing(MeasureKind.RESTRICTION, _RIGHT, start, until, ImposedBy.PREFECT))


def annul(connection: Connection, act: Act, ends_id: str | None = None) -> MeasureRow:
    """Annul the licence by a court's decision, for good. Raises `WalletError`."""
    require_not_final(connection, act, _RIGHT)
    imposed = Imposing(MeasureKind.ANNULMENT, _RIGHT, act.now, None, ImposedBy.COURT, ends_id)
    return _impose_judicial(connection, act, imposed)


def lose_title(connection: Connection, act: Act, *, stolen: bool) -> MeasureRow:
    """The title is lost or stolen: every view of it is revoked, the right stays (france.md, section 5).

    Issuing works again once the act is lifted, that is once a new title was made. Raises `WalletError`.
    """
    kind = MeasureKind.TITLE_THEFT if stolen else MeasureKind.TITLE_LOSS
    return impose(connection, act, Imposing(kind, MeasureSubject.DOCUMENT, act.now))


def void(connection: Connection, act: Act, measure_id: str, ground: VoidingGround) -> MeasureRow:
    """An administrative measure counts as never taken: acquittal, no case, or no restriction pronounced (L224-9).

    It may be over or lifted already. Credentials that it replaced stay replaced. Raises `WalletError`: unknown, not
    administrative, void already.
    """
    authority_id = act.actor.authority_id
    if store.find_measure(connection, authority_id, act.document_id, measure_id) is None:
        raise WalletError("not-found")
    # As of its own release: one voiding that can still be cancelled bars a second one.
    measures = store.measures_of(connection, authority_id, act.document_id, act.released_at)
    voided = next((one for one in measures if one.measure_id == measure_id and not one.void), None)
    if voided is None:
        raise WalletError("already-lifted")
    if voided.imposed_by not in ADMINISTRATIVE:
        raise WalletError("not-administrative")
    imposed = Imposing(MeasureKind.VOIDING, _RIGHT, act.now, names_id=measure_id)
    row = append(connection, act, imposed, detail={"ground": ground.value})
    issuance.lift_causes(connection, authority_id, measure_id, act.released_at)
    return row


def _impose_judicial(connection: Connection, act: Act, imposed: Imposing) -> MeasureRow:
    """Impose; the administrative measure on the same facts stops once the court's is enforceable (L224-9)."""
    if imposed.names_id is None:
        return impose(connection, act, imposed)
    if imposed.imposed_by is not ImposedBy.COURT:
        raise WalletError("not-administrative")
    stopped = open_measure(connection, act, imposed.names_id)
    if stopped.imposed_by not in ADMINISTRATIVE:
        raise WalletError("not-administrative")
    if imposed.since > act.now:
        raise WalletError("dates-out-of-order")
    row = impose(connection, act, imposed)
    issuance.lift_causes(connection, act.actor.authority_id, stopped.measure_id, act.released_at)
    return row
