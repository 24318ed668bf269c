"""A route whose every answer is for its caller alone: no cache on the way keeps it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response

from .strict_route import StrictRoute


class PrivateRoute(StrictRoute):
    """Adds `Cache-Control: no-store` to the good answers; problem documents carry it already."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint as the framework calls it."""
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            response = await inner(request)
            response.headers["Cache-Control"] = "no-store"
            return response

        return answer
