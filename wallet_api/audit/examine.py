"""Examine a chain: does every row stand where it was written, as it was written?

1. A quick pass streams the rows and compares numbers, links and digests, the head and the checkpoints. An intact chain
   of any length costs this one pass and no memory.
2. What does not fit sends the whole chain through `locate.py`, which says which row is to blame.

A chain that was shortened by the purge begins after a checkpoint, and one of its rows says so; any other beginning but
row 1 is a gap. Whoever writes into the database can write such a row too. So it counts only where the checkpoint had been
signed a whole period of keeping before: nobody can drop in this way what the purge could not have dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import Connection

from wallet_api.retention.periods import PERIODS, Kept

from . import locate, store
from .finding import Fault, Finding
from .row import ORIGIN, PURGED, Row

__all__ = ["Fault", "Finding", "Witness", "examine", "verify"]

Progress = Callable[[int], None]
_STEP: Final = 1_000  # rows between two calls of the progress


@dataclass(frozen=True, slots=True)
class Witness:
    """What a checkpoint attests whose signature was verified: row `sequence` bears `digest`.

    One whose signer was `burnt` since says where a purged chain begins, if a later one vouches for the purge, and else
    nothing.
    """

    sequence: int
    digest: str
    signed_at: int
    burnt: bool = False


class Purge(NamedTuple):
    """What row `sequence` says at `at`: the rows up to `through` were dropped."""

    through: int
    sequence: int
    at: int


_NO_PURGE: Final = Purge(0, 0, 0)


@dataclass(slots=True)
class Shape:
    """What the quick pass saw of a chain."""

    first: Row | None = None
    count: int = 0
    last: tuple[int, str] = (0, ORIGIN)
    purge: Purge = _NO_PURGE
    misfit: int = 0
    """The first row that does not fit, 0 for none."""
    digests: dict[int, str] = field(default_factory=dict)


def verify(connection: Connection, authority_id: str, witnesses: Iterable[Witness] = ()) -> Finding | None:
    """The first thing that is wrong with a chain; None when every row fits and the head is its last row."""
    return next(iter(examine(connection, authority_id, witnesses)), None)


def examine(
    connection: Connection,
    authority_id: str,
    witnesses: Iterable[Witness] = (),
    *,
    now: int | None = None,
    progress: Progress = lambda _: None,
) -> list[Finding]:
    """Everything that is wrong with a chain, in the order of its rows.

    `now` (UTC seconds) is needed to believe that rows were purged. `progress` is told how many rows were read.
    """
    every = sorted(witnesses, key=lambda one: (one.sequence, one.signed_at))
    known = [one for one in every if not one.burnt]
    shape = _quick_pass(connection, authority_id, {one.sequence for one in known}, progress)
    head = store.head_of(connection, authority_id)
    before = _before(shape, every, 0 if now is None else now)
    begins_well = shape.first is None or (shape.first.sequence - 1, shape.first.previous) == before
    if not shape.misfit and begins_well and head in _heads(shape) and _attested(shape, before[0], known):
        return []
    found = locate.findings(authority_id, lambda: store.rows(connection, authority_id), head, known, before)
    return found or [Finding(authority_id, shape.misfit or shape.last[0], Fault.EDITED, differs="content")]


def _quick_pass(connection: Connection, authority_id: str, wanted: set[int], progress: Progress) -> Shape:
    shape = Shape()
    expected = previous = None
    for row in store.rows(connection, authority_id):
        if shape.first is None:
            shape.first, expected, previous = row, row.sequence, row.previous
        if row.sequence != expected or row.previous != previous or row.computed() != row.digest:
            shape.misfit = shape.misfit or row.sequence
        if row.act == PURGED:
            shape.purge = max(shape.purge, Purge(purged_through(row), row.sequence, row.recorded_at))
        if row.sequence in wanted:
            shape.digests[row.sequence] = row.digest
        expected, previous = row.sequence + 1, row.digest
        shape.last = (row.sequence, row.digest)
        shape.count += 1
        if shape.count % _STEP == 0:
            progress(shape.count)
    progress(shape.count)
    return shape


def purged_through(row: Row) -> int:
    """The number of the last row that a purge of this chain dropped; 0 for a purge of something else."""
    try:
        detail = json.loads(row.detail)
        through = detail["through"] if detail["kind"] == "audit" else 0
    except (ValueError, TypeError, KeyError):
        return 0
    return through if type(through) is int else 0


def _before(shape: Shape, every: list[Witness], now: int) -> tuple[int, str]:
    """Number and digest of the row that the chain's first follows: a checkpoint's after a purge, else the origin."""
    purge = shape.purge
    if shape.first is None or shape.first.sequence == 1 or purge.at > now:
        return 0, ORIGIN
    vouched = any(
        one.sequence >= purge.sequence and shape.digests.get(one.sequence) == one.digest
        for one in every
        if not one.burnt
    )
    for one in every:
        old = one.signed_at <= PERIODS[Kept.AUDIT].before(purge.at)
        if 0 < one.sequence == purge.through and old and (vouched or not one.burnt):
            return one.sequence, one.digest
    return 0, ORIGIN


def _heads(shape: Shape) -> list[tuple[int, str] | None]:
    """What the head may say: a chain without a row has none, or one at the origin."""
    return [shape.last] if shape.count else [None, (0, ORIGIN)]


def _attested(shape: Shape, before: int, known: list[Witness]) -> bool:
    return all(one.sequence <= before or shape.digests.get(one.sequence) == one.digest for one in known)
