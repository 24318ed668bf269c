"""The database: one synchronous engine, one transaction per request, on SQLite or PostgreSQL.

- SQLite's driver opens its transaction at the first write, so two readers of one value would both write. Here it opens
  none by itself, and each writing transaction begins with BEGIN IMMEDIATE (libraries.md, section 2).
- WAL with `synchronous=FULL`: an acknowledged commit survives a power cut.
- On PostgreSQL the rows that a rule reads before it writes are locked by the statement itself (`with_for_update`).
- On PostgreSQL nobody waits without end: for a connection, a lock or a statement. A connection that broke takes the
  whole pool with it, so the request that met it fails and the next one connects afresh; nothing is asked of the server
  before each request.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from . import pipeline, sql_functions
from .ending import begin_ending
from .settings import DatabaseLimits, SettingsRefused
from .statement import Answer, Statement

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_MILLISECONDS: Final = 15_000
_SQLITE_POOL: Final = 60  # files of one machine: a connection costs nothing that is shared
_CONNECT_SECONDS: Final = 5
_POOL_SECONDS: Final = 10
_IDLE_SECONDS: Final = 60  # a process that stopped inside a transaction gives its locks back
_DEAD_PEER: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


class Database:
    """Hands out transactions. `write` commits when the block ends well and rolls back otherwise."""

    def __init__(self, address: str, limits: DatabaseLimits | None = None) -> None:
        """Open nothing yet. Raises `SettingsRefused` for an address of another kind of database."""
        self.engine = _engine(address, limits or DatabaseLimits())
        self._reader = _reader(self.engine)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write, with its ending; on SQLite it waits for its turn before it reads anything."""
        with self.engine.connect() as connection:
            ending = begin_ending(connection)
            try:
                yield connection
                ending.commit(connection)
            except BaseException:
                ending.transaction.rollback()
                raise

    @contextmanager
    def rehearsal(self) -> Iterator[Connection]:
        """A transaction that writes and leaves nothing: it is rolled back however the block ends, without its ending."""
        with self.engine.connect() as connection:
            ending = begin_ending(connection, comes=False)
            try:
                yield connection
            finally:
                ending.transaction.rollback()

    @contextmanager
    def read(self, *, patient: bool = False) -> Iterator[Connection]:
        """A consistent view that blocks no writer and writes nothing; `patient` statements may take their time."""
        with self._reader.begin() as connection:
            if patient:
                take_time(connection)
            yield connection

    def migrate(self, now: int | None = None) -> None:
        """Bring the tables to the one head of `migrations/`; what that writes in the journal is of `now` (UTC seconds)."""
        with self.engine.begin() as connection:
            take_time(connection)
            self.migrate_on(connection, "head", now)

    def migrate_on(self, connection: Connection, revision: str, now: int | None = None) -> None:
        """Bring the tables to a revision in the transaction of `connection`. Raises `SettingsRefused` for an unknown one."""
        from alembic import command
        from alembic.util import CommandError

        configuration = migrations()
        configuration.attributes.update(connection=connection, now=now)
        try:
            command.upgrade(configuration, revision)
        except CommandError as error:
            msg = "the tables are those of a newer release; use that one"
            raise SettingsRefused(msg) from error

    def migrated(self) -> bool:
        """Whether the tables are those of this release."""
        from alembic.runtime.migration import MigrationContext

        with self.read() as connection:
            return MigrationContext.configure(connection).get_current_revision() == self.head()

    def head(self) -> str | None:
        """The revision of this release's tables."""
        from alembic.script import ScriptDirectory

        return ScriptDirectory.from_config(migrations()).get_current_head()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def take_time(connection: Connection) -> None:
    """Lift the limit on a statement's time until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def take_statistics(connection: Connection) -> None:
    """Let the planner know the tables as they are now: after many rows at once it would guess, and read too many."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")


def take_room(connection: Connection) -> None:
    """Keep 64 MB of pages in memory: a long SQLite transaction otherwise writes the same index pages again and again."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA cache_size = -65536")


def insert_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same primary or unique key is there; says whether it was inserted.

    An insert that meets another transaction's waits for its outcome on both engines.
    """
    return ask_once(connection, table, row).count == 1


def ask_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> Answer:
    """`insert_once` that waits for no answer: its `count` is 1 when the row was inserted, 0 otherwise."""
    return _one_once(table, tuple(row)).ask(connection, row)


def insert_each_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """`insert_once` of several rows with the same columns, in one message; says how many were inserted."""
    return sum(one.count for one in [ask_once(connection, table, row) for row in rows])


@cache
def _one_once(table: Table, columns: tuple[str, ...]) -> Statement:
    return Statement(partial(insert_once_into, table), columns)


@cache
def insert_once_into(table: Table, engine: str) -> Insert:
    """The statement of `insert_once`. Built once: its construction would cost more than the insert."""
    insert = sqlite.insert if engine == "sqlite" else postgresql.insert
    return insert(table).on_conflict_do_nothing()


def migrations() -> Config:
    """Where the migrations lie, for Alembic; imported with it, since most commands need neither."""
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", "wallet_api:migrations")
    return configuration


def _engine(address: str, limits: DatabaseLimits) -> Engine:
    try:
        url = make_url(address)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() not in {"sqlite", "postgresql"}:
        msg = "LP_DATABASE_URL is sqlite:///PATH or postgresql://..."
        raise SettingsRefused(msg)
    if url.get_backend_name() == "postgresql":
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=limits.pool,
            max_overflow=0,
            pool_timeout=_POOL_SECONDS,
            connect_args=_connect_arguments(url, limits),
        )
        pipeline.install(engine)
        return engine
    engine = create_engine(url, pool_size=_SQLITE_POOL, max_overflow=0, pool_timeout=_POOL_SECONDS)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _reader(engine: Engine) -> Engine:
    """The same connections, for transactions that write nothing."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(lp_reads_only=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _connect_arguments(url: URL, limits: DatabaseLimits) -> dict[str, Any]:
    """What each session begins with; options that the address itself gives come last and win."""
    given = url.query.get("options", "")
    options = (
        f"-c lock_timeout={limits.lock}s -c statement_timeout={limits.statement}s "
        f"-c idle_in_transaction_session_timeout={_IDLE_SECONDS}s"
    )
    return {
        "options": f"{options} {given if isinstance(given, str) else ' '.join(given)}".strip(),
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "wallet-api",
        "prepare_threshold": None,  # the driver would deallocate all at a rollback, those of pipeline.py too
        **_DEAD_PEER,
    }


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    sql_functions.teach(connection)
    for pragma in (
        f"busy_timeout={BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("lp_reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
