"""The purge: what is past its period goes, what still has an effect stays, and the journal of acts tells of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, func, insert, select

from credentials.spec import Domain
from tests.conftest import INSTANT
from tests.wallet_api.citizens import CARD, LICENCE, code_of
from tests.wallet_api.conftest import approve
from tests.wallet_api.findings import findings
from wallet_api import tables
from wallet_api.__main__ import main
from wallet_api.clock import rfc3339
from wallet_api.issuance.store import ListKind, take_indexes
from wallet_api.points.consequences import refresh_due
from wallet_api.points.current import current
from wallet_api.publication import PublicationRefused
from wallet_api.publication.check import unpack
from wallet_api.publication.reading import read_edition
from wallet_api.publication.run import publish_now
from wallet_api.retention.past import may_be_purged
from wallet_api.retention.periods import PERIODS, Kept, Period
from wallet_api.retention.purge import purge

DAY = 86_400
ROAD = "driving_licence.road_check.cbor"
YEAR = 366 * DAY


def _purged(service, **how) -> dict[tuple[str, str], int]:
    return {(one.authority_id, one.kept.value): one.rows for one in purge(service, **how) if one.rows}


def _count(service, table, *where) -> int:
    with service.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()


def _rows(service, table):
    with service.database.read() as connection:
        return connection.execute(select(table)).all()


@pytest.mark.parametrize(
    ("now", "years", "days", "due"),
    [
        ("2026-11-22T12:00:00Z", 3, 0, "2023-11-22T12:00:00Z"),
        ("2028-02-29T00:00:00Z", 1, 0, "2027-02-28T00:00:00Z"),
        ("2026-11-22T12:00:00Z", 0, 30, "2026-10-23T12:00:00Z"),
    ],
)
def test_periods_are_civil_years(now, years, days, due):
    """A year ends on the same day of the calendar, and a 29 February on the 28th."""
    instant = int(datetime.fromisoformat(now).replace(tzinfo=UTC).timestamp())
    assert rfc3339(Period(Kept.AUDIT, "", "", "", years, days).before(instant)) == due


def test_law_is_in_the_table():
    """L225-2: ten years without a new decision, three for changes of points, two for refused requests."""
    assert [PERIODS[one].years for one in (Kept.MEASURES, Kept.POINTS, Kept.REFUSALS)] == [10, 3, 2]
    assert 183 <= PERIODS[Kept.AUDIT].years * 365 <= 3 * 365  # CNIL: six months to three years


@pytest.mark.postgres
def test_expired_credentials_go_and_their_revocations_stay(service, clock, wallet, supervisor, official):
    """The list still says revoked, of an entry that belongs to nobody any more."""
    wallet.get(ROAD)
    with service.database.read() as connection:
        number, index = connection.execute(
            select(tables.credential.c.status_list, tables.credential.c.status_index)
        ).one()
    body = {"decision_reference": "R-1", "subject": "document"}
    path = f"/authority/licences/{wallet.document_id}/revocations"
    proposed = official("agnes").post(path, body)
    assert approve(supervisor, proposed).status_code == 201
    publish_now(service)
    clock.instant = INSTANT + YEAR
    assert (Domain.LICENCE.value, "credentials") not in _purged(service)  # expired for less than a year
    clock.instant = INSTANT + 15 * DAY + YEAR
    done = _purged(service)
    assert done[Domain.LICENCE.value, "credentials"] == 1
    assert _count(service, tables.credential) == _count(service, tables.status_cause) == 0
    publish_now(service)
    published = read_edition(
        service.settings.published_folder, {one: service.keys.root_certificate(one) for one in Domain}
    )
    assert unpack(published.status[Domain.LICENCE, number].entries)[index] == 1
    with service.database.write() as connection:
        connection.execute(delete(tables.list_tombstone))
    with pytest.raises(PublicationRefused, match="would come back"):
        publish_now(service)


@pytest.mark.postgres
def test_points_that_came_back_are_forgotten_after_three_years(service, clock, wallet, licence_authority):
    """The opening alone then says the same, and the next decision is counted as ever."""
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    rows = _count(service, tables.points_entry)
    clock.instant = INSTANT + 2 * YEAR
    publish_now(service)  # whose refresh gives the point back
    assert (Domain.LICENCE.value, "points") not in _purged(service)
    clock.instant = INSTANT + 3 * YEAR
    assert _purged(service)[Domain.LICENCE.value, "points"] == rows - 1
    with service.database.read() as connection:
        assert current(connection, "licence", wallet.document_id, clock.instant).balance == 12
    body = {
        "decision_reference": "D-2",
        "points": 3,
        "offence_class": "contravention_4",
        "committed_on": "2029-10-12",
        "established_on": "2029-10-30",
    }
    path = f"/authority/licences/{wallet.document_id}/points/withdrawals"
    assert licence_authority.post(path, body).status_code == 201
    with service.database.read() as connection:
        assert current(connection, "licence", wallet.document_id, clock.instant).balance == 9


def test_points_that_count_are_kept(service, clock, wallet, licence_authority):
    """A licence at zero keeps its ledger, however old."""
    for number in range(2):
        assert licence_authority.withdraw(wallet.document_id, 6, f"D-{number}").status_code == 201
    clock.instant = INSTANT + 12 * YEAR
    assert not {kind for _, kind in _purged(service)} & {"points"}


@pytest.mark.postgres
def test_measures_go_ten_years_after_the_last_decision(service, clock, wallet, official):
    """Together; not before, and not while one is in force."""
    agent, path = official("agnes"), f"/authority/licences/{wallet.document_id}"
    body = {"decision_reference": "S-1", "decided_by": "prefect", "until": "2027-03-01"}
    assert agent.post(f"{path}/suspensions", body).status_code == 201
    clock.instant = INSTANT + 9 * YEAR
    assert "measures" not in {kind for _, kind in _purged(service)}
    body = {"decision_reference": "S-2", "decided_by": "prefect", "until": "2036-02-01"}
    assert agent.post(f"{path}/suspensions", body).status_code == 201
    clock.instant = INSTANT + 11 * YEAR
    assert "measures" not in {kind for _, kind in _purged(service)}  # a new decision keeps the old one
    clock.instant = INSTANT + 20 * YEAR
    assert _purged(service)[Domain.LICENCE.value, "measures"] == 2
    assert _count(service, tables.measure) == 0


def test_measure_in_force_is_kept(service, clock, wallet, official):
    """A revocation has no end."""
    body = {"decision_reference": "R-1", "subject": "document"}
    path = f"/authority/licences/{wallet.document_id}/revocations"
    assert approve(official("claire"), official("agnes").post(path, body)).status_code == 201
    clock.instant = INSTANT + 30 * YEAR
    assert "measures" not in {kind for _, kind in _purged(service)}


def test_refused_proposals_go_after_two_years(service, clock, wallet, official):
    """Of which nothing came."""
    body = {"decision_reference": "R-1", "subject": "document"}
    path = f"/authority/licences/{wallet.document_id}/revocations"
    made = official("agnes").post(path, body).json()["proposal_id"]
    assert official("claire").post(f"/authority/proposals/{made}/refusal", {}).status_code == 201
    clock.instant = INSTANT + 2 * YEAR
    assert _purged(service)[Domain.LICENCE.value, "refusals"] == 1
    assert _count(service, tables.act_proposal) == 0


@pytest.mark.postgres
def test_journal_loses_its_beginning_and_stays_whole(service, clock, wallet, licence_authority):
    """Up to a checkpoint of that age; `audit verify` believes it, and still finds a row that is dropped by hand."""
    publish_now(service)
    held = _count(service, tables.audit_entry, tables.audit_entry.c.authority_id == "licence")
    clock.instant = INSTANT + 3 * YEAR
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    assert _purged(service)[Domain.LICENCE.value, "audit"] == held
    publish_now(service)
    assert findings(service) == []
    entry = tables.audit_entry
    with service.database.write() as connection:
        first = connection.execute(
            select(func.min(entry.c.sequence)).where(entry.c.authority_id == "licence")
        ).scalar_one()
        connection.execute(delete(entry).where(entry.c.authority_id == "licence", entry.c.sequence == first))
    assert len(findings(service)) >= 1


@pytest.mark.postgres
def test_rehearsal_counts_what_the_purge_then_does(service, clock, wallet):
    """And changes nothing."""
    wallet.get(ROAD)
    publish_now(service)
    clock.instant = INSTANT + 4 * YEAR
    held = _count(service, tables.audit_entry)
    counted = _purged(service, rehearse=True)
    assert _count(service, tables.audit_entry) == held
    assert _count(service, tables.credential) == 1
    done = _purged(service)
    assert counted == done
    assert {kind for _, kind in done} >= {"offers", "credentials", "audit"}
    again = {kind for _, kind in _purged(service)}
    assert again <= {"phones"}  # those that the first one left bare


def test_command_counts_purges_and_says_so(service, wallet, monkeypatch, capsys):
    """`wallet-api purge`, as an operator runs it each month."""
    monkeypatch.setenv("LP_TEST_NOW", rfc3339(INSTANT + 4 * YEAR))
    monkeypatch.setenv("LP_DATABASE_URL", service.settings.database_url)
    wallet.get(ROAD)
    home = str(service.settings.home)
    assert main(["purge", "--home", home, "--dry-run", "--json"]) == 0
    lines = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert {"authority": "licence", "kind": "credentials", "rows": 1} in [
        {name: one[name] for name in ("authority", "kind", "rows")} for one in lines
    ]
    assert main(["purge", "--home", home, "--lang", "en"]) == 0
    assert "licence credentials 1 : credentials, since they expired" in capsys.readouterr().out
    assert main(["purge", "--home", home]) == 0
    assert "credentials" not in capsys.readouterr().out


@pytest.mark.postgres
def test_index_of_a_tombstone_is_not_given_again(service, monkeypatch):
    """Else a new credential would be born revoked."""
    with service.database.write() as connection:
        row = {"authority_id": "licence", "status_list": 1, "status_index": 7, "since": INSTANT}
        connection.execute(insert(tables.list_tombstone).values(**row))
        drawn = iter((7, 7, 8))
        monkeypatch.setattr("secrets.randbelow", lambda _: next(drawn))
        assert take_indexes(connection, "licence", ListKind.STATUS, 1) == [(1, 8)]


# What was purged is not recorded again


@pytest.mark.parametrize(
    ("event", "released", "purged"),
    [
        ("2023-11-22T12:00:00Z", (), True),
        ("2023-11-22T12:00:01Z", (), False),  # not due yet
        (
            "2020-01-01T00:00:00Z",
            ("2023-01-01T00:00:00Z",),
            True,
        ),  # a row that came at the moment when it was due
        ("2020-01-01T00:00:00Z", ("2022-12-31T23:59:59Z",), False),  # one that a purge would have taken along
        ("2020-01-01T00:00:00Z", ("2026-01-01T00:00:00Z", "2022-12-31T23:59:59Z"), False),
    ],
)
def test_what_may_be_purged_is_told_from_what_is_left(event, released, purged):
    """To the second, at noon of 22 November 2026, for a period of three years; never of a document opened within it."""

    def instant(text: str) -> int:
        return int(datetime.fromisoformat(text).timestamp())

    rows, now, due = (
        [instant(one) for one in released],
        instant("2026-11-22T12:00:00Z"),
        instant("2023-11-22T12:00:00Z"),
    )
    assert may_be_purged(Kept.POINTS, instant(event), now, due, rows) is purged
    assert may_be_purged(Kept.POINTS, instant(event), now, due + 1, rows) is False


@pytest.mark.postgres
def test_late_decision_counts_on_a_licence_that_was_opened_since(clock, wallet, licence_authority):
    """A conviction became final long before the service knew the licence: nothing can have been purged, so it counts."""
    path = f"/authority/licences/{wallet.document_id}"
    old = {
        "committed_on": "2023-01-10",
        "established_on": "2023-06-01",
        "points": 6,
        "offence_class": "delit",
    }
    body = {"decision_reference": "D-1", **old}
    assert licence_authority.post(f"{path}/points/withdrawals", body).status_code == 201
    body = {"decision_reference": "S-1", "from": "2014-10-30", "until": "2030-01-01"}
    assert licence_authority.post(f"{path}/suspensions", body).status_code == 201
    assert clock.instant == INSTANT


@pytest.mark.postgres
def test_purged_decision_on_points_is_not_recorded_again(service, clock, wallet, licence_authority):
    """Known while it is kept, refused by its date afterwards; nothing is written, and newer decisions count."""
    path = f"/authority/licences/{wallet.document_id}/points"
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    clock.instant = INSTANT + 3 * YEAR
    publish_now(service)
    again = licence_authority.withdraw(wallet.document_id, 1, "D-1")
    assert code_of(again) == "decision-already-recorded"
    assert _purged(service)[Domain.LICENCE.value, "points"] > 0
    rows, acts = _count(service, tables.points_entry), _count(service, tables.audit_entry)
    answer = licence_authority.withdraw(wallet.document_id, 1, "D-1")
    assert (answer.status_code, code_of(answer)) == (422, "decision-too-old")
    for name, days in (
        ("courses", {"first_day": "2026-10-01", "last_day": "2026-10-02"}),
        ("trainings", {"completed_on": "2026-10-02"}),
        ("categories", {"category": "A2", "via": "standard", "obtained_on": "2026-10-02"}),
    ):
        answer = licence_authority.post(f"{path}/{name}", {"decision_reference": "D-2", **days})
        assert code_of(answer) == "decision-too-old", name
    assert (_count(service, tables.points_entry), _count(service, tables.audit_entry)) == (rows, acts)
    newer = {"committed_on": "2028-10-12", "established_on": "2028-10-30", "points": 1}
    body = {"decision_reference": "D-3", "offence_class": "contravention_4", **newer}
    assert licence_authority.post(f"{path}/withdrawals", body).status_code == 201
    assert code_of(licence_authority.withdraw(wallet.document_id, 1, "D-1")) == "decision-too-old"


@pytest.mark.postgres
def test_annulled_zero_that_was_purged_does_not_come_back(service, clock, wallet, licence_authority):
    """Twelve points lost, a court annulled six of them: recorded again without it, the licence would end."""
    path = f"/authority/licences/{wallet.document_id}/points"
    losses = [licence_authority.withdraw(wallet.document_id, 6, f"D-{one}").json() for one in range(2)]
    body = {"decision_reference": "A-1", "decided_on": "2026-10-31"}
    loss = losses[1]["entry_ids"][0]
    assert licence_authority.post(f"{path}/annulments", {"entry_id": loss, **body}).status_code == 201
    clock.instant = INSTANT + 11 * YEAR
    with service.database.write() as connection:
        refresh_due(connection, clock.instant)
    assert _purged(service)[Domain.LICENCE.value, "points"] > 0
    for number in range(2):
        assert code_of(licence_authority.withdraw(wallet.document_id, 6, f"D-{number}")) == "decision-too-old"
    with service.database.read() as connection:
        assert current(connection, "licence", wallet.document_id, clock.instant).balance == 12


@pytest.mark.postgres
def test_late_decision_counts_beside_rows_of_its_time(service, clock, wallet, licence_authority):
    """No purge can have dropped it while they are there: a ledger at zero is kept, and takes what comes late."""
    for number in range(2):
        assert licence_authority.withdraw(wallet.document_id, 6, f"D-{number}").status_code == 201
    clock.instant = INSTANT + 12 * YEAR
    _purged(service)
    assert code_of(licence_authority.withdraw(wallet.document_id, 6, "D-0")) == "decision-already-recorded"
    assert licence_authority.withdraw(wallet.document_id, 3, "D-2").status_code == 201


@pytest.mark.postgres
def test_purged_suspension_is_not_recorded_again(service, clock, wallet, official):
    """Refused by the day from which it was to hold; one that begins today is today's act."""
    agent, path = official("agnes"), f"/authority/licences/{wallet.document_id}/suspensions"
    body = {"decision_reference": "S-1", "from": "2026-10-30"}
    made = agent.post(path, body).json()["measure_id"]
    clock.instant = INSTANT + DAY
    assert agent.post(f"{path}/{made}/lift", {"decision_reference": "L-1"}).status_code == 201
    clock.instant = INSTANT + 11 * YEAR
    assert code_of(agent.post(path, body)) == "decision-already-recorded"
    assert _purged(service)[Domain.LICENCE.value, "measures"] == 2
    assert code_of(agent.post(path, body)) == "decision-too-old"
    assert _count(service, tables.measure) == 0
    assert agent.post(path, {"decision_reference": "S-2", "from": "2037-01-02"}).status_code == 201
    assert code_of(agent.post(path, body)) == "decision-too-old"
    assert agent.post(path, {"decision_reference": "S-3"}).status_code == 201


@pytest.mark.postgres
def test_documents_on_which_nothing_rests_go_and_others_stay(
    service, clock, offer, licence_authority, wallet
):
    """Opened once, for nobody since: gone a year later, with the points that were copied; verify misses nothing."""
    licence, card = offer("theo", LICENCE), offer("yanis", CARD)
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    clock.instant += 400 * DAY
    first = _purged(service, rehearse=True)
    assert ("licence", "documents") not in first  # its offer hangs on it until it goes itself
    assert _purged(service)["licence", "documents"] == 1
    left = {one.document_id for one in _rows(service, tables.document)}
    assert licence.document_id not in left
    assert card.document_id not in left
    assert wallet.document_id in left
    assert _count(service, tables.points_entry, tables.points_entry.c.document_id == licence.document_id) == 0
    assert (
        _count(service, tables.points_balance, tables.points_balance.c.document_id == licence.document_id)
        == 0
    )
    assert findings(service) == []
    assert offer("theo", LICENCE).document_id != licence.document_id
    assert findings(service) == []
