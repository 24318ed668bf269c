"""Read proposals, decide them, and propose acts on keys."""

from __future__ import annotations

from operator import attrgetter
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from credentials.spec import Domain, Role
from wallet_api.access import Actor, requires
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import ObjectId, perform_once
from wallet_api.idempotency import IdempotencyKey
from wallet_api.paging import ROWS, Before, Limit, cut
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole
from wallet_api.strict_route import StrictRoute
from wallet_api.wiring import Service

from . import store
from .decide import APPROVED, DECIDERS, REFUSED, decide
from .key_acts import require_known_signer
from .propose import ProposalAnswer, ProposalKind, proposal_answer, propose

router = APIRouter(prefix="/authority", tags=["Actes"], route_class=StrictRoute)
Decider = Annotated[Actor, Depends(requires(*DECIDERS))]
Official = Annotated[Actor, Depends(requires(AccessRole.CLERK, *DECIDERS))]
Operator = Annotated[Actor, Depends(requires(AccessRole.OPERATOR))]


class DecisionBody(BaseModel):
    """A decision on a proposal; the address says which and what."""

    model_config = ConfigDict(extra="forbid")


class KeyBody(BaseModel):
    """The signer that the act is about, by its id of 8 bytes."""

    model_config = ConfigDict(extra="forbid")
    key_id: str = Field(pattern=r"^[0-9a-f]{16}$")


class AnnouncementBody(BaseModel):
    """The domain and role for which a new signer is to be made."""

    model_config = ConfigDict(extra="forbid")
    domain: Domain
    role: Role


class Proposals(BaseModel):
    """Proposals of one authority, the latest first; `next` is the `before` of the next page."""

    items: list[ProposalAnswer]
    next: str | None = None


Nothing = Annotated[DecisionBody | None, Body()]


@router.get("/proposals", operation_id="listProposals")
def list_proposals(
    service: ServiceOf,
    actor: Official,
    state: Literal["open", "all"] = "open",
    before: Before = None,
    limit: Limit = ROWS,
) -> Proposals:
    """Proposals of the caller's own authority: those that wait, or all."""
    now = service.clock.now()
    with service.database.read() as connection:
        rows = store.page(
            connection, actor.authority_id, before, limit + 1, open_at=now if state == "open" else None
        )
    shown, following = cut(rows, limit, attrgetter("proposal_id"))
    return Proposals(items=[proposal_answer(row, now) for row in shown], next=following)


@router.get("/proposals/{proposal_id}", operation_id="readProposal")
def read_proposal(service: ServiceOf, actor: Official, proposal_id: ObjectId) -> ProposalAnswer:
    """One proposal of the caller's own authority."""
    with service.database.read() as connection:
        row = store.find(connection, actor.authority_id, proposal_id)
    if row is None:
        raise WalletError("not-found")
    return proposal_answer(row, service.clock.now())


@router.post(
    "/proposals/{proposal_id}/approval",
    operation_id="approveProposal",
    status_code=201,
    response_model=ProposalAnswer,
)
def approve_proposal(
    service: ServiceOf,
    actor: Decider,
    proposal_id: ObjectId,
    key: IdempotencyKey = None,
    body: Nothing = None,  # noqa: ARG001 - declared so that anything else is refused
) -> Response:
    """Approve what another person proposed; the act is performed with it."""
    return _decide(service, actor, proposal_id, key, "approval", APPROVED)


@router.post(
    "/proposals/{proposal_id}/refusal",
    operation_id="refuseProposal",
    status_code=201,
    response_model=ProposalAnswer,
)
def refuse_proposal(
    service: ServiceOf,
    actor: Official,
    proposal_id: ObjectId,
    key: IdempotencyKey = None,
    body: Nothing = None,  # noqa: ARG001 - declared so that anything else is refused
) -> Response:
    """Refuse what another person proposed, or take back one's own proposal."""
    return _decide(service, actor, proposal_id, key, "refusal", REFUSED)


@router.post(
    "/keys/compromises", operation_id="proposeCompromise", status_code=202, response_model=ProposalAnswer
)
def propose_compromise(
    service: ServiceOf, actor: Operator, body: KeyBody, key: IdempotencyKey = None
) -> Response:
    """Propose to burn a signer: everything it ever signed is refused from the next publication on."""
    return _propose_end(service, actor, body, key, ProposalKind.KEY_COMPROMISE, "compromises")


@router.post(
    "/keys/retirements", operation_id="proposeRetirement", status_code=202, response_model=ProposalAnswer
)
def propose_retirement(
    service: ServiceOf, actor: Operator, body: KeyBody, key: IdempotencyKey = None
) -> Response:
    """Propose to stop a signer for good; what it signed stays accepted."""
    return _propose_end(service, actor, body, key, ProposalKind.KEY_RETIREMENT, "retirements")


@router.post(
    "/keys/announcements", operation_id="proposeAnnouncement", status_code=202, response_model=ProposalAnswer
)
def propose_announcement(
    service: ServiceOf, actor: Operator, body: AnnouncementBody, key: IdempotencyKey = None
) -> Response:
    """Propose to make one more signer, known to terminals from the next trust list on."""

    def act(connection: Connection, now: int) -> ProposalAnswer:
        asked = {"domain": body.domain.value, "role": body.role.value}
        subject = f"{body.domain.value}-{body.role.value}"
        return proposal_answer(
            propose(connection, actor, ProposalKind.KEY_ANNOUNCEMENT, subject, asked, now), now
        )

    return perform_once(service, actor, key, "/authority/keys/announcements", body, act, status=202)


def _propose_end(
    service: Service, actor: Actor, body: KeyBody, key: str | None, kind: ProposalKind, word: str
) -> Response:
    require_known_signer(service, body.key_id)

    def act(connection: Connection, now: int) -> ProposalAnswer:
        row = propose(connection, actor, kind, body.key_id, {"key_id": body.key_id}, now)
        return proposal_answer(row, now)

    return perform_once(service, actor, key, f"/authority/keys/{word}", body, act, status=202)


def _decide(
    service: Service, actor: Actor, proposal_id: str, key: str | None, word: str, outcome: str
) -> Response:
    def act(connection: Connection, now: int) -> ProposalAnswer:
        return proposal_answer(decide(service, connection, actor, proposal_id, outcome, now), now)

    path = f"/authority/proposals/{proposal_id}/{word}"
    return perform_once(service, actor, key, path, DecisionBody(), act, counted=False)
