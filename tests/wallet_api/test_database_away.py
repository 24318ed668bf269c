"""The database goes away under the service: a problem document meanwhile, and work again afterwards."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from tests.wallet_api import postgres_cluster
from wallet_api.database import Database
from wallet_api.settings import DatabaseLimits
from wallet_api.wiring import Service, wire


@pytest.fixture
def own_postgres() -> Iterator[str]:
    """A cluster that no other test uses."""
    postgres_cluster.need()
    with postgres_cluster.cluster() as address:
        yield address


@pytest.fixture
def service_there(own_postgres: str, made_home, tmp_path: Path) -> Iterator[Service]:
    """A service whose tables lie in that cluster."""
    shutil.copytree(made_home.home, tmp_path / "home")
    limits = DatabaseLimits(pool=2, lock=1, statement=1)
    settings = replace(made_home, home=tmp_path / "home", database_url=own_postgres, database_limits=limits)
    service = wire(settings)
    service.database.migrate()
    yield service
    service.database.close()


def _nonce(client: TestClient) -> tuple[int, str]:
    answer = client.post("/nonce")
    return answer.status_code, answer.json().get("type", "").rpartition("/")[2]


@pytest.mark.postgres
def test_database_that_went_away_is_a_problem_document_and_comes_back(
    application: FastAPI, service_there: Service, own_postgres: str
):
    """503 while the server is down, readiness says no, the process lives; the first request after the start works."""
    application.state.service = service_there
    client = TestClient(application, base_url="http://testserver", raise_server_exceptions=False)
    assert _nonce(client) == (200, "")
    postgres_cluster.stop(own_postgres)
    for _ in range(3):
        assert _nonce(client) == (503, "database-unavailable")
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
    assert "lp_published_timestamp_seconds -1.0" in client.get("/metrics").text
    assert "lp_lists_age_seconds -1.0" in client.get("/metrics").text
    assert "lp_publication_age_seconds -1.0" in client.get("/metrics").text
    postgres_cluster.start(own_postgres)
    assert _nonce(client) == (200, "")


@pytest.mark.postgres
def test_restart_between_two_requests_costs_one_answer(
    application: FastAPI, service_there: Service, own_postgres: str
):
    """The pool's connections broke unseen: the request that meets one is refused, the next one connects afresh."""
    application.state.service = service_there
    client = TestClient(application, base_url="http://testserver", raise_server_exceptions=False)
    assert _nonce(client) == (200, "")
    postgres_cluster.stop(own_postgres)
    postgres_cluster.start(own_postgres)
    assert _nonce(client) == (503, "database-unavailable")
    assert [_nonce(client) for _ in range(3)] == [(200, "")] * 3


@pytest.mark.postgres
def test_lock_that_somebody_keeps_is_waited_for_no_longer_than_the_setting(
    application: FastAPI, service_there: Service, own_postgres: str
):
    """LP_LOCK_SECONDS: an answer after a second, not a thread that hangs."""
    application.state.service = service_there
    client = TestClient(application, base_url="http://testserver", raise_server_exceptions=False)
    stranger = create_engine(own_postgres.replace("postgresql:", "postgresql+psycopg:"))
    with stranger.begin() as connection:
        connection.execute(text("LOCK TABLE nonce IN ACCESS EXCLUSIVE MODE"))
        started = time.monotonic()
        assert _nonce(client) == (503, "database-unavailable")
        assert 0.9 < time.monotonic() - started < 20
    stranger.dispose()
    assert _nonce(client) == (200, "")


@pytest.mark.postgres
def test_statement_that_runs_too_long_is_given_up_unless_it_may_take_its_time(service_there: Service):
    """LP_STATEMENT_SECONDS bounds requests, not migrations, publication and backup."""
    from sqlalchemy.exc import OperationalError

    with pytest.raises(OperationalError), service_there.database.read() as connection:
        connection.execute(text("SELECT pg_sleep(20)"))
    with service_there.database.read(patient=True) as connection:
        connection.execute(text("SELECT pg_sleep(1.2)"))
    with service_there.database.read() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "1s"


def test_options_of_the_address_itself_win():
    """Whoever writes a search path or a limit into LP_DATABASE_URL meant it."""
    database = Database("postgresql://x@/y?options=-c%20statement_timeout%3D7s")
    arguments = database.engine.dialect.create_connect_args(database.engine.url)[1]
    assert arguments["options"] == "-c statement_timeout=7s"
    from wallet_api.database import _connect_arguments

    made = _connect_arguments(database.engine.url, DatabaseLimits())["options"]
    assert made.startswith("-c lock_timeout=10s -c statement_timeout=30s")
    assert made.endswith("-c statement_timeout=7s")


def test_busy_sqlite_is_a_problem_document(application: FastAPI, made_home, tmp_path, monkeypatch):
    """Another program keeps the write lock longer than we wait."""
    monkeypatch.setattr("wallet_api.database.BUSY_MILLISECONDS", 100)
    shutil.copytree(made_home.home, tmp_path / "home")
    service = wire(replace(made_home, home=tmp_path / "home"))
    application.state.service = service
    client = TestClient(application, base_url="http://testserver", raise_server_exceptions=False)
    stranger = sqlite3.connect(tmp_path / "home" / "database.sqlite", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    assert _nonce(client) == (503, "database-unavailable")
    stranger.execute("ROLLBACK")
    stranger.close()
    assert _nonce(client) == (200, "")
    service.database.close()
