"""A decision stands once: its reference is taken while its act stands, and free again once that was cancelled."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from credentials.spec import DocumentType, Domain
from tests.conftest import INSTANT
from tests.wallet_api.serving import serving
from wallet_api.audit import acts
from wallet_api.audit.decisions import out_of_turn
from wallet_api.authority_client import act, cancel
from wallet_api.clock import rfc3339
from wallet_api.decided_once import is_recorded
from wallet_api.official_client import ActRefused
from wallet_api.publication.run import publish_now
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.retention.periods import Kept
from wallet_api.retention.purge import purge
from wallet_api.tables import measure, points_entry

pytestmark = pytest.mark.postgres
LICENCE = Domain.LICENCE.value
WINDOW = 300  # seconds
YEAR = 366 * 86_400
DAYS = {"committed_on": "2026-10-12", "established_on": "2026-10-30"}
STOP = [{"offence": "phone"}, {"offence": "red_light"}, {"offence": "seat_belt", "points": 3}]


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


@pytest.fixture
def settings(settings):
    """With the window in which acts are cancelled, which most tests do without."""
    return replace(settings, cancel_seconds=WINDOW)


@pytest.fixture
def path(wallet) -> str:
    return f"/authority/licences/{wallet.document_id}"


@pytest.fixture
def other_path(offer) -> str:
    """Another licence of the same authority."""
    return f"/authority/licences/{offer('ines').document_id}"


def _withdraw(agent, path, offences=STOP, *, key=None):
    body = {"decision_reference": "STOP-1", "offences": offences, **DAYS}
    return agent.post(f"{path}/points/withdrawals", body, key=key)


def _cancel(agent, path, made):
    act_id = made.json().get("entry_id") or made.json()["measure_id"]
    return agent.post(f"{path}/acts/{act_id}/cancellation", {})


def _rows(service, table) -> list[tuple[str, int]]:
    own = "kind IN ('loss', 'suspension') AND decision_reference NOT LIKE 'opening-%'"
    query = f"SELECT decision_reference, reuse FROM {table} WHERE {own} ORDER BY 1, 2"
    with service.database.read() as connection:
        return [tuple(one) for one in connection.execute(text(query))]


def _findings(service) -> list[str]:
    with service.database.read() as connection:
        return [one.fault.value for one in acts.compare(connection, LICENCE, service.clock.now())]


def test_corrected_decision_is_recorded_under_its_own_reference(service, path, licence_authority):
    """Three offences, cancelled, then two, cancelled, then three: each row bears the number that its reference is at."""
    first = _withdraw(licence_authority, path)
    assert _code(_withdraw(licence_authority, path)) == "decision-already-recorded"
    assert _cancel(licence_authority, path, first).status_code == 201
    second = _withdraw(licence_authority, path, STOP[:2])
    assert (second.status_code, second.json()["balance"]) == (201, 5)
    assert _cancel(licence_authority, path, second).status_code == 201
    third = _withdraw(licence_authority, path)
    assert (third.status_code, third.json()["balance"]) == (201, 4)
    assert _code(_withdraw(licence_authority, path)) == "decision-already-recorded"
    numbers = [("STOP-1", 3), ("STOP-1#2", 3), ("STOP-1#3", 2)]
    assert _rows(service, "points_entry") == [(name, one) for name, count in numbers for one in range(count)]
    assert _findings(service) == []


def test_decision_on_the_wrong_licence_is_recorded_on_the_right_one(
    service, path, other_path, licence_authority
):
    """The reference belongs to the authority, not to a licence."""
    wrong = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    taken = licence_authority.post(f"{other_path}/suspensions", {"decision_reference": "S-1"})
    assert _code(taken) == "decision-already-recorded"
    assert _cancel(licence_authority, path, wrong).status_code == 201
    assert (
        licence_authority.post(f"{other_path}/suspensions", {"decision_reference": "S-1"}).status_code == 201
    )
    back = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    assert _code(back) == "decision-already-recorded"
    assert _rows(service, "measure") == [("S-1", 0), ("S-1", 1)]


def test_request_that_is_sent_again_after_its_cancellation_records_nothing(service, path, licence_authority):
    """Its key gives the answer of then: a late repetition is no new decision."""
    body = {"decision_reference": "STOP-1", "offences": STOP, **DAYS}
    made = licence_authority.post(f"{path}/points/withdrawals", body, key="the-key-of-one-act")
    assert _cancel(licence_authority, path, made).status_code == 201
    again = licence_authority.post(f"{path}/points/withdrawals", body, key="the-key-of-one-act")
    assert (again.status_code, again.json()) == (made.status_code, made.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert len(_rows(service, "points_entry")) == len(STOP)


def test_annulment_by_reference_means_the_decision_that_stands(service, path, licence_authority, clock):
    """The cancelled rows of the same reference are no losses to give back."""
    assert _cancel(licence_authority, path, _withdraw(licence_authority, path)).status_code == 201
    standing = _withdraw(licence_authority, path, STOP[:2]).json()
    assert standing["balance"] == 5
    clock.instant += WINDOW
    body = {"decision_reference": "A-1", "annuls_reference": "STOP-1", "decided_on": "2026-11-01"}
    answer = licence_authority.post(f"{path}/points/annulments", body).json()
    assert (answer["balance"], answer["applied"], len(answer["entry_ids"])) == (12, 7, 2)
    assert _findings(service) == []


def test_of_many_who_record_a_freed_decision_at_once_one_does(service, path, licence_authority):
    """On one licence they queue up; the unique key is what counts where they do not."""
    assert _cancel(licence_authority, path, _withdraw(licence_authority, path)).status_code == 201
    together = threading.Barrier(6)

    def record(number: int) -> int:
        together.wait()
        return _withdraw(licence_authority, path, key=f"one-of-many-{number:06}").status_code

    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(record, range(6)))
    assert codes == [201] + [409] * 5
    assert [number for name, number in _rows(service, "points_entry") if name == "STOP-1"] == [0, 1]


def test_two_licences_that_take_a_freed_reference_at_once_leave_one_of_them(
    service, path, other_path, licence_authority
):
    """Each has its own document, so that nothing but the unique key stands between them."""
    suspended = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    assert _cancel(licence_authority, path, suspended).status_code == 201
    paths = (path, other_path)
    together = threading.Barrier(len(paths))

    def record(number: int) -> int:
        together.wait()
        place, key = f"{paths[number]}/suspensions", f"one-of-two-{number:06}"
        return licence_authority.post(place, {"decision_reference": "S-1"}, key=key).status_code

    with ThreadPoolExecutor(len(paths)) as pool:
        assert sorted(pool.map(record, range(len(paths)))) == [201, 409]
    assert _rows(service, "measure") == [("S-1", 0), ("S-1", 1)]


def test_reference_is_known_as_recorded_while_its_act_stands(service, path, licence_authority):
    """What a proposal asks before it is made, in both tables of acts."""

    def known() -> tuple[bool, bool]:
        with service.database.read() as connection:
            return (
                is_recorded(connection, points_entry, LICENCE, "STOP-1"),
                is_recorded(connection, measure, LICENCE, "S-1"),
            )

    assert known() == (False, False)
    made = _withdraw(licence_authority, path)
    suspended = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    assert known() == (True, True)
    for one in (made, suspended):
        assert _cancel(licence_authority, path, one).status_code == 201
    assert known() == (False, False)


def _write(service, change: str) -> None:
    with service.database.write() as connection:
        connection.execute(text(f"UPDATE points_entry SET {change}"))


def test_decision_that_somebody_made_stand_twice_is_named(service, path, licence_authority):
    """Who hides a reference, has the act recorded again and brings it back, is found by `audit verify`."""
    assert _withdraw(licence_authority, path, STOP[:1]).status_code == 201
    _write(service, "reuse = 7 WHERE decision_reference = 'STOP-1'")
    assert _findings(service) == ["act_twice"]
    assert _code(_withdraw(licence_authority, path, STOP[1:2])) == "decision-already-recorded"
    _write(service, "decision_reference = 'OTHER' WHERE reuse = 7")
    assert _withdraw(licence_authority, path, STOP[1:2]).status_code == 201
    _write(service, "decision_reference = 'STOP-1' WHERE reuse = 7")
    assert _findings(service) == ["act_twice", "act_twice"]
    if service.database.engine.dialect.name == "sqlite":
        _write(service, "reuse = 9e999 WHERE reuse = 7")
        assert _findings(service) == ["act_twice", "act_twice"]
        _write(service, "reuse = 7 WHERE reuse > 7")
    _write(service, "reuse = 1 WHERE reuse = 7")
    assert _findings(service) == ["act_twice"]


def test_number_whose_earlier_row_was_purged_is_none_to_name(
    service, path, other_path, licence_authority, clock
):
    """Suspended by mistake and cancelled; eleven years later the same reference serves elsewhere, and the mistake is purged."""
    made = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    assert _cancel(licence_authority, path, made).status_code == 201
    clock.instant += 11 * YEAR
    assert (
        licence_authority.post(f"{other_path}/suspensions", {"decision_reference": "S-1"}).status_code == 201
    )
    assert _rows(service, "measure") == [("S-1", 0), ("S-1", 1)]
    clock.instant += 1
    assert {one.kept: one.rows for one in purge(service) if one.authority_id == LICENCE}[Kept.MEASURES] == 2
    assert _rows(service, "measure") == [("S-1", 1)]
    assert _findings(service) == []
    taken = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    assert _code(taken) == "decision-already-recorded"
    with service.database.read() as connection:  # as if the journal had lost the row that tells of the purge
        begins = [list(out_of_turn(connection, LICENCE, {}, one)) for one in (0, clock.instant)]
    assert [len(one) for one in begins] == [1, 0]


def test_same_command_after_a_cancellation_says_so_and_means_it_with_again(settings, service, offer, capsys):
    """A real service: the answer of then is told as such, and `--again` records the decision anew."""
    offer("ines")
    publish_now(service)
    reference = PEOPLE["ines"].references[DocumentType.DRIVING_LICENCE]
    asked = dict.fromkeys(("caller", "token_file", "starts", "until", "measure"))
    asked |= {"decision": "S-1", "again": False}
    environment = {
        "LP_TEST_NOW": rfc3339(INSTANT),
        "LP_LOOP_SECONDS": "0",
        "LP_DATABASE_URL": settings.database_url,
    }
    with serving(settings.home, 1, {**environment, "LP_CANCEL_SECONDS": str(WINDOW)}) as (one,):
        here = replace(settings, base_url=one.url)

        def suspend(**more) -> str:
            answer = act(here, "suspend", reference, DocumentType.DRIVING_LICENCE, {**asked, **more})
            return json.loads(answer)["measure_id"]

        first = suspend()
        assert "--again" not in capsys.readouterr().err
        cancel(here, reference, DocumentType.DRIVING_LICENCE, {**asked, "cancelled": first})
        assert suspend() == first
        assert "--again" in capsys.readouterr().err
        assert suspend(again=True) != first
        with pytest.raises(ActRefused, match="409"):
            suspend(again=True)
    assert _rows(service, "measure") == [("S-1", 0), ("S-1", 1)]
