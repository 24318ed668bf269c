"""The window in which an act can be cancelled: until it counts, no list and no refusal tells of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.wallet_api.conftest import Authority, approve
from tests.wallet_api.simulated_wallet import Key
from tests.wallet_api.test_consequences import PROOF, ROAD, _status
from wallet_api.clock import rfc3339
from wallet_api.publication.run import publish_now
from wallet_api.roles import AccessRole

WINDOW = 300  # seconds, the default


@pytest.fixture
def settings(settings):
    """A service with the window of an ordinary installation."""
    return replace(settings, cancel_seconds=WINDOW)


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _suspend(authority, document_id, reference="S-1", **body):
    path = f"/authority/licences/{document_id}/suspensions"
    return authority.post(path, {"decision_reference": reference, **body})


def _cancel(authority, document_id, answer, **more):
    act_id = answer.json()["measure_id"]
    return authority.post(f"/authority/licences/{document_id}/acts/{act_id}/cancellation", {}, **more)


def test_suspension_counts_from_its_release_on(service, wallet, licence_authority, clock):
    """299 s after the act nothing knows of it; at 300 s lists, renewal and issuing do."""
    claims = wallet.get(ROAD)[0]
    made = _suspend(licence_authority, wallet.document_id).json()
    assert made["since"] == made["released_at"]
    clock.instant += WINDOW - 1
    publish_now(service)
    assert _status(service, claims) == 0
    assert wallet.renew().status_code == 200
    late = wallet.get(ROAD)[0]  # issued within the window: it bears the measure to come
    standing = licence_authority.get(f"/authority/licences/{wallet.document_id}").json()
    assert (standing["suspended"], len(standing["measures"])) == (False, 1)
    clock.instant += 1
    publish_now(service)
    assert [_status(service, one) for one in (claims, late)] == [2, 2]
    assert _code(wallet.renew()) == "document-suspended"
    assert _code(wallet.ask(ROAD, [Key()])) == "credential-denied"
    assert licence_authority.get(f"/authority/licences/{wallet.document_id}").json()["suspended"] is True


@pytest.mark.parametrize(("seconds", "cancelled"), [(0, True), (299, True), (300, False), (301, False)])
def test_act_is_cancelled_within_its_window_alone(
    service, wallet, licence_authority, clock, seconds, cancelled
):
    """Up to 299 s an act can be cancelled and never counts; from 300 s on it cannot."""
    claims = wallet.get(ROAD)[0]
    made = _suspend(licence_authority, wallet.document_id)
    clock.instant += seconds
    answer = _cancel(licence_authority, wallet.document_id, made)
    assert answer.status_code == (201 if cancelled else 409)
    assert cancelled or _code(answer) == "too-late-to-cancel"
    clock.instant += WINDOW
    publish_now(service)
    assert _status(service, claims) == (0 if cancelled else 2)
    assert (wallet.renew().status_code == 200) is cancelled


def test_cancelled_revocation_can_be_decided_again(service, wallet, licence_authority, supervisor, clock):
    """A cancelled act leaves no trace in what counts; its decision reference is not used a second time."""
    path = f"/authority/licences/{wallet.document_id}"
    claims = wallet.get(ROAD)[0]
    made = approve(
        supervisor, licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"})
    ).json()
    assert made["released_at"] == rfc3339(clock.instant + WINDOW)
    cancelled = licence_authority.post(f"{path}/acts/{made['act_id']}/cancellation", {})
    assert cancelled.status_code == 201
    again = licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"})
    assert _code(again) == "decision-already-recorded"
    approve(supervisor, licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1.bis"}))
    publish_now(service)
    assert _status(service, claims) == 0
    clock.instant += WINDOW
    publish_now(service)
    assert _status(service, claims) == 1


def test_lift_counts_from_its_release_on_and_can_be_cancelled(service, wallet, licence_authority, clock):
    """A suspension holds until its lift counts; a cancelled lift leaves it as it was, and it can be lifted again."""
    claims, proof = wallet.get(ROAD)[0], wallet.get(PROOF)[0]
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    made = _suspend(licence_authority, wallet.document_id).json()
    clock.instant += WINDOW
    first = licence_authority.post(f"{path}/{made['measure_id']}/lift", {"decision_reference": "L-1"})
    second = licence_authority.post(f"{path}/{made['measure_id']}/lift", {"decision_reference": "L-2"})
    assert _code(second) == "already-lifted"
    clock.instant += WINDOW - 1
    publish_now(service)
    assert [_status(service, one) for one in (claims, proof)] == [2, 2]
    assert _cancel(licence_authority, wallet.document_id, first).status_code == 201
    clock.instant += WINDOW
    publish_now(service)
    assert [_status(service, one) for one in (claims, proof)] == [2, 2]
    assert _code(wallet.renew()) == "document-suspended"
    third = licence_authority.post(f"{path}/{made['measure_id']}/lift", {"decision_reference": "L-3"})
    assert third.status_code == 201
    clock.instant += WINDOW
    assert wallet.renew().status_code == 200
    publish_now(service)
    assert [_status(service, one) for one in (claims, proof)] == [0, 0]


def test_lift_of_what_is_to_come_reaches_what_is_issued_meanwhile(service, wallet, licence_authority, clock):
    """A credential issued between a lift and its release does not bear the lifted measure afterwards."""
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    made = _suspend(licence_authority, wallet.document_id, **{"from": "2026-11-03"}).json()
    clock.instant += WINDOW
    licence_authority.post(f"{path}/{made['measure_id']}/lift", {"decision_reference": "L-1"})
    claims = wallet.get(ROAD)[0]
    clock.instant += 3 * 86_400
    publish_now(service)
    assert _status(service, claims) == 0


def test_act_is_cancelled_once_and_by_its_own_authority(
    wallet, licence_authority, health_authority, clock, client, keys_of_roles
):
    """Another clerk of the authority may cancel; the other authority may not; the same request gets the same answer."""
    made = _suspend(licence_authority, wallet.document_id)
    for path in ("licences", "cards"):
        act = f"/authority/{path}/{wallet.document_id}/acts/{made.json()['measure_id']}/cancellation"
        assert health_authority.post(act, {}).status_code == (403 if path == "licences" else 404)
    supervisor = Authority(client, keys_of_roles[AccessRole.SUPERVISOR])
    key = "the-key-of-the-cancellation"
    first = _cancel(supervisor, wallet.document_id, made, key=key)
    again = _cancel(supervisor, wallet.document_id, made, key=key)
    assert (first.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert first.json() == again.json()
    assert _code(_cancel(supervisor, wallet.document_id, made)) == "already-cancelled"
    assert _code(_cancel(supervisor, wallet.document_id, first)) == "already-cancelled"
    clock.instant += WINDOW
    assert _code(_cancel(supervisor, wallet.document_id, made)) in {"too-late-to-cancel", "already-cancelled"}


def test_suspension_that_would_end_within_the_window_is_refused(wallet, licence_authority):
    """It would never count."""
    answer = _suspend(licence_authority, wallet.document_id, until="2026-11-01T10:05:00Z")
    assert _code(answer) == "dates-out-of-order"
    answer = _suspend(licence_authority, wallet.document_id, until="2026-11-01T10:05:01Z")
    assert answer.status_code == 201


def test_cancellation_says_nothing_and_takes_nothing_else(wallet, licence_authority):
    """A member in the body is refused; an unknown act is not found."""
    made = _suspend(licence_authority, wallet.document_id)
    path = f"/authority/licences/{wallet.document_id}/acts"
    refused = licence_authority.post(f"{path}/{made.json()['measure_id']}/cancellation", {"why": "x"})
    assert _code(refused) == "content-refused"
    assert _code(licence_authority.post(f"{path}/{'0' * 32}/cancellation", {})) == "not-found"


@pytest.mark.parametrize(("seconds", "cancelled"), [(0, True), (299, True), (300, False), (301, False)])
def test_withdrawal_is_cancelled_within_its_window_alone(
    wallet, licence_authority, clock, seconds, cancelled
):
    """The same for points: nobody outside ever learns of a cancelled withdrawal, and it is cancelled once."""
    claims = wallet.get(ROAD)[0]
    made = licence_authority.withdraw(wallet.document_id, 4, "D-1").json()
    assert made["released_at"] == rfc3339(clock.instant + WINDOW)
    path = f"/authority/licences/{wallet.document_id}"
    clock.instant += seconds
    answer = licence_authority.post(f"{path}/acts/{made['entry_id']}/cancellation", {})
    assert answer.status_code == (201 if cancelled else 409)
    again = licence_authority.post(f"{path}/acts/{made['entry_id']}/cancellation", {})
    assert _code(again) == ("already-cancelled" if cancelled else "too-late-to-cancel")
    clock.instant += WINDOW
    assert licence_authority.get(f"{path}/points").json()["balance"] == (12 if cancelled else 8)
    assert wallet.renew().status_code == 200
    assert wallet.get(ROAD)[0].subject.points.value == (12 if cancelled else 8)
    assert claims.subject.points.value == 12


def test_act_of_another_licence_is_not_found(offer, wallet, licence_authority):
    """T46: the address names the licence and the act."""
    made = licence_authority.withdraw(wallet.document_id, 4, "D-1").json()
    other = offer("yanis").document_id
    answer = licence_authority.post(f"/authority/licences/{other}/acts/{made['entry_id']}/cancellation", {})
    assert (answer.status_code, _code(answer)) == (404, "not-found")
