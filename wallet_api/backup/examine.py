"""Whether a database that was filled from a backup is sound, before anybody is served by it.

Journals are examined as `wallet-api audit verify` does, with the checkpoints of the backup: one that the purge shortened
begins where a checkpoint says, and rows that somebody computed anew do not fit what was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from credentials.spec import Domain
from keys import KeyFolder
from wallet_api.audit.evidence import gather
from wallet_api.audit.examine import examine as examine_chain
from wallet_api.points import store as points
from wallet_api.points.ledger import Ledger
from wallet_api.points.store import BalanceRow
from wallet_api.points.training import restrictions

from . import store
from .archive import BackupRefused, Manifest
from .make import Progress

_LICENCE: Final = Domain.LICENCE.value
_AT_ONCE: Final = 500  # ledgers read by one statement


def examine(
    connection: Connection,
    manifest: Manifest,
    keys: KeyFolder,
    now: int,
    progress: Progress = lambda *_: None,
) -> None:
    """Every journal holds, every balance is what its ledger amounts to. `now` in UTC seconds. Raises `BackupRefused`."""
    _require_journals(connection, manifest, keys, now, progress)
    total, done = _rows_of(manifest, "points_balance"), 0
    for stored in store.balances(connection, _AT_ONCE):
        _replay(connection, stored)
        done += len(stored)
        progress("points replayed", done, total)


def require_arrived(connection: Connection, manifest: Manifest) -> None:
    """Every row of the backup is there. Raises `BackupRefused`."""
    there = store.tables_there(connection)
    for name, shape in manifest.tables.items():
        if name in there and store.count_rows(connection, there[name]) != shape.rows:
            raise BackupRefused(f"table {name} did not arrive whole")


def _require_journals(
    connection: Connection, manifest: Manifest, keys: KeyFolder, now: int, progress: Progress
) -> None:
    evidence, total = gather(keys, connection), _rows_of(manifest, "audit_entry")
    for authority_id in store.authorities(connection):
        found = examine_chain(
            connection,
            authority_id,
            evidence.witnesses[authority_id],
            now=now,
            progress=lambda done: progress("journal examined", done, max(done, total)),
        )
        found += [one for one in evidence.findings if one.authority_id == authority_id]
        if found:
            raise BackupRefused(
                f"the journal of {authority_id} does not hold together at row {found[0].sequence}: "
                "the database was altered before this backup was made"
            )


def _rows_of(manifest: Manifest, table: str) -> int:
    return manifest.tables[table].rows if table in manifest.tables else 0


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
