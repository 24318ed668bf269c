"""What one request sees before it has its turn may be over when it has it: pauses, erasures and purges that overtake."""

from __future__ import annotations

import threading

import pytest

from tests.wallet_api.citizens import Citizen, code_of
from tests.wallet_api.conftest import LICENCE
from tests.wallet_api.findings import findings
from wallet_api.issuance import documents
from wallet_api.publication.run import publish_now
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.retention import purge as purging
from wallet_api.retention import rules
from wallet_api.retention import store as retention
from wallet_api.retention.periods import Kept
from wallet_api.retention.purge import purge
from wallet_api.wallets import routes

ROAD = "driving_licence.road_check.cbor"
DAY = 86_400
pytestmark = pytest.mark.postgres


@pytest.fixture
def camille(client, keys_of_roles) -> Citizen:
    return Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))


@pytest.fixture
def overtaken(monkeypatch):
    """Something happens once, between the moment when a phone is recognised and its turn."""

    def by(act) -> None:
        inner = routes.authenticate

        def recognise(*given, **more):
            found = inner(*given, **more)
            monkeypatch.setattr(routes, "authenticate", inner)
            act()
            return found

        monkeypatch.setattr(routes, "authenticate", recognise)

    return by


@pytest.fixture
def only(monkeypatch):
    """Purge by one rule alone."""

    def rule(kept: Kept) -> None:
        monkeypatch.setattr(purging, "RULES", [one for one in rules.RULES if one.period.kept is kept])

    return rule


def test_pause_of_the_holder_stands_when_that_of_the_phone_was_under_way(
    service, wallet, clock, camille, overtaken
):
    """The phone's pause had been recognised first: it changes nothing, and the phone does not take up again."""
    wallet.get(ROAD)
    (mine,) = [one["wallet_id"] for one in camille.get("/me/devices")["items"]]

    def pause() -> None:
        camille.post(f"/me/devices/{mine}/pause")
        clock.instant += 1

    overtaken(pause)
    assert wallet.post("/wallet/pause", {}).status_code == 204
    assert findings(service) == []
    assert code_of(wallet.post("/wallet/resume", {})) == "paused-elsewhere"


def test_pause_sent_twice_at_once_is_one(service, wallet, clock, overtaken):
    """Two taps, or a retry after silence."""
    wallet.get(ROAD)

    def pause() -> None:
        assert wallet.post("/wallet/pause", {}).status_code == 204
        clock.instant += 1

    overtaken(pause)
    assert wallet.post("/wallet/pause", {}).status_code == 204
    assert findings(service) == []
    assert wallet.post("/wallet/resume", {}).status_code == 204
    assert findings(service) == []


def test_erasure_while_the_journal_is_purged_is_no_alarm(service, wallet, clock, camille, monkeypatch, only):
    """The purge had found the phone still there; its row comes after that of the erasure."""
    if service.database.engine.dialect.name == "sqlite":
        return  # there a purge and an erasure never overlap
    wallet.get(ROAD)
    publish_now(service)
    clock.instant += 3 * 366 * DAY + 100
    drop = retention.drop_journal

    def late(*given):
        monkeypatch.setattr(retention, "drop_journal", drop)
        camille.post("/me/erasures", {"end_documents": True})
        return drop(*given)

    monkeypatch.setattr(retention, "drop_journal", late)
    only(Kept.AUDIT)
    assert [one.authority_id for one in purge(service) if one.rows] == ["licence"]
    assert findings(service) == []


def test_purge_leaves_a_document_that_is_just_being_used(
    service, clock, camille, official, monkeypatch, only
):
    """It waits for the mandate, or the offer, and then finds that something rests on the document."""
    reference = {"registry_reference": PEOPLE["camille"].references[LICENCE]}
    found = official("agnes").post("/authority/licences/searches", reference).json()["document_id"]
    clock.instant += 400 * DAY
    aidant_id = official("jeanne").get("/aidant").json()["aidant_id"]
    only(Kept.DOCUMENTS)
    purged, find = [], documents.find_document
    other = threading.Thread(target=lambda: purged.extend(one.rows for one in purge(service)))

    def then_purge(*given, lock=False, **more):
        known = find(*given, lock=lock, **more)
        if lock and not other.ident:
            other.start()
            other.join(0.5)  # it waits for us, or else it takes the document now
        return known

    monkeypatch.setattr(documents, "find_document", then_purge)
    body = {"aidant_id": aidant_id, "document_type": "driving_licence", "days": 31}
    assert camille.send("POST", "/me/mandates", body).status_code == 201
    other.join()
    assert sum(purged) == 0
    again = official("agnes").post("/authority/licences/searches", reference).json()["document_id"]
    assert again == found
