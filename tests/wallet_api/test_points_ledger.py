"""The ledger of points: what is recorded, from when it counts, and what follows for credentials."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from credentials.paris_day import paris_midnight
from credentials.spec import DocumentType
from tests.conftest import INSTANT
from tests.wallet_api.simulated_wallet import Key, SimulatedWallet
from tests.wallet_api.test_consequences import AGE, PROOF, ROAD, _companion, _points, _status
from wallet_api import audit, tables
from wallet_api.authority.store import lock_document
from wallet_api.points import store
from wallet_api.points.consequences import refresh_due
from wallet_api.points.current import current, history
from wallet_api.points.decisions import CourseFollowed, LossAnnulled, Offence, Withdrawal
from wallet_api.points.history import PointsHistory
from wallet_api.points.ledger import Ledger
from wallet_api.points.record import cancel_entry, record
from wallet_api.problems import WalletError
from wallet_api.publication.run import publish_now
from wallet_api.registries.fictitious import PEOPLE

DAY = 86_400
ACTOR = "a" * 32
LOSS = {"offence_class": "contravention_4", "committed_on": "2026-10-12", "established_on": "2026-10-30"}


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _noon(day: date) -> int:
    return paris_midnight(day) + 43_200


def _loss(reference: str, points: int = 3, **more) -> Withdrawal:
    return Withdrawal(
        reference, date(2026, 10, 12), date(2026, 10, 30), (Offence(points, "contravention_4"),), **more
    )


def _record(service, document_id, decision, released_at=None):
    now = service.clock.now()
    with service.database.write() as connection:
        lock_document(connection, "licence", document_id, DocumentType.DRIVING_LICENCE)
        return record(
            connection, "licence", document_id, decision, now, ACTOR, released_at or service.clock.now()
        )


def _stored(service, document_id) -> store.BalanceRow:
    with service.database.read() as connection:
        return store.find_balance(connection, "licence", document_id)


def _replayed(service, document_id, now: int) -> store.BalanceRow:
    """The ledger from nothing."""
    with service.database.read() as connection:
        rows = store.entries(connection, "licence", document_id)
    return Ledger(rows).balance(now, _stored(service, document_id).version)


def _of_ledger(statements: list[str]) -> list[str]:
    return [one.split()[0] for one in statements if "points_entry" in one or "points_balance" in one]


def _post(authority, document_id, name, **body):
    return authority.post(f"/authority/licences/{document_id}/points/{name}", body)


def _read(authority, document_id, at=""):
    return authority.get(f"/authority/licences/{document_id}/points{at and f'?at={at}'}").json()


# What the registry hands over


@pytest.mark.parametrize("day", [date(2026, 11, 1), date(2026, 11, 25)])
def test_fictitious_licences_have_the_points_of_the_story(service, offer, day):
    """Camille 12, Yanis 8, Inès 6 in probation, Théo 10: by the law, on both days of the demonstration."""
    ids = {name: offer(name).document_id for name in ("camille", "yanis", "ines", "theo")}
    with service.database.read() as connection:
        found = {name: current(connection, "licence", one, _noon(day)) for name, one in ids.items()}
    assert {name: one.balance for name, one in found.items()} == {
        "camille": 12,
        "yanis": 8,
        "ines": 6,
        "theo": 10,
    }
    assert {name: one.probation_end for name, one in found.items()} == {
        "camille": None,
        "yanis": None,
        "ines": "2029-05-18",
        "theo": None,
    }


def test_points_are_told_at_any_instant(offer, licence_authority):
    """Past and future by `at`; before the licence there is nothing to tell."""
    ines, yanis = offer("ines").document_id, offer("yanis").document_id
    assert [_read(licence_authority, ines, at)["balance"] for at in ("", "2027-05-18", "2029-05-18")] == [
        6,
        8,
        12,
    ]
    now = _read(licence_authority, ines)
    assert now["next_change"] == {"on": "2027-05-18", "balance": 8, "cap": 8}
    assert [one["balance"] for one in now["calendar"]] == [8, 10, 12]
    assert [_read(licence_authority, yanis, at)["balance"] for at in ("2025-08-20", "2025-08-21")] == [12, 8]
    answer = licence_authority.get(f"/authority/licences/{ines}/points?at=2026-05-17")
    assert (answer.status_code, _code(answer)) == (422, "dates-out-of-order")
    answer = licence_authority.get(f"/authority/licences/{ines}/points?at=nonsense")
    assert (answer.status_code, _code(answer)) == (422, "content-refused")


# Milestones and releases without an act


@pytest.fixture
def begun(service):
    """Give Inès another licence: one obtained on that day, with nothing lost since."""
    reference = PEOPLE["ines"].references[DocumentType.DRIVING_LICENCE]

    def begin(obtained_on: date) -> None:
        records = service.licences._records
        records[reference] = replace(records[reference], points_history=PointsHistory(obtained_on))

    return begin


@pytest.mark.parametrize(("years", "points"), [(1, 8), (2, 10), (3, 12)])
def test_milestone_shows_in_the_points_list_on_its_day(service, client, clock, offer, begun, years, points):
    """Ten points on the day of the third year, without any act, in the first publication of that day and not before."""
    begun(date(2026 - years, 11, 5))
    wallet = SimulatedWallet(client, clock)
    made = offer("ines")
    wallet.take(made.uri)
    old = wallet.get(ROAD)[0]
    clock.instant = paris_midnight(date(2026, 11, 5)) - 1
    publish_now(service)
    assert _points(service, old) == points - 2
    clock.instant += 1
    publish_now(service)
    assert (_points(service, old), _status(service, old)) == (points, 0)
    assert _stored(service, made.document_id) == _replayed(service, made.document_id, clock.instant)


def test_issuing_knows_a_milestone_that_nobody_published(service, client, clock, offer, begun):
    """The stored balance is of 1 November; what is issued on the anniversary says ten."""
    begun(date(2024, 11, 5))
    wallet = SimulatedWallet(client, clock)
    made = offer("ines")
    clock.instant = paris_midnight(date(2026, 11, 5))
    wallet.take(offer("ines").uri)
    subject = wallet.get(ROAD)[0].subject
    assert (subject.points.value, subject.probation_end) == (10, date(2027, 11, 5))
    assert _stored(service, made.document_id).balance == 8


def test_refresh_reads_the_licences_that_are_due_and_no_others(service, offer, statements):
    """Bounded work: with nothing due one statement, with one due that licence alone."""
    for name in ("camille", "yanis", "theo"):
        offer(name)
    ines = offer("ines").document_id
    statements.clear()
    with service.database.write() as connection:
        assert refresh_due(connection, INSTANT + 30 * DAY) == 0
    assert _of_ledger(statements) == ["SELECT"]
    statements.clear()
    with service.database.write() as connection:
        assert refresh_due(connection, _noon(date(2027, 5, 18))) == 1
    assert _of_ledger(statements) == [
        "SELECT",
        "SELECT",
        "UPDATE",
        "SELECT",
    ]  # due, ledger, balance; none left
    assert _stored(service, ines).balance == 8


def test_withdrawal_is_three_statements_of_the_ledger(service, offer, statements):
    """One select, one insert, one update; the rest is audit and credentials."""
    document_id = offer().document_id
    statements.clear()
    _record(service, document_id, _loss("D-1"))
    assert _of_ledger(statements) == ["SELECT", "INSERT", "UPDATE"]


# The window


def test_row_counts_from_its_release_on(service, wallet, clock):
    """Until then balance, lists and issuing know nothing of it; then all of them do, without another act."""
    old = wallet.get(ROAD)[0]
    made = _record(service, wallet.document_id, _loss("D-1"), clock.instant + 300)
    assert (made.balance, made.released_at) == (9, clock.instant + 300)
    clock.instant += 299
    publish_now(service)
    within = wallet.get(ROAD)[0]
    assert (within.subject.points.value, _points(service, old), _status(service, old)) == (12, 12, 0)
    clock.instant += 1
    after = wallet.get(ROAD)[0]
    assert after.subject.points.value == 9
    publish_now(service)
    assert [_points(service, one) for one in (old, within, after)] == [9, 9, 9]
    # The one issued within the window still says 12, so it asks for a refresh too; the last one says 9 already.
    assert [_status(service, one) for one in (old, within, after)] == [3, 3, 0]
    assert wallet.get(ROAD)
    assert _stored(service, wallet.document_id) == _replayed(service, wallet.document_id, clock.instant)


def test_cancelled_row_never_counts(service, wallet, clock):
    """Neither at its release nor later; it stays in the ledger and says so. Cancelled twice or too late: refused."""
    old = wallet.get(ROAD)[0]
    made = _record(service, wallet.document_id, _loss("D-1", 6), clock.instant + 300)
    second = _record(service, wallet.document_id, _loss("D-2", 6), clock.instant + 400)
    clock.instant += 299

    def cancel(entry_id, reference):
        with service.database.write() as connection:
            return cancel_entry(
                connection, "licence", wallet.document_id, entry_id, clock.instant, ACTOR, reference
            )

    row = cancel(made.entry_id, f"cancellation:{made.entry_id}")
    assert (row.kind, row.annuls_id) == ("cancellation", made.entry_id)
    for entry_id, code in (
        (made.entry_id, "already-cancelled"),
        (row.entry_id, "already-cancelled"),
        ("0" * 32, "not-found"),
    ):
        with pytest.raises(WalletError) as refused:
            cancel(entry_id, f"again-{entry_id}")
        assert refused.value.problem.code == code
    clock.instant += 101
    with pytest.raises(WalletError) as refused:
        cancel(second.entry_id, "late")
    assert refused.value.problem.code == "too-late-to-cancel"
    publish_now(service)
    assert (_points(service, old), _stored(service, wallet.document_id).balance) == (6, 6)
    with service.database.read() as connection:
        found = history(connection, "licence", wallet.document_id, clock.instant)
    assert found.cancelled == {made.entry_id}


def test_loss_can_be_annulled_again_after_its_annulment_was_cancelled(service, wallet, clock):
    """Of two annulments that stand one is refused; of one that was cancelled nothing is left."""
    made = _record(service, wallet.document_id, _loss("D-1"))
    day = date(2026, 10, 31)
    first = _record(
        service, wallet.document_id, LossAnnulled("A-1", (made.entry_id,), day), clock.instant + 300
    )
    with pytest.raises(WalletError) as refused:
        _record(service, wallet.document_id, LossAnnulled("A-2", (made.entry_id,), day))
    assert refused.value.problem.code == "fact-recorded"
    with service.database.write() as connection:
        cancel_entry(
            connection,
            "licence",
            wallet.document_id,
            first.entry_id,
            clock.instant,
            ACTOR,
            "cancellation:A-1",
        )
    again = _record(service, wallet.document_id, LossAnnulled("A-3", (made.entry_id,), day))
    assert again.balance == 12


# Zero


def test_zero_revokes_the_right_and_its_undoing_revives_nothing(service, wallet, licence_authority, clock):
    """Road check and proof become 1 with class and dates, the age stays; after the appeal new ones are issued."""
    document_id = wallet.document_id
    road, proof, age = (wallet.get(view)[0] for view in (ROAD, PROOF, AGE))
    assert licence_authority.withdraw(document_id, 6, "D-1").json()["state"] == "VALIDE"
    assert licence_authority.withdraw(document_id, 6, "D-2").json()["state"] == "INVALIDE"
    publish_now(service)
    assert [_status(service, one) for one in (road, proof, age)] == [1, 1, 0]
    entry = _companion(service, proof)
    assert (entry.entry_class.value, entry.since, entry.reason_class) == (
        "authority",
        clock.instant,
        "points",
    )
    for view in (ROAD, PROOF):
        assert _code(wallet.ask(view, [Key()])) == "credential-denied"
    assert wallet.get(AGE)
    body = {"annuls_reference": "D-2", "decided_on": "2026-11-01", "decision_reference": "A-1"}
    assert _post(licence_authority, document_id, "annulments", **body).json()["balance"] == 6
    publish_now(service)
    assert [_status(service, one) for one in (road, proof, age)] == [1, 1, 3]  # a second age was issued
    new = [wallet.get(view)[0] for view in (ROAD, PROOF)]
    publish_now(service)
    assert [_status(service, one) for one in new] == [0, 0]
    with service.database.read() as connection:
        acts = connection.execute(select(tables.audit_entry.c.act).order_by(tables.audit_entry.c.sequence))
        found = [one for one in acts.scalars() if one != "registry_asked"]
        assert audit.verify(connection, "licence") is None
    assert [one for one in found if "zero" in one] == ["points_zero", "points_zero_undone"]


def test_zero_that_is_released_later_revokes_what_was_issued_meanwhile(service, wallet, clock):
    """Within the window nothing is revoked; at its end everything that speaks of the right is."""
    _record(service, wallet.document_id, _loss("D-1", 6))
    _record(service, wallet.document_id, _loss("D-2", 6), clock.instant + 300)
    clock.instant += 200
    road, proof = (wallet.get(view)[0] for view in (ROAD, PROOF))
    publish_now(service)
    assert [_status(service, one) for one in (road, proof)] == [0, 0]
    clock.instant += 100
    assert _code(wallet.ask(PROOF, [Key()])) == "credential-denied"  # before anything was published
    publish_now(service)
    assert [_status(service, one) for one in (road, proof)] == [1, 1]
    assert _companion(service, proof).since == clock.instant


def test_invalidation_goes_by_letter_and_hand_in(wallet, licence_authority):
    """Each in its turn and once; then the earliest day of a new licence is told, and a course is refused."""
    document_id = wallet.document_id

    def act(name, reference, **body):
        return _post(licence_authority, document_id, name, decision_reference=reference, **body)

    notice, hand_in = {"received_on": "2026-10-31"}, {"handed_in_on": "2026-11-01"}
    assert _code(act("invalidations", "N-1", **notice)) == "licence-not-invalid"
    for number in (1, 2):
        licence_authority.withdraw(document_id, 6, f"D-{number}")
    assert _code(act("hand-ins", "H-1", **hand_in)) == "licence-not-invalid"
    assert act("invalidations", "N-1", **notice).status_code == 201
    assert _code(act("invalidations", "N-2", **notice)) == "fact-recorded"
    assert act("hand-ins", "H-1", **hand_in).status_code == 201
    found = _read(licence_authority, document_id)
    assert (found["state"], found["zero_on"], found["new_licence_from"]) == (
        "INVALIDE",
        "2026-10-30",
        "2027-05-01",
    )
    assert found["next_change"] is None
    course = {"first_day": "2026-10-31", "last_day": "2026-11-01"}
    answer = act("courses", "C-1", **course)
    assert answer.status_code == 201  # begun before the letter came: lawful, and worth nothing
    assert (answer.json()["applied"], answer.json()["balance"]) == (0, 0)


# Bodies


def test_offences_of_one_stop_are_limited_to_eight(wallet, licence_authority):
    """Phone, red light and seat belt: eight of ten; one row each under one decision, which is recorded once."""
    body = {
        "decision_reference": "STOP-1",
        "committed_on": "2026-10-12",
        "established_on": "2026-10-30",
        "offences": [{"offence": "phone"}, {"offence": "red_light"}, {"offence": "seat_belt", "points": 3}],
    }
    answer = _post(licence_authority, wallet.document_id, "withdrawals", **body).json()
    assert (answer["balance"], answer["applied"], len(answer["entry_ids"])) == (4, -8, 3)
    again = _post(licence_authority, wallet.document_id, "withdrawals", **body)
    assert _code(again) == "decision-already-recorded"
    rows = _read(licence_authority, wallet.document_id)["entries"][-3:]
    assert [(row["offence"], row["points"], row["stop_reference"]) for row in rows] == [
        ("phone", 3, "STOP-1"),
        ("red_light", 4, "STOP-1"),
        ("seat_belt", 3, "STOP-1"),
    ]


def test_decision_is_annulled_whole_by_its_reference(wallet, licence_authority):
    """A stop of three offences: its annulment gives every point back; after one of its rows was annulled, the others."""
    body = {"committed_on": "2026-10-12", "established_on": "2026-10-30"}
    body["offences"] = [{"offence": "phone"}, {"offence": "red_light"}]
    annul = {"decided_on": "2026-11-01"}
    for number in (1, 2):
        made = _post(
            licence_authority, wallet.document_id, "withdrawals", decision_reference=f"STOP-{number}", **body
        ).json()
        assert made["balance"] == 5
        if number == 2:
            one = {"entry_id": made["entry_ids"][1], "decision_reference": "ONE", **annul}
            assert _post(licence_authority, wallet.document_id, "annulments", **one).json()["balance"] == 9
        whole = {"annuls_reference": f"STOP-{number}", "decision_reference": f"A-{number}", **annul}
        answer = _post(licence_authority, wallet.document_id, "annulments", **whole).json()
        assert (answer["balance"], len(answer["entry_ids"])) == (12, 3 - number)
        again = {**whole, "decision_reference": f"B-{number}"}
        assert _code(_post(licence_authority, wallet.document_id, "annulments", **again)) == "fact-recorded"
    unknown = {"annuls_reference": "STOP-3", "decision_reference": "A-3", **annul}
    assert _code(_post(licence_authority, wallet.document_id, "annulments", **unknown)) == "not-found"


def test_nine_points_and_a_belt_at_one_stop_stay_nine(wallet, licence_authority):
    """The exception to the limit (PT045), and a later establishment of the same stop."""
    body = {"decision_reference": "STOP-1", "stop_reference": "S-1", **LOSS} | {"offence_class": None}
    body |= {"offences": [{"offence": "alcohol_and_drugs"}]}
    assert _post(licence_authority, wallet.document_id, "withdrawals", **body).json()["balance"] == 3
    body |= {"decision_reference": "STOP-2", "offences": [{"offence": "seat_belt"}]}
    assert _post(licence_authority, wallet.document_id, "withdrawals", **body).json()["balance"] == 3


@pytest.mark.parametrize(
    ("committed_on", "status"),
    [("2026-10-11", 201), ("2026-10-13", 201), ("2026-10-10", 422), ("2026-10-14", 422)],
)
def test_one_stop_does_not_join_offences_of_other_days(wallet, licence_authority, committed_on, status):
    """Only offences committed together have their sum limited (L223-2 III); a control may pass midnight, no more."""
    first = {"stop_reference": "S-1", "offence_class": "delit", "points": 6, **_dates("2026-10-12")}
    _post(licence_authority, wallet.document_id, "withdrawals", decision_reference="STOP-1", **first)
    other = {**first, **_dates(committed_on)}
    answer = _post(licence_authority, wallet.document_id, "withdrawals", decision_reference="STOP-2", **other)
    assert answer.status_code == status
    assert status == 201 or _code(answer) == "dates-out-of-order"
    assert _read(licence_authority, wallet.document_id)["balance"] == (4 if status == 201 else 6)


def _dates(committed_on):
    return {"committed_on": committed_on, "established_on": "2026-10-30"}


_UNLAWFUL = [
    ({"points": 7}, "points-not-of-class"),
    ({"offence_class": "delit", "points": 5}, "points-not-of-class"),
    ({"offence_class": "delit_alcool_stupefiants", "points": 6}, "points-not-of-class"),
    ({"offence": "phone", "points": 4}, "offence-contradicted"),
    ({"offence": "phone", "offence_class": "contravention_3"}, "offence-contradicted"),
    ({"offence": "no_such_offence"}, "offence-contradicted"),
    ({"points": None}, "content-refused"),
    ({"offence_class": None}, "content-refused"),
    ({"offences": [{"offence": "phone"}]}, "content-refused"),
    ({"points": -1}, "content-refused"),
    ({"points": 10}, "content-refused"),
    ({"decision_reference": "255081416802538"}, "content-refused"),
    ({"decision_reference": "2-55/08.14_168/025-38"}, "content-refused"),
    ({"stop_reference": "255081416802538"}, "content-refused"),
    ({"committed_on": None}, "content-refused"),
    ({"committed_on": 1_791_763_200}, "content-refused"),
    ({"committed_on": "1791763200000"}, "content-refused"),
    ({"committed_on": "20261012"}, "content-refused"),
    ({"committed_on": "2026-10-12T00:00:00Z"}, "content-refused"),
    ({"committed_on": "2026-10-31"}, "dates-out-of-order"),
    ({"committed_on": "2009-03-13"}, "dates-out-of-order"),
    ({"established_on": "2026-11-02"}, "dates-out-of-order"),
]


def test_unlawful_withdrawal_is_refused_and_leaves_nothing(wallet, licence_authority):
    """Points outside their class, against the table, too little, too much, days out of order or not yet come."""
    body = {"decision_reference": "D-1", "points": 3, **LOSS}
    for change, code in _UNLAWFUL:
        answer = _post(licence_authority, wallet.document_id, "withdrawals", **(body | change))
        assert (answer.status_code, _code(answer)) == (422, code), change
    assert _read(licence_authority, wallet.document_id)["balance"] == 12
    assert _post(licence_authority, wallet.document_id, "withdrawals", **body).status_code == 201


def test_offence_takes_points_and_class_from_the_day_it_was_committed(offer, licence_authority):
    """50 km/h over: fifth class until 28 December 2025, a délit since; under 5 km/h no point since 2024."""
    document_id = offer("theo").document_id
    for number, (code, day, expected) in enumerate(
        (
            ("speed_50_or_more", "2025-12-28", ("contravention_5", 6)),
            ("speed_under_5_town", "2023-12-31", ("contravention_4", 1)),
            ("speed_under_5_town", "2024-01-01", ("contravention_4", 0)),
            ("speed_50_or_more", "2025-12-29", ("delit", 6)),
        )
    ):
        body = {"offence": code, "committed_on": day, "established_on": "2026-02-01"}
        _post(
            licence_authority, document_id, "withdrawals", decision_reference=f"D-{number}", **body
        ).raise_for_status()
        row = _read(licence_authority, document_id)["entries"][-1]
        assert (row["offence_class"], row["points"]) == expected


def test_table_of_offences_is_told_for_a_day(licence_authority):
    """One version of each kind, with both languages."""
    rows = {row["code"]: row for row in licence_authority.get("/authority/offences?on=2025-07-10").json()}
    assert "alcohol_and_drugs" not in rows
    assert rows["speed_50_or_more"]["offence_class"] == "contravention_5"
    today = {row["code"]: row for row in licence_authority.get("/authority/offences").json()}
    assert today["alcohol_and_drugs"]["points"] == 9
    assert len(today) == len(rows) + 1


def test_courses_trainings_and_categories_are_refused_as_the_law_says(offer, licence_authority):
    """One day, too soon, outside the window, twice, before the licence."""
    yanis, ines = offer("yanis").document_id, offer("ines").document_id
    count = 0

    def act(document_id, name, **body):
        nonlocal count
        count += 1
        answer = _post(licence_authority, document_id, name, decision_reference=f"X-{count}", **body)
        return 201 if answer.status_code == 201 else _code(answer)

    assert act(yanis, "courses", first_day="2026-09-04", last_day="2026-09-04") == "course-days"
    assert act(yanis, "courses", first_day="2026-09-04", last_day="2026-09-05") == 201
    assert act(yanis, "courses", first_day="2026-10-02", last_day="2026-10-03") == "course-too-soon"
    assert _read(licence_authority, yanis)["balance"] == 12
    assert act(yanis, "trainings", completed_on="2026-10-02") == "training-outside-window"
    assert act(ines, "trainings", completed_on="2026-10-30") == "training-outside-window"
    assert act(ines, "categories", category="B", via="aac", obtained_on="2026-10-01") == 201
    assert act(ines, "categories", category="A2", obtained_on="2026-05-17") == "dates-out-of-order"
    assert _read(licence_authority, ines)["probation_end"] == "2028-05-18"
    unknown = {"annuls_reference": "none", "decided_on": "2026-10-31"}
    assert act(yanis, "annulments", **unknown) == "not-found"
    assert act(yanis, "annulments", decided_on="2026-10-31") == "content-refused"


def test_training_shortens_probation_until_a_suspension_counts(clock, offer, licence_authority):
    """The shorter probation is lost with the first suspension, though no point was (PT101)."""
    made = offer("ines")
    clock.instant = _noon(date(2026, 12, 20))
    body = {"decision_reference": "T-1", "completed_on": "2026-12-19"}
    assert _post(licence_authority, made.document_id, "trainings", **body).status_code == 201
    assert _code(_post(licence_authority, made.document_id, "trainings", **body)) == "fact-recorded"
    assert _read(licence_authority, made.document_id)["probation_end"] == "2028-05-18"
    path = f"/authority/licences/{made.document_id}/suspensions"
    suspended = licence_authority.post(path, {"decision_reference": "S-1", "until": "2027-02-01"})
    assert suspended.status_code == 201
    assert _read(licence_authority, made.document_id)["probation_end"] == "2029-05-18"


# Replay


def test_concurrent_decisions_replay_to_the_stored_balance(service, offer):
    """T40: eight clerks at once, losses and annulments; the stored balance is what the ledger amounts to."""
    document_id = offer().document_id

    def decide(number: int) -> None:
        for step in range(10):
            made = _record(service, document_id, _loss(f"D-{number}-{step}", 1 + step % 3))
            if (number + step) % 2:
                annulled = LossAnnulled(f"A-{number}-{step}", (made.entry_id,), date(2026, 10, 31))
                _record(service, document_id, annulled)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(decide, range(8)))
    with service.database.read() as connection:
        rows = store.entries(connection, "licence", document_id)
    kinds = Counter(row.kind for row in rows if row.actor_id == ACTOR)
    assert kinds == {"loss": 80, "annulment": 40}
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert _stored(service, document_id) == _replayed(service, document_id, service.clock.now())


_STEPS = [
    (kind, days, late)
    for days in (0, 1, 45, 200, 400, 1100)
    for kind in ("loss", "stop", "course", "annul", "cancel", "nothing")
    for late in (0, 300)
]


@pytest.mark.parametrize("seed", range(6))
def test_ledger_replayed_from_nothing_is_the_stored_balance(service, offer, clock, seed):
    """Drawn acts, some of them still to be released, under a clock that moves over days and years."""
    import random

    draw = random.Random(seed)
    document_id = offer(draw.choice(["camille", "yanis", "ines"])).document_id
    made: list[str] = []
    for number in range(25):
        kind, days, late = draw.choice(_STEPS)
        clock.instant += days * DAY + draw.choice([0, 1, 299, 300, 3_600])
        with service.database.write() as connection:
            refresh_due(connection, clock.instant)
        assert _stored(service, document_id).balance == _replayed(service, document_id, clock.instant).balance
        _draw_act(service, document_id, draw, kind, number, late, made)
        # Between publications the answer is right too.
        later = clock.instant + draw.choice([0, 300, 40 * DAY, 800 * DAY])
        with service.database.read() as connection:
            now = current(connection, "licence", document_id, later)
        replayed = _replayed(service, document_id, later)
        assert now._replace(as_of=0, version=0) == replayed._replace(as_of=0, version=0)
    assert made


def _draw_act(service, document_id, draw, kind, number, late, made) -> None:
    now = service.clock.now()
    today = date.fromordinal(date(1970, 1, 1).toordinal() + now // DAY)
    past = today - timedelta(draw.choice([0, 1, 20, 90]))
    committed = max(past - timedelta(draw.choice([0, 3, 60])), date(2026, 5, 18))
    offences = tuple(
        Offence(draw.randint(1, 4), "contravention_3") for _ in range(3 if kind == "stop" else 1)
    )
    try:
        match kind:
            case "loss" | "stop":
                done = _record(
                    service, document_id, Withdrawal(f"D-{number}", committed, past, offences), now + late
                )
                made.extend(done.entry_ids)
            case "course":
                _record(
                    service, document_id, CourseFollowed(f"C-{number}", past - timedelta(1), past), now + late
                )
            case "annul" if made:
                _record(
                    service, document_id, LossAnnulled(f"A-{number}", (draw.choice(made),), past), now + late
                )
            case "cancel" if made:
                with service.database.write() as connection:
                    cancel_entry(
                        connection, "licence", document_id, made[-1], now, ACTOR, f"cancellation:{number}"
                    )
    except WalletError:
        return  # unlawful at that moment: nothing was written


def test_stored_balance_that_was_changed_by_hand_is_found(service, offer):
    """The replay can fail: a balance that the ledger does not amount to differs from it."""
    document_id = offer().document_id
    with service.database.write() as connection:
        connection.execute(update(tables.points_balance).values(balance=11))
    assert _stored(service, document_id) != _replayed(service, document_id, INSTANT)
