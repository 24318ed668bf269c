"""The database: nothing is lost when many write at once, on either engine; migrations say what the tables say."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text, update

from tests.conftest import INSTANT
from wallet_api import tables
from wallet_api.database import Database, insert_once, migrations
from wallet_api.identifiers import new_id
from wallet_api.points.history import PointsHistory
from wallet_api.points.record import open_ledger
from wallet_api.settings import SettingsRefused

THREADS, TIMES = 8, 50


def test_read_then_write_loses_no_update(service, offer):
    """Eight threads read a value, then write one more, fifty times each: 400, not the 52 of the default driver."""
    document_id = offer().document_id
    table = tables.points_balance
    mine = (table.c.authority_id == "licence") & (table.c.document_id == document_id)

    def add(_: int) -> None:
        for _ in range(TIMES):
            with service.database.write() as connection:
                version = connection.execute(
                    select(table.c.version).where(mine).with_for_update()
                ).scalar_one()
                connection.execute(update(table).where(mine).values(version=version + 1))

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(add, range(THREADS)))
    with service.database.read() as connection:
        assert connection.execute(select(table.c.version).where(mine)).scalar_one() == 1 + THREADS * TIMES


def test_insert_once_lets_one_of_many_through(service):
    """Of sixteen inserts of one key exactly one says that it inserted."""
    row = {"proof_hash": "a" * 64, "expires_at": 1}

    def put(_: int) -> bool:
        with service.database.write() as connection:
            return insert_once(connection, tables.dpop_proof, row)

    with ThreadPoolExecutor(THREADS) as pool:
        assert Counter(pool.map(put, range(16))) == {True: 1, False: 15}


def test_failed_transaction_leaves_nothing(service):
    """An exception inside the block undoes all of it."""

    def fail_late() -> None:
        with service.database.write() as connection:
            connection.execute(insert(tables.dpop_proof).values(proof_hash="b" * 64, expires_at=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()
    with service.database.read() as connection:
        assert connection.execute(select(tables.dpop_proof)).all() == []


def test_migrated_tables_are_the_declared_ones(service):
    """An empty database upgraded holds exactly what `tables.py` says."""
    with service.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    assert service.database.migrated()


def testmigrations_have_one_head_and_one_line_of_descent():
    """No two steps follow the same one."""
    script = ScriptDirectory.from_config(migrations())
    steps = list(script.walk_revisions())
    assert len(script.get_heads()) == 1
    assert len({step.down_revision for step in steps}) == len(steps)


def test_every_key_begins_with_the_authority():
    """Primary and unique keys name the authority first, but for the freshness that belongs to none."""
    shared = {"nonce", "dpop_proof"}
    for table in tables.metadata.sorted_tables:
        if table.name not in shared:
            keys = [
                table.primary_key,
                *(one for one in table.constraints if one.__class__.__name__ == "UniqueConstraint"),
            ]
            assert {next(iter(one.columns)).name for one in keys} == {"authority_id"}, table.name


def test_sqlite_waits_writes_ahead_and_flushes(made_home):
    """WAL, full flushes, foreign keys and a busy timeout hold on every connection."""
    database = Database(made_home.database_address)
    with database.read() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    database.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 15_000}


def test_foreign_object_is_refused_by_the_database(service):
    """A ledger cannot open for a document that does not exist."""
    from sqlalchemy.exc import IntegrityError

    with pytest.raises(IntegrityError), service.database.write() as connection:
        open_ledger(connection, "licence", new_id(0), PointsHistory(date(2020, 1, 1)), INSTANT)


@pytest.mark.parametrize("address", ["mysql://host/db", "nonsense", "sqlite:///:memory:x?:y"])
def test_address_of_another_database_is_refused(address):
    """Only SQLite and PostgreSQL are known."""
    if address.startswith("sqlite"):
        assert Database(address).engine.dialect.name == "sqlite"
        return
    with pytest.raises(SettingsRefused):
        Database(address)
