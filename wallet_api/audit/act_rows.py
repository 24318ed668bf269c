"""The rows of acts, and what the journal says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, exists, select, tuple_

from wallet_api import tables
from wallet_api.points import store as points
from wallet_api.points.ledger import Ledger
from wallet_api.points.training import restrictions

from .row import PROPOSED, Row, digest_of_act, digest_of_batch

# Without `reuse`, which the insert itself counts; `decisions.py` looks at it.
_MEASURE: Final = [one for one in tables.measure.c if one.name != "reuse"]
_ENTRY: Final = [one for one in tables.points_entry.c if one.name != "reuse"]
_STREAMED: Final = 5_000
_CLOCKS_DIFFER: Final = 300  # seconds
_MOMENT: Final = re.compile("[0-9a-f]{12}")
Cells = Mapping[str, Any]


class Where(Enum):
    """Which rows an act wrote: the members that name the first of them in the journal's detail."""

    MEASURE = "measure"
    ENTRY = "entry"
    OPENING = "opening"
    ISSUED = "issued"
    PROPOSAL = "proposal"


class Told(NamedTuple):
    """An act, or an issuing, as a row of the journal tells it; `released` of an issuing is when its credentials end.

    `digests` begins with that of its rows; a purge leaves an opening its first row, whose digest is the second.
    """

    row: Row
    where: Where
    act_id: str
    entries: int
    released: int
    digests: tuple[str | None, ...]


class Stored(NamedTuple):
    """What the tables hold of an act: its rows' ids as bytes, and their digest; None when there is none.

    Of an issuing it holds no ids, and whether it says that nothing was handed out.
    """

    ids: list[bytes]
    digest: str | None
    unissued: bool = False


def told_by(row: Row) -> Told | None:
    """The act that a row of the journal tells, if it tells one that wrote rows elsewhere."""
    try:
        detail = json.loads(row.detail)
        where = next((one for one in Where if one.value in detail), None)
        if where is None:
            return None
        if where is Where.OPENING:
            digests = (detail["opening"], detail["first"])
            return Told(row, where, row.subject_id, 0, row.recorded_at, digests)
        if where is Where.ISSUED:
            return Told(row, where, str(detail["issued"]), 0, int(detail["until"]), (detail["rows"],))
        if where is Where.PROPOSAL:
            return Told(row, where, str(detail["proposal"]), 0, row.recorded_at, (detail["rows"],))
        count = int(detail.get("entries", 1))
        # Rows of an older release have none: their acts have to be there, and no more is known.
        digest = detail.get("rows")
        return Told(row, where, str(detail[where.value]), count, int(detail["released"]), (digest,))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # the row was edited, and named by the examination of the chain


def stored(connection: Connection, authority_id: str, page: Sequence[Told]) -> Iterator[tuple[Told, Stored]]:
    """What the tables hold of each act of a page."""
    found = {
        where: read(connection, authority_id, [one for one in page if one.where is where])
        for where, read in _READERS.items()
    }
    for one in page:
        yield one, found[one.where].get(one.act_id, _NOTHING)


def untold(connection: Connection, authority_id: str, known: Collection[bytes], since: int) -> Iterator[str]:
    """Ids of acts, recorded at `since` or later, that are not among those `known`.

    `known` holds the licences whose opening the journal tells, too. Of the others, which an older release opened, the rows
    of that instant under the opening's own name are no acts.
    """
    measure, entry, document = tables.measure, tables.points_entry, tables.document
    query = select(measure.c.measure_id).where(
        measure.c.authority_id == authority_id, measure.c.recorded_at >= since
    )
    for (act_id,) in connection.execute(query, execution_options={"yield_per": _STREAMED}):
        if id_bytes(act_id) not in known:
            yield str(act_id)
    rows = (
        select(
            entry.c.entry_id,
            entry.c.document_id,
            entry.c.decision_reference,
            entry.c.recorded_at == document.c.opened_at,
        )
        .join(
            document,
            (document.c.authority_id == entry.c.authority_id)
            & (document.c.document_id == entry.c.document_id),
        )
        .where(entry.c.authority_id == authority_id, entry.c.recorded_at >= since)
    )
    for act_id, document_id, reference, at_opening in connection.execute(
        rows, execution_options={"yield_per": _STREAMED}
    ):
        older = at_opening and id_bytes(document_id) not in known
        if id_bytes(act_id) not in known and not (older and _of_opening(reference, document_id)):
            yield str(act_id)


def wrong_balances(
    connection: Connection, authority_id: str, at_once: int, now: int
) -> Iterator[tuple[str, str]]:
    """Licences whose stored balance is not that of their ledger at the same instant: id, and what differs.

    That instant is no later than `now`: what a licence will amount to one day is not its balance.
    """
    yield from ((one, "balance") for one in _without_balance(connection, authority_id))
    table, after = tables.points_balance, ""
    columns = [table.c[name] for name in points.BalanceRow._fields]
    while True:
        query = (
            select(table.c.document_id, *columns)
            .where(table.c.authority_id == authority_id, table.c.document_id > after)
            .order_by(table.c.document_id)
            .limit(at_once)
        )
        found = {row[0]: points.BalanceRow(*row[1:]) for row in connection.execute(query)}
        if not found:
            return
        ledgers = points.ledgers(connection, authority_id, found)
        for document_id, balance in found.items():
            if balance.as_of > now + _CLOCKS_DIFFER:
                yield document_id, "as_of"
                continue
            differs = _difference(connection, authority_id, document_id, balance, ledgers[document_id])
            if differs:
                yield document_id, differs
        after = max(found)


def _difference(
    connection: Connection,
    authority_id: str,
    document_id: str,
    stored_as: points.BalanceRow,
    rows: list[points.EntryRow],
) -> str:
    """The members that differ, by name."""
    try:
        held = restrictions(connection, authority_id, document_id, rows, stored_as.as_of)
        meant = Ledger(rows, held).balance(stored_as.as_of, stored_as.version)
    except (ValueError, TypeError, LookupError):  # cells that nobody of ours wrote
        return "ledger"
    due = stored_as.next_change_at is not None and stored_as.next_change_at <= stored_as.as_of
    # One that an act left due is computed anew whenever it is read.
    names = [one for one in points.BalanceRow._fields if not (due and one == "next_change_at")]
    return ", ".join(name for name in names if getattr(meant, name) != getattr(stored_as, name))


def _without_balance(connection: Connection, authority_id: str) -> Sequence[str]:
    """Licences with a ledger and no stored balance."""
    entry, balance = tables.points_entry, tables.points_balance
    has = exists().where(
        balance.c.authority_id == entry.c.authority_id, balance.c.document_id == entry.c.document_id
    )
    query = select(entry.c.document_id).where(entry.c.authority_id == authority_id, ~has).distinct()
    return connection.execute(query).scalars().all()


def _measures(connection: Connection, authority_id: str, told: Sequence[Told]) -> dict[str, Stored]:
    table, ids = tables.measure, [one.act_id for one in told]
    query = select(*_MEASURE).where(table.c.authority_id == authority_id, table.c.measure_id.in_(ids))
    rows = connection.execute(query).mappings()
    return {row["measure_id"]: _stored([dict(row)], "measure_id") for row in rows}


def _entries(connection: Connection, authority_id: str, told: Sequence[Told]) -> dict[str, Stored]:
    """The rows of each decision: the one that is named, and those after it in its ledger."""
    table = tables.points_entry
    own = select(*_ENTRY).where(table.c.authority_id == authority_id)
    first = {
        row["entry_id"]: dict(row)
        for row in connection.execute(
            own.where(table.c.entry_id.in_([one.act_id for one in told]))
        ).mappings()
    }
    more = {
        (first[one.act_id]["document_id"], int(first[one.act_id]["sequence"]) + number): one.act_id
        for one in told
        if one.act_id in first
        for number in range(1, one.entries)
    }
    found: dict[str, list[Cells]] = {act_id: [row] for act_id, row in first.items()}
    query = own.where(tuple_(table.c.document_id, table.c.sequence).in_(list(more))).order_by(
        table.c.sequence
    )
    for row in connection.execute(query).mappings():
        found[more[row["document_id"], row["sequence"]]].append(dict(row))
    return {act_id: _stored(rows, "entry_id") for act_id, rows in found.items()}


def _issuings(connection: Connection, authority_id: str, told: Sequence[Told]) -> dict[str, Stored]:
    """The credentials of each issuing: recorded in one second, they lie together among the ids."""
    table, ids = tables.credential, [one.act_id for one in told]
    moments = sorted(one[:12] for one in ids if _MOMENT.fullmatch(one[:12]))
    if not moments:
        return {}
    query = select(table).where(
        table.c.authority_id == authority_id,
        table.c.credential_id >= moments[0],
        table.c.credential_id < f"{int(moments[-1], 16) + 1:012x}",
        table.c.batch_id.in_(ids),
    )
    found: dict[str, list[Cells]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["batch_id"], []).append(dict(row))
    return {
        batch_id: Stored([], digest_of_batch(rows), any(row["state"] == "unissued" for row in rows))
        for batch_id, rows in found.items()
    }


def _proposals(connection: Connection, authority_id: str, told: Sequence[Told]) -> dict[str, Stored]:
    """Each proposal as it was made, whatever was decided about it since."""
    table = tables.act_proposal
    query = select(*(table.c[name] for name in PROPOSED)).where(
        table.c.authority_id == authority_id, table.c.proposal_id.in_([one.act_id for one in told])
    )
    rows = connection.execute(query).mappings()
    return {row["proposal_id"]: Stored([], digest_of_act([dict(row)])) for row in rows}


def _openings(connection: Connection, authority_id: str, told: Sequence[Told]) -> dict[str, Stored]:
    """The rows with which ledgers were opened, by licence; empty for a licence that has lost them, none for one erased."""
    table, document, ids = tables.points_entry, tables.document, [one.act_id for one in told]
    alive = select(document.c.document_id).where(
        document.c.authority_id == authority_id, document.c.document_id.in_(ids)
    )
    query = (
        select(*_ENTRY)
        .where(table.c.authority_id == authority_id, table.c.document_id.in_(ids))
        .order_by(table.c.document_id, table.c.sequence)
    )
    found: dict[str, list[Cells]] = {document_id: [] for document_id in connection.execute(alive).scalars()}
    for row in connection.execute(query).mappings():
        if _of_opening(row["decision_reference"], row["document_id"]):
            found.setdefault(row["document_id"], []).append(dict(row))
    return {document_id: _stored(rows, "entry_id") for document_id, rows in found.items()}


def _stored(rows: Sequence[Cells], own_id: str) -> Stored:
    return Stored([id_bytes(row[own_id]) for row in rows], digest_of_act(rows))


_NOTHING: Final = Stored([], None)
_READERS: Final[Mapping[Where, Callable[[Connection, str, Sequence[Told]], Mapping[str, Stored]]]] = {
    Where.MEASURE: _measures,
    Where.ENTRY: _entries,
    Where.OPENING: _openings,
    Where.ISSUED: _issuings,
    Where.PROPOSAL: _proposals,
}


def _of_opening(reference: object, document_id: str) -> bool:
    return str(reference).partition("#")[0] == f"opening-{document_id}"


def id_bytes(act_id: object) -> bytes:
    """Half the memory of the text; what is no id of ours stays what it is."""
    text = str(act_id)
    try:
        return bytes.fromhex(text)
    except ValueError:
        return text.encode("utf-8", "backslashreplace")
