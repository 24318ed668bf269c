"""The acts beside the journal: whoever writes into the database and leaves the journal alone is found all the same."""

from __future__ import annotations

import json
import random
import sqlite3

import pytest
from sqlalchemy import text

from credentials.spec import Domain
from tests.conftest import INSTANT
from tests.wallet_api.conftest import approve
from wallet_api.audit import acts, append, checkpoints, store
from wallet_api.audit.finding import Fault
from wallet_api.audit.report import examine_all
from wallet_api.progress import Progress
from wallet_api.publication.run import publish_now
from wallet_api.retention.periods import Kept
from wallet_api.retention.purge import purge

YEAR = 366 * 86_400
LICENCE = Domain.LICENCE.value


def _found(service) -> list[tuple[str, str | None]]:
    with service.database.read() as connection:
        return [
            (one.fault.value, one.subject) for one in acts.compare(connection, LICENCE, service.clock.now())
        ]


@pytest.fixture
def acted(service, wallet, licence_authority, supervisor, clock):
    """A licence with acts of every kind; gives its address and the ids of the acts by name."""
    path, made = f"/authority/licences/{wallet.document_id}", {}

    def act(name, place, **body):
        answer = licence_authority.post(f"{path}/{place}", {"decision_reference": name, **body})
        assert answer.status_code == 201, answer.text
        told = answer.json()
        made[name] = told.get("entry_id") or told["measure_id"]
        clock.instant += 1

    days = {"committed_on": "2026-10-12", "established_on": "2026-10-30"}
    act("STOP", "points/withdrawals", offences=[{"offence": "phone"}, {"offence": "red_light"}], **days)
    act("LOSS", "points/withdrawals", points=1, offence_class="contravention_3", **days)
    act("COURSE", "points/courses", first_day="2026-10-30", last_day="2026-10-31")
    act("ANNUL", "points/annulments", annuls_reference="LOSS", decided_on="2026-11-01")
    act("SUSPENSION", "suspensions", until="2027-01-01", decided_by="prefect")
    act("LIFT", f"suspensions/{made['SUSPENSION']}/lift")
    act("RETENTION", "retentions", verifications=False)
    approve(supervisor, licence_authority.post(f"{path}/revocations", {"decision_reference": "REVOKE"}))
    publish_now(service)
    return path, made


def test_acts_of_every_kind_fit_the_journal(service, acted):
    """Nothing is found, acts that were cancelled included."""
    assert _found(service) == []
    assert len(acted[1]) == 7


@pytest.mark.usefixtures("acted")
def test_journal_of_an_older_release_asks_for_its_acts_and_no_more(service):
    """Its rows keep no digests: an act has to be there, an opening is not looked at."""
    with service.database.write() as connection:
        for row in connection.execute(text("SELECT authority_id, sequence, detail FROM audit_entry")).all():
            detail = json.loads(row.detail)
            for name in ("rows", "opening", "first"):
                detail.pop(name, None)
            connection.execute(
                text("UPDATE audit_entry SET detail = :d WHERE authority_id = :a AND sequence = :s"),
                {"d": json.dumps(detail), "a": row.authority_id, "s": row.sequence},
            )
    assert _found(service) == []
    _write(service, "DELETE FROM measure WHERE decision_reference = 'LIFT'")
    assert dict(_found(service)).keys() == {"act_missing"}


_ONE = "authority_id = 'licence' AND decision_reference = '{}'"
TAMPERINGS = [
    ("points_entry", "points = 0", "LOSS", "act_edited"),
    ("points_entry", "offence_class = 'contravention_2'", "LOSS", "act_edited"),
    ("points_entry", "last_day = '2020-01-01', first_day = '2020-01-01'", "LOSS", "act_edited"),
    ("points_entry", "released_at = 4000000000", "LOSS", "act_edited"),
    ("points_entry", "points = 1", "STOP#2", "act_edited"),
    ("points_entry", "applied = 0", "COURSE", "act_edited"),
    ("measure", "until = 1", "SUSPENSION", "act_edited"),
    ("measure", "imposed_by = 'court'", "SUSPENSION", "act_edited"),
    ("measure", "actor_id = '00000000000000000000000000000000'", "REVOKE", "act_edited"),
    ("measure", "subject = 'document'", "REVOKE", "act_edited"),
    ("measure", "lifts_id = NULL", "LIFT", "act_edited"),
    ("points_entry", None, "COURSE", "act_missing"),
    ("points_entry", None, "STOP#2", "act_edited"),
    ("measure", None, "SUSPENSION", "act_missing"),
    ("measure", None, "REVOKE", "act_missing"),
]


@pytest.mark.parametrize(("table", "change", "reference", "fault"), TAMPERINGS)
def test_changed_act_is_named(service, acted, table, change, reference, fault):
    """Each column that weighs, and each row that is gone: named by the act's own id."""
    where = _ONE.format(reference)
    statement = f"DELETE FROM {table} WHERE {where}" if change is None else f"UPDATE {table} SET {change} WHERE {where}"  # fmt: skip
    _write(service, statement)
    named = acted[1].get(reference.partition("#")[0])
    assert (fault, named) in _found(service) if named else fault in dict(_found(service))


@pytest.mark.usefixtures("acted")
@pytest.mark.parametrize("kind", ["loss", "course"])
def test_act_that_nobody_journaled_is_named(service, kind):
    """A row that somebody wrote by hand, even under the name of the opening."""
    for number, reference in enumerate(("BY-HAND", "opening-{document_id}#77"), start=90):
        _write(
            service,
            "INSERT INTO points_entry (authority_id, entry_id, document_id, sequence, kind, decision_reference, points, "
            "applied, first_day, last_day, attempt, recorded_at, released_at, actor_id) SELECT authority_id, "
            f"'{number:032x}', document_id, {number}, '{kind}', REPLACE('{reference}', '{{document_id}}', document_id), "
            "1, 0, '2026-10-01', '2026-10-02', 0, recorded_at, released_at, actor_id FROM points_entry "
            "WHERE kind = 'opening'",
        )
    found = _found(service)
    assert ("act_untold", f"{90:032x}") in found
    assert "act_edited" in dict(found)  # the opening has a row more than the journal's digest covers


def test_lift_under_the_name_of_an_opening_is_named(service, acted):
    """Measures have no opening: a right given back by hand is found whatever it is called."""
    _write(
        service,
        "INSERT INTO measure (authority_id, measure_id, document_id, attempt, kind, subject, decision_reference, since, "
        f"lifts_id, recorded_at, released_at, actor_id) SELECT authority_id, '{9:032x}', document_id, 7, 'lift', subject, "
        "'opening-' || document_id, recorded_at, measure_id, recorded_at, released_at, actor_id FROM measure "
        "WHERE decision_reference = 'RETENTION'",
    )
    assert ("act_untold", f"{9:032x}") in _found(service)
    assert len(acted[1]) == 7


@pytest.mark.usefixtures("acted")
@pytest.mark.parametrize(
    "change",
    [
        "balance = balance + 1",
        "state = 'INVALIDE'",
        "cap = 11",
        "invalid_since = 1",
        "next_change_at = NULL",
        f"balance = 12, cap = 12, next_change_at = NULL, as_of = {INSTANT + 11 * YEAR}",  # as it will be one day
    ],
)
def test_balance_that_is_not_its_ledgers_is_named(service, wallet, change):
    """Points given back in the stored balance alone."""
    _write(service, f"UPDATE points_balance SET {change}")
    assert ("balance", wallet.document_id) in _found(service)


@pytest.mark.usefixtures("acted")
def test_opening_that_was_changed_or_lost_is_named(service, wallet):
    """What the registry handed over is in no act; the journal has its digest."""
    _write(service, "UPDATE points_entry SET points = 3 WHERE kind = 'opening'")
    assert ("act_edited", wallet.document_id) in _found(service)
    _write(service, "DELETE FROM points_entry")
    _write(service, "DELETE FROM points_balance")
    assert ("act_edited", wallet.document_id) in _found(service)


def test_what_the_purge_dropped_is_not_missed_and_what_it_could_not_is(
    service, clock, wallet, licence_authority
):
    """After three years a ledger is folded into its opening: nothing is found. Before that, the same deletion is."""
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    publish_now(service)
    clock.instant = INSTANT + 3 * YEAR - 10 * 86_400
    publish_now(service)
    with service.database.read() as connection:
        before = list(connection.execute(text("SELECT kind FROM points_entry")).scalars())
    clock.instant = INSTANT + 3 * YEAR + 86_400
    publish_now(service)
    assert sum(one.rows for one in purge(service)) > 0
    with service.database.read() as connection:
        after = list(connection.execute(text("SELECT kind FROM points_entry")).scalars())
    assert (len(before) > len(after), after) == (True, ["opening"])
    assert _found(service) == []


def test_licence_that_lost_its_balance_is_named(service, wallet):
    """The ledger is there, and nothing that publications read."""
    _write(service, "DELETE FROM points_balance")
    assert ("balance", wallet.document_id) in _found(service)


def test_purge_up_to_the_head_of_a_chain_leaves_it_whole(service, clock):
    """A quiet chain ends at its checkpoint: three years later all of it goes, and the row that says so follows it."""
    _journal(service, "health")
    publish_now(service)
    clock.instant = INSTANT + 3 * YEAR + 86_400
    gone = [one.rows for one in purge(service) if one.authority_id == "health" and one.kept is Kept.AUDIT]
    assert gone == [1]
    for _ in range(2):
        publish_now(service)
        reports = {one.authority_id: one for one in examine_all(service, [], Progress)}
        assert reports["health"].findings == ()
        with (
            service.database.read() as connection
        ):  # no signer of the test's keys is left by then; it would sign
            head = checkpoints.Head("health", *store.head_of(connection, "health"))
            assert checkpoints._holds(connection, head, store.last_checkpoint(connection, "health"))
        clock.instant += 60
        _journal(service, "health")


def _journal(service, authority_id: str) -> None:
    with service.database.write() as connection:
        append(
            connection,
            authority_id,
            now=service.clock.now(),
            actor_id="0" * 32,
            act="audit_read",
            subject_id=authority_id,
            detail={},
        )


@pytest.mark.usefixtures("acted")
def test_young_ledger_folded_by_hand_is_missed(service):
    """As the purge would, but years too early."""
    _write(service, "DELETE FROM points_entry WHERE kind <> 'opening'")
    assert {fault for fault, _ in _found(service)} >= {"act_missing"}


@pytest.mark.usefixtures("acted")
def test_random_edit_of_any_cell_is_found(service):
    """Whatever column of whatever act: fifty of them, each put back afterwards."""
    draw = random.Random(27)
    keep = {"authority_id", "entry_id", "measure_id", "document_id"}
    for _ in range(50):
        table = draw.choice(["points_entry", "measure"])
        with service.database.read() as connection:
            rows = connection.execute(text(f"SELECT * FROM {table}")).mappings().all()
        row = draw.choice(rows)
        column = draw.choice([name for name in row if name not in keep | {"kind", "attempt", "sequence"}])
        key = "entry_id" if table == "points_entry" else "measure_id"
        old = row[column]
        new = 7 if isinstance(old, int) or column == "until" else "2026-01-01"
        change = text(f"UPDATE {table} SET {column} = :value WHERE {key} = :key")
        with service.database.write() as connection:
            connection.execute(change, {"value": new, "key": row[key]})
        assert (old == new) or _found(service), (table, column, row["kind"])
        with service.database.write() as connection:
            connection.execute(change, {"value": old, "key": row[key]})
    assert _found(service) == []


def _write(service, statement: str) -> None:
    with service.database.write() as connection:
        connection.execute(text(statement))


# What SQLite lets somebody write


POISON = [
    ("audit_entry", "detail = x'ff00'", "sequence = 3", Fault.EDITED),
    ("audit_entry", "recorded_at = 1.5", "sequence = 3", Fault.EDITED),
    ("audit_entry", "recorded_at = 9e999", "sequence = 3", Fault.EDITED),
    ("audit_entry", "recorded_at = 'x'", "sequence = 3", Fault.EDITED),
    ("audit_entry", "digest = x'00'", "sequence = 3", Fault.EDITED),
    ("audit_entry", "previous = 7", "sequence = 3", Fault.EDITED),
    ("audit_entry", "actor_id = CAST(x'edb080' AS TEXT)", "sequence = 3", Fault.EDITED),
    ("audit_entry", "sequence = 'abc'", "sequence = 3", Fault.MISSING),
    ("audit_head", "sequence = 'x'", "1 = 1", Fault.HEAD),
    ("audit_head", "digest = x'00'", "1 = 1", Fault.HEAD),
    ("points_entry", "offence = CAST(x'edb080' AS TEXT)", "kind = 'loss'", Fault.ACT_EDITED),
    ("points_entry", "last_day = CAST(x'edb080' AS TEXT)", "kind = 'loss'", Fault.BALANCE),
    ("measure", "decision_reference = CAST(x'edb080' AS TEXT)", "kind = 'lift'", Fault.ACT_EDITED),
    ("points_balance", "probation_end = CAST(x'edb080' AS TEXT)", "1 = 1", Fault.BALANCE),
    ("audit_checkpoint", "digest = 'zz'", "1 = 1", Fault.CHECKPOINT),
    ("audit_checkpoint", "message = 'zz'", "1 = 1", Fault.CHECKPOINT),
    ("audit_checkpoint", "signed_at = x'00'", "1 = 1", Fault.CHECKPOINT),
]


@pytest.mark.usefixtures("acted")
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("table", "change", "where", "fault"), POISON)
def test_cell_of_another_type_hides_nothing(service, table, change, where, fault):
    """A row that no engine should hold is named like any other, and the publication goes on."""
    with sqlite3.connect(service.settings.home / "database.sqlite") as connection:
        connection.execute(f"UPDATE {table} SET {change} WHERE {where} AND authority_id = 'licence'")
    connection.close()
    reports = {one.authority_id: one for one in examine_all(service, [], Progress)}
    assert fault in {one.fault for one in reports[LICENCE].findings}
    assert all(report.words("fr") and report.words("en") for report in reports.values())
    assert reports["service"].findings == ()
    publish_now(service)
