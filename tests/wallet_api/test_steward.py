"""The background loop: publishes when something counts, one process does the chores, nothing ends it."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import update

from credentials.spec import Domain, Role
from tests.conftest import INSTANT
from wallet_api import tables
from wallet_api.publication.due import SPACING, is_due
from wallet_api.publication.run import publish_if_due, publish_now
from wallet_api.steward import LEASE, Chore, Steward
from wallet_api.wiring import new_holder

SECONDS = 20
WINDOW = 300


@pytest.fixture
def published(service, clock):
    """Just published, and some minutes of nothing later."""
    publish_now(service)
    clock.instant += 600
    return service


def _due_after(service, clock, seconds: int) -> bool:
    clock.instant += seconds
    return is_due(service)


def test_nothing_is_due_while_nothing_changes_and_the_hour_is_not_over(service, clock):
    """Then the lists are signed again, since terminals judge their age."""
    publish_now(service)
    assert not _due_after(service, clock, 3_599)
    assert _due_after(service, clock, 1)
    report = publish_if_due(service)
    assert report is not None
    assert report.issued_at == clock.instant
    assert publish_if_due(service) is None


def test_act_is_due_when_it_is_released_and_not_before(published, clock, wallet, licence_authority):
    """A suspension within its window asks for nothing; at its release it does; and once more when late rows have settled."""
    wallet.get("driving_licence.proof.cbor")
    clock.instant += 100  # what the phone took has settled
    publish_now(published)
    delayed = replace(published, settings=replace(published.settings, cancel_seconds=WINDOW))
    wallet.client.app.state.service = delayed
    body = {"decision_reference": "S-1", "until": "2027-01-01"}
    answer = licence_authority.post(f"/authority/licences/{wallet.document_id}/suspensions", body)
    assert answer.status_code == 201, answer.text
    assert not _due_after(published, clock, WINDOW - 1)
    assert _due_after(published, clock, 1)
    publish_now(published)
    assert not _due_after(published, clock, SPACING)
    assert _due_after(published, clock, SPACING)  # a transaction may have been open over the first one
    publish_now(published)
    assert not any(_due_after(published, clock, SPACING) for _ in range(20))


def test_points_are_due_at_once(published, wallet, licence_authority):
    """The balance that the police's list tells changed."""
    assert licence_authority.withdraw(wallet.document_id, 2, "W-1").status_code == 201
    assert is_due(published)


def test_end_of_a_suspension_is_due_by_itself(published, clock, wallet, licence_authority):
    """Nobody acts on the day that it ends; the lists say so all the same."""
    wallet.get("driving_licence.proof.cbor")
    body = {"decision_reference": "S-2", "until": "2026-11-02"}
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    assert licence_authority.post(path, body).status_code == 201
    for _ in range(2):
        clock.instant += 60
        publish_now(published)
    published = replace(published, settings=replace(published.settings, publish_every=86_400))
    clock.instant = INSTANT + 12 * 3_600 + 1_800
    assert not is_due(published)
    clock.instant = INSTANT + 13 * 3_600 + 1  # 00:00 in Paris on 2 November
    assert is_due(published)


def test_burnt_signer_is_due(published, clock):
    """Whichever program burnt it: the published trust list says something else than the key folder."""
    keys = published.keys
    keys.compromise(keys.signer(Domain.HEALTH, Role.CREDENTIAL).key_id, clock.instant)
    assert is_due(published)
    publish_now(published)
    assert not _due_after(published, clock, SPACING)


def test_acts_alone_do_not_publish_more_often_than_every_spacing(service, clock, wallet, licence_authority):
    """A busy minute is a few publications, not one for each act."""
    publish_now(service)
    clock.instant += 1
    licence_authority.withdraw(wallet.document_id, 1, "W-2")
    assert not is_due(service)
    assert _due_after(service, clock, SPACING)


def test_failing_chore_is_tried_later_and_later_and_the_others_go_on(service):
    """Its error is shown until it succeeds; the wait doubles to five minutes at most."""
    now, tries, others = [0.0], [], []

    def fail(_service: object) -> None:
        tries.append(now[0])
        if len(tries) < 12:
            raise OSError("no space")

    duties = (Chore("bad", fail), Chore("good", lambda _service: others.append(now[0])))
    steward = Steward(service, duties, monotonic=lambda: now[0])
    while len(tries) < 12:
        steward.round()
        if len(tries) < 12:
            assert steward.last_error == "bad: OSError"
        now[0] += 5.0
    assert steward.last_error is None
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert gaps[:5] == [5.0, 10.0, 20.0, 40.0, 80.0]
    assert max(gaps) == 300.0
    assert others == [5.0 * step for step in range(len(others))]
    failed = {"chore": "bad", "outcome": "failed"}
    assert service.telemetry.registry.get_sample_value("lp_chores_total", failed) == 11


def test_chore_runs_at_most_as_often_as_it_says(service):
    """Purging every minute is enough."""
    now, runs = [0.0], []
    steward = Steward(
        service, (Chore("slow", lambda _: runs.append(now[0]), 60.0),), monotonic=lambda: now[0]
    )
    for _ in range(30):
        steward.round()
        now[0] += 5.0
    assert runs == [0.0, 60.0, 120.0]


def test_one_of_two_loops_leads_and_the_other_follows_when_it_stops(service):
    """The lease is given back at a clean stop, so the wait is one look, not the life of the lease."""
    settings = replace(service.settings, loop_seconds=1)
    services = [replace(service, settings=settings, holder=new_holder()) for _ in range(2)]
    first, second = (Steward(one, (Chore("nothing", lambda _: None),)) for one in services)
    assert first.state == "off"
    first.start()
    try:
        _wait(lambda: first.state == "leading")
        second.start()
        time.sleep(0.2)
        assert second.state == "following"
        first.stop()
        assert first.state == "off"
        _wait(lambda: second.state == "leading")
    finally:
        first.stop()
        second.stop()


def test_lost_lease_ends_leading(service):
    """A loop that was too slow to renew finds somebody else's number and follows."""
    settings = replace(service.settings, loop_seconds=1, lease_seconds=2)
    steward = Steward(replace(service, settings=settings), ())
    steward.start()
    try:
        _wait(lambda: steward.state == "leading")
        with service.database.write() as connection:
            connection.execute(
                update(tables.lease)
                .where(tables.lease.c.name == LEASE)
                .values(
                    holder="elsewhere:1:0",
                    fencing=tables.lease.c.fencing + 1,
                    expires_at=int(time.time()) + 3_600,
                )
            )
        _wait(lambda: steward.state == "following")
    finally:
        steward.stop()


def test_loop_is_off_when_the_settings_say_so(service):
    """LP_LOOP_SECONDS=0."""
    steward = Steward(replace(service, settings=replace(service.settings, loop_seconds=0)))
    steward.start()
    assert steward.state == "off"
    steward.stop()


def test_readiness_and_metrics_tell_of_the_loop(client, service, clock):
    """Without a server there is no loop; the age of the lists is there all the same."""
    publish_now(service)
    clock.instant += 77
    ready = client.get("/readyz").json()
    del ready["signers"], ready["leases"]  # test_health.py
    assert ready == {
        "database": True,
        "migrated": True,
        "keys": True,
        "lists": True,
        "lists_age": 77,
        "publication_age": 77,
        "loop": "off",
        "loop_error": None,
        "publication_waits_until": None,
        "publication_note": None,
    }
    assert "lp_lists_age_seconds 77.0" in client.get("/metrics").text


def _wait(reached) -> None:
    end = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)
