"""What is held about a person: told whole and without secrets, erased where nothing obliges to keep it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from tests.wallet_api.citizens import LICENCE, Citizen, take_both
from tests.wallet_api.offline_terminals import POLICE, Roadside, collect
from tests.wallet_api.simulated_wallet import SimulatedWallet, code_of
from wallet_api import audit, tables
from wallet_api.held.catalogue import ABOUT, ABOUT_NOBODY, PEOPLE, SECRET

DAY = 86_400
ROAD, PROOF = "driving_licence.road_check.cbor", "driving_licence.proof.cbor"


@pytest.fixture
def citizen(client, keys_of_roles):
    """Sign in as one of the invented citizens."""
    return lambda name: Citizen(client, lambda acr=None: keys_of_roles.of(name, acr=acr))


@pytest.fixture
def phone(client, clock) -> SimulatedWallet:
    return SimulatedWallet(client, clock)


def _rows(export, what: str) -> list[dict]:
    return next(one["rows"] for one in export["holdings"] if one["what"] == what)


def _kept(answer) -> dict[str, dict]:
    return {one["what"]: one for one in answer["kept"]}


def _everything(service) -> dict[str, list[dict]]:
    with service.database.read() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in tables.metadata.sorted_tables
        }


def test_every_table_says_whether_it_is_about_people():
    """A new table, or a new column that holds a hash or an official's id, is put into the catalogue or fails here."""
    about = {one.what for one in ABOUT}
    assert about | set(ABOUT_NOBODY) == set(tables.metadata.tables)
    assert not about & set(ABOUT_NOBODY)
    for one in ABOUT:
        assert set(one.kept_back) <= set(one.table.columns.keys())
        for column in one.table.columns.keys():  # noqa: SIM118 - a collection of columns, no mapping
            if column.endswith(("_hash", "thumbprint")):
                assert one.kept_back[column] == SECRET, (one.what, column)
            if column in {"actor_id", "proposer_id", "decided_by"} and column != one.column:
                assert one.kept_back[column] == PEOPLE, (one.what, column)
        assert one.period("fr") != one.period("en")


def test_export_holds_every_row_about_the_person_and_no_secret(
    service, clock, citizen, offer, phone, official, client
):
    """Whatever row of any table bears an id of hers is told, and nothing of Yanis; no code, token, key or official."""
    made = offer("camille", LICENCE)
    take_both(phone, offer, "camille")
    phone.get(ROAD, 2)
    phone.get("driving_licence.proof.cbor.paper")
    SimulatedWallet(client, clock).take(offer("yanis", LICENCE).uri)
    agnes = official("agnes")
    document_id = made.document_id
    assert agnes.withdraw(document_id, 2, "D-1").status_code == 201
    path = f"/authority/licences/{document_id}/suspensions"
    assert agnes.post(path, {"decision_reference": "S-1", "until": "2026-12-24"}).status_code == 201
    camille = citizen("camille")
    camille.post("/me/devices/losses")
    export = camille.get("/me/holdings")
    text = json.dumps(export)
    told = {one["what"]: one["rows"] for one in export["holdings"]}
    held = _everything(service)
    hers = {one["document_id"] for one in told["document"]}
    assert len(hers) == 2
    for what in ("document", "offer", "wallet", "credential", "measure", "points_entry", "access_grant"):
        expected = [one for one in held[what] if one["document_id"] in hers]
        assert len(told[what]) == len(expected), what
        assert expected, what
    for row in held["audit_entry"]:
        if row["subject_id"] in hers and row["act"] != "holdings_told":
            assert row["sequence"] in {one["sequence"] for one in told["audit_entry"]}
    for row in [one for one in held["document"] if one["document_id"] not in hers]:
        assert row["document_id"] not in text
        assert row["registry_reference"] not in text
    secrets = [
        value
        for about in ABOUT
        for row in held[about.what]
        for column, why in about.kept_back.items()
        if why in {SECRET, PEOPLE} and isinstance(value := row[column], str) and value != "0" * 32
    ]
    assert len(secrets) > 20
    assert not [one for one in secrets if one in text]
    assert code_of(made.uri) not in text
    assert phone.refresh not in text


def test_acts_that_may_never_count_are_not_told(service, application, clock, citizen, offer, official):
    """Inside the window of cancellation neither row nor journal says anything; nor does an open request."""
    document_id = offer("camille", LICENCE).document_id
    application.state.service = replace(service, settings=replace(service.settings, cancel_seconds=300))
    camille, agnes = citizen("camille"), official("agnes")
    before = camille.get("/me/holdings")
    agnes.withdraw(document_id, 2, "D-1")
    path = f"/authority/licences/{document_id}"
    assert agnes.post(f"{path}/revocations", {"decision_reference": "X-1"}).status_code == 202
    agnes.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    during = camille.get("/me/holdings")
    for what in ("document", "points_balance", "points_entry", "measure", "act_proposal", "status_cause"):
        assert _rows(during, what) == _rows(before, what)
    assert "S-1" not in json.dumps(during)
    clock.instant += 301
    after = camille.get("/me/holdings")
    assert [one["decision_reference"] for one in _rows(after, "measure")] == ["S-1"]
    assert _rows(after, "act_proposal") == []
    assert "suspension" in {one["act"] for one in _rows(after, "audit_entry")}


def test_erasure_without_an_end_spares_what_is_in_use(citizen, offer, phone):
    """Only what is over goes: a taken offer; the phone goes on."""
    take_both(phone, offer, "camille")
    phone.get(PROOF)
    answer = citizen("camille").post("/me/erasures", {"end_documents": False})
    assert (answer["ended_credentials"], answer["erased"]) == (0, {"offer": 2})
    assert phone.get(PROOF)


def test_erasure_ends_documents_and_terminals_refuse_them_until_they_are_gone(
    service, clock, tmp_path, citizen, offer, phone, official
):
    """Phone and sheet are refused at once; rows stay until no terminal can be shown them, points as the law has it."""
    take_both(phone, offer, "camille")
    held = collect(phone, ROAD)
    sheet = collect(phone, "driving_licence.proof.cbor.paper")
    document_id = offer("camille", LICENCE).document_id
    official("agnes").withdraw(document_id, 2, "D-1")
    camille = citizen("camille")
    answer = camille.post("/me/erasures", {"end_documents": True})
    assert answer["ended_credentials"] == 2
    kept = _kept(answer)
    assert kept["points_entry"]["source"] == "Code de la route L225-2"
    assert datetime.fromisoformat(kept["points_entry"]["until"]).year == 2029
    assert datetime.fromisoformat(kept["audit_entry"]["until"]).year == 2029
    assert "an" in kept["credential"]["period_fr"]
    roadside = Roadside(service, tmp_path / "terminals", clock)
    roadside.learn()
    assert roadside.judge(held, POLICE)["reason"] == "DEVICE_REVOKED"
    assert roadside.judge(sheet, POLICE)["reason"] == "REVOKED"
    clock.instant += (180 + 32) * DAY
    again = camille.post("/me/erasures", {"end_documents": True})
    assert (again["erased"]["credential"], again["erased"]["wallet"]) == (2, 1)
    left = _everything(service)
    assert [one for one in left["credential"] if one["document_id"] == document_id] == []
    assert len(left["list_tombstone"]) == 2
    assert [one["points"] for one in left["points_entry"] if one["decision_reference"] == "D-1"] == [2]
    assert camille.get("/me/points")["balance"] == 10
    with service.database.read() as connection:
        assert audit.verify(connection, "licence") is None


def test_document_without_any_decision_goes_whole_and_can_be_opened_again(
    service, citizen, offer, phone, clock, client
):
    """Nothing was decided here: of the card and of the licence only the journal remains; a new offer opens them anew."""
    take_both(phone, offer, "camille")
    camille = citizen("camille")
    answer = camille.post("/me/erasures", {"end_documents": True})
    assert answer["erased"]["document"] == 2
    left = _everything(service)
    for what in ("document", "offer", "wallet", "credential", "points_entry", "points_balance"):
        assert left[what] == [], what
    assert [one["act"] for one in left["audit_entry"] if one["act"] == "erased"] == ["erased"] * 2
    new = SimulatedWallet(client, clock)
    assert new.take(camille.post("/me/documents/driving_licence/offers")["offer"]).status_code == 200
    assert new.get(ROAD)


def test_erasure_sent_twice_is_one_act(service, citizen, offer, phone):
    """The stored answer comes back, and the journal has one row for each document."""
    take_both(phone, offer, "camille")
    camille = citizen("camille")
    first = camille.post("/me/erasures", {"end_documents": True}, key="the-same-key-twice")
    assert camille.post("/me/erasures", {"end_documents": True}, key="the-same-key-twice") == first
    acts = [one["act"] for one in _everything(service)["audit_entry"]]
    assert acts.count("erased") == 2
