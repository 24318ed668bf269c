"""An edition of a clock that was ahead: the loop waits for its date, says so, tries once a minute, and wastes nothing."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import text

from tests.conftest import INSTANT
from wallet_api.clock import rfc3339
from wallet_api.publication.patience import PatientPublisher
from wallet_api.publication.run import publish_now
from wallet_api.publication.state import PublicationWaits
from wallet_api.steward import Chore, Steward

pytestmark = pytest.mark.postgres
DAY, LOOK = 86_400, 5
AHEAD = INSTANT + DAY


@pytest.fixture
def late(service, clock, caplog):
    """Published a day ahead; then the clock was put right."""
    caplog.set_level(logging.INFO, logger="wallet_api")
    clock.instant = AHEAD
    publish_now(service)
    clock.instant = INSTANT + 600
    return service


@pytest.fixture
def loop(late, clock):
    """Rounds of the loop, some seconds apart by both clocks."""
    start = clock.instant
    seconds = [0]
    patient = PatientPublisher(lambda: float(seconds[0]))
    steward = Steward(late, (Chore("publish", patient),), monotonic=lambda: float(seconds[0]))

    def rounds(count: int) -> Steward:
        for _ in range(count):
            seconds[0] += LOOK
            clock.instant += LOOK
            steward.round()
        return steward

    assert clock.instant == start
    return rounds


def _tries(caplog) -> list[str]:
    return [one.lp["until"] for one in caplog.records if one.getMessage() == "publication_waits"]


def _taken(service) -> tuple[int, int]:
    """Editions that were taken, and checkpoints that were signed."""
    with service.database.read() as connection:
        editions, checkpoints = (
            connection.execute(text(f"SELECT count(*) FROM {one}")).scalar_one()
            for one in ("publication", "audit_checkpoint")
        )
    return editions, checkpoints


def test_loop_tries_once_a_minute_and_wastes_no_edition(late, loop, caplog):
    """Ten minutes: ten tries, no edition taken, no checkpoint signed, and no failure of the loop."""
    before = _taken(late)
    steward = loop(120)
    assert _tries(caplog) == [rfc3339(AHEAD)] * 10
    assert _taken(late) == before
    assert steward.last_error is None


def test_loop_publishes_at_the_look_that_reaches_the_date(late, loop, clock, caplog):
    """Not up to a minute later."""
    clock.instant = AHEAD - 60
    loop(1)
    before = _taken(late)
    clock.instant = AHEAD - LOOK
    loop(1)
    assert (
        _taken(late) == before
    )  # 40 seconds around the date count as clocks that differ, and nothing changed
    clock.instant = AHEAD + 3_600 - LOOK
    loop(1)
    assert _taken(late)[0] == before[0] + 1
    assert len(_tries(caplog)) == 1


def test_loop_tries_at_once_when_another_edition_is_in_force(late, loop, caplog):
    """Somebody put folder and database in order: there is nothing to wait for."""
    loop(2)
    assert len(_tries(caplog)) == 1
    with late.database.write() as connection:
        connection.execute(
            text("UPDATE publication SET started_at = :at WHERE started_at = :ahead"),
            {"at": INSTANT - 7_200, "ahead": AHEAD},
        )
    loop(1)
    assert len(_tries(caplog)) == 2  # the folder still bears the date


@pytest.mark.usefixtures("late")
def test_readiness_says_until_when_in_both_languages(client, clock):
    """And nothing of it once the date has come."""
    told = client.get("/readyz").json()
    assert told["publication_waits_until"] == rfc3339(AHEAD)
    assert rfc3339(AHEAD) in told["publication_note"]["fr"]
    assert rfc3339(AHEAD) in told["publication_note"]["en"]
    assert "attend" in told["publication_note"]["fr"]
    assert "waits" in told["publication_note"]["en"]
    clock.instant = AHEAD
    told = client.get("/readyz").json()
    assert (told["publication_waits_until"], told["publication_note"]) == (None, None)


def test_operator_is_told_until_when(late, official):
    """By the command's words, in both languages; the button answers that the service is not ready."""
    with pytest.raises(PublicationWaits) as refusal:
        publish_now(late)
    assert refusal.value.until == AHEAD
    assert str(refusal.value).count(rfc3339(AHEAD)) == 2
    answer = official("agnes").post("/authority/publications", {})
    assert (answer.status_code, json.loads(answer.text)["type"].rpartition("/")[2]) == (503, "not-ready")


def test_clock_that_is_right_waits_for_nothing(loop, clock, caplog):
    """Ordinary use: no word of it, neither in the log nor on the page."""
    clock.instant = AHEAD + 3_600
    loop(20)
    assert _tries(caplog) == []
