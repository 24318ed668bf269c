"""Entity tags (RFC 9110, section 8.8.3): a reader that holds the present content is told so, without the content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request, Response
from pydantic import BaseModel, TypeAdapter

SHARED: Final = "no-cache"
"""Caches may keep it, and ask each time whether it still holds."""
PRIVATE: Final = "private, no-cache"
"""As above, and no cache that several people share keeps it."""
NOT_MODIFIED: Final[dict[int | str, dict[str, Any]]] = {
    304: {"description": "The asker holds the present content."}
}
"""For the `responses` of a route that answers with a tag."""
_ANY: Final[TypeAdapter[object]] = TypeAdapter(object)
_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def tag_of(content: bytes) -> str:
    """The strong tag of these bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def held(request: Request, tag: str) -> bool:
    """Whether the asker holds what `tag` names (If-None-Match, weak comparison; RFC 9110, section 13.1.2)."""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(asked)


def answer(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    cache: str = SHARED,
    more: Mapping[str, str] | None = None,
) -> Response:
    """`content` with its tag, or 304 without it when the asker holds it. Both carry the same headers."""
    tag = tag_of(content)
    headers = {"ETag": tag, "Cache-Control": cache, **(more or {})}
    if held(request, tag):
        return Response(None, 304, headers)
    return Response(content, 200, headers, media_type)


def answer_model(
    request: Request, shown: BaseModel | Sequence[BaseModel], *, cache: str = PRIVATE
) -> Response:
    """A model, or several as a list, as JSON with its tag, or 304."""
    return answer(request, _ANY.dump_json(shown, by_alias=True), "application/json", cache=cache)
