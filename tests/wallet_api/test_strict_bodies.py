"""A request's JSON has one meaning (threats.md, T24): what two readers could read differently is refused, and does nothing."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import func, select

from tests.wallet_api.simulated_wallet import Key
from wallet_api import tables
from wallet_api.strict_route import StrictRoute

TEXT = '{"decision_reference":"S-1","until":"2027-01-01"}'
TWICE = '{"decision_reference":"S-1","until":"2027-01-01","until":"2036-01-01"}'
BODIES = {
    "a member twice": TWICE.encode(),
    "a member twice, once escaped": TWICE.replace('"until":"2036', r'"\u0075ntil":"2036').encode(),
    "a byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without a mark": TEXT.encode("utf-16-le"),
    "UTF-32": TEXT.encode("utf-32"),
    "Latin-1": TEXT.replace("S-1", "S-é").encode("latin-1"),
    "a lone surrogate": TEXT.replace("S-1", r"S-\ud800").encode(),
    "NaN": TEXT.replace('"2027-01-01"', "NaN").encode(),
    "a number of five thousand digits": TEXT.replace('"2027-01-01"', "9" * 5_000).encode(),
    "a float for a day": TEXT.replace('"2027-01-01"', "1e3").encode(),
    "infinity": TEXT.replace('"2027-01-01"', "-Infinity").encode(),
    "a list": f"[{TEXT}]".encode(),
    "too deep": TEXT.replace('"2027-01-01"', "[" * 50 + "]" * 50).encode(),
    "very deep": (b"[" * 100_000),
    "two texts": f"{TEXT}{TEXT}".encode(),
    "a comma too many": TEXT.replace("}", ",}").encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_body_with_more_than_one_meaning_is_refused(service, client, wallet, licence_authority, name):
    """422 and no act; the plain text is taken."""
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    headers = {
        "Authorization": f"Bearer {licence_authority.key}",
        "Idempotency-Key": "key-of-a-strict-body",
        "Content-Type": "application/json",
    }
    answer = client.post(path, content=BODIES[name], headers=headers)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "content-refused")
    with service.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.measure)).scalar_one() == 0
    assert client.post(path, content=TEXT.encode(), headers=headers).status_code == 201


def test_null_is_no_body_where_none_is_needed(client, wallet, licence_authority):
    """As the description says of a cancellation."""
    made = licence_authority.withdraw(wallet.document_id, 1, "D-1").json()["entry_id"]
    path = f"/authority/licences/{wallet.document_id}/acts/{made}/cancellation"
    headers = {"Authorization": f"Bearer {licence_authority.key}", "Content-Type": "application/json"}
    for number, content in enumerate((b"null", b" null ", b"{}", b"")):
        key = {"Idempotency-Key": f"key-of-an-empty-body-{number}"}
        answer = client.post(path, content=content, headers={**headers, **key})
        assert answer.json()["type"].rpartition("/")[2] == "too-late-to-cancel", content


def test_members_that_the_issuer_does_not_know_are_passed_over(wallet):
    """Whatever they hold (OpenID4VCI, section 8.2)."""
    body = {
        "credential_configuration_id": "driving_licence.proof.cbor",
        "proofs": {"jwt": [wallet.proof(Key(), wallet.nonce())]},
        "later": {"x": 0.5, "y": [[[[[[[[[1]]]]]]]]]},
    }
    assert wallet.post("/credential", body).status_code == 200


def test_every_route_that_takes_json_is_strict(application):
    """Whoever adds a route and forgets the class is told here."""
    routes = [one.original_route for one in iter_route_contexts(application.routes)]
    taking = [one for one in routes if isinstance(one, APIRoute) and one.body_field is not None]
    assert [one.path for one in taking if not isinstance(one, StrictRoute)] == []
    assert len(taking) > 30


def test_largest_batch_of_keys_is_not_too_many_members(service, wallet):
    """The bound on members leaves room for what we offer ourselves."""
    most = service.settings.batch_size
    assert len(wallet.get("driving_licence.proof.cbor", most)) == most
