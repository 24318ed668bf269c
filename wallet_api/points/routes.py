"""Decisions on points (Code de la route L223-1 and following): licences alone."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.access import Actor
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import LICENCE, ActTerms, LicenceActor, ObjectId, Terms, perform
from wallet_api.authority.schemas import Ledger, LedgerRow, PointsAnswer, PointsBody
from wallet_api.clock import rfc3339
from wallet_api.issuance.supersede import supersede_road_checks
from wallet_api.problems import WalletError
from wallet_api.wiring import Service

from . import store as ledger
from .record import EntryKind, PointsDecision, record

licences = APIRouter(prefix="/authority/licences", tags=["Permis"])


@licences.post(
    "/{licence_id}/points/withdrawals",
    operation_id="withdrawPoints",
    status_code=201,
    response_model=PointsAnswer,
)
def withdraw_points(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: PointsBody,
    terms: Terms,
) -> Response:
    """Withdraw points by a decision."""
    return _change_points(service, actor, licence_id, body, terms, EntryKind.WITHDRAWAL)


@licences.post(
    "/{licence_id}/points/restorations",
    operation_id="restorePoints",
    status_code=201,
    response_model=PointsAnswer,
)
def restore_points(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: PointsBody,
    terms: Terms,
) -> Response:
    """Restore points by a decision."""
    return _change_points(service, actor, licence_id, body, terms, EntryKind.RESTORATION)


def _change_points(
    service: Service, actor: Actor, licence_id: str, body: PointsBody, terms: ActTerms, kind: EntryKind
) -> Response:
    if body.committed_on is not None and body.committed_on > body.established_on:
        raise WalletError("dates-out-of-order")

    def act(connection: Connection, now: int) -> PointsAnswer:
        decision = PointsDecision(
            kind,
            body.decision_reference,
            body.points,
            body.established_on,
            body.committed_on,
            body.offence_class,
            body.stop_reference,
        )
        written = record(connection, actor.authority_id, licence_id, decision, now, actor.actor_id)
        supersede_road_checks(connection, actor.authority_id, licence_id, written.entry_id, now)
        audit.append(
            connection,
            actor.authority_id,
            now=now,
            actor_id=actor.actor_id,
            act=kind.value,
            subject_id=licence_id,
            detail={"entry": written.entry_id, "points": body.points},
        )
        return PointsAnswer(
            entry_id=written.entry_id,
            applied=written.applied,
            balance=written.balance,
            as_of=rfc3339(written.as_of),
        )

    path = f"/authority/licences/{licence_id}/points/{kind}s"
    return perform(service, actor, terms, path, body, (LICENCE, licence_id), act)


@licences.get("/{licence_id}/points", operation_id="readPoints")
def read_points(service: ServiceOf, actor: LicenceActor, licence_id: ObjectId) -> Ledger:
    """The balance with its date, and the ledger."""
    with service.database.read() as connection:
        balance = ledger.find_balance(connection, actor.authority_id, licence_id)
        rows = ledger.entries(connection, actor.authority_id, licence_id)
    if balance is None:
        raise WalletError("not-found")
    return Ledger(
        balance=balance.balance,
        as_of=rfc3339(balance.as_of),
        entries=[
            LedgerRow(
                entry_id=row.entry_id,
                kind=row.kind,
                decision_reference=row.decision_reference,
                points=row.points,
                applied=row.applied,
                established_on=row.established_on,
                recorded_at=rfc3339(row.recorded_at),
            )
            for row in rows
        ],
    )
