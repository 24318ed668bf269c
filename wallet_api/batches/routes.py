"""Submit a file of acts, rehearse it, and follow how far it is."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Body, Query, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import LicenceActor, ObjectId, perform_once
from wallet_api.authority.schemas import CancellationBody
from wallet_api.clock import rfc3339
from wallet_api.idempotency import IdempotencyKey
from wallet_api.identifiers import new_id
from wallet_api.paging import ROWS, Limit
from wallet_api.problems import PROBLEMS, WalletError
from wallet_api.proposals import store as proposals
from wallet_api.proposals.propose import ProposalAnswer, ProposalKind, proposal_answer, propose, state_of
from wallet_api.strict_route import StrictRoute

from . import store
from .as_decided import CANCELLED
from .columns import ACT_COLUMNS, ALWAYS, blamed, example_of
from .digests import LINES_DIGEST, digest_of_lines, with_digests
from .read_file import read_file
from .rehearse import rehearse
from .store import BatchRow
from .undo import cancellable

router = APIRouter(prefix="/authority/licences", tags=["Actes"], route_class=StrictRoute)
_MOST_SHOWN: Final = 500
_MOST_OPEN: Final = 20
"""Batches of one person that may wait for their approval at once: a flood of files would bury the others (threats.md, T45)."""
_PATH: Final = "/authority/licences/batches"
_TABLE: Final = "| act | needed | optional |\n|---|---|---|\n" + "\n".join(
    f"| {act} | {', '.join((*ALWAYS, *one.needed))} | {', '.join(one.optional)} |"
    for act, one in ACT_COLUMNS.items()
)
File = Annotated[
    bytes,
    Body(
        media_type="text/csv",
        description="A table of acts in CSV, at most 5,000 lines.\n\n" + _TABLE,
        examples=[example_of("withdrawal")],
    ),
]


class LineProblem(BaseModel):
    """A line that is refused: its number in the file, and why. Nothing of its content.

    `columns` are those that the problem is about, by the names of the declared ones; none where it is about the whole line.
    """

    line: int
    code: str
    fr: str
    en: str
    columns: list[str]


class Rehearsal(BaseModel):
    """What would become of a file; nothing was recorded."""

    lines: int
    refused: int
    problems: list[LineProblem]


BatchState = Literal["proposed", "refused", "expired", "running", "finished", "cancelling", "cancelled"]


class Progress(BaseModel):
    """How far a batch is. `percentage` is of its lines, whole numbers.

    `problems` are the first lines that were refused, or whose act could not be cancelled with the batch.
    """

    batch_id: str
    state: BatchState
    total: int
    done: int
    failed: int
    cancelled: int
    percentage: int
    created_at: str
    finished_at: str | None
    cancelled_at: str | None
    problems: list[LineProblem]


class BatchLine(BaseModel):
    """A line as it was submitted, by its number in the file, and what became of it. `act_id` names what it recorded."""

    line: int
    act: str
    licence_id: str
    members: dict[str, str | int | bool]
    outcome: Literal["done", "failed", "cancelled"] | None
    problem: str | None
    act_id: str | None


class BatchLines(BaseModel):
    """Lines in the order of the file; `next` is the `after` of the next page."""

    items: list[BatchLine]
    next: int | None


class BatchCancellation(BaseModel):
    """The batch is cancelled; its acts follow one by one, those that count first."""

    batch_id: str
    cancelled_at: str
    lines: int


class _Digest(BaseModel):
    """Stands for the file where two requests are compared."""

    sha256: str


@router.post(
    "/batches",
    operation_id="submitBatch",
    status_code=202,
    response_model=ProposalAnswer,
    responses={200: {"model": Rehearsal, "description": "The rehearsal of the file."}},
)
def submit_batch(
    service: ServiceOf,
    actor: LicenceActor,
    content: File,
    *,
    dry_run: Annotated[bool, Query(description="Try every line and record nothing.")] = False,
    key: IdempotencyKey = None,
) -> Response:
    """Propose many acts at once: every line must hold; a supervisor approves, then the lines are done one by one.

    The proposal tells how many acts of each kind there are and the SHA-256 of the file and of the lines as they are kept;
    `listBatchLines` shows each of them. A line that is changed in the database afterwards stops the batch: `batch-altered`.
    """
    lines = read_file(content)
    tried = rehearse(service, actor, lines)
    refused = [(one.number, one.problem, one.columns) for one in tried if one.problem is not None]
    if dry_run:
        answer = Rehearsal(lines=len(lines), refused=len(refused), problems=_problems(refused[:_MOST_SHOWN]))
        return JSONResponse(answer.model_dump())

    def act(connection: Connection, now: int) -> ProposalAnswer:
        if refused:
            raise WalletError("batch-refused")
        own = (actor.authority_id, actor.actor_id, ProposalKind.BATCH.value)
        if proposals.count_open_by(connection, *own, now) >= _MOST_OPEN:
            raise WalletError("too-many-proposals")
        batch_id = new_id(now)
        kept = with_digests((actor.authority_id, batch_id), lines)
        store.add(connection, actor, batch_id, kept, now)
        acts = Counter(one.act for one in lines)
        told: dict[str, str | int] = {"lines": len(lines), "sha256": digest.sha256, **acts}
        told[LINES_DIGEST] = digest_of_lines(one.digest for one in kept)
        return proposal_answer(propose(connection, actor, ProposalKind.BATCH, batch_id, told, now), now)

    digest = _Digest(sha256=hashlib.sha256(content).hexdigest())
    return perform_once(service, actor, key, _PATH, digest, act, status=202, counted=False)


@router.get("/batches/{batch_id}", operation_id="readBatch")
def read_batch(service: ServiceOf, actor: LicenceActor, batch_id: ObjectId) -> Progress:
    """How far a batch is, and the lines that were refused."""
    with service.database.read() as connection:
        batch = store.find(connection, actor.authority_id, batch_id)
        if batch is None:
            raise WalletError("not-found")
        counts = store.outcomes(connection, actor.authority_id, batch_id)
        left = counts.get(None, 0) if batch.cancelled_at is None else store.count_to_undo(connection, batch)
        failures = store.failures(connection, actor.authority_id, batch_id, _MOST_SHOWN)
        state = _state(connection, batch, service.clock.now())
    return Progress(
        batch_id=batch_id,
        state=state,
        total=batch.total,
        done=counts.get("done", 0),
        failed=counts.get("failed", 0),
        cancelled=counts.get("cancelled", 0),
        percentage=100 * (batch.total - left) // batch.total,
        created_at=rfc3339(batch.created_at),
        finished_at=None if batch.finished_at is None else rfc3339(batch.finished_at),
        cancelled_at=None if batch.cancelled_at is None else rfc3339(batch.cancelled_at),
        problems=_problems((line, code, blamed(code, act)) for line, code, act in failures),
    )


@router.get("/batches/{batch_id}/lines", operation_id="listBatchLines")
def list_batch_lines(
    service: ServiceOf,
    actor: LicenceActor,
    batch_id: ObjectId,
    after: Annotated[
        int, Query(ge=0, le=1_000_000, description="The `next` of the page before this one.")
    ] = 0,
    limit: Limit = ROWS,
) -> BatchLines:
    """What a batch asks for, line by line: for the second person before the approval, and afterwards."""
    with service.database.read() as connection:
        if store.find(connection, actor.authority_id, batch_id) is None:
            raise WalletError("not-found")
        rows = store.page_of_lines(connection, actor.authority_id, batch_id, after, limit + 1)
    shown = [BatchLine(**{**row, "members": json.loads(row["members"])}) for row in rows[:limit]]
    return BatchLines(items=shown, next=shown[-1].line if len(rows) > limit else None)


@router.post(
    "/batches/{batch_id}/cancellation",
    operation_id="cancelBatch",
    status_code=202,
    response_model=BatchCancellation,
)
def cancel_batch(
    service: ServiceOf,
    actor: LicenceActor,
    batch_id: ObjectId,
    key: IdempotencyKey = None,
    body: Annotated[CancellationBody | None, Body()] = None,  # noqa: ARG001 - declared so that anything else is refused
) -> Response:
    """Cancel an approved batch: no other line is done, and every act that can still be cancelled is; follow it by `readBatch`.

    Anybody of the authority may. An act that counts already stays, and its line says so. A batch that still waits for its
    approval is refused by `refuseProposal` instead.
    """

    def act(connection: Connection, now: int) -> BatchCancellation:
        batch = store.lock(connection, actor.authority_id, batch_id)
        if batch is None or batch.approved_at is None:
            raise WalletError("not-found")
        if batch.cancelled_at is not None:
            raise WalletError("already-cancelled")
        if not cancellable(batch, service):
            raise WalletError("too-late-to-cancel")
        store.cancel(connection, batch, actor.actor_id, now)
        audit.append(
            connection,
            actor.authority_id,
            now=now,
            actor_id=actor.actor_id,
            act=CANCELLED,
            subject_id=batch_id,
            detail={"lines": batch.total},
        )
        return BatchCancellation(batch_id=batch_id, cancelled_at=rfc3339(now), lines=batch.total)

    path = f"{_PATH}/{batch_id}/cancellation"
    return perform_once(service, actor, key, path, CancellationBody(), act, status=202, counted=False)


def _state(connection: Connection, batch: BatchRow, now: int) -> BatchState:
    if batch.cancelled_at is not None:
        return "cancelling" if batch.finished_at is None else "cancelled"
    if batch.approved_at is not None:
        return "running" if batch.finished_at is None else "finished"
    proposal = proposals.last_about(connection, batch.authority_id, batch.batch_id)
    state = "expired" if proposal is None else state_of(proposal, now)  # none: it was purged, long ago
    return "proposed" if state == "open" else "refused" if state == "refused" else "expired"


def _problems(refused: Iterable[tuple[int, str, Sequence[str]]]) -> list[LineProblem]:
    return [
        LineProblem(line=line, code=code, fr=PROBLEMS[code].fr, en=PROBLEMS[code].en, columns=[*columns])
        for line, code, columns in refused
    ]
