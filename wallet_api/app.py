"""`create_app(settings)`: the only place where the parts are wired together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI

from keys import KeyFolder, find_passphrase

from . import health, problems
from .authority import routes as authority
from .clock import Clock, system_clock
from .database import Database
from .edge import Edge
from .openid4vci import credential, metadata, nonce, token
from .pages import routes as pages
from .publication import routes as publication
from .registries.adapters import LicenceRegistry, RightsRegistry
from .registries.fictitious import EmptyRegistry, FictitiousLicences, FictitiousRights
from .settings import Settings
from .telemetry import Telemetry
from .wallets import routes as wallets
from .wiring import Service

_ROUTERS = (
    metadata.router,
    token.router,
    nonce.router,
    credential.router,
    wallets.router,
    authority.licences,
    authority.cards,
    publication.router,
    health.router,
    pages.router,
)


def wire(
    settings: Settings,
    *,
    clock: Clock | None = None,
    licences: LicenceRegistry | None = None,
    rights: RightsRegistry | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Service:
    """The parts for these settings. Clock and registries can be given; the settings choose otherwise.

    Raises `SettingsRefused` or `KeyFileRefused` when something needed is missing.
    """
    passphrase = find_passphrase(settings.keys_folder, environment)
    return Service(
        settings=settings,
        clock=clock or system_clock(settings.test_now),
        database=Database(settings.database_address),
        keys=KeyFolder.open(settings.keys_folder, passphrase),
        licences=licences
        or (FictitiousLicences(portraits_folder(settings)) if settings.demo else EmptyRegistry()),
        rights=rights or (FictitiousRights() if settings.demo else EmptyRegistry()),
        telemetry=Telemetry(),
    )


def portraits_folder(settings: Settings) -> Path:
    """Where a demonstration home keeps its drawn portraits."""
    return settings.home / "registries" / "portraits"


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """The application. Makes no table and no key: `wallet-api init` does."""
    app = FastAPI(
        title="Laissez-passer",
        summary="Démonstrateur, service non officiel, données fictives.",
        version="0.1.0",
        openapi_url="/docs.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses={
            "4XX": {"model": problems.ProblemBody, "description": "Problem document (RFC 9457)"},
            "5XX": {"model": problems.ProblemBody, "description": "Problem document (RFC 9457)"},
        },
    )
    app.state.service = service or wire(settings)
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.add_middleware(Edge, clock=app.state.service.clock, telemetry=app.state.service.telemetry)
    return app
