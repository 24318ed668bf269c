"""What the parts of the service are handed: one frozen value, made by `create_app`, never a global."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from keys.folder import KeyFolder

from .clock import Clock
from .database import Database
from .registries.adapters import LicenceRegistry, RightsRegistry
from .settings import Settings
from .telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Service:
    """The wired parts. Nothing here changes while the service runs."""

    settings: Settings
    clock: Clock
    database: Database
    keys: KeyFolder
    licences: LicenceRegistry
    rights: RightsRegistry
    telemetry: Telemetry


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceOf = Annotated[Service, Depends(_service)]
"""The service that answers this request, as a parameter of an endpoint."""
