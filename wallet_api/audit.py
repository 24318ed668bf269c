"""The audit journal: an append-only hash chain of acts, in the same transaction as the act.

Each row's digest covers the digest before it, so an edited, dropped or reordered row breaks every later one. A row
names objects by their opaque ids: no name, NIR or licence number. `detail` is canonical JSON of closed words, numbers
and references.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select, update

from . import tables
from .database import insert_once

ORIGIN: Final = "0" * 64
Detail = Mapping[str, str | int | bool | None]


@dataclass(frozen=True, slots=True)
class ChainBroken:
    """The first row that does not fit, by its number."""

    sequence: int


def append(
    connection: Connection,
    authority_id: str,
    *,
    now: int,
    actor_id: str,
    act: str,
    subject_id: str,
    detail: Detail,
) -> int:
    """Add one row and return its number; the caller's transaction decides whether it stays."""
    insert_once(
        connection, tables.audit_head, {"authority_id": authority_id, "sequence": 0, "digest": ORIGIN}
    )
    head = tables.audit_head
    last = connection.execute(
        select(head.c.sequence, head.c.digest).where(head.c.authority_id == authority_id).with_for_update()
    ).one()
    row = {
        "authority_id": authority_id,
        "sequence": last.sequence + 1,
        "recorded_at": now,
        "actor_id": actor_id,
        "act": act,
        "subject_id": subject_id,
        "detail": json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=True),
        "previous": last.digest,
    }
    digest = _digest(row)
    connection.execute(insert(tables.audit_entry).values(**row, digest=digest))
    connection.execute(
        update(head)
        .where(head.c.authority_id == authority_id)
        .values(sequence=last.sequence + 1, digest=digest)
    )
    return int(last.sequence) + 1


def verify(connection: Connection, authority_id: str) -> ChainBroken | None:
    """Recompute the chain of an authority; None when every row fits and the head is its last row."""
    table, head = tables.audit_entry, tables.audit_head
    rows = connection.execute(
        select(table).where(table.c.authority_id == authority_id).order_by(table.c.sequence)
    ).mappings()
    previous, expected = ORIGIN, 1
    for row in rows:
        content = {name: row[name] for name in row if name != "digest"}
        if row["sequence"] != expected or row["previous"] != previous or _digest(content) != row["digest"]:
            return ChainBroken(expected)
        previous, expected = row["digest"], expected + 1
    last = connection.execute(
        select(head.c.sequence, head.c.digest).where(head.c.authority_id == authority_id)
    ).one_or_none()
    if (last is None and expected > 1) or (last is not None and tuple(last) != (expected - 1, previous)):
        return ChainBroken(expected)
    return None


def _digest(row: Mapping[str, object]) -> str:
    content = json.dumps(dict(row), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(content.encode()).hexdigest()
