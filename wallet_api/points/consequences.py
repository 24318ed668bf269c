"""What a change of points brings, once it counts: the stored balance, older credentials, and zero (L223-1).

- Points that move supersede every `road_check` that was issued before they did; one issued after a release, and before anybody
  looked at it here, tells the balance of after. A milestone of the law alone supersedes none, since the points list tells it.
- At zero every `road_check` and `proof` is revoked. An annulment that undoes the zero lets new ones be issued and
  revives none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from credentials.spec import Domain, StatusValue
from wallet_api import audit
from wallet_api.authority.standing import RIGHT_VIEWS
from wallet_api.issuance import store as issuance
from wallet_api.issuance.store import Cause, CauseClass
from wallet_api.issuance.supersede import supersede_road_checks

from . import store
from .balance import PointsState
from .ledger import EntryKind, Ledger
from .store import NOBODY, BalanceRow, EntryRow
from .training import restrictions

REASON_POINTS: Final = "points"
"""Reason class in the police companion: the right ended with the points. Nothing of an offence."""
_LICENCE: Final = Domain.LICENCE.value
_CLOCKS_DIFFER: Final = 300  # seconds
_AT_ONCE: Final = 500  # licences recomputed by one statement


class LedgerUnreadable(Exception):
    """The ledger of a licence holds cells that nobody of ours wrote; nobody knows what is due."""

    def __init__(self, document_id: str) -> None:
        """`document_id` names the licence."""
        super().__init__(document_id)
        self.document_id = document_id


def settle(
    connection: Connection,
    authority_id: str,
    document_id: str,
    stored: BalanceRow,
    ledger: Ledger,
    now: int,
    made: Sequence[EntryRow],
    *,
    publishing: bool = False,
) -> BalanceRow:
    """Store what the ledger amounts to at `now`, and do to credentials what became due since the last time.

    `made` are rows written in this transaction. A milestone that an act meets before a publication does stays due, so that
    the lists learn of it at once. Locks: the caller's.
    """
    balance = _balance(stored, ledger, now, made)
    if not publishing and stored.next_change_at is not None and stored.next_change_at <= now:
        balance = balance._replace(next_change_at=now)
    store.change_balance(connection, authority_id, document_id, balance)
    counted = [one for one in ledger.standing_rows() if stored.as_of < one.released_at <= now]
    counted += [one for one in made if one.released_at <= now and one not in counted]
    if balance.state == PointsState.INVALIDE:
        if counted or stored.state != balance.state:
            _revoke_right_views(connection, authority_id, document_id, balance, now)
    elif counted:
        last = max(counted, key=lambda one: one.released_at)
        supersede_road_checks(
            connection,
            authority_id,
            document_id,
            last.entry_id,
            last.released_at,
            told_from=_told_from(counted, made),
        )
    if stored.state != balance.state:
        audit.append(
            connection,
            authority_id,
            now=now,
            actor_id=NOBODY,
            act="points_zero" if balance.state == PointsState.INVALIDE else "points_zero_undone",
            subject_id=document_id,
            detail={"since": balance.invalid_since},
        )
    return balance


def _told_from(counted: Sequence[EntryRow], made: Sequence[EntryRow]) -> int | None:
    """From when on a new road check tells all of `counted`; None where none does yet, since one was written just now.

    Issuing counts a row at the very second of its release, by its own clock, if the row was there. Whether it was, the
    clocks of two processes cannot say of a moment: then the credential counts as older.
    """
    if {one.entry_id for one in made} & {one.entry_id for one in counted}:
        return None
    return max(max(one.released_at, one.recorded_at + _CLOCKS_DIFFER) for one in counted)


def _balance(stored: BalanceRow, ledger: Ledger, now: int, made: Sequence[EntryRow]) -> BalanceRow:
    """What is to be stored. Rows that do not count yet change nothing but when to look again."""
    version = stored.version + 1
    if not made or not stored.holds_at(now) or any(one.released_at <= now for one in made):
        return ledger.balance(now, version)
    ahead = [one.released_at for one in made]
    if stored.next_change_at is not None:
        ahead.append(stored.next_change_at)
    return stored._replace(next_change_at=min(ahead), as_of=now, version=version)


def refresh_due(connection: Connection, now: int) -> int:
    """Recompute every licence whose stored balance is due at `now`; says how many.

    For the publication's transaction, before it reads the state: milestones and releases then show without any act. The
    work is that of the licences that are due, found by an index. A licence on which somebody acts just now is left to him.
    Raises `LedgerUnreadable`.
    """
    done = 0
    while found := store.due(connection, _LICENCE, now, _AT_ONCE):
        ledgers = store.ledgers(connection, _LICENCE, found)
        for document_id, stored in found.items():
            rows = ledgers[document_id]
            try:
                held = restrictions(connection, _LICENCE, document_id, rows, now)
                settle(
                    connection, _LICENCE, document_id, stored, Ledger(rows, held), now, (), publishing=True
                )
            except (ValueError, TypeError, LookupError) as error:
                raise LedgerUnreadable(document_id) from error
        done += len(found)
    return done


def refresh(connection: Connection, authority_id: str, document_id: str, now: int) -> None:
    """Recompute one licence, since a measure on its right to drive was recorded or undone (R223-4-1, L223-1).

    The caller holds the document's row. Without a training nothing depends on measures, and nothing is done.
    """
    found = store.loaded(store.ask_load(connection, authority_id, document_id))
    if found is None or all(one.kind != EntryKind.TRAINING for one in found[1]):
        return
    stored, rows = found
    held = restrictions(connection, authority_id, document_id, rows, now)
    settle(connection, authority_id, document_id, stored, Ledger(rows, held), now, ())


def _revoke_right_views(
    connection: Connection, authority_id: str, document_id: str, balance: BalanceRow, now: int
) -> None:
    """Once for each credential: the licence itself is the origin, and value 1 is final."""
    since = now if balance.invalid_since is None else balance.invalid_since
    cause = Cause(CauseClass.AUTHORITY, StatusValue.REVOKED, since, document_id, reason_class=REASON_POINTS)
    for one in issuance.live_credentials(connection, authority_id, document_id, now):
        if one.view in RIGHT_VIEWS:
            issuance.add_cause(connection, authority_id, one.credential_id, cause, now)
