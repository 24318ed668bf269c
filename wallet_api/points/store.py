"""SQL of the ledger of points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from credentials.spec import Domain
from wallet_api import tables
from wallet_api.decided_once import ask_append, is_cancelled
from wallet_api.ending import expect
from wallet_api.identifiers import first_id
from wallet_api.problems import WalletError
from wallet_api.settings import LONGEST_CANCEL_SECONDS
from wallet_api.statement import Answer, Statement

NOBODY: Final = "0" * 32
_DOMAINS: Final = tuple(one.value for one in Domain)


class BalanceRow(NamedTuple):
    """What the engine said at `as_of`; it holds until `next_change_at` (UTC seconds; None: for ever)."""

    balance: int
    cap: int
    state: str
    invalid_since: int | None
    probation_end: str | None
    next_change_at: int | None
    as_of: int
    version: int = 1

    def holds_at(self, instant: int) -> bool:
        """Whether it still says where the licence stands, if no row is added."""
        return self.as_of <= instant and (self.next_change_at is None or instant < self.next_change_at)


class EntryRow(NamedTuple):  # a ledger is read whole for every act, and a tuple is what the driver gives
    """A row of the ledger, as `tables.points_entry` describes it."""

    kind: str
    decision_reference: str
    last_day: str
    first_day: str | None = None
    points: int = 0
    applied: int = 0
    offence_class: str | None = None
    offence: str | None = None
    stop_reference: str | None = None
    terms: str | None = None
    annuls_id: str | None = None
    attempt: int = 0
    entry_id: str = ""
    sequence: int = 0
    recorded_at: int = 0
    released_at: int = 0
    actor_id: str = NOBODY


_BALANCE = [tables.points_balance.c[name] for name in BalanceRow._fields]
_FIND: Final = Statement(
    select(*_BALANCE).where(
        tables.points_balance.c.authority_id == bindparam("authority"),
        tables.points_balance.c.document_id == bindparam("document"),
    )
)
_ENTRY = [tables.points_entry.c[name] for name in EntryRow._fields]


_LOAD: Final = Statement(
    select(*_BALANCE, *_ENTRY)
    .join(
        tables.points_entry,
        (tables.points_entry.c.authority_id == tables.points_balance.c.authority_id)
        & (tables.points_entry.c.document_id == tables.points_balance.c.document_id),
    )
    .where(
        tables.points_balance.c.authority_id == bindparam("authority"),
        tables.points_balance.c.document_id == bindparam("document"),
    )
    .order_by(tables.points_entry.c.sequence)
    .with_for_update(of=tables.points_balance)
)
_CHANGE: Final = Statement(
    update(tables.points_balance)
    .where(
        tables.points_balance.c.authority_id == bindparam("authority"),
        tables.points_balance.c.document_id == bindparam("document"),
        tables.points_balance.c.version == bindparam("before"),
    )
    .values({name: bindparam(name) for name in BalanceRow._fields})
)


def find_balance(connection: Connection, authority_id: str, document_id: str) -> BalanceRow | None:
    """The stored balance of a licence; it may be due for recomputation (`current.current`)."""
    row = _FIND.ask(connection, {"authority": authority_id, "document": document_id}).row()
    return None if row is None else BalanceRow(*row)


def ask_load(connection: Connection, authority_id: str, document_id: str) -> Answer:
    """Ask for what `loaded` reads: balance and ledger in one statement, the balance locked.

    The caller holds the document's row or has asked for it before, so that nobody appends meanwhile.
    """
    return _LOAD.ask(connection, {"authority": authority_id, "document": document_id})


def loaded(answer: Answer) -> tuple[BalanceRow, list[EntryRow]] | None:
    """Balance and ledger of a licence; None when the document bears no points."""
    rows = answer.rows()
    if not rows:
        return None
    width = len(_BALANCE)
    return BalanceRow(*rows[0][:width]), [EntryRow._make(row[width:]) for row in rows]


def entries(connection: Connection, authority_id: str, document_id: str) -> list[EntryRow]:
    """The ledger of a licence in the order of recording."""
    return ledgers(connection, authority_id, [document_id])[document_id]


def ledgers(
    connection: Connection, authority_id: str, document_ids: Iterable[str]
) -> dict[str, list[EntryRow]]:
    """The ledgers of several licences, each in the order of recording."""
    table = tables.points_entry
    rows = connection.execute(
        select(table.c.document_id, *_ENTRY)
        .where(table.c.authority_id == authority_id, table.c.document_id.in_(list(document_ids)))
        .order_by(table.c.document_id, table.c.sequence)
    )
    found: dict[str, list[EntryRow]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(EntryRow(*row[1:]))
    return found


def due(connection: Connection, authority_id: str, now: int, limit: int) -> dict[str, BalanceRow]:
    """Locked balances of up to `limit` licences that are due; one that somebody acts on just now is left to him."""
    table = tables.points_balance
    rows = connection.execute(
        select(table.c.document_id, *_BALANCE)
        .where(table.c.authority_id == authority_id, table.c.next_change_at <= now)
        .order_by(table.c.next_change_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return {row[0]: BalanceRow(*row[1:]) for row in rows}


def open_balance(connection: Connection, authority_id: str, document_id: str, row: BalanceRow) -> None:
    """The first balance of a licence."""
    connection.execute(
        insert(tables.points_balance).values(
            authority_id=authority_id, document_id=document_id, **row._asdict()
        )
    )


def change_balance(connection: Connection, authority_id: str, document_id: str, row: BalanceRow) -> None:
    """Replace the balance by its next version. `RuntimeError` when somebody changed it meanwhile."""
    asked = {"authority": authority_id, "document": document_id, "before": row.version - 1}
    answer = _CHANGE.ask(connection, {**asked, **row._asdict()})

    def check() -> None:
        if answer.count != 1:
            msg = "a locked balance changed"
            raise RuntimeError(msg)

    expect(connection, check)


def add_entry(
    connection: Connection, authority_id: str, document_id: str, row: EntryRow, *, taken: str
) -> None:
    """Append to the ledger. When the decision reference is taken, the problem named `taken` ends the transaction."""
    place = {"authority_id": authority_id, "document_id": document_id}
    answer = ask_append(connection, tables.points_entry, {**place, **row._asdict()})

    def check() -> None:
        if answer.count == 0:
            raise WalletError(taken)

    expect(connection, check)


def rows_of_decision(
    connection: Connection, authority_id: str, document_id: str, decision_reference: str
) -> list[str]:
    """The ids of the rows that a decision wrote on this licence, in their order; of a cancelled act none."""
    rows = entries(connection, authority_id, document_id)
    undone = {one.annuls_id for one in rows if one.kind == "cancellation"}
    return [
        one.entry_id
        for one in rows
        if one.decision_reference.partition("#")[0] == decision_reference and one.entry_id not in undone
    ]


def count_cancellable(connection: Connection, now: int) -> int:
    """Acts of all authorities that do not count yet, can still be cancelled, and were not.

    Identifiers grow with time: the last hour of the primary key is read, however long the history.
    """
    act = tables.points_entry.alias()
    return connection.execute(
        select(func.count())
        .select_from(act)
        .where(
            act.c.authority_id.in_(_DOMAINS),
            act.c.entry_id >= first_id(now - LONGEST_CANCEL_SECONDS),
            act.c.released_at > now,
            act.c.kind != "cancellation",
            ~is_cancelled(tables.points_entry, act),
        )
    ).scalar_one()
