"""The benchmark of issuing leaves out what storage takes, all of it and nothing else."""

from __future__ import annotations

import statistics
import time

from sqlalchemy import Connection, Integer, literal, select

from bench.paired import _run
from bench.storage_time import storage_seconds
from wallet_api.database import Database
from wallet_api.ending import at_end
from wallet_api.statement import Statement

ONE = Statement(select(literal(1, Integer)))


def work(seconds: float) -> None:
    """Use the processor."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


class Slow(Statement):
    """A statement whose engine takes long."""

    def _for(self, dialect):
        work(0.004)
        return super()._for(dialect)


class Last:
    """Asks one slow statement when its transaction ends, so inside what is counted already."""

    def write(self, connection: Connection) -> None:
        """Ask."""
        Slow(select(literal(1, Integer))).ask(connection, {})


def test_storage_is_left_out_once_and_nothing_else_is(tmp_path):
    """A slow statement, and one within the commit, weigh nothing; slowness between statements weighs all that it is."""
    database, slow = Database(f"sqlite:///{tmp_path / 'db'}"), Slow(select(literal(1, Integer)))

    def plain() -> None:
        with database.write() as connection:
            ONE.ask(connection, {})
        work(0.002)

    def slow_storage() -> None:
        with database.write() as connection:
            slow.ask(connection, {})
            at_end(connection, Last())
        work(0.002)

    def slow_service() -> None:
        with database.write() as connection:
            ONE.ask(connection, {})
            work(0.004)
        work(0.002)

    def base() -> None:
        work(0.002)

    with storage_seconds() as stored:
        of_plain, of_storage, of_service = (
            statistics.median(ours / theirs for ours, theirs in _run(one, base, 5, stored))
            for one in (plain, slow_storage, slow_service)
        )
    database.close()
    assert abs(of_storage - of_plain) < 0.4
    assert 2 < of_service - of_plain < 4
