"""A route that reads the body of a request as JSON with one meaning: what two readers could read differently is refused.

A member twice, a byte order mark, UTF-16, a lone surrogate, NaN, a number of five thousand digits: 422, as for any text
that is not JSON (threats.md, T24).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from credentials import strict_json
from credentials.errors import CredentialFormatError

from .edge import MAX_BODY_BYTES

_MOST_MEMBERS: Final = 2_000
"""The most that any of our bodies needs is one batch of keys, or the counts of a terminal's days."""


class StrictRoute(APIRoute):
    """For every route that takes JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint as the framework calls it."""
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            return await inner(_StrictRequest(request.scope, request.receive))

        return answer


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body. Raises `json.JSONDecodeError`, which the framework takes for a fault of the sender."""
        try:
            return strict_json.decode(await self.body(), max_bytes=MAX_BODY_BYTES, max_members=_MOST_MEMBERS)
        except CredentialFormatError as refused:
            raise json.JSONDecodeError(str(refused), "", 0) from None
