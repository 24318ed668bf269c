"""SQL of leases: each step is one atomic statement, on both engines the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Connection, literal_column, or_, select, update

from wallet_api import tables
from wallet_api.database import insert_once
from wallet_api.roles import SERVICE

# The database's own clock, in whole seconds; on PostgreSQL the one that runs on within a transaction.
_CLOCK: Final = {
    "sqlite": "CAST(strftime('%s', 'now') AS INTEGER)",
    "postgresql": "CAST(floor(extract(epoch FROM clock_timestamp())) AS bigint)",
}


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """Who held a lease last, under which number, until when. `held` says whether that is still to come."""

    holder: str
    fencing: int
    expires_at: int
    held: bool


def take_lease(connection: Connection, name: str, holder: str, seconds: int) -> int | None:
    """The new fencing number; None when somebody else holds the lease."""
    table = tables.lease
    _be_there(connection, name)
    clock = _clock(connection)
    taken = connection.execute(
        update(table)
        .where(_named(name), or_(table.c.expires_at <= clock, table.c.holder == holder))
        .values(holder=holder, fencing=table.c.fencing + 1, expires_at=clock + seconds)
    )
    if taken.rowcount != 1:
        return None
    number: int = connection.execute(select(table.c.fencing).where(_named(name))).scalar_one()
    return number


def renew_lease(connection: Connection, name: str, holder: str, fencing: int, seconds: int) -> bool:
    """Begin the lease's life again; False when somebody took it since. Late is good enough as long as nobody did."""
    renewed = connection.execute(
        update(tables.lease)
        .where(_same(name, holder, fencing))
        .values(expires_at=_clock(connection) + seconds)
    )
    return renewed.rowcount == 1


def lock_lease(connection: Connection, name: str, holder: str, fencing: int) -> bool:
    """Whether the lease is still the holder's; if so nobody takes it before this transaction ends."""
    found = connection.execute(
        select(tables.lease.c.fencing).where(_same(name, holder, fencing)).with_for_update()
    ).one_or_none()
    return found is not None


def hold_up(connection: Connection, name: str) -> None:
    """Whoever holds the lease is confirmed before this transaction began to wait, or after it ended; never in between."""
    _be_there(connection, name)
    connection.execute(select(tables.lease.c.fencing).where(_named(name)).with_for_update()).one()


def release_lease(connection: Connection, name: str, holder: str, fencing: int) -> None:
    """Let others take it at once; nothing when somebody did already."""
    connection.execute(
        update(tables.lease).where(_same(name, holder, fencing)).values(expires_at=_clock(connection))
    )


def find_lease(connection: Connection, name: str) -> LeaseRow | None:
    """The row of a lease; None when it was never taken."""
    table = tables.lease
    row = connection.execute(
        select(
            table.c.holder,
            table.c.fencing,
            table.c.expires_at,
            (table.c.expires_at > _clock(connection)).label("held"),
        ).where(_named(name))
    ).one_or_none()
    return None if row is None else LeaseRow(row.holder, row.fencing, row.expires_at, bool(row.held))


def _be_there(connection: Connection, name: str) -> None:
    row = {"authority_id": SERVICE, "name": name, "holder": "", "fencing": 0, "expires_at": 0}
    insert_once(connection, tables.lease, row)


def _clock(connection: Connection) -> ColumnElement[int]:
    return literal_column(_CLOCK[connection.dialect.name], BigInteger)


def _named(name: str) -> ColumnElement[bool]:
    return (tables.lease.c.authority_id == SERVICE) & (tables.lease.c.name == name)


def _same(name: str, holder: str, fencing: int) -> ColumnElement[bool]:
    return _named(name) & (tables.lease.c.holder == holder) & (tables.lease.c.fencing == fencing)
