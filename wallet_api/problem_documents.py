"""Problem documents (RFC 9457): every 4xx and 5xx is rendered here, once, from the closed catalogue.

- Nothing of the request is repeated: no value, no path, no unknown member name. The framework's own 422 would return
  the submitted value, and with it a NIR.
- `type` resolves to a page of this service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from starlette.exceptions import HTTPException

from .openapi.raises import REFUSED_CONTENT
from .problems import PROBLEMS, Problem, WalletError
from .storage_full import means_storage_full
from .telemetry import log, place_of

_PLACES: Final = frozenset({"body", "query", "path", "header"})
MEDIA_TYPE: Final = "application/problem+json"
_BY_STATUS: Final = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 400: "invalid-request"}
_STEP_UP: Final = 'Bearer error="insufficient_user_authentication", acr_values="eidas2 eidas3"'  # RFC 9470


def render(
    problem: Problem,
    request: Request,
    *,
    fields: list[str] | None = None,
    more: Mapping[str, object] | None = None,
) -> JSONResponse:
    """The problem document, in the language that the client prefers; French unless English is asked for first.

    `more` are members of our own making (RFC 9457, section 3.2).
    """
    english = request.headers.get("accept-language", "").strip().lower().startswith("en")
    content: dict[str, object] = {
        "type": f"{request.app.state.service.settings.base_url}/problems/{problem.code}",
        "title": problem.en if english else problem.fr,
        "status": problem.status,
    }
    if problem.error is not None:
        content["error"] = problem.error
    if fields:
        content["fields"] = fields
    content |= more or {}
    headers = {"Content-Language": "en" if english else "fr", "Cache-Control": "no-store"}
    if problem.status == 401:
        scheme = "DPoP" if problem.error else "Bearer"
        challenge = f'{scheme} error="{problem.error or "invalid_token"}"'
        headers["WWW-Authenticate"] = _STEP_UP if problem.code == "assurance-too-low" else challenge
    request.state.problem = problem.code
    return JSONResponse(content, problem.status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""

    @app.exception_handler(WalletError)
    def _refused(request: Request, error: WalletError) -> JSONResponse:
        if means_storage_full(error):
            return _full(request, error)
        answer = render(error.problem, request)
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(error.retry_after)
        return answer

    @app.exception_handler(HTTPException)
    def _framework(request: Request, error: HTTPException) -> JSONResponse:
        code = _BY_STATUS.get(error.status_code, "invalid-request" if error.status_code < 500 else "internal")
        answer = render(PROBLEMS[code], request)
        if error.status_code == 405 and error.headers:
            answer.headers["Allow"] = error.headers[
                "Allow"
            ]  # which verbs it takes (RFC 9110, section 15.5.6)
        return answer

    @app.exception_handler(RequestValidationError)
    def _content(request: Request, error: RequestValidationError) -> JSONResponse:
        code = REFUSED_CONTENT.get(request.url.path, "content-refused")
        return render(PROBLEMS[code], request, fields=_known_fields(error, _declared(request.app)))

    @app.exception_handler(NoConnectionFree)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(OperationalError)
    def _database(request: Request, error: Exception) -> JSONResponse:
        """The server is away or overloaded, a lock or a statement took too long, the disk is full."""
        if means_storage_full(error):
            return _full(request, error)
        log("database_unavailable", error=type(error).__name__, place=place_of(error))
        return render(PROBLEMS["database-unavailable"], request)

    @app.exception_handler(OSError)
    def _system(request: Request, error: OSError) -> JSONResponse:
        if means_storage_full(error):
            return _full(request, error)
        return _unforeseen(request, error)

    @app.exception_handler(Exception)
    def _unforeseen(request: Request, error: Exception) -> JSONResponse:
        log("unforeseen", error=type(error).__name__, place=place_of(error))
        return render(PROBLEMS["internal"], request)


def _full(request: Request, error: Exception) -> JSONResponse:
    log("storage_full", error=type(error).__name__, place=place_of(error))
    return render(PROBLEMS["storage-full"], request)


def _known_fields(error: RequestValidationError, declared: frozenset[str]) -> list[str]:
    """Places of the faults by declared name; what the client named, or the validation's own choices, is left out."""
    places = set()
    for fault in error.errors():
        if fault["type"] not in {"extra_forbidden", "json_invalid"}:
            places.add(".".join(str(part) for part in fault["loc"] if str(part) in declared))
    return sorted(places - {""})


def _declared(app: FastAPI) -> frozenset[str]:
    """Every name that the description of the interface declares; made once."""
    known: frozenset[str] | None = getattr(app.state, "declared_names", None)
    if known is None:
        known = app.state.declared_names = frozenset(names_in(app.openapi())) | _PLACES
    return known


def names_in(description: object) -> Iterator[str]:
    """The names of members and parameters in an OpenAPI document."""
    if isinstance(description, list):
        for one in description:
            yield from names_in(one)
    if isinstance(description, dict):
        members = description.get("properties")
        yield from members if isinstance(members, dict) else ()
        if "in" in description and isinstance(description.get("name"), str):
            yield description["name"]
        for one in description.values():
            yield from names_in(one)
