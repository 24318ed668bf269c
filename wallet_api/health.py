"""Whether the process lives, whether it can do its work, and what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from credentials.spec import Domain, Role
from keys.errors import SigningKeyError

from .asked_service import ServiceOf
from .problems import WalletError
from .publication.store import last_in_force
from .steward import LoopState, Steward
from .wiring import Service

router = APIRouter(tags=["Exploitation"])


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class Ready(BaseModel):
    """The parts on which issuing and publishing rest."""

    database: bool
    keys: bool
    lists: bool
    lists_age: int | None = None
    """Seconds since the published lists were signed; null when nothing was published or nobody knows."""
    loop: LoopState = "off"
    """The background loop of this process: whether it does the chores, or another process does."""
    loop_error: str | None = None
    """The chore that failed last and has not succeeded since, with the kind of error."""

    @property
    def all(self) -> bool:
        """Whether the service should be sent requests."""
        return self.database and self.keys and self.lists


@router.get("/healthz", operation_id="readHealth")
def read_health() -> Alive:
    """The process lives; nothing else is looked at."""
    return Alive()


@router.get("/readyz", operation_id="readReadiness")
def read_readiness(service: ServiceOf, request: Request) -> Ready:
    """Database migrated, signing keys active, lists published and young enough; and how the background loop fares."""
    ready = readiness(service)
    steward: Steward | None = getattr(request.app.state, "steward", None)
    if steward is not None:
        ready.loop, ready.loop_error = steward.state, steward.last_error
    if not ready.all:
        raise WalletError("not-ready")
    return ready


@router.get("/metrics", operation_id="readMetrics", response_class=Response)
def read_metrics(service: ServiceOf) -> Response:
    """Prometheus text: counts and times, never a person."""
    service.telemetry.lists_age.set(_age(service))
    return Response(service.telemetry.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


def readiness(service: Service) -> Ready:
    """Look at each part; an error of one is a no, never an exception."""
    now = service.clock.now()
    try:
        database = service.database.migrated()
        with service.database.read() as connection:
            published = last_in_force(connection)
    except SQLAlchemyError:
        return Ready(database=False, keys=False, lists=False)
    age = None if published is None else now - published.started_at
    lists = age is not None and age <= service.settings.lists_max_age
    return Ready(database=database, keys=_keys_active(service, now), lists=lists, lists_age=age)


def _age(service: Service) -> int:
    try:
        with service.database.read() as connection:
            published = last_in_force(connection)
    except SQLAlchemyError:
        return -1
    return -1 if published is None else service.clock.now() - published.started_at


def _keys_active(service: Service, now: int) -> bool:
    try:
        for domain in Domain:
            service.keys.signer(domain, Role.CREDENTIAL, now)
    except SigningKeyError:
        return False
    return True
