"""A route that reads the body of a request as JSON with one meaning: what two readers could read differently is refused.

A member twice, a byte order mark, UTF-16, a lone surrogate, NaN, a number of five thousand digits: 422, as for any text
that is not JSON (threats.md, T24). Which values a text may hold is for the models to say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn

from fastapi import Request, Response

from .conditional_route import ConditionalRoute


class StrictRoute(ConditionalRoute):
    """For every route that takes JSON; what is read there has its tag."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint as the framework calls it."""
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            return await inner(_StrictRequest(request.scope, request.receive))

        return answer


class _StrictRequest(Request):
    async def json(self) -> Any:
        """The body. Raises `json.JSONDecodeError`, which the framework takes for a fault of the sender."""
        body = await self.body()
        try:
            value = _DECODER.decode(body.decode("utf-8"))
            if b"\\u" in body:  # an escape alone can spell half a character
                json.dumps(value, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError):
            raise json.JSONDecodeError("not JSON with one meaning", "", 0) from None
        return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        msg = "a member twice"
        raise ValueError(msg)
    return members


def _refuse(_: str) -> NoReturn:
    msg = "not a number"
    raise ValueError(msg)


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
