"""Acts that need two people: proposed by one, approved by another, performed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from credentials.spec import DocumentType, Domain, Role
from credentials.trust_list import SignerState
from tests.wallet_api.conftest import Authority, approve
from tests.wallet_api.test_consequences import ROAD, _status
from wallet_api import tables
from wallet_api.publication.run import publish_now
from wallet_api.roles import AccessRole

DAY = 86_400


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _propose(authority, document_id, reference="R-1", **more):
    path = f"/authority/licences/{document_id}/revocations"
    return authority.post(path, {"decision_reference": reference, **more})


def _decide(authority, proposed, word="approval"):
    return authority.post(f"/authority/proposals/{proposed.json()['proposal_id']}/{word}", {})


def _measures(service) -> int:
    with service.database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.measure)).scalar_one()


def _acts(service, authority_id="licence") -> list[str]:
    table = tables.audit_entry
    with service.database.read() as connection:
        rows = connection.execute(
            select(table.c.act).where(table.c.authority_id == authority_id).order_by(table.c.sequence)
        )
        return [act for act in rows.scalars() if act != "registry_read"]


def test_revocation_counts_once_approved(service, wallet, licence_authority, supervisor):
    """A proposal changes nothing but itself; the approval revokes in the same transaction, and both are audited."""
    claims = wallet.get(ROAD)[0]
    proposed = _propose(licence_authority, wallet.document_id)
    assert (proposed.status_code, proposed.json()["state"]) == (202, "open")
    publish_now(service)
    assert _status(service, claims) == 0
    assert wallet.renew().status_code == 200
    document = licence_authority.get(f"/authority/licences/{wallet.document_id}").json()
    assert document["open_proposals"] == [proposed.json()["proposal_id"]]
    approved = approve(supervisor, proposed)
    assert approved.json()["state"] == "approved"
    publish_now(service)
    assert _status(service, claims) == 1
    document = licence_authority.get(f"/authority/licences/{wallet.document_id}").json()
    assert (document["revoked"], document["open_proposals"]) == (True, [])
    assert document["measures"][0]["measure_id"] == approved.json()["act_id"]
    assert _acts(service)[-3:] == ["proposal", "approval", "revocation"]


def test_nobody_approves_alone(service, wallet, licence_authority, supervisor, colleague):
    """Neither who proposed, nor another clerk; a second supervisor may approve what a supervisor proposed."""
    proposed = _propose(supervisor, wallet.document_id)
    refused = _decide(supervisor, proposed)
    assert (refused.status_code, _code(refused)) == (403, "second-person-needed")
    clerk = _decide(licence_authority, proposed)
    assert (clerk.status_code, _code(clerk)) == (403, "forbidden")
    assert _measures(service) == 0
    assert _decide(colleague(AccessRole.SUPERVISOR), proposed).status_code == 201
    assert _measures(service) == 1


def test_clerk_refuses_only_what_is_his(wallet, licence_authority, supervisor, colleague):
    """A proposal is taken back by its author or refused by a supervisor, not by another clerk; then it stays so."""
    proposed = _propose(licence_authority, wallet.document_id)
    assert _code(_decide(colleague(AccessRole.CLERK), proposed, "refusal")) == "forbidden"
    assert _decide(licence_authority, proposed, "refusal").json()["state"] == "refused"
    assert _code(_decide(supervisor, proposed)) == "proposal-decided"
    again = _propose(licence_authority, wallet.document_id)
    assert _decide(supervisor, again, "refusal").status_code == 201
    assert _code(_decide(supervisor, again, "refusal")) == "proposal-decided"


def test_proposal_waits_for_a_day(service, wallet, licence_authority, supervisor, clock):
    """At its last second it can be approved, one later it cannot, and another may be made."""
    proposed = _propose(licence_authority, wallet.document_id)
    assert _code(_propose(licence_authority, wallet.document_id, "R-2")) == "already-proposed"
    clock.instant += DAY
    assert _code(_decide(supervisor, proposed)) == "proposal-expired"
    assert _measures(service) == 0
    again = _propose(licence_authority, wallet.document_id)
    clock.instant += DAY - 1
    assert approve(supervisor, again).status_code == 201


def test_proposals_are_an_authoritys_own(wallet, licence_authority, supervisor, colleague):
    """T46: another authority neither sees nor decides them."""
    proposed = _propose(licence_authority, wallet.document_id)
    path = f"/authority/proposals/{proposed.json()['proposal_id']}"
    for role in (AccessRole.HEALTH_AUTHORITY, AccessRole.OPERATOR):
        other = colleague(role)
        assert other.get("/authority/proposals?state=all").json()["items"] == []
        assert other.get(path).status_code == 404
        for word in ("approval", "refusal"):
            assert _decide(other, proposed, word).status_code == 404
    assert supervisor.get(path).json() == proposed.json()


def test_list_of_proposals_has_pages(offer, licence_authority, supervisor, clock):
    """The latest first, each once; decided ones only when all are asked for."""
    documents = [offer(person).document_id for person in ("camille", "yanis", "ines", "theo")]
    made = []
    for number, document_id in enumerate(documents):
        clock.instant += 1
        made.append(_propose(licence_authority, document_id, f"R-{number}"))
    approve(supervisor, made[0])
    seen, before = [], ""
    while True:
        answer = licence_authority.get(f"/authority/proposals?limit=2&state=all{before}").json()
        seen += [one["proposal_id"] for one in answer["items"]]
        if answer["next"] is None:
            break
        before = f"&before={answer['next']}"
    assert seen == [one.json()["proposal_id"] for one in reversed(made)]
    waiting = licence_authority.get("/authority/proposals").json()["items"]
    assert [one["proposal_id"] for one in waiting] == seen[:3]


def test_decision_that_is_recorded_is_not_proposed_again(wallet, licence_authority, supervisor):
    """Nor is a second revocation of what is revoked."""
    approve(supervisor, _propose(licence_authority, wallet.document_id))
    assert _code(_propose(licence_authority, wallet.document_id, "R-2")) == "already-revoked"
    assert _code(_propose(licence_authority, wallet.document_id, "R-1")) == "decision-already-recorded"


def test_approval_of_what_became_impossible_leaves_the_proposal_open(
    wallet, licence_authority, supervisor, colleague
):
    """The decision of the proposal was recorded by a suspension meanwhile: nothing is decided, and it can be refused."""
    proposed = _propose(licence_authority, wallet.document_id, "X-1")
    body = {"decision_reference": "X-1"}
    licence_authority.post(f"/authority/licences/{wallet.document_id}/suspensions", body)
    assert _code(_decide(supervisor, proposed)) == "decision-already-recorded"
    assert supervisor.get(f"/authority/proposals/{proposed.json()['proposal_id']}").json()["state"] == "open"
    assert _decide(colleague(AccessRole.SUPERVISOR), proposed, "refusal").status_code == 201


def test_fifty_approvals_at_once_are_one_act(service, wallet, licence_authority, supervisor, colleague):
    """Five supervisors press fifty times together: one measure, one approval in the audit, one 201."""
    proposed = _propose(licence_authority, wallet.document_id)
    people = [supervisor, *(colleague(AccessRole.SUPERVISOR) for _ in range(4))]

    def press(number: int) -> int:
        own = Authority(TestClient(wallet.client.app, base_url="http://testserver"), people[number % 5].key)
        path = f"/authority/proposals/{proposed.json()['proposal_id']}/approval"
        return own.post(path, {}, key=f"key-of-approval-{number:06}").status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(press, range(50)))
    assert statuses == [201] + [409] * 49
    assert _measures(service) == 1
    assert _acts(service).count("approval") == 1


# Keys


@pytest.fixture
def operators(client, keys_of_roles, colleague):
    return Authority(client, keys_of_roles[AccessRole.OPERATOR]), colleague(AccessRole.OPERATOR)


def test_signer_is_burnt_by_two_operators(service, operators, wallet):
    """Proposed: it still signs. Approved: compromised, its successor signs, and the service's chain names both people."""
    first, second = operators
    burnt = service.keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id
    proposed = first.post("/authority/keys/compromises", {"key_id": burnt.hex()})
    assert proposed.status_code == 202
    assert service.keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id == burnt
    assert _code(_decide(first, proposed)) == "second-person-needed"
    assert approve(second, proposed).json()["act_id"] == burnt.hex()
    assert service.keys.find(burnt).state is SignerState.COMPROMISED
    assert service.keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id != burnt
    assert _acts(service, "service") == ["proposal", "approval", "key_compromise"]
    assert wallet.get(ROAD)


def test_signer_is_announced_and_retired_by_two_operators(service, operators):
    """A new signer stands beside the present one; a retired one signs nothing more."""
    first, second = operators
    before = len(service.keys.announced(Domain.HEALTH, Role.CREDENTIAL))
    body = {"domain": "health", "role": "credential"}
    approve(second, first.post("/authority/keys/announcements", body))
    announced = service.keys.announced(Domain.HEALTH, Role.CREDENTIAL)
    assert len(announced) == before + 1
    key_id = service.keys.active(Domain.HEALTH, Role.CREDENTIAL).key_id
    approve(second, first.post("/authority/keys/retirements", {"key_id": key_id.hex()}))
    assert service.keys.find(key_id).state is SignerState.RETIRED


def test_key_act_that_its_state_forbids_is_refused(service, operators):
    """A compromised signer does not become a retired one; an unknown key is not found; the proposal stays open."""
    first, second = operators
    key_id = service.keys.active(Domain.HEALTH, Role.CREDENTIAL).key_id
    service.keys.compromise(key_id, service.clock.now())
    proposed = first.post("/authority/keys/retirements", {"key_id": key_id.hex()})
    refused = _decide(second, proposed)
    assert (refused.status_code, _code(refused)) == (409, "key-act-refused")
    assert first.get("/authority/proposals").json()["items"][0]["state"] == "open"
    assert first.post("/authority/keys/retirements", {"key_id": "0" * 16}).status_code == 404


def test_card_is_revoked_by_two_officials_of_health(offer, health_authority, colleague):
    """Another official of health approves; its author does not."""
    card = offer("camille", DocumentType.VITALE_CARD).document_id
    proposed = health_authority.post(f"/authority/cards/{card}/revocations", {"decision_reference": "C-1"})
    assert _code(_decide(health_authority, proposed)) == "second-person-needed"
    assert approve(colleague(AccessRole.HEALTH_AUTHORITY), proposed).status_code == 201
