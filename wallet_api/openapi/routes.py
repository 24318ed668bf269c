"""Where the description of the interface is read: JSON for programs, a page without scripts for people."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request, Response

from wallet_api import entity_tags

router = APIRouter(include_in_schema=False)


@router.get("/docs.json")
def read_description(request: Request) -> Response:
    """The OpenAPI document."""
    content = json.dumps(request.app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()
    return entity_tags.answer(request, content, "application/json")
