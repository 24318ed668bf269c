"""Statements that travel together, and a transaction's ending: what is asked happens once, in its order, or not at all."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from wallet_api import audit, tables
from wallet_api.audit import store as journal
from wallet_api.database import insert_once
from wallet_api.ending import at_end, expect
from wallet_api.problems import WalletError
from wallet_api.statement import Answer, Statement

SCRATCH = Table(
    "scratch",
    MetaData(),
    Column("key", String, primary_key=True),
    Column("number", BigInteger),
    Column("content", LargeBinary),
)
ADD = Statement(insert(SCRATCH))
FIND = Statement(select(SCRATCH).where(SCRATCH.c.key == bindparam("which")))
RAISE = Statement(
    update(SCRATCH)
    .where(SCRATCH.c.key == bindparam("which"))
    .values(number=SCRATCH.c.number + bindparam("by"))
)
ALL = Statement(select(SCRATCH.c.key).order_by(SCRATCH.c.key))


def _row(key: str, number: int | None = 0, content: bytes | None = b"") -> dict[str, object]:
    return {"key": key, "number": number, "content": content}


def _keys(service) -> list[str]:
    with service.database.read() as connection:
        return [key for (key,) in ALL.ask(connection, {}).rows()]


def _write(database, act: Callable[[Connection], object]) -> None:
    """One transaction."""
    with database.write() as connection:
        act(connection)


def _add(*rows: dict[str, object]) -> Callable[[Connection], object]:
    return lambda connection: [ADD.ask(connection, row) for row in rows]


def _is_postgresql(service) -> bool:
    return service.database.engine.dialect.name == "postgresql"


@pytest.fixture
def database(service) -> Iterator[object]:
    """The service's, with one more table."""
    with service.database.engine.begin() as connection:
        SCRATCH.create(connection)
    return service.database


@pytest.mark.parametrize(
    "row",
    [
        _row("plain", 7, b"\x00\xff\\x00"),
        _row("é 漢 \U0001f600", -(2**63), None),
        _row("'; -- $1 %(which)s %% \\", 2**63 - 1, bytes(range(256))),
        _row("", None, b""),
    ],
)
def test_values_come_back_as_they_went(database, row):
    """Texts that look like SQL, the ends of the numbers, bytes of every kind, nothing."""
    with database.write() as connection:
        ADD.ask(connection, row)
    with database.read() as connection:
        assert FIND.ask(connection, {"which": row["key"]}).row() == tuple(row.values())
        assert connection.execute(select(SCRATCH)).one() == tuple(row.values())


def test_what_is_asked_first_happens_first(database):
    """However late and in whatever order the answers are read."""
    with database.write() as connection:
        added = ADD.ask(connection, _row("a", 1))
        raised = RAISE.ask(connection, {"which": "a", "by": 4})
        found = FIND.ask(connection, {"which": "a"})
        again = RAISE.ask(connection, {"which": "a", "by": 5})
        missed = RAISE.ask(connection, {"which": "b", "by": 5})
        assert (missed.count, again.count, raised.count, added.count) == (0, 1, 1, 1)
        assert found.row() == ("a", 5, b"")
        assert FIND.ask(connection, {"which": "a"}).row() == ("a", 10, b"")


def test_both_ways_keep_one_order(database):
    """A statement of the library sees what was asked before it, and the other way round."""
    with database.write() as connection:
        ADD.ask(connection, _row("a"))
        assert connection.execute(select(func.count()).select_from(SCRATCH)).scalar_one() == 1
        connection.execute(insert(SCRATCH), _row("b"))
        assert ALL.ask(connection, {}).rows() == [("a",), ("b",)]
        RAISE.ask(connection, {"which": "a", "by": 1})
        connection.execute(delete(SCRATCH).where(SCRATCH.c.number == 1))
    assert ALL.text(database.engine.dialect)
    with database.read() as connection:
        assert ALL.ask(connection, {}).rows() == [("b",)]


def test_unread_statement_is_committed_and_its_failure_told(service, database):
    """Nobody needs to read an answer for the statement to count."""
    with database.write() as connection:
        ADD.ask(connection, _row("a"))
    assert _keys(service) == ["a"]
    with pytest.raises(IntegrityError):
        _write(database, _add(_row("b"), _row("a")))
    assert _keys(service) == ["a"]


def test_error_tells_no_value(database):
    """Neither in its text nor in its parameters."""
    with pytest.raises(IntegrityError) as refused:
        _write(database, _add(_row("a"), _row("a", 2_910_577_001_234)))
    assert refused.value.params is None
    assert "2910577001234" not in str(refused.value)


def test_nothing_that_waits_outlives_its_transaction(service, database):
    """Undone by an error: the next transaction of the same connection does not send it."""

    def refuse(connection: Connection) -> None:
        ADD.ask(connection, _row("undone"))
        raise WalletError("not-found")

    for number in range(3):
        with pytest.raises(WalletError):
            _write(database, refuse)
        _write(database, _add(_row(f"kept-{number}")))
    assert _keys(service) == ["kept-0", "kept-1", "kept-2"]


def test_prepared_statements_survive_rollbacks(service, database):
    """The driver forgets at a rollback what it prepared itself; what we prepared must not go with it."""
    count = select(func.count()).select_from(SCRATCH)
    for number in range(4):
        with database.write() as connection:
            ADD.ask(connection, _row(f"{number}"))
            for _ in range(12):  # as often as the driver needs to prepare
                connection.execute(count)
        with database.rehearsal() as connection:
            point = connection.begin_nested()
            ADD.ask(connection, _row("undone"))
            point.rollback()
            assert ALL.ask(connection, {}).rows()[-1] == (f"{number}",)
    assert _keys(service) == ["0", "1", "2", "3"]


def test_message_larger_than_every_buffer_arrives(database):
    """Neither side waits for the other: eight megabytes there, eight back."""
    with database.write() as connection:
        for number in range(2_000):
            ADD.ask(connection, _row(f"{number:05}", number, bytes(2_000)))
        found = [FIND.ask(connection, {"which": f"{number:05}"}) for number in range(2_000)]
        assert [one.row() for one in found] == [
            (f"{number:05}", number, bytes(2_000)) for number in range(2_000)
        ]


def test_failed_transaction_is_never_told_as_committed(service, database):
    """PostgreSQL answers a COMMIT after an error without one; whoever swallowed the error hears of it here."""
    if not _is_postgresql(service):
        pytest.skip("SQLite undoes the one statement and goes on")

    def swallow(connection: Connection) -> None:
        ADD.ask(connection, _row("a"))
        with suppress(IntegrityError):
            ADD.ask(connection, _row("a")).rows()

    with pytest.raises((RuntimeError, DBAPIError)):
        _write(database, swallow)
    assert _keys(service) == []


def test_connection_that_broke_is_told_and_replaced(service, database):
    """Broken between two statements, then between an answer and the commit."""
    if not _is_postgresql(service):
        pytest.skip("a file does not hang up")
    own = select(func.pg_backend_pid())

    def hang_up(connection: Connection) -> Answer:
        pid = connection.execute(own).scalar_one()
        with database.engine.connect() as other:
            other.execute(select(func.pg_terminate_backend(pid)))
        return ADD.ask(connection, _row("lost"))

    for act in (hang_up, lambda connection: hang_up(connection).rows()):
        with pytest.raises(DBAPIError) as broken:
            _write(database, act)
        assert broken.value.connection_invalidated
        assert _keys(service) == []


def test_value_of_an_unknown_type_is_refused(database):
    """Before anything is sent."""
    with pytest.raises((TypeError, DBAPIError)), database.write() as connection:
        ADD.ask(connection, {"key": "a", "number": object(), "content": None})


def test_check_undoes_and_a_rehearsal_does_not_wait_for_it(service, database):
    """At the end of a real transaction, at once in one that has no end."""
    reached = []

    def refuse() -> None:
        raise WalletError("not-found")

    def act(connection: Connection) -> None:
        ADD.ask(connection, _row("a"))
        expect(connection, refuse)
        reached.append("went on")

    with pytest.raises(WalletError):
        _write(database, act)
    with database.rehearsal() as connection, pytest.raises(WalletError):
        act(connection)
    assert reached == ["went on"]
    assert _keys(service) == []


def test_only_a_write_has_an_ending(service):
    """Elsewhere a row of the journal would be noted and never written."""
    with service.database.engine.begin() as connection, pytest.raises(RuntimeError, match="with Database"):
        _append(connection, 1)
    with service.database.write() as connection:
        pass
    with pytest.raises(RuntimeError, match="with Database"), service.database.read() as connection:
        at_end(connection, object())


def test_insert_once_says_whether_it_inserted(database):
    """On both ways of asking."""
    with database.write() as connection:
        assert insert_once(connection, SCRATCH, _row("a"))
        assert not insert_once(connection, SCRATCH, _row("a"))


# The journal's rows, which the engine links


def _append(connection, number: int, detail: str = "x") -> None:
    audit.append(
        connection,
        "licence",
        now=1_000 + number,
        actor_id=f"{number:032x}",
        act="loss",
        subject_id=f"{number:032x}",
        detail={"points": number, "text": detail},
    )


def test_engine_links_rows_as_python_verifies_them(service):
    """Whatever a detail holds; several rows of one transaction, several transactions, two chains."""
    seed = random.randrange(2**32)
    print("seed", seed)
    draw = random.Random(seed)
    texts = ['"', "\\", "é\u2028", "%s%%", "$1", "'", "\x7f", "\U0001f600", '"previous":"', "\t\n"]
    for start in range(0, 60, 3):
        with service.database.write() as connection:
            for number in range(start, start + draw.randint(1, 3)):
                _append(connection, number, "".join(draw.choices(texts, k=draw.randint(0, 9))))
    with service.database.read() as connection:
        rows = list(journal.rows(connection, "licence"))
        assert len(rows) >= 20
        previous = journal.ORIGIN
        for place, row in enumerate(rows, 1):
            assert (row.sequence, row.previous) == (place, previous)
            assert row.digest == row.computed(place, previous)
            previous = row.digest
        assert journal.head_of(connection, "licence") == (len(rows), previous)


def test_act_whose_chain_lost_its_head_is_not_committed(service, database):
    """The row finds no number, and without the row nothing of the act stays."""
    head = tables.audit_head
    with service.database.write() as connection:
        _append(connection, 1)
    with service.database.write() as connection:
        _append(connection, 2)  # the connection has seen the head now
    with service.database.write() as connection:
        connection.execute(delete(head).where(head.c.authority_id == "licence"))

    def act(connection: Connection) -> None:
        ADD.ask(connection, _row("a"))
        _append(connection, 3)

    with pytest.raises(IntegrityError):
        _write(database, act)
    assert _keys(service) == []
    with service.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM audit_entry")).scalar_one() == 2
