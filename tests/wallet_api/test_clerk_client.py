"""What the clerk types, against a service that serves: which suspension a lift means, which field is wrong, which document."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from credentials.spec import DocumentType
from tests.conftest import INSTANT
from tests.wallet_api.serving import serving
from wallet_api.__main__ import main
from wallet_api.authority_client import act, find
from wallet_api.clock import rfc3339
from wallet_api.official_client import ActRefused, Caller, _problem
from wallet_api.problems import PROBLEMS
from wallet_api.publication.run import publish_now
from wallet_api.registries.fictitious import PEOPLE

LICENCE = DocumentType.DRIVING_LICENCE
DAY = 86_400  # seconds
ASKED = dict.fromkeys(("caller", "token_file", "starts", "until", "measure")) | {"again": False}
REFERENCE = PEOPLE["camille"].references[LICENCE]


@pytest.fixture
def typed(settings, service, clock):
    """Serve at an instant; gives a way to type an act of authority on Camille's licence."""

    def begin(instant: int):
        clock.instant = instant
        publish_now(service)
        environment = {
            "LP_TEST_NOW": rfc3339(instant),
            "LP_LOOP_SECONDS": "0",
            "LP_CANCEL_SECONDS": "0",
            "LP_DATABASE_URL": settings.database_url,
        }
        return serving(settings.home, 1, environment), replace(settings, test_now=rfc3339(instant))

    return begin


def _suspend(agent, wallet, reference, **body):
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    return agent.post(path, {"decision_reference": reference, **body}).json()["measure_id"]


@pytest.mark.postgres
def test_lift_means_the_suspension_that_is_not_over(typed, wallet, licence_authority):
    """Two ended by themselves, one is in force: that one is lifted; afterwards none is left. The rest is said in words."""
    for number in range(2):
        _suspend(licence_authority, wallet, f"S-{number}", until="2026-11-20")
    standing = _suspend(licence_authority, wallet, "S-2", until="2027-06-01")
    server, settings = typed(INSTANT + 60 * DAY)
    with server as (one,):
        here = replace(settings, base_url=one.url)

        def type_(name: str, **more) -> str:
            return act(here, name, REFERENCE, LICENCE, {**ASKED, **more})

        assert find(here, REFERENCE, LICENCE, ASKED) == wallet.document_id
        lifted = json.loads(type_("lift", decision="L-1"))
        assert lifted["kind"] == "lift"
        measures = licence_authority.get(f"/authority/licences/{wallet.document_id}").json()["measures"]
        assert [m["measure_id"] for m in measures if m["lifted_at"] is not None] == [standing]
        with pytest.raises(ActRefused, match="aucune suspension en cours ni à venir · no suspension"):
            type_("lift", decision="L-2")
        ended = next(m["measure_id"] for m in measures if m["measure_id"] != standing)
        with pytest.raises(
            ActRefused, match=r"^409 .* il n’y a rien à lever\. · .* there is nothing to lift\.$"
        ):
            type_("lift", decision="L-3", measure=ended)
        several = [json.loads(type_("suspend", decision=f"S-{n}"))["measure_id"] for n in (7, 8)]
        with pytest.raises(ActRefused, match="--measure says which one") as refused:
            type_("lift", decision="L-4")
        assert all(measure_id in str(refused.value) for measure_id in several)
        with pytest.raises(ActRefused, match=r"\[body\.decision_reference\]$"):
            type_("suspend", decision="Y6")
        with pytest.raises(ActRefused, match=r"\[body\.established_on\]$"):
            type_("withdraw", decision="W-1", **_WITHDRAWN, established="30/10/2026")
        with pytest.raises(ActRefused, match=r"personne de ce nom ; .* · nobody of that name; .*agnes"):
            Caller(here, "nobody", None)


_WITHDRAWN = {"points": 1, "offence_class": None, "offence": None, "committed": "2026-10-12"}


def test_suspension_to_come_is_the_one_that_is_meant(typed, wallet, licence_authority):
    """As is one that was recorded a moment ago and does not count yet."""
    _suspend(licence_authority, wallet, "S-1", until="2026-11-20")
    coming = _suspend(licence_authority, wallet, "S-2", **{"from": "2027-02-01"}, until="2027-06-01")
    server, settings = typed(INSTANT + 60 * DAY)
    with server as (one,):
        act(replace(settings, base_url=one.url), "lift", REFERENCE, LICENCE, {**ASKED, "decision": "L-1"})
    measures = licence_authority.get(f"/authority/licences/{wallet.document_id}").json()["measures"]
    assert [m["measure_id"] for m in measures if m["lifted_at"] is not None] == [coming]


def test_fields_are_told_and_nothing_else_is():
    """Names as the interface declares them; whatever else stands in the member is not repeated."""
    document = {
        "type": "http://here/problems/content-refused",
        "title": "Un champ manque.",
        "fields": ["body.until", "body.1 90 01 75 999 001 32", 7, "DUPONT", "query.at"],
    }
    told = _problem(json.dumps(document).encode())
    assert told == f"Un champ manque. · {PROBLEMS['content-refused'].en} [body.until, query.at]"
    assert _problem(b'{"title": "Autre."}') == "Autre."
    for strange in (b"[]", b'{"title": "x", "fields": 7}', b"<html>", b'"text"'):
        assert "without a reason" in _problem(strange)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["find", "--person", "nobody"], "personne de ce nom ; il y a · nobody of that name; there are: camille"),
        (["find", "--person", "lea"], "cette personne n'a pas ce document ; elle a · no such document, there is: vitale_card"),
    ],
)  # fmt: skip
def test_person_or_document_that_is_not_here_is_said_in_both_languages(made_home, capsys, arguments, said):
    """With what there is instead."""
    assert main(["authority", *arguments, "--home", str(made_home.home)]) == 2
    assert said in capsys.readouterr().err


def test_every_word_of_the_client_is_said_twice(made_home):
    """Without a development issuer: which option is missing."""
    with pytest.raises(ActRefused, match=r"--token-file · sign in .* --token-file"):
        Caller(replace(made_home, demo=False), "agnes", None)
