"""The service as a parameter of an endpoint."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from .wiring import Service


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(_service)]
"""The service that answers this request."""
