"""What the journal recorded about one object, for an act that is about to rest on it.

`audit verify` looks at a whole chain, once a day. Here a few rows are read on the road of an act: each must bear its own
digest, and the row after it, or the head of the chain, must follow on that. Who writes into the database would have to
compute everything since then anew, which the next checkpoint contradicts.
"""

from __future__ import annotations

from sqlalchemy import Connection

from . import store
from .row import Row


class JournalEdited(Exception):
    """A row about the object is not the one that was written."""


def recorded(connection: Connection, authority_id: str, subject_id: str) -> list[Row]:
    """The rows of a chain about one object, in their order. Raises `JournalEdited`."""
    rows: list[Row] = []
    for row, link in store.rows_about(connection, authority_id, subject_id):
        if row is None or not row.digest == link == row.computed():
            raise JournalEdited
        rows.append(row)
    return rows
