"""What a newer credential, or a change of points, does to older ones (decisions.md, section 4).

- The newer grants at least as much, points aside: older ones of the same wallet, view and form are superseded (3).
- A right shrank: every older credential of the document that grants more is replaced (1), whoever holds it.
- Points changed: every `road_check` that tells the balance of before is superseded, since a newer one tells it better.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import Connection

from credentials.spec import StatusValue
from credentials.views import View
from wallet_api.identifiers import first_id

from . import store
from .grants import Grants
from .store import Cause, CauseClass, LiveCredential

SIGNING_SECONDS: Final = 300
"""Longer than any signing takes."""


def supersede_older(
    connection: Connection, authority_id: str, document_id: str, newer: LiveCredential, now: int, today: date
) -> None:
    """Give the older credentials their causes once `newer`'s batch is issued. `today` is the Paris day."""
    granted = Grants.from_text(newer.grants)
    live = store.live_credentials(connection, authority_id, document_id, now)
    # One that is still being signed will itself come last and judge this one: two never supersede each other.
    # Of one that is long past signing nobody comes any more: it ended with its process, or its row was changed.
    signed = first_id(now - SIGNING_SECONDS)
    others = [
        one for one in live if one.batch_id != newer.batch_id and (one.issued or one.credential_id < signed)
    ]
    known = store.with_cause(
        connection, authority_id, [one.credential_id for one in others], CauseClass.SUPERSEDED, now
    )
    given = []
    for older in others:
        held = Grants.from_text(older.grants)
        if held.kind == granted.kind and not granted.covers(held, today):
            cause = Cause(CauseClass.REPLACED, StatusValue.REVOKED, now, newer.batch_id)
        elif _same_place(older, newer) and older.credential_id not in known:
            cause = Cause(CauseClass.SUPERSEDED, StatusValue.SUPERSEDED, now, newer.batch_id)
        else:
            continue
        given.append((older.credential_id, cause))
    store.add_causes(connection, authority_id, given, now)


def supersede_road_checks(
    connection: Connection,
    authority_id: str,
    document_id: str,
    entry_id: str,
    now: int,
    *,
    told_from: int | None,
) -> None:
    """Mark the licence's `road_check` credentials after a change of points.

    One that was issued at `told_from` or later tells the change already and stays; None: none does. Its id was made at the
    instant at which its balance was read.
    """
    live = store.live_credentials(connection, authority_id, document_id, now)
    tells = None if told_from is None else first_id(told_from)
    road_checks = [
        one.credential_id
        for one in live
        if one.view == View.ROAD_CHECK and (tells is None or one.credential_id < tells)
    ]
    if not road_checks:
        return
    known = store.with_cause(connection, authority_id, road_checks, CauseClass.SUPERSEDED, now)
    cause = Cause(CauseClass.SUPERSEDED, StatusValue.SUPERSEDED, now, entry_id)
    store.add_causes(connection, authority_id, [(one, cause) for one in road_checks if one not in known], now)


def _same_place(older: LiveCredential, newer: LiveCredential) -> bool:
    """Paper is left out: a second print does not spoil the first."""
    if older.paper or newer.paper:
        return False
    return (older.wallet_id, older.view, older.form) == (newer.wallet_id, newer.view, newer.form)
