"""What the lists should say soon is due soon: voided measures, milestones that an act met first, terminals, clocks ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from credentials.paris_day import paris_midnight
from credentials.spec import Audience, DocumentType
from tests.wallet_api.simulated_wallet import SimulatedWallet
from verifier.enrolment import request
from wallet_api.audit import acts
from wallet_api.points.history import PointsHistory
from wallet_api.publication.due import is_due
from wallet_api.publication.run import publish_now
from wallet_api.publication.state import PublicationRefused
from wallet_api.publication.store import read_state
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.roles import SERVICE
from wallet_api.tables import points_balance, terminal
from wallet_api.terminals.enrol import enrol_terminal, report_lost

pytestmark = pytest.mark.postgres
WINDOW, HOUR = 300, 3_600
ROAD = "driving_licence.road_check.cbor"


@pytest.fixture
def settings(settings):
    """With the window in which acts are cancelled, which most tests do without."""
    return replace(settings, cancel_seconds=WINDOW)


def _noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 11, tzinfo=UTC).timestamp())


def _stored(service, document_id):
    with service.database.read() as connection:
        query = select(points_balance).where(points_balance.c.document_id == document_id)
        return connection.execute(query).one()


def _findings(service, authority_id="licence") -> list[str]:
    with service.database.read() as connection:
        found = acts.compare(connection, authority_id, service.clock.now())
        return [one.fault.value for one in found]


def test_training_counts_again_when_the_measure_against_it_is_void(service, clock, offer, licence_authority):
    """Suspended after the training, lifted, then void by an acquittal: from that release on the stored balance says so."""
    licence = offer("ines").document_id
    path = f"/authority/licences/{licence}"

    def act(place: str, name: str, **body):
        answer = licence_authority.post(f"{path}/{place}", {"decision_reference": name, **body})
        assert answer.status_code == 201, answer.text
        return answer.json()

    clock.instant = _noon(date(2026, 12, 20))
    act("points/trainings", "T-1", completed_on="2026-12-19")
    clock.instant += 2 * WINDOW
    publish_now(service)
    shortened = _stored(service, licence).probation_end
    measure = act("suspensions", "S-1", until="2027-02-01", decided_by="prefect")["measure_id"]
    clock.instant += HOUR
    publish_now(service)
    assert _stored(service, licence).probation_end > shortened
    act(f"suspensions/{measure}/lift", "L-1")
    clock.instant += HOUR
    publish_now(service)
    act(f"measures/{measure}/voiding", "V-1", ground="acquittal")
    clock.instant += WINDOW
    assert is_due(service)
    publish_now(service)
    assert _stored(service, licence).probation_end == shortened
    assert licence_authority.get(f"{path}/points").json()["probation_end"] == shortened
    assert _findings(service) == []


def test_milestone_that_an_act_meets_first_is_published_at_once(
    service, clock, client, offer, licence_authority
):
    """A withdrawal three seconds after midnight, which counts in five minutes: the points of midnight do not wait for it."""
    reference, records = PEOPLE["ines"].references[DocumentType.DRIVING_LICENCE], service.licences._records
    records[reference] = replace(records[reference], points_history=PointsHistory(date(2024, 11, 5)))
    milestone = paris_midnight(date(2026, 11, 5))
    clock.instant = milestone - 200
    made = offer("ines")
    assert _stored(service, made.document_id).next_change_at == milestone
    phone = SimulatedWallet(client, clock)
    assert phone.take(made.uri).status_code == 200
    phone.get(ROAD)
    clock.instant = milestone - 10
    publish_now(service)
    with service.database.read() as connection:
        before = read_state(connection, service.settings.base_url, 9, clock.instant).points
    clock.instant = milestone + 3
    body = {
        "points": 1,
        "offence_class": "contravention_4",
        "committed_on": "2026-10-12",
        "established_on": "2026-10-30",
    }
    path = f"/authority/licences/{made.document_id}/points/withdrawals"
    assert licence_authority.post(path, {"decision_reference": "W-1", **body}).status_code == 201
    assert _findings(service) == []
    clock.instant = milestone + 30
    assert is_due(service)
    publish_now(service)
    with service.database.read() as connection:
        assert read_state(connection, service.settings.base_url, 9, clock.instant).points != before
    assert _stored(service, made.document_id).next_change_at == milestone + 3 + WINDOW
    assert _findings(service) == []


def test_lost_terminal_is_due_and_stays_lost(service, clock, tmp_path):
    """The next edition hands it no keys, within the minute; and the journal says it was lost, whatever its row says later."""
    enrol_terminal(service, request(tmp_path / "store"), Audience.POLICE, test_mode=False)
    publish_now(service)
    with service.database.read() as connection:
        terminal_id = connection.execute(select(terminal.c.terminal_id)).scalar_one()
    clock.instant += 60
    report_lost(service, terminal_id)
    clock.instant += 30
    assert is_due(service)
    assert _findings(service, SERVICE) == []
    with service.database.write() as connection:
        connection.execute(terminal.update().values(lost_at=None))
    assert _findings(service, SERVICE) == ["terminal", "device_edited"]  # the loss took its mirror secret too


def test_edition_of_a_clock_that_was_ahead_is_told_and_not_silent(service, clock):
    """A day ahead, then put right: the loop tries at once, and the refusal says what is wrong."""
    clock.instant += 86_400
    publish_now(service)
    clock.instant -= 86_400 - 60
    assert is_due(service)
    with pytest.raises(PublicationRefused, match="clock"):
        publish_now(service)
    clock.instant += 86_400
    publish_now(service)
    clock.instant += 1
    assert not is_due(service)
