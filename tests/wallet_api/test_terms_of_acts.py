"""What an act's headers and its author's pace decide: versions seen, acts in an hour, keys of two people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from tests.wallet_api.conftest import Authority
from wallet_api import idempotency, tables
from wallet_api.roles import AccessRole

_LOSS = {"offence_class": "contravention_4", "committed_on": "2026-10-12", "established_on": "2026-10-30"}


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _stored(service) -> int:
    with service.database.read() as connection:
        return connection.execute(select(func.count()).select_from(tables.idempotency)).scalar_one()


def _suspend(authority, document_id, reference, if_match=None, key=None):
    authority.count += 1
    headers = {
        "Authorization": f"Bearer {authority.key}",
        "Idempotency-Key": key or f"key-{id(authority)}-{authority.count:06}",
    }
    headers |= {} if if_match is None else {"If-Match": if_match}
    path = f"/authority/licences/{document_id}/suspensions"
    return authority.client.post(path, json={"decision_reference": reference}, headers=headers)


# Versions


def test_act_on_a_document_that_changed_is_refused(wallet, licence_authority):
    """Each act raises the version; If-Match with an older one is 412 and changes nothing."""
    path = f"/authority/licences/{wallet.document_id}"
    seen = licence_authority.get(path).headers["etag"]
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    refused = _suspend(licence_authority, wallet.document_id, "S-1", if_match=seen)
    assert (refused.status_code, _code(refused)) == (412, "version-changed")
    answer = licence_authority.get(path)
    assert answer.headers["etag"] != seen
    assert answer.json()["measures"] == []
    assert (
        _suspend(licence_authority, wallet.document_id, "S-1", if_match=answer.headers["etag"]).status_code
        == 201
    )


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ("*", 201), ('"0", "1"', 201), ('W/"1", "1"', 201), ('"2"', 412), ("1", 412), ("", 412), ('"01"', 412),
        ('W/"x"', 412), ('W/"1"', 412), ('"W/"1""', 412),
    ],
)  # fmt: skip
def test_if_match_is_read_as_rfc_9110_says(wallet, licence_authority, if_match, status):
    """Any tag of a list, or the star; what is no tag of ours matches nothing, nor does a weak one."""
    assert _suspend(licence_authority, wallet.document_id, "S-1", if_match=if_match).status_code == status


def test_tag_changes_with_what_time_changes_and_still_names_the_version(wallet, licence_authority, clock):
    """A suspension ends by itself: another content, another tag; whoever saw the version has missed no act."""
    path = f"/authority/licences/{wallet.document_id}"
    body = {"decision_reference": "S-0", "until": "2026-11-10"}
    assert licence_authority.post(f"{path}/suspensions", body).status_code == 201
    first, again = licence_authority.get(path), licence_authority.get(path)
    assert first.headers["etag"] == again.headers["etag"]
    clock.instant += 30 * 86_400
    later = licence_authority.get(path)
    assert (first.json()["suspended"], later.json()["suspended"]) == (True, False)
    assert first.headers["etag"] != later.headers["etag"]
    tag = first.headers["etag"]
    assert _suspend(licence_authority, wallet.document_id, "S-1", if_match=f"W/{tag}").status_code == 412
    assert _suspend(licence_authority, wallet.document_id, "S-1", if_match=tag).status_code == 201
    assert _suspend(licence_authority, wallet.document_id, "S-2", if_match=tag).status_code == 412


def test_refused_act_raises_no_version(wallet, licence_authority):
    """A decision known already leaves the version as it was."""
    path = f"/authority/licences/{wallet.document_id}"
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    seen = licence_authority.get(path).headers["etag"]
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 409
    assert licence_authority.get(path).headers["etag"] == seen


def test_of_many_acts_on_one_version_one_is_done(wallet, licence_authority):
    """Twelve clerks read the same version and act at once: one suspension."""
    seen = licence_authority.get(f"/authority/licences/{wallet.document_id}").headers["etag"]

    def act(number: int) -> int:
        own = Authority(TestClient(wallet.client.app, base_url="http://testserver"), licence_authority.key)
        return _suspend(
            own, wallet.document_id, f"S-{number}", seen, f"key-of-version-{number:06}"
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(act, range(12)))
    assert statuses == [201] + [412] * 11


# Pace


@pytest.fixture
def paced(service, client):
    """A service in which a person may do five acts in an hour."""
    client.app.state.service = replace(service, settings=replace(service.settings, acts_per_hour=5))
    return client.app.state.service


@pytest.mark.usefixtures("paced")
def test_one_act_too_many_in_an_hour_is_refused(wallet, licence_authority, clock):
    """The sixth waits until the first is an hour old; the refusal says how long, and what to do instead."""
    start = clock.instant
    for number in range(5):
        clock.instant = start + number * 60
        assert licence_authority.withdraw(wallet.document_id, 1, f"D-{number}").status_code == 201
    refused = licence_authority.withdraw(wallet.document_id, 1, "D-5")
    assert (refused.status_code, _code(refused)) == (429, "too-many-acts")
    assert "lot" in refused.json()["title"]
    assert int(refused.headers["retry-after"]) == 3600 - 240
    clock.instant = start + 3599
    assert licence_authority.withdraw(wallet.document_id, 1, "D-5").status_code == 429
    clock.instant = start + 3600
    assert licence_authority.withdraw(wallet.document_id, 1, "D-5").status_code == 201


@pytest.mark.usefixtures("paced")
def test_pace_is_a_persons_own_and_spares_answers_given_again(
    wallet, licence_authority, client, keys_of_roles
):
    """A colleague goes on; a request sent again gets its answer; a refused act does not count."""
    body = {"decision_reference": "D-0", "points": 1, **_LOSS}
    path = f"/authority/licences/{wallet.document_id}/points/withdrawals"
    for _ in range(8):
        assert licence_authority.post(path, body, key="the-key-of-the-first-act").status_code == 201
        assert licence_authority.withdraw(wallet.document_id, 1, "D-0").status_code == 409
    for number in range(1, 5):
        assert licence_authority.withdraw(wallet.document_id, 1, f"D-{number}").status_code == 201
    assert licence_authority.withdraw(wallet.document_id, 1, "D-5").status_code == 429
    colleague = Authority(client, keys_of_roles[AccessRole.SUPERVISOR])
    assert colleague.withdraw(wallet.document_id, 1, "D-5").status_code == 201


@pytest.mark.usefixtures("paced")
def test_of_many_acts_at_once_no_more_than_the_pace_is_done(wallet, licence_authority):
    """T45: twenty acts of one person at the same moment, five are done."""

    def act(number: int) -> int:
        own = Authority(TestClient(wallet.client.app, base_url="http://testserver"), licence_authority.key)
        return _suspend(own, wallet.document_id, f"S-{number}", None, f"key-of-pace-{number:06}").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(act, range(20)))
    assert statuses == [201] * 5 + [429] * 15


# Keys


def test_one_key_text_of_two_people_is_two_keys(wallet, licence_authority, client, keys_of_roles):
    """Neither sees the other's stored answer, nor stands in the other's way."""
    colleague = Authority(client, keys_of_roles[AccessRole.SUPERVISOR])
    key = "the-same-text-of-two-people"
    answers = [
        _suspend(authority, wallet.document_id, reference, key=key)
        for authority, reference in ((licence_authority, "S-1"), (colleague, "S-2"))
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json()["measure_id"] != answers[1].json()["measure_id"]


def test_stored_answers_are_forgotten_after_two_days(service, wallet, licence_authority, clock):
    """Then the decision reference alone stands against a second recording."""
    body = {"decision_reference": "D-1", "points": 1, **_LOSS}
    path = f"/authority/licences/{wallet.document_id}/points/withdrawals"
    key = "the-key-that-is-forgotten"
    licence_authority.post(path, body, key=key)
    for seconds, gone, left in ((48 * 3600 - 1, 0, 1), (1, 1, 0)):
        clock.instant += seconds
        with service.database.write() as connection:
            assert idempotency.purge(connection, clock.instant) == gone
        assert _stored(service) == left
    assert _code(licence_authority.post(path, body, key=key)) == "decision-already-recorded"
