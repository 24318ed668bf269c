"""Which rows are due, line by line of the table; a row that still has an effect is never due.

- Credentials: an entry that was published as revoked stays so, as a tombstone without a person. Any other index is free
  again, a year after everything that bore it expired.
- Points: the ledger is folded into its opening only if the opening alone gives the same answer: full, outside probation,
  nothing to come. One that once fell to zero is kept ten years.
- Measures: all of a document's go together, ten years after the last decision on it, if none is in force.
- A document is the last to go: what hung on it went by its own rule.
- The journal of acts loses its beginning up to a checkpoint, which stays and says where the chain now begins. What a dropped
  row told of a phone that is still enrolled, or of a terminal, is told again by a row at its end, word for word and not as the
  table says it now: nobody becomes genuine by waiting for a purge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from credentials.spec import Domain
from wallet_api import audit
from wallet_api.audit.checkpoints import DOMAIN_OF, CheckpointInvalid, believe
from wallet_api.authority.store import lock_document, measures_of
from wallet_api.issuance.documents import SYSTEM_ACTOR
from wallet_api.points import store as ledger_store
from wallet_api.points.balance import PointsState
from wallet_api.points.ledger import EntryKind, Ledger
from wallet_api.roles import SERVICE
from wallet_api.wiring import Service

from . import store
from .bare_documents import bare_documents, drop_bare_document
from .periods import AFTER_ZERO, PERIODS, Kept, Period

_DOMAINS: Final = tuple(one.value for one in Domain)
_EVERYBODY: Final = (*_DOMAINS, SERVICE)
_OF_A_ZERO: Final = frozenset({EntryKind.EARLIER_ZERO, EntryKind.INVALIDATION_NOTIFIED, EntryKind.HANDED_IN})


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page of candidates begins, and what is due."""

    authority_id: str
    before: int
    now: int
    after: str = ""
    limit: int = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the table at work. `find` gives ids in order, `drop` the number of rows that went."""

    period: Period
    authorities: tuple[str, ...]
    find: Callable[[Service, Connection, Page], Sequence[str]]
    drop: Callable[[Service, Connection, Page, Sequence[str]], int]


def _find_with(
    query: Callable[[Connection, str, int, str, int], Sequence[str]],
) -> Callable[[Service, Connection, Page], Sequence[str]]:
    return lambda _service, connection, page: query(
        connection, page.authority_id, page.before, page.after, page.limit
    )


def _drop_with(
    statement: Callable[[Connection, str, Sequence[str]], int],
) -> Callable[[Service, Connection, Page, Sequence[str]], int]:
    return lambda _service, connection, page, ids: statement(connection, page.authority_id, ids)


def _drop_credentials(_service: Service, connection: Connection, page: Page, ids: Sequence[str]) -> int:
    store.entomb_revoked(connection, page.authority_id, ids, page.now)
    return store.drop_credentials(connection, page.authority_id, ids)


def _drop_points(_service: Service, connection: Connection, page: Page, ids: Sequence[str]) -> int:
    rows = 0
    for document_id in ids:
        if _foldable(connection, page, document_id):
            rows += store.drop_changes_of_points(connection, page.authority_id, document_id)
    return rows


def _foldable(connection: Connection, page: Page, document_id: str) -> bool:
    """Whether the opening alone says of the licence what the whole ledger says."""
    lock_document(connection, page.authority_id, document_id, "driving_licence")
    found = ledger_store.loaded(ledger_store.ask_load(connection, page.authority_id, document_id))
    if found is None:
        return False
    stored, rows = found
    whole = Ledger(rows).balance(page.now, stored.version)
    if whole.next_change_at is not None or whole.probation_end is not None:
        return False
    if whole != stored._replace(as_of=page.now) or whole.state != PointsState.VALIDE:
        return False
    if max(one.released_at for one in rows) > _years_back(page.now) and _of_a_zero(Ledger(rows)):
        return False
    return rows[0].kind == EntryKind.OPENING and Ledger(rows[:1]).balance(page.now, stored.version) == whole


def _of_a_zero(ledger: Ledger) -> bool:
    """Whether the licence was ever invalid for want of points: at a row that began to count, or as a row tells."""
    return any(one.kind in _OF_A_ZERO for one in ledger.rows) or any(
        ledger.standing(max(one.released_at, ledger.rows[0].released_at)).state is not PointsState.VALIDE
        for one in ledger.rows
    )


def _years_back(now: int) -> int:
    return replace(PERIODS[Kept.POINTS], years=AFTER_ZERO).before(now)


def _drop_measures(_service: Service, connection: Connection, page: Page, ids: Sequence[str]) -> int:
    return sum(
        store.drop_measures(connection, page.authority_id, document_id)
        for document_id in ids
        if _all_ended(connection, page, document_id)
    )


def _all_ended(connection: Connection, page: Page, document_id: str) -> bool:
    """Whether no measure has had an effect, and no decision was taken on the document, since `before`."""
    if not store.lock_any(connection, page.authority_id, document_id):
        return False
    ledger = ledger_store.entries(connection, page.authority_id, document_id)
    if any(one.released_at > page.before or one.kind == EntryKind.TRAINING for one in ledger):
        return False  # whether a training counts depends on the measures of its time
    for one in measures_of(connection, page.authority_id, document_id, page.now):
        ends = [end for end in (one.until, one.lifted_at) if end is not None]
        if not one.void and (not ends or min(ends) > page.before):
            return False
    return True


def _drop_documents(_service: Service, connection: Connection, page: Page, ids: Sequence[str]) -> int:
    """Each is told as an erasure at the holder's own request is: `audit verify` then misses none."""
    gone = [one for one in ids if drop_bare_document(connection, page.authority_id, one)]
    for document_id in gone:
        audit.append(
            connection,
            page.authority_id,
            now=page.now,
            actor_id=SYSTEM_ACTOR,
            act="erased",
            subject_id=document_id,
            detail={"document": 1},
        )
    return len(gone)


def _old_checkpoint(service: Service, connection: Connection, page: Page) -> Sequence[str]:
    """The number of the row up to which the chain goes, if any does."""
    if page.after:
        return ()
    root = service.keys.root_certificate(DOMAIN_OF[page.authority_id])
    for sequence, message in store.old_checkpoints(connection, page.authority_id, page.before):
        try:
            claims, _ = believe(message, root)
        except CheckpointInvalid:
            continue
        if claims.sequence == sequence and store.has_row(connection, page.authority_id, sequence):
            return (str(sequence),)
    return ()


def _drop_journal(_service: Service, connection: Connection, page: Page, ids: Sequence[str]) -> int:
    for told in store.devices_told(connection, page.authority_id, int(ids[0])):
        detail = json.loads(told.detail)
        if told.kind == "wallet":
            detail.setdefault("at", told.recorded_at)
        audit.append(
            connection,
            page.authority_id,
            now=page.now,
            actor_id=SYSTEM_ACTOR,
            act=f"{told.kind}_pinned",
            subject_id=told.subject_id,
            detail=detail,
        )
    return store.drop_journal(connection, page.authority_id, int(ids[0]))


RULES: Final = (
    Rule(PERIODS[Kept.OFFERS], _DOMAINS, _find_with(store.ended_offers), _drop_with(store.drop_offers)),
    Rule(
        PERIODS[Kept.ACTIVATIONS],
        _DOMAINS,
        _find_with(store.ended_activations),
        _drop_with(store.drop_activations),
    ),
    Rule(PERIODS[Kept.MANDATES], _DOMAINS, _find_with(store.ended_mandates), _drop_with(store.drop_mandates)),
    Rule(PERIODS[Kept.CREDENTIALS], _DOMAINS, _find_with(store.expired_credentials), _drop_credentials),
    Rule(PERIODS[Kept.PHONES], _DOMAINS, _find_with(store.bare_phones), _drop_with(store.drop_phones)),
    Rule(PERIODS[Kept.POINTS], (Domain.LICENCE.value,), _find_with(store.quiet_ledgers), _drop_points),
    Rule(PERIODS[Kept.MEASURES], _DOMAINS, _find_with(store.quiet_documents), _drop_measures),
    Rule(
        PERIODS[Kept.REFUSALS],
        _EVERYBODY,
        _find_with(store.refused_proposals),
        _drop_with(store.drop_proposals),
    ),
    Rule(
        PERIODS[Kept.PROPOSALS],
        _EVERYBODY,
        _find_with(store.approved_proposals),
        _drop_with(store.drop_proposals),
    ),
    Rule(PERIODS[Kept.BATCHES], _EVERYBODY, _find_with(store.ended_batches), _drop_with(store.drop_batches)),
    Rule(PERIODS[Kept.DOCUMENTS], _DOMAINS, _find_with(bare_documents), _drop_documents),
    # Last, so that what the others recorded in this very purge is in the chain already.
    Rule(PERIODS[Kept.AUDIT], _EVERYBODY, _old_checkpoint, _drop_journal),
)
