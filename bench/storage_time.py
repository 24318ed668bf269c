"""Processor time of storage, for goals that leave it out: transactions from their begin to their commit, and each statement.

What is between the statements of a transaction stays with the caller.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection

from wallet_api.database import Database
from wallet_api.statement import Answer, Statement, Values


@contextmanager
def storage_seconds() -> Iterator[Callable[[], float]]:
    """Count while the block runs; gives what tells the seconds so far. SQLite only, where an answer waits for nothing."""
    counted = _Counted()
    with (
        patch.object(Statement, "ask", counted.call(Statement.ask)),
        patch.object(Database, "write", counted.transaction(Database.write)),
        patch.object(Database, "read", counted.transaction(Database.read)),
    ):
        yield lambda: counted.seconds


class _Counted:
    def __init__(self) -> None:
        self.seconds, self._depth, self._start = 0.0, 0, 0.0

    def begin(self) -> None:
        """Statements of an ending run inside its commit and count once."""
        if self._depth == 0:
            self._start = time.thread_time()
        self._depth += 1

    def end(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.thread_time() - self._start

    def call(
        self, ask: Callable[[Statement, Connection, Values], Answer]
    ) -> Callable[[Statement, Connection, Values], Answer]:
        def timed(statement: Statement, connection: Connection, values: Values) -> Answer:
            self.begin()
            try:
                return ask(statement, connection, values)
            finally:
                self.end()

        return timed

    def transaction(
        self, open_one: Callable[..., AbstractContextManager[Connection]]
    ) -> Callable[..., AbstractContextManager[Connection]]:
        def timed(database: Database, **how: Any) -> _Timed:
            return _Timed(self, open_one(database, **how))

        return timed


class _Timed(AbstractContextManager[Connection]):
    def __init__(self, counted: _Counted, block: AbstractContextManager[Connection]) -> None:
        self._counted, self._block = counted, block

    def __enter__(self) -> Connection:
        self._counted.begin()
        try:
            return self._block.__enter__()
        finally:
            self._counted.end()

    def __exit__(self, *raised: object) -> bool | None:
        self._counted.begin()
        try:
            return self._block.__exit__(*raised)
        finally:
            self._counted.end()
