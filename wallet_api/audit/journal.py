"""Append to the journal: a row is noted at once and written at the end of the transaction.

The head of a chain orders all acts of an authority, so whoever holds it holds up everybody. It is locked by the
transaction's ending (`wallet_api/ending.py`), in the message that commits; the engine links the row to the last one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from wallet_api.ending import step_of

from . import store
from .row import Content, canonical

Detail = Mapping[str, str | int | bool | None]


class _Journal:
    """Everything that one transaction appends, by chain."""

    def __init__(self) -> None:
        self.noted: Final[dict[str, list[Content]]] = defaultdict(list)

    def write(self, connection: Connection) -> None:
        """Append, the chains in one order for everybody."""
        for authority_id in sorted(self.noted):
            store.require_chain(connection, authority_id)
            for content in self.noted[authority_id]:
                store.add_row(connection, authority_id, content)


def append(
    connection: Connection,
    authority_id: str,
    *,
    now: int,
    actor_id: str,
    act: str,
    subject_id: str,
    detail: Detail,
) -> None:
    """Add one row; the caller's transaction decides whether it stays.

    The order of a chain is that of the commits. `RuntimeError` outside `Database.write`.
    """
    content = Content(now, actor_id, act, subject_id, canonical(detail))
    step_of(connection, _Journal).noted[authority_id].append(content)
