"""SQL of issuing: credentials, their list indexes, and the causes behind their status entries."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, exists, func, select, update

from credentials.spec import LIST_SIZE, StatusValue
from wallet_api import tables
from wallet_api.database import insert_once
from wallet_api.identifiers import new_id

_HALF_FULL: Final = LIST_SIZE // 2  # random indexes stay cheap to find, and a list says little about its use
_TRIES: Final = 64


class ListKind(StrEnum):
    """Lists in which an index is taken."""

    STATUS = "status"
    POINTS = "points"


class CauseClass(StrEnum):
    """Why an entry is not 0. `superseded` never leaves the service: value 3 says it all."""

    AUTHORITY = "authority"
    HOLDER = "holder"
    DEVICE = "device"
    REPLACED = "replaced"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class LiveCredential:
    """A credential that somebody may still show."""

    credential_id: str
    wallet_id: str
    batch_id: str
    view: str
    form: int
    paper: bool
    grants: str
    issued: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for a status value. `origin_id` is the act, batch or pause that it comes from.

    It is in force from `since` until `until` or `lifted_at`, whichever is first; both are first instants without it.
    """

    cause_class: CauseClass
    value: int
    since: int
    origin_id: str
    until: int | None = None
    reason_class: str | None = None
    lifted_at: int | None = None


def any_key_known(connection: Connection, key_hashes: Iterable[str]) -> bool:
    """Whether a device key served before, for either authority."""
    table = tables.credential
    found = connection.execute(
        select(func.count()).select_from(table).where(table.c.device_key_hash.in_(list(key_hashes)))
    ).scalar_one()
    return bool(found)


def take_list(connection: Connection, authority_id: str, kind: ListKind) -> int:
    """The number of the list in which the next index is taken; lists are filled to the half."""
    table = tables.list_fill
    insert_once(
        connection, table, {"authority_id": authority_id, "kind": kind.value, "list_number": 1, "taken": 0}
    )
    last = connection.execute(
        select(table.c.list_number, table.c.taken)
        .where(table.c.authority_id == authority_id, table.c.kind == kind.value)
        .order_by(table.c.list_number.desc())
        .limit(1)
        .with_for_update()
    ).one()
    number = int(last.list_number)
    if last.taken >= _HALF_FULL:
        number += 1
        row = {"authority_id": authority_id, "kind": kind.value, "list_number": number, "taken": 0}
        insert_once(connection, table, row)
    connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id, table.c.kind == kind.value, table.c.list_number == number
        )
        .values(taken=table.c.taken + 1)
    )
    return number


def free_index(connection: Connection, authority_id: str, kind: ListKind, list_number: int) -> int:
    """A random index that nobody holds. `RuntimeError` when none was found, which a half-full list does not do."""
    table, grave = tables.credential, tables.list_tombstone
    columns = {
        ListKind.STATUS: (table.c.status_list, table.c.status_index),
        ListKind.POINTS: (table.c.points_list, table.c.points_index),
    }
    numbers, indexes = columns[kind]
    for _ in range(_TRIES):
        index = secrets.randbelow(LIST_SIZE)
        taken: ColumnElement[bool] = exists().where(
            table.c.authority_id == authority_id, numbers == list_number, indexes == index
        )
        if kind is ListKind.STATUS:  # revoked for ever, though nobody knows the credential any more
            taken = taken | exists().where(
                grave.c.authority_id == authority_id,
                grave.c.status_list == list_number,
                grave.c.status_index == index,
            )
        if not connection.execute(select(taken)).scalar_one():
            return index
    msg = "no free index in a list that should be half empty"
    raise RuntimeError(msg)


def add_credential(connection: Connection, row: dict[str, object]) -> bool:
    """Record a credential before it is signed; False when an index or the device key is taken."""
    return insert_once(connection, tables.credential, row)


def mark_batch(connection: Connection, authority_id: str, batch_id: str, state: str) -> None:
    """Say what became of a batch that was reserved."""
    table = tables.credential
    connection.execute(
        update(table)
        .where(table.c.authority_id == authority_id, table.c.batch_id == batch_id)
        .values(state=state)
    )


def live_credentials(
    connection: Connection, authority_id: str, document_id: str, now: int, *, wallet_id: str | None = None
) -> list[LiveCredential]:
    """Credentials of a document that may be shown at `now`; what was never handed out is left out.

    A reserved one is in: its signing may be under way.
    """
    table = tables.credential
    query = select(table).where(
        table.c.authority_id == authority_id,
        table.c.document_id == document_id,
        table.c.expires_at > now,
        table.c.state != "unissued",
    )
    if wallet_id is not None:
        query = query.where(table.c.wallet_id == wallet_id)
    return [
        LiveCredential(
            row.credential_id,
            row.wallet_id,
            row.batch_id,
            row.view,
            row.form,
            bool(row.paper),
            row.grants,
            row.state == "issued",
        )
        for row in connection.execute(query)
    ]


def with_cause(
    connection: Connection,
    authority_id: str,
    credential_ids: Iterable[str],
    cause_class: CauseClass,
    now: int,
) -> set[str]:
    """Those of the credentials that bear a cause of this class in force; one that may still be cancelled is none."""
    table = tables.status_cause
    rows = connection.execute(
        select(table.c.credential_id).where(
            table.c.authority_id == authority_id,
            table.c.credential_id.in_(list(credential_ids)),
            table.c.cause_class == cause_class.value,
            table.c.since <= now,
            table.c.lifted_at.is_(None),
        )
    )
    return set(rows.scalars())


def add_cause(connection: Connection, authority_id: str, credential_id: str, cause: Cause, now: int) -> None:
    """Add one cause to a credential, once for each origin."""
    insert_once(
        connection,
        tables.status_cause,
        {
            "authority_id": authority_id,
            "cause_id": new_id(now),
            "credential_id": credential_id,
            "cause_class": cause.cause_class.value,
            "value": cause.value,
            "since": cause.since,
            "until": cause.until,
            "reason_class": cause.reason_class,
            "origin_id": cause.origin_id,
            "lifted_at": cause.lifted_at,
        },
    )


def lift_causes(connection: Connection, authority_id: str, origin_id: str, at: int) -> int:
    """Lift every cause that comes from one origin, from `at` on; the credentials' other causes stay. Says how many.

    One whose lift lies ahead is lifted at `at` if that is earlier. One that revokes and has begun by then, and so
    may have been published, is never lifted, whatever its origin (ARF VCR_04).
    """
    table = tables.status_cause
    result = connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.origin_id == origin_id,
            table.c.lifted_at.is_(None) | (table.c.lifted_at > at),
            (table.c.value != StatusValue.REVOKED) | (table.c.since > at),
        )
        .values(lifted_at=at)
    )
    return result.rowcount


def restore_causes(connection: Connection, authority_id: str, origin_id: str, lifted_at: int) -> None:
    """Undo a lift that was to come at `lifted_at` and was cancelled."""
    table = tables.status_cause
    connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.origin_id == origin_id,
            table.c.lifted_at == lifted_at,
        )
        .values(lifted_at=None)
    )
