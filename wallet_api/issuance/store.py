"""SQL of issuing: credentials, their list indexes, and the causes behind their status entries."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    literal,
    select,
    union_all,
    update,
)

from credentials.spec import LIST_SIZE, Domain, StatusValue
from wallet_api import tables
from wallet_api.database import insert_each_once, insert_once
from wallet_api.identifiers import new_id
from wallet_api.statement import Statement

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
# On the road of every issuing.
_LAST_LIST: Final = Statement(
    select(_fill.c.list_number, _fill.c.taken)
    .where(_fill.c.authority_id == bindparam("authority"), _fill.c.kind == bindparam("of"))
    .order_by(_fill.c.list_number.desc())
    .limit(1)
    .with_for_update()
)
_TAKE: Final = Statement(
    update(_fill)
    .where(
        _fill.c.authority_id == bindparam("authority"),
        _fill.c.kind == bindparam("of"),
        _fill.c.list_number == bindparam("list"),
    )
    .values(taken=_fill.c.taken + bindparam("more"))
)


def _any_of(column: Column[Any], count: int) -> ColumnElement[bool]:
    """Whether a column is one of the values that `_those` names."""
    return column.in_([bindparam(f"one_{number}") for number in range(count)])


def _those(values: Iterable[object]) -> dict[str, object]:
    """Values by name, the last one repeated up to a power of two: so few statements serve every number of values."""
    each = list(values)
    room = 1 << (len(each) - 1).bit_length() if each else 0
    return {f"one_{number}": value for number, value in enumerate(each + each[-1:] * (room - len(each)))}


@cache
def _keys_known(count: int) -> Statement:
    return Statement(
        select(_credential.c.credential_id)
        .where(
            _credential.c.authority_id.in_(
                [literal(one.value) for one in Domain]
            ),  # the index begins with it
            _any_of(_credential.c.device_key_hash, count),
        )
        .limit(1)
    )


@cache
def _taken(kind: ListKind, count: int) -> Statement:
    if kind is ListKind.POINTS:
        return Statement(_taken_of(_credential.c.points_list, _credential.c.points_index, count))
    # What was revoked stays so, though nobody knows the credential any more.
    revoked = tables.list_tombstone.c
    return Statement(
        union_all(
            _taken_of(_credential.c.status_list, _credential.c.status_index, count),
            _taken_of(revoked.status_list, revoked.status_index, count),
        )
    )


def _taken_of(number: Column[Any], index: Column[Any], count: int) -> Select[Any]:
    """Those of some indexes of a list that the table holds."""
    return select(index).where(
        index.table.c.authority_id == bindparam("authority"),
        number == bindparam("list"),
        _any_of(index, count),
    )


@cache
def _mark(count: int) -> Statement:
    return Statement(
        update(_credential)
        .where(
            _credential.c.authority_id == bindparam("authority"),
            _any_of(_credential.c.credential_id, count),
        )
        .values(state=bindparam("becomes"))
    )


@cache
def _with_cause(count: int) -> Statement:
    return Statement(
        select(_cause.c.credential_id).where(
            _cause.c.authority_id == bindparam("authority"),
            _any_of(_cause.c.credential_id, count),
            _cause.c.cause_class == bindparam("of"),
            _cause.c.since <= bindparam("now"),
            _cause.c.lifted_at.is_(None),
        )
    )


_LIVE_CLAUSE: Final = select(
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
_LIVE: Final = Statement(_LIVE_CLAUSE)
_LIVE_ON_WALLET: Final = Statement(_LIVE_CLAUSE.where(_credential.c.wallet_id == bindparam("wallet")))


def any_key_known(connection: Connection, key_hashes: Iterable[str]) -> bool:
    """Whether a device key served before, for either authority."""
    those = _those(key_hashes)
    return bool(those) and _keys_known(len(those)).ask(connection, those).row() is not None


def take_indexes(
    connection: Connection, authority_id: str, kind: ListKind, count: int
) -> list[tuple[int, int]]:
    """`count` random entries that nobody holds, of one list, as (list, index); lists are filled to the half.

    Those who take wait for each other from here to the end of their transaction, so that no index is taken twice: take
    late. `RuntimeError` when none was found, which a half-full list does not do.
    """
    where = {"authority": authority_id, "of": kind.value}
    number = _list_with_room(connection, authority_id, kind)
    _TAKE.ask(connection, {**where, "list": number, "more": count})
    free: set[int] = set()
    for _ in range(_TRIES):
        drawn = {secrets.randbelow(LIST_SIZE) for _ in range(count - len(free))} - free
        those = _those(drawn)
        asked = {"authority": authority_id, "list": number, **those}
        taken = _taken(kind, len(those)).ask(connection, asked).rows()
        free |= drawn.difference(index for (index,) in taken)
        if len(free) == count:
            return [(number, index) for index in free]
    msg = "no free index in a list that should be half empty"
    raise RuntimeError(msg)


def _list_with_room(connection: Connection, authority_id: str, kind: ListKind) -> int:
    """The number of the list in which to take, locked."""
    asked = {"authority": authority_id, "of": kind.value}
    last, taken = _LAST_LIST.ask(connection, asked).row() or (0, _HALF_FULL)
    if taken < _HALF_FULL:
        return int(last)
    number = int(last) + 1
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
    those = _those(credential_ids)
    if those:
        _mark(len(those)).ask(connection, {"authority": authority_id, "becomes": state, **those})


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
        LiveCredential(credential_id, wallet, batch_id, view, form, bool(paper), grants, state == "issued")
        for credential_id, wallet, batch_id, view, form, paper, grants, state in query.ask(
            connection, asked
        ).rows()
    ]


def with_cause(
    connection: Connection,
    authority_id: str,
    credential_ids: Iterable[str],
    cause_class: CauseClass,
    now: int,
) -> set[str]:
    """Those of the credentials that bear a cause of this class in force; one that may still be cancelled is none."""
    those = _those(credential_ids)
    if not those:
        return set()
    asked = {"authority": authority_id, "of": cause_class.value, "now": now, **those}
    return {found for (found,) in _with_cause(len(those)).ask(connection, asked).rows()}


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


def restore_causes(
    connection: Connection, authority_id: str, origin_id: str, lifted_at: int, instead: int | None
) -> None:
    """Undo a lift that was to come at `lifted_at` and was cancelled; another act may lift at `instead`, as `lift_causes`."""
    table = tables.status_cause
    ended = None if instead is None else _unless_revoked(instead)
    connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.origin_id == origin_id,
            table.c.lifted_at == lifted_at,
        )
        .values(lifted_at=ended)
    )


def _unless_revoked(at: int) -> ColumnElement[int | None]:
    stays = (_cause.c.value == StatusValue.REVOKED) & (_cause.c.since <= at)
    return case((stays, None), else_=at)
