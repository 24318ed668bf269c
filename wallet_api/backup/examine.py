"""Whether a database that was filled from a backup is sound, before anybody is served by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from credentials.spec import Domain
from wallet_api import audit
from wallet_api.points import store as points
from wallet_api.points.ledger import Ledger
from wallet_api.points.store import BalanceRow
from wallet_api.points.training import restrictions

from . import store
from .archive import BackupRefused, Manifest

_LICENCE: Final = Domain.LICENCE.value
_AT_ONCE: Final = 500  # ledgers read by one statement


def examine(connection: Connection, manifest: Manifest) -> None:
    """Every row arrived, every journal's chain holds, every balance is what its ledger amounts to.

    Raises `BackupRefused`.
    """
    there = store.tables_there(connection)
    for name, shape in manifest.tables.items():
        if name in there and store.count_rows(connection, there[name]) != shape.rows:
            raise BackupRefused(f"table {name} did not arrive whole")
    for authority_id in store.authorities(connection):
        broken = audit.verify(connection, authority_id)
        if broken is not None:
            raise BackupRefused(
                f"the journal of {authority_id} does not hold together at row {broken.sequence}: "
                "the database was altered before this backup was made"
            )
    for stored in store.balances(connection, _AT_ONCE):
        _replay(connection, stored)


def _replay(connection: Connection, stored: Mapping[str, BalanceRow]) -> None:
    """Compute each balance from its ledger again, as of the instant at which it was stored."""
    ledgers = points.ledgers(connection, _LICENCE, stored)
    for document_id, balance in stored.items():
        rows = ledgers.get(document_id, [])
        held = restrictions(connection, _LICENCE, document_id, rows, balance.as_of)
        if not rows or Ledger(rows, held).balance(balance.as_of, balance.version) != balance:
            raise BackupRefused(
                f"the points of document {document_id} are not what its ledger amounts to: "
                "the database was altered before this backup was made"
            )
