"""Open data: the tables as CSV, and what they mean, in French and in English. Free to read, kept by caches for an hour."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from wallet_api import entity_tags
from wallet_api.asked_service import ServiceOf
from wallet_api.conditional_route import ConditionalRoute
from wallet_api.wiring import Service

from .describe import LICENCE_URL, Catalogue, describe
from .tables_of_month import Name, table_of_month

router = APIRouter(tags=["Données ouvertes"], route_class=ConditionalRoute)
_CACHE: Final = "public, max-age=3600"
_CSV: Final = "text/csv; charset=utf-8; header=present"
_WITHDRAWALS: Final = (
    "month,offence_kind,offence_kind_fr,offence_kind_en,count,status\r\n"
    "2026-10,phone,Téléphone tenu en main,Phone held in the hand,40,published\r\n"
)
_DOCUMENTS: Final = (
    "kind,kind_fr,kind_en,state,state_fr,state_en,count,status\r\n"
    "driving_licence,Permis de conduire,Driving licence,in_force,En vigueur,In force,4810,published\r\n"
)


def _table_like(lines: str) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": lines}}},
        **entity_tags.NOT_MODIFIED,
    }


@router.get("/open-data", operation_id="describeOpenData")
def read_description(service: ServiceOf, response: Response) -> Catalogue:
    """What is published, as of when, under which licence, and what is withheld."""
    response.headers["Cache-Control"] = _CACHE
    return describe(service)


@router.get(
    "/open-data/withdrawals.csv",
    operation_id="readWithdrawals",
    response_class=Response,
    responses=_table_like(_WITHDRAWALS),
)
def read_withdrawals(service: ServiceOf, request: Request) -> Response:
    """Withdrawals of points by month and kind of offence, of the last 24 months that are over."""
    return _table(service, request, "withdrawals")


@router.get(
    "/open-data/documents.csv",
    operation_id="readDocuments",
    response_class=Response,
    responses=_table_like(_DOCUMENTS),
)
def read_documents(service: ServiceOf, request: Request) -> Response:
    """Documents by kind and state, as of the first day of the month."""
    return _table(service, request, "documents")


def _table(service: Service, request: Request, name: Name) -> Response:
    content = table_of_month(service, name).content
    more = {
        "Link": f'<{service.settings.base_url}/open-data>; rel="describedby"; type="application/json", '
        f'<{LICENCE_URL}>; rel="license"',
    }
    return entity_tags.answer(request, content, _CSV, cache=_CACHE, more=more)
