"""Measures that licences alone know: retention, restriction, annulment, their end or voiding, and a title that is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.proposals.propose import ProposalAnswer, ProposalKind, propose_on_document
from wallet_api.strict_route import StrictRoute
from wallet_api.wiring import Service

from .driving_measures import lose_title, restrict, retain, void
from .kinds import TITLE_GONE, MeasureKind, MeasureSubject
from .measures import Act, instant_of, lift, require_revocable
from .perform import LICENCE, ActTerms, LicenceActor, ObjectId, Terms, path_of, perform, released_at
from .schemas import (
    AnnulmentBody,
    Body,
    LiftBody,
    MeasureAnswer,
    RestrictionBody,
    RetentionBody,
    TitleLossBody,
    VoidingBody,
    measure_answer,
)
from .store import MeasureRow

licences = APIRouter(prefix="/authority/licences", tags=["Permis"], route_class=StrictRoute)
_RETENTION: Final = frozenset({MeasureKind.RETENTION})
_RESTRICTION: Final = frozenset({MeasureKind.RESTRICTION})


@licences.post(
    "/{licence_id}/retentions", operation_id="retainLicence", status_code=201, response_model=MeasureAnswer
)
def retain_licence(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: RetentionBody,
    terms: Terms,
) -> Response:
    """Retain the licence for 72 or 120 hours; it ends by itself (L224-1, L224-2)."""

    def act(connection: Connection, decided: Act) -> MeasureRow:
        return retain(connection, decided, instant_of(body.starts), verifications=body.verifications)

    return _perform(service, actor, licence_id, "retentions", body, terms, act)


@licences.post(
    "/{licence_id}/retentions/{measure_id}/lift",
    operation_id="liftLicenceRetention",
    status_code=201,
    response_model=MeasureAnswer,
)
def lift_retention(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    measure_id: ObjectId,
    body: LiftBody,
    terms: Terms,
) -> Response:
    """End a retention at once: the alcohol state was not established (R224-5)."""
    return _lift(
        service, actor, licence_id, f"retentions/{measure_id}/lift", measure_id, body, terms, _RETENTION
    )


@licences.post(
    "/{licence_id}/restrictions",
    operation_id="restrictLicence",
    status_code=201,
    response_model=MeasureAnswer,
)
def restrict_licence(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: RestrictionBody,
    terms: Terms,
) -> Response:
    """Restrict to vehicles with an interlock: what was issued is replaced, what follows bears code 69 (R224-6)."""

    def act(connection: Connection, decided: Act) -> MeasureRow:
        until = instant_of(body.until)
        assert until is not None
        return restrict(connection, decided, instant_of(body.starts), until)

    return _perform(service, actor, licence_id, "restrictions", body, terms, act)


@licences.post(
    "/{licence_id}/restrictions/{measure_id}/lift",
    operation_id="liftLicenceRestriction",
    status_code=201,
    response_model=MeasureAnswer,
)
def lift_restriction(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    measure_id: ObjectId,
    body: LiftBody,
    terms: Terms,
) -> Response:
    """End a restriction before its time: a renewed licence has its full right, no older one comes back."""
    path = f"restrictions/{measure_id}/lift"
    return _lift(service, actor, licence_id, path, measure_id, body, terms, _RESTRICTION)


@licences.post(
    "/{licence_id}/annulments", operation_id="annulLicence", status_code=202, response_model=ProposalAnswer
)
def annul_licence(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: AnnulmentBody,
    terms: Terms,
) -> Response:
    """Propose to annul the licence by a court's decision, for good. A second person approves."""
    document = (LICENCE, licence_id)
    asked = {"decision_reference": body.decision_reference} | (
        {} if body.ends is None else {"ends": body.ends}
    )

    def act(connection: Connection, now: int) -> ProposalAnswer:
        decided = Act(actor, licence_id, body.decision_reference, now, now)
        require_revocable(connection, decided, MeasureSubject.RIGHT)
        return propose_on_document(connection, actor, ProposalKind.ANNULMENT, document, asked, now)

    return perform(service, actor, terms, f"{path_of(document)}/annulments", body, document, act, status=202)


@licences.post(
    "/{licence_id}/measures/{measure_id}/voiding",
    operation_id="voidLicenceMeasure",
    status_code=201,
    response_model=MeasureAnswer,
)
def void_measure(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    measure_id: ObjectId,
    body: VoidingBody,
    terms: Terms,
) -> Response:
    """An administrative measure counts as never taken, by a court's answer on its facts (L224-9)."""

    def act(connection: Connection, decided: Act) -> MeasureRow:
        return void(connection, decided, measure_id, body.ground)

    return _perform(service, actor, licence_id, f"measures/{measure_id}/voiding", body, terms, act)


@licences.post(
    "/{licence_id}/title-losses",
    operation_id="reportLicenceTitleGone",
    status_code=201,
    response_model=MeasureAnswer,
)
def report_title_gone(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: TitleLossBody,
    terms: Terms,
) -> Response:
    """The title is lost or stolen: every view is revoked and nothing issued before there is a new one; the right stays."""

    def act(connection: Connection, decided: Act) -> MeasureRow:
        return lose_title(connection, decided, stolen=body.circumstance == "stolen")

    return _perform(service, actor, licence_id, "title-losses", body, terms, act)


@licences.post(
    "/{licence_id}/title-losses/{measure_id}/replacement",
    operation_id="replaceLicenceTitle",
    status_code=201,
    response_model=MeasureAnswer,
)
def replace_title(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    measure_id: ObjectId,
    body: LiftBody,
    terms: Terms,
) -> Response:
    """A new title was made: issuing works again, and what was revoked stays so."""
    path = f"title-losses/{measure_id}/replacement"
    return _lift(service, actor, licence_id, path, measure_id, body, terms, TITLE_GONE)


def _lift(
    service: Service,
    actor: Actor,
    licence_id: str,
    path: str,
    measure_id: str,
    body: Body,
    terms: ActTerms,
    kinds: frozenset[MeasureKind],
) -> Response:
    def act(connection: Connection, decided: Act) -> MeasureRow:
        return lift(connection, decided, measure_id, kinds)

    return _perform(service, actor, licence_id, path, body, terms, act)


def _perform(
    service: Service,
    actor: Actor,
    licence_id: str,
    path: str,
    body: Body,
    terms: ActTerms,
    impose: Callable[[Connection, Act], MeasureRow],
) -> Response:
    document = (LICENCE, licence_id)

    def act(connection: Connection, now: int) -> MeasureAnswer:
        decided = Act(actor, licence_id, body.decision_reference, now, released_at(service, now))
        return measure_answer(impose(connection, decided))

    return perform(service, actor, terms, f"{path_of(document)}/{path}", body, document, act)
