"""Open data: the tables as CSV, and what they mean, in French and in English. Free to read, kept by caches for an hour."""

from __future__ import annotations

import hashlib
from typing import Final

from fastapi import APIRouter, Request, Response

from wallet_api.asked_service import ServiceOf
from wallet_api.wiring import Service

from .describe import LICENCE_URL, Catalogue, describe
from .tables_of_month import Name, table_of_month

router = APIRouter(tags=["Open data"])
_CACHE: Final = "public, max-age=3600"
_CSV: Final = "text/csv; charset=utf-8; header=present"
_ANSWER: Final = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get("/open-data", operation_id="describeOpenData")
def read_description(service: ServiceOf, response: Response) -> Catalogue:
    """What is published, as of when, under which licence, and what is withheld."""
    response.headers["Cache-Control"] = _CACHE
    return describe(service)


@router.get(
    "/open-data/withdrawals.csv",
    operation_id="readWithdrawals",
    response_class=Response,
    responses=_ANSWER,  # type: ignore[arg-type]
)
def read_withdrawals(service: ServiceOf, request: Request) -> Response:
    """Withdrawals of points by month and kind of offence, of the last 24 months that are over."""
    return _table(service, request, "withdrawals")


@router.get(
    "/open-data/documents.csv",
    operation_id="readDocuments",
    response_class=Response,
    responses=_ANSWER,  # type: ignore[arg-type]
)
def read_documents(service: ServiceOf, request: Request) -> Response:
    """Documents by kind and state, as of the first day of the month."""
    return _table(service, request, "documents")


def _table(service: Service, request: Request, name: Name) -> Response:
    content = table_of_month(service, name).content
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": _CACHE,
        "Link": f'<{service.settings.base_url}/open-data>; rel="describedby"; type="application/json", '
        f'<{LICENCE_URL}>; rel="license"',
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return Response(content, 200, headers, _CSV)
