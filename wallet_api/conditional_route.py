"""A route whose every reading bears an entity tag, and that answers a reader who holds the present content with 304.

The tag is the endpoint's own where it gives one (a document's is what `If-Match` wants), else that of the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.responses import StreamingResponse

from .entity_tags import PRIVATE, held, tag_of

_OF_CONTENT: Final = ("content-type", "content-length")


class ConditionalRoute(APIRoute):
    """For every route that is read (RFC 9110, section 13.1.2)."""

    @property
    def conditional(self) -> bool:
        """Whether it is read at all."""
        return "GET" in (self.methods or ())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint as the framework calls it."""
        inner = super().get_route_handler()
        if not self.conditional:
            return inner

        async def answer(request: Request) -> Response:
            return _unless_held(request, await inner(request))

        return answer


def _unless_held(request: Request, response: Response) -> Response:
    """The response with its tag; no cache that several people share keeps it, unless the endpoint says so."""
    if response.status_code != 200 or isinstance(response, StreamingResponse):
        return response
    tag = response.headers.setdefault("ETag", tag_of(bytes(response.body)))
    response.headers.setdefault("Cache-Control", PRIVATE)
    if not held(request, tag):
        return response
    kept = {name: value for name, value in response.headers.items() if name not in _OF_CONTENT}
    return Response(None, 304, kept)
