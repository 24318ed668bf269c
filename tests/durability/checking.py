"""Compare the database with what clerks were told, and with itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from credentials.spec import Domain
from tests.durability.clerk import ActKind, Decision
from wallet_api import audit, tables
from wallet_api.audit import acts
from wallet_api.points import store
from wallet_api.points.ledger import Ledger
from wallet_api.points.training import restrictions
from wallet_api.publication.run import publish_now
from wallet_api.roles import SERVICE
from wallet_api.wiring import Service

LICENCE: Final = Domain.LICENCE.value
_ENTRY, _MEASURE = tables.points_entry, tables.measure
# Where each kind of act leaves its row, and how its row of the journal calls it.
_ROWS: Final = {
    ActKind.WITHDRAWAL: (_ENTRY, _ENTRY.c.entry_id, "loss", "entry"),
    ActKind.SUSPENSION: (_MEASURE, _MEASURE.c.measure_id, "suspension", "measure"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that must not be, and what it is about.

    Kinds: `lost` and `doubled` decisions, `stray` rows that nobody was told of, `forgotten` answers under a key, `audit` rows
    that miss or repeat, a broken `chain`, a stored `balance` that the ledger does not give, `publication`, `refused` acts.
    """

    kind: str
    about: str


def differences(
    connection: Connection, acknowledged: Mapping[Decision, str], licences: Iterable[str]
) -> Iterator[Difference]:
    """What does not agree about these licences, whose every decision is in `acknowledged`."""
    asked = list(licences)
    for kind in ActKind:
        told = {sent: row_id for sent, row_id in acknowledged.items() if sent.act is kind}
        yield from _rows_differ(connection, kind, told, asked)
    yield from _balances_differ(connection, asked)


def _rows_differ(
    connection: Connection, kind: ActKind, told: Mapping[Decision, str], licences: Sequence[str]
) -> Iterator[Difference]:
    table, row_id, act, member = _ROWS[kind]
    rows = connection.execute(
        select(row_id, table.c.decision_reference).where(
            table.c.authority_id == LICENCE, table.c.kind == act, table.c.document_id.in_(licences)
        )
    )
    reference_of = {row[0]: str(row[1]) for row in rows}
    for sent, acknowledged_id in told.items():
        if reference_of.get(acknowledged_id) != sent.reference:
            yield Difference("lost", sent.reference)
    known = {sent.reference for sent in told}
    for reference, times in Counter(reference_of.values()).items():
        if times > 1:
            yield Difference("doubled", reference)
        if reference not in known:
            yield Difference("stray", reference)
    yield from _journal_differs(connection, act, member, reference_of, licences)


def _journal_differs(
    connection: Connection, act: str, member: str, rows: Mapping[str, str], licences: Sequence[str]
) -> Iterator[Difference]:
    """Each row has exactly one row in the journal, and the other way round."""
    table = tables.audit_entry
    details = connection.execute(
        select(table.c.detail).where(table.c.act == act, table.c.subject_id.in_(licences))
    ).scalars()
    named = Counter(json.loads(detail)[member] for detail in details)
    for row_id, reference in rows.items():
        if named[row_id] != 1:
            yield Difference("audit", f"{reference}: {named[row_id]} rows")
    for row_id in named.keys() - rows.keys():
        yield Difference("audit", f"{row_id}: journaled and not there")


def _balances_differ(connection: Connection, licences: Sequence[str]) -> Iterator[Difference]:
    """What is stored of each licence is what its ledger gives when it is replayed from nothing."""
    ledgers = store.ledgers(connection, LICENCE, licences)
    for licence in licences:
        stored = store.find_balance(connection, LICENCE, licence)
        if stored is None:
            yield Difference("balance", f"{licence}: none is stored")
            continue
        rows = ledgers[licence]
        held = restrictions(connection, LICENCE, licence, rows, stored.as_of)
        if Ledger(rows, held).balance(stored.as_of, stored.version) != stored:
            yield Difference(
                "balance", f"{licence}: {stored.balance} is stored, and not what the ledger says"
            )


def chain_breaks(connection: Connection, now: int) -> Iterator[Difference]:
    """Where the audit journals do not hold together, or do not tell the acts that there are."""
    for authority_id in (LICENCE, Domain.HEALTH.value, SERVICE):
        broken = audit.verify(connection, authority_id)
        if broken is not None:
            yield Difference("chain", f"{authority_id}: row {broken.sequence}")
        for one in acts.compare(connection, authority_id, now):
            yield Difference("chain", one.words("en"))


def publication_fails(service: Service) -> Iterator[Difference]:
    """Whether the lists cannot be published any more; each publication reads back what it wrote."""
    before = publish_now(service).edition
    after = publish_now(service).edition
    if after <= before:
        yield Difference("publication", f"edition {after} came after {before}")
