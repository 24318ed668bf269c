"""SQL of terminals."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select, update

from credentials.spec import Audience
from wallet_api import tables
from wallet_api.database import insert_once
from wallet_api.identifiers import fingerprint
from wallet_api.roles import SERVICE


def add_terminal(connection: Connection, row: dict[str, object]) -> bool:
    """Record a terminal; False when its id is known."""
    return insert_once(connection, tables.terminal, {"authority_id": SERVICE, **row})


def enrolled(connection: Connection, terminal_id: str) -> dict[str, Any]:
    """The row of a terminal that is known."""
    table = tables.terminal
    query = select(table).where(table.c.authority_id == SERVICE, table.c.terminal_id == terminal_id)
    return dict(connection.execute(query).mappings().one())


def renew_mirror(
    connection: Connection, terminal_id: str, profile: str, key: bytes, mirror_hash: str | None
) -> bool:
    """Give a known terminal another mirror secret; False unless key and profile are those of its enrolment."""
    table = tables.terminal
    result = connection.execute(
        update(table)
        .where(
            table.c.authority_id == SERVICE,
            table.c.terminal_id == terminal_id,
            table.c.profile == profile,
            table.c.public_key == key,
            table.c.lost_at.is_(None),
        )
        .values(mirror_hash=mirror_hash)
    )
    return result.rowcount == 1


def mark_lost(connection: Connection, terminal_id: str, now: int) -> bool:
    """The terminal gets no later reader keys, and its mirror secret opens nothing; False when it is unknown."""
    table = tables.terminal
    result = connection.execute(
        update(table)
        .where(table.c.authority_id == SERVICE, table.c.terminal_id == terminal_id, table.c.lost_at.is_(None))
        .values(lost_at=now, mirror_hash=None)
    )
    return result.rowcount == 1


def profile_of_mirror(connection: Connection, secret: str) -> str | None:
    """The profile of the terminal that this mirror secret was given to; None when there is none, or it is lost."""
    table = tables.terminal
    found: str | None = connection.execute(
        select(table.c.profile).where(
            table.c.authority_id == SERVICE,
            table.c.mirror_hash == fingerprint(secret),
            table.c.lost_at.is_(None),
        )
    ).scalar()
    return found


def mirror_opens(connection: Connection, secret: str, profile: Audience) -> bool:
    """Whether a mirror secret opens the tree of this profile."""
    table = tables.terminal
    found = connection.execute(
        select(func.count())
        .select_from(table)
        .where(
            table.c.authority_id == SERVICE,
            table.c.mirror_hash == fingerprint(secret),
            table.c.profile == profile.value,
            table.c.lost_at.is_(None),
        )
    ).scalar_one()
    return bool(found)
