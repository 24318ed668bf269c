"""Decisions on points (Code de la route L223-1 and following): licences alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Connection

from credentials.errors import Malformed
from credentials.paris_day import paris_day, paris_midnight
from wallet_api import entity_tags
from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import (
    LICENCE,
    ActTerms,
    LicenceActor,
    ObjectId,
    Terms,
    perform,
    released_at,
)
from wallet_api.authority.schemas import Body
from wallet_api.problems import WalletError
from wallet_api.statement import Answer
from wallet_api.strict_route import StrictRoute
from wallet_api.wiring import Service
from wallet_api.written_dates import CivilDay, Moment

from . import store
from .balance import BeforeLicence
from .current import history
from .decisions import (
    CategoryObtained,
    CourseFollowed,
    Decision,
    LossAnnulled,
    NoticeReceived,
    TitleHandedIn,
    TrainingCompleted,
)
from .offences import OFFENCES, offence_on
from .record import record
from .schemas import (
    AnnulmentBody,
    CategoryBody,
    CourseBody,
    HandInBody,
    Ledger,
    NoticeBody,
    OffenceRow,
    PointsAnswer,
    TrainingBody,
    WithdrawalBody,
    ledger_answer,
    offence_row,
    points_answer,
)

licences = APIRouter(prefix="/authority/licences", tags=["Permis"], route_class=StrictRoute)
offences = APIRouter(prefix="/authority/offences", tags=["Permis"], route_class=StrictRoute)


@licences.post(
    "/{licence_id}/points/withdrawals",
    operation_id="withdrawPoints",
    status_code=201,
    response_model=PointsAnswer,
)
def withdraw_points(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, body: WithdrawalBody, terms: Terms
) -> Response:
    """Withdraw points for an established offence, or for those of one stop."""
    decision = body.decision()
    return _decide(service, actor, licence_id, "withdrawals", body, terms, lambda _: decision)


@licences.post(
    "/{licence_id}/points/courses",
    operation_id="recordCourse",
    status_code=201,
    response_model=PointsAnswer,
)
def record_course(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, body: CourseBody, terms: Terms
) -> Response:
    """Record a course that was followed; its points count from the day after."""
    decision = CourseFollowed(body.decision_reference, body.first_day, body.last_day)
    return _decide(service, actor, licence_id, "courses", body, terms, lambda _: decision)


@licences.post(
    "/{licence_id}/points/trainings",
    operation_id="recordTraining",
    status_code=201,
    response_model=PointsAnswer,
)
def record_training(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, body: TrainingBody, terms: Terms
) -> Response:
    """Record the training after the licence."""
    decision = TrainingCompleted(body.decision_reference, body.completed_on)
    return _decide(service, actor, licence_id, "trainings", body, terms, lambda _: decision)


@licences.post(
    "/{licence_id}/points/annulments",
    operation_id="annulWithdrawal",
    status_code=201,
    response_model=PointsAnswer,
)
def annul_withdrawal(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, body: AnnulmentBody, terms: Terms
) -> Response:
    """Annul a loss after a successful appeal: it counts as never made, and revives no older credential.

    By `entry_id` one loss; by `annuls_reference` every loss of that decision that still stands.
    """
    if (body.entry_id is None) == (body.annuls_reference is None):
        raise WalletError("content-refused")

    def decision(connection: Connection) -> Decision:
        if body.entry_id is not None:
            return LossAnnulled(body.decision_reference, (body.entry_id,), body.decided_on)
        found = store.rows_of_decision(
            connection, actor.authority_id, licence_id, body.annuls_reference or ""
        )
        if not found:
            raise WalletError("not-found")
        return LossAnnulled(body.decision_reference, tuple(found), body.decided_on)

    return _decide(service, actor, licence_id, "annulments", body, terms, decision)


@licences.post(
    "/{licence_id}/points/categories",
    operation_id="addCategory",
    status_code=201,
    response_model=PointsAnswer,
)
def add_category(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, body: CategoryBody, terms: Terms
) -> Response:
    """Record another category, for what it does to a probation."""
    decision = CategoryObtained(body.decision_reference, body.category, body.via, body.obtained_on)
    return _decide(service, actor, licence_id, "categories", body, terms, lambda _: decision)


@licences.post(
    "/{licence_id}/points/invalidations",
    operation_id="recordInvalidationNotice",
    status_code=201,
    response_model=PointsAnswer,
)
def record_invalidation_notice(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, body: NoticeBody, terms: Terms
) -> Response:
    """Record that the letter of invalidation was received."""
    decision = NoticeReceived(body.decision_reference, body.received_on)
    return _decide(service, actor, licence_id, "invalidations", body, terms, lambda _: decision)


@licences.post(
    "/{licence_id}/points/hand-ins",
    operation_id="recordHandIn",
    status_code=201,
    response_model=PointsAnswer,
)
def record_hand_in(
    service: ServiceOf, actor: LicenceActor, licence_id: ObjectId, body: HandInBody, terms: Terms
) -> Response:
    """Record that the title was handed in after the invalidation."""
    decision = TitleHandedIn(body.decision_reference, body.handed_in_on)
    return _decide(service, actor, licence_id, "hand-ins", body, terms, lambda _: decision)


@licences.get("/{licence_id}/points", operation_id="readPoints")
def read_points(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    at: Annotated[
        Moment | None, Query(description="An instant, or the beginning of a Paris day, past or future.")
    ] = None,
) -> Ledger:
    """The balance with its date, what is to come, and the ledger."""
    now = service.clock.now()
    with service.database.read() as connection:
        try:
            found = history(connection, actor.authority_id, licence_id, now, _instant(at))
        except (BeforeLicence, Malformed):  # Malformed: outside the calendar
            raise WalletError("dates-out-of-order") from None
    if found is None:
        raise WalletError("not-found")
    return ledger_answer(found)


@offences.get(
    "",
    operation_id="listOffences",
    response_model=list[OffenceRow],
    responses=entity_tags.NOT_MODIFIED,
)
def list_offences(
    service: ServiceOf,
    request: Request,
    actor: LicenceActor,  # noqa: ARG001 - whoever may withdraw points
    on: Annotated[
        CivilDay | None, Query(description="The Paris day of the offence; today, if not given.")
    ] = None,
) -> Response:
    """The table of offences as the law has it on a day."""
    day = on or paris_day(service.clock.now())
    found = (offence_on(code, day) for code in OFFENCES)
    return entity_tags.answer_model(request, [offence_row(kind) for kind in found if kind is not None])


def _decide(
    service: Service,
    actor: Actor,
    licence_id: str,
    name: str,
    body: Body,
    terms: ActTerms,
    decision: Callable[[Connection], Decision],
) -> Response:
    asked: list[Answer] = []

    def ask(connection: Connection) -> None:
        asked.append(store.ask_load(connection, actor.authority_id, licence_id))

    def act(connection: Connection, now: int) -> PointsAnswer:
        return points_answer(
            record(
                connection,
                actor.authority_id,
                licence_id,
                decision(connection),
                now,
                actor.actor_id,
                released_at(service, now),
                asked=asked[0],
            )
        )

    path = f"/authority/licences/{licence_id}/points/{name}"
    return perform(service, actor, terms, path, body, (LICENCE, licence_id), act, ask=ask)


def _instant(moment: datetime | date | None) -> int | None:
    if moment is None:
        return None
    return int(moment.timestamp()) if isinstance(moment, datetime) else paris_midnight(moment)
