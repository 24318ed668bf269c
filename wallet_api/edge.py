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
_UNCOUNTED: Final = ("/healthz", "/readyz", "/metrics")
_UNCOUNTED_BELOW: Final = ("/tuf/", "/s/")
"""Probes, and the lists that terminals must always get."""
_GONE: Final[Message] = {"type": "http.disconnect"}
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
        started, method = time.perf_counter(), scope["method"]
        scope.setdefault("state", {})
        if method == "HEAD":  # what answers GET answers HEAD, without the content (RFC 9110, section 9.3.2)
            scope["method"] = "GET"
        answer = _Answer(service, send, empty=method == "HEAD")
        try:
            await self._answer(service, scope, receive, answer)
        finally:
            scope["method"] = method
            _count(service, scope, answer.status, time.perf_counter() - started)

    async def _answer(self, service: Service, scope: Scope, receive: Receive, answer: _Answer) -> None:
        wait = _over_pace(service, scope)
        if wait is not None:
            await _refuse(scope, receive, answer.send, "too-many-requests", wait)
            return
        most = _MORE_FOR.get(scope["path"], MAX_BODY_BYTES)
        if _declared_size(scope) > most:
            await _refuse(scope, receive, answer.send, "too-large")
            return
        body = _Body(receive, most)

        async def send_unless_too_large(message: Message) -> None:
            if not body.too_large:
                await answer.send(message)

        await self._app(scope, body.receive, send_unless_too_large)
        if body.too_large and not answer.begun:
            await _refuse(scope, receive, answer.send, "too-large")


class _Answer:
    """What goes out: with our own headers, and without content where none is asked for."""

    def __init__(self, service: Service, send: Send, *, empty: bool) -> None:
        self.status, self.begun = 500, False
        self._service, self._send, self._empty = service, send, empty

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], True
            kept = [one for one in message.get("headers", ()) if one[0].lower() != b"date"]
            message["headers"] = [*kept, (b"date", self._service.clock.http_date().encode()), *_HEADERS]
        elif self._empty and message["type"] == "http.response.body":
            message["body"] = b""
        await self._send(message)


class _Body:
    """A body sent in chunks stops counting as a body once it exceeds the bound: no more of it is read."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left = receive, most
        self.too_large = False

    async def receive(self) -> Message:
        if self.too_large:
            return _GONE
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self.too_large = self._left < 0
        return _GONE if self._left < 0 else message


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


async def _refuse(scope: Scope, receive: Receive, send: Send, code: str, wait: int | None = None) -> None:
    answer = render(PROBLEMS[code], Request(scope))
    if wait is not None:
        answer.headers["Retry-After"] = str(wait)
    await answer(scope, receive, send)


def _declared_size(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 12 else MOST_BYTES + 1
    return 0
