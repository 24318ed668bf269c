"""Which road checks a change of points supersedes: those that tell the balance of before its release, to the second."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from credentials.spec import Domain
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api.audit import acts
from wallet_api.publication.run import publish_now
from wallet_api.publication.store import read_state

pytestmark = pytest.mark.postgres
LICENCE = Domain.LICENCE
ROAD = "driving_licence.road_check.cbor"
WINDOW, SUPERSEDED = 300, 3


@pytest.fixture
def settings(settings):
    """With the window in which acts are cancelled."""
    return replace(settings, cancel_seconds=WINDOW)


@pytest.fixture
def issue(client, clock, offer):
    """A road check of Camille's licence on a phone of its own, issued now."""

    def make():
        phone = SimulatedWallet(client, clock)
        assert phone.take(offer().uri).status_code == 200
        return phone.get(ROAD)[0]

    return make


@pytest.fixture
def licence(offer) -> str:
    return str(offer().document_id)


def _withdraw(licence_authority, licence: str, points: int, name: str) -> None:
    answer = licence_authority.withdraw(licence, points, name)
    assert answer.status_code == 201, answer.text


def _entries(service, claims) -> tuple[int, int, int]:
    """What it bears, and its entries in the status list and in the points list."""
    with service.database.read() as connection:
        state = read_state(connection, service.settings.base_url, 9, service.clock.now())
    number, subject = int(claims.status.uri.rpartition("/")[2]), claims.subject
    place = subject.points_entry
    status = state.status[LICENCE][number].get(claims.status.index, 0)
    return subject.points.value, status, state.points[place.list_number][place.index]


def _found(service) -> list[tuple[str, str | None]]:
    with service.database.read() as connection:
        found = list(acts.compare(connection, LICENCE.value, service.clock.now()))
    return [(one.fault.value, one.differs) for one in found]


@pytest.mark.parametrize("late", [20, 1_200])
def test_road_check_issued_between_release_and_settlement_stays(
    service, clock, issue, licence, licence_authority, late
):
    """A second before the release it tells the old balance; at that second and afterwards the new one, however late the loop."""
    start = clock.instant
    first = issue()
    clock.instant = start + 10
    _withdraw(licence_authority, licence, 2, "D-1")
    release = clock.instant + WINDOW
    clock.instant = release - 1
    second = issue()
    clock.instant = release
    third = issue()
    clock.instant = release + late - 5
    fourth = issue()
    clock.instant = release + late
    publish_now(service)
    whole = first.subject.points.value
    assert [_entries(service, one) for one in (first, second)] == [(whole, SUPERSEDED, whole - 2)] * 2
    assert [_entries(service, one) for one in (third, fourth)] == [(whole - 2, 0, whole - 2)] * 2
    assert _found(service) == []
    publish_now(service)
    assert _entries(service, third)[1] == 0
    with service.database.write() as connection:
        connection.execute(text("DELETE FROM status_cause"))
    assert _found(service) == [("list_entry", "points")] * 2


def test_next_change_supersedes_what_told_the_one_before(service, clock, issue, licence, licence_authority):
    """Two withdrawals a minute apart, both released before anybody looked: what lies between them tells only one."""
    start = clock.instant
    _withdraw(licence_authority, licence, 1, "D-1")
    clock.instant = start + 60
    _withdraw(licence_authority, licence, 2, "D-2")
    clock.instant = start + WINDOW + 30
    between = issue()
    clock.instant = start + WINDOW + 60
    after = issue()
    clock.instant += 60
    publish_now(service)
    assert _entries(service, between)[1:] == (SUPERSEDED, between.subject.points.value - 2)
    assert _entries(service, after)[1:] == (0, after.subject.points.value)
    assert _found(service) == []


def test_act_that_settles_in_place_of_the_loop_follows_the_same_rule(
    service, clock, issue, licence, licence_authority
):
    """A second decision, which counts later, meets the release of the first."""
    before = issue()
    clock.instant += 10
    _withdraw(licence_authority, licence, 1, "D-1")
    clock.instant += WINDOW
    after = issue()
    clock.instant += 5
    _withdraw(licence_authority, licence, 2, "D-2")
    assert (_entries(service, before)[1], _entries(service, after)[1]) == (SUPERSEDED, 0)
    assert _found(service) == []
    clock.instant += WINDOW
    publish_now(service)
    assert _entries(service, after)[1:] == (SUPERSEDED, after.subject.points.value - 2)
    assert _found(service) == []


def test_course_that_counts_tomorrow_supersedes_what_preceded_its_release(
    service, clock, issue, licence, licence_authority
):
    """Its points come with the next day; what was issued after the release bears the list entry that will tell them."""
    before = issue()
    clock.instant += 10
    path = f"/authority/licences/{licence}/points/courses"
    body = {"decision_reference": "C-1", "first_day": "2026-10-31", "last_day": "2026-11-01"}
    answer = licence_authority.post(path, body)
    assert answer.status_code == 201, answer.text
    clock.instant += WINDOW + 5
    after = issue()
    clock.instant += 5
    publish_now(service)
    assert (_entries(service, before)[1], _entries(service, after)[1]) == (SUPERSEDED, 0)
    clock.instant += 86_400
    publish_now(service)
    assert _entries(service, after)[1] == 0
    assert _found(service) == []


@pytest.mark.parametrize("window", [0, 1])
def test_in_doubt_the_road_check_is_superseded(
    service, application, clock, issue, licence, licence_authority, window
):
    """An act that counts at once, or a second later: two clocks cannot say which came first."""
    short = replace(service, settings=replace(service.settings, cancel_seconds=window))
    application.state.service = short
    same = issue()
    _withdraw(licence_authority, licence, 2, "D-1")
    clock.instant += window
    released = issue()
    clock.instant += 5
    publish_now(short)
    assert _entries(short, same)[1] == SUPERSEDED
    assert _entries(short, released)[1] == (SUPERSEDED if window else 0)
    assert _found(short) == []
