"""The window in which an act can be cancelled: until it counts, no list and no refusal tells of it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.wallet_api.conftest import Authority, approve
from tests.wallet_api.simulated_wallet import Key
from tests.wallet_api.test_consequences import PROOF, ROAD, _status
from wallet_api.authority import cancel_act
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
    """A cancelled act leaves no trace in what counts, and its decision is free again; of those that stand each is recorded once."""
    path = f"/authority/licences/{wallet.document_id}"
    claims = wallet.get(ROAD)[0]
    made = approve(
        supervisor, licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"})
    ).json()
    assert made["released_at"] == rfc3339(clock.instant + WINDOW)
    cancelled = licence_authority.post(f"{path}/acts/{made['act_id']}/cancellation", {})
    assert cancelled.status_code == 201
    approve(supervisor, licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"}))
    again = licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"})
    assert _code(again) == "decision-already-recorded"
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


@pytest.mark.parametrize("cancelled", ["lift", "voiding"])
def test_one_of_two_ends_is_cancelled_and_the_other_ends_the_measure(
    service, wallet, licence_authority, clock, cancelled
):
    """A suspension lifted and then voided: whichever is cancelled, the other counts, in the right and in the list."""
    claims, path = wallet.get(ROAD)[0], f"/authority/licences/{wallet.document_id}"
    made = _suspend(licence_authority, wallet.document_id, until="2027-02-01", decided_by="prefect").json()[
        "measure_id"
    ]
    clock.instant += WINDOW
    publish_now(service)
    assert _status(service, claims) == 2
    ends = {
        "lift": (f"{path}/suspensions/{made}/lift", {"decision_reference": "L-1"}),
        "voiding": (f"{path}/measures/{made}/voiding", {"decision_reference": "V-1", "ground": "acquittal"}),
    }
    answers = {}
    for name, (address, body) in ends.items():
        answers[name] = licence_authority.post(address, body)
        assert answers[name].status_code == 201
        clock.instant += 10
    assert _cancel(licence_authority, wallet.document_id, answers[cancelled]).status_code == 201
    clock.instant += WINDOW
    publish_now(service)
    assert licence_authority.get(path).json()["right"]["state"] == "VALIDE"
    assert _status(service, claims) == 0


@pytest.mark.parametrize("act", ["suspension", "revocation", "withdrawal"])
def test_cancellation_that_waits_past_the_release_is_too_late(
    service, wallet, licence_authority, supervisor, clock, monkeypatch, act
):
    """Asked for at 299 s, decided at 300 s after a publication: the act stands, and publishing goes on."""
    claims = wallet.get(ROAD)[0]
    path, act_id = _act(licence_authority, supervisor, wallet.document_id, act)
    clock.instant += WINDOW - 1
    write, waited = type(service.database).write, []

    def publishing_first(self):
        if not waited:
            waited.append(True)
            clock.instant += 1
            publish_now(service)
        return write(self)

    monkeypatch.setattr(type(service.database), "write", publishing_first)
    answer = licence_authority.post(f"{path}/acts/{act_id}/cancellation", {})
    assert (waited, _code(answer)) == ([True], "too-late-to-cancel")
    clock.instant += 60
    publish_now(service)
    assert _status(service, claims) == {"suspension": 2, "revocation": 1, "withdrawal": 3}[act]


def test_clock_that_is_behind_cancels_nothing_that_was_published(
    service, wallet, licence_authority, supervisor, clock
):
    """Another process, a second ahead, has published the act: by this one's clock it is not too late, by the lists it is."""
    wallet.get(ROAD)
    path, act_id = _act(licence_authority, supervisor, wallet.document_id, "revocation")
    clock.instant += WINDOW
    publish_now(service)
    clock.instant -= 1
    assert _code(licence_authority.post(f"{path}/acts/{act_id}/cancellation", {})) == "too-late-to-cancel"
    clock.instant += 60
    publish_now(service)


def test_publication_and_cancellation_wait_for_each_other(
    service, wallet, licence_authority, supervisor, clock, monkeypatch
):
    """A publication of the last second comes while a cancellation decides: it waits, and tells nothing of the act."""
    claims = wallet.get(ROAD)[0]
    path, act_id = _act(licence_authority, supervisor, wallet.document_id, "suspension")
    clock.instant += WINDOW - 1
    decide, published = cancel_act.cancel, threading.Thread(target=publish_now, args=(service,))

    def deciding(*args):
        clock.instant += 1
        published.start()
        published.join(1)
        assert published.is_alive()
        return decide(*args)

    monkeypatch.setattr(cancel_act, "cancel", deciding)
    assert licence_authority.post(f"{path}/acts/{act_id}/cancellation", {}).status_code == 201
    published.join()
    assert _status(service, claims) == 0
    assert licence_authority.get(path).json()["right"]["state"] == "VALIDE"


def _act(clerk, supervisor, document_id, name):
    """The licence's address and the id of an act on it that can still be cancelled."""
    path = f"/authority/licences/{document_id}"
    if name == "suspension":
        return path, _suspend(clerk, document_id).json()["measure_id"]
    if name == "withdrawal":
        return path, clerk.withdraw(document_id, 4, "W-1").json()["entry_id"]
    proposed = clerk.post(f"{path}/revocations", {"decision_reference": "R-1"})
    return path, approve(supervisor, proposed).json()["act_id"]
