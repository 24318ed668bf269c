"""SQL of the purge: candidates by keyset pages, and their end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
)

from credentials.spec import StatusValue
from wallet_api import tables
from wallet_api.audit import phones, terminals
from wallet_api.database import insert_once

_credential, _cause, _wallet = tables.credential, tables.status_cause, tables.wallet
_grant, _measure, _entry = tables.grant, tables.measure, tables.points_entry
_proposal, _batch, _line = tables.act_proposal, tables.act_batch, tables.act_batch_line
_audit, _checkpoint = tables.audit_entry, tables.audit_checkpoint


def _page(
    connection: Connection,
    table: Table,
    identifier: Column[str],
    authority_id: str,
    after: str,
    limit: int,
    due: ColumnElement[bool],
) -> Sequence[str]:
    query = (
        select(identifier)
        .where(table.c.authority_id == authority_id, identifier > after, due)
        .order_by(identifier)
        .limit(limit)
    )
    return connection.execute(query).scalars().all()


def _drop(
    connection: Connection, table: Table, identifier: Column[str], authority_id: str, ids: Sequence[str]
) -> int:
    statement = delete(table).where(table.c.authority_id == authority_id, identifier.in_(ids))
    return connection.execute(statement).rowcount


# Offers, credentials and phones


def ended_offers(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Offers that ended by then."""
    table = tables.offer
    due = table.c.expires_at <= before
    return _page(connection, table, table.c.offer_id, authority_id, after, limit, due)


def drop_offers(connection: Connection, authority_id: str, ids: Sequence[str]) -> int:
    """How many offers went."""
    return _drop(connection, tables.offer, tables.offer.c.offer_id, authority_id, ids)


def ended_activations(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Activation codes whose time was over by then."""
    table = tables.activation
    due = table.c.expires_at <= before
    return _page(connection, table, table.c.activation_id, authority_id, after, limit, due)


def drop_activations(connection: Connection, authority_id: str, ids: Sequence[str]) -> int:
    """How many activation codes went."""
    return _drop(connection, tables.activation, tables.activation.c.activation_id, authority_id, ids)


def ended_mandates(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Mandates whose term was over by then, revoked before it or not."""
    table = tables.mandate
    due = table.c.ends_at <= before
    return _page(connection, table, table.c.mandate_id, authority_id, after, limit, due)


def drop_mandates(connection: Connection, authority_id: str, ids: Sequence[str]) -> int:
    """How many mandates went."""
    return _drop(connection, tables.mandate, tables.mandate.c.mandate_id, authority_id, ids)


def expired_credentials(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Credentials that expired by then."""
    due = _credential.c.expires_at <= before
    return _page(connection, _credential, _credential.c.credential_id, authority_id, after, limit, due)


def entomb_revoked(connection: Connection, authority_id: str, ids: Sequence[str], now: int) -> None:
    """Keep the list entries of those that were revoked, without the credential: value 1 is final."""
    revoked = connection.execute(
        select(_credential.c.status_list, _credential.c.status_index, func.min(_cause.c.since))
        .join(
            _cause,
            and_(
                _cause.c.authority_id == _credential.c.authority_id,
                _cause.c.credential_id == _credential.c.credential_id,
            ),
        )
        .where(
            _credential.c.authority_id == authority_id,
            _credential.c.credential_id.in_(ids),
            _cause.c.value == StatusValue.REVOKED,
            _cause.c.since <= now,
            _cause.c.lifted_at.is_(None) | (_cause.c.lifted_at > _cause.c.since),
        )
        .group_by(_credential.c.status_list, _credential.c.status_index)
    )
    for number, index, since in revoked.all():
        insert_once(
            connection,
            tables.list_tombstone,
            {
                "authority_id": authority_id,
                "status_list": number,
                "status_index": index,
                "since": since,
            },
        )


def drop_credentials(connection: Connection, authority_id: str, ids: Sequence[str]) -> int:
    """How many credentials went, their causes with them."""
    _drop(connection, _cause, _cause.c.credential_id, authority_id, ids)
    return _drop(connection, _credential, _credential.c.credential_id, authority_id, ids)


def bare_phones(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Phones enrolled by then that hold nothing."""
    of_wallet = (_wallet.c.authority_id, _wallet.c.wallet_id)
    due = and_(
        _wallet.c.enrolled_at <= before,
        ~exists().where(_credential.c.authority_id == of_wallet[0], _credential.c.wallet_id == of_wallet[1]),
        ~exists().where(_grant.c.authority_id == of_wallet[0], _grant.c.wallet_id == of_wallet[1]),
    )
    return _page(connection, _wallet, _wallet.c.wallet_id, authority_id, after, limit, due)


def drop_phones(connection: Connection, authority_id: str, ids: Sequence[str]) -> int:
    """How many phones went."""
    return _drop(connection, _wallet, _wallet.c.wallet_id, authority_id, ids)


# Points and measures


def _quiet(
    connection: Connection, table: Table, authority_id: str, before: int, after: str, limit: int, least: int
) -> Sequence[str]:
    query = (
        select(table.c.document_id)
        .where(table.c.authority_id == authority_id, table.c.document_id > after)
        .group_by(table.c.document_id)
        .having(func.max(table.c.released_at) <= before, func.count() >= least)
        .order_by(table.c.document_id)
        .limit(limit)
    )
    return connection.execute(query).scalars().all()


def quiet_ledgers(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Licences whose points changed, last by then."""
    return _quiet(connection, _entry, authority_id, before, after, limit, 2)


def drop_changes_of_points(connection: Connection, authority_id: str, document_id: str) -> int:
    """How many rows went: all but the opening."""
    statement = delete(_entry).where(
        _entry.c.authority_id == authority_id,
        _entry.c.document_id == document_id,
        _entry.c.kind != "opening",
    )
    return connection.execute(statement).rowcount


def quiet_documents(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Documents with measures, the last of them released by then."""
    return _quiet(connection, _measure, authority_id, before, after, limit, 1)


def lock_any(connection: Connection, authority_id: str, document_id: str) -> bool:
    """Lock a document of either kind; whether there is one."""
    table = tables.document
    query = select(table.c.document_id).where(
        table.c.authority_id == authority_id, table.c.document_id == document_id
    )
    return connection.execute(query.with_for_update()).scalar_one_or_none() is not None


def drop_measures(connection: Connection, authority_id: str, document_id: str) -> int:
    """How many rows went."""
    return _drop(connection, _measure, _measure.c.document_id, authority_id, [document_id])


# Proposals and batches


def refused_proposals(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Proposals refused, or lapsed without an answer, by then."""
    due = or_(
        and_(_proposal.c.outcome == "refused", _proposal.c.decided_at <= before),
        and_(_proposal.c.outcome.is_(None), _proposal.c.expires_at <= before),
    )
    return _page(connection, _proposal, _proposal.c.proposal_id, authority_id, after, limit, due)


def approved_proposals(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Proposals approved by then."""
    due = and_(_proposal.c.outcome == "approved", _proposal.c.decided_at <= before)
    return _page(connection, _proposal, _proposal.c.proposal_id, authority_id, after, limit, due)


def drop_proposals(connection: Connection, authority_id: str, ids: Sequence[str]) -> int:
    """How many proposals went."""
    return _drop(connection, _proposal, _proposal.c.proposal_id, authority_id, ids)


def ended_batches(
    connection: Connection, authority_id: str, before: int, after: str, limit: int
) -> Sequence[str]:
    """Batches finished by then, or submitted by then and never approved."""
    due = or_(
        _batch.c.finished_at <= before,
        and_(_batch.c.approved_at.is_(None), _batch.c.created_at <= before),
    )
    return _page(connection, _batch, _batch.c.batch_id, authority_id, after, limit, due)


def drop_batches(connection: Connection, authority_id: str, ids: Sequence[str]) -> int:
    """How many lines went, with their batches."""
    lines = _drop(connection, _line, _line.c.batch_id, authority_id, ids)
    _drop(connection, _batch, _batch.c.batch_id, authority_id, ids)
    return lines


# The journal of acts


def old_checkpoints(connection: Connection, authority_id: str, before: int) -> Sequence[Any]:
    """Number of the row and message of the checkpoints signed by then, the newest first."""
    return connection.execute(
        select(_checkpoint.c.sequence, _checkpoint.c.message)
        .where(_checkpoint.c.authority_id == authority_id, _checkpoint.c.signed_at <= before)
        .order_by(_checkpoint.c.edition.desc())
    ).all()


def has_row(connection: Connection, authority_id: str, sequence: int) -> bool:
    """Whether the journal still holds this row."""
    query = select(exists().where(_audit.c.authority_id == authority_id, _audit.c.sequence == sequence))
    return bool(connection.execute(query).scalar_one())


class DeviceTold(NamedTuple):
    """A phone ("wallet") or a terminal as a row of the journal tells it; `recorded_at` in UTC seconds."""

    kind: str
    subject_id: str
    recorded_at: int
    detail: str


def devices_told(connection: Connection, authority_id: str, through: int) -> Iterator[DeviceTold]:
    """What the rows up to number `through` tell of each phone that is still there, and at last of each terminal.

    One that a later row tells needs no more: an older word after it would be believed in its stead.
    """
    query = (
        select(_audit.c.act, _audit.c.subject_id, _audit.c.recorded_at, _audit.c.detail)
        .where(_audit.c.authority_id == authority_id, _audit.c.sequence <= through)
        .where(_audit.c.act.in_([*phones.TELLING, *terminals.TELLING]))
        .order_by(_audit.c.sequence)
    )
    told: dict[tuple[str, str], DeviceTold] = {}
    for act, subject_id, recorded_at, detail in connection.execute(query):
        kind = act.partition("_")[0]
        members = json.loads(detail)
        if "enrolled" in members:  # an older release's row told no more than that there was one
            name = members["wallet"] if kind == "wallet" else subject_id
            told[kind, name] = DeviceTold(kind, subject_id, recorded_at, detail)
    for one in _told_later(connection, authority_id, through):
        told.pop(one, None)
    there = set(
        connection.execute(
            select(_wallet.c.wallet_id).where(_wallet.c.authority_id == authority_id)
        ).scalars()
    )
    yield from (one for (kind, name), one in told.items() if kind == "terminal" or name in there)


def _told_later(connection: Connection, authority_id: str, through: int) -> Iterator[tuple[str, str]]:
    query = (
        select(_audit.c.act, _audit.c.subject_id, _audit.c.detail)
        .where(_audit.c.authority_id == authority_id, _audit.c.sequence > through)
        .where(_audit.c.act.in_([*phones.TELLING, *terminals.TELLING]))
    )
    for act, subject_id, detail in connection.execute(query):
        kind = act.partition("_")[0]
        yield kind, str(json.loads(detail)["wallet"]) if kind == "wallet" else subject_id


def drop_journal(connection: Connection, authority_id: str, through: int) -> int:
    """How many rows went: those up to number `through`; of the checkpoints the one of that row stays."""
    connection.execute(
        delete(_checkpoint).where(
            _checkpoint.c.authority_id == authority_id, _checkpoint.c.sequence < through
        )
    )
    statement = delete(_audit).where(_audit.c.authority_id == authority_id, _audit.c.sequence <= through)
    return connection.execute(statement).rowcount
