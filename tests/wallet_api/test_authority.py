"""Acts of authority: exactly once, by the right role, with the consequences that the law gives them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from credentials.spec import DocumentType
from tests.wallet_api.conftest import Authority, approve
from tests.wallet_api.simulated_wallet import Key, SimulatedWallet
from wallet_api import tables
from wallet_api.audit.store import rows as audit_rows
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.roles import AccessRole

LICENCE, CARD = DocumentType.DRIVING_LICENCE, DocumentType.VITALE_CARD
WITHDRAWAL = {
    "points": 3,
    "offence_class": "contravention_4",
    "committed_on": "2026-10-12",
    "established_on": "2026-10-30",
}


POINTS_ACTS = {
    "courses": {"first_day": "2026-10-01", "last_day": "2026-10-02"},
    "trainings": {"completed_on": "2026-10-01"},
    "annulments": {"annuls_reference": "D-1", "decided_on": "2026-10-31"},
    "categories": {"category": "A2", "obtained_on": "2026-10-01"},
    "invalidations": {"received_on": "2026-10-01"},
    "hand-ins": {"handed_in_on": "2026-10-01"},
}


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _ledger(service) -> list:
    table = tables.points_entry
    with service.database.read() as connection:
        return connection.execute(select(table).where(table.c.actor_id != "0" * 32)).all()


def test_withdrawal_and_annulment_move_the_balance(wallet, licence_authority):
    """12, less 3, and back after an appeal: the ledger says how it came about."""
    path = f"/authority/licences/{wallet.document_id}/points"
    made = licence_authority.withdraw(wallet.document_id, 3, "D-1").json()
    assert (made["balance"], made["applied"]) == (9, -3)
    body = {"decision_reference": "A-1", "annuls_reference": "D-1", "decided_on": "2026-10-31"}
    made = licence_authority.post(f"{path}/annulments", body).json()
    assert (made["balance"], made["applied"]) == (12, 3)
    ledger = licence_authority.get(path).json()
    assert [(row["kind"], row["applied"], row["annulled"]) for row in ledger["entries"][-2:]] == [
        ("loss", -3, True),
        ("annulment", 3, False),
    ]
    assert ledger["balance"] == 12


def test_balance_stops_at_zero(wallet, licence_authority):
    """A withdrawal beyond what is left takes what is left (L223-1)."""
    assert licence_authority.withdraw(wallet.document_id, 6, "D-1").json()["balance"] == 6
    assert licence_authority.withdraw(wallet.document_id, 4, "D-2").json()["balance"] == 2
    answer = licence_authority.withdraw(wallet.document_id, 6, "D-3").json()
    assert (answer["balance"], answer["applied"], answer["state"]) == (0, -2, "INVALIDE")
    answer = licence_authority.withdraw(wallet.document_id, 6, "D-4").json()
    assert (answer["balance"], answer["applied"]) == (0, 0)


def test_same_key_and_body_gets_the_stored_answer(service, wallet, licence_authority):
    """A repeated request changes nothing and says so."""
    path = f"/authority/licences/{wallet.document_id}/points/withdrawals"
    body = {"decision_reference": "D-1", **WITHDRAWAL}
    first = licence_authority.post(path, body, key="the-same-key-for-both")
    second = licence_authority.post(path, body, key="the-same-key-for-both")
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert len(_ledger(service)) == 1


def test_same_key_with_another_body_is_refused(service, wallet, licence_authority):
    """T41: the key belongs to its first request."""
    path = f"/authority/licences/{wallet.document_id}/points/withdrawals"
    licence_authority.post(path, {"decision_reference": "D-1", **WITHDRAWAL}, key="the-same-key-for-both")
    answer = licence_authority.post(
        path, {"decision_reference": "D-2", **WITHDRAWAL}, key="the-same-key-for-both"
    )
    assert (answer.status_code, _code(answer)) == (409, "idempotency-key-reused")
    assert len(_ledger(service)) == 1


def test_decision_reference_is_unique(service, wallet, licence_authority):
    """T41: another key with the same decision is refused, and its key stays free."""
    assert licence_authority.withdraw(wallet.document_id, 3, "D-1").status_code == 201
    answer = licence_authority.withdraw(wallet.document_id, 3, "D-1")
    assert (answer.status_code, _code(answer)) == (409, "decision-already-recorded")
    assert len(_ledger(service)) == 1


def test_act_without_idempotency_key_is_refused(client, wallet, licence_authority):
    """The header is required, and has at least 16 characters."""
    path = f"/authority/licences/{wallet.document_id}/points/withdrawals"
    for key in (None, "short"):
        headers = {"Authorization": f"Bearer {licence_authority.key}"}
        headers |= {} if key is None else {"Idempotency-Key": key}
        answer = client.post(path, json={"decision_reference": "D-1", **WITHDRAWAL}, headers=headers)
        assert (answer.status_code, _code(answer)) == (400, "idempotency-key-missing")


def test_many_senders_of_few_decisions_record_each_once(service, wallet, licence_authority):
    """T41: 6 decisions, 12 senders each at once, half with one key and half with their own: 6 rows, one balance."""
    path = f"/authority/licences/{wallet.document_id}/points/withdrawals"

    def send(number: int) -> int:
        decision, sender = f"D-{number % 6}", number // 6
        key = f"the-one-key-for-{decision}" if sender % 2 else f"own-key-{number:06}-sent"
        own = Authority(TestClient(wallet.client.app, base_url="http://testserver"), licence_authority.key)
        body = {"decision_reference": decision, **WITHDRAWAL, "points": 1}
        return own.post(path, body, key=key).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, range(72)))
    assert set(statuses) <= {201, 409}
    assert len(_ledger(service)) == 6
    ledger = licence_authority.get(f"/authority/licences/{wallet.document_id}/points").json()
    assert ledger["balance"] == 6


def test_points_act_supersedes_road_checks_alone(service, wallet, licence_authority):
    """After a withdrawal what the phone shows to the police asks for a refresh; the proof stays plainly valid."""
    wallet.get("driving_licence.road_check.cbor", 2)
    wallet.get("driving_licence.road_check.jwt")
    wallet.get("driving_licence.proof.cbor")
    licence_authority.withdraw(wallet.document_id, 3, "D-1")
    cause, issued = tables.status_cause, tables.credential
    with service.database.read() as connection:
        rows = connection.execute(
            select(issued.c.view, cause.c.value, cause.c.cause_class).join(
                cause, cause.c.credential_id == issued.c.credential_id
            )
        ).all()
    assert [tuple(row) for row in rows] == [("road_check", 3, "superseded")] * 3


def test_suspension_stops_renewal_and_its_lift_allows_it(wallet, licence_authority):
    """T43: tokens are refused while the licence is suspended; the refresh token survives the refusal."""
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    made = licence_authority.post(path, {"decision_reference": "S-1", "until": "2026-12-24"})
    assert made.json()["until"] == "2026-12-23T23:00:00Z"  # 00:00 in Paris
    assert _code(wallet.renew()) == "document-suspended"
    assert _code(wallet.ask("driving_licence.road_check.cbor", [Key()])) == "credential-denied"
    lifted = licence_authority.post(f"{path}/{made.json()['measure_id']}/lift", {"decision_reference": "S-2"})
    assert lifted.status_code == 201
    assert wallet.renew().status_code == 200
    again = licence_authority.post(f"{path}/{made.json()['measure_id']}/lift", {"decision_reference": "S-3"})
    assert (again.status_code, _code(again)) == (409, "already-lifted")


def test_suspension_ends_by_itself(wallet, licence_authority, clock):
    """From the first instant without it, renewal works again."""
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    licence_authority.post(path, {"decision_reference": "S-1", "until": "2026-11-04T10:00:00Z"})
    clock.instant += 3 * 86_400 - 1
    assert _code(wallet.renew()) == "document-suspended"
    clock.instant += 1
    assert wallet.renew().status_code == 200


def test_suspension_to_come_reaches_what_is_issued_until_then(service, wallet, licence_authority):
    """A credential issued between decision and start bears the measure's cause from its start on."""
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    body = {"decision_reference": "S-1", "from": "2026-11-03", "until": "2026-12-03"}
    licence_authority.post(path, body)
    wallet.get("driving_licence.road_check.cbor")
    wallet.get("driving_licence.age_over_18.cbor")
    table = tables.status_cause
    with service.database.read() as connection:
        rows = connection.execute(select(table.c.cause_class, table.c.value, table.c.since)).all()
    assert [tuple(row) for row in rows] == [("authority", 2, 1_793_660_400)]


@pytest.mark.parametrize(
    "body",
    [
        {"from": "2026-11-05", "until": "2026-11-05"},
        {"until": "2026-10-01"},
    ],
)
def test_suspension_with_dates_out_of_order_is_refused(wallet, licence_authority, body):
    """An end at or before the beginning, or in the past, is refused."""
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    answer = licence_authority.post(path, {"decision_reference": "S-1", **body})
    assert (answer.status_code, _code(answer)) == (422, "dates-out-of-order")


def test_measure_on_the_right_spares_the_age(wallet, licence_authority):
    """`age_over_18` is no right to drive: it is issued while the right is suspended, for who holds a token."""
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    licence_authority.post(path, {"decision_reference": "S-1"})
    assert wallet.get("driving_licence.age_over_18.cbor")
    for view in ("road_check", "proof"):
        assert _code(wallet.ask(f"driving_licence.{view}.cbor", [Key()])) == "credential-denied"


def test_revocation_is_final(wallet, licence_authority, supervisor):
    """No renewal, no second revocation, no lift."""
    path = f"/authority/licences/{wallet.document_id}"
    made = licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"})
    approved = approve(supervisor, made)
    assert approved.status_code == 201
    assert _code(wallet.renew()) == "document-revoked"
    again = licence_authority.post(f"{path}/revocations", {"decision_reference": "R-2"})
    assert (again.status_code, _code(again)) == (409, "already-revoked")
    lift = licence_authority.post(
        f"{path}/suspensions/{approved.json()['act_id']}/lift", {"decision_reference": "R-3"}
    )
    assert (lift.status_code, _code(lift)) == (409, "not-a-suspension")


def test_lost_phone_gets_nothing_more(wallet, licence_authority):
    """Its tokens are refused; the licence itself stays, and another phone may take a new offer."""
    path = f"/authority/licences/{wallet.document_id}"
    phone = licence_authority.get(path).json()["wallets"][0]["wallet_id"]
    wallet.get("driving_licence.road_check.cbor")
    assert (
        licence_authority.post(f"{path}/wallets/{phone}/losses", {"decision_reference": "L-1"}).status_code
        == 201
    )
    assert _code(wallet.renew()) == "wallet-lost"
    assert _code(wallet.ask("driving_licence.proof.cbor", [Key()])) == "token-refused"
    assert licence_authority.get(path).json()["revoked"] is False


def test_card_is_the_health_authoritys(client, clock, offer, health_authority, licence_authority, colleague):
    """Its own acts work; the licence authority's key opens none of them."""
    made = offer("camille", CARD)
    wallet = SimulatedWallet(client, clock)
    wallet.take(made.uri)
    path = f"/authority/cards/{made.document_id}"
    refused = licence_authority.post(f"{path}/suspensions", {"decision_reference": "C-1"})
    assert (refused.status_code, _code(refused)) == (403, "forbidden")
    made = health_authority.post(f"{path}/suspensions", {"decision_reference": "C-1"})
    assert made.status_code == 201
    assert _code(wallet.ask("vitale_card.care.cbor", [Key()])) == "credential-denied"
    health_authority.post(
        f"{path}/suspensions/{made.json()['measure_id']}/lift", {"decision_reference": "C-2"}
    )
    assert wallet.get("vitale_card.care.cbor")
    proposed = health_authority.post(f"{path}/revocations", {"decision_reference": "C-3"})
    assert approve(colleague(AccessRole.HEALTH_AUTHORITY), proposed).status_code == 201
    assert health_authority.get(path).json()["revoked"] is True


def test_object_of_the_other_kind_is_not_found(offer, health_authority, licence_authority):
    """T46: a licence's id under cards, a card's under licences, and an unknown one."""
    licence, card = offer().document_id, offer("camille", CARD).document_id
    body = {"decision_reference": "X-1"}
    for authority, path in (
        (health_authority, f"/authority/cards/{licence}/suspensions"),
        (licence_authority, f"/authority/licences/{card}/suspensions"),
        (licence_authority, f"/authority/licences/{'0' * 32}/suspensions"),
    ):
        answer = authority.post(path, body)
        assert (answer.status_code, _code(answer)) == (404, "not-found")


_ID = "0" * 32
MORE = {
    "/retentions": {"verifications": False},
    "/restrictions": {"until": "2027-01-01"},
    "/title-losses": {"circumstance": "lost"},
    "/voiding": {"ground": "acquittal"},
}
_DECIDERS = {AccessRole.SUPERVISOR, AccessRole.HEALTH_AUTHORITY, AccessRole.OPERATOR}
ROUTES = [
    ("POST", "/authority/licences/batches", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("GET", f"/authority/licences/batches/{_ID}", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("GET", f"/authority/licences/batches/{_ID}/lines", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/batches/{_ID}/cancellation", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("GET", "/authority/proposals", {AccessRole.CLERK, *_DECIDERS}),
    ("GET", f"/authority/proposals/{_ID}", {AccessRole.CLERK, *_DECIDERS}),
    ("POST", f"/authority/proposals/{_ID}/approval", _DECIDERS),
    ("POST", f"/authority/proposals/{_ID}/refusal", {AccessRole.CLERK, *_DECIDERS}),
    ("POST", "/authority/keys/compromises", {AccessRole.OPERATOR}),
    ("POST", "/authority/keys/retirements", {AccessRole.OPERATOR}),
    ("POST", "/authority/keys/announcements", {AccessRole.OPERATOR}),
    ("POST", f"/authority/licences/{_ID}/points/withdrawals", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    *(
        ("POST", f"/authority/licences/{_ID}/points/{name}", {AccessRole.CLERK, AccessRole.SUPERVISOR})
        for name in POINTS_ACTS
    ),
    ("GET", "/authority/offences", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("GET", f"/authority/licences/{_ID}/points", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/suspensions", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/suspensions/{_ID}/lift", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/revocations", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/retentions", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/retentions/{_ID}/lift", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/restrictions", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/restrictions/{_ID}/lift", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/annulments", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/measures/{_ID}/voiding", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", f"/authority/licences/{_ID}/title-losses", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    (
        "POST",
        f"/authority/licences/{_ID}/title-losses/{_ID}/replacement",
        {AccessRole.CLERK, AccessRole.SUPERVISOR},
    ),
    ("POST", f"/authority/licences/{_ID}/wallets/{_ID}/losses", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    (
        "POST",
        f"/authority/licences/{_ID}/acts/{_ID}/cancellation",
        {AccessRole.CLERK, AccessRole.SUPERVISOR},
    ),
    ("POST", f"/authority/cards/{_ID}/acts/{_ID}/cancellation", {AccessRole.HEALTH_AUTHORITY}),
    ("POST", "/authority/licences/searches", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("GET", f"/authority/licences/{_ID}", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", "/authority/licences/printed-cards", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    (
        "POST",
        f"/authority/licences/{_ID}/printed-cards/{_ID}/loss",
        {AccessRole.CLERK, AccessRole.SUPERVISOR},
    ),
    ("POST", "/authority/licences/activations", {AccessRole.CLERK, AccessRole.SUPERVISOR}),
    ("POST", "/authority/cards/activations", {AccessRole.HEALTH_AUTHORITY}),
    ("POST", f"/authority/cards/{_ID}/suspensions", {AccessRole.HEALTH_AUTHORITY}),
    ("POST", f"/authority/cards/{_ID}/suspensions/{_ID}/lift", {AccessRole.HEALTH_AUTHORITY}),
    ("POST", f"/authority/cards/{_ID}/revocations", {AccessRole.HEALTH_AUTHORITY}),
    ("POST", f"/authority/cards/{_ID}/wallets/{_ID}/losses", {AccessRole.HEALTH_AUTHORITY}),
    ("POST", "/authority/cards/searches", {AccessRole.HEALTH_AUTHORITY}),
    ("GET", f"/authority/cards/{_ID}", {AccessRole.HEALTH_AUTHORITY}),
    (
        "POST",
        "/authority/publications",
        {AccessRole.OPERATOR, AccessRole.CLERK, AccessRole.SUPERVISOR, AccessRole.HEALTH_AUTHORITY},
    ),
    ("GET", "/authority/audit?authority=licence", {AccessRole.AUDITOR}),
]


def test_every_authority_route_is_in_the_matrix(client):
    """A route that is added must say who may use it."""
    described = client.get("/docs.json").json()["paths"]
    found = {
        (method.upper(), path)
        for path, methods in described.items()
        if path.startswith("/authority/")
        for method in methods
    }
    assert len(found) == len(ROUTES)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path", "allowed"), ROUTES, ids=lambda one: one if isinstance(one, str) else ""
)
def test_route_denies_every_role_but_its_own(client, keys_of_roles, method, path, allowed):
    """T44: deny by default; without a key or with an invented one, 401."""
    body = {
        "decision_reference": "M-1",
        **(WITHDRAWAL if "withdrawals" in path else {}),
        **(POINTS_ACTS.get(path.rpartition("/")[2], {}) if "/points/" in path else {}),
        **next((more for end, more in MORE.items() if path.endswith(end)), {}),
    }
    body = {"registry_reference": "dossier-x"} if "searches" in path else body
    body = {} if path.endswith(("cancellation", "/loss", "approval", "refusal")) else body
    at_counter = {"registry_reference": "dossier-x", "identity_document": "passport"}
    body = at_counter if path.endswith(("/activations", "/printed-cards")) else body
    body = {"key_id": "0" * 16} if "/keys/" in path else body
    body = {"domain": "licence", "role": "credential"} if path.endswith("announcements") else body
    for role, key in [*keys_of_roles.items(), (None, "invented"), (None, "a.b.c"), (None, "")]:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"key-of-matrix-{role}"}
        answer = client.request(method, path, json=body if method == "POST" else None, headers=headers)
        if role in allowed:
            assert answer.status_code in {200, 201, 202, 404} or path.endswith("/batches"), answer.text
        else:
            assert answer.status_code == (403 if role else 401)


def test_decision_reaches_who_never_took_the_digital_licence(service, licence_authority):
    """Searched for by the registry's key, a licence is opened; the journal says who asked, and why. Nobody is opened twice."""
    search = {"registry_reference": PEOPLE["ines"].references[LICENCE]}
    found = licence_authority.post("/authority/licences/searches", search).json()["document_id"]
    assert licence_authority.post("/authority/licences/searches", search).json()["document_id"] == found
    assert licence_authority.withdraw(found, 1, "D-1").status_code == 201
    with service.database.read() as connection:
        asked = [row for row in audit_rows(connection, "licence") if row.act == "registry_asked"]
    assert [(row.subject_id, json.loads(row.detail)["purpose"]) for row in asked] == [(found, "deciding")]
    assert asked[0].actor_id != "0" * 32
    nobody = licence_authority.post("/authority/licences/searches", {"registry_reference": "nobody-here"})
    assert (nobody.status_code, _code(nobody)) == (404, "person-unknown")
