"""What two people decided on is what is done: whoever changes a proposal or a line in the database stops it, and is named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from credentials.spec import DocumentType, Domain, Role
from tests.conftest import INSTANT
from tests.wallet_api.conftest import Authority, approve
from tests.wallet_api.test_batches import HEADER, PATH, _balance, _code, _entries, _withdrawals, submit
from wallet_api.audit import acts, store
from wallet_api.audit.row import ORIGIN
from wallet_api.batches import run as running
from wallet_api.batches.run import run_batches
from wallet_api.publication.run import publish_now
from wallet_api.retention import purge as purging
from wallet_api.retention.rules import RULES
from wallet_api.roles import AccessRole

YEAR = 366 * 86_400
LINES = "act_batch_line"
INSERTED = (
    f"INSERT INTO {LINES} (authority_id, batch_id, line, document_id, act, content, digest) SELECT authority_id, "
    f"batch_id, 7, document_id, act, replace(content, 'LOT-5', 'LOT-7'), digest FROM {LINES} WHERE line = 6"
)
# On one batch of lines 2 to 6: what somebody writes into the database, and the words of what is named.
TAMPERINGS = {
    "points": (f"UPDATE {LINES} SET content = replace(content, '\"points\": 1', '\"points\": 6') WHERE line = 4", "ligne · line 4"),
    "licence": (f"UPDATE {LINES} SET document_id = '{7:032x}' WHERE line = 3", "ligne · line 3"),
    "act": (f"UPDATE {LINES} SET act = 'course' WHERE line = 6", "ligne · line 6"),
    "digest": (f"UPDATE {LINES} SET digest = '{7:064x}' WHERE line = 6", "lignes · lines"),
    "no digest": (f"UPDATE {LINES} SET digest = NULL", "lignes · lines"),
    "deleted": (f"DELETE FROM {LINES} WHERE line = 5", "lignes · lines"),
    "last deleted": (f"DELETE FROM {LINES} WHERE line = 6", "lignes · lines"),
    "all deleted": (f"DELETE FROM {LINES}", "lignes · lines"),
    "inserted": (INSERTED, "ligne · line 7"),
    "author": (f"UPDATE act_batch SET proposer_id = '{7:032x}'", "proposer_id"),
}  # fmt: skip
REORDER = (
    f"UPDATE {LINES} SET line = 100 WHERE line = 3",
    f"UPDATE {LINES} SET line = 3 WHERE line = 5",
    f"UPDATE {LINES} SET line = 5 WHERE line = 100",
)
EVERY = [pytest.param([one], differs, id=name) for name, (one, differs) in TAMPERINGS.items()]
EVERY += [pytest.param(REORDER, "ligne · line 3", id="reordered")]


@pytest.fixture
def proposed(wallet, licence_authority):
    """A batch of five withdrawals, lines 2 to 6, that waits for its approval."""
    return submit(licence_authority, _withdrawals(wallet.document_id, 5))


def _write(service, *statements: str) -> None:
    with service.database.write() as connection:
        for one in statements:
            assert connection.execute(text(one)).rowcount >= 1, one


def _found(service, authority_id: str = "licence") -> list[tuple[str, str | None, str | None]]:
    with service.database.read() as connection:
        found = acts.compare(connection, authority_id, service.clock.now())
        return [(one.fault.value, one.subject, one.differs) for one in found]


def _of_batch(service, proposed) -> list[str | None]:
    batch_id = proposed.json()["subject_id"]
    return [differs for fault, subject, differs in _found(service) if (fault, subject) == ("batch", batch_id)]


def _progress(authority, proposed) -> tuple:
    told = authority.get(f"{PATH}/{proposed.json()['subject_id']}").json()
    return told["state"], told["done"], told["failed"], {one["code"] for one in told["problems"]}


def _altered(service, problem: str) -> float:
    return service.telemetry.registry.get_sample_value("lp_altered_total", {"problem": problem}) or 0.0


# Lines


@pytest.mark.parametrize(("statements", "differs"), EVERY)
def test_batch_changed_before_its_approval_is_not_approved(
    service, proposed, licence_authority, supervisor, statements, differs
):
    """Whatever was changed: the approval is refused, nothing is done, it is counted, and `audit verify` names it."""
    assert _found(service) == []
    _write(service, *statements)
    refused = approve(supervisor, proposed)
    assert (refused.status_code, _code(refused)) == (409, "batch-altered")
    assert run_batches(service, 100) == 0
    assert (_entries(service), _altered(service, "batch-altered")) == (0, 1)
    assert _progress(licence_authority, proposed)[0] == "proposed"
    assert differs in _of_batch(service, proposed)
    refusal = f"/authority/proposals/{proposed.json()['proposal_id']}/refusal"
    assert supervisor.post(refusal, {}).status_code == 201


@pytest.mark.parametrize(("statements", "differs"), EVERY)
def test_batch_changed_before_it_runs_is_stopped(
    service, wallet, proposed, licence_authority, supervisor, clock, statements, differs
):
    """None of its lines is done, even in groups that come before the changed one; the next batch is not held up."""
    approve(supervisor, proposed)
    _write(service, *statements)
    clock.instant += 1
    approve(supervisor, submit(licence_authority, _withdrawals(wallet.document_id, 1, 50)))
    assert run_batches(service, 1) == 1
    assert (_entries(service), _altered(service, "batch-altered")) == (1, 1)
    state, done, _, codes = _progress(licence_authority, proposed)
    assert (state, done, codes <= {"batch-altered"}) == ("finished", 0, True)
    assert run_batches(service, 100) == 0
    assert differs in _of_batch(service, proposed)
    with service.database.read() as connection:
        told = connection.execute(text("SELECT subject_id FROM audit_entry WHERE act = 'batch_stopped'"))
        assert list(told.scalars()) == [proposed.json()["subject_id"]]


def test_batch_changed_between_two_groups_is_stopped_there(service, proposed, licence_authority, supervisor):
    """What was done stays, what was not is not done and says why; another process would find the same."""
    approve(supervisor, proposed)
    assert run_batches(service, 2) == 2
    _write(service, TAMPERINGS["points"][0])
    assert run_batches(service, 2) == 0
    assert _progress(licence_authority, proposed) == ("finished", 2, 3, {"batch-altered"})
    assert _entries(service) == 2
    assert _of_batch(service, proposed) == ["ligne · line 4"]


def test_line_changed_once_it_was_looked_at_is_done_as_it_was_decided(
    service, wallet, proposed, licence_authority, supervisor, monkeypatch
):
    """Nothing is read again between the look and the act: six points written meanwhile are one point withdrawn."""
    approve(supervisor, proposed)
    real = running._do

    def changed_before_the_third(service, batch, number, asked):
        if number == 4:
            _write(service, TAMPERINGS["points"][0])
        real(service, batch, number, asked)

    monkeypatch.setattr(running, "_do", changed_before_the_third)
    assert run_batches(service, 100) == 5
    assert _balance(licence_authority, wallet.document_id) == 7
    assert _of_batch(service, proposed) == ["ligne · line 4"]


@pytest.mark.parametrize("cancelled", [False, True])
def test_batch_changed_after_it_ran_is_named(service, cancelling_window, licence_authority, cancelled):
    """Done or undone, and although nobody will ever run it again."""
    patient, proposed = cancelling_window
    run_batches(patient, 100)
    if cancelled:
        batch = f"{PATH}/{proposed.json()['subject_id']}"
        assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
        run_batches(patient, 100)
    assert _found(service) == []
    assert _progress(licence_authority, proposed)[0] == ("cancelled" if cancelled else "finished")
    for statements, differs in [([one], words) for one, words in TAMPERINGS.values()] + [
        (REORDER, "ligne · line 5")
    ]:
        with service.database.rehearsal() as connection:
            for one in statements:
                connection.execute(text(one))
            found = acts.compare(connection, "licence", service.clock.now())
            assert differs in [one.differs for one in found if one.fault.value == "batch"], statements


@pytest.fixture
def cancelling_window(service, application, wallet, licence_authority, supervisor):
    """A service with the ordinary window, and the batch of five withdrawals, approved."""
    patient = replace(service, settings=replace(service.settings, cancel_seconds=300))
    application.state.service = patient
    proposed = submit(licence_authority, _withdrawals(wallet.document_id, 5))
    assert approve(supervisor, proposed).status_code == 201
    return patient, proposed


def test_line_that_claims_the_act_of_another_is_named_and_not_undone(
    service, wallet, cancelling_window, licence_authority, clock
):
    """An act of somebody's own hands, claimed by a line, is not cancelled with the batch; the other lines are."""
    patient, proposed = cancelling_window
    own = licence_authority.withdraw(wallet.document_id, 1, "OWN").json()["entry_id"]
    run_batches(patient, 100)
    assert _found(service) == []
    _write(service, f"UPDATE {LINES} SET act_id = '{own}' WHERE line = 4")
    assert _of_batch(service, proposed) == ["ligne · line 4: act_id"]
    batch = f"{PATH}/{proposed.json()['subject_id']}"
    assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
    run_batches(patient, 100)
    told = licence_authority.get(batch).json()
    assert [(one["line"], one["code"]) for one in told["problems"]] == [(4, "batch-altered")]
    assert (told["state"], told["done"], told["cancelled"]) == ("cancelled", 1, 4)
    clock.instant += 600
    assert _balance(licence_authority, wallet.document_id) == 10


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (f"{LINES} SET content = x'ff00' WHERE line = 4", "ligne · line 4"),
        (f"{LINES} SET content = CAST(x'edb080' AS TEXT) WHERE line = 4", "ligne · line 4"),
        (f"{LINES} SET document_id = x'00' WHERE line = 4", "ligne · line 4"),
        (f"{LINES} SET line = 'x' WHERE line = 4", "ligne · line x"),
        (f"{LINES} SET digest = x'00' WHERE line = 4", "lignes · lines"),
        ("act_batch SET created_at = 'x'", "created_at"),
        ("act_batch SET created_at = 1", "created_at"),
    ],
)
def test_cell_of_another_type_is_named_and_not_done(service, proposed, supervisor, change, differs):
    """SQLite keeps what no engine should: said in both languages, and nothing of it is done."""
    approve(supervisor, proposed)
    _write(service, f"UPDATE {change}")
    run_batches(service, 100)
    assert _entries(service) == (5 if differs == "created_at" else 0)
    with service.database.read() as connection:
        found = [one for one in acts.compare(connection, "licence", INSTANT) if one.fault.value == "batch"]
    assert differs in [one.differs for one in found]
    assert all(
        proposed.json()["subject_id"] in one.words(language) for one in found for language in ("fr", "en")
    )


@pytest.mark.parametrize("value", ["NULL", f"'{7:032x}'"])
def test_line_marked_as_done_by_hand_is_named(service, proposed, supervisor, value):
    """It is never done, and names no act that there is."""
    approve(supervisor, proposed)
    _write(service, f"UPDATE {LINES} SET outcome = 'done', act_id = {value} WHERE line = 4")
    run_batches(service, 100)
    assert _of_batch(service, proposed) == ["ligne · line 4: act_id"]


# Who decided


def test_batch_that_nobody_approved_is_not_run(service, proposed, licence_authority):
    """Approved in the table alone, the proposal with it or not."""
    _write(service, "UPDATE act_batch SET approved_at = 1")
    assert run_batches(service, 100) == 0
    assert _progress(licence_authority, proposed)[:3] == ("finished", 0, 5)
    assert (_entries(service), _altered(service, "proposal-altered")) == (0, 1)
    assert "approved_at" in _of_batch(service, proposed)


@pytest.mark.usefixtures("proposed")
def test_batch_written_by_hand_is_not_run(service):
    """A copy of another one, lines and digests: its own proposal is in no journal."""
    made = f"{9:032x}"
    _write(
        service,
        f"INSERT INTO act_batch SELECT authority_id, '{made}', proposer_id, proposer_role, created_at, total, 1, NULL, "
        "NULL, NULL FROM act_batch",
        f"INSERT INTO {LINES} SELECT authority_id, '{made}', line, document_id, act, content, NULL, NULL, NULL, digest "
        f"FROM {LINES}",
        f"INSERT INTO act_proposal SELECT authority_id, '{made}', kind, '{made}', payload, proposer_id, proposer_role, "
        f"created_at, expires_at, '{7:032x}', 1, 'approved', '{made}', 1 FROM act_proposal",
    )
    assert run_batches(service, 100) == 0
    assert _entries(service) == 0
    assert ("batch", made, "batch_id") in _found(service)
    assert ("batch", made, "approved_at") in _found(service)


def test_batch_without_its_proposal_is_not_run(service, proposed, supervisor):
    """Deleted after the approval."""
    approve(supervisor, proposed)
    _write(service, "DELETE FROM act_proposal")
    assert run_batches(service, 100) == 0
    assert (_entries(service), _of_batch(service, proposed)) == (0, ["proposal_id"])


def test_cancellation_taken_back_by_hand_does_nothing_more(service, cancelling_window, licence_authority):
    """The journal knows the batch cancelled: its other lines are not done."""
    patient, proposed = cancelling_window
    run_batches(patient, 2)
    batch = f"{PATH}/{proposed.json()['subject_id']}"
    assert licence_authority.post(f"{batch}/cancellation", {}).status_code == 202
    _write(service, "UPDATE act_batch SET cancelled_at = NULL, cancelled_by = NULL")
    assert run_batches(patient, 100) == 0
    assert _progress(licence_authority, proposed) == ("finished", 2, 3, {"batch-altered"})
    assert "cancelled_at" in _of_batch(service, proposed)


def test_cancellation_written_by_hand_undoes_nothing(
    service, wallet, cancelling_window, licence_authority, clock
):
    """Nobody cancelled it, says the journal: every line stays done and says why."""
    patient, proposed = cancelling_window
    run_batches(patient, 100)
    _write(service, f"UPDATE act_batch SET cancelled_at = 1, cancelled_by = '{7:032x}', finished_at = NULL")
    assert run_batches(patient, 100) == 0
    assert _progress(licence_authority, proposed)[1:] == (5, 0, {"batch-altered"})
    clock.instant += 600
    assert _balance(licence_authority, wallet.document_id) == 7
    assert _of_batch(service, proposed) == ["cancelled_at"]


def test_batch_that_disappeared_is_named_until_a_purge_may_have_taken_it(service, proposed, clock):
    """The journal tells that it was proposed."""
    _write(service, f"DELETE FROM {LINES}", "DELETE FROM act_batch")
    assert _of_batch(service, proposed) == ["batch_id"]
    clock.instant = INSTANT + 2 * YEAR
    assert _of_batch(service, proposed) == []


# Proposals of every kind

PROPOSAL = {
    "payload": "payload = replace(payload, '\"R-1\"', '\"R-2\"')",
    "subject": f"subject_id = '{7:032x}'",
    "author": f"proposer_id = '{7:032x}'",
    "role": "proposer_role = 'supervisor'",
    "term": "expires_at = expires_at + 1",
    "kind": "kind = 'annulment'",
}


@pytest.mark.parametrize("change", PROPOSAL.values(), ids=PROPOSAL)
def test_changed_proposal_is_not_approved(service, wallet, licence_authority, supervisor, change):
    """Each thing that it asks; put back, it is approved after all."""
    path = f"/authority/licences/{wallet.document_id}/revocations"
    proposed = licence_authority.post(path, {"decision_reference": "R-1"})
    with service.database.read() as connection:
        before = dict(connection.execute(text("SELECT * FROM act_proposal")).mappings().one())
    _write(service, f"UPDATE act_proposal SET {change}")
    refused = approve(supervisor, proposed)
    assert (refused.status_code, _code(refused)) == (409, "proposal-altered")
    assert _altered(service, "proposal-altered") == 1
    assert licence_authority.get(f"/authority/licences/{wallet.document_id}").json()["revoked"] is False
    assert "act_edited" in {fault for fault, *_ in _found(service)}
    names = ("payload", "subject_id", "proposer_id", "proposer_role", "expires_at", "kind")
    with service.database.write() as connection:
        connection.execute(
            text("UPDATE act_proposal SET " + ", ".join(f"{name} = :{name}" for name in names)), before
        )
    assert approve(supervisor, proposed).status_code == 201


def test_changed_proposal_about_a_batch_a_card_or_a_key_is_not_approved(
    service, proposed, offer, client, keys_of_roles, health_authority, supervisor, colleague
):
    """Mass acts, health and signers alike."""
    operator = Authority(client, keys_of_roles[AccessRole.OPERATOR])
    keys = [service.keys.active(domain, Role.CREDENTIAL).key_id.hex() for domain in Domain]
    card = offer("camille", DocumentType.VITALE_CARD).document_id
    made = [
        (proposed, supervisor),
        (
            health_authority.post(f"/authority/cards/{card}/revocations", {"decision_reference": "C-1"}),
            colleague(AccessRole.HEALTH_AUTHORITY),
        ),
        (operator.post("/authority/keys/compromises", {"key_id": keys[0]}), colleague(AccessRole.OPERATOR)),
        (operator.post("/authority/keys/retirements", {"key_id": keys[1]}), colleague(AccessRole.OPERATOR)),
        (
            operator.post("/authority/keys/announcements", {"domain": "health", "role": "credential"}),
            colleague(AccessRole.OPERATOR),
        ),
    ]
    _write(service, "UPDATE act_proposal SET payload = replace(payload, '{', '{ ')")
    for one, second in made:
        refused = approve(second, one)
        assert (refused.status_code, _code(refused)) == (409, "proposal-altered"), one.json()["kind"]
    _write(service, "UPDATE act_proposal SET payload = replace(payload, '{ ', '{')")
    for one, second in made:
        assert approve(second, one).status_code == 201, one.json()["kind"]


AFTER = (
    "UPDATE audit_entry SET previous = '0' WHERE authority_id = 'licence' AND sequence = "
    "(SELECT sequence + 1 FROM audit_entry WHERE act = 'proposal')"
)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entry WHERE act = 'proposal'",
        "UPDATE audit_entry SET detail = replace(detail, '\"rows\"', '\"r\"') WHERE act = 'proposal'",
        "UPDATE audit_entry SET digest = '0' WHERE act = 'proposal'",
        AFTER,
    ],
    ids=["deleted", "without its digest", "own digest", "the row after"],
)
def test_journal_that_was_changed_approves_nothing(service, wallet, licence_authority, supervisor, statement):
    """The row that tells the proposal, and the one after it, are those that were written."""
    path = f"/authority/licences/{wallet.document_id}"
    proposed = licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"})
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    _write(service, statement)
    assert _code(approve(supervisor, proposed)) == "proposal-altered"


def test_proposal_that_was_decided_is_not_decided_again(service, wallet, licence_authority, supervisor):
    """Refused, and opened again in the table: the journal remembers."""
    path = f"/authority/licences/{wallet.document_id}/revocations"
    proposed = licence_authority.post(path, {"decision_reference": "R-1"})
    supervisor.post(f"/authority/proposals/{proposed.json()['proposal_id']}/refusal", {})
    _write(service, "UPDATE act_proposal SET outcome = NULL, decided_at = NULL, decided_by = NULL")
    assert _code(approve(supervisor, proposed)) == "proposal-altered"


def test_refusal_is_logged_without_a_word_of_it(service, proposed, supervisor, monkeypatch):
    """The problem alone."""
    seen = []
    monkeypatch.setattr("wallet_api.telemetry.log", lambda event, **fields: seen.append((event, fields)))
    _write(service, TAMPERINGS["points"][0])
    approve(supervisor, proposed)
    assert [fields["problem"] for event, fields in seen if event == "altered"] == ["batch-altered"]
    assert proposed.json()["subject_id"] not in json.dumps(seen, default=str)


# No false alarm


def test_batches_of_an_older_release_are_approved_run_and_quiet(
    service, wallet, licence_authority, supervisor
):
    """Their proposals tell no digest of lines, the journal none of proposals, and lines bear none."""
    made = [submit(licence_authority, _withdrawals(wallet.document_id, 2, first)) for first in (1, 10)]
    with service.database.write() as connection:
        connection.execute(text(f"UPDATE {LINES} SET digest = NULL"))
        for row in connection.execute(text("SELECT proposal_id, payload FROM act_proposal")).all():
            payload = json.loads(row.payload)
            del payload["lines_sha256"]
            old = json.dumps(payload, sort_keys=True, separators=(",", ":"))
            connection.execute(
                text("UPDATE act_proposal SET payload = :p WHERE proposal_id = :i"),
                {"p": old, "i": row.proposal_id},
            )
        _as_written_by_an_older_release(connection)
    for one in made:
        assert approve(supervisor, one).status_code == 201
    assert run_batches(service, 100) == 4
    assert _entries(service) == 4
    assert _found(service) == []


def _as_written_by_an_older_release(connection) -> None:
    """Drop the digests from the journal's rows about proposals, and chain it anew."""
    previous = ORIGIN
    for row in list(store.rows(connection, "licence")):
        detail = json.loads(row.detail)
        if row.act == "proposal":
            del detail["rows"], detail["proposal"]
        made = replace(
            row, detail=json.dumps(detail, sort_keys=True, separators=(",", ":")), previous=previous
        )
        previous = made.computed()
        connection.execute(
            text("UPDATE audit_entry SET detail = :d, previous = :p, digest = :g WHERE authority_id = 'licence' AND sequence = :s"),
            {"d": made.detail, "p": made.previous, "g": previous, "s": row.sequence},
        )  # fmt: skip
    connection.execute(
        text("UPDATE audit_head SET digest = :g WHERE authority_id = 'licence'"), {"g": previous}
    )


def test_acts_of_every_kind_and_a_crash_raise_no_alarm(
    service, wallet, offer, licence_authority, supervisor, monkeypatch
):
    """Withdrawals, courses, suspensions and a revocation, cut off in the middle; a line that fails."""
    others = [offer(person).document_id for person in ("yanis", "ines")]
    header = HEADER + ",first_day,last_day"
    rows = [
        f"withdrawal,{wallet.document_id},LOT-1,2026-10-12,2026-10-30,3,contravention_4,,,,,",
        f"course,{wallet.document_id},LOT-2,,,,,,,,2026-10-30,2026-10-31",
        f"suspension,{others[0]},LOT-3,,,,,2026-12-01,2027-01-01,,,",
        f"withdrawal,{others[0]},LOT-4,2026-10-12,2026-10-30,3,contravention_4,,,,,",
        f"revocation,{others[1]},LOT-5,,,,,,,right,,",
    ]
    proposed = submit(licence_authority, "\n".join([header, *rows]))
    licence_authority.withdraw(wallet.document_id, 1, "LOT-4")
    approve(supervisor, proposed)
    real, seen = running.store.take_line, []

    def dying(*arguments, **named):
        seen.append(arguments)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(running.store, "take_line", dying)
        with pytest.raises(KeyboardInterrupt):
            run_batches(service, 100)
    assert _found(service) == []
    run_batches(service, 100)
    assert _progress(licence_authority, proposed)[:3] == ("finished", 4, 1)
    assert (_found(service), _altered(service, "batch-altered")) == ([], 0)


@pytest.mark.parametrize("order", [RULES, RULES[::-1]], ids=["in order", "backwards"])
@pytest.mark.parametrize("years", [2, 3, 4, 11])
def test_purge_raises_no_alarm(
    service, proposed, wallet, licence_authority, supervisor, clock, monkeypatch, years, order
):
    """Batches go after two years, approved proposals, points and the journal after three; whatever goes first."""
    left = submit(licence_authority, _withdrawals(wallet.document_id, 2, 20))
    approve(supervisor, proposed)
    run_batches(service, 100)
    supervisor.post(f"/authority/proposals/{left.json()['proposal_id']}/refusal", {})
    publish_now(service)
    clock.instant = INSTANT + years * YEAR + 86_400
    gone = 0
    for rule in order:
        monkeypatch.setattr(purging, "RULES", (rule,))
        gone += sum(one.rows for one in purging.purge(service))
        found = [one for one in _found(service) if one[0] == "batch"]
        assert found == [], rule.period.kept
    assert gone > 0


def test_batch_said_to_be_finished_is_named(service, proposed, supervisor):
    """Two people decided on it, and nothing of it would ever be done."""
    assert approve(supervisor, proposed).status_code == 201
    _write(service, "UPDATE act_batch SET finished_at = approved_at")
    assert run_batches(service, 100) == 0
    assert _of_batch(service, proposed) == ["finished_at"]


def test_line_said_to_be_cancelled_is_named(service, proposed, supervisor):
    """Nobody cancelled the batch."""
    assert approve(supervisor, proposed).status_code == 201
    _write(service, "UPDATE act_batch_line SET outcome = 'cancelled' WHERE line = 2")
    run_batches(service, 100)
    assert "ligne · line 2: outcome" in _of_batch(service, proposed)


@pytest.mark.parametrize("outcome", ["refused", "approved"])
def test_decision_written_by_hand_is_named(service, wallet, licence_authority, supervisor, outcome):
    """The second person is told that somebody decided; `audit verify` says that nobody did."""
    path = f"/authority/licences/{wallet.document_id}/revocations"
    proposed = licence_authority.post(path, {"decision_reference": "R-1", "subject": "document"})
    identifier = proposed.json()["proposal_id"]
    _write(
        service,
        f"UPDATE act_proposal SET outcome = '{outcome}', decided_at = {INSTANT}, decided_by = '{'1' * 32}'",
    )
    assert approve(supervisor, proposed).status_code == 409
    assert _found(service) == [("act_edited", identifier, "outcome")]


def test_decision_taken_back_by_hand_is_named(service, wallet, licence_authority, supervisor):
    """A refused revocation that waits again."""
    path = f"/authority/licences/{wallet.document_id}/revocations"
    proposed = licence_authority.post(path, {"decision_reference": "R-1", "subject": "document"})
    identifier = proposed.json()["proposal_id"]
    assert supervisor.post(f"/authority/proposals/{identifier}/refusal", {}).status_code == 201
    assert _found(service) == []
    _write(service, "UPDATE act_proposal SET outcome = NULL, decided_at = NULL, decided_by = NULL")
    assert _found(service) == [("act_edited", identifier, "outcome")]


def test_decision_dated_before_the_journal_is_named_all_the_same(
    service, clock, wallet, licence_authority, supervisor
):
    """The beginning of the journal was purged; the proposal is younger, and its own day stands in its digest."""
    publish_now(service)
    clock.instant += 3 * 366 * 86_400 + 86_400
    path = f"/authority/licences/{wallet.document_id}/revocations"
    proposed = licence_authority.post(path, {"decision_reference": "R-1", "subject": "document"})
    assert proposed.status_code == 202
    assert {one.period.kept.value for one in RULES} >= {"audit"}
    assert any(one.rows for one in purging.purge(service) if one.kept.value == "audit")
    assert _found(service) == []
    _write(service, f"UPDATE act_proposal SET outcome = 'refused', decided_at = {INSTANT}, decided_by = 'x'")
    assert [one[2] for one in _found(service)] == ["outcome"]
    assert approve(supervisor, proposed).status_code == 409
