"""The list entries beside the acts: whoever changes a list in the database and leaves acts and journal alone is found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import insert, text

from credentials.spec import Domain
from tests.wallet_api.citizens import Citizen
from tests.wallet_api.conftest import approve
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api.audit import acts
from wallet_api.publication.run import publish_now
from wallet_api.tables import status_cause

pytestmark = pytest.mark.postgres
LICENCE = Domain.LICENCE.value
ROAD, PROOF = "driving_licence.road_check.cbor", "driving_licence.proof.cbor"


def _found(service) -> list[tuple[str, str | None]]:
    with service.database.read() as connection:
        found = list(acts.compare(connection, LICENCE, service.clock.now()))
    return [(one.fault.value, one.differs) for one in found]


def _write(service, statement: str) -> None:
    with service.database.write() as connection:
        connection.execute(text(statement))


_NOWHERE = "'00000000000000000000000000000001'"
_FORGED = (
    "INSERT INTO status_cause (authority_id, cause_id, credential_id, cause_class, value, since, origin_id) "
    "SELECT authority_id, 'c' || substr(credential_id, 2), credential_id, '{kind}', {value}, 5, "
    "'00000000000000000000000000000001' FROM credential WHERE view = 'age_over_18' AND NOT EXISTS (SELECT 1 FROM "
    "status_cause c WHERE c.credential_id = credential.credential_id)"
)

_ENTOMBED = (
    "INSERT INTO list_tombstone SELECT authority_id, status_list, status_index, 5 FROM credential "
    "WHERE view = 'age_over_18'"
)


@pytest.fixture
def suspended(wallet, licence_authority):
    """A licence of which two views were issued, suspended until a day; gives its address and the measure."""
    wallet.get(ROAD)
    wallet.get(PROOF)
    path = f"/authority/licences/{wallet.document_id}"
    body = {"decision_reference": "S-1", "until": "2027-01-01"}
    return path, licence_authority.post(f"{path}/suspensions", body).json()["measure_id"]


@pytest.mark.usefixtures("suspended")
@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("UPDATE status_cause SET lifted_at = 5", "suspension: lifted_at"),
        ("UPDATE status_cause SET until = since + 1", "suspension: until"),
        ("UPDATE status_cause SET since = 4000000000", "suspension: since"),
        ("UPDATE status_cause SET value = 3", "suspension: value"),
        ("UPDATE status_cause SET cause_class = 'holder'", "suspension: cause_class"),
        ("UPDATE status_cause SET reason_class = 'x'", "suspension: reason_class"),
        ("UPDATE status_cause SET origin_id = '0'", "suspension"),
        ("DELETE FROM status_cause", "suspension"),
    ],
)
def test_changed_cause_of_a_measure_is_named(service, change, differs):
    """Each cell by which a list entry is computed, and a cause that is gone: both credentials are named."""
    assert _found(service) == []
    _write(service, change)
    assert _found(service) == [("list_entry", differs)] * 2


@pytest.mark.usefixtures("suspended")
def test_cause_that_no_act_gives_is_named(service):
    """A revocation written by hand."""
    _write(
        service,
        "INSERT INTO status_cause (authority_id, cause_id, credential_id, cause_class, value, since, origin_id) "
        "SELECT authority_id, 'c' || substr(credential_id, 2), credential_id, 'authority', 1, 5, "
        "'00000000000000000000000000000001' FROM credential WHERE view = 'road_check'",
    )
    assert _found(service) == [("list_entry", "authority: origin_id")]


def test_measures_as_they_come_and_go_fit_the_lists(service, wallet, licence_authority, supervisor, clock):
    """Suspended, lifted, voided, restricted, lost and replaced, revoked, with credentials of before and between: nothing is named."""
    path = f"/authority/licences/{wallet.document_id}"

    def act(name, place, **body):
        clock.instant += 3_600
        publish_now(service)
        answer = licence_authority.post(f"{path}/{place}", {"decision_reference": name, **body})
        assert answer.status_code in {201, 202}, answer.text
        assert _found(service) == [], name
        return answer

    def take():
        clock.instant += 60
        wallet.renew()
        for view in (ROAD, PROOF):
            wallet.get(view)

    take()
    held = act("S-1", "suspensions", until="2027-01-01", decided_by="prefect").json()["measure_id"]
    act("L-1", f"suspensions/{held}/lift")
    take()
    held = act("R-1", "retentions", verifications=False).json()["measure_id"]
    act("V-1", f"measures/{held}/voiding", ground="acquittal")
    take()
    held = act("I-1", "restrictions", until="2027-01-01").json()["measure_id"]
    take()
    act("L-2", f"restrictions/{held}/lift")
    held = act("T-1", "title-losses", circumstance="lost").json()["measure_id"]
    act("T-2", f"title-losses/{held}/replacement")
    take()
    act("S-2", "suspensions", **{"from": "2026-12-01", "until": "2027-01-01", "decided_by": "prefect"})
    take()
    assert approve(supervisor, act("X-1", "revocations")).status_code == 201
    assert _found(service) == []
    _write(
        service,
        "DELETE FROM status_cause WHERE origin_id IN (SELECT measure_id FROM measure WHERE kind = 'revocation')",
    )
    assert set(_found(service)) == {("list_entry", "revocation")}


def test_phone_card_and_licence_stay_ended_by_the_journal(
    service, wallet, client, clock, offer, keys_of_roles
):
    """A phone that is lost, one that is paused and comes back, a printed card that is lost: each cause is asked for."""
    camille, other = (
        Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr)),
        SimulatedWallet(client, clock),
    )
    wallet.get(ROAD)
    other.take(offer().uri)
    other.get(PROOF)
    other.get(f"{PROOF}.paper")
    clock.instant += 60
    first, second = (one["wallet_id"] for one in camille.get("/me/devices")["items"])
    camille.post("/me/devices/losses", {"wallet_ids": [first]})
    camille.post(f"/me/devices/{second}/pause")
    assert _found(service) == []
    with service.database.read() as connection:
        causes = connection.execute(text("SELECT * FROM status_cause")).mappings().all()
    _write(service, "DELETE FROM status_cause WHERE cause_class = 'holder'")
    assert _found(service) == [("list_entry", "wallet_paused")]
    _write(service, "UPDATE status_cause SET lifted_at = 5")
    assert sorted(_found(service)) == [("list_entry", "wallet_lost"), ("list_entry", "wallet_paused")]
    with service.database.write() as connection:
        connection.execute(text("DELETE FROM status_cause"))
        connection.execute(insert(status_cause), [dict(one) for one in causes])
    clock.instant += 60
    camille.post(f"/me/devices/{second}/resume")
    assert _found(service) == []
    _write(service, "UPDATE wallet SET lost_at = NULL")
    assert _found(service) == [("phone", "lost_at")]
    _write(service, "UPDATE wallet SET lost_at = 5 WHERE wallet_id = '" + first + "'")
    (card,) = [one["credential_id"] for one in camille.get("/me/credentials")["items"] if one["paper"]]
    camille.post(f"/me/printed-cards/{card}/loss")
    assert _found(service) == []
    _write(service, f"DELETE FROM status_cause WHERE credential_id = '{card}'")
    assert _found(service) == [("list_entry", "card_lost")]


def test_licence_without_points_stays_revoked(service, wallet, licence_authority, clock):
    """Zero is told by the journal: what was issued before bears its cause, and no other licence has one."""
    wallet.get(ROAD)
    wallet.get(PROOF)
    wallet.get("driving_licence.age_over_18.cbor")
    clock.instant += 60
    for number in range(2):
        assert licence_authority.withdraw(wallet.document_id, 6, f"D-{number}").status_code == 201
    publish_now(service)
    assert _found(service) == []
    _write(service, "DELETE FROM status_cause WHERE value = 1")
    assert _found(service) == [("list_entry", "points_zero")] * 2


def test_cancelled_measure_whose_cause_comes_back_is_named(service, application, wallet, licence_authority):
    """Cancelled within its window, then given its effect by hand."""
    application.state.service = replace(service, settings=replace(service.settings, cancel_seconds=300))
    wallet.get(ROAD)
    path = f"/authority/licences/{wallet.document_id}"
    made = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"}).json()["measure_id"]
    assert licence_authority.post(f"{path}/acts/{made}/cancellation", {}).status_code == 201
    assert _found(service) == []
    _write(service, "UPDATE status_cause SET lifted_at = NULL")
    assert _found(service) == [("list_entry", "cancellation: lifted_at")]


MORE = [
    # what no measure is about: a pause, a loss, zero points, a newer credential
    ("UPDATE status_cause SET until = since + 1 WHERE cause_class = 'holder'", "list_entry"),
    ("UPDATE status_cause SET since = 4000000000 WHERE cause_class = 'holder'", "list_entry"),
    ("UPDATE status_cause SET until = since + 1 WHERE cause_class = 'device'", "list_entry"),
    ("UPDATE status_cause SET since = 4000000000 WHERE reason_class = 'points'", "list_entry"),
    ("UPDATE status_cause SET until = since + 1 WHERE reason_class = 'points'", "list_entry"),
    ("DELETE FROM status_cause WHERE cause_class = 'superseded'", "list_entry"),
    (
        "UPDATE status_cause SET cause_class = 'replaced', value = 1 WHERE cause_class = 'superseded'",
        "list_entry",
    ),
    ("UPDATE status_cause SET since = 5 WHERE cause_class = 'device'", "list_entry"),
    ("UPDATE status_cause SET reason_class = 'points' WHERE cause_class = 'device'", "list_entry"),
    # causes from nowhere
    (_FORGED.format(kind="replaced", value=1).replace(_NOWHERE, "batch_id"), "list_entry"),
    (_FORGED.format(kind="replaced", value=1), "list_entry"),
    (_FORGED.format(kind="superseded", value=3), "list_entry"),
    (_FORGED.format(kind="device", value=1), "list_entry"),
    (_FORGED.format(kind="holder", value=2), "list_entry"),
    (_FORGED.format(kind="holder", value=1), "list_entry"),
    (_FORGED.format(kind="authority", value=2), "list_entry"),
    (_ENTOMBED, "list_entry"),
    # the credential's own row: it would leave the examination, or the list
    ("UPDATE credential SET expires_at = 5", "act_edited"),
    ("UPDATE credential SET state = 'unissued'", "act_edited"),
    ("UPDATE credential SET status_index = status_index + 1", "act_edited"),
    ("UPDATE document SET registry_reference = 'x'", "document"),
    ("UPDATE credential SET points_index = NULL", "act_edited"),
    ("UPDATE credential SET view = 'age_over_18'", "act_edited"),
    ("UPDATE credential SET paper = 1", "act_edited"),
    # cells that nobody of ours wrote end no examination
    ("UPDATE credential SET grants = 'x'", "list_entry"),
    ("UPDATE credential SET grants = '[1, 2]'", "list_entry"),
    ("UPDATE credential SET view = 'nothing'", "list_entry"),
    ("UPDATE wallet SET lost_at = NULL", "phone"),
    ("UPDATE wallet SET paused_at = NULL", "phone"),
]


@pytest.fixture
def lived(service, wallet, client, clock, offer, keys_of_roles, licence_authority):
    """Three phones of one licence, one lost, one paused, one that renewed and then met zero points."""
    camille = Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))
    phones = [wallet, SimulatedWallet(client, clock), SimulatedWallet(client, clock)]
    for one in phones[1:]:
        clock.instant += 1
        one.take(offer().uri)
    for one in phones:
        for view in (ROAD, PROOF, "driving_licence.age_over_18.cbor"):
            one.get(view)
    devices = sorted(camille.get("/me/devices")["items"], key=lambda one: one["enrolled_at"])
    camille.post("/me/devices/losses", {"wallet_ids": [devices[0]["wallet_id"]]})
    camille.post(f"/me/devices/{devices[1]['wallet_id']}/pause")
    clock.instant += 3_600
    phones[2].renew()
    for view in (ROAD, PROOF, "driving_licence.age_over_18.cbor"):
        phones[2].get(view)
    clock.instant += 3_600
    for number in range(2):
        licence_authority.withdraw(wallet.document_id, 6, f"D-{number}")
    publish_now(service)
    assert _found(service) == []


@pytest.mark.usefixtures("lived")
def test_whatever_else_changes_a_list_is_named(service, subtests):
    """One statement each, by somebody who can write into the database and not sign for the journal; undone afterwards."""
    for change, fault in MORE:
        with subtests.test(change), service.database.rehearsal() as connection:
            assert connection.execute(text(change)).rowcount > 0
            found = list(acts.compare(connection, LICENCE, service.clock.now()))
            assert fault in {one.fault.value for one in found}
    assert _found(service) == []


def test_measure_that_was_ended_before_it_began_is_not_asked_of_later_credentials(
    service, wallet, licence_authority, clock
):
    """To begin in December, lifted in November: what is issued afterwards owes it nothing."""
    path = f"/authority/licences/{wallet.document_id}"
    body = {"decision_reference": "S-1", "from": "2026-12-20", "until": "2027-01-20", "decided_by": "prefect"}
    made = licence_authority.post(f"{path}/suspensions", body).json()["measure_id"]
    clock.instant += 60
    assert (
        licence_authority.post(f"{path}/suspensions/{made}/lift", {"decision_reference": "L-1"}).status_code
        == 201
    )
    clock.instant += 60
    wallet.get(ROAD)
    assert _found(service) == []


def test_sheets_that_an_erasure_ended_stay_ended(service, wallet, client, keys_of_roles, clock):
    """The journal says that there were some."""
    camille = Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))
    wallet.get(f"{PROOF}.paper")
    clock.instant += 60
    camille.post("/me/erasures", {"end_documents": True})
    assert _found(service) == []
    _write(service, "DELETE FROM status_cause WHERE cause_class = 'holder'")
    assert _found(service) == [("list_entry", "erased")]


def test_cause_of_a_measure_on_what_it_does_not_reach_is_named(service, wallet, licence_authority, clock):
    """A suspension of the right, copied to the proof of age; a lifted one, copied to what was issued afterwards."""
    wallet.get(ROAD)
    wallet.get("driving_licence.age_over_18.cbor")
    clock.instant += 60
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    made = licence_authority.post(path, {"decision_reference": "S-1"}).json()["measure_id"]
    clock.instant += 60
    licence_authority.post(f"{path}/{made}/lift", {"decision_reference": "L-1"})
    clock.instant += 3_600
    wallet.renew()
    wallet.get(PROOF)
    assert _found(service) == []
    copy = (
        "INSERT INTO status_cause SELECT c.authority_id, 'c' || substr(k.credential_id, 2), k.credential_id, c.cause_class, "
        "c.value, c.since, c.until, c.reason_class, c.origin_id, NULL FROM status_cause c, credential k "
        "WHERE c.cause_class = 'authority' AND k.view = '{view}'"
    )
    for view in ("age_over_18", "proof"):
        with service.database.rehearsal() as connection:
            assert connection.execute(text(copy.format(view=view))).rowcount == 1
            found = list(acts.compare(connection, LICENCE, service.clock.now()))
            assert [(one.fault.value, one.differs) for one in found] == [
                ("list_entry", "suspension: origin_id")
            ]


def test_proposal_that_was_changed_is_named(service, wallet, licence_authority):
    """What the second person would approve is what the first one asked."""
    path = f"/authority/licences/{wallet.document_id}/revocations"
    assert licence_authority.post(path, {"decision_reference": "R-1"}).status_code == 202
    assert _found(service) == []
    for change in ("subject_id = 'x'", "proposer_id = '0'", "payload = '{}'"):
        with service.database.rehearsal() as connection:
            connection.execute(text(f"UPDATE act_proposal SET {change}"))
            found = list(acts.compare(connection, LICENCE, service.clock.now()))
            assert [one.fault.value for one in found] == ["act_edited"]


def test_credential_that_was_never_said_to_be_issued_is_superseded_like_any_other(service, wallet, clock):
    """Its process ended before it could say so, or somebody changed the row: the next one supersedes it, and is asked to."""
    wallet.get(PROOF)
    _write(service, "UPDATE credential SET state = 'reserved'")
    clock.instant += 400
    wallet.renew()
    wallet.get(PROOF)
    assert _found(service) == []
    _write(service, "DELETE FROM status_cause")
    assert _found(service) == [("list_entry", "superseded")]
