"""The road of an act on PostgreSQL: a withdrawal of points with its row in the journal, beside a bare driver.

Both sides are one process with eight connections, one for each thread, on one cluster that the run starts, in rounds that
take turns. The bare driver commits the same rows: it is told what to write, reads nothing, decides nothing, hashes
nothing. Each side has a database of its own, with the same tables and indexes. Rates are of wall time.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy
from sqlalchemy import func, literal_column, select

from credentials.spec import DocumentType
from tests.durability.durable_cluster import durable_cluster
from tests.wallet_api.postgres_cluster import why_not
from wallet_api.access import Actor
from wallet_api.authority.perform import ActTerms
from wallet_api.drill.crowd import Crowd, reference
from wallet_api.home import make_home
from wallet_api.issuance.documents import open_document
from wallet_api.points.routes import withdraw_points
from wallet_api.points.schemas import WithdrawalBody
from wallet_api.roles import AccessRole
from wallet_api.settings import Settings
from wallet_api.statement import Statement
from wallet_api.wiring import Service, wire

from .paired import SEED, VOID_SPREAD, Ratio, spread

CONNECTIONS: Final = 8
ROUNDS: Final = 21
ACTS: Final = 40  # of each process in a round
GOAL: Final = 0.6
_EACH: Final = 6  # withdrawals of one point from one licence
_CLERK: Final = 100  # acts of one clerk, who may do so many in an hour (LP_ACTS_PER_HOUR)
Act = Callable[[int], None]
Side = Callable[[Settings, str], Callable[[list[str], int], Act]]


def ratios() -> Iterator[Ratio]:
    """One ratio, of rates: goal at least 0.6."""
    reason = why_not()
    if reason is not None:
        print(f"  write path: not measured, {reason}", file=sys.stderr)
        return
    with durable_cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        yield compare(cluster.address("postgres"), Path(folder))


def compare(
    address: str, folder: Path, ours: Side | None = None, *, rounds: int = ROUNDS, acts: int = ACTS
) -> Ratio:
    """The service beside the bare driver, or `ours` in the service's place."""
    settings, documents = _populated(address, folder, acts * rounds)
    _copy(address)
    with _processes(settings, address, documents, ours or _service_side) as (candidate, base):
        for side in (candidate, base):
            _seconds(side, 5)  # connections, caches, prepared statements
        _analyze(address)
        pairs = []
        order = random.Random(SEED)
        for number in range(rounds):
            times = {}
            for side in order.sample((0, 1), 2):
                times[side] = _seconds((candidate, base)[side], acts)
            pairs.append((times[0], times[1]))
            print(f"\r  write path: round {number + 1}/{rounds}", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    width = spread([bare for _, bare in pairs])
    each = CONNECTIONS * acts
    return Ratio(
        "withdrawal with its journal row",
        None if width > VOID_SPREAD else round(statistics.median(bare / ours for ours, bare in pairs), 3),
        GOAL,
        "at_least",
        f"bare commits of the same rows, {CONNECTIONS} connections",
        len(pairs),
        statistics.median(ours for ours, _ in pairs) / each,
        statistics.median(bare for _, bare in pairs) / each,
        round(width, 3),
    )


def _populated(address: str, folder: Path, acts: int) -> tuple[Settings, list[str]]:
    """A service with as many licences as `acts` of each thread need."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ours")
    environment = {
        "LP_DATABASE_URL": address.replace("/postgres?", "/ours?"),
        "LP_ADDRESS_PER_MINUTE": "0",
        "LP_CALLER_PER_MINUTE": "0",
    }
    made = make_home(environment, folder / "home", base_url="http://127.0.0.1:8000", demo=True)
    service = wire(made.settings, licences=Crowd(made.settings), environment={})
    count = CONNECTIONS * ((acts + 10) // _EACH + 1)
    documents = []
    for start in range(0, count, 100):
        with service.database.write() as connection:
            documents += [
                open_document(service, connection, DocumentType.DRIVING_LICENCE, reference(number))
                for number in range(start, min(start + 100, count))
            ]
    service.database.close()
    return made.settings, documents


def _copy(address: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare TEMPLATE ours")
        connection.execute("CHECKPOINT")


def _analyze(address: str) -> None:
    """Tables so young have no statistics yet; a server gathers them by itself within minutes."""
    for name in ("ours", "bare"):
        with psycopg.connect(address.replace("/postgres?", f"/{name}?"), autocommit=True) as connection:
            connection.execute("ANALYZE")


@contextmanager
def _processes(
    settings: Settings, address: str, documents: list[str], ours: Side
) -> Iterator[tuple[Connection, Connection]]:
    """One of each side, at the other end of a pipe."""
    context = get_context("spawn")
    started, sides = [], []
    for side in (ours, _bare_side):
        near, far = context.Pipe()
        process = context.Process(target=_work, args=(side, far, settings, address, documents), daemon=True)
        process.start()
        started.append(process)
        near.recv()
        sides.append(near)
    try:
        yield sides[0], sides[1]
    finally:
        for process in started:
            process.kill()
            process.join()


def _seconds(side: Connection, acts: int) -> float:
    """Wall time until every thread has committed so many."""
    start = time.perf_counter()
    side.send(acts)
    side.recv()
    return time.perf_counter() - start


def _work(side: Side, pipe: Connection, settings: Settings, address: str, documents: list[str]) -> None:
    make = side(settings, address)
    share = len(documents) // CONNECTIONS
    acts = [make(documents[number * share : (number + 1) * share], number) for number in range(CONNECTIONS)]
    done = 0
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        pipe.send("ready")
        while True:
            wanted = pipe.recv()
            list(pool.map(_repeat, acts, [range(done, done + wanted)] * CONNECTIONS))
            done += wanted
            pipe.send(done)


def _repeat(act: Act, numbers: range) -> None:
    for number in numbers:
        act(number)


def _service_side(settings: Settings, _: str) -> Callable[[list[str], int], Act]:
    """What the endpoint runs once its request is read: the body validated, the act, its answer."""
    service = wire(settings, licences=Crowd(settings), environment={})
    return lambda documents, number: partial(_withdraw, service, documents, number)


def _withdraw(service: Service, documents: list[str], number: int, done: int) -> None:
    clerk = f"{number:04}{done // _CLERK:028}"
    actor = Actor("licence", AccessRole.CLERK, clerk)
    body = WithdrawalBody.model_validate_json(
        f'{{"decision_reference":"B-{number}-{done}","points":1,"offence_class":"contravention_4",'
        '"committed_on":"2026-10-12","established_on":"2026-10-30"}'
    )
    terms = ActTerms(f"key-{number:04}-{done:012}")
    answer = withdraw_points(service, actor, documents[done // _EACH], body, terms)
    if answer.status_code != 201:
        raise RuntimeError(answer.status_code)


def slowed_side(settings: Settings, address: str) -> Callable[[list[str], int], Act]:
    """The planted fault: the service, with the journal locked twenty milliseconds longer in each act."""
    from wallet_api.audit import store

    add_row, wait = store.add_row, Statement(select(func.pg_sleep(literal_column("0.02"))))

    def slow(connection: sqlalchemy.Connection, *arguments: Any) -> None:
        add_row(connection, *arguments)
        wait.ask(connection, {})

    store.add_row = slow
    return _service_side(settings, address)


_HASH: Final = "0123456789abcdef" * 4
_ANSWER: Final = (
    '{"entry_id":"' + "0" * 32 + '","applied":-1,"balance":11,"cap":12,"state":"VALIDE"}' + " " * 120
)
_DETAIL: Final = '{"annuls":null,"entries":1,"entry":"' + "0" * 32 + '","points":1,"released":1790000000}'
_STATEMENTS: Final = (
    (
        "INSERT INTO idempotency (authority_id, key_hash, request_hash, actor_id, counted, status, answer, recorded_at)"
        " VALUES ('licence', %(key)s, %(hash)s, %(actor)s, 1, 201, %(answer)s, %(now)s)"
    ),
    (
        "UPDATE document SET version = version + 1"
        " WHERE authority_id = 'licence' AND document_id = %(document)s AND document_type = 'driving_licence'"
    ),
    (
        "INSERT INTO points_entry (authority_id, entry_id, document_id, sequence, kind, decision_reference, points, applied,"
        " first_day, last_day, offence_class, attempt, recorded_at, released_at, actor_id) VALUES ('licence', %(entry)s,"
        " %(document)s, %(place)s, 'loss', %(decision)s, 1, -1, '2026-10-12', '2026-10-30', 'contravention_4', 0, %(now)s,"
        " %(now)s, %(actor)s)"
    ),
    (
        "UPDATE points_balance SET balance = 11, cap = 12, state = 'VALIDE', invalid_since = NULL, probation_end = NULL,"
        " next_change_at = %(now)s, as_of = %(now)s, version = version + 1"
        " WHERE authority_id = 'licence' AND document_id = %(document)s"
    ),
)
_HEAD: Final = "UPDATE audit_head SET sequence = sequence + 1, digest = %(hash)s WHERE authority_id = 'licence' RETURNING sequence"
_JOURNAL: Final = (
    "INSERT INTO audit_entry (authority_id, sequence, recorded_at, actor_id, act, subject_id, detail, previous, digest)"
    " VALUES ('licence', %(sequence)s, %(now)s, %(actor)s, 'loss', %(document)s, %(detail)s, %(hash)s, %(hash)s)"
)


def _bare_side(_: Settings, address: str) -> Callable[[list[str], int], Act]:
    return lambda documents, number: partial(
        _commit_rows, psycopg.connect(address.replace("/postgres?", "/bare?")), documents, number
    )


def _commit_rows(
    connection: psycopg.Connection[tuple[int]], documents: list[str], number: int, done: int
) -> None:
    row = {
        "hash": _HASH,
        "actor": f"{number:04}{done // _CLERK:028}",
        "answer": _ANSWER,
        "detail": _DETAIL,
        "now": 1_790_000_000,
        "key": f"{number:04}{done:060}",
        "document": documents[done // _EACH],
        "entry": f"{number:04}{done:028}",
        "decision": f"B-{number}-{done}",
        "place": 1_000 + done,
    }
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, row)
        (sequence,) = cursor.execute(_HEAD, row).fetchone() or (0,)
        cursor.execute(_JOURNAL, {**row, "sequence": sequence})
    connection.commit()
