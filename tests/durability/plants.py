"""Faults to plant in one process of the service, each of which a harness of this folder must find."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

LATE_SECONDS: Final = 0.06


def _answer_before_the_commit() -> None:
    """Every write is acknowledged a moment before it is committed."""
    from wallet_api.database import Database
    from wallet_api.ending import begin_ending

    @contextmanager
    def write(self: Database) -> Iterator[Connection]:
        connection = self.engine.connect()
        ending = begin_ending(connection)
        try:
            yield connection
        except BaseException:
            ending.transaction.rollback()
            connection.close()
            raise

        def commit() -> None:
            time.sleep(LATE_SECONDS)
            with closing(connection):
                ending.commit(connection)

        threading.Thread(target=commit, daemon=True).start()

    Database.write = write  # type: ignore[method-assign]


def _do_not_flush() -> None:
    """SQLite leaves the flushing of its log to the system."""
    from wallet_api import database

    def after(connection: object, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]

    made = database._engine

    def engine(*arguments: Any) -> Engine:
        one = made(*arguments)
        event.listen(one, "connect", after)
        return one

    database._engine = engine


def _forget_the_keys() -> None:
    """An idempotency key is not recognised when it comes again."""
    from wallet_api import idempotency

    idempotency.fingerprint = lambda _: secrets.token_hex(32)  # type: ignore[attr-defined]


PLANTS: Final[dict[str, Callable[[], None]]] = {
    "early-answer": _answer_before_the_commit,
    "no-flush": _do_not_flush,
    "forgotten-keys": _forget_the_keys,
}
