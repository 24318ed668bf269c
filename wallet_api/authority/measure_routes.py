"""Measures on a right or a title: suspension, lift, revocation (which two people decide). What a suspension is about is all that differs between licences and cards."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.proposals.propose import ProposalAnswer, ProposalKind, propose_on_document
from wallet_api.strict_route import StrictRoute
from wallet_api.wiring import Service

from .driving_measures import Suspension, suspend_right
from .kinds import MeasureKind, MeasureSubject
from .measures import Act, instant_of, lift, require_revocable, suspend
from .perform import (
    CARD,
    LICENCE,
    ActTerms,
    CardActor,
    LicenceActor,
    ObjectId,
    Terms,
    path_of,
    perform,
    released_at,
)
from .schemas import (
    Body,
    LicenceSuspensionBody,
    LiftBody,
    MeasureAnswer,
    RevocationBody,
    SuspensionBody,
    measure_answer,
)

_SUSPENSION = frozenset({MeasureKind.SUSPENSION})
licences = APIRouter(prefix="/authority/licences", tags=["Permis"], route_class=StrictRoute)
cards = APIRouter(prefix="/authority/cards", tags=["Carte Vitale"], route_class=StrictRoute)


@licences.post(
    "/{licence_id}/suspensions", operation_id="suspendLicence", status_code=201, response_model=MeasureAnswer
)
def suspend_licence(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: LicenceSuspensionBody,
    terms: Terms,
) -> Response:
    """Suspend the right to drive; every category at once (R224-14), never `age_over_18`."""

    def act(connection: Connection, now: int) -> MeasureAnswer:
        since, until = instant_of(body.starts), instant_of(body.until)
        suspension = Suspension(body.decided_by, since, until, body.grave_case, body.ends)
        decided = Act(actor, licence_id, body.decision_reference, now, released_at(service, now))
        return measure_answer(suspend_right(connection, decided, suspension))

    document = (LICENCE, licence_id)
    return perform(service, actor, terms, f"{path_of(document)}/suspensions", body, document, act)


@cards.post(
    "/{card_id}/suspensions", operation_id="suspendCard", status_code=201, response_model=MeasureAnswer
)
def suspend_card(
    service: ServiceOf, actor: CardActor, card_id: ObjectId, body: SuspensionBody, terms: Terms
) -> Response:
    """Suspend a card."""

    def act(connection: Connection, now: int) -> MeasureAnswer:
        decided = Act(actor, card_id, body.decision_reference, now, released_at(service, now))
        since, until = instant_of(body.starts), instant_of(body.until)
        return measure_answer(suspend(connection, decided, MeasureSubject.DOCUMENT, since, until))

    document = (CARD, card_id)
    return perform(service, actor, terms, f"{path_of(document)}/suspensions", body, document, act)


@licences.post(
    "/{licence_id}/suspensions/{measure_id}/lift",
    operation_id="liftLicenceSuspension",
    status_code=201,
    response_model=MeasureAnswer,
)
def lift_licence_suspension(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    measure_id: ObjectId,
    body: LiftBody,
    terms: Terms,
) -> Response:
    """End a suspension now; other causes stay, and no older credential is revived."""
    return _lift(service, actor, (LICENCE, licence_id), measure_id, body, terms)


@cards.post(
    "/{card_id}/suspensions/{measure_id}/lift",
    operation_id="liftCardSuspension",
    status_code=201,
    response_model=MeasureAnswer,
)
def lift_card_suspension(
    service: ServiceOf,
    actor: CardActor,
    card_id: ObjectId,
    measure_id: ObjectId,
    body: LiftBody,
    terms: Terms,
) -> Response:
    """End a card's suspension now."""
    return _lift(service, actor, (CARD, card_id), measure_id, body, terms)


@licences.post(
    "/{licence_id}/revocations", operation_id="revokeLicence", status_code=202, response_model=ProposalAnswer
)
def revoke_licence(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: RevocationBody,
    terms: Terms,
) -> Response:
    """Propose to revoke for good: the right to drive, or the title itself. A second person approves."""
    return _revoke(service, actor, (LICENCE, licence_id), body.subject, body, terms)


@cards.post(
    "/{card_id}/revocations", operation_id="revokeCard", status_code=202, response_model=ProposalAnswer
)
def revoke_card(
    service: ServiceOf, actor: CardActor, card_id: ObjectId, body: LiftBody, terms: Terms
) -> Response:
    """Propose to revoke a card for good. A second person approves."""
    return _revoke(service, actor, (CARD, card_id), MeasureSubject.DOCUMENT, body, terms)


def _lift(
    service: Service,
    actor: Actor,
    document: tuple[DocumentType, str],
    measure_id: str,
    body: Body,
    terms: ActTerms,
) -> Response:
    def act(connection: Connection, now: int) -> MeasureAnswer:
        decided = Act(actor, document[1], body.decision_reference, now, released_at(service, now))
        return measure_answer(lift(connection, decided, measure_id, _SUSPENSION))

    path = f"{path_of(document)}/suspensions/{measure_id}/lift"
    return perform(service, actor, terms, path, body, document, act)


def _revoke(
    service: Service,
    actor: Actor,
    document: tuple[DocumentType, str],
    subject: MeasureSubject,
    body: Body,
    terms: ActTerms,
) -> Response:
    asked = {"subject": subject.value, "decision_reference": body.decision_reference}

    def act(connection: Connection, now: int) -> ProposalAnswer:
        decided = Act(actor, document[1], body.decision_reference, now, now)
        require_revocable(connection, decided, subject)
        return propose_on_document(connection, actor, ProposalKind.REVOCATION, document, asked, now)

    return perform(service, actor, terms, f"{path_of(document)}/revocations", body, document, act, status=202)
