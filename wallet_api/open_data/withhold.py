"""Which figures of a table of counts may be published: none under the threshold, none exact, and none that gives one away.

A table has lines of cells, a total for each line, a total for each column, and one of everything. With threshold t:

1. A cell under t is withheld, a zero too: that nothing was counted is a fact about few people as well. Any other cell is
   rounded down to a multiple of t, so that a month less the month before tells no single act.
2. The total of a line with k withheld cells, which add up to r, is published when k is 0, or when t <= r <= (k - 1)(t - 1).
   The withheld cells are then at least three, their sum is itself no small figure, and it leaves each of them free: any
   value v from 0 to t - 1 is possible, since the others can make up r - v, which lies between 0 and (k - 1)(t - 1).
   It is the sum of the rounded cells and of r rounded down. The true total rounded down would say more: how much the
   rounding of all cells took together.
3. The total of a column is published when no cell of it is withheld, and that of everything when those of all lines are:
   both are added up from what is published, so they say nothing more.

So of every withheld cell the publication says that it is under t and no more, and of every other that it is one of t
neighbours, even to who knows this rule: the other values lead to the same publication. A test tries every small table. Two
publications together leave at least 2t - 1 values to the change of any figure between them. What no rounding hides: that
something crossed a multiple of t, to somebody who already knows of every other act.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Counts = Mapping[str, Mapping[str, int]]
"""By line, then by column. A cell that cannot exist is left out: it is no secret, and it protects no other."""


@dataclass(frozen=True, slots=True)
class Published:
    """The table as it may be seen, in multiples of the threshold; None is withheld."""

    cells: Mapping[str, Mapping[str, int | None]]
    lines: Mapping[str, int | None]
    columns: Mapping[str, int | None]
    total: int | None


def withhold(counts: Counts, threshold: int) -> Published:
    """Take out of a table what must not be seen. The threshold is at least 2."""
    cells = {
        line: {
            column: rounded(count, threshold) if count >= threshold else None for column, count in row.items()
        }
        for line, row in counts.items()
    }
    lines = {line: _line_total(row, threshold) for line, row in counts.items()}
    return Published(cells, lines, _column_totals(cells), _sum_of_known(lines.values()))


def rounded(count: int, threshold: int) -> int:
    """The multiple of the threshold that is not above `count`."""
    return count - count % threshold


def _line_total(row: Mapping[str, int], threshold: int) -> int | None:
    small = [count for count in row.values() if count < threshold]
    if small and not threshold <= sum(small) <= (len(small) - 1) * (threshold - 1):
        return None
    large = [rounded(count, threshold) for count in row.values() if count >= threshold]
    return sum(large) + rounded(sum(small), threshold)


def _column_totals(cells: Mapping[str, Mapping[str, int | None]]) -> dict[str, int | None]:
    columns = dict.fromkeys(column for row in cells.values() for column in row)
    return {
        column: _sum_of_known([row[column] for row in cells.values() if column in row]) for column in columns
    }


def _sum_of_known(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
