"""Reading the journal: the auditor's pages of rows, and everybody's pages of signed checkpoints.

A reading of rows is an act itself: each page leaves a row in the service's own journal. Checkpoints are public, so that
anybody can keep them; they say how many acts there were, and nothing of whom.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from credentials.jws import b64url_encode
from wallet_api import entity_tags
from wallet_api.access import Actor, requires
from wallet_api.asked_service import ServiceOf
from wallet_api.clock import rfc3339
from wallet_api.conditional_route import ConditionalRoute
from wallet_api.roles import SERVICE, AccessRole

from . import store
from .journal import append
from .row import Row
from .store import StoredCheckpoint

router = APIRouter(tags=["Journal"], route_class=ConditionalRoute)
Journal = Literal["licence", "health", "service"]
After = Annotated[int, Query(ge=0, le=2**53, description="Number after which the page begins.")]
Limit = Annotated[int, Query(ge=1, le=1000)]


class AuditRow(BaseModel):
    """One act. `digest` covers the other members in their canonical spelling (FORMAT.md, section 8)."""

    authority: str
    sequence: int
    recorded_at: str
    actor_id: str
    act: str
    subject_id: str
    detail: dict[str, str | int | bool | None]
    previous: str
    digest: str


class AuditPage(BaseModel):
    """Rows in order; `next` is the `after` of the following page, null at the end."""

    rows: list[AuditRow]
    next: int | None


class Checkpoint(BaseModel):
    """What a signed checkpoint attests, and the signed message itself (COSE_Sign1, base64url)."""

    authority: str
    edition: int
    sequence: int
    digest: str
    signed_at: str
    message: str


class CheckpointPage(BaseModel):
    """Checkpoints in the order of their editions; `next` is the `after` of the following page, null at the end."""

    checkpoints: list[Checkpoint]
    next: int | None


@router.get("/authority/audit", operation_id="readAuditJournal")
def read_audit_journal(
    service: ServiceOf,
    actor: Annotated[Actor, Depends(requires(AccessRole.AUDITOR))],
    authority: Journal,
    after: After = 0,
    limit: Limit = 200,
) -> AuditPage:
    """A page of a journal."""
    with service.database.write() as connection:
        found = list(store.rows(connection, authority, after=after, limit=limit + 1))
        shown = found[:limit]
        append(
            connection,
            SERVICE,
            now=service.clock.now(),
            actor_id=actor.actor_id,
            act="audit_read",
            subject_id=authority,
            detail={"after": after, "rows": len(shown)},
        )
    following = shown[-1].sequence if len(found) > limit else None
    return AuditPage(rows=[_spelt_row(one) for one in shown], next=following)


@router.get(
    "/audit/checkpoints",
    operation_id="readAuditCheckpoints",
    response_model=CheckpointPage,
    responses=entity_tags.NOT_MODIFIED,
)
def read_audit_checkpoints(
    service: ServiceOf, request: Request, authority: Journal, after: After = 0, limit: Limit = 200
) -> Response:
    """Signed checkpoints of a journal, those of editions above `after`: keep them, and compare later."""
    with service.database.read() as connection:
        found = store.checkpoints(connection, authority, after=after, limit=limit + 1)
    shown = found[:limit]
    following = shown[-1].edition if len(found) > limit else None
    page = CheckpointPage(checkpoints=[spelt(one) for one in shown], next=following)
    return entity_tags.answer_model(request, page, cache=entity_tags.SHARED)


def spelt(one: StoredCheckpoint) -> Checkpoint:
    """A checkpoint as JSON spells it."""
    return Checkpoint(
        authority=one.authority_id,
        edition=one.edition,
        sequence=one.sequence,
        digest=one.digest,
        signed_at=rfc3339(one.signed_at),
        message=b64url_encode(one.message),
    )


def _spelt_row(row: Row) -> AuditRow:
    return AuditRow(
        authority=row.authority_id,
        sequence=row.sequence,
        recorded_at=rfc3339(row.recorded_at),
        actor_id=row.actor_id,
        act=row.act,
        subject_id=row.subject_id,
        detail=json.loads(row.detail),
        previous=row.previous,
        digest=row.digest,
    )
