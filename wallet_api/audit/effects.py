"""Compare the list entries with the acts: what the database holds of each document, some hundred at a time (`causes.py`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, exists, func, select

from credentials.paris_day import paris_day
from credentials.spec import StatusValue
from credentials.views import View
from wallet_api import tables
from wallet_api.authority.store import MeasureRow, measures_of
from wallet_api.issuance.grants import Grants
from wallet_api.issuance.store import Cause
from wallet_api.issuance.supersede import SIGNING_SECONDS
from wallet_api.points.ledger import EntryKind
from wallet_api.roles import SERVICE

from .causes import Document, Held, differences_of
from .ended import Ended

_AT_ONCE: Final = 200
_NO_CHANGE: Final = frozenset({EntryKind.OPENING, EntryKind.SETTLED, EntryKind.CANCELLATION})
_credential, _cause, _measure, _entry = (
    tables.credential,
    tables.status_cause,
    tables.measure,
    tables.points_entry,
)


def differences(
    connection: Connection, authority_id: str, now: int, ended: Ended
) -> Iterator[tuple[str, str]]:
    """Credentials that may still be shown and whose list entry is not what the acts make of it: id, and what differs.

    `ended` has read the journal.
    """
    table, after = tables.document, ""
    query = select(table.c.document_id).where(table.c.authority_id == authority_id)
    query = query.order_by(table.c.document_id).limit(_AT_ONCE)
    while ids := list(connection.execute(query.where(table.c.document_id > after)).scalars()):
        after = ids[-1]
        for found in _Page(connection, authority_id, ids, now):
            if isinstance(found, Document):
                yield from differences_of(found, ended, now)
            else:
                yield found
    yield from _tombstones(connection, authority_id, now)


class _Page:
    """What is held of some documents, each with a few statements for all."""

    def __init__(self, connection: Connection, authority_id: str, ids: list[str], now: int) -> None:
        self._connection, self._authority, self._ids, self._now = connection, authority_id, ids, now

    def __iter__(self) -> Iterator[Document | tuple[str, str]]:
        """Each document that has a credential to show; of a credential that cannot be read, the finding itself."""
        causes, cancelled = self._causes(), self._cancellations()
        changes, batches = self._changes(), self._batches()
        live = self._live()
        for document_id, rows in live.items():
            held: list[Held] = []
            for row in rows:
                try:
                    held.append(_held(row, causes[row.credential_id], self._now))
                except (ValueError, TypeError, LookupError, AttributeError):
                    yield str(row.credential_id), "credential"
            yield Document(
                document_id,
                held,
                self._measures(document_id),
                cancelled[document_id],
                changes[document_id],
                batches[document_id],
            )

    def _live(self) -> dict[str, list[Row[Any]]]:
        query = self._of(_credential).where(
            _credential.c.expires_at > self._now, _credential.c.state != "unissued"
        )
        found: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in self._connection.execute(query.order_by(_credential.c.credential_id)):
            found[row.document_id].append(row)
        return found

    def _causes(self) -> dict[str, list[Cause]]:
        query = (
            select(_cause)
            .join(_credential, _of_cause())
            .where(
                _cause.c.authority_id == self._authority,
                _credential.c.document_id.in_(self._ids),
                _credential.c.expires_at > self._now,
            )
        )
        found: dict[str, list[Cause]] = defaultdict(list)
        for row in self._connection.execute(query):
            cells = (row.cause_class, row.value, row.since, row.origin_id)
            found[row.credential_id].append(Cause(*cells, row.until, row.reason_class, row.lifted_at))
        return found

    def _measures(self, document_id: str) -> list[MeasureRow]:
        with suppress(TypeError):  # cells that nobody of ours wrote: then its causes come from nowhere
            return measures_of(self._connection, self._authority, document_id, self._now)
        return []

    def _cancellations(self) -> dict[str, dict[str, int]]:
        query = self._of(_measure).where(_measure.c.kind == "cancellation")
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for row in self._connection.execute(query):
            found[row.document_id][row.lifts_id] = row.recorded_at
        return found

    def _changes(self) -> dict[str, dict[str, int]]:
        """Of each licence the rows of its ledger that its balance counts, with their release."""
        balance = tables.points_balance
        as_of = {row.document_id: row.as_of for row in self._connection.execute(self._of(balance))}
        rows = list(self._connection.execute(self._of(_entry)))
        undone = {row.annuls_id for row in rows if row.kind == EntryKind.CANCELLATION}
        changes: dict[str, dict[str, int]] = defaultdict(dict)
        for row in rows:
            counts = row.entry_id not in undone and row.kind not in _NO_CHANGE
            with suppress(TypeError):
                if counts and row.released_at <= as_of.get(row.document_id, 0):
                    changes[row.document_id][row.entry_id] = row.released_at
        return changes

    def _batches(self) -> dict[str, dict[str, Held]]:
        """One credential of each issuing that is still known, over or not: what it grants says what it did to others."""
        first = (
            select(func.min(_credential.c.credential_id))
            .where(_credential.c.authority_id == self._authority, _credential.c.document_id.in_(self._ids))
            .where(_credential.c.state != "unissued")
            .group_by(_credential.c.batch_id)
        )
        query = self._of(_credential).where(_credential.c.credential_id.in_(first))
        found: dict[str, dict[str, Held]] = defaultdict(dict)
        for row in self._connection.execute(query):
            with suppress(ValueError, TypeError, LookupError, AttributeError):  # named where it is live
                held = _held(row, [], self._now)
                # One that its process never said to be issued, since it died over it, did nothing to others.
                found[row.document_id][row.batch_id] = replace(held, issued=row.state == "issued")
        return found

    def _of(self, table: Table) -> Select[Any]:
        return select(table).where(
            table.c.authority_id == self._authority, table.c.document_id.in_(self._ids)
        )


def _held(row: Row[Any], causes: list[Cause], now: int) -> Held:
    """Raises one of Python's errors of value or type for cells that nobody of ours wrote."""
    made_at = int(row.credential_id[:12], 16) // 1000  # by its id, which grows with time
    paris_day(made_at)
    return Held(
        row.credential_id,
        row.wallet_id,
        row.batch_id,
        View(row.view),
        row.form,
        bool(row.paper),
        Grants.from_text(row.grants),
        row.state == "issued" or made_at + SIGNING_SECONDS < now,
        tuple(causes),
        made_at,
    )


def _tombstones(connection: Connection, authority_id: str, now: int) -> Iterator[tuple[str, str]]:
    """Credentials whose entry a tombstone revokes, though nothing did: a restored service alone has some of those."""
    journal, tombstone = tables.audit_entry, tables.list_tombstone
    restored = select(exists().where(journal.c.authority_id == SERVICE, journal.c.act == "backup_restored"))
    if connection.execute(restored).scalar_one():
        return
    revoked = exists().where(_of_cause(), _cause.c.value == StatusValue.REVOKED)
    query = (
        select(_credential.c.credential_id)
        .join(
            tombstone,
            and_(
                tombstone.c.authority_id == _credential.c.authority_id,
                tombstone.c.status_list == _credential.c.status_list,
                tombstone.c.status_index == _credential.c.status_index,
            ),
        )
        .where(_credential.c.authority_id == authority_id, _credential.c.expires_at > now, ~revoked)
    )
    yield from ((str(one), "list_tombstone") for one in connection.execute(query).scalars())


def _of_cause() -> ColumnElement[bool]:
    return and_(
        _credential.c.authority_id == _cause.c.authority_id,
        _credential.c.credential_id == _cause.c.credential_id,
    )
