"""Mandates: an aidant obtains or renews for a person, for a time, journaled; never holds, never shows, never sees."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from tests.wallet_api.citizens import Citizen, code_of
from tests.wallet_api.conftest import Authority
from tests.wallet_api.offline_terminals import POLICE, Roadside, collect
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api import audit, tables
from wallet_api.identity.fictitious_callers import CALLERS
from wallet_api.roles import AccessRole

DAY = 86_400
ROAD = "driving_licence.road_check.cbor"


@pytest.fixture
def citizen(client, keys_of_roles):
    """Sign in as one of the invented citizens."""
    return lambda name: Citizen(client, lambda acr=None: keys_of_roles.of(name, acr=acr))


@pytest.fixture
def camille(citizen) -> Citizen:
    return citizen("camille")


@pytest.fixture
def jeanne(official) -> Authority:
    """An aidant."""
    return official("jeanne")


@pytest.fixture
def give(camille, jeanne):
    """Camille gives Jeanne a mandate."""

    def send(days: int = 31, document: str = "driving_licence"):
        aidant_id = jeanne.get("/aidant").json()["aidant_id"]
        return camille.post("/me/mandates", {"aidant_id": aidant_id, "document_type": document, "days": days})

    return send


@pytest.fixture
def redeem(client):
    """Type a code."""
    return lambda code, second="": client.post(
        "/activations/redemptions", json={"code": code, "second": second}
    )


def _use(jeanne, mandate, purpose="obtain"):
    return jeanne.post(f"/aidant/mandates/{mandate['mandate_id']}/activations", {"purpose": purpose})


def test_aidant_obtains_a_licence_that_arrives_on_the_persons_phone_alone(
    service, client, clock, tmp_path, give, jeanne, redeem, camille
):
    """The aidant's code is worth nothing without the person's own part; with it the person's phone gets the licence."""
    mandate = give()
    made = _use(jeanne, mandate).json()
    assert made["second"] is None
    assert code_of(redeem(made["code"])) == "second-part-wrong"
    answer = redeem(made["code"], mandate["personal_code"])
    assert answer.status_code == 201
    phone = SimulatedWallet(client, clock)
    phone.take(answer.json()["offer"])
    held = collect(phone, ROAD)
    roadside = Roadside(service, tmp_path / "terminals", clock)
    roadside.learn()
    assert roadside.judge(held, POLICE)["reason"] == "OK"
    assert camille.get("/me/mandates")["items"][0]["uses"] == 1
    assert len(camille.get("/me/devices")["items"]) == 1
    renewed = _use(jeanne, mandate, "renew").json()
    assert redeem(renewed["code"], mandate["personal_code"]).status_code == 201


def test_mandate_ends_at_its_date(give, jeanne, redeem, clock, camille):
    """To the second; a code made while it lived is worth nothing afterwards."""
    mandate = give(days=1)
    made = _use(jeanne, mandate).json()
    clock.instant += DAY - 1
    assert len(jeanne.get("/aidant/mandates").json()["items"]) == 1
    clock.instant += 1
    assert code_of(redeem(made["code"], mandate["personal_code"])) == "activation-refused"
    assert code_of(_use(jeanne, mandate)) == "mandate-ended"
    assert jeanne.get("/aidant/mandates").json()["items"] == []
    assert camille.get("/me/mandates")["items"][0]["state"] == "ended"
    path = f"/me/mandates/{mandate['mandate_id']}/revocation"
    assert code_of(camille.send("POST", path, {})) == "mandate-ended"


def test_revocation_ends_it_at_once_with_what_was_made_under_it(give, jeanne, redeem, camille):
    """Nothing is left to use."""
    mandate = give()
    made = _use(jeanne, mandate).json()
    ended = camille.post(f"/me/mandates/{mandate['mandate_id']}/revocation")
    assert ended["state"] == "revoked"
    assert code_of(redeem(made["code"], mandate["personal_code"])) == "activation-refused"
    assert code_of(_use(jeanne, mandate)) == "mandate-ended"


def test_nobody_else_uses_or_ends_a_mandate(give, official, citizen, camille):
    """T46: another aidant, another citizen, and the aidant on the person's own pages."""
    mandate = give()
    assert code_of(_use(official("karim"), mandate)) == "not-found"
    assert official("karim").get("/aidant/mandates").json()["items"] == []
    path = f"/me/mandates/{mandate['mandate_id']}/revocation"
    assert code_of(citizen("yanis").send("POST", path, {})) == "not-found"
    assert citizen("yanis").get("/me/mandates")["items"] == []
    assert camille.get("/me/mandates")["items"][0]["state"] == "live"


def test_new_mandate_to_the_same_aidant_replaces_the_first(give, camille):
    """Sent twice, one is live; the card's is another mandate."""
    give()
    give()
    give(document="vitale_card")
    states = [one["state"] for one in camille.get("/me/mandates")["items"]]
    assert sorted(states) == ["live", "live", "revoked"]


def test_every_act_is_journaled_under_both(service, give, jeanne, camille, redeem):
    """Given, used, redeemed, revoked: with the aidant's id and the person's pseudonym; the chain holds."""
    mandate = give()
    made = _use(jeanne, mandate, "renew").json()
    redeem(made["code"], mandate["personal_code"])
    camille.post(f"/me/mandates/{mandate['mandate_id']}/revocation")
    entry = tables.audit_entry
    with service.database.read() as connection:
        rows = connection.execute(
            select(entry.c.act, entry.c.actor_id, entry.c.detail).order_by(entry.c.sequence)
        ).all()
        assert audit.verify(connection, "licence") is None
    acts = {act: (actor, json.loads(detail)) for act, actor, detail in rows}
    aidant_id = jeanne.get("/aidant").json()["aidant_id"]
    giver_id = acts["mandate_given"][0]
    assert acts["mandate_given"][1]["aidant"] == aidant_id
    assert acts["activation_made"][0] == aidant_id
    assert {**acts["activation_made"][1]}.items() >= {
        ("by", "mandate"),
        ("giver", giver_id),
        ("mandate", mandate["mandate_id"]),
        ("purpose", "renew"),
    }
    assert acts["mandate_revoked"][0] == giver_id
    assert "activation_redeemed" in acts


ROUTES = [
    ("GET", "/aidant", None),
    ("GET", "/aidant/mandates", None),
    ("POST", f"/aidant/mandates/{'0' * 32}/activations", {"purpose": "obtain"}),
]


def test_aidant_has_these_routes_and_no_other(client, keys_of_roles):
    """No route of an aidant shows points, claims, credentials or phones; every other role is refused on them."""
    described = client.get("/docs.json").json()["paths"]
    found = [path for path in described if path.startswith("/aidant")]
    assert len(found) == len(ROUTES)
    for method, path, body in ROUTES:
        assert client.request(method, path, json=body).status_code == 401
        for role, token in keys_of_roles.items():
            headers = {"Authorization": f"Bearer {token}"}
            status = client.request(method, path, json=body, headers=headers).status_code
            assert status in ({200, 404} if role is AccessRole.AIDANT else {403})


def test_aidant_learns_nothing_of_the_person(give, jeanne):
    """Neither name, reference nor points, nor the person's own part."""
    mandate = give()
    answers = jeanne.get("/aidant/mandates").text + _use(jeanne, mandate).text
    claims = CALLERS["camille"].claims
    for known in (claims["family_name"], claims["birthdate"], "dossier-7f3a91c2", mandate["personal_code"]):
        assert known not in answers


def test_end_of_a_mandate_is_in_the_feed_and_it_is_told_and_erased_with_the_rest(give, camille):
    """A notice with its day; in the export without the hash; ended by an erasure, and kept as long as the rule says."""
    mandate = give(days=31)
    topics = {one["topic"] for one in camille.get("/me/notices")["items"]}
    assert "mandate_end" in topics
    held = {one["what"]: one["rows"] for one in camille.get("/me/holdings")["holdings"]}
    assert held["mandate"][0]["mandate_id"] == mandate["mandate_id"]
    assert "second_hash" not in held["mandate"][0]
    answer = camille.post("/me/erasures", {"end_documents": True})
    kept = {one["what"]: one for one in answer["kept"]}
    assert kept["mandate"]["until"].startswith("2029-12-02")
    assert camille.get("/me/mandates")["items"][0]["state"] == "revoked"
