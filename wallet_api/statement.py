"""Statements of the busiest roads: written in SQLAlchemy's language, compiled once for each engine, run by the driver.

A driver runs a short statement in a fraction of the time that wrapping its result takes, so on the road of an act and of
an issuing the rows come as plain tuples. The transaction, the pool and the errors stay SQLAlchemy's. Elsewhere
`connection.execute` is the way: it says more and asks for less care.

On PostgreSQL a statement that is asked waits until somebody reads an answer; then all that wait go in one message
(`pipeline.py`). So ask first and read afterwards. On SQLite, where nothing has to travel, it is run at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Insert
from sqlalchemy.sql.expression import Delete, SelectBase, Update
from sqlalchemy.types import TypeEngine

from .driver_errors import driver_errors, driver_of
from .pipeline import pipeline_of

Clause = SelectBase | Insert | Update | Delete
Values = Mapping[str, object]
Rows = list[tuple[Any, ...]]
_Convert = Callable[[Any], Any]
_MARK: Final = re.compile(r"%\((\w+)\)s|%%")


class Answer:
    """What the engine says to one statement. Reading it waits for it."""

    __slots__ = ("_convert", "_count", "_rows", "_wait")

    def __init__(self, convert: Mapping[int, _Convert], wait: Callable[[], None] | None = None) -> None:
        self._convert, self._wait = convert, wait
        self._rows: Rows = []
        self._count = 0

    def arrive(self, rows: Rows, count: int) -> None:
        """Take what the engine said."""
        self._rows, self._count, self._wait = rows, count, None

    def rows(self) -> Rows:
        """Every row, as wide as the statement's columns. Raises SQLAlchemy's `DBAPIError`."""
        if self._wait is not None:
            self._wait()
        return [self._converted(one) for one in self._rows] if self._convert else self._rows

    def row(self) -> tuple[Any, ...] | None:
        """The only row, or None. `RuntimeError` when there are more."""
        rows = self.rows()
        if len(rows) > 1:
            msg = "one row was asked for"
            raise RuntimeError(msg)
        return rows[0] if rows else None

    @property
    def count(self) -> int:
        """Rows written."""
        if self._wait is not None:
            self._wait()
        return self._count

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        cells = list(row)
        for place, convert in self._convert.items():
            cells[place] = convert(cells[place])
        return tuple(cells)


class Statement:
    """One statement. An insert names every column of its table, or those that it is told."""

    def __init__(
        self, clause: Clause | Callable[[str], Clause], columns: Sequence[str] | None = None
    ) -> None:
        """Take a clause, or what makes one for an engine's name where the two differ."""
        self._clause, self._columns = clause, columns
        self._compiled: dict[str, _Compiled] = {}

    def ask(self, connection: Connection, values: Values) -> Answer:
        """Run it in the transaction of `connection`. Raises SQLAlchemy's `DBAPIError`, `KeyError` for a missing value."""
        compiled = self._for(connection.dialect)
        arguments = compiled.arguments(values)
        if connection.dialect.name == "postgresql":
            pipeline = pipeline_of(connection)
            answer = Answer(compiled.convert, pipeline.run)
            pipeline.add(compiled.text, arguments, answer)
            return answer
        answer = Answer(compiled.convert)
        with driver_errors(connection):
            cursor = driver_of(connection).execute(compiled.text, arguments)
            answer.arrive(cursor.fetchall() if cursor.description else [], cursor.rowcount)
        return answer

    def text(self, dialect: Dialect) -> str:
        """What is sent, without any value."""
        return self._for(dialect).text

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            clause = self._clause(dialect.name) if callable(self._clause) else self._clause
            found = self._compiled[dialect.name] = _Compiled(clause, dialect, self._columns)
        return found


class _Compiled:
    """A statement's text for one engine with marks in place of values, and what values and rows need on their way."""

    __slots__ = ("_defaults", "_names", "_prepare", "convert", "text")

    def __init__(self, clause: Clause, dialect: Dialect, columns: Sequence[str] | None) -> None:
        if columns is None and isinstance(clause, Insert):
            columns = list(clause.table.c.keys())
        compiled = clause.compile(dialect=dialect, column_keys=columns)
        if "POSTCOMPILE" in str(compiled):
            msg = "a list of values has no text of its own; give each value a name"
            raise TypeError(msg)
        binds = compiled.binds
        if compiled.positiontup is None:
            named = str(compiled)
            self._names: Final = tuple(dict.fromkeys(name for name in _MARK.findall(named) if name))
            self.text: Final = _numbered(named, self._names)
            prepare: dict[str, _Convert | None] = {}  # values travel as what they are in Python
        else:
            self._names, self.text = tuple(compiled.positiontup), str(compiled)  # type: ignore[misc]
            prepare = {
                name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()
            }
        self._prepare: Final = {name: one for name, one in prepare.items() if one is not None}
        self._defaults: Final = {name: one.value for name, one in binds.items() if one.value is not None}
        self.convert: Final = dict(_conversions(clause, dialect))

    def arguments(self, values: Values) -> list[Any]:
        """The values in the order of the marks."""
        if self._defaults:
            values = {**self._defaults, **values}
        if self._prepare:
            values = {**values, **{name: prepare(values[name]) for name, prepare in self._prepare.items()}}
        return [values[name] for name in self._names]


def _numbered(text: str, names: Sequence[str]) -> str:
    """PostgreSQL's own marks: $1 is the first name, wherever it stands."""
    return _MARK.sub(lambda found: f"${names.index(found[1]) + 1}" if found[1] else "%", text)


def _conversions(clause: Clause, dialect: Dialect) -> Iterator[tuple[int, _Convert]]:
    for place, column in enumerate(clause.exported_columns):
        kind: TypeEngine[Any] = column.type.dialect_impl(dialect)
        convert = kind.result_processor(dialect, None)
        if convert is not None:
            yield place, convert
