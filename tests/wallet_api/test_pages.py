"""Lists that grow are read by pages, each the same way; every other list of the interface says what bounds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.wallet_api.citizens import Citizen, code_of
from tests.wallet_api.simulated_wallet import SimulatedWallet

_ONE_DOCUMENT = (
    "the whole story of one document, under one tag; each row is somebody's act, and the purge ends them"
)
_CLOSED = "one for each word of a closed list"
_WINDOW = "a fixed number of days or changes"
BOUNDED = {
    "/authority/offences": "the table of the law",
    "AuthorizationServerMetadata.grant_types_supported": _CLOSED,
    "Catalogue.tables": _CLOSED,
    "DocumentAnswer.measures": _ONE_DOCUMENT,
    "DocumentAnswer.open_proposals": "one at a time for each document",
    "DocumentAnswer.wallets": _ONE_DOCUMENT,
    "ErasureAnswer.kept": "one for each table",
    "Holding.rows": "the person's right is to everything at once (RGPD 15 and 20)",
    "Holdings.holdings": "one for each table",
    "IssuedCredentials.credentials": "as many as keys were sent, LP_BATCH_SIZE at most",
    "Ledger.calendar": _WINDOW,
    "Ledger.entries": _ONE_DOCUMENT,
    "LicenceAnswer.measures": _ONE_DOCUMENT,
    "LicenceAnswer.open_proposals": "one at a time for each document",
    "LicenceAnswer.wallets": _ONE_DOCUMENT,
    "LossAnswer.not_asked": _CLOSED,
    "LineProblem.columns": _CLOSED,
    "MyDocuments.items": "one for each kind of document",
    "MyPoints.calendar": _WINDOW,
    "MyPoints.history": _ONE_DOCUMENT,
    "Notices.items": "what happens to a person's documents in a window of days, read with a tag",
    "PointsAnswer.entry_ids": "the offences of one stop, ten at most",
    "Progress.problems": "the first 500 lines that were refused",
    "Quality.days": _WINDOW,
    "Quality.groups": _CLOSED,
    "Quality.opinions": _CLOSED,
    "Quality.public_opinions": _CLOSED,
    "Quality.verdicts": _CLOSED,
    "Ready.signers": "one for each domain and role in use",
    "Rehearsal.problems": "the first 500 lines that were refused",
    "TableText.columns": _CLOSED,
}
"""Lists without pages, and what keeps each of them short."""
ID = "019a4b7c5e2070318a4d6f0b2c9e1d57"
PAGED = ("/me/credentials", "/me/devices", "/me/mandates", "/aidant/mandates", "/authority/proposals")


@pytest.fixture
def camille(client, keys_of_roles) -> Citizen:
    return Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))


@pytest.fixture
def jeanne(client, keys_of_roles) -> Citizen:
    """An aidant, asking as a citizen asks."""
    return Citizen(client, lambda acr=None: keys_of_roles.of("jeanne", acr=acr))


def _read(asker: Citizen, path: str, name: str) -> list[str]:
    """Every id, in pages of two; each page but the last is full, and pages lie in order."""
    found: list[str] = []
    cursor = ""
    while True:
        page = asker.get(f"{path}?limit=2{cursor}")
        found += [one[name] for one in page["items"]]
        if page["next"] is None:
            return found
        assert len(page["items"]) == 2
        assert page["next"] == found[-1]
        cursor = f"&before={page['next']}"


@pytest.mark.postgres
def test_phones_are_read_page_by_page(client, clock, camille, offer):
    """The latest enrolled first, all of them once; one that is enrolled between two pages moves nothing."""

    def enrol() -> None:
        clock.instant += 1
        assert SimulatedWallet(client, clock).take(offer("camille").uri).status_code == 200

    for _ in range(4):
        enrol()
    whole = [one["wallet_id"] for one in camille.get("/me/devices")["items"]]
    assert (len(whole), whole) == (4, sorted(whole, reverse=True))
    assert _read(camille, "/me/devices", "wallet_id") == whole  # the last page is full, and still the last
    first = camille.get("/me/devices?limit=3")
    enrol()
    rest = camille.get(f"/me/devices?limit=3&before={first['next']}")
    assert [one["wallet_id"] for one in first["items"] + rest["items"]] == whole


@pytest.mark.postgres
def test_mandates_are_read_page_by_page(clock, camille, jeanne, official):
    """By the person all of them, by the aidant those that live: a page is not shorter for those that ended."""
    aidant_id = official("jeanne").get("/aidant").json()["aidant_id"]
    given = []
    for number in range(5):  # a new one ends the earlier one for the same document
        clock.instant += 1
        document = ("driving_licence", "vitale_card")[number % 2]
        body = {"aidant_id": aidant_id, "document_type": document, "days": 1}
        given.append(camille.post("/me/mandates", body)["mandate_id"])
    latest_first = given[::-1]
    assert _read(camille, "/me/mandates", "mandate_id") == latest_first
    assert _read(jeanne, "/aidant/mandates", "mandate_id") == latest_first[:2]
    page = jeanne.get("/aidant/mandates?limit=1")
    assert (page["items"][0]["mandate_id"], page["next"]) == (latest_first[0], latest_first[0])
    assert jeanne.get(f"/aidant/mandates?limit=1&before={latest_first[0]}")["next"] is None


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize("query", ["before=first", f"before={ID.upper()}", "limit=0", "limit=101"])
def test_page_that_cannot_be_meant_is_refused_alike(path, query, client, keys_of_roles):
    """One problem for all of them, and an unknown id is a place in the order like any other."""
    name = {"/aidant": "jeanne", "/author": "agnes"}.get(path[:7], "camille")
    asker = Citizen(client, lambda acr=None: keys_of_roles.of(name, acr=acr))
    answer = asker.send("GET", f"{path}?{query}")
    assert (answer.status_code, code_of(answer)) == (422, "content-refused")
    assert asker.get(f"{path}?before={ID}") == {"items": [], "next": None}


def _lists(document: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each list in an answer by its place, and whether the operation that answers it has pages."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for operation in item.values():
            asked = {one["name"] for one in operation.get("parameters", ())}
            for status, answer in operation["responses"].items():
                for body in answer.get("content", {}).values() if status[0] == "2" else ():
                    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
                    paged = "next" in schemas.get(name, {}).get("properties", {})
                    for place in _of_schema(body.get("schema", {}), path, schemas):
                        top = place.rpartition(".")[0] == name
                        yield place, paged and top and bool(asked & {"before", "after"}) and "limit" in asked


def _of_schema(schema: dict[str, Any], place: str, schemas: dict[str, Any]) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        for member, one in schemas[name].get("properties", {}).items():
            yield from _of_schema(one, f"{name}.{member}", schemas)
    elif schema.get("type") == "array":
        yield place
        yield from _of_schema(schema["items"], f"{place}[]", schemas)
    for choice in schema.get("anyOf", ()):
        yield from _of_schema(choice, place, schemas)
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        yield from _of_schema(more, place, schemas)


def test_every_list_has_pages_or_a_bound(application):
    """A new list is paged, or says here why it stays short; a list that is gone leaves the table."""
    found = list(_lists(application.openapi()))
    assert {place for place, paged in found if not paged} == BOUNDED.keys()
