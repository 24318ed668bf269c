"""Static files of the published trees, Token Status Lists at their uris, and the operator's publish button.

The public tree is free. The police and health trees, which carry points, companions and reader keys, open to a mirror
secret that came with a terminal's enrolment (threats.md, T38); a lost terminal's secret opens nothing.
"""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from credentials.spec import Audience, Domain
from keys.errors import SigningKeyError
from wallet_api import entity_tags
from wallet_api.access import Actor, requires
from wallet_api.asked_service import ServiceOf
from wallet_api.openapi.raises import raises
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole
from wallet_api.strict_route import StrictRoute
from wallet_api.terminals.store import mirror_opens
from wallet_api.wiring import Service

from .run import publish_now
from .state import PublicationRefused, PublicationUnderWay

router = APIRouter(tags=["Publication"], route_class=StrictRoute)
_PATH: Final = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,99}/){0,5}[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_JWT, _CWT = "application/statuslist+jwt", "application/statuslist+cwt"
_BINARY: Final[dict[str, Any]] = {"schema": {"type": "string", "format": "binary"}, "example": ""}
_TEXT: Final[dict[str, Any]] = {
    "schema": {"type": "string"},
    "example": "eyJ0eXAiOiJzdGF0dXNsaXN0K2p3dCJ9.e30.c2ln",
}
_METADATA: Final[dict[str, Any]] = {
    "schema": {"type": "object"},
    "example": {"signed": {"_type": "timestamp"}},
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/json": _METADATA, "application/cbor": _BINARY}},
    **entity_tags.NOT_MODIFIED,
}
_LIST: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {_JWT: _TEXT, _CWT: _BINARY}},
    **entity_tags.NOT_MODIFIED,
}
_DOMAINS: Final = {"l": Domain.LICENCE, "h": Domain.HEALTH}
_OPERATORS: Final = requires(
    AccessRole.OPERATOR, AccessRole.CLERK, AccessRole.SUPERVISOR, AccessRole.HEALTH_AUTHORITY
)


class Published(BaseModel):
    """One publication."""

    edition: int
    lists: int
    files: int


@router.get(
    "/tuf/{area}/{path:path}",
    operation_id="readPublishedFile",
    openapi_extra=raises("unauthenticated") | {"security": [{}, {"terminal": []}]},
    response_class=Response,
    responses=_FILE,
)
def read_published_file(
    service: ServiceOf,
    request: Request,
    area: Literal["public", "police", "health"],
    path: Annotated[str, Path(max_length=400)],
) -> Response:
    """One file of a published tree, with an ETag."""
    if area != "public":
        _require_mirror(service, request, Audience(area))
    if not _PATH.fullmatch(path) or path.split("/")[0] not in {"metadata", "targets"}:
        raise WalletError("not-found")
    kind = "application/json" if path.endswith(".json") else "application/cbor"
    return _file(request, service.settings.published_folder / area / path, kind)


@router.get(
    "/s/{letter}/{number}",
    operation_id="readStatusList",
    openapi_extra=raises("not-acceptable"),
    response_class=Response,
    responses=_LIST,
)
def read_status_list(
    service: ServiceOf,
    request: Request,
    letter: Literal["l", "h"],
    number: Annotated[int, Path(ge=1, le=999_999)],
) -> Response:
    """A Token Status List, as JWT or CWT by the Accept header (section 8.1); JWT when either will do."""
    accepted = request.headers.get("accept", "*/*")
    if _JWT in accepted or "*/*" in accepted or "application/*" in accepted:
        kind = _JWT
    elif _CWT in accepted:
        kind = _CWT
    else:
        raise WalletError("not-acceptable")
    name = f"{number}.{'jwt' if kind == _JWT else 'cwt'}"
    answer = _file(request, service.settings.published_folder / "lists" / _DOMAINS[letter] / name, kind)
    answer.headers["Vary"] = "Accept"
    return answer


@router.post(
    "/authority/publications", operation_id="publish", openapi_extra=raises("not-ready"), status_code=201
)
def request_publication(service: ServiceOf, actor: Annotated[Actor, Depends(_OPERATORS)]) -> Published:  # noqa: ARG001
    """Publish what the database says now."""
    try:
        report = publish_now(service)
    except PublicationUnderWay as error:
        raise WalletError("publication-under-way") from error
    except (PublicationRefused, SigningKeyError) as error:
        raise WalletError("not-ready") from error
    return Published(edition=report.edition, lists=report.lists, files=report.files)


def _require_mirror(service: Service, request: Request, profile: Audience) -> None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    with service.database.read() as connection:
        if scheme.lower() != "bearer" or not secret or not mirror_opens(connection, secret, profile):
            raise WalletError("unauthenticated")


def _file(request: Request, path: FilePath, kind: str) -> Response:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise WalletError("not-found") from None
    return entity_tags.answer(request, content, kind)
