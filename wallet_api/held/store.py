"""SQL of what is held about a person. Ids come from the owner's own documents (threats.md, T46)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select

from wallet_api import tables
from wallet_api.wallets.store import PAPER_DESK

from .catalogue import About

_CHUNK: Final = 500  # ids in one statement
_credential, _wallet, _grant, _offer = tables.credential, tables.wallet, tables.grant, tables.offer


def rows(
    connection: Connection, about: About, authority_id: str, ids: Collection[str], now: int, settled: int
) -> Iterator[Mapping[str, Any]]:
    """Rows of one table that these ids name, without the columns kept back; in the order of their keys.

    What does not count yet at `now`, waits for a second person, or was written in the journal after `settled`, is left out.
    """
    table = about.table
    columns = [one for one in table.c if one.name not in about.kept_back]
    names, ordered = [one.name for one in columns], list(ids)
    for start in range(0, len(ordered), _CHUNK):
        condition = and_(
            table.c.authority_id == authority_id,
            table.c[about.column].in_(ordered[start : start + _CHUNK]),
            _tellable(about, now, settled),
        )
        # Sorted here: asked to, SQLite would read the whole table in the order of its keys to spare itself a sort.
        found = connection.execute(select(*columns, *table.primary_key.columns).where(condition)).all()
        for row in sorted(found, key=lambda one: tuple(one[len(names) :])):
            yield dict(zip(names, row[: len(names)], strict=True))


def _tellable(about: About, now: int, settled: int) -> ColumnElement[bool]:
    table = about.table
    if table is tables.measure or table is tables.points_entry:
        return table.c.released_at <= now
    if table is tables.act_proposal or table is tables.act_batch_line:
        return table.c.outcome.is_not(None)
    if table is tables.audit_entry:
        return table.c.recorded_at <= settled
    return table.c.authority_id.is_not(None)


def unreleased(connection: Connection, authority_id: str, document_id: str, now: int) -> set[str]:
    """Ids of acts that can still be cancelled: what hangs on them is not told either."""
    measure, entry = tables.measure, tables.points_entry
    found: set[str] = set()
    for table, column in ((measure, measure.c.measure_id), (entry, entry.c.entry_id)):
        query = select(column).where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.released_at > now,
        )
        found.update(connection.execute(query).scalars())
    return found


def drop_offers(connection: Connection, authority_id: str, document_id: str, now: int) -> int:
    """How many offers went: taken, or over."""
    condition = and_(
        _offer.c.authority_id == authority_id,
        _offer.c.document_id == document_id,
        _offer.c.taken_at.is_not(None) | (_offer.c.expires_at <= now),
    )
    return connection.execute(delete(_offer).where(condition)).rowcount


def drop_activations(connection: Connection, authority_id: str, document_id: str, now: int) -> int:
    """How many activation codes went: used, replaced, withdrawn, or over."""
    table = tables.activation
    condition = and_(
        table.c.authority_id == authority_id,
        table.c.document_id == document_id,
        table.c.ended_at.is_not(None) | (table.c.expires_at <= now),
    )
    return connection.execute(delete(table).where(condition)).rowcount


def drop_grants_of_lost(connection: Connection, authority_id: str, document_id: str) -> int:
    """How many tokens went: those of lost phones, which are refused already."""
    lost = select(_wallet.c.wallet_id).where(
        _wallet.c.authority_id == authority_id,
        _wallet.c.document_id == document_id,
        _wallet.c.lost_at.is_not(None),
    )
    condition = and_(_grant.c.authority_id == authority_id, _grant.c.wallet_id.in_(lost))
    return connection.execute(delete(_grant).where(condition)).rowcount


def ended_credentials(
    connection: Connection, authority_id: str, document_id: str, before: int
) -> Sequence[str]:
    """Credentials that expired by then, or were never handed out and would have."""
    query = select(_credential.c.credential_id).where(
        _credential.c.authority_id == authority_id,
        _credential.c.document_id == document_id,
        _credential.c.expires_at <= before,
    )
    return connection.execute(query).scalars().all()


def drop_bare_phones(connection: Connection, authority_id: str, document_id: str) -> int:
    """How many phones went: lost ones, and the row that stands for paper, if they hold nothing more."""
    wallet = (_wallet.c.authority_id, _wallet.c.wallet_id)
    condition = and_(
        _wallet.c.authority_id == authority_id,
        _wallet.c.document_id == document_id,
        _wallet.c.lost_at.is_not(None) | (_wallet.c.thumbprint == PAPER_DESK),
        ~exists().where(_credential.c.authority_id == wallet[0], _credential.c.wallet_id == wallet[1]),
        ~exists().where(_grant.c.authority_id == wallet[0], _grant.c.wallet_id == wallet[1]),
    )
    return connection.execute(delete(_wallet).where(condition)).rowcount
