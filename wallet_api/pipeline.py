"""Statements to PostgreSQL that travel together: one message there, one back (libpq's pipeline mode).

What is added waits until an answer is read, SQLAlchemy runs something on the same connection, or the transaction ends;
the order stays. After an error the server reads no further statement of the message, a COMMIT among them included.
Statements are prepared once for each connection.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Connection, Engine, event

from .driver_errors import driver_errors, driver_of

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

_PIPELINE: Final = "lp_pipeline"
_CONNECTED: Final = 0  # PQstatus
_IDLE: Final = 0  # PQtransactionStatus
_GOOD: Final = (1, 2)  # PQresultStatus: the command is done, rows are there
_Values = list[bytes | None]


class Arriving(Protocol):
    """Who waits for a statement's answer."""

    def arrive(self, rows: list[tuple[Any, ...]], count: int) -> None:
        """Take it."""


class _Nobody:
    """For what is done and says nothing."""

    def arrive(self, rows: list[tuple[Any, ...]], count: int) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Keeps the name under which a statement is prepared now."""

    names: dict[str, bytes]
    text: str
    name: bytes

    def arrive(self, rows: list[tuple[Any, ...]], count: int) -> None:  # noqa: ARG002 - there are none
        """Keep it."""
        self.names[self.text] = self.name


_NOBODY: Final = _Nobody()


class Pipeline:
    """What waits to be sent on one connection, and the names of its prepared statements."""

    def __init__(self, connection: Connection) -> None:
        """Prepare nothing yet. A connection of the driver keeps its socket as long as it lives."""
        from psycopg.adapt import Transformer

        self.connection = connection
        self._driver: Final = driver_of(connection)
        self._pg: Final[PGconn] = self._driver.pgconn
        self._reader: Final = Transformer(self._driver)
        self._names: Final[dict[str, bytes]] = {}
        self._numbers: Final = count()
        self._waiting: list[tuple[str, _Values, Arriving]] = []
        self._readable: Final = select.poll()
        self._readable.register(self._pg.socket, select.POLLIN)

    def forget(self) -> None:
        """A new transaction begins: nothing of an earlier one is sent any more."""
        self._waiting = []

    def add(self, text: str, values: Sequence[object], answer: Arriving) -> None:
        """Let a statement wait; its marks are $1, $2 and so on. `TypeError` for a value of an unknown type."""
        self._waiting.append((text, [_encoded(one) for one in values], answer))

    def run(self) -> None:
        """Send what waits and take the answers. Raises SQLAlchemy's `DBAPIError` for the first that failed."""
        if self._waiting:
            self._exchange(commit=False)

    def commit(self) -> None:
        """Send what waits and a COMMIT behind it; SQLAlchemy's own commit then finds nothing to do."""
        self._exchange(commit=True)

    def _exchange(self, *, commit: bool) -> None:
        waiting, self._waiting = self._waiting, []
        takers: list[Arriving] = []
        with driver_errors(self.connection):
            self._pg.enter_pipeline_mode()
            try:
                if self._pg.transaction_status == _IDLE:
                    self._pg.send_query_params(_begin(self._driver), None)
                    takers.append(_NOBODY)
                for text, values, answer in waiting:
                    self._pg.send_query_prepared(self._names.get(text) or self._prepare(text, takers), values)
                    takers.append(answer)
                if commit:
                    self._pg.send_query_params(b"COMMIT", None)
                    takers.append(_NOBODY)
                self._pg.pipeline_sync()
                last = self._take(takers)
                if (
                    commit and last != b"COMMIT"
                ):  # of a transaction that failed before; no error to the server
                    msg = "the transaction had failed before its commit"
                    raise RuntimeError(msg)
            finally:
                if self._pg.status == _CONNECTED:
                    self._pg.exit_pipeline_mode()

    def _prepare(self, text: str, takers: list[Arriving]) -> bytes:
        """The name counts from when the server has answered: in a message that fails it may not have read so far."""
        name = b"lp_%d" % next(self._numbers)
        self._pg.send_prepare(name, text.encode())
        takers.append(_Prepared(self._names, text, name))
        return name

    def _rows(self, result: PGresult) -> list[tuple[Any, ...]]:
        if not result.ntuples:
            return []
        self._reader.set_pgresult(result)
        return self._reader.load_rows(0, result.ntuples, tuple)

    def _take(self, takers: Sequence[Arriving]) -> bytes | None:
        """One result for each statement and the end of the message, all read even after an error; what the last one did."""
        from psycopg.errors import error_from_result

        failed: Exception | None = None
        did: bytes | None = None
        self._push()
        for taker in takers:
            result = self._next()
            did = result.command_status
            if failed is None and result.status in _GOOD:
                taker.arrive(self._rows(result), result.command_tuples or 0)
            elif failed is None:
                failed = error_from_result(result)
            self._next_or_none()
        self._next()  # the end of the message
        if failed is not None:
            raise failed
        return did

    def _push(self) -> None:
        """Send all of it; answers that come meanwhile are read, so that neither side waits for the other."""
        while self._pg.flush():
            waits = select.poll()
            waits.register(self._pg.socket, select.POLLIN | select.POLLOUT)
            if any(event & select.POLLIN for _, event in waits.poll()):
                self._pg.consume_input()

    def _next(self) -> PGresult:
        found = self._next_or_none()
        if found is None:
            msg = "the server said less than it was asked"
            raise RuntimeError(msg)
        return found

    def _next_or_none(self) -> PGresult | None:
        while self._pg.is_busy():
            self._readable.poll()
            self._pg.consume_input()
        return self._pg.get_result()


def pipeline_of(connection: Connection) -> Pipeline:
    """The pipeline of a connection, made at its first use and kept with it."""
    found = connection.info.get(_PIPELINE)
    if not isinstance(found, Pipeline):
        found = connection.info[_PIPELINE] = Pipeline(connection)
    found.connection = connection
    return found


def install(engine: Engine) -> None:
    """Keep the order between what waits and SQLAlchemy's own statements, on an engine of PostgreSQL."""
    event.listen(engine, "begin", _forget_what_waits)
    event.listen(engine, "before_cursor_execute", _run_what_waits)
    event.listen(engine, "commit", _run_what_waits)


def _forget_what_waits(connection: Connection) -> None:
    found = connection.info.get(_PIPELINE)
    if found is not None:
        found.forget()


def _run_what_waits(connection: Connection, *_: object) -> None:
    found = connection.info.get(_PIPELINE)
    if found is not None:
        found.run()


def _begin(driver: Any) -> bytes:
    """As the driver would begin, with what SQLAlchemy told it of isolation."""
    words = [b"BEGIN"]
    if driver.isolation_level is not None:
        words.append(b"ISOLATION LEVEL " + driver.isolation_level.name.replace("_", " ").encode())
    if driver.read_only is not None:
        words.append(b"READ ONLY" if driver.read_only else b"READ WRITE")
    return b" ".join(words)


def _encoded(value: object) -> bytes | None:
    match value:
        case str():
            return value.encode()
        case int():
            return b"%d" % value
        case bytes():
            return b"\\x" + value.hex().encode()
        case None:
            return None
        case _:
            msg = "a value of this type has no way into a statement"
            raise TypeError(msg)
