"""Printed cards: a page whose code any terminal reads offline, never better than CHECK, and revoked like all the others."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from credentials.spec import Audience
from tests.wallet_api.citizens import Citizen, code_of
from tests.wallet_api.conftest import LICENCE, approve
from tests.wallet_api.offline_terminals import ANYONE, POLICE, Roadside
from tests.wallet_api.pages_of_paper import picture_of, words_of
from tests.wallet_api.simulated_wallet import SimulatedWallet
from verifier import camera
from wallet_api import tables
from wallet_api.identity.fictitious_callers import CALLERS
from wallet_api.printing.pdf import Page, Words, draw_page
from wallet_api.printing.qr import QUIET_ZONE, modules_of
from wallet_api.registries.adapters import RegistrySilent
from wallet_api.registries.fictitious import PEOPLE

PATH = "/authority/licences/printed-cards"
DAY = 86_400


@pytest.fixture
def read_code(tmp_path):
    """What a terminal's camera reads from the page."""

    def read(pdf: bytes) -> str:
        path = tmp_path / "page.png"
        picture_of(pdf).save(path)
        return str(camera.read_image(path))

    return read


@pytest.fixture
def judge(service, clock, tmp_path, read_code):
    """Publish, and let both terminals, offline, judge the code on a page."""
    roadside = Roadside(service, tmp_path / "terminals", clock)

    def verdict(pdf: bytes, profile: Audience, *, learn: bool = True) -> dict[str, Any]:
        if learn:
            roadside.learn()
        at = datetime.fromtimestamp(clock.instant, UTC)
        return json.loads(roadside._store(profile).verifier().verify(read_code(pdf), at=at).json_text())

    return verdict


@pytest.fixture
def counter(official):
    """Print at the counter."""
    agnes = official("agnes")

    def send(person="camille", *, key=None, **more):
        body = {
            "registry_reference": PEOPLE[person].references[LICENCE],
            "identity_document": "identity_card",
            **more,
        }
        return agnes.post(PATH, body, key=key)

    return send


@pytest.fixture
def camille(client, keys_of_roles) -> Citizen:
    return Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))


def _document(service) -> str:
    with service.database.read() as connection:
        return connection.execute(select(tables.document.c.document_id)).scalar_one()


def test_card_printed_at_the_counter_is_read_offline_and_says_that_it_is_paper(counter, judge):
    """CHECK with PAPER for anybody and for the police, with the name and the categories; nothing of points."""
    printed = counter()
    assert (printed.status_code, printed.headers["content-type"]) == (201, "application/pdf")
    assert printed.headers["cache-control"] == "no-store"
    for profile in (ANYONE, POLICE):
        verdict = judge(printed.content, profile)
        assert (verdict["outcome"], verdict["reason"]) == ("CHECK", "PAPER")
        assert verdict["claims"]["family_name"] == "MARTIN"
        assert "points" not in verdict["claims"]


def test_page_says_what_it_is_and_what_it_is_not(counter):
    """The notice twice, the name with its accents, the last day, the reference of the card; not a word of the State's."""
    printed = counter()
    words = words_of(printed.content)
    assert words.count("Démonstrateur, service non officiel, données fictives") == 2
    assert "MARTIN Camille Élise" in words
    assert "AM, B1, B" in words
    assert printed.headers["laissez-passer-credential"] in words
    assert "avec une pièce d’identité jusqu’au 30 avril 2027" in words
    assert not re.search("République|Marianne|Préfecture|ministère|points", words, re.IGNORECASE)
    assert printed.content.startswith(b"%PDF-1.7")


def test_lost_card_is_refused_and_others_are_spared(counter, judge, service, official, camille):
    """Reported at the counter or by the person, by its reference; a second card and the right stay."""
    first, second, third = counter(), counter(), counter()
    ids = [one.headers["laissez-passer-credential"] for one in (first, second, third)]
    path = f"/authority/licences/{_document(service)}/printed-cards"
    assert official("agnes").post(f"{path}/{ids[0]}/loss", {}).status_code == 201
    camille.post(f"/me/printed-cards/{ids[1]}/loss")
    assert judge(first.content, ANYONE)["reason"] == "NOT_IN_FORCE"
    assert judge(second.content, POLICE)["reason"] == "REVOKED"
    assert judge(third.content, POLICE)["reason"] == "PAPER"
    assert code_of(camille.send("POST", f"/me/printed-cards/{ids[1]}/loss", {})) == "card-lost-already"
    listed = {one["credential_id"]: one for one in camille.get("/me/credentials")["items"]}
    assert [listed[one]["status"] for one in ids] == ["revoked", "revoked", "valid"]
    assert all(one["paper"] for one in listed.values())
    assert camille.get("/me/devices")["items"] == []
    assert camille.get("/me/documents")["items"][0]["phones"] == 0


def test_only_a_printed_card_of_that_person_is_lost_this_way(
    counter, camille, client, clock, offer, keys_of_roles
):
    """T46: neither a credential on a phone, nor somebody else's card, nor an unknown one; nothing moves."""
    phone = SimulatedWallet(client, clock)
    phone.take(offer("camille").uri)
    phone.get("driving_licence.proof.cbor")
    on_phone = camille.get("/me/credentials")["items"][0]["credential_id"]
    hers = counter().headers["laissez-passer-credential"]
    yanis = Citizen(client, lambda acr=None: keys_of_roles.of("yanis", acr=acr))
    yanis.send("POST", "/me/printed-cards", {})
    for who, credential_id in ((camille, on_phone), (yanis, hers), (camille, "0" * 32)):
        assert code_of(who.send("POST", f"/me/printed-cards/{credential_id}/loss", {})) == "not-found"
    assert {one["status"] for one in camille.get("/me/credentials")["items"]} == {"valid"}


def test_measures_reach_the_printed_card(counter, judge, service, official, clock, supervisor):
    """Suspended until a day, then read again; revoked by two people, for good."""
    printed = counter()
    path = f"/authority/licences/{_document(service)}"
    agnes = official("agnes")
    agnes.post(f"{path}/suspensions", {"decision_reference": "S-1", "until": "2026-11-20"})
    assert judge(printed.content, POLICE)["reason"] == "SUSPENDED"
    assert code_of(counter()) == "document-suspended"
    clock.instant += 30 * DAY
    assert judge(printed.content, POLICE)["reason"] == "PAPER"
    approve(supervisor, agnes.post(f"{path}/revocations", {"decision_reference": "R-1"}))
    assert judge(printed.content, POLICE)["reason"] == "REVOKED"


def test_card_ends_by_itself(counter, judge, clock, camille):
    """180 days, a notice in the last month, and then EXPIRED."""
    printed = counter()
    clock.instant += 160 * DAY
    assert "printed_card_end" in {one["topic"] for one in camille.get("/me/notices")["items"]}
    assert judge(printed.content, ANYONE)["reason"] == "PAPER"
    clock.instant += 20 * DAY
    assert judge(printed.content, ANYONE)["reason"] == "EXPIRED"


def test_same_key_prints_once(counter, service):
    """The page is in the first answer alone; afterwards the key is told to have served, and nothing is issued."""
    assert counter(key="the-same-key-twice").status_code == 201
    again = counter(key="the-same-key-twice")
    assert (again.status_code, code_of(again)) == (409, "printed-already")
    with service.database.read() as connection:
        assert len(connection.execute(select(tables.credential)).all()) == 1


def test_person_prints_from_their_own_space(camille, judge):
    """Without a phone: signed in, and a printer."""
    answer = camille.send("POST", "/me/printed-cards", {})
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/pdf")
    assert judge(answer.content, ANYONE)["reason"] == "PAPER"


def test_age_alone_is_printed_with_a_face_and_no_name(counter, judge):
    """One word and the portrait, on the page and in the code."""
    printed = counter(view="age_over_18")
    words = words_of(printed.content)
    assert "Plus de 18 ans" in words
    assert "MARTIN" not in words
    packed = re.search(rb"/FlateDecode /Length (\d+) >>\nstream\n", printed.content)
    assert packed
    start = packed.end()
    pixels = zlib.decompress(printed.content[start : start + int(packed[1])])
    assert len(pixels) == 48 * 60 * 3
    verdict = judge(printed.content, ANYONE)
    assert (verdict["reason"], verdict["claims"]["age_over_18"]) == ("PAPER", True)


def test_nothing_of_the_person_is_stored_of_a_print(counter, service):
    """Neither in the stored answers nor anywhere else; the journal has the agent and the identity document."""
    counter()
    claims = CALLERS["camille"].claims
    with service.database.read() as connection:
        for table in tables.metadata.sorted_tables:
            content = repr(connection.execute(select(table)).all())
            assert claims["family_name"] not in content, table.name
            assert claims["birthdate"] not in content, table.name
        entry = tables.audit_entry
        row = connection.execute(select(entry).where(entry.c.act == "card_print_asked")).one()
    assert '"identity_document":"identity_card"' in row.detail


def test_silent_registry_prints_nothing(counter, service, application):
    """503, and no credential."""

    class Silent:
        def find(self, _reference, _basis):
            raise RegistrySilent

    assert counter().status_code == 201
    application.state.service = replace(service, licences=Silent())
    assert code_of(counter()) == "registry-silent"


@pytest.mark.parametrize("length", [40, 400, 1_000])
def test_code_has_modules_that_a_printer_can_draw(length):
    """At least 0.4 mm at 90 mm, whatever the level."""
    most = int(90 / 0.4) - 2 * QUIET_ZONE
    assert len(modules_of("LP1:" + "A" * length, most)) <= min(most, 177)


def test_page_holds_any_name():
    """Brackets, backslashes and letters that the encoding lacks; a word longer than the line is cut; same bytes twice."""
    page = Page("Titre (1)", [Words("Łukasz (dit \\Ž) Œuvré " + "W" * 150, 14)], [], None)
    pdf = draw_page(page)
    assert pdf == draw_page(page)
    words = words_of(pdf)
    assert "?ukasz (dit \\Ž) Œuvré" in words or "Lukasz (dit \\Ž) Œuvré" in words
    assert words.replace(" ", "").count("W") == 150
    offset = int(pdf.rpartition(b"startxref\n")[2].split()[0])
    assert pdf[offset:].startswith(b"xref")
