"""Phones, terminals and offers that were there before the journal told it: a row of the journal pins each as it stands.

From here on one that no row tells was written by hand, whatever day it claims. What had been written by hand
before the upgrade is pinned with the rest: run `wallet-api audit verify` of the older release first, and look at `/me/devices`.

The tables stay what they were. The row's digest is the format's (FORMAT.md, section 8), so it is taken from where it is defined.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from wallet_api.audit.row import (
    OFFER,
    ORIGIN,
    PHONE,
    TERMINAL,
    canonical,
    digest_of,
    digest_of_mirror,
    digest_of_row,
)

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_Told = tuple[str, str, dict[str, Any]]
_NOBODY = "0" * 32
_AT_ONCE = 1_000
_wallet = sa.table("wallet", *map(sa.column, PHONE))
_terminal = sa.table("terminal", *map(sa.column, (*TERMINAL, "mirror_hash")))
_offer = sa.table("offer", *map(sa.column, OFFER))
_head = sa.table("audit_head", *map(sa.column, ("authority_id", "sequence", "digest")))
_entry = sa.table(
    "audit_entry",
    *map(
        sa.column,
        (
            "authority_id",
            "sequence",
            "recorded_at",
            "actor_id",
            "act",
            "subject_id",
            "detail",
            "previous",
            "digest",
        ),
    ),
)


def upgrade() -> None:
    """Nothing is written where there is nobody."""
    now = context.config.attributes.get("now") or int(time.time())
    for table, name, told in (
        (_wallet, "wallet_id", _of_phone),
        (_terminal, "terminal_id", _of_terminal),
        (_offer, "offer_id", _of_offer),
    ):
        rows = _rows(table, name)
        for authority_id, mine in groupby(rows, key=lambda row: row["authority_id"]):
            _append(authority_id, now, map(told, mine))


def _rows(table: sa.TableClause, name: str) -> Iterator[dict[str, Any]]:
    """In the order of their keys, some at a time: what is read next was not written by this."""
    connection, after = op.get_bind(), ("", "")
    key = sa.tuple_(table.c.authority_id, table.c[name])
    while True:
        query = (
            sa.select(table).where(key > after).order_by(table.c.authority_id, table.c[name]).limit(_AT_ONCE)
        )
        found = [dict(row) for row in connection.execute(query).mappings()]
        yield from found
        if len(found) < _AT_ONCE:
            return
        after = (found[-1]["authority_id"], found[-1][name])


def _of_phone(row: dict[str, Any]) -> _Told:
    detail = {"wallet": row["wallet_id"], "at": row["enrolled_at"], "enrolled": digest_of_row(row, PHONE)}
    return "wallet_pinned", row["document_id"], detail


def _of_terminal(row: dict[str, Any]) -> _Told:
    detail = {
        "profile": row["profile"],
        "enrolled": digest_of_row(row, TERMINAL),
        "mirror": digest_of_mirror(row["mirror_hash"]),
    }
    return "terminal_pinned", row["terminal_id"], detail


def _of_offer(row: dict[str, Any]) -> _Told:
    return "offer_pinned", row["document_id"], {"offer": row["offer_id"], "made": digest_of_row(row, OFFER)}


def _append(authority_id: str, now: int, told: Iterable[_Told]) -> None:
    """Link rows to the end of a chain, whose head is held from the first look at it on."""
    connection, mine = op.get_bind(), _head.c.authority_id == authority_id
    if not connection.execute(sa.update(_head).where(mine).values(sequence=_head.c.sequence)).rowcount:
        connection.execute(sa.insert(_head).values(authority_id=authority_id, sequence=0, digest=ORIGIN))
    sequence, digest = connection.execute(sa.select(_head.c.sequence, _head.c.digest).where(mine)).one()
    made = []
    for act, subject_id, members in told:
        previous, detail = digest, canonical(members)
        sequence += 1
        digest = digest_of(authority_id, sequence, now, _NOBODY, act, subject_id, detail, previous)
        made.append(
            {
                "authority_id": authority_id,
                "sequence": sequence,
                "recorded_at": now,
                "actor_id": _NOBODY,
                "act": act,
                "subject_id": subject_id,
                "detail": detail,
                "previous": previous,
                "digest": digest,
            }
        )
        if len(made) == _AT_ONCE:
            connection.execute(sa.insert(_entry), made)
            made = []
    if made:
        connection.execute(sa.insert(_entry), made)
    connection.execute(sa.update(_head).where(mine).values(sequence=sequence, digest=digest))
