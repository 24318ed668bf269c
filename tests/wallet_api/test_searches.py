"""No request of a person, and no look of the background loop, reads what there is of others: the planner's own words."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from tests.wallet_api.citizens import Citizen
from tests.wallet_api.conftest import approve
from wallet_api.publication.due import is_due
from wallet_api.publication.run import publish_now

SMALL = {
    "publication",
    "act_batch",
    "list_fill",
    "lease",
    "audit_head",
    "alembic_version",
    "audit_checkpoint",
    "terminal",
}
"""Tables of which the whole fits a page, or grows with the days alone."""
WHOLE = re.compile(r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX \w+)?(?: \(authority_id=\?\))?$")


@pytest.fixture(params=["sqlite"])
def settings(made_home, tmp_path):
    """SQLite's planner says what it searches even where there is no row."""
    shutil.copytree(made_home.home, tmp_path / "home")
    return replace(made_home, home=tmp_path / "home")


def _whole(service, texts) -> set[str]:
    """Tables that one of the statements reads from end to end, with the statement."""
    found = set()
    with service.database.read() as connection:
        for sql in {one for one in texts if one.lstrip().startswith(("SELECT", "UPDATE", "DELETE"))}:
            values = (None,) * max(sql.count("?"), *map(int, re.findall(r"\?(\d+)", sql) or [0]))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values):
                whole = WHOLE.match(row[-1])
                if whole and whole[2] not in SMALL and "LIMIT" not in sql:
                    found.add(f"{row[-1]}: {sql}")
    return found


def test_what_a_person_asks_and_does_is_searched_for(
    service, wallet, client, keys_of_roles, licence_authority, supervisor, statements
):
    """Everything under `/me`, acts on a licence, a proposal and its approval."""
    wallet.get("driving_licence.road_check.cbor")
    camille = Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))
    publish_now(service)
    statements.clear()
    path = f"/authority/licences/{wallet.document_id}"
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    assert licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"}).status_code == 201
    approve(supervisor, licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"}))
    assert licence_authority.get(path).status_code == 200
    for name in ("documents", "points", "credentials", "devices", "notices", "mandates", "holdings"):
        camille.get(f"/me/{name}")
    device = camille.get("/me/devices")["items"][0]["wallet_id"]
    camille.post(f"/me/devices/{device}/pause")
    camille.post("/me/devices/losses")
    camille.post("/me/erasures", {"end_documents": True})
    assert len(statements) > 100
    assert _whole(service, statements) == set()


def test_the_loop_looks_without_reading_everything(service, wallet, statements, clock):
    """Every few seconds, whether something is to be published."""
    wallet.get("driving_licence.road_check.cbor")
    publish_now(service)
    clock.instant += 60
    statements.clear()
    is_due(service)
    assert len(statements) > 5
    assert _whole(service, statements) == set()


def test_reading_everything_would_be_seen(service):
    """A question without a key, and one with the authority alone."""
    whole = [
        "SELECT * FROM measure WHERE reason_class = ?",
        "SELECT * FROM offer WHERE authority_id = ? AND attempts = 1",
    ]
    assert len(_whole(service, whole)) == len(whole)
