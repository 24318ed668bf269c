"""Which problems an operation may answer, and who may ask it: what a route says, and what follows from its parts.

A route names the problems of its own rule; the rest follows::

    @router.post("/{licence_id}/revocations", openapi_extra=raises("already-revoked"), ...)

- Who must be known (`guard`) brings 401 and 403, an `Idempotency-Key` brings its two, an `If-Match` the act's own, a
  `decision_reference` may be
  recorded already, a body brings 400 and 413, declared values bring 422, an address with an id may lead nowhere, and
  anything may be asked too often (429) or fail (500).
- The tests compare: an operation that answers a problem which is not in this set fails them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from fastapi.dependencies.models import Dependant
from starlette.routing import BaseRoute

from wallet_api.problems import PROBLEMS

from .raised import RAISED

EXTENSION: Final = "x-problems"
ALWAYS: Final = frozenset({"internal", "database-unavailable", "storage-full", "too-many-requests"})
REFUSED_CONTENT: Final = {"/token": "invalid-request", "/credential": "credential-request-refused"}
"""Protocol endpoints answer 400 with their own code where others answer 422."""
_GUARD: Final = "laissez_passer_guard"
Dependency = TypeVar("Dependency", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may pass: a security scheme of the document, the roles that it lets through, the problems of the others."""

    scheme: str
    roles: tuple[str, ...]
    problems: tuple[str, ...]


class Described(Protocol):
    """The parts of a route that are read here."""

    operation_id: str | None
    unique_id: str
    openapi_extra: dict[str, Any] | None
    dependant: Dependant
    body_field: Any
    path: str
    original_route: BaseRoute


def raises(*codes: str) -> dict[str, Any]:
    """The problems of a route's own rule, for `openapi_extra`. Raises `KeyError` for one outside the catalogue."""
    return {EXTENSION: [PROBLEMS[code].code for code in codes]}


def guard(
    scheme: str, roles: Iterable[str] = (), *, problems: tuple[str, ...] = ("unauthenticated", "forbidden")
) -> Callable[[Dependency], Dependency]:
    """Mark a dependency as one that asks who calls."""

    def mark(dependency: Dependency) -> Dependency:
        setattr(dependency, _GUARD, Guard(scheme, tuple(str(role) for role in roles), problems))
        return dependency

    return mark


def guards_of(route: Described) -> list[Guard]:
    """Who may ask a route: its own guard, then those of what it depends on."""
    found = (getattr(one.call, _GUARD, None) for one in _tree(route.dependant))
    guards = [one for one in found if isinstance(one, Guard)]
    if not guards and "dpop" in _headers(route):
        bound = "authorization" in _headers(route)
        code = "dpop-refused-here" if bound else "dpop-refused"
        problems = (code, "token-refused", "dpop-refused") if bound else (code,)
        guards = [Guard("wallet" if bound else "wallet_key", (), problems)]
    return guards


def problems_of(route: Described) -> frozenset[str]:
    """Every problem that a route may answer."""
    codes = {
        *ALWAYS,
        *(route.openapi_extra or {}).get(EXTENSION, ()),
        *RAISED.get(route.operation_id or "", ()),
    }
    for one in guards_of(route):
        codes |= {*one.problems}
    if "idempotency-key" in _headers(route):
        codes |= {"idempotency-key-missing", "idempotency-key-reused"}
    if "if-match" in _headers(route):
        codes |= {"version-changed", "too-many-acts"}
    if route.body_field is not None:
        codes |= {"invalid-request", "too-large"}
        if "decision_reference" in _members(route.body_field):
            codes.add("decision-already-recorded")
    if any(one.path_params for one in _tree(route.dependant)):
        codes.add("not-found")
    if route.body_field is not None or any(
        one.path_params or one.query_params or one.header_params for one in _tree(route.dependant)
    ):
        codes.add(REFUSED_CONTENT.get(route.path, "content-refused"))
    return frozenset(codes)


def _headers(route: Described) -> set[str]:
    return {field.alias.lower() for one in _tree(route.dependant) for field in one.header_params}


def _members(body: Any) -> set[str]:
    return {*getattr(body.field_info.annotation, "model_fields", ())}


def _tree(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from _tree(one)
