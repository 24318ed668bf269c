"""Issuing at a counter: a code on paper becomes an offer on the person's phone, once, and guessing it is hopeless."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from tests.wallet_api.conftest import CARD, LICENCE
from tests.wallet_api.offline_terminals import POLICE, Roadside, collect
from tests.wallet_api.pages_of_paper import CODE_ON_SHEET, ROOT_ON_SHEET, words_of
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api import tables
from wallet_api.activations.code import ALPHABET, RANDOM_CHARACTERS, new_code, read_code
from wallet_api.activations.wrong_tries import MOST, SECONDS
from wallet_api.registries.fictitious import PEOPLE

ROAD = "driving_licence.road_check.cbor"
PATHS = {LICENCE: "/authority/licences/activations", CARD: "/authority/cards/activations"}


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


@pytest.fixture
def counter(official):
    """Make a code at a counter."""

    def make(document=LICENCE, *, by="agnes", person="camille", **more):
        body = {
            "registry_reference": PEOPLE[person].references[document],
            "identity_document": "passport",
            **more,
        }
        return official(by).post(PATHS[document], body)

    return make


@pytest.fixture
def redeem(client):
    """Type a code."""

    def send(code: str, second: str | None = None):
        body = {"code": code} | ({} if second is None else {"second": second})
        return client.post("/activations/redemptions", json=body)

    return send


def _rows(service, table, *columns):
    with service.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns or table.c))]


def test_code_on_paper_becomes_a_licence_on_the_phone(service, client, clock, tmp_path, counter, redeem):
    """Nobody had opened the document before; the phone holds a licence that the police accept; the code is spent."""
    made = counter().json()
    assert made["second"] is None
    assert len(made["root"]) == 64
    typed = made["code"].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    answer = redeem(typed)
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert made["root"] in answer.json()["offer"]
    phone = SimulatedWallet(client, clock)
    assert phone.take(answer.json()["offer"]).status_code == 200
    roadside = Roadside(service, tmp_path / "terminals", clock)
    held = collect(phone, ROAD)
    roadside.learn()
    assert roadside.judge(held, POLICE)["reason"] == "OK"
    again = redeem(made["code"])
    assert (again.status_code, _code(again)) == (404, "activation-refused")


def test_identity_check_and_both_steps_are_journaled_without_the_code(service, counter, redeem):
    """By whom, on which identity document, and that it was redeemed; the code is in no table."""
    made = counter().json()
    redeem(made["code"])
    entry = tables.audit_entry
    rows = _rows(service, entry, entry.c.act, entry.c.subject_id, entry.c.detail)
    acts = {act: (subject, detail) for act, subject, detail in rows if act.startswith("activation")}
    assert set(acts) == {"activation_made", "activation_redeemed"}
    assert '"identity_document":"passport"' in acts["activation_made"][1]
    assert {subject for subject, _ in acts.values()} == {made["document_id"]}
    plain = made["code"].replace("-", "")
    for table in tables.metadata.sorted_tables:
        content = repr(_rows(service, table))
        assert plain not in content
        assert made["code"] not in content


def test_card_is_the_health_authoritys_to_activate(counter, redeem):
    """Each counter makes codes for its own documents; the letter in front says which."""
    made = counter(CARD, by="elise").json()
    assert made["code"][0] == "V"
    assert redeem(made["code"]).json()["document_type"] == "vitale_card"
    assert counter(CARD, by="agnes").status_code == 403
    assert counter(LICENCE, by="elise").status_code == 403


def test_paper_alone_is_worth_nothing_with_a_second_part(counter, redeem):
    """Told apart; five mistakes end the code, even for who then has it right."""
    made = counter(with_second=True).json()
    assert _code(redeem(made["code"])) == "second-part-wrong"
    assert redeem(made["code"], made["second"]).status_code == 201
    made = counter(with_second=True).json()
    wrong = f"{(int(made['second']) + 1) % 10**6:06}"
    for _ in range(5):
        assert _code(redeem(made["code"], wrong)) == "second-part-wrong"
    assert _code(redeem(made["code"], made["second"])) == "activation-refused"


def test_code_ends_by_itself_and_by_the_next_one(counter, redeem, clock, settings):
    """At its instant, not a second before; a new one for the same document takes its place."""
    first, second = counter().json(), counter().json()
    assert _code(redeem(first["code"])) == "activation-refused"
    clock.instant += settings.activation_seconds - 1
    assert redeem(second["code"]).status_code == 201
    third = counter().json()
    clock.instant += settings.activation_seconds
    assert _code(redeem(third["code"])) == "activation-refused"


def test_nothing_is_activated_against_a_suspension(counter, redeem, licence_authority):
    """Neither made while it stands, nor redeemed when it came between; afterwards the code is still good."""
    made = counter().json()
    path = f"/authority/licences/{made['document_id']}/suspensions"
    measure = licence_authority.post(path, {"decision_reference": "S-1"}).json()["measure_id"]
    assert _code(redeem(made["code"])) == "document-suspended"
    assert _code(counter()) == "document-suspended"
    licence_authority.post(f"{path}/{measure}/lift", {"decision_reference": "S-2"})
    assert redeem(made["code"]).status_code == 201


def test_of_many_phones_that_type_one_code_one_gets_the_offer(service, counter, redeem):
    """Twelve at the same moment: one offer."""
    code = counter().json()["code"]
    with ThreadPoolExecutor(8) as pool:
        statuses = [one.status_code for one in pool.map(lambda _: redeem(code), range(12))]
    assert statuses.count(201) == 1
    assert _rows(service, tables.offer, func.count()) == [(1,)]


def test_guessing_address_waits_and_the_right_code_is_then_refused_unread(counter, redeem, clock):
    """Ten wrong ones, then 429 with the time to wait, whatever is sent; it ends by itself."""
    good = counter().json()["code"]
    for _ in range(MOST):
        assert _code(redeem(new_code("licence"))) == "activation-refused"
    blocked = redeem(good)
    assert (blocked.status_code, _code(blocked)) == (429, "too-many-codes")
    assert int(blocked.headers["retry-after"]) == SECONDS
    clock.instant += SECONDS
    assert redeem(good).status_code == 201


def test_guesses_behind_a_proxy_are_counted_against_who_guesses(service, application, counter):
    """A reverse proxy of ours tells who sent a code: one guesser locks out nobody else, an IPv6 subscriber counts whole."""
    pace = replace(service.settings.pace, proxies=(ip_network("127.0.0.0/8"),))
    application.state.service = replace(service, settings=replace(service.settings, pace=pace))
    through = TestClient(application, client=("127.0.0.1", 5000))

    def redeem(address, code):
        return through.post(
            "/activations/redemptions", json={"code": code}, headers={"X-Forwarded-For": address}
        )

    good = counter().json()["code"]
    for number in range(MOST):
        assert _code(redeem(f"2001:db8::{number:x}", new_code("licence"))) == "activation-refused"
    assert _code(redeem("2001:db8::ffff", good)) == "too-many-codes"
    assert redeem("203.0.113.9", good).status_code == 201


def test_agent_makes_so_many_codes_in_an_hour(service, application, counter, clock):
    """T45: the pace of acts holds here too, though no answer is stored."""
    application.state.service = replace(service, settings=replace(service.settings, acts_per_hour=2))
    assert [counter(person=one).status_code for one in ("camille", "yanis", "ines")] == [201, 201, 429]
    clock.instant += 3_600
    assert counter(person="ines").status_code == 201


@pytest.mark.parametrize(
    "typed",
    ["", "P", "Q" + "0" * 19, "P" + "0" * 18, "P" + "0" * 20, "P" + "U" * 19, "é" * 20, "P" + "\u0130" * 19],
)
def test_what_cannot_be_a_code_is_refused(typed, redeem):
    """By its form, before the database is asked."""
    assert read_code(typed) is None
    if typed:
        assert redeem(typed).status_code == 404


def test_sheet_says_what_to_type_and_never_the_second_part(client, keys_of_roles, redeem):
    """As a page when a PDF is asked for; the second part travels beside it, for the agent's screen alone."""
    body = {
        "registry_reference": PEOPLE["camille"].references[LICENCE],
        "identity_document": "passport",
        "with_second": True,
    }
    headers = {"Authorization": f"Bearer {keys_of_roles.of('agnes')}", "Accept": "application/pdf"}
    sheet = client.post(PATHS[LICENCE], json=body, headers=headers)
    assert (sheet.status_code, sheet.headers["content-type"]) == (201, "application/pdf")
    words = words_of(sheet.content)
    assert sheet.headers["laissez-passer-second"] not in words
    assert words.count("Démonstrateur, service non officiel, données fictives") == 2
    assert "jusqu’au 3 novembre 2026" in words
    code = CODE_ON_SHEET.search(words)[0]
    offered = redeem(code, sheet.headers["laissez-passer-second"]).json()["offer"]
    assert f"lp_root_licence={ROOT_ON_SHEET.search(words)[1].replace(' ', '')}" in offered


@pytest.mark.parametrize(
    "path", [PATHS[LICENCE], "/authority/licences/printed-cards", "/authority/licences/searches"]
)
@pytest.mark.parametrize("reference", ["dossier\u0000x", "dossier\ud800", "dossier é", "abc", "x" * 81])
def test_key_that_no_registry_has_is_refused_by_its_form(official, client, path, reference):
    """A NUL or half a surrogate pair never reaches a database that would fail on it."""
    body = {"registry_reference": reference, "identity_document": "passport"}
    body = {"registry_reference": reference} if path.endswith("searches") else body
    headers = {
        "Authorization": f"Bearer {official('agnes').key}",
        "Idempotency-Key": "key-of-a-bad-reference",
    }
    headers["Content-Type"] = "application/json"
    answer = client.post(path, content=json.dumps(body).encode(), headers=headers)
    assert answer.status_code == 422


@pytest.mark.parametrize("typed", ["\u0000", "P\ud800", "\u00df" * 60])
def test_hostile_codes_and_second_parts_are_wrong_and_no_fault(client, counter, typed):
    """Whatever is typed for the code or the second part."""
    good = counter(with_second=True).json()["code"]
    headers = {"Content-Type": "application/json"}
    for body in ({"code": typed}, {"code": good, "second": typed[:30]}):
        content = json.dumps(body).encode()
        answer = client.post("/activations/redemptions", content=content, headers=headers)
        assert answer.status_code in {400, 403, 404, 422}


def test_codes_are_read_as_they_are_printed():
    """Every code of either authority reads back; 32 letters, 95 bits."""
    assert (len(set(ALPHABET)), RANDOM_CHARACTERS * 5) == (32, 95)
    for authority in ("licence", "health"):
        for _ in range(200):
            code = new_code(authority)
            assert read_code(code) == (authority, code.replace("-", ""))
