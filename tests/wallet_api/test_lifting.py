"""A measure that is over, or void, is not lifted: nothing is left to end. What was lifted before it ended stays so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.conftest import INSTANT
from tests.wallet_api.conftest import CARD
from wallet_api import audit
from wallet_api.audit import acts
from wallet_api.authority import measures

pytestmark = pytest.mark.postgres
DAY = 86_400  # seconds
ENDING = {
    "suspensions": ({"decided_by": "prefect", "until": "2026-12-01"}, 30),
    "retentions": ({"verifications": False}, 3),
    "restrictions": ({"until": "2026-12-01"}, 30),
}
"""Measures with an end, and after how many days they are over for certain."""


@pytest.fixture
def act(wallet, licence_authority):
    """An act on the licence of the phone; gives the id of what was recorded."""
    count = iter(range(1, 99))

    def perform(path: str, **body: object) -> str:
        body = {"decision_reference": f"DECISION-{next(count)}", **body}
        answer = licence_authority.post(f"/authority/licences/{wallet.document_id}/{path}", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["measure_id"]

    return perform


@pytest.fixture
def stand(wallet, licence_authority):
    """The licence as its authority reads it."""
    return lambda: licence_authority.get(f"/authority/licences/{wallet.document_id}").json()


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _lift(agent, wallet, path, measure, reference="L-1", **more):
    whole = f"/authority/licences/{wallet.document_id}/{path}/{measure}/lift"
    return agent.post(whole, {"decision_reference": reference}, **more)


@pytest.mark.parametrize("path", ENDING)
def test_measure_that_is_over_is_not_lifted(wallet, licence_authority, act, stand, clock, path):
    """It ended by itself: refused with its own problem, and nothing is recorded."""
    body, days = ENDING[path]
    made = act(path, **body)
    clock.instant += days * DAY
    before = stand()["measures"]
    refused = _lift(licence_authority, wallet, path, made)
    assert (refused.status_code, _code(refused)) == (409, "measure-over")
    assert stand()["measures"] == before
    assert before[0]["lifted_at"] is None


@pytest.mark.parametrize("path", ENDING)
def test_measure_is_lifted_until_its_last_second(wallet, licence_authority, act, stand, clock, path):
    """One second before its end it still can be; the same request gets its answer for ever after."""
    body, _ = ENDING[path]
    made = act(path, **body)
    ends = {"retentions": INSTANT + 3 * DAY}.get(path, INSTANT + 29 * DAY + 13 * 3_600)  # 00:00 in Paris
    clock.instant = ends - 1
    first = _lift(licence_authority, wallet, path, made, key="the-key-of-this-lift")
    assert first.status_code == 201
    assert stand()["measures"][0]["in_force"] is False
    clock.instant += 30 * DAY
    again = _lift(licence_authority, wallet, path, made, key="the-key-of-this-lift")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert _code(_lift(licence_authority, wallet, path, made, "L-2")) == "already-lifted"


def test_void_measure_is_not_lifted(wallet, licence_authority, act):
    """It counts as never taken."""
    made = act("suspensions", decided_by="prefect", until="2027-04-01")
    act(f"measures/{made}/voiding", ground="acquittal")
    assert _code(_lift(licence_authority, wallet, "suspensions", made)) == "measure-over"


def test_card_suspension_that_is_over_is_not_lifted(health_authority, offer, clock):
    """As for licences."""
    path = f"/authority/cards/{offer('lea', CARD).document_id}/suspensions"
    body = {"decision_reference": "C-1", "until": "2026-12-01"}
    made = health_authority.post(path, body).json()["measure_id"]
    clock.instant += 40 * DAY
    refused = health_authority.post(f"{path}/{made}/lift", {"decision_reference": "C-2"})
    assert _code(refused) == "measure-over"


def test_measure_without_an_end_is_lifted_whenever(wallet, licence_authority, act, clock):
    """A court's suspension, and a lost title, which ends when a new one is made."""
    made, lost = act("suspensions"), act("title-losses", circumstance="lost")
    clock.instant += 400 * DAY
    assert _lift(licence_authority, wallet, "suspensions", made).status_code == 201
    path = f"/authority/licences/{wallet.document_id}/title-losses/{lost}/replacement"
    assert licence_authority.post(path, {"decision_reference": "T-2"}).status_code == 201


def test_lift_that_would_count_after_the_end_is_refused(
    service, application, wallet, licence_authority, act, clock
):
    """With five minutes to cancel: six minutes before the end it is a lift, five before it would change nothing."""
    application.state.service = replace(service, settings=replace(service.settings, cancel_seconds=300))
    made = act("suspensions", until="2026-11-03T10:00:00Z")
    clock.instant = INSTANT + 2 * DAY - 300
    assert _code(_lift(licence_authority, wallet, "suspensions", made)) == "measure-over"
    clock.instant -= 60
    assert _lift(licence_authority, wallet, "suspensions", made).status_code == 201


def test_lift_of_an_older_release_stays_valid(
    service, wallet, licence_authority, act, stand, clock, monkeypatch
):
    """It let a measure that was over be lifted: that row raises no alarm, and changes nothing."""
    wallet.get("driving_licence.road_check.cbor")
    made = act("suspensions", decided_by="prefect", until="2026-12-01")
    clock.instant += 40 * DAY
    with monkeypatch.context() as older:
        older.setattr(measures, "_liftable", measures.open_measure)
        assert _lift(licence_authority, wallet, "suspensions", made).status_code == 201
    assert stand()["right"]["state"] == "VALIDE"
    with service.database.read() as connection:
        assert audit.verify(connection, "licence") is None
        assert list(acts.compare(connection, "licence", clock.instant)) == []
