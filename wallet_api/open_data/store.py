"""SQL of open data: counts leave the database, and of a person nothing but what `documents_at` needs to replay the points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Label, and_, case, exists, func, or_, select

from wallet_api import tables
from wallet_api.authority.kinds import FINAL, TITLE_GONE, MeasureKind
from wallet_api.decided_once import is_cancelled
from wallet_api.points.balance import PointsState
from wallet_api.points.ledger import EntryKind
from wallet_api.points.rows import OPENING_REFERENCES

REVOKED: Final = "revoked"
INVALID: Final = "invalid"
_SUSPENDING: Final = (MeasureKind.SUSPENSION, MeasureKind.RETENTION)


def count_withdrawals(connection: Connection, bounds: Sequence[int]) -> dict[tuple[int, str | None], int]:
    """Withdrawals of points by period and kind of offence (None: not told).

    Period n goes from `bounds[n]` to before `bounds[n + 1]` (UTC seconds) and holds what began to count in it. What was
    cancelled in time never counted; what an appeal annulled later was a withdrawal all the same. What a registry handed
    over at the opening of a licence was withdrawn by others, long before.
    """
    entry = tables.points_entry
    period = case(*((entry.c.released_at < end, number) for number, end in enumerate(bounds[1:])))
    rows = connection.execute(
        select(period, entry.c.offence, func.count())
        .where(
            entry.c.kind == EntryKind.LOSS,
            entry.c.released_at >= bounds[0],
            entry.c.released_at < bounds[-1],
            ~is_cancelled(entry, entry),
            ~entry.c.decision_reference.like(OPENING_REFERENCES),
        )
        .group_by(period, entry.c.offence)
    )
    return {(number, offence): count for number, offence, count in rows}


def count_documents(connection: Connection, at: int) -> dict[tuple[str, str], int]:
    """Documents by kind and state at an instant (UTC seconds), each in the gravest state that it was in.

    Points count by balances that hold at `at`; those that do not are told by `changed_balances`, and count as valid here.
    """
    document = tables.document
    each = select(document.c.document_type, _state(at)).where(document.c.opened_at <= at).subquery()
    rows = connection.execute(
        select(each.c.document_type, each.c.state, func.count()).group_by(each.c.document_type, each.c.state)
    )
    return {(kind, found): count for kind, found, count in rows}


class ChangedBalance(NamedTuple):
    """A document opened by an instant, whose stored balance says nothing of that instant; its state but for points."""

    authority_id: str
    document_id: str
    document_type: str
    state: str


def changed_balances(
    connection: Connection, at: int, after: tuple[str, str], limit: int
) -> list[ChangedBalance]:
    """The next page after a key (authority, document), in the order of keys."""
    balance, document = tables.points_balance, tables.document
    authority, identifier = balance.c.authority_id, balance.c.document_id
    rows = connection.execute(
        select(authority, identifier, document.c.document_type, _state(at))
        .join(document, and_(document.c.authority_id == authority, document.c.document_id == identifier))
        .where(
            document.c.opened_at <= at,
            ~_holds(balance, at),
            or_(authority > after[0], and_(authority == after[0], identifier > after[1])),
        )
        .order_by(authority, identifier)
        .limit(limit)
    )
    return [ChangedBalance(*row) for row in rows]


def _state(at: int) -> Label[str]:
    return case(
        (_stands(FINAL, at), REVOKED),
        (_invalid(at), INVALID),
        (_stands(_SUSPENDING, at), "suspended"),
        (_stands(TITLE_GONE, at), "title_gone"),
        (_stands((MeasureKind.RESTRICTION,), at), "restricted"),
        else_="in_force",
    ).label("state")


def _stands(kinds: Sequence[MeasureKind] | frozenset[MeasureKind], at: int) -> ColumnElement[bool]:
    """Whether a measure of these kinds stood against the document at `at`: counting, begun, not over, not ended by an act."""
    measure, act = tables.measure.alias(), tables.measure.alias()
    cancelled = is_cancelled(tables.measure, act)
    ended = exists().where(
        act.c.authority_id == measure.c.authority_id,
        act.c.lifts_id == measure.c.measure_id,
        or_(act.c.kind == MeasureKind.CANCELLATION, and_(act.c.released_at <= at, ~cancelled)),
    )
    return exists().where(
        measure.c.authority_id == tables.document.c.authority_id,
        measure.c.document_id == tables.document.c.document_id,
        measure.c.kind.in_(sorted(kinds)),
        measure.c.released_at <= at,
        measure.c.since <= at,
        or_(measure.c.until.is_(None), measure.c.until > at),
        ~ended,
    )


def _invalid(at: int) -> ColumnElement[bool]:
    balance = tables.points_balance.alias()
    return exists().where(
        balance.c.authority_id == tables.document.c.authority_id,
        balance.c.document_id == tables.document.c.document_id,
        balance.c.state == PointsState.INVALIDE,
        _holds(balance, at),
    )


def _holds(balance: FromClause, at: int) -> ColumnElement[bool]:
    """Whether a stored balance is that of `at`: computed by then, and no milestone or release since."""
    return and_(balance.c.as_of <= at, or_(balance.c.next_change_at.is_(None), balance.c.next_change_at > at))
