"""The citizen's side: my points, credentials and phones; a lost phone, a pause and a second phone, without the first."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.wallet_api.citizens import LICENCE, Citizen, code_of, take_both
from tests.wallet_api.offline_terminals import POLICE, Roadside, collect
from tests.wallet_api.simulated_wallet import Key, SimulatedWallet
from wallet_api import audit, tables
from wallet_api.citizens.pivot import pivot_of
from wallet_api.identity.fictitious_callers import CALLERS
from wallet_api.openid4vci import token as token_endpoint
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import RegistrySilent
from wallet_api.roles import AccessRole

ROAD, PROOF, CARE = (
    "driving_licence.road_check.cbor",
    "driving_licence.proof.cbor",
    "vitale_card.care.cbor",
)
DAY = 86_400
NOBODYS = "0" * 32


@pytest.fixture
def citizen(client, keys_of_roles):
    """Sign in as one of the invented citizens."""
    return lambda name: Citizen(client, lambda acr=None: keys_of_roles.of(name, acr=acr))


@pytest.fixture
def camille(citizen) -> Citizen:
    return citizen("camille")


@pytest.fixture
def phone(client, clock) -> SimulatedWallet:
    """A phone without anything."""
    return SimulatedWallet(client, clock)


@pytest.fixture
def journal(service):
    """Acts in the audit journal of an authority, with who did them."""

    def read(authority_id: str) -> list[tuple[str, str]]:
        table = tables.audit_entry
        with service.database.read() as connection:
            rows = connection.execute(
                select(table.c.act, table.c.actor_id)
                .where(table.c.authority_id == authority_id)
                .order_by(table.c.sequence)
            )
            return [tuple(row) for row in rows]

    return read


# Routes of the citizen's side, each with a body; {wallet} stands for the id of somebody's phone.
ROUTES = [
    ("GET", "/me/documents", None),
    ("GET", "/me/points", None),
    ("GET", "/me/credentials", None),
    ("GET", "/me/devices", None),
    ("GET", "/me/notices", None),
    ("GET", "/me/holdings", None),
    ("POST", "/me/erasures", {"end_documents": True}),
    ("POST", "/me/printed-cards", {}),
    ("POST", "/me/printed-cards/{wallet}/loss", {}),
    ("GET", "/me/mandates", None),
    ("POST", "/me/mandates", {"aidant_id": NOBODYS, "document_type": "vitale_card", "days": 1}),
    ("POST", "/me/mandates/{wallet}/revocation", {}),
    ("POST", "/me/devices/losses", {"wallet_ids": ["{wallet}"]}),
    ("POST", "/me/devices/{wallet}/pause", {}),
    ("POST", "/me/devices/{wallet}/resume", {}),
    ("POST", "/me/documents/driving_licence/offers", {}),
]


def _about(wallet_id: str, path: str, body: object) -> tuple[str, object]:
    if isinstance(body, dict) and "wallet_ids" in body:
        body = {"wallet_ids": [wallet_id]}
    return path.replace("{wallet}", wallet_id), body


def test_every_route_of_the_citizen_is_in_the_table(client):
    """A route that is added is put to the tests below."""
    described = client.get("/docs.json").json()["paths"]
    found = {
        (method.upper(), path)
        for path, methods in described.items()
        if path.startswith("/me/")
        for method in methods
    }
    assert len(found) == len(ROUTES)


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_route_wants_a_citizen_and_a_level_that_was_reached(
    client, camille, keys_of_roles, method, path, body
):
    """T44: every other role 403; no token 401; eidas1 401 with the levels that would do (RFC 9470)."""
    path, body = _about(NOBODYS, path, body)
    for role, token in keys_of_roles.items():
        if role is not AccessRole.CITIZEN:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "key-of-another-role"}
            assert client.request(method, path, json=body, headers=headers).status_code == 403
    assert client.request(method, path, json=body).status_code == 401
    low = camille.send(method, path, body, acr="eidas1")
    assert (low.status_code, code_of(low)) == (401, "assurance-too-low")
    assert 'acr_values="eidas2 eidas3"' in low.headers["www-authenticate"]
    high = camille.send(method, path, body, acr="eidas3")
    assert high.status_code in {200, 201, 404}
    assert high.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_nobody_reaches_what_is_somebody_elses(service, citizen, offer, phone, method, path, body):
    """T46: on every route Yanis, naming Camille's phone, gets what an unknown id gets, and moves nothing of hers."""
    take_both(phone, offer, "camille")
    phone.get(ROAD)
    camille, yanis = citizen("camille"), citizen("yanis")
    hers = camille.get("/me/devices")["items"][0]["wallet_id"]
    seen = ("/me/documents", "/me/credentials", "/me/devices", "/me/points")
    before = {one: camille.get(one) for one in seen}
    answer = yanis.send(method, *_about(hers, path, body))
    other = yanis.send(method, *_about(NOBODYS, path, body))
    assert answer.status_code == other.status_code
    if "{wallet}" in f"{path}{body}":
        assert (answer.status_code, answer.json()) == (404, other.json())
    told = answer.text
    for kept in [
        *_ids_of(service, "camille"),
        hers,
        *(one["credential_id"] for one in before["/me/credentials"]["items"]),
    ]:
        assert kept not in told
    assert {one: camille.get(one) for one in seen} == before


def _ids_of(service, name: str) -> list[str]:
    table = tables.document
    claims = CALLERS[name].claims
    licence = service.licences.find_by_pivot(pivot_of(claims), None)
    card = service.rights.find_by_pivot(pivot_of(claims), None)
    with service.database.read() as connection:
        return list(
            connection.execute(
                select(table.c.document_id).where(table.c.registry_reference.in_([licence, card]))
            ).scalars()
        )


def test_points_come_with_history_and_calendar(citizen):
    """Yanis lost four points at a red light: when they come back, and the whole series; nothing was offered before."""
    found = citizen("yanis").get("/me/points")
    assert (found["balance"], found["cap"], found["state"]) == (8, 12, "VALIDE")
    assert found["next_return"]["on"] == "2028-08-21"
    assert found["next_return"] == found["calendar"][0]
    loss = [one for one in found["history"] if one["kind"] == "loss"]
    assert [(one["points"], one["committed_on"], one["on"]) for one in loss] == [
        (4, "2025-06-28", "2025-08-21")
    ]
    assert found["as_of"] == "2026-11-01T10:00:00Z"


def test_history_holds_what_counts_and_nothing_that_was_cancelled(
    service, application, clock, camille, offer, official
):
    """A withdrawal inside its window is nobody's business yet; cancelled, it never is."""
    application.state.service = replace(service, settings=replace(service.settings, cancel_seconds=300))
    document_id = offer("camille").document_id
    agnes = official("agnes")
    entry = agnes.withdraw(document_id, 3, "D-1").json()["entry_id"]
    agnes.withdraw(document_id, 1, "D-2")
    assert (camille.get("/me/points")["balance"], _references(camille)) == (12, [])
    agnes.post(f"/authority/licences/{document_id}/acts/{entry}/cancellation", {})
    clock.instant += 300
    assert (camille.get("/me/points")["balance"], _references(camille)) == (11, ["D-2"])


def _references(citizen: Citizen) -> list[str]:
    rows = citizen.get("/me/points")["history"]
    return [one["decision_reference"] for one in rows if one["decision_reference"].startswith("D-")]


def test_who_has_no_licence_has_no_points(client, service):
    """A pivot that no registry knows: an empty space, and nothing to read."""
    stranger = Citizen(client, lambda **_: _token_with(service, family_name="NULLEPART"))
    assert stranger.get("/me/documents") == {"items": []}
    assert code_of(stranger.send("GET", "/me/points")) == "not-found"
    assert stranger.post("/me/devices/losses")["wallets"] == 0


def _token_with(service, **changed: str | None) -> str:
    caller = CALLERS["camille"]
    claims = {name: value for name, value in {**caller.claims, **changed}.items() if value is not None}
    CALLERS["camille"] = replace(caller, claims=claims)
    try:
        return service.development.mint("camille", service.clock.now())
    finally:
        CALLERS["camille"] = caller


@pytest.mark.parametrize(
    "changed",
    [
        {"family_name": None},
        {"given_name": ""},
        {"birthdate": "1990"},
        {"birthdate": "1990-13-07"},
        {"birthdate": "7 mars 1990"},
        {"gender": "unknown"},
        {"birthplace": None},
        {"birthcountry": None},
        {"family_name": "M" * 151},
    ],
)
def test_incomplete_pivot_finds_nobody(client, service, changed):
    """A claim that is missing or makes no sense refuses; a birth date without its day names somebody else."""
    answer = Citizen(client, lambda **_: _token_with(service, **changed)).send("GET", "/me/points")
    assert (answer.status_code, code_of(answer)) in {(403, "pivot-missing"), (404, "not-found")}


@pytest.mark.parametrize(
    "changed",
    [{"gender": "male"}, {"birthplace": "75998"}, {"birthdate": "1990-03-08"}, {"birthcountry": "99109"}],
)
def test_all_of_the_pivot_must_fit(client, service, changed):
    """Names alone open nobody's licence."""
    answer = Citizen(client, lambda **_: _token_with(service, **changed)).send("GET", "/me/points")
    assert (answer.status_code, code_of(answer)) == (404, "not-found")


def test_birth_date_without_a_day_is_read_as_the_provider_writes_it():
    """`1978-04-00` is a birth date that lacks its day; a missing place is refused for a birth in France alone."""
    pivot = pivot_of(CALLERS["theo"].claims)
    assert (pivot.birth_date.month, pivot.birth_date.day) == (4, None)
    abroad = {**CALLERS["theo"].claims, "birthplace": "", "birthcountry": "99109"}
    assert pivot_of(abroad).birth_place == ""
    with pytest.raises(WalletError):
        pivot_of({**abroad, "birthcountry": "99100"})


def test_lost_phone_is_revoked_in_one_call_and_the_police_see_it(
    service, clock, tmp_path, camille, offer, phone
):
    """Licence and card of the phone, without it: DEVICE_REVOKED at the roadside after the next publication."""
    card = take_both(phone, offer, "camille")
    held = collect(phone, ROAD)
    collect(phone, PROOF)
    collect(card, CARE)
    roadside = Roadside(service, tmp_path / "terminals", clock)
    roadside.learn()
    assert roadside.judge(held, POLICE)["reason"] == "OK"
    pending = offer("camille", LICENCE)
    lost = camille.post("/me/devices/losses")
    assert (lost["wallets"], lost["credentials"], lost["offers"], lost["not_asked"]) == (2, 3, 1, [])
    assert code_of(phone.renew()) == code_of(card.renew()) == "wallet-lost"
    assert code_of(phone.ask(PROOF, [Key()])) == "token-refused"
    assert code_of(SimulatedWallet(phone.client, clock).take(pending.uri)) == "grant-refused"
    clock.instant += 60
    roadside.learn()
    assert roadside.judge(held, POLICE)["reason"] == "DEVICE_REVOKED"
    found = camille.get("/me/credentials")["items"]
    assert {(one["status"], one["status_class"]) for one in found} == {("revoked", "device")}
    assert all(one["lost"] for one in camille.get("/me/devices")["items"])
    assert camille.get("/me/documents")["items"][0]["right"]["state"] == "VALIDE"
    assert camille.post("/me/devices/losses")["wallets"] == 0


def test_phone_that_takes_an_offer_up_at_that_moment_is_lost_too(
    clock, client, camille, offer, phone, monkeypatch
):
    """A thief's phone is half enrolled when the loss is reported: the report waits for it, and reaches it."""
    assert phone.take(offer("camille", LICENCE).uri).status_code == 200
    pending, thief = offer("camille", LICENCE), SimulatedWallet(client, clock)
    enrol, answers = token_endpoint._enrol, []
    report = threading.Thread(target=lambda: answers.append(camille.post("/me/devices/losses")))

    def enrolling(*args):
        report.start()
        report.join(1)
        assert not answers
        return enrol(*args)

    monkeypatch.setattr(token_endpoint, "_enrol", enrolling)
    assert thief.take(pending.uri).status_code == 200
    report.join()
    assert answers[0]["wallets"] == 2
    assert [one["lost"] for one in camille.get("/me/devices")["items"]] == [True, True]
    assert code_of(thief.ask(ROAD, [Key()])) == "token-refused"


def test_pause_that_comes_while_the_registry_is_asked_holds(service, application, camille, offer, phone):
    """The registry takes its time, the phone is paused meanwhile: nothing is issued to it."""
    assert phone.take(offer("camille", LICENCE).uri).status_code == 200
    device = camille.get("/me/devices")["items"][0]["wallet_id"]

    class Slow:
        def find(self, *asked):
            application.state.service = service
            camille.post(f"/me/devices/{device}/pause")
            return service.licences.find(*asked)

    application.state.service = replace(service, licences=Slow())
    assert code_of(phone.ask(PROOF, [Key()])) == "wallet-paused"


def test_one_lost_phone_leaves_the_other(clock, client, camille, offer, phone):
    """Naming the licence on the lost phone takes the card on it too, and spares the second phone."""
    take_both(phone, offer, "camille")
    second = SimulatedWallet(client, clock)
    made = camille.post("/me/documents/driving_licence/offers", {"with_code": True})
    assert code_of(second.take(made["offer"])) == "tx-code-wrong"
    assert second.take(made["offer"], tx_code=made["tx_code"]).status_code == 200
    devices = camille.get("/me/devices")["items"]
    assert len({one["phone"] for one in devices}) == 2
    card = next(one for one in devices if one["document_type"] == "vitale_card")
    first = next(one for one in devices if one["phone"] == card["phone"] and one is not card)
    lost = camille.post("/me/devices/losses", {"wallet_ids": [first["wallet_id"]]})
    assert lost["wallets"] == 2
    assert second.get(ROAD)
    assert code_of(phone.renew()) == "wallet-lost"


def test_loss_does_not_wait_for_the_other_registry(service, application, camille, offer, phone):
    """The health registry is silent: the licence is revoked all the same, and the answer says what was not asked."""

    class Silent:
        def find_by_pivot(self, _pivot, _basis):
            raise RegistrySilent

    card = take_both(phone, offer, "camille")
    application.state.service = replace(service, rights=Silent())
    lost = camille.post("/me/devices/losses")
    assert (lost["wallets"], lost["not_asked"]) == (1, ["vitale_card"])
    assert code_of(phone.renew()) == "wallet-lost"
    assert code_of(camille.send("GET", "/me/documents")) == "registry-silent"
    application.state.service = service
    assert card.renew().status_code == 200
    assert camille.post("/me/devices/losses")["wallets"] == 1
    assert code_of(card.renew()) == "wallet-lost"


def test_loss_with_one_foreign_phone_does_nothing(citizen, offer, phone):
    """Two ids, one of them somebody else's: refused as a whole."""
    take_both(phone, offer, "camille")
    camille = citizen("camille")
    mine = [one["wallet_id"] for one in camille.get("/me/devices")["items"]]
    answer = camille.send("POST", "/me/devices/losses", {"wallet_ids": [mine[0], NOBODYS]})
    assert code_of(answer) == "not-found"
    assert not any(one["lost"] for one in camille.get("/me/devices")["items"])


def test_loss_sent_twice_is_one_act(camille, offer, phone, journal):
    """The stored answer comes back under the same key."""
    take_both(phone, offer, "camille")
    first = camille.post("/me/devices/losses", key="the-same-key-twice")
    assert camille.post("/me/devices/losses", key="the-same-key-twice") == first
    assert [act for act, _ in journal("licence")].count("wallet_lost") == 1


def test_pause_and_resume_without_the_phone(service, clock, tmp_path, camille, offer, phone):
    """SUSPENDED of class holder while it lasts; the phone renews nothing; afterwards plainly valid."""
    phone.take(offer("camille").uri)
    held = collect(phone, ROAD)
    roadside = Roadside(service, tmp_path / "terminals", clock)
    mine = camille.get("/me/devices")["items"][0]["wallet_id"]
    assert camille.post(f"/me/devices/{mine}/pause")["paused"] is True
    roadside.learn()
    verdict = roadside.judge(held, POLICE)
    assert (verdict["reason"], verdict["status"]["class"]) == ("PAUSED", "holder")
    assert code_of(phone.ask(PROOF, [Key()])) == "wallet-paused"
    assert camille.get("/me/devices")["items"][0]["paused"] is True
    camille.post(f"/me/devices/{mine}/resume")
    clock.instant += 60
    roadside.learn()
    assert roadside.judge(held, POLICE)["reason"] == "OK"
    camille.post("/me/devices/losses")
    assert code_of(camille.send("POST", f"/me/devices/{mine}/pause", {})) == "wallet-lost"


def test_phone_ends_its_own_pause_and_not_its_holders(camille, offer, phone, journal):
    """Whoever found the phone takes up nothing; the holder's pause takes over one that the phone asked for."""
    phone.take(offer("camille", LICENCE).uri)
    mine = camille.get("/me/devices")["items"][0]["wallet_id"]

    def paused() -> bool:
        return camille.get("/me/devices")["items"][0]["paused"]

    assert (phone.post("/wallet/pause", {}).status_code, paused()) == (204, True)
    assert (phone.post("/wallet/resume", {}).status_code, paused()) == (204, False)
    for before in (False, True):
        if before:
            phone.post("/wallet/pause", {})
        camille.post(f"/me/devices/{mine}/pause")
        assert code_of(phone.post("/wallet/resume", {})) == "paused-elsewhere"
        assert paused()
        camille.post(f"/me/devices/{mine}/resume")
        assert not paused()
    acts = [act for act, _ in journal("licence") if act in ("wallet_paused", "wallet_resumed")]
    assert acts == ["wallet_paused", "wallet_resumed"] * 4


def test_end_of_a_pause_leaves_a_lost_card_lost(camille, offer, phone):
    """The card was printed from the phone that is paused and comes back: its loss is final (ARF VCR_04)."""
    phone.take(offer("camille", LICENCE).uri)
    phone.get(f"{PROOF}.paper")
    (card,) = [one["credential_id"] for one in camille.get("/me/credentials")["items"]]
    camille.post(f"/me/printed-cards/{card}/loss")
    mine = camille.get("/me/devices")["items"][0]["wallet_id"]
    camille.post(f"/me/devices/{mine}/pause")
    camille.post(f"/me/devices/{mine}/resume")
    assert [one["status"] for one in camille.get("/me/credentials")["items"]] == ["revoked"]


def test_end_of_a_pause_revives_nothing_older(
    service, clock, tmp_path, camille, offer, phone, licence_authority
):
    """Superseded before the pause, or replaced during it: both stay what they were; the second phone never paused."""
    phone.take(offer("camille").uri)
    superseded = collect(phone, ROAD)
    current = collect(phone, ROAD)
    clock.instant += 60
    second = SimulatedWallet(phone.client, clock)
    second.take(camille.post("/me/documents/driving_licence/offers")["offer"])
    other = collect(second, PROOF)
    roadside = Roadside(service, tmp_path / "terminals", clock)
    mine = camille.get("/me/devices")["items"][-1]["wallet_id"]
    camille.post(f"/me/devices/{mine}/pause")
    roadside.learn()
    assert [roadside.judge(one, POLICE)["reason"] for one in (superseded, current, other)] == [
        "PAUSED",
        "PAUSED",
        "OK",
    ]
    path = f"/authority/licences/{offer('camille').document_id}/restrictions"
    licence_authority.post(path, {"decision_reference": "R-1", "until": "2027-01-01"})
    camille.post(f"/me/devices/{mine}/resume")
    clock.instant += 60
    roadside.learn()
    after = [roadside.judge(one, POLICE)["reason"] for one in (superseded, current, other)]
    assert after == ["REPLACED"] * 3


def test_new_offer_replaces_those_that_nobody_took(client, clock, camille):
    """Sent twice, one good offer is left."""
    first = camille.post("/me/documents/driving_licence/offers", {"form": "cbor"})
    second = camille.post("/me/documents/driving_licence/offers", {"form": "cbor"})
    assert "driving_licence.proof.jwt" not in second["offer"]
    assert code_of(SimulatedWallet(client, clock).take(first["offer"])) == "grant-refused"
    assert SimulatedWallet(client, clock).take(second["offer"]).status_code == 200


def test_nothing_is_offered_while_suspended(camille, offer, licence_authority):
    """The reason is told here, not on the phone."""
    path = f"/authority/licences/{offer('camille').document_id}/suspensions"
    licence_authority.post(path, {"decision_reference": "S-1"})
    answer = camille.send("POST", "/me/documents/driving_licence/offers", {})
    assert code_of(answer) == "document-suspended"
    assert camille.get("/me/documents")["items"][0]["right"]["state"] == "SUSPENDU"


def test_credentials_are_listed_page_by_page(camille, offer, phone, clock):
    """The latest first; expired ones only when asked for."""
    phone.take(offer("camille").uri)
    phone.get(PROOF, 3)
    page = camille.get("/me/credentials?limit=2")
    rest = camille.get(f"/me/credentials?limit=2&before={page['next']}")
    ids = [one["credential_id"] for one in page["items"] + rest["items"]]
    assert (len(set(ids)), ids, rest["next"]) == (3, sorted(ids, reverse=True), None)
    clock.instant += 15 * DAY
    assert camille.get("/me/credentials")["items"] == []
    assert len(camille.get("/me/credentials?state=all")["items"]) == 3


def test_every_look_up_and_act_is_journaled_under_two_pseudonyms(service, camille, offer, phone, journal):
    """Licence and card know the same person under names that do not meet; the chains hold."""
    take_both(phone, offer, "camille")
    camille.get("/me/documents")
    camille.post("/me/devices/losses")
    mine = {}
    for authority in ("licence", "health"):
        rows = journal(authority)
        mine[authority] = {actor for act, actor in rows if act == "wallet_lost"}
        assert len(mine[authority]) == 1
        assert [act for act, actor in rows if actor in mine[authority]] == [
            "registry_asked",
            "registry_asked",
            "wallet_lost",
        ]
        with service.database.read() as connection:
            assert audit.verify(connection, authority) is None
    assert not mine["licence"] & mine["health"]


def test_no_pivot_is_stored(service, camille, offer, phone):
    """Neither names, birth date nor places of birth are in any table after everything was used."""
    take_both(phone, offer, "camille")
    camille.get("/me/points")
    camille.post("/me/documents/vitale_card/offers")
    camille.post("/me/devices/losses")
    claims = CALLERS["camille"].claims
    subject = service.development.issuer
    for table in tables.metadata.sorted_tables:
        with service.database.read() as connection:
            content = repr(connection.execute(select(table)).all())
        for name in ("family_name", "given_name", "birthdate", "birthplace"):
            assert claims[name] not in content, table.name
        assert subject not in content
        assert "fictitious-camille" not in content
