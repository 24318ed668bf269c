"""The description of the interface is complete, true, and valid; a route that lacks something is named."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from wallet_api.openapi.document import SECURITY_SCHEMES, described_routes, make_document
from wallet_api.openapi.raises import problems_of, raises
from wallet_api.openapi.tags import TAGS
from wallet_api.problems import PROBLEMS

METHODS = {"get", "post", "put", "patch", "delete"}
# the edge and the command line
_OF_NO_OPERATION = {"method-not-allowed", "terminal-known"}
PROBLEM_JSON = "application/problem+json"


@pytest.fixture(scope="module")
def document(application):
    """The document as it is served."""
    return json.loads(json.dumps(application.openapi()))


def _operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def lacking(document) -> list[str]:
    """What each operation lacks, in words that say what to do."""
    found, names = [], set()
    for where, operation in _operations(document):
        found += [f"{where}: {one}" for one in _lacks(operation)]
        if operation["operationId"] in names:
            found.append(f"{where}: operation id {operation['operationId']} is taken")
        names.add(operation["operationId"])
    return found


def _lacks(operation):
    if not re.fullmatch(r"[a-z]+(?:[A-Z][a-z0-9]*)*", operation["operationId"]):
        yield 'name it by hand: operation_id="verbObject"'
    if not operation.get("summary"):
        yield "write a docstring: its first sentence is the summary"
    if len(operation.get("tags", ())) != 1 or operation["tags"][0] not in TAGS:
        yield f"give it one tag of openapi/tags.py: {sorted(TAGS)}"
    for parameter in operation.get("parameters", ()):
        if "example" not in parameter:
            yield f"parameter {parameter['name']} has no example: Query(examples=[...]) or samples.BY_NAME"
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        yield from _lacks_example(f"the body ({kind})", kind, body)
    for status, answer in operation["responses"].items():
        for kind, body in answer.get("content", {}).items():
            yield from _lacks_example(f"the answer {status} ({kind})", kind, body)


def _lacks_example(what, kind, body):
    if kind == PROBLEM_JSON:
        return
    if not body.get("schema"):
        yield f"{what} has no schema: give the route a response_model"
    elif "example" not in body and "examples" not in body:
        yield f"{what} has no example: Field(examples=[...]) on the member without one, samples.BY_NAME, or whole in answers.py"


def invalid_examples(document) -> list[str]:
    """Examples that their own schema refuses."""
    found = []
    for where, operation in _operations(document):
        places = [(one["name"], one) for one in operation.get("parameters", ())]
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        places += [pair for one in contents for pair in one.get("content", {}).items()]
        for name, place in places:
            given = [one["value"] for one in place.get("examples", {}).values()]
            given += [place["example"]] if "example" in place else []
            for example in given:
                found += [f"{where}: {name}: {error}" for error in _errors(document, place, example)]
    return found


def _errors(document, place, example):
    schema = {**place["schema"], "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [
        f"{'/'.join(map(str, one.instance_path))} {one.message}" for one in validator.iter_errors(example)
    ]


def test_every_operation_is_described(document):
    """Hand-named, summed up, tagged in user words, with an example of each body, answer and parameter."""
    assert lacking(document) == []


def test_every_example_is_valid(document):
    """No example contradicts the schema beside it."""
    assert invalid_examples(document) == []


def test_document_is_valid_openapi(document):
    """OpenAPI 3.1, with each reference leading somewhere."""
    assert document["openapi"].startswith("3.1")
    text = json.dumps(document)
    for target in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert target in document["components"]["schemas"], target
    used = {name for _, one in _operations(document) for guard in one["security"] for name in guard}
    assert used <= SECURITY_SCHEMES.keys()


def test_every_problem_is_listed_with_its_type_and_an_example(document):
    """Per operation: what it may answer, each under its own status, with a type that leads to a page."""
    for where, operation in _operations(document):
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                content = answer["content"][PROBLEM_JSON]
                types = content["schema"]["allOf"][1]["properties"]["type"]["enum"]
                assert sorted(types) == sorted(one["value"]["type"] for one in content["examples"].values())
                codes = {one.rpartition("/")[2] for one in types}
                assert {PROBLEMS[code].status for code in codes} == {int(status)}, where


def test_every_problem_of_the_catalogue_belongs_to_an_operation_or_to_the_edge(application):
    """A row that nothing can answer is a row too many; those of the edge and of the command line are named here."""
    listed = {code for route in described_routes(application.routes) for code in problems_of(route)}
    assert PROBLEMS.keys() - listed <= _OF_NO_OPERATION


def test_headers_that_a_client_acts_upon_are_described(document):
    """Who may ask, how long to wait, whether an answer is an earlier one."""
    for where, operation in _operations(document):
        headers = {status: set(one.get("headers", ())) for status, one in operation["responses"].items()}
        assert "Retry-After" in headers["429"], where
        assert "401" not in headers or "WWW-Authenticate" in headers["401"], where
        once = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
        for status in (one for one in headers if one[0] == "2"):
            assert ("Idempotent-Replayed" in headers[status]) == once, where
    printed = document["paths"]["/me/printed-cards"]["post"]["responses"]["201"]["headers"]
    assert {"Laissez-Passer-Credential", "Laissez-Passer-Expires"} <= printed.keys()


class Sent(BaseModel):
    """A body whose member has no example."""

    surname_of_nobody: Any


def test_route_that_lacks_something_is_named():
    """The tests above can fail: a bare route is told what it lacks, word by word."""
    router = APIRouter()

    @router.post("/bare")
    def bare_route(body: Sent) -> int:
        return len(str(body))

    @router.get("/wrong", operation_id="readWrong", tags=["Permis"], openapi_extra=raises("internal"))
    def read_wrong() -> int:
        """A number. And more."""
        return 1

    made = make_document(router.routes, title="t", version="1", base_url="http://testserver")
    words = "\n".join(lacking(made))
    for expected in (
        "name it by hand",
        "write a docstring",
        "give it one tag",
        "the body (application/json) has no example",
    ):
        assert f"POST /bare: {expected}" in words
    assert "GET /wrong" not in words
    made["paths"]["/wrong"]["get"]["responses"]["200"]["content"]["application/json"]["example"] = "one"
    assert invalid_examples(made) == ['GET /wrong: application/json:  "one" is not of type "integer"']


def test_unknown_problem_cannot_be_declared():
    """The catalogue is closed."""
    with pytest.raises(KeyError):
        raises("no-such-problem")


def test_document_is_served_with_a_tag(client):
    """Read once, then 304."""
    first = client.get("/docs.json")
    assert first.json()["info"]["title"] == "Laissez-passer"
    again = client.get("/docs.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
