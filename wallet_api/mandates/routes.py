"""Mandates: the person gives, lists and revokes; the aidant lists and uses."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api.access import Actor, requires
from wallet_api.activations.make import Asked, make_activation
from wallet_api.activations.routes import SHEET, Accept, ActivationAnswer, told
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import ObjectId, perform_once
from wallet_api.citizens.owner import CitizenOf, owner
from wallet_api.citizens.schemas import Nothing
from wallet_api.clock import rfc3339
from wallet_api.idempotency import IdempotencyKey
from wallet_api.issuance.documents import open_ahead
from wallet_api.paging import ROWS, Before, Limit, cut
from wallet_api.private_route import PrivateRoute
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole

from . import store
from .give import end, find_given, give
from .store import MandateRow

mine = APIRouter(prefix="/me/mandates", tags=["Mon espace"], route_class=PrivateRoute)
aidants = APIRouter(prefix="/aidant", tags=["Aidants"], route_class=PrivateRoute)
AidantActor = Annotated[Actor, Depends(requires(AccessRole.AIDANT))]


class MandateBody(BaseModel):
    """To whom, by the id that the aidant reads at `/aidant`; for which document; for how many days."""

    model_config = ConfigDict(extra="forbid")
    aidant_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    document_type: DocumentType
    days: Literal[1, 31, 182, 365]


class MandateAnswer(BaseModel):
    """A mandate. `state` is `live`, `ended` by its date or `revoked`; `uses` counts the activation codes made under it."""

    mandate_id: str
    document_type: DocumentType
    aidant_id: str
    starts_at: str
    ends_at: str
    state: Literal["live", "ended", "revoked"]
    uses: int


class GivenAnswer(MandateAnswer):
    """A fresh mandate. `personal_code` is told this once: keep it from the aidant, the phone asks for it at activation."""

    personal_code: str


class Mandates(BaseModel):
    """Mandates, the latest first; `next` is the `before` of the next page."""

    items: list[MandateAnswer]
    next: str | None = None


class AidantAnswer(BaseModel):
    """The id under which people give me mandates."""

    aidant_id: str


class UseBody(BaseModel):
    """What the aidant does for the person."""

    model_config = ConfigDict(extra="forbid")
    purpose: Literal["obtain", "renew"]


@mine.post("", operation_id="giveMandate", status_code=201)
def give_mandate(service: ServiceOf, citizen: CitizenOf, body: MandateBody) -> GivenAnswer:
    """Let an aidant obtain or renew one document of mine, until a date or until I revoke it.

    The personal code is a secret and stored nowhere, hence no idempotency key: sent twice, the first mandate ends.
    """
    owned = owner(service, citizen, (body.document_type,)).of(body.document_type)
    open_ahead(service, owned.document_type, owned.reference)
    with service.database.write() as connection:
        made = give(service, connection, citizen, owned, body.aidant_id, body.days)
        answer = _answer(connection, made.row, service.clock.now())
    return GivenAnswer(**dict(answer), personal_code=made.personal_code)


@mine.get("", operation_id="listMyMandates")
def list_mandates(
    service: ServiceOf, citizen: CitizenOf, before: Before = None, limit: Limit = ROWS
) -> Mandates:
    """The mandates that I gave, those that ended included."""
    now = service.clock.now()
    givers = [(one, citizen.id_in(one)) for one in ("licence", "health")]
    with service.database.read() as connection:
        return _page(connection, store.given_by(connection, givers, before, limit + 1), limit, now)


@mine.post(
    "/{mandate_id}/revocation",
    operation_id="revokeMandate",
    status_code=201,
    response_model=MandateAnswer,
)
def revoke_mandate(
    service: ServiceOf,
    citizen: CitizenOf,
    mandate_id: ObjectId,
    body: Annotated[Nothing | None, Body()] = None,  # noqa: ARG001 - anything in it is refused
    key: IdempotencyKey = None,
) -> Response:
    """End a mandate now, with the activation codes made under it that nobody used. No registry is asked."""

    def act(connection: Connection, now: int) -> MandateAnswer:
        row = find_given(connection, citizen, mandate_id)
        if not end(connection, row, row.giver_id, now):
            raise WalletError("mandate-ended")
        return _answer(connection, find_given(connection, citizen, mandate_id), now)

    path = f"/me/mandates/{mandate_id}/revocation"
    return perform_once(service, citizen.actor, key, path, Nothing(), act)


@aidants.get("", operation_id="readAidant")
def read_aidant(actor: AidantActor) -> AidantAnswer:
    """My id, to be told to those who want to give me a mandate."""
    return AidantAnswer(aidant_id=actor.actor_id)


@aidants.get("/mandates", operation_id="listAidantMandates")
def list_aidant_mandates(
    service: ServiceOf, actor: AidantActor, before: Before = None, limit: Limit = ROWS
) -> Mandates:
    """The mandates that I may use now: no name, no number, no points."""
    now = service.clock.now()
    with service.database.read() as connection:
        found = store.given_to(connection, actor.actor_id, now, before, limit + 1)
        return _page(connection, found, limit, now)


@aidants.post(
    "/mandates/{mandate_id}/activations",
    operation_id="activateUnderMandate",
    status_code=201,
    response_model=ActivationAnswer,
    responses=SHEET,
)
def activate_under_mandate(
    service: ServiceOf, actor: AidantActor, mandate_id: ObjectId, body: UseBody, accept: Accept = None
) -> Response | ActivationAnswer:
    """An activation code for the person's phone; it opens with the personal code, which the aidant does not have.

    Obtaining and renewing are the same for the service; the journal keeps which it was.
    """
    now = service.clock.now()
    with service.database.write() as connection:
        row = _usable(connection, actor, mandate_id, now)
        asked = Asked(
            row.document_type,
            row.registry_reference,
            actor.actor_id,
            {"by": "mandate", "mandate": mandate_id, "giver": row.giver_id, "purpose": body.purpose},
            second_hash=row.second_hash,
            mandate_id=mandate_id,
        )
        made = make_activation(service, connection, asked)
    return told(service, row.document_type, made, accept, wants_second=True)


def _page(connection: Connection, rows: Sequence[MandateRow], limit: int, now: int) -> Mandates:
    shown, following = cut(rows, limit, attrgetter("mandate_id"))
    return Mandates(items=[_answer(connection, one, now) for one in shown], next=following)


def _usable(connection: Connection, actor: Actor, mandate_id: str, now: int) -> MandateRow:
    for authority_id in ("licence", "health"):
        row = store.find(connection, authority_id, mandate_id)
        if row is not None and row.aidant_id == actor.actor_id:
            if not row.is_live(now):
                raise WalletError("mandate-ended")
            return row
    raise WalletError("not-found")


def _answer(connection: Connection, row: MandateRow, now: int) -> MandateAnswer:
    ended: Literal["live", "ended", "revoked"] = "live" if row.is_live(now) else "ended"
    return MandateAnswer(
        mandate_id=row.mandate_id,
        document_type=row.document_type,
        aidant_id=row.aidant_id,
        starts_at=rfc3339(row.starts_at),
        ends_at=rfc3339(row.ends_at),
        state="revoked" if row.revoked_at is not None else ended,
        uses=store.uses(connection, row.authority_id, row.mandate_id),
    )
