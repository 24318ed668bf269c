"""The statements of the issuing road read by an index, whatever the number of credentials."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from sqlalchemy import text

from wallet_api.issuance import store

ROAD = {
    "keys known": (store._KEYS_KNOWN, {"hashes": ["0" * 64]}),
    "live": (store._LIVE, {"authority": "licence", "document": "0" * 32, "now": 0}),
    "with cause": (
        store._WITH_CAUSE,
        {"authority": "licence", "ids": ["0" * 32], "of": "superseded", "now": 0},
    ),
    "taken": (store._TAKEN[store.ListKind.STATUS], {"authority": "licence", "list": 1, "drawn": [1]}),
}


def _plan(service, statement, values) -> str:
    named = statement.params(**values).compile(
        service.database.engine, compile_kwargs={"literal_binds": True, "render_postcompile": True}
    )
    with service.database.read() as connection:
        return "\n".join(row[-1] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {named}")))


@pytest.fixture(params=["sqlite"])
def settings(made_home, tmp_path):
    """SQLite's planner says what it searches even where there is no row."""
    shutil.copytree(made_home.home, tmp_path / "home")
    return replace(made_home, home=tmp_path / "home")


@pytest.mark.parametrize("name", ROAD)
def test_statement_searches_and_scans_nothing(name, service):
    """A scan of every credential would make the hundred-thousandth cost more than the first."""
    plan = _plan(service, *ROAD[name])
    assert "SEARCH" in plan
    assert "SCAN credential" not in plan
    assert "SCAN status_cause" not in plan


def test_scan_would_be_seen(service):
    """The question without its authority is such a scan."""
    with service.database.read() as connection:
        rows = connection.execute(
            text("EXPLAIN QUERY PLAN SELECT count(*) FROM credential WHERE device_key_hash IN ('0')")
        )
        assert "SCAN credential" in "\n".join(row[-1] for row in rows)
