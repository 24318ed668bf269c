"""The OpenAPI document: what the framework reads from the routes, completed so that a client needs nothing else.

To each operation: its summary (the first sentence of its docstring), who may ask it, an example of what is sent and of
what comes back, and each problem that it may answer with its `type` and an example. A route that lacks something keeps
working; the tests name it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

from wallet_api.problems import PROBLEMS, Problem

from .answers import ANSWERS
from .bodies import BODIES
from .headers import tell_of_headers, tell_of_tags
from .raises import EXTENSION, Described, guards_of, problems_of
from .samples import NoSample, sample
from .tags import TAGS

PROBLEM_JSON: Final = "application/problem+json"
SECURITY_SCHEMES: Final[dict[str, dict[str, str]]] = {
    "official": {
        "type": "http",
        "scheme": "bearer",
        "description": "An official's bearer token; it carries one role. · Jeton d’un agent, d’un seul rôle.",
    },
    "wallet": {
        "type": "http",
        "scheme": "dpop",
        "description": "A wallet's access token with a DPoP proof over it (RFC 9449). · Jeton d’un téléphone, avec preuve DPoP.",
    },
    "wallet_key": {
        "type": "apiKey",
        "in": "header",
        "name": "DPoP",
        "description": "A proof of the wallet's key alone (RFC 9449). · Preuve de la clé du téléphone.",
    },
    "terminal": {
        "type": "http",
        "scheme": "bearer",
        "description": "The mirror secret that came with a terminal's enrolment. · Secret reçu à l’enrôlement d’un terminal.",
    },
}
_PROBLEM_BODY: Final[dict[str, Any]] = {
    "title": "ProblemBody",
    "description": "An RFC 9457 problem document. Nothing in it comes from the request.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "error": {"type": "string", "description": "The code that OAuth or OpenID4VCI gives it."},
        "fields": {"type": "array", "items": {"type": "string"}, "description": "Declared names only."},
    },
    "required": ["type", "title", "status"],
    "additionalProperties": False,
}
_HTTP_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_SENTENCE: Final = re.compile(r"^(.+?)(?:\.(?=\s|$)|$)", re.DOTALL)


def described_routes(routes: Iterable[BaseRoute]) -> Iterator[Described]:
    """The operations that the document shows, with the prefixes of their routers."""
    for one in iter_route_contexts(routes):  # type: ignore[arg-type]
        if isinstance(one.original_route, APIRoute) and one.include_in_schema:
            yield one  # type: ignore[misc]


def make_document(routes: Iterable[BaseRoute], *, title: str, version: str, base_url: str) -> dict[str, Any]:
    """The whole document for a service at `base_url`."""
    listed = list(routes)
    made = get_openapi(
        title=title,
        version=version,
        summary="Démonstrateur, service non officiel, données fictives.",
        routes=listed,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        servers=[{"url": base_url}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        separate_input_output_schemas=False,
    )
    components = made.setdefault("components", {})
    components.setdefault("schemas", {})["ProblemBody"] = _PROBLEM_BODY
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = SECURITY_SCHEMES
    by_id = {one.operation_id or one.unique_id: one for one in described_routes(listed)}
    for item in made["paths"].values():
        for method, operation in item.items():
            if method in _HTTP_METHODS:
                _complete(operation, by_id[operation["operationId"]], components["schemas"], base_url)
    return made


def _complete(operation: dict[str, Any], route: Described, schemas: dict[str, Any], base_url: str) -> None:
    operation.pop(EXTENSION, None)
    operation["responses"] = {
        status: one for status, one in operation["responses"].items() if status[0] not in "45"
    }  # the framework's own 422 is never sent
    _describe(operation)
    _secure(operation, route)
    tell_of_tags(operation, route)
    for parameter in operation.get("parameters", ()):
        _exemplify(parameter, schemas, parameter["name"])
    name = operation["operationId"]
    for body in operation.get("requestBody", {}).get("content", {}).values():
        _exemplify(body, schemas, whole=BODIES.get(name))
    for status, answer in operation["responses"].items():
        for kind, body in answer.get("content", {}).items():
            told = ANSWERS.get(name, ANSWERS.get(f"{name} {status}"))
            _exemplify(body, schemas, whole=told if kind == "application/json" else None)
    _add_problems(operation, problems_of(route), base_url)
    tell_of_headers(operation)


def _describe(operation: dict[str, Any]) -> None:
    found = _SENTENCE.match(operation.get("description", ""))
    operation["summary"] = " ".join(found[1].split()) if found else ""


def _secure(operation: dict[str, Any], route: Described) -> None:
    """Say who may ask; the `Authorization` header is the scheme's business (OpenAPI 3.1, Parameter Object)."""
    guards = guards_of(route)
    operation.setdefault("security", [{one.scheme: []} for one in guards])
    roles = sorted({role for one in guards for role in one.roles})
    if roles:
        operation["description"] += f"\n\nRoles: {', '.join(roles)}."
        operation["x-roles"] = roles
    kept = [one for one in operation.get("parameters", ()) if one["name"].lower() != "authorization"]
    if kept:
        operation["parameters"] = kept
    else:
        operation.pop("parameters", None)


def _exemplify(place: dict[str, Any], schemas: dict[str, Any], name: str = "", whole: object = None) -> None:
    """Add an example where a schema says something and none is given: the whole one of a table, or one made member by member."""
    if "example" in place or "examples" in place or not place.get("schema"):
        return
    if whole is not None:
        place["example"] = whole
        return
    try:
        place["example"] = sample(place["schema"], schemas, name)
    except NoSample:
        return


def _add_problems(operation: dict[str, Any], codes: frozenset[str], base_url: str) -> None:
    by_status: dict[int, list[Problem]] = defaultdict(list)
    for code in sorted(codes):
        by_status[PROBLEMS[code].status].append(PROBLEMS[code])
    for status, problems in sorted(by_status.items()):
        operation["responses"][str(status)] = {
            "description": " · ".join(one.en for one in problems),
            "content": {PROBLEM_JSON: _problem_content(problems, base_url)},
        }


def _problem_content(problems: list[Problem], base_url: str) -> dict[str, Any]:
    types = {"properties": {"type": {"enum": [f"{base_url}/problems/{one.code}" for one in problems]}}}
    return {
        "schema": {"allOf": [{"$ref": "#/components/schemas/ProblemBody"}, types]},
        "examples": {one.code: {"summary": one.en, "value": example_of(one, base_url)} for one in problems},
    }


def example_of(problem: Problem, base_url: str) -> dict[str, Any]:
    """The problem document as a French client gets it."""
    shown: dict[str, Any] = {
        "type": f"{base_url}/problems/{problem.code}",
        "title": problem.fr,
        "status": problem.status,
    }
    return shown if problem.error is None else {**shown, "error": problem.error}
