"""Whether the process lives, whether it can do its work, and what it counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from credentials.spec import Domain, Role
from credentials.trust_list import SignerState
from keys.errors import SigningKeyError
from keys.record import KeyKind

from .asked_service import ServiceOf
from .authority import store as measure_store
from .lease import LeaseRow, find_lease
from .points import store as ledger_store
from .problem_documents import render
from .problems import PROBLEMS
from .proposals.propose import ProposalKind
from .proposals.store import count_waiting
from .publication.outlook import PublicationNote, outlook, waits_until
from .publication.run import LEASE as PUBLICATION
from .publication.store import last_in_force
from .steward import LEASE as STEWARD
from .steward import LoopState, Steward
from .wiring import Service

router = APIRouter(tags=["Exploitation"])
LeaseState = Literal["here", "elsewhere", "free"]
_LEASES: Final = (PUBLICATION, STEWARD)


class Alive(BaseModel):
    """The process answers."""

    status: str = "ok"


class SignerWindow(BaseModel):
    """A signer in use, and the seconds until its window ends (below zero: it ended)."""

    domain: Domain
    role: Role
    ends_in: int


class Ready(BaseModel):
    """The parts on which issuing and publishing rest."""

    database: bool
    """The database answers."""
    migrated: bool
    """Its tables are those of this release."""
    keys: bool
    lists: bool
    lists_age: int | None = None
    """Seconds since the published lists were signed; null when nothing was published or nobody knows."""
    publication_age: int | None = None
    """Seconds since a publication ended well."""
    leases: dict[str, LeaseState] = Field(default_factory=dict)
    """Who does what one process at a time does, by lease."""
    signers: list[SignerWindow] = Field(default_factory=list)
    """The signers in use; `wallet-keys upkeep` or a publication changes them in time."""
    loop: LoopState = "off"
    """The background loop of this process: whether it does the chores, or another process does."""
    loop_error: str | None = None
    """The chore that failed last and has not succeeded since, with the kind of error."""
    publication_waits_until: datetime | None = None
    """The date of an edition that a clock ahead has published: nothing can follow it before; null when nothing waits."""
    publication_note: PublicationNote | None = None
    """What holds publication up or was left out of it, and what to do; null when all is well."""

    @property
    def all(self) -> bool:
        """Whether the service should be sent requests."""
        return self.database and self.migrated and self.keys and self.lists


@router.get("/healthz", operation_id="readHealth")
def read_health() -> Alive:
    """The process lives; nothing else is looked at."""
    return Alive()


@router.get("/readyz", operation_id="readReadiness", response_model=Ready)
def read_readiness(service: ServiceOf, request: Request) -> Ready | JSONResponse:
    """Database reachable and migrated, signing keys active, lists young enough; leases, signers and the background loop.

    Otherwise 503, and the problem document says the same of each part.
    """
    ready = readiness(service)
    steward: Steward | None = getattr(request.app.state, "steward", None)
    if steward is not None:
        ready.loop, ready.loop_error = steward.state, steward.last_error
    if not ready.all:
        return render(PROBLEMS["not-ready"], request, more=ready.model_dump(mode="json"))
    return ready


@router.get("/metrics", operation_id="readMetrics", response_class=Response)
def read_metrics(service: ServiceOf) -> Response:
    """Prometheus text: counts and times, never a person."""
    _measure(service)
    return Response(service.telemetry.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8")


def readiness(service: Service) -> Ready:
    """Look at each part; an error of one is a no, never an exception."""
    now, holder = service.clock.now(), service.holder
    ready = Ready(database=False, migrated=False, keys=_keys_active(service, now), lists=False)
    ready.signers = _windows(service, now)
    ready.publication_note = outlook(service.telemetry)
    try:
        ready.migrated = service.database.migrated()
        ready.database = True
        with service.database.read() as connection:
            published = last_in_force(connection)
            ready.leases = {name: _state(find_lease(connection, name), holder) for name in _LEASES}
    except SQLAlchemyError:
        return ready
    if published is not None:
        service.telemetry.published(published.started_at)
    until = waits_until(published, now)
    ready.publication_waits_until = None if until is None else datetime.fromtimestamp(until, UTC)
    ready.publication_note = outlook(service.telemetry, until)
    if published is not None:
        ready.lists_age, ready.publication_age = now - published.started_at, now - published.finished_at
        ready.lists = ready.lists_age <= service.settings.lists_max_age
    return ready


def _state(lease: LeaseRow | None, holder: str) -> LeaseState:
    if lease is None or not lease.held:
        return "free"
    return "here" if lease.holder == holder else "elsewhere"


def _windows(service: Service, now: int) -> list[SignerWindow]:
    try:
        active = [
            one
            for one in service.keys.records()
            if one.kind is KeyKind.SIGNER and one.state is SignerState.ACTIVE and one.domain is not None
        ]
    except SigningKeyError:
        return []
    return [
        SignerWindow(domain=one.domain, role=one.role, ends_in=one.not_after - now)
        for one in sorted(active, key=lambda one: (one.domain or "", one.purpose))
        if one.domain is not None
    ]


def _measure(service: Service) -> None:
    """Set the gauges that are read from the database. One that nobody knows is -1, or is not there."""
    now, told = service.clock.now(), service.telemetry
    for gauge in (told.published_at, told.lists_age, told.publication_age):
        gauge.set(-1)
    told.proposals_waiting.clear()
    told.acts_cancellable.clear()
    try:
        with service.database.read() as connection:
            published = last_in_force(connection)
            waiting = dict.fromkeys(ProposalKind, 0) | count_waiting(connection, now)
            measures, entries = (
                measure_store.count_cancellable(connection, now),
                ledger_store.count_cancellable(connection, now),
            )
    except SQLAlchemyError:
        return
    if published is not None:
        told.published(published.started_at)
        told.published_at.set(published.started_at)
        told.lists_age.set(now - published.started_at)
        told.publication_age.set(now - published.finished_at)
    for kind, count in waiting.items():
        told.proposals_waiting.labels(kind).set(count)
    told.acts_cancellable.labels("right_or_title").set(measures)
    told.acts_cancellable.labels("points").set(entries)


def _keys_active(service: Service, now: int) -> bool:
    try:
        for domain in Domain:
            service.keys.signer(domain, Role.CREDENTIAL, now)
    except SigningKeyError:
        return False
    return True
