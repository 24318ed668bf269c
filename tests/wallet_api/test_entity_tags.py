"""What is read again and again has a tag: the reader that holds the present content is told so, without the content."""

from __future__ import annotations

import pytest

from tests.conftest import INSTANT
from wallet_api.publication.run import publish_now
from wallet_api.quality.keep import keep

CHECKPOINTS = "/audit/checkpoints?authority=licence"
MINUTE = INSTANT - INSTANT % 60


@pytest.fixture
def read(client, keys_of_roles):
    """Read an address as an official, with or without what an earlier reading bore."""

    def send(path: str, held: str = ""):
        headers = {"Authorization": f"Bearer {keys_of_roles.of('agnes')}"}
        return client.get(path, headers=headers | ({"If-None-Match": held} if held else {}))

    return send


def _holds(read, path: str) -> str:
    """Read, and read again: 304, empty, with the same headers; the tag."""
    first = read(path)
    tag = first.headers["etag"]
    assert (first.status_code, len(first.content) > 2) == (200, True)
    for held in (tag, f"W/{tag}", f'"another", {tag}', "*"):
        again = read(path, held)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == first.headers["cache-control"]
    other = read(path, '"another"')
    assert (other.status_code, other.content) == (200, first.content)
    return tag


def test_figures_of_quality_keep_their_tag_within_a_minute(service, clock, read):
    """Nothing changes while the last whole minute is the same; a minute more is another content."""
    clock.instant = MINUTE
    keep(service)
    publish_now(service)
    clock.instant = MINUTE + 61
    tag = _holds(read, "/quality.json")
    assert read("/quality.json").json()["lists_age_seconds"] == 60
    clock.instant = MINUTE + 119
    assert read("/quality.json", tag).status_code == 304
    clock.instant = MINUTE + 120
    changed = read("/quality.json", tag)
    assert (changed.status_code, changed.json()["lists_age_seconds"]) == (200, 120)


def test_lists_that_are_younger_than_the_minute_have_no_age(service, clock, read):
    """Published after the instant that the figures are about."""
    clock.instant = MINUTE + 30
    publish_now(service)
    assert read("/quality.json").json()["lists_age_seconds"] == 0


def test_checkpoints_have_another_tag_once_there_is_another(service, clock, read, licence_authority, wallet):
    """A page of the past keeps its tag for good."""
    publish_now(service)
    tag, page = _holds(read, CHECKPOINTS), f"{CHECKPOINTS}&limit=1"
    whole = read(page)
    assert (len(whole.json()["checkpoints"]), whole.json()["next"]) == (1, None)  # full, and still the last
    clock.instant += 60
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    publish_now(service)
    assert read(CHECKPOINTS, tag).status_code == 200
    first = read(page)
    clock.instant += 60
    licence_authority.withdraw(wallet.document_id, 1, "D-2")
    publish_now(service)
    assert read(page, first.headers["etag"]).status_code == 304


def test_offences_have_a_tag_for_each_version_of_the_table(read):
    """The same table on two days is the same content."""
    tag = _holds(read, "/authority/offences?on=2025-07-10")
    assert read("/authority/offences?on=2025-07-10").headers["cache-control"] == "private, no-cache"
    assert read("/authority/offences?on=2025-07-09", tag).status_code == 304
    assert read("/authority/offences", tag).status_code == 200


def test_journal_ends_with_a_page_that_is_full(client, keys_of_roles, wallet, licence_authority):
    """`next` is null at the end, whatever the length of the last page."""
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    headers = {"Authorization": f"Bearer {keys_of_roles.of('irene')}"}
    whole = client.get("/authority/audit?authority=licence", headers=headers).json()["rows"]
    path = f"/authority/audit?authority=licence&limit={len(whole)}"
    assert client.get(path, headers=headers).json() == {"rows": whole, "next": None}
    shorter = client.get(f"/authority/audit?authority=licence&limit={len(whole) - 1}", headers=headers)
    assert shorter.json()["next"] == whole[-2]["sequence"]


def test_every_answer_with_a_tag_says_so(client):
    """An operation that answers 304 takes `If-None-Match` and tells of its `ETag`; the others do not."""
    told = {}
    for path, item in client.get("/docs.json").json()["paths"].items():
        for operation in item.values():
            asked = "If-None-Match" in {one["name"] for one in operation.get("parameters", ())}
            told[path] = asked
            answers = operation["responses"]
            assert ("304" in answers) == asked
            assert all(
                ("ETag" in answers[one].get("headers", {})) == asked
                for one in ("200", "304")
                if one in answers
            )
    tagged = {path for path, asked in told.items() if asked}
    assert tagged >= {"/quality.json", "/audit/checkpoints", "/authority/offences", "/me/notices"}


def test_every_reading_bears_a_tag_and_says_so(application):
    """A route that is read and forgets its class is told here; state of this instant has none."""
    read = {path: one["get"] for path, one in application.openapi()["paths"].items() if "get" in one}
    assert len(read) > 30
    without = {path for path, one in read.items() if "304" not in one["responses"]}
    assert without == {"/healthz", "/readyz", "/metrics"}


def test_document_is_not_sent_again_until_it_changes(wallet, licence_authority):
    """The tag that `If-Match` wants answers `If-None-Match` as well, and an act makes it another one."""
    path = f"/authority/licences/{wallet.document_id}"
    headers = {"Authorization": f"Bearer {licence_authority.key}"}
    first = licence_authority.client.get(path, headers=headers)
    headers |= {"If-None-Match": first.headers["etag"]}
    again = licence_authority.client.get(path, headers=headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert first.headers["cache-control"] == again.headers["cache-control"] == "private, no-cache"
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    assert licence_authority.client.get(path, headers=headers).status_code == 200


def test_what_a_citizen_reads_has_a_tag_and_is_stored_nowhere(client, keys_of_roles):
    """Tag by tag an asker may compare; no cache keeps what is personal."""
    headers = {"Authorization": f"Bearer {keys_of_roles.of('camille')}"}
    first = client.get("/me/documents", headers=headers)
    again = client.get("/me/documents", headers={**headers, "If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["cache-control"] == again.headers["cache-control"] == "no-store"


def test_address_says_which_verbs_it_takes(client):
    """RFC 9110, section 15.5.6."""
    refused = client.delete("/me/points")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")
