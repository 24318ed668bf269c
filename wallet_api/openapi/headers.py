"""Headers of answers that a client acts upon: tags, waiting, who may ask, what was answered before."""

from __future__ import annotations

from typing import Any, Final

from wallet_api.conditional_route import ConditionalRoute
from wallet_api.entity_tags import NOT_MODIFIED

from .raises import Described

_IF_NONE_MATCH: Final[dict[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "Tags of earlier readings; 304 without content as long as one of them holds.",
    "schema": {"type": "string"},
}
_TAG: Final[dict[str, Any]] = {
    "description": "Names this content; the same as long as the content is.",
    "schema": {"type": "string"},
    "example": '"5f5f5f5f"',
}
_OF_STATUS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "401": {
        "WWW-Authenticate": {
            "description": "How to ask, and at which level (RFC 9110, section 11.6.1; RFC 9449; RFC 9470).",
            "schema": {"type": "string"},
            "example": 'Bearer error="invalid_token"',
        }
    },
    "429": {
        "Retry-After": {
            "description": "Seconds to wait, where waiting helps.",
            "schema": {"type": "integer", "minimum": 0},
            "example": 60,
        }
    },
}
_REPLAYED: Final[dict[str, Any]] = {
    "description": "`true`: this key was answered before, this is that answer, nothing was done now.",
    "schema": {"type": "string", "enum": ["true"]},
    "example": "true",
}


def tell_of_tags(operation: dict[str, Any], route: Described) -> None:
    """Every operation that may answer 304 bears a tag, and takes one (`entity_tags.py`)."""
    if isinstance(route.original_route, ConditionalRoute) and route.original_route.conditional:
        operation["responses"] |= {str(status): dict(one) for status, one in NOT_MODIFIED.items()}
    if "304" not in operation["responses"]:
        return
    operation.setdefault("parameters", []).append(dict(_IF_NONE_MATCH))
    for status in ("200", "304"):
        operation["responses"][status].setdefault("headers", {})["ETag"] = _TAG


def tell_of_headers(operation: dict[str, Any]) -> None:
    """What problems bring along, and what says that an answer is an earlier one."""
    once = any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
    for status, answer in operation["responses"].items():
        answer.setdefault("headers", {}).update(_OF_STATUS.get(status, {}))
        if once and status[0] == "2":
            answer["headers"]["Idempotent-Replayed"] = _REPLAYED
        if not answer["headers"]:
            del answer["headers"]
