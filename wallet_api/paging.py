"""Pages of a list that grows: cut by the id of a row, the latest first, so that rows which arrive meanwhile neither repeat
nor hide others.

A route asks its store for one row more than the page holds: that it came says that another page follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Final, TypeVar

from fastapi import Query

Row = TypeVar("Row")
ROWS: Final = 50
"""Rows of a page, unless the asker says otherwise."""
Before = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9a-f]{32}$",
        description="The `next` of the page before this one; left out for the first page.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page, at most.")]


def cut(rows: Sequence[Row], limit: int, name: Callable[[Row], str]) -> tuple[Sequence[Row], str | None]:
    """The rows of this page, and the `before` of the next one; None: it is the last. `name` gives a row's id."""
    shown = rows[:limit]
    return shown, name(shown[-1]) if len(rows) > limit else None
