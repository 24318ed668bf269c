"""What the journal says ended beside measures: phones lost or paused, printed cards lost, licences without points,
erasures, terminals lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from wallet_api import tables

from .row import Row, digest_of_act

_AT_ONCE: Final = 500


@dataclass(slots=True)
class Ended:
    """The instant (UTC seconds) of each by the id of the phone, card, licence or document.

    `documents` are those that were opened, with the digest of their row, `sheets` the documents of which an erasure ended
    what was printed, `unissued` the batches that could not be signed.
    """

    lost: dict[str, int] = field(default_factory=dict)
    paused: dict[str, int] = field(default_factory=dict)
    lost_cards: dict[str, int] = field(default_factory=dict)
    without_points: dict[str, int] = field(default_factory=dict)
    erased: dict[str, int] = field(default_factory=dict)
    sheets: dict[str, int] = field(default_factory=dict)
    unissued: set[str] = field(default_factory=set)
    lost_terminals: set[str] = field(default_factory=set)
    documents: dict[str, str] = field(default_factory=dict)

    def read(self, row: Row) -> None:
        """Take in one row of the journal, in order."""
        if row.act == "registry_asked" and '"document":' in row.detail:
            self.documents[row.subject_id] = str(_detail(row, "document"))
        match row.act:
            case "wallet_lost":
                self.lost[row.subject_id] = row.recorded_at
            case "wallet_paused":
                self.paused[row.subject_id] = row.recorded_at
            case "wallet_resumed":
                self.paused.pop(row.subject_id, None)
            case "points_zero":
                self.without_points[row.subject_id] = row.recorded_at
            case "erased":
                self.erased[row.subject_id] = row.recorded_at
                if _detail(row, "sheets"):
                    self.sheets[row.subject_id] = row.recorded_at
            case "terminal_lost":
                self.lost_terminals.add(row.subject_id)
            case "terminal_enrolled":
                self.lost_terminals.discard(row.subject_id)
            case "unissued":
                self.unissued.add(str(_detail(row, "batch")))
            case "card_lost":
                self.lost_cards[str(_detail(row, "credential"))] = row.recorded_at
            case _:
                pass


def _detail(row: Row, name: str) -> object:
    with suppress(ValueError, TypeError, AttributeError):  # edited, and named as such elsewhere
        return json.loads(row.detail).get(name)
    return None


def phones_that_came_back(
    connection: Connection, authority_id: str, ended: Ended
) -> Iterator[tuple[str, str]]:
    """Phones that the journal says lost or paused, and their own row does not: id, and which of the two."""
    table = tables.wallet
    for what, ids, column in (
        ("lost_at", sorted(ended.lost), table.c.lost_at),
        ("paused_at", sorted(ended.paused), table.c.paused_at),
    ):
        for start in range(0, len(ids), _AT_ONCE):
            page = ids[start : start + _AT_ONCE]
            yield from ((one, what) for one in _bare(connection, authority_id, page, column))


def documents_that_changed(
    connection: Connection, authority_id: str, ended: Ended
) -> Iterator[tuple[str, str]]:
    """Documents that stand for another licence or card than the one for which they were opened, or for none."""
    table, ids = tables.document, sorted(ended.documents)
    columns = [one for one in table.c if one.name != "version"]
    for start in range(0, len(ids), _AT_ONCE):
        page = ids[start : start + _AT_ONCE]
        query = select(*columns).where(table.c.authority_id == authority_id, table.c.document_id.in_(page))
        rows = {row["document_id"]: dict(row) for row in connection.execute(query).mappings()}
        for one in page:
            if one not in rows:
                if one not in ended.erased:
                    yield one, "document_id"
            elif digest_of_act([rows[one]]) != ended.documents[one]:
                yield one, "registry_reference"


def terminals_that_came_back(
    connection: Connection, authority_id: str, ended: Ended
) -> Iterator[tuple[str, str]]:
    """Terminals that the journal says lost, and their own row does not: they would be handed the next keys."""
    table, ids = tables.terminal, sorted(ended.lost_terminals)
    for start in range(0, len(ids), _AT_ONCE):
        query = select(table.c.terminal_id).where(
            table.c.authority_id == authority_id,
            table.c.terminal_id.in_(ids[start : start + _AT_ONCE]),
            table.c.lost_at.is_(None),
        )
        yield from ((str(one), "lost_at") for one in connection.execute(query).scalars())


def _bare(
    connection: Connection, authority_id: str, ids: list[str], column: ColumnElement[int | None]
) -> Iterator[str]:
    table = tables.wallet
    query = select(table.c.wallet_id).where(
        table.c.authority_id == authority_id, table.c.wallet_id.in_(ids), column.is_(None)
    )
    yield from (str(one) for one in connection.execute(query).scalars())
