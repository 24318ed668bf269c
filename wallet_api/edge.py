"""The outer edge of every request: size bound, `Date` from our own clock, pace, one log line, metrics. Plain ASGI."""

from __future__ import annotations

import time
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .batches.read_file import MOST_BYTES
from .pace import MINUTE, address_of
from .problem_documents import render
from .problems import PROBLEMS
from .telemetry import log
from .wiring import Service

MAX_BODY_BYTES: Final = 262_144
_MORE_FOR: Final = {"/authority/licences/batches": MOST_BYTES}
"""Addresses that take a larger body: a file of acts."""
_TOO_LARGE: Final = b'{"type":"about:blank","title":"Requ\xc3\xaate trop volumineuse.","status":413}'
_UNCOUNTED: Final = ("/healthz", "/readyz", "/metrics")
_UNCOUNTED_BELOW: Final = ("/tuf/", "/s/")
"""Probes, and the lists that terminals must always get."""
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
)


class Edge:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`; clock and metrics are those of the service that it answers for."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service: Service = scope["app"].state.service
        started, status = time.perf_counter(), 500
        scope.setdefault("state", {})

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                kept = [one for one in message.get("headers", ()) if one[0].lower() != b"date"]
                message["headers"] = [*kept, (b"date", service.clock.http_date().encode()), *_HEADERS]
            await send(message)

        try:
            most = _MORE_FOR.get(scope["path"], MAX_BODY_BYTES)
            wait = _over_pace(service, scope)
            if wait is not None:
                await _tell_to_wait(scope, receive, send_on, wait)
            elif _declared_size(scope) > most:
                await _refuse(send_on)
            else:
                await self._app(scope, _bounded(receive, most), send_on)
        finally:
            _count(service, scope, status, time.perf_counter() - started)


def _count(service: Service, scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in {"GET", "POST", "HEAD"} else "other"
    service.telemetry.requests.labels(method, route, str(status)).inc()
    service.telemetry.seconds.labels(route).observe(seconds)
    service.tally.note(route, status, seconds * 1000, service.clock.now())
    log(
        "request",
        method=method,
        route=route,
        status=status,
        problem=scope["state"].get("problem"),
        milliseconds=round(seconds * 1000),
    )


def _over_pace(service: Service, scope: Scope) -> int | None:
    """Seconds to wait, for an address that asked too often."""
    if scope["path"] in _UNCOUNTED or scope["path"].startswith(_UNCOUNTED_BELOW):
        return None
    pace = service.settings.pace
    key = ("address", address_of(scope, pace.proxies))
    return service.buckets.take(key, pace.address, MINUTE, service.clock.now())


async def _tell_to_wait(scope: Scope, receive: Receive, send: Send, seconds: int) -> None:
    answer = render(PROBLEMS["too-many-requests"], Request(scope))
    answer.headers["Retry-After"] = str(seconds)
    await answer(scope, receive, send)


def _declared_size(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 12 else MOST_BYTES + 1
    return 0


def _bounded(receive: Receive, most: int) -> Receive:
    """A body sent in chunks stops counting as a body once it exceeds the bound: the client is cut off."""
    seen = 0

    async def receive_on() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= most else {"type": "http.disconnect"}

    return receive_on


async def _refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(_TOO_LARGE)).encode()),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _TOO_LARGE})
