"""Mass acts: a file is rehearsed, approved by a second person, and done line by line, each once."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from tests.wallet_api.conftest import approve
from tests.wallet_api.serving import wait_for
from wallet_api import audit, tables
from wallet_api.batches import run as running
from wallet_api.batches import store, undo
from wallet_api.batches.run import run_batches
from wallet_api.publication.run import publish_now

WINDOW = 300
PATH = "/authority/licences/batches"
HEADER = (
    "act,licence_id,decision_reference,committed_on,established_on,points,offence_class,from,until,subject"
)


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _withdrawals(licence_id: str, count: int, first: int = 1) -> str:
    rows = [
        f"withdrawal,{licence_id},LOT-{number},2026-10-12,2026-10-30,1,contravention_4,,,"
        for number in range(first, first + count)
    ]
    return "\n".join([HEADER, *rows])


def submit(authority, text: str | bytes, *, dry_run: bool = False, key: str | None = None) -> Any:
    """Send a file of acts."""
    authority.count += 1
    headers = {
        "Authorization": f"Bearer {authority.key}",
        "Idempotency-Key": key or f"key-of-batch-{authority.count:06}",
        "Content-Type": "text/csv",
    }
    content = text.encode() if isinstance(text, str) else text
    query = "?dry_run=true" if dry_run else ""
    return authority.client.post(PATH + query, content=content, headers=headers)


def _entries(service) -> int:
    table = tables.points_entry
    query = select(func.count()).select_from(table).where(table.c.decision_reference.like("LOT-%"))
    with service.database.read() as connection:
        return connection.execute(query).scalar_one()


def _balance(authority, licence_id: str) -> int:
    return authority.get(f"/authority/licences/{licence_id}/points").json()["balance"]


def test_batch_is_done_once_approved(service, wallet, licence_authority, supervisor):
    """Nothing happens before the approval; then every line is done, and the figure says so."""
    proposed = submit(licence_authority, _withdrawals(wallet.document_id, 5))
    assert (proposed.status_code, proposed.json()["kind"]) == (202, "batch")
    batch = f"{PATH}/{proposed.json()['subject_id']}"
    assert run_batches(service, 100) == 0
    assert licence_authority.get(batch).json()["state"] == "proposed"
    approve(supervisor, proposed)
    assert run_batches(service, 2) == 2
    progress = licence_authority.get(batch).json()
    assert (progress["state"], progress["done"], progress["total"], progress["percentage"]) == (
        "running",
        2,
        5,
        40,
    )
    assert run_batches(service, 100) == 3
    progress = licence_authority.get(batch).json()
    assert (progress["state"], progress["done"], progress["failed"], progress["percentage"]) == (
        "finished",
        5,
        0,
        100,
    )
    assert run_batches(service, 100) == 0
    assert (_entries(service), _balance(licence_authority, wallet.document_id)) == (5, 7)
    with service.database.read() as connection:
        assert audit.verify(connection, "licence") is None


def test_second_person_sees_what_is_approved(service, wallet, licence_authority, supervisor):
    """Acts by kind and the file's digest in the proposal, each line page by page; afterwards what became of it."""
    content = _withdrawals(wallet.document_id, 3) + f"\nrevocation,{wallet.document_id},LOT-9,,,,,,,right"
    proposed = submit(licence_authority, content)
    detail = supervisor.get(f"/authority/proposals/{proposed.json()['proposal_id']}").json()["detail"]
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert len(detail.pop("lines_sha256")) == 64
    assert detail == {"lines": 4, "withdrawal": 3, "revocation": 1, "sha256": digest}
    lines = f"{PATH}/{proposed.json()['subject_id']}/lines"
    first = supervisor.get(f"{lines}?limit=3").json()
    rest = supervisor.get(f"{lines}?limit=3&after={first['next']}").json()
    assert ([one["line"] for one in first["items"]], rest["next"]) == ([2, 3, 4], None)
    assert first["items"][0]["members"] == {
        "decision_reference": "LOT-1",
        "committed_on": "2026-10-12",
        "established_on": "2026-10-30",
        "points": 1,
        "offence_class": "contravention_4",
    }
    (revocation,) = rest["items"]
    assert (revocation["act"], revocation["licence_id"]) == ("revocation", wallet.document_id)
    assert (revocation["outcome"], revocation["act_id"]) == (None, None)
    approve(supervisor, proposed)
    run_batches(service, 100)
    done = supervisor.get(f"{lines}?after=1").json()["items"]
    assert {one["outcome"] for one in done} == {"done"}
    standing = licence_authority.get(f"/authority/licences/{wallet.document_id}").json()["measures"]
    assert done[-1]["act_id"] == standing[0]["measure_id"]
    unknown = supervisor.get(f"{PATH}/{'0' * 32}/lines")
    assert (unknown.status_code, _code(unknown)) == (404, "not-found")


def test_own_batch_is_not_approved_alone(wallet, supervisor):
    """T45: who submits a mass act does not approve it."""
    proposed = submit(supervisor, _withdrawals(wallet.document_id, 2))
    refused = supervisor.post(f"/authority/proposals/{proposed.json()['proposal_id']}/approval", {})
    assert (refused.status_code, _code(refused)) == (403, "second-person-needed")


def test_rehearsal_names_each_bad_line_and_writes_nothing(service, wallet, licence_authority):
    """Numbers, codes and words in both languages; nothing of a line's content."""
    licence_authority.withdraw(wallet.document_id, 1, "TAKEN-1")
    rows = [
        f"withdrawal,{wallet.document_id},LOT-1,2026-10-12,2026-10-30,3,contravention_4,,,",
        f"withdrawal,{wallet.document_id},TAKEN-1,2026-10-12,2026-10-30,3,contravention_4,,,",
        f"withdrawal,{wallet.document_id},LOT-1,2026-10-12,2026-10-30,2,contravention_4,,,",
        f"withdrawal,{wallet.document_id},LOT-4,2026-10-12,2026-10-30,seven,contravention_4,,,",
        f"withdrawal,{'0' * 32},LOT-5,2026-10-12,2026-10-30,1,contravention_4,,,",
        f"withdrawal,{wallet.document_id},LOT-6,2026-10-12,2026-10-30,5,delit,,,",
        f"flogging,{wallet.document_id},LOT-7,,,,,,,",
        f"suspension,{wallet.document_id},LOT-8,,,,,2026-12-01,2026-11-20,",
        f"revocation,{wallet.document_id},LOT-9,,,,,,,right",
        "too,few",
        f"suspension,{wallet.document_id},LOT-10,,,,,9999-12-01,9999-12-31,",
        f"suspension,{wallet.document_id},LOT-11,,,,,,20261201000000,",
    ]
    answer = submit(licence_authority, "\n".join([HEADER, *rows]), dry_run=True)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["lines"], found["refused"]) == (12, 10)
    assert {one["line"]: one["code"] for one in found["problems"]} == {
        3: "decision-already-recorded",
        4: "decision-already-recorded",
        5: "content-refused",
        6: "not-found",
        7: "points-not-of-class",
        8: "content-refused",
        9: "dates-out-of-order",
        11: "content-refused",
        12: "content-refused",
        13: "content-refused",
    }
    assert all(one["fr"] and one["en"] for one in found["problems"])
    assert "flogging" not in answer.text
    assert _entries(service) == 0
    refused = submit(licence_authority, "\n".join([HEADER, *rows]))
    assert (refused.status_code, _code(refused)) == (422, "batch-refused")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "content-refused"),
        (b"\xff\xfe", "batch-unreadable"),
        (HEADER.encode(), "batch-unreadable"),
        (b"act,licence_id,name\nwithdrawal,x,y", "batch-columns"),
        (b"act,act,licence_id\n", "batch-columns"),
        (b'act,licence_id\n"withdrawal', "batch-unreadable"),
        (b"act,licence_id\n" + b"a,b\n" * 5_001, "batch-too-long"),
    ],
    ids=["empty", "not UTF-8", "no line", "foreign column", "column twice", "open quote", "too long"],
)
def test_file_that_is_no_batch_is_refused_whole(licence_authority, content, code):
    """Each with its own words."""
    answer = submit(licence_authority, content, dry_run=True)
    assert (answer.status_code, _code(answer)) == (422, code)


def test_file_of_a_french_spreadsheet_is_read(service, wallet, licence_authority, supervisor):
    """Semicolons and a byte-order mark."""
    text = "\ufeff" + _withdrawals(wallet.document_id, 2).replace(",", ";")
    approve(supervisor, submit(licence_authority, text))
    run_batches(service, 10)
    assert _balance(licence_authority, wallet.document_id) == 10


def test_line_that_became_unlawful_fails_alone(service, wallet, licence_authority, supervisor):
    """Between rehearsal and run somebody records the same decision: that line fails, the others are done."""
    proposed = submit(licence_authority, _withdrawals(wallet.document_id, 3))
    licence_authority.withdraw(wallet.document_id, 2, "LOT-2")
    approve(supervisor, proposed)
    run_batches(service, 10)
    progress = licence_authority.get(f"{PATH}/{proposed.json()['subject_id']}").json()
    assert (progress["done"], progress["failed"], progress["state"]) == (2, 1, "finished")
    assert [(one["line"], one["code"]) for one in progress["problems"]] == [(3, "decision-already-recorded")]
    assert _balance(licence_authority, wallet.document_id) == 8


def test_batch_that_was_cut_off_goes_on_without_doing_a_line_twice(
    service, wallet, licence_authority, supervisor, monkeypatch
):
    """A process that dies inside a line leaves it undone; the next does it and the rest."""
    proposed = submit(licence_authority, _withdrawals(wallet.document_id, 6))
    approve(supervisor, proposed)
    real, seen = store.take_line, []

    def dying(*arguments, **named):
        seen.append(arguments)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(running.store, "take_line", dying)
    with pytest.raises(KeyboardInterrupt):
        run_batches(service, 100)
    assert _entries(service) == 3
    monkeypatch.setattr(running.store, "take_line", real)
    run_batches(service, 100)
    assert (_entries(service), _balance(licence_authority, wallet.document_id)) == (6, 6)


def test_line_done_by_another_process_meanwhile_is_not_done_again(
    service, wallet, licence_authority, supervisor, monkeypatch
):
    """Two processes that read the same lines to do: whoever comes second undoes its act."""
    proposed = submit(licence_authority, _withdrawals(wallet.document_id, 2))
    approve(supervisor, proposed)
    with service.database.read() as connection:
        batch = store.under_way(connection)[0]
        stale = store.lines_to_do(connection, batch, 10)
    run_batches(service, 10)
    monkeypatch.setattr(running.store, "under_way", lambda _: [batch])
    monkeypatch.setattr(running, "lines_to_do", lambda *_: stale)
    run_batches(service, 10)
    assert _entries(service) == 2
    progress = licence_authority.get(f"{PATH}/{proposed.json()['subject_id']}").json()
    assert (progress["done"], progress["failed"]) == (2, 0)


def test_101st_act_of_an_hour_is_refused_and_a_batch_is_the_way(
    offer, licence_authority, supervisor, service
):
    """T45: a hundred acts an hour alone; a hundred and one in a batch need a second person."""
    licences = [offer(person).document_id for person in ("camille", "yanis", "ines", "theo")]
    for number in range(100):
        body = {"decision_reference": f"C-{number}", "circumstance": "lost"}
        assert (
            licence_authority.post(
                f"/authority/licences/{licences[number % 4]}/title-losses", body
            ).status_code
            == 201
        )
    refused = licence_authority.withdraw(licences[0], 1, "ONE-TOO-MANY")
    assert (refused.status_code, _code(refused)) == (429, "too-many-acts")
    assert int(refused.headers["retry-after"]) > 0
    rows = [f"suspension,{licences[n % 4]},LOT-{n},,,,,2026-12-01,2027-01-01," for n in range(101)]
    proposed = submit(licence_authority, "\n".join([HEADER, *rows]))
    assert proposed.status_code == 202, proposed.text
    approve(supervisor, proposed)
    assert run_batches(service, 500) == 101
    assert licence_authority.get(f"{PATH}/{proposed.json()['subject_id']}").json()["done"] == 101


# Cancelling


@pytest.fixture
def cancelling(service, application, licence_authority, supervisor):
    """A service with the ordinary window, and a batch of withdrawals in it that was approved."""
    patient = replace(service, settings=replace(service.settings, cancel_seconds=WINDOW))
    application.state.service = patient

    def begin(licence_id: str, count: int) -> tuple[Any, str]:
        proposed = submit(licence_authority, _withdrawals(licence_id, count))
        assert approve(supervisor, proposed).status_code == 201
        return patient, f"{PATH}/{proposed.json()['subject_id']}"

    return begin


def _figures(authority, batch: str) -> tuple[Any, ...]:
    found = authority.get(batch).json()
    return tuple(found[name] for name in ("state", "done", "failed", "cancelled", "percentage"))


def test_cancelled_batch_is_undone_and_its_other_lines_are_never_done(
    wallet, licence_authority, supervisor, cancelling, clock
):
    """Three of five lines are done: one call of somebody else undoes them before they count, and forgets the rest."""
    patient, batch = cancelling(wallet.document_id, 5)
    run_batches(patient, 3)
    clock.instant += WINDOW - 1
    answer = supervisor.post(f"{batch}/cancellation", {})
    assert (answer.status_code, answer.json()["lines"]) == (202, 5)
    assert _figures(licence_authority, batch) == ("cancelling", 3, 0, 0, 0)
    assert run_batches(patient, 2) == 2
    assert _figures(licence_authority, batch) == ("cancelling", 1, 0, 2, 40)
    assert run_batches(patient, 100) == 3
    assert _figures(licence_authority, batch) == ("cancelled", 0, 0, 5, 100)
    assert run_batches(patient, 100) == 0
    clock.instant += 10 * WINDOW
    publish_now(patient)
    assert _balance(licence_authority, wallet.document_id) == 12
    with patient.database.read() as connection:
        assert audit.verify(connection, "licence") is None
        acts = list(connection.execute(select(tables.audit_entry.c.act)).scalars())
    assert (acts.count("batch_cancelled"), acts.count("cancellation")) == (1, 3)
    assert _code(supervisor.post(f"{batch}/cancellation", {})) == "already-cancelled"


def test_what_counts_already_stays_and_its_line_says_so(wallet, licence_authority, cancelling, clock):
    """Two lines count, one does not yet, one was cancelled by itself: two stay, two are cancelled."""
    patient, batch = cancelling(wallet.document_id, 4)
    run_batches(patient, 2)
    clock.instant += WINDOW - 10
    run_batches(patient, 100)
    entries = licence_authority.get(f"/authority/licences/{wallet.document_id}/points").json()["entries"]
    last = next(one["entry_id"] for one in entries if one["decision_reference"] == "LOT-4")
    path = f"/authority/licences/{wallet.document_id}/acts/{last}/cancellation"
    assert licence_authority.post(path, {}).status_code == 201
    clock.instant += 10
    assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
    run_batches(patient, 100)
    assert _figures(licence_authority, batch) == ("cancelled", 2, 0, 2, 100)
    problems = licence_authority.get(batch).json()["problems"]
    assert [(one["line"], one["code"]) for one in problems] == [
        (2, "too-late-to-cancel"),
        (3, "too-late-to-cancel"),
    ]
    clock.instant += WINDOW
    assert _balance(licence_authority, wallet.document_id) == 10


def test_batch_is_cancelled_in_its_time_alone(wallet, licence_authority, health_authority, cancelling, clock):
    """Not before its approval, not by the other authority, and not when its last act counts."""
    proposed = submit(licence_authority, _withdrawals(wallet.document_id, 1, first=50)).json()
    assert _code(licence_authority.post(f"{PATH}/{proposed['subject_id']}/cancellation", {})) == "not-found"
    patient, batch = cancelling(wallet.document_id, 2)
    run_batches(patient, 100)
    assert health_authority.post(f"{batch}/cancellation", {}).status_code == 403
    clock.instant += WINDOW
    assert _code(licence_authority.post(f"{batch}/cancellation", {})) == "too-late-to-cancel"
    assert _figures(licence_authority, batch) == ("finished", 2, 0, 0, 100)


def test_no_line_is_done_once_the_batch_is_cancelled(wallet, licence_authority, cancelling, monkeypatch):
    """A process that read its lines before the cancellation looks once more before each, and does not end the batch."""
    patient, batch = cancelling(wallet.document_id, 3)
    real = running._do

    def cancelled_after_the_first(service, row, number, asked):
        real(service, row, number, asked)
        if number == 2:
            assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202

    monkeypatch.setattr(running, "_do", cancelled_after_the_first)
    run_batches(patient, 100)
    assert _figures(licence_authority, batch) == ("cancelling", 1, 0, 0, 0)
    run_batches(patient, 100)
    assert _figures(licence_authority, batch) == ("cancelled", 0, 0, 3, 100)


def test_line_that_was_being_done_is_undone_too(wallet, licence_authority, cancelling, monkeypatch):
    """Its act was committed between the reading of the lines to undo and the undoing: looked at again, not forgotten."""
    patient, batch = cancelling(wallet.document_id, 2)
    with patient.database.read() as connection:
        (before,) = store.under_way(connection)
        (first, *_) = store.lines_to_do(connection, before, 10)
    assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
    with monkeypatch.context() as patch:  # as if it had looked before the cancellation
        patch.setattr(running.store, "hold_running", lambda *_: True)
        real = undo.store.lines_to_undo

        def done_meanwhile(*arguments):
            lines = real(*arguments)
            running._do(patient, before, first[0], first[1:4])
            return lines

        patch.setattr(undo.store, "lines_to_undo", done_meanwhile)
        run_batches(patient, 100)
    assert _figures(licence_authority, batch)[:2] == ("cancelling", 1)
    run_batches(patient, 100)
    assert _figures(licence_authority, batch) == ("cancelled", 0, 0, 2, 100)


def test_two_processes_do_and_undo_one_batch(wallet, licence_authority, cancelling, clock):
    """Both work through it while it is cancelled: at the end every line is cancelled and the person has every point."""
    patient, batch = cancelling(wallet.document_id, 40)
    failed: list[Exception] = []

    def work():
        try:
            run_batches(patient, 500)
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(2)]
    workers[0].start()
    wait_for(lambda: licence_authority.get(batch).json()["done"] >= 5)
    assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
    workers[1].start()
    for one in workers:
        one.join()
    run_batches(patient, 500)
    assert failed == []
    assert _figures(licence_authority, batch) == ("cancelled", 0, 0, 40, 100)
    clock.instant += 2 * WINDOW
    assert _balance(licence_authority, wallet.document_id) == 12


# Faults and floods


def test_line_that_meets_a_fault_of_ours_holds_up_no_other(
    service, wallet, licence_authority, supervisor, monkeypatch
):
    """It is noted as failed, the next ones are done, and the batch comes to its end."""
    proposed = submit(licence_authority, _withdrawals(wallet.document_id, 3))
    approve(supervisor, proposed)
    real = running.perform_line

    def faulty(connection, terms, licence_id, act, content):
        if "LOT-2" in content:
            raise ZeroDivisionError
        return real(connection, terms, licence_id, act, content)

    monkeypatch.setattr(running, "perform_line", faulty)
    run_batches(service, 100)
    progress = licence_authority.get(f"{PATH}/{proposed.json()['subject_id']}").json()
    assert (progress["state"], progress["done"], progress["failed"]) == ("finished", 2, 1)
    assert [(one["line"], one["code"]) for one in progress["problems"]] == [(3, "internal")]


def test_line_that_cannot_be_undone_for_a_fault_of_ours_holds_up_no_other(
    wallet, licence_authority, cancelling, monkeypatch
):
    """It stays done and says so; the others are cancelled."""
    patient, batch = cancelling(wallet.document_id, 3)
    run_batches(patient, 100)
    assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
    real, seen = undo.cancel_act, []

    def faulty(*arguments):
        seen.append(arguments)
        if len(seen) == 2:
            raise ZeroDivisionError
        return real(*arguments)

    monkeypatch.setattr(undo, "cancel_act", faulty)
    run_batches(patient, 100)
    assert _figures(licence_authority, batch) == ("cancelled", 1, 0, 2, 100)
    problems = licence_authority.get(batch).json()["problems"]
    assert [(one["line"], one["code"]) for one in problems] == [(3, "internal")]


@pytest.mark.parametrize("gone", [OperationalError("", None, OSError()), OSError(28, "full")])
def test_database_that_is_away_fails_no_line(
    service, wallet, licence_authority, supervisor, monkeypatch, gone
):
    """The lines wait for it."""
    approve(supervisor, submit(licence_authority, _withdrawals(wallet.document_id, 2)))
    with monkeypatch.context() as patch:
        patch.setattr(running, "perform_line", lambda *_: (_ for _ in ()).throw(gone))
        with pytest.raises(type(gone)):
            run_batches(service, 100)
    assert run_batches(service, 100) == 2
    assert _entries(service) == 2


def test_batch_that_nobody_approved_says_why(wallet, licence_authority, supervisor, clock):
    """Refused, or left alone for a day."""
    refused = submit(licence_authority, _withdrawals(wallet.document_id, 1)).json()
    left = submit(licence_authority, _withdrawals(wallet.document_id, 2)).json()
    supervisor.post(f"/authority/proposals/{refused['proposal_id']}/refusal", {})
    clock.instant += 24 * 3600
    states = [licence_authority.get(f"{PATH}/{one['subject_id']}").json()["state"] for one in (refused, left)]
    assert states == ["refused", "expired"]


def test_one_person_has_so_many_batches_waiting(wallet, licence_authority, supervisor):
    """Twenty; another person goes on, and so does the first one once a batch was decided."""
    waiting = [
        submit(licence_authority, _withdrawals(wallet.document_id, 1, one)).json() for one in range(20)
    ]
    flood = submit(licence_authority, _withdrawals(wallet.document_id, 1, 30))
    assert (flood.status_code, _code(flood)) == (429, "too-many-proposals")
    assert submit(supervisor, _withdrawals(wallet.document_id, 1, 30)).status_code == 202
    supervisor.post(f"/authority/proposals/{waiting[0]['proposal_id']}/refusal", {})
    assert submit(licence_authority, _withdrawals(wallet.document_id, 1, 30)).status_code == 202
