"""What `/readyz` and `/metrics` tell an operator: which part is missing, who holds what, what waits."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlalchemy import text

from tests.conftest import INSTANT
from tests.wallet_api.conftest import approve
from wallet_api.health import readiness
from wallet_api.identifiers import first_id, new_id
from wallet_api.lease import hold
from wallet_api.publication.run import publish_now
from wallet_api.wiring import wire


def _metrics(client) -> dict[str, float]:
    found = re.findall(r"^(lp_\S+) (\S+)$", client.get("/metrics").text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_readiness_tells_who_holds_each_lease(service):
    """This process, another one, nobody; a lease that ended is nobody's."""
    other = replace(service, holder="elsewhere:1:x")
    assert readiness(service).leases == {"publication": "free", "steward": "free"}
    with hold(service, "publication"), hold(other, "steward"):
        assert readiness(service).leases == {"publication": "here", "steward": "elsewhere"}
        assert readiness(other).leases == {"publication": "elsewhere", "steward": "here"}
    assert readiness(service).leases == {"publication": "free", "steward": "free"}


def test_readiness_names_no_machine(client, service):
    """The page is open to everybody: no host name, process number or path is in it."""
    with hold(service, "publication"):
        answer = client.get("/readyz").text
    assert service.holder not in answer
    assert service.holder.split(":")[0] not in answer
    assert str(service.settings.home) not in answer


def test_tables_of_another_release_are_told_from_a_database_that_is_away(client, service):
    """Reachable and not migrated: 503, and the problem says which part it is."""
    with service.database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    told = answer.json()
    assert told["type"].endswith("/problems/not-ready")
    assert (told["database"], told["migrated"], told["keys"], told["lists"]) == (True, False, True, True)


def test_windows_of_signers_run_out_before_eyes(client, clock):
    """Each signer in use with the seconds that it has left; one whose window ended is no longer ready."""
    signers = client.get("/readyz").json()["signers"]
    assert {(one["domain"], one["role"]) for one in signers} >= {
        ("licence", "credential"),
        ("health", "credential"),
        ("licence", "points"),
    }
    assert all(one["ends_in"] > 0 for one in signers)
    least = min(one["ends_in"] for one in signers if one["role"] == "credential")
    clock.instant += least
    told = client.get("/readyz").json()
    assert told["status"] == 503
    assert told["keys"] is False
    assert min(one["ends_in"] for one in told["signers"]) <= 0


def test_age_of_the_last_publication_is_told_in_both_places(client, service, clock):
    """As seconds since it lay there whole."""
    publish_now(service)
    clock.instant += 61
    assert client.get("/readyz").json()["publication_age"] == 61
    assert _metrics(client)["lp_publication_age_seconds"] == 61


def test_process_that_never_published_tells_the_date_of_the_edition_in_force(client, service, clock):
    """One of several processes publishes; an alert on the date may read any of them, and one that has just started."""
    publish_now(service)
    published_at = clock.instant
    clock.instant += 61
    another = wire(service.settings, clock=clock.clock())
    try:
        client.app.state.service = another
        assert _metrics(client)["lp_published_timestamp_seconds"] == published_at
    finally:
        another.database.close()


def test_metrics_count_what_waits_and_what_can_be_cancelled(
    application, client, service, clock, wallet, licence_authority, supervisor
):
    """A proposal until it is decided; an act until it is cancelled or counts."""
    application.state.service = replace(service, settings=replace(service.settings, cancel_seconds=300))
    path = f"/authority/licences/{wallet.document_id}"
    start = _metrics(client)
    assert start['lp_proposals_waiting{kind="revocation"}'] == 0
    assert start['lp_acts_cancellable{of="points"}'] == start['lp_acts_cancellable{of="right_or_title"}'] == 0
    made = licence_authority.withdraw(wallet.document_id, 3, "D-1").json()
    licence_authority.withdraw(wallet.document_id, 1, "D-2")
    proposed = licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"})
    told = _metrics(client)
    assert told['lp_acts_cancellable{of="points"}'] == 2
    assert told['lp_proposals_waiting{kind="revocation"}'] == 1
    assert approve(supervisor, proposed).status_code == 201
    cancelled = licence_authority.post(f"{path}/acts/{made['entry_id']}/cancellation", {})
    assert cancelled.status_code == 201, cancelled.text
    told = _metrics(client)
    assert told['lp_proposals_waiting{kind="revocation"}'] == 0
    assert told['lp_acts_cancellable{of="points"}'] == 1
    assert told['lp_acts_cancellable{of="right_or_title"}'] == 1
    clock.instant += 300
    told = _metrics(client)
    assert told['lp_acts_cancellable{of="points"}'] == told['lp_acts_cancellable{of="right_or_title"}'] == 0


def test_identifiers_of_an_instant_begin_with_the_first_one():
    """So that what can still be cancelled is counted over a stretch of the primary key."""
    assert new_id(INSTANT - 1) < first_id(INSTANT) <= new_id(INSTANT) < first_id(INSTANT + 1)


def test_acts_are_counted_by_kind_and_name_nobody(client, wallet, licence_authority):
    """Those that were done; no identifier, reference or number in any line."""
    assert licence_authority.withdraw(wallet.document_id, 1, "D-CANARY").status_code == 201
    assert licence_authority.withdraw(wallet.document_id, 2, "D-CANARY").status_code == 409
    told = _metrics(client)
    assert {one: told[one] for one in told if one.startswith("lp_authority_acts_total")} == {
        'lp_authority_acts_total{act="withdrawals"}': 1
    }
    text_of_all = client.get("/metrics").text
    assert "CANARY" not in text_of_all
    assert re.findall(r"[0-9a-f]{32}", text_of_all) == []


def test_proposal_that_lapsed_waits_no_more(client, clock, wallet, licence_authority):
    """After a day."""
    path = f"/authority/licences/{wallet.document_id}/revocations"
    assert licence_authority.post(path, {"decision_reference": "R-1"}).status_code == 202
    assert _metrics(client)['lp_proposals_waiting{kind="revocation"}'] == 1
    clock.instant += 86_400
    assert _metrics(client)['lp_proposals_waiting{kind="revocation"}'] == 0
