"""SQL of issuing: credentials, their list indexes, and the causes behind their status entries."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Select,
    bindparam,
    func,
    select,
    union_all,
    update,
)

from credentials.spec import LIST_SIZE, Domain, StatusValue
from wallet_api import tables
from wallet_api.database import insert_each_once, insert_once
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


_credential, _cause, _fill = tables.credential, tables.status_cause, tables.list_fill
# Statements of the road of every issuing are built once: their construction costs more than their work.
_KEYS_KNOWN: Final = (
    select(func.count())
    .select_from(_credential)
    .where(
        _credential.c.authority_id.in_([one.value for one in Domain]),  # the index begins with it
        _credential.c.device_key_hash.in_(bindparam("hashes", expanding=True)),
    )
)
_LAST_LIST: Final = (
    select(_fill.c.list_number, _fill.c.taken)
    .where(_fill.c.authority_id == bindparam("authority"), _fill.c.kind == bindparam("of"))
    .order_by(_fill.c.list_number.desc())
    .limit(1)
    .with_for_update()
)
_TAKE: Final = (
    update(_fill)
    .where(
        _fill.c.authority_id == bindparam("authority"),
        _fill.c.kind == bindparam("of"),
        _fill.c.list_number == bindparam("list"),
    )
    .values(taken=_fill.c.taken + bindparam("more"))
)


def _taken_of(number: Column[Any], index: Column[Any]) -> Select[Any]:
    """Those of some indexes of a list that the table holds."""
    return select(index).where(
        index.table.c.authority_id == bindparam("authority"),
        number == bindparam("list"),
        index.in_(bindparam("drawn", expanding=True)),
    )


_TAKEN: Final[dict[ListKind, Executable]] = {
    # What was revoked stays so, though nobody knows the credential any more.
    ListKind.STATUS: union_all(
        _taken_of(_credential.c.status_list, _credential.c.status_index),
        _taken_of(tables.list_tombstone.c.status_list, tables.list_tombstone.c.status_index),
    ),
    ListKind.POINTS: _taken_of(_credential.c.points_list, _credential.c.points_index),
}
_MARK: Final = (
    update(_credential)
    .where(
        _credential.c.authority_id == bindparam("authority"),
        _credential.c.credential_id.in_(bindparam("ids", expanding=True)),
    )
    .values(state=bindparam("becomes"))
)
_LIVE: Final = select(
    _credential.c.credential_id,
    _credential.c.wallet_id,
    _credential.c.batch_id,
    _credential.c.view,
    _credential.c.form,
    _credential.c.paper,
    _credential.c.grants,
    _credential.c.state,
).where(
    _credential.c.authority_id == bindparam("authority"),
    _credential.c.document_id == bindparam("document"),
    _credential.c.expires_at > bindparam("now"),
    _credential.c.state != "unissued",
)
_LIVE_ON_WALLET: Final = _LIVE.where(_credential.c.wallet_id == bindparam("wallet"))
_WITH_CAUSE: Final = select(_cause.c.credential_id).where(
    _cause.c.authority_id == bindparam("authority"),
    _cause.c.credential_id.in_(bindparam("ids", expanding=True)),
    _cause.c.cause_class == bindparam("of"),
    _cause.c.since <= bindparam("now"),
    _cause.c.lifted_at.is_(None),
)


def any_key_known(connection: Connection, key_hashes: Iterable[str]) -> bool:
    """Whether a device key served before, for either authority."""
    return bool(connection.execute(_KEYS_KNOWN, {"hashes": list(key_hashes)}).scalar_one())


def take_indexes(
    connection: Connection, authority_id: str, kind: ListKind, count: int
) -> list[tuple[int, int]]:
    """`count` random entries that nobody holds, of one list, as (list, index); lists are filled to the half.

    Those who take wait for each other from here to the end of their transaction, so that no index is taken twice: take
    late. `RuntimeError` when none was found, which a half-full list does not do.
    """
    where = {"authority": authority_id, "of": kind.value}
    number = _list_with_room(connection, authority_id, kind)
    connection.execute(_TAKE, {**where, "list": number, "more": count})
    free: set[int] = set()
    for _ in range(_TRIES):
        drawn = {secrets.randbelow(LIST_SIZE) for _ in range(count - len(free))} - free
        asked = {"authority": authority_id, "list": number, "drawn": list(drawn)}
        free |= drawn.difference(connection.execute(_TAKEN[kind], asked).scalars())
        if len(free) == count:
            return [(number, index) for index in free]
    msg = "no free index in a list that should be half empty"
    raise RuntimeError(msg)


def _list_with_room(connection: Connection, authority_id: str, kind: ListKind) -> int:
    """The number of the list in which to take, locked."""
    asked = {"authority": authority_id, "of": kind.value}
    last = connection.execute(_LAST_LIST, asked).one_or_none()
    if last is not None and last.taken < _HALF_FULL:
        return int(last.list_number)
    number = 1 if last is None else int(last.list_number) + 1
    row = {"authority_id": authority_id, "kind": kind.value, "list_number": number, "taken": 0}
    insert_once(
        connection, tables.list_fill, row
    )  # another transaction may have been first, and has ended then
    return number


def add_credentials(connection: Connection, rows: Sequence[Mapping[str, object]]) -> bool:
    """Record credentials before they are signed; False when a device key served before."""
    return insert_each_once(connection, tables.credential, rows) == len(rows)


def mark(connection: Connection, authority_id: str, credential_ids: Iterable[str], state: str) -> None:
    """Say what became of credentials that were reserved."""
    ids = list(credential_ids)
    connection.execute(_MARK, {"authority": authority_id, "ids": ids, "becomes": state})


def live_credentials(
    connection: Connection, authority_id: str, document_id: str, now: int, *, wallet_id: str | None = None
) -> list[LiveCredential]:
    """Credentials of a document that may be shown at `now`; what was never handed out is left out.

    A reserved one is in: its signing may be under way.
    """
    asked = {"authority": authority_id, "document": document_id, "now": now}
    query = _LIVE
    if wallet_id is not None:
        query, asked = _LIVE_ON_WALLET, {**asked, "wallet": wallet_id}
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
        for row in connection.execute(query, asked)
    ]


def with_cause(
    connection: Connection,
    authority_id: str,
    credential_ids: Iterable[str],
    cause_class: CauseClass,
    now: int,
) -> set[str]:
    """Those of the credentials that bear a cause of this class in force; one that may still be cancelled is none."""
    asked = {
        "authority": authority_id,
        "ids": list(credential_ids),
        "of": cause_class.value,
        "now": now,
    }
    return set(connection.execute(_WITH_CAUSE, asked).scalars())


def add_cause(connection: Connection, authority_id: str, credential_id: str, cause: Cause, now: int) -> None:
    """Add one cause to a credential, once for each origin."""
    add_causes(connection, authority_id, [(credential_id, cause)], now)


def add_causes(
    connection: Connection, authority_id: str, causes: Sequence[tuple[str, Cause]], now: int
) -> None:
    """Add a cause to each of several credentials, once for each origin."""
    rows = [
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
        }
        for credential_id, cause in causes
    ]
    if rows:
        insert_each_once(connection, tables.status_cause, rows)


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
