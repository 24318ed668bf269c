"""The statements of the issuing road read by an index, whatever the number of credentials."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from wallet_api.issuance import store

ROAD = {
    "keys known": store._keys_known(4),
    "live": store._LIVE,
    "live on a phone": store._LIVE_ON_WALLET,
    "with cause": store._with_cause(4),
    "taken": store._taken(store.ListKind.STATUS, 4),
    "taken points": store._taken(store.ListKind.POINTS, 4),
    "mark": store._mark(4),
}


def _plan(service, sql: str) -> str:
    with service.database.read() as connection:
        values = (None,) * sql.count("?")  # the plan is the same for any
        return "\n".join(row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values))


@pytest.fixture(params=["sqlite"])
def settings(made_home, tmp_path):
    """SQLite's planner says what it searches even where there is no row."""
    shutil.copytree(made_home.home, tmp_path / "home")
    return replace(made_home, home=tmp_path / "home")


@pytest.mark.parametrize("name", ROAD)
def test_statement_searches_and_scans_nothing(name, service):
    """A scan of every credential would make the hundred-thousandth cost more than the first."""
    plan = _plan(service, ROAD[name].text(service.database.engine.dialect))
    assert "SEARCH" in plan
    assert "SCAN" not in plan


def test_scan_would_be_seen(service):
    """The question without its authority is such a scan."""
    assert "SCAN credential" in _plan(
        service, "SELECT count(*) FROM credential WHERE device_key_hash IN ('0')"
    )
