"""Append to the journal. It is on the road of every act, so: one read, one insert, one update, no look-up but by key."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from . import store
from .row import Row, canonical, digest_of

Detail = Mapping[str, str | int | bool | None]


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
    """Add one row and return its number; the caller's transaction decides whether it stays.

    Those who append to one chain queue up from here to the end of their transaction: append last.
    """
    last, previous = store.lock_head(connection, authority_id)
    sequence, text = last + 1, canonical(detail)
    digest = digest_of(authority_id, sequence, now, actor_id, act, subject_id, text, previous)
    store.add_row(
        connection,
        Row(authority_id, sequence, now, actor_id, act, subject_id, text, previous, digest),
    )
    return sequence
