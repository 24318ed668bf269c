"""A row that nobody of ours wrote ends no publication by itself, and lets nobody look better than the database says."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest
from sqlalchemy import bindparam, text

from credentials.spec import LIST_SIZE, POINTS_NONE, Domain
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api.audit import acts
from wallet_api.publication import PublicationRefused
from wallet_api.publication.reading import read_edition
from wallet_api.publication.run import publish_now
from wallet_api.telemetry import Telemetry

pytestmark = pytest.mark.postgres
ROAD, PROOF = "driving_licence.road_check.cbor", "driving_licence.proof.cbor"
LICENCE = Domain.LICENCE


@pytest.fixture(autouse=True)
def _heard(caplog):
    caplog.set_level(logging.INFO, logger="wallet_api")


def _write(service, statement: str, **values: object) -> None:
    with service.database.write() as connection:
        done = connection.execute(text(statement).bindparams(*(bindparam(one) for one in values)), values)
        assert done.rowcount > 0


def _id_of(service, document_id: str) -> str:
    with service.database.read() as connection:
        query = text("SELECT credential_id FROM credential WHERE document_id = :one")
        return str(connection.execute(query, {"one": document_id}).scalar_one())


def _said(service):
    keys = service.keys
    found = read_edition(
        service.settings.published_folder, {one: keys.root_certificate(one) for one in Domain}
    )
    assert found is not None
    return found


def _status(service, claims) -> int:
    number = int(claims.status.uri.rpartition("/")[2])
    return _said(service).status[LICENCE, number].entries.get(claims.status.index)


def _points(service, claims) -> int:
    entry = claims.subject.points_entry
    return _said(service).points[entry.list_number].entries.get(entry.index)


def _logged(caplog) -> list[tuple[str, str, str]]:
    lines = [one.lp for one in caplog.records if one.getMessage() == "impossible_row"]
    return [(one["credential"], one["what"], one["outcome"]) for one in lines]


def _findings(service) -> set[str]:
    with service.database.read() as connection:
        return {one.fault.value for one in acts.compare(connection, LICENCE.value, service.clock.now())}


@pytest.fixture
def others(client, clock, offer):
    """Another person's road check, which waits for nobody's row."""
    phone, made = SimulatedWallet(client, clock), offer("ines")
    assert phone.take(made.uri).status_code == 200
    return made.document_id, phone.get(ROAD)[0]


@pytest.mark.parametrize(
    "change",
    [
        "points_index = NULL",
        "points_list = NULL",
        "points_list = NULL, points_index = NULL",
        "points_list = 99",
        f"points_index = {LIST_SIZE}",
        "points_index = -1",
    ],
)
def test_points_entry_without_a_place_is_left_out_and_everything_else_published(
    service, client, clock, wallet, others, licence_authority, caplog, change
):
    """Its terminal then shows the balance that it bears, which is no higher; log, metrics and the audit tell of the row."""
    wallet.get(ROAD)
    own = _id_of(service, wallet.document_id)
    clock.instant += 60
    document_id, other = others
    licence_authority.withdraw(document_id, 2, "D-1")
    _write(service, f"UPDATE credential SET {change} WHERE credential_id = :one", one=own)
    report = publish_now(service)
    assert [(one.credential_id, one.what, one.stops) for one in report.impossible] == [
        (own, "points_entry", False)
    ]
    assert _points(service, other) < POINTS_NONE
    assert _status(service, other) == 3
    assert _logged(caplog) == [(own, "points_entry", "left_out")]
    assert 'lp_publication_impossible_rows{effect="left_out"} 1.0' in client.get("/metrics").text
    note = client.get("/readyz").json()["publication_note"]
    assert "audit verify" in note["fr"]
    assert "audit verify" in note["en"]
    assert own not in json.dumps(note)
    assert "act_edited" in _findings(service)


def test_points_entry_without_a_place_stops_when_the_credential_bears_more(
    service, client, clock, wallet, licence_authority, caplog
):
    """Points were withdrawn since: without the entry the terminal would show those of before. Put back, all is published."""
    claims = wallet.get(ROAD)[0]
    own = _id_of(service, wallet.document_id)
    publish_now(service)
    before = _points(service, claims)
    clock.instant += 60
    assert licence_authority.withdraw(wallet.document_id, 2, "D-1").status_code == 201
    _write(service, "UPDATE credential SET points_index = NULL")
    with pytest.raises(PublicationRefused, match="audit verify") as refusal:
        publish_now(service)
    assert own in str(refusal.value)
    assert "rien n'est publié" in str(refusal.value)
    assert "nothing was published" in str(refusal.value)
    assert _points(service, claims) == before
    assert _logged(caplog) == [(own, "points_entry", "stops")]
    note = client.get("/readyz").json()["publication_note"]
    assert note["fr"].startswith("Rien n'est publié")
    assert note["en"].startswith("Nothing is published")
    index = claims.subject.points_entry.index
    _write(service, "UPDATE credential SET points_index = :one", one=index)
    assert publish_now(service).impossible == ()
    assert _points(service, claims) == before - 2
    assert client.get("/readyz").json()["publication_note"] is None


def test_revoked_road_check_without_a_points_entry_stops_nothing(service, clock, wallet, licence_authority):
    """Without points the licence ended: whatever it bears, it is refused."""
    claims = wallet.get(ROAD)[0]
    clock.instant += 60
    for number in range(2):
        licence_authority.withdraw(wallet.document_id, 6, f"D-{number}")
    _write(service, "UPDATE credential SET points_index = NULL")
    assert [one.stops for one in publish_now(service).impossible] == [False]
    assert _status(service, claims) == 1


@pytest.mark.parametrize("change", ["status_index = -1", "status_list = 99", f"status_index = {LIST_SIZE}"])
def test_suspended_credential_without_a_status_entry_stops(
    service, clock, wallet, licence_authority, caplog, change
):
    """It would look valid."""
    wallet.get(PROOF)
    own = _id_of(service, wallet.document_id)
    clock.instant += 60
    body = {"decision_reference": "S-1", "until": "2027-01-01"}
    licence_authority.post(f"/authority/licences/{wallet.document_id}/suspensions", body)
    _write(service, f"UPDATE credential SET {change}")
    with pytest.raises(PublicationRefused, match=own):
        publish_now(service)
    assert _logged(caplog) == [(own, "status_entry", "stops")]


def test_superseded_credential_without_a_status_entry_is_left_out(service, clock, wallet, caplog):
    """It is no refusal at the roadside; and without any cause nobody looks for its entry."""
    wallet.get(PROOF)
    own = _id_of(service, wallet.document_id)
    _write(service, "UPDATE credential SET status_index = -1")
    assert publish_now(service).impossible == ()
    clock.instant += 3_600
    wallet.renew()
    wallet.get(PROOF)
    publish_now(service)
    assert _logged(caplog) == [(own, "status_entry", "left_out")]


@pytest.mark.parametrize("change", ["cause_class = 'x'", "until = 999999999999", "since = -1"])
def test_cause_that_cannot_be_explained_counts_all_the_same(
    service, clock, wallet, licence_authority, caplog, change
):
    """The police read that it is suspended, and not why."""
    claims = wallet.get(PROOF)[0]
    own = _id_of(service, wallet.document_id)
    clock.instant += 60
    licence_authority.post(
        f"/authority/licences/{wallet.document_id}/suspensions", {"decision_reference": "S-1"}
    )
    _write(service, f"UPDATE status_cause SET {change}")
    publish_now(service)
    assert _status(service, claims) == 2
    assert _logged(caplog) == [(own, "explanation", "left_out")]


def test_cell_of_another_type_ends_no_publication(service, wallet):
    """SQLite keeps whatever type was written; PostgreSQL refuses it."""
    wallet.get(ROAD)
    if service.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL keeps numbers in columns of numbers")
    _write(service, "UPDATE credential SET points_index = 'x', status_index = 'y'")
    assert [one.what for one in publish_now(service).impossible] == ["points_entry"]


def test_tombstone_outside_every_list_stops_with_words(service):
    """What it revokes would look valid."""
    _write(service, "INSERT INTO list_tombstone VALUES ('licence', 99, 5, 5)")
    with pytest.raises(PublicationRefused, match="list_tombstone"):
        publish_now(service)


def test_ledger_that_cannot_be_read_stops_when_its_licence_is_due(
    service, client, wallet, clock, licence_authority, caplog
):
    """Points may have been lost since the stored balance; the licence is named, and so it is by the audit."""
    wallet.get(ROAD)
    licence_authority.withdraw(wallet.document_id, 2, "D-1")
    _write(service, "UPDATE points_entry SET last_day = '2026-99-99' WHERE kind = 'loss'")
    assert publish_now(service).impossible == ()
    _write(service, "UPDATE points_balance SET next_change_at = :now", now=clock.instant)
    with pytest.raises(PublicationRefused, match=wallet.document_id):
        publish_now(service)
    lines = [one.lp for one in caplog.records if one.getMessage() == "impossible_row"]
    assert lines == [{"document": wallet.document_id, "what": "ledger", "outcome": "stops"}]
    assert client.get("/readyz").json()["publication_note"]["en"].startswith("Nothing is published")
    assert "balance" in _findings(service)


def test_ordinary_publication_leaves_nothing_out(service, client, clock, wallet, others, licence_authority):
    """Points, suspensions, phones that renewed."""
    wallet.get(ROAD)
    licence_authority.withdraw(others[0], 2, "D-1")
    clock.instant += 3_600
    wallet.renew()
    wallet.get(ROAD)
    assert publish_now(service).impossible == ()
    assert 'lp_publication_impossible_rows{effect="stops"} 0.0' in client.get("/metrics").text


def test_licence_without_a_balance_stops(service, clock, wallet, licence_authority):
    """Without an entry a road check would show the points that it bears: more than the licence had after the decision."""
    wallet.get(ROAD)
    publish_now(service)
    clock.instant += 60
    licence_authority.withdraw(wallet.document_id, 2, "D-1")
    clock.instant += 400
    _write(service, "DELETE FROM points_balance")
    with pytest.raises(PublicationRefused, match="richer"):
        publish_now(service)


def test_note_ends_when_another_process_has_published(service, client, clock, wallet, licence_authority):
    """The operator put the row back and published from the command line."""
    wallet.get(ROAD)
    publish_now(service)
    clock.instant += 60
    licence_authority.withdraw(wallet.document_id, 2, "D-1")
    clock.instant += 400
    with service.database.read() as connection:
        place = connection.execute(text("SELECT points_index FROM credential")).scalar_one()
    _write(service, "UPDATE credential SET points_index = NULL")
    with pytest.raises(PublicationRefused):
        publish_now(service)
    assert client.get("/readyz").json()["publication_note"] is not None
    _write(service, "UPDATE credential SET points_index = :place", place=place)
    clock.instant += 30
    publish_now(replace(service, telemetry=Telemetry()))
    assert client.get("/readyz").json()["publication_note"] is None
