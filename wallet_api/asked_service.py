"""The service as a parameter of an endpoint."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from .wiring import Service


async def _service(request: Request) -> Service:
    # It waits for nothing, so it runs where it is asked: a plain function would be sent to another thread and back,
    # which costs as much processor time as a trivial endpoint.
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(_service)]
"""The service that answers this request."""
