"""`create_app(settings)`: the wired parts behind their routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from . import health, problem_documents
from .activations import routes as activations
from .audit import routes as audit
from .authority import cancellation_routes, document_routes, measure_routes, right_routes
from .batches import routes as batches
from .citizens import device_routes, notice_routes
from .citizens import routes as citizens
from .edge import Edge
from .held import routes as held
from .identity import development_routes
from .identity.choose import require_trust
from .mandates import routes as mandates
from .open_data import routes as open_data
from .openapi import routes as openapi
from .openapi.document import make_document
from .openid4vci import credential, metadata, nonce, token
from .pages import routes as pages
from .points import routes as points
from .printing import routes as printing
from .proposals import routes as proposals
from .publication import routes as publication
from .quality import opinion_routes
from .quality import routes as quality
from .quality.keep import Keeper
from .settings import Settings
from .steward import Steward
from .wallets import routes as wallets
from .wiring import Service, wire

_ROUTERS = (
    metadata.router,
    token.router,
    nonce.router,
    credential.router,
    wallets.router,
    batches.router,
    points.licences,
    points.offences,
    measure_routes.licences,
    measure_routes.cards,
    right_routes.licences,
    cancellation_routes.licences,
    cancellation_routes.cards,
    printing.licences,
    printing.mine,
    activations.licences,
    activations.cards,
    activations.router,
    document_routes.licences,
    document_routes.cards,
    proposals.router,
    citizens.router,
    device_routes.router,
    notice_routes.router,
    held.router,
    mandates.mine,
    mandates.aidants,
    publication.router,
    audit.router,
    quality.router,
    opinion_routes.router,
    open_data.router,
    health.router,
    pages.router,
    openapi.router,
)


@asynccontextmanager
async def _with_steward(app: FastAPI) -> AsyncIterator[None]:
    """The background loop lives as long as the server; a test that opens no server has none."""
    steward = app.state.steward = Steward(app.state.service)
    keeper = Keeper(app.state.service)
    steward.start()
    keeper.start()
    try:
        yield
    finally:
        await run_in_threadpool(keeper.stop)
        await run_in_threadpool(steward.stop)


class _Application(FastAPI):
    """FastAPI with our own description of the interface."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made once for the routes and the address that there are."""
        if self.openapi_schema is None:
            self.openapi_schema = make_document(
                self.routes,
                title=self.title,
                version=self.version,
                base_url=self.state.service.settings.base_url,
            )
        return self.openapi_schema


def create_app(settings: Settings, service: Service | None = None) -> FastAPI:
    """The application. Makes no table and no key: `wallet-api init` does.

    Raises `SettingsRefused` when nobody could sign in.
    """
    service = service or wire(settings)
    require_trust(settings, service.trust)
    app = _Application(
        title="Laissez-passer",
        version="0.1.0",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_with_steward,
    )
    app.state.service = service
    problem_documents.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    if service.development is not None:
        app.include_router(development_routes.router)
    app.add_middleware(Edge)
    return app
