"""An activation code typed from the sheet: exchanged, checked against the sheet's fingerprint, and taken as any offer."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest

from mobile_sim.activate import activate
from mobile_sim.errors import OfferRefused, ServiceRefused
from mobile_sim.wallet import Wallet
from tests.conftest import INSTANT
from tests.mobile_sim.simulated_service import SimulatedService, as_json, problem
from tests.mobile_sim.test_journey import World
from tests.wallet_api.pages_of_paper import CODE_ON_SHEET, ROOT_ON_SHEET, words_of
from tests.wallet_api.serving import free_port
from wallet_api.registries.fictitious import PEOPLE

REDEEM = "/activations/redemptions"
CODE = "P7K2-03QX-ABCD-EFGH-JKMN"


@pytest.fixture
def service():
    with SimulatedService() as running:
        running.answer_by[REDEEM] = lambda _: as_json({"offer": running.offer()})
        yield running


@pytest.fixture
def wallet(tmp_path) -> Wallet:
    return Wallet.create(tmp_path / "phone")


def _activate(wallet, service, **more):
    return activate(wallet, service.url, CODE, clock=lambda: float(INSTANT), **more)


@pytest.mark.network
def test_code_and_second_part_go_in_a_body_and_the_document_arrives(service, wallet):
    """Addresses are logged by others: the code is not in one."""
    root = service.authority.pinned
    spaced = " ".join(root[start : start + 4] for start in range(0, 20, 4)).upper()
    document = _activate(wallet, service, second="123456", root=spaced)
    assert document.credentials
    sent = next(one for one in service.seen if one.path == REDEEM)
    assert json.loads(sent.body) == {"code": CODE, "second": "123456"}
    assert not [one for one in service.seen if CODE in one.path]


@pytest.mark.network
@pytest.mark.parametrize("root", ["0" * 20, "", "abcd", "0" * 64])
def test_another_authority_than_the_sheets_gets_nothing(service, wallet, root):
    """Neither token nor key is asked for; a fingerprint too short to mean anything is no match."""
    with pytest.raises(OfferRefused):
        _activate(wallet, service, root=root)
    assert [one.path for one in service.seen] == [REDEEM]


@pytest.mark.network
@pytest.mark.parametrize("word", ["activation-refused", "second-part-wrong"])
def test_refusal_is_told_in_words(service, wallet, word):
    """What to do next, in French and in English."""
    service.answer_by[REDEEM] = lambda _: problem(403, word)
    with pytest.raises(ServiceRefused) as refused:
        _activate(wallet, service)
    assert refused.value.code == word
    assert "code" in refused.value.in_language("fr")
    assert "code" in refused.value.in_language("en")


@pytest.mark.network
@pytest.mark.slow
def test_sheet_from_a_real_counter_activates_a_real_phone(tmp_path):
    """The agent's token, the printed sheet, and the phone's command with what stands on it; once."""
    world = World(tmp_path, f"http://127.0.0.1:{free_port()}", time.monotonic())
    world.run("wallet_api", "init", "--home", "home", "--demo", "--base-url", world.url)
    running = world.serve()
    try:
        token = world.run("wallet_api", "official", "token", "--home", "home", "--as", "agnes").stdout.strip()
        references = PEOPLE["camille"].references
        body = {
            "registry_reference": next(one for one in references.values() if one.startswith("dossier")),
            "identity_document": "passport",
        }
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/pdf",
            "Content-Type": "application/json",
        }
        path = f"{world.url}/authority/licences/activations"
        asked = urllib.request.Request(path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(asked, timeout=20) as answer:
            words = words_of(answer.read())
        typed = (CODE_ON_SHEET.search(words)[0], "--root", ROOT_ON_SHEET.search(words)[1])
        assert world.url in words
        activated = world.phone("activate", *typed, "--service", world.url)
        assert activated.stdout.strip() == "permis-1"
        again = world.phone("activate", *typed, "--service", world.url, expect=3)
        assert "activation-refused" in again.stderr
    finally:
        running.terminate()
        running.wait()
