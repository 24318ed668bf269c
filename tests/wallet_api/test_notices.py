"""The citizen's feed of notices: from the causes, with stable ids, in two languages, and unchanged until something changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from credentials.paris_day import paris_day, paris_midnight
from credentials.spec import DocumentType
from credentials.vitale_card import RightsPeriod
from tests.wallet_api.citizens import LICENCE, Citizen, code_of
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api.citizens.notice_texts import french, texts
from wallet_api.citizens.notices import WINDOWS, CardFacts, Notice, NoticeTopic, notices
from wallet_api.registries.adapters import RegistrySilent

DAY = 86_400
TODAY = date(2026, 11, 1)


@pytest.fixture
def citizen(client, keys_of_roles):
    """Sign in as one of the invented citizens."""
    return lambda name: Citizen(client, lambda acr=None: keys_of_roles.of(name, acr=acr))


def _topics(feed) -> list[tuple[str, str]]:
    return [(one["topic"], one["on"]) for one in feed["items"]]


def test_points_that_come_back_are_announced_with_their_day(citizen, offer):
    """Yanis: four points on 21 August 2028; the text names the day in both languages and no number of points."""
    offer("yanis", LICENCE)
    feed = citizen("yanis").get("/me/notices")
    assert ("points_return", "2028-08-21") in _topics(feed)
    told = next(one for one in feed["items"] if one["topic"] == "points_return")
    assert "21 août 2028" in told["fr"]["text"]
    assert "21 August 2028" in told["en"]["text"]
    assert "4" not in told["fr"]["text"]


def test_title_and_rights_appear_some_time_before_their_end(citizen, clock):
    """Théo's heavy categories end with his title in January 2030, Yanis's rights with 2027: not yet, and then."""
    assert _topics(citizen("theo").get("/me/notices")) == []
    clock.instant += int(timedelta(days=3 * 366) / timedelta(seconds=1))
    feed = citizen("theo").get("/me/notices")
    assert _topics(feed) == [("category_end", "2030-01-08"), ("title_end", "2030-01-08")]
    assert "C, C1, C1E, CE, D" in feed["items"][0]["fr"]["text"]


def test_title_that_is_over_is_expired_the_day_after(citizen, clock, offer):
    """Its last day stands in the registry, here and in the notice, which says no more than the day."""
    offer("theo", LICENCE)
    theo = citizen("theo")
    told = []
    for day in (date(2030, 1, 8), date(2030, 1, 9)):
        clock.instant += (day - paris_day(clock.instant)) // timedelta(seconds=1)
        titles = {one["document_type"]: one["title"] for one in theo.get("/me/documents")["items"]}
        told.append(titles["driving_licence"])
    assert told == ["held", "expired"]
    (text,) = [one["fr"]["text"] for one in theo.get("/me/notices")["items"] if one["topic"] == "title_end"]
    assert text == "Dernier jour de votre titre de conduite : 8 janvier 2030. Demandez son renouvellement."


def test_documents_are_told_though_the_registry_of_cards_tells_no_rights(service, citizen, monkeypatch):
    """The last day of a licence is the other registry's to tell."""

    def silent(*_: object) -> None:
        raise RegistrySilent

    monkeypatch.setattr(type(service.rights), "find", silent)
    assert len(citizen("camille").get("/me/documents")["items"]) == 2


def test_end_of_rights_is_the_health_cards(citizen, clock):
    """Three months before the last day; it says whom to ask."""
    yanis = citizen("yanis")
    assert "rights_end" not in dict(_topics(yanis.get("/me/notices")))
    clock.instant += 340 * DAY
    told = [one for one in yanis.get("/me/notices")["items"] if one["topic"] == "rights_end"]
    assert [(one["on"], one["document_type"]) for one in told] == [("2027-12-31", "vitale_card")]
    assert "caisse" in told[0]["fr"]["text"]


def test_rights_that_go_on_the_next_day_do_not_end():
    """Two periods without a gap are one."""
    chained = (RightsPeriod(date(2026, 1, 1), date(2026, 11, 30)), RightsPeriod(date(2026, 12, 1), None))
    assert notices([CardFacts("r", chained)], TODAY) == []
    gap = (RightsPeriod(date(2026, 1, 1), date(2026, 11, 30)), RightsPeriod(date(2026, 12, 2), None))
    assert [one.on for one in notices([CardFacts("r", gap)], TODAY)] == [date(2026, 11, 30)]


def test_end_of_a_suspension_is_announced_and_its_lift_takes_the_notice_back(
    citizen, offer, licence_authority
):
    """The feed follows the causes: nothing was stored that could be left behind."""
    path = f"/authority/licences/{offer('camille').document_id}/suspensions"
    camille = citizen("camille")
    before = camille.get("/me/notices")
    made = licence_authority.post(path, {"decision_reference": "S-1", "until": "2026-12-24"}).json()
    assert ("suspension_end", "2026-12-24") in _topics(camille.get("/me/notices"))
    licence_authority.post(f"{path}/{made['measure_id']}/lift", {"decision_reference": "S-2"})
    assert camille.get("/me/notices") == before


def test_end_of_a_suspension_stays_in_the_feed_for_a_month(citizen, offer, licence_authority, clock):
    """It ended by itself: said for thirty-one days more, unless the right is suspended again."""
    path = f"/authority/licences/{offer('camille').document_id}/suspensions"
    licence_authority.post(path, {"decision_reference": "S-1", "until": "2026-11-10"})
    camille, end = citizen("camille"), paris_midnight(date(2026, 11, 10))
    for days, told in ((0, True), (31, True), (32, False)):
        clock.instant = end + days * DAY
        assert (("suspension_end", "2026-11-10") in _topics(camille.get("/me/notices"))) is told
    clock.instant = end + DAY
    licence_authority.post(path, {"decision_reference": "S-2", "until": "2026-12-24"})
    topics = _topics(camille.get("/me/notices"))
    assert ("suspension_end", "2026-12-24") in topics
    assert ("suspension_end", "2026-11-10") not in topics


def test_phone_that_does_not_renew_is_told_before_it_is_empty(citizen, client, clock, offer):
    """Three days before the last credential ends; a renewal, or the loss of the phone, ends the notice."""
    phone = SimulatedWallet(client, clock)
    phone.take(offer("camille").uri)
    phone.get("driving_licence.proof.cbor")
    camille = citizen("camille")
    assert "credential_end" not in dict(_topics(camille.get("/me/notices")))
    clock.instant += 12 * DAY
    assert "credential_end" in dict(_topics(camille.get("/me/notices")))
    phone.renew()
    phone.get("driving_licence.proof.cbor")
    assert "credential_end" not in dict(_topics(camille.get("/me/notices")))
    clock.instant += 12 * DAY
    camille.post("/me/devices/losses")
    assert "credential_end" not in dict(_topics(camille.get("/me/notices")))


def test_same_feed_has_the_same_tag_and_is_not_sent_again(citizen, client, clock, offer, official):
    """304 until something changes; ids stay while the fact stays."""
    document_id = offer("yanis", LICENCE).document_id
    yanis = citizen("yanis")

    def read(tag=None):
        headers = {"Authorization": f"Bearer {yanis.token()}"} | ({"If-None-Match": tag} if tag else {})
        return client.get("/me/notices", headers=headers)

    first = read()
    tag = first.headers["etag"]
    clock.instant += 3_600
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = read(known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert read('"other"').json() == first.json()
    assert official("agnes").withdraw(document_id, 1, "D-1").status_code == 201
    changed = read(tag)
    assert (changed.status_code, changed.headers["etag"] != tag) == (200, True)


def test_feed_says_nothing_while_a_registry_is_silent(citizen, service, application):
    """An empty feed would read as: nothing ends."""

    class Silent:
        def find_by_pivot(self, pivot, basis):
            return service.rights.find_by_pivot(pivot, basis)

        def find(self, _reference, _basis, _at):
            raise RegistrySilent

    application.state.service = replace(service, rights=Silent())
    assert code_of(citizen("camille").send("GET", "/me/notices")) == "registry-silent"


@pytest.mark.parametrize("topic", list(NoticeTopic))
def test_every_topic_has_its_window_and_speaks_both_languages(topic):
    """First and last day of its window, and not a day more; the day is in each text, nothing is left to fill in."""
    before, after = WINDOWS[topic]
    one = Notice(topic, DocumentType.DRIVING_LICENCE, "r", TODAY, "C")
    shown = [
        one.is_shown(TODAY + timedelta(days=shift)) for shift in (-before - 1, -before, after, after + 1)
    ]
    assert shown == [False, True, True, False]
    said = texts(one)
    assert said[0] != said[1]
    assert french(TODAY) == "1er novembre 2026"
    assert "1er novembre 2026" in said[0][1]
    assert "1 November 2026" in said[1][1]
    assert "{" not in f"{said}"
