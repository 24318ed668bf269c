"""Acts of authority on licences and on cards: each with an idempotency key and a decision reference.

One router a kind of document, from one table of routes: the role that may act, and what a suspension is about, are all
that differs. Points are the licence's alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api import audit, idempotency
from wallet_api.access import Actor, requires
from wallet_api.asked_service import ServiceOf
from wallet_api.clock import rfc3339
from wallet_api.idempotency import IdempotencyKey
from wallet_api.issuance.supersede import supersede_road_checks
from wallet_api.points import store as ledger
from wallet_api.points.record import EntryKind, PointsDecision, record
from wallet_api.problems import WalletError
from wallet_api.publication.run import publish_after_act
from wallet_api.roles import AccessRole
from wallet_api.wallets import store as wallets
from wallet_api.wallets.life import lose
from wallet_api.wiring import Service

from . import store
from .measures import Act, instant_of, lift, revoke, suspend
from .schemas import (
    Body,
    DocumentAnswer,
    Found,
    Ledger,
    LedgerRow,
    LiftBody,
    MeasureAnswer,
    PointsAnswer,
    PointsBody,
    RevocationBody,
    SearchBody,
    SuspensionBody,
    WalletAnswer,
)
from .standing import MeasureKind, MeasureSubject, in_force
from .store import MeasureRow

LICENCE, CARD = DocumentType.DRIVING_LICENCE, DocumentType.VITALE_CARD
LicenceActor = Annotated[Actor, Depends(requires(AccessRole.LICENCE_AUTHORITY))]
CardActor = Annotated[Actor, Depends(requires(AccessRole.HEALTH_AUTHORITY))]
ObjectId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

licences = APIRouter(prefix="/authority/licences", tags=["Permis"])
cards = APIRouter(prefix="/authority/cards", tags=["Carte Vitale"])


def perform(
    service: Service,
    actor: Actor,
    key: str | None,
    path: str,
    body: BaseModel,
    document: tuple[DocumentType, str],
    act: Callable[[Connection, int], BaseModel],
) -> Response:
    """Run one act in one transaction, once for its key, on a document of the actor's own authority."""
    document_type, document_id = document
    if DOMAIN_OF[document_type] != actor.authority_id:
        raise WalletError("forbidden")
    now = service.clock.now()
    request = idempotency.Request(actor.authority_id, actor.actor_id, path, body)
    with service.database.write() as connection:

        def once() -> BaseModel:
            if store.lock_document(connection, actor.authority_id, document_id, document_type.value) is None:
                raise WalletError("not-found")
            return act(connection, now)

        answer = idempotency.answer_once(connection, key, request, now, once)
    if "Idempotent-Replayed" not in answer.headers:
        service.telemetry.acts.labels(path.rpartition("/")[2]).inc()
        publish_after_act(service)
    return answer


# Points (licences alone)


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
    key: IdempotencyKey = None,
) -> Response:
    """Withdraw points by a decision."""
    return _change_points(service, actor, licence_id, body, key, EntryKind.WITHDRAWAL)


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
    key: IdempotencyKey = None,
) -> Response:
    """Restore points by a decision."""
    return _change_points(service, actor, licence_id, body, key, EntryKind.RESTORATION)


def _change_points(
    service: Service, actor: Actor, licence_id: str, body: PointsBody, key: str | None, kind: EntryKind
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
    return perform(service, actor, key, path, body, (LICENCE, licence_id), act)


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


# Measures


@licences.post(
    "/{licence_id}/suspensions", operation_id="suspendLicence", status_code=201, response_model=MeasureAnswer
)
def suspend_licence(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: SuspensionBody,
    key: IdempotencyKey = None,
) -> Response:
    """Suspend the right to drive; every category at once (R224-14), never `age_over_18`."""
    return _suspend(service, actor, (LICENCE, licence_id), MeasureSubject.RIGHT, body, key)


@cards.post(
    "/{card_id}/suspensions", operation_id="suspendCard", status_code=201, response_model=MeasureAnswer
)
def suspend_card(
    service: ServiceOf, actor: CardActor, card_id: ObjectId, body: SuspensionBody, key: IdempotencyKey = None
) -> Response:
    """Suspend a card."""
    return _suspend(service, actor, (CARD, card_id), MeasureSubject.DOCUMENT, body, key)


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
    key: IdempotencyKey = None,
) -> Response:
    """End a suspension now; other causes stay, and no older credential is revived."""
    return _lift(service, actor, (LICENCE, licence_id), measure_id, body, key)


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
    key: IdempotencyKey = None,
) -> Response:
    """End a card's suspension now."""
    return _lift(service, actor, (CARD, card_id), measure_id, body, key)


@licences.post(
    "/{licence_id}/revocations", operation_id="revokeLicence", status_code=201, response_model=MeasureAnswer
)
def revoke_licence(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    body: RevocationBody,
    key: IdempotencyKey = None,
) -> Response:
    """Revoke for good: the right to drive, or the title itself."""
    return _revoke(service, actor, (LICENCE, licence_id), body.subject, body, key)


@cards.post(
    "/{card_id}/revocations", operation_id="revokeCard", status_code=201, response_model=MeasureAnswer
)
def revoke_card(
    service: ServiceOf, actor: CardActor, card_id: ObjectId, body: LiftBody, key: IdempotencyKey = None
) -> Response:
    """Revoke a card for good."""
    return _revoke(service, actor, (CARD, card_id), MeasureSubject.DOCUMENT, body, key)


def _suspend(
    service: Service,
    actor: Actor,
    document: tuple[DocumentType, str],
    subject: MeasureSubject,
    body: SuspensionBody,
    key: str | None,
) -> Response:
    def act(connection: Connection, now: int) -> MeasureAnswer:
        decided = Act(actor, document[1], body.decision_reference, now)
        return _answer(suspend(connection, decided, subject, instant_of(body.starts), instant_of(body.until)))

    return perform(service, actor, key, f"{_path(document)}/suspensions", body, document, act)


def _lift(
    service: Service,
    actor: Actor,
    document: tuple[DocumentType, str],
    measure_id: str,
    body: Body,
    key: str | None,
) -> Response:
    def act(connection: Connection, now: int) -> MeasureAnswer:
        return _answer(lift(connection, Act(actor, document[1], body.decision_reference, now), measure_id))

    path = f"{_path(document)}/suspensions/{measure_id}/lift"
    return perform(service, actor, key, path, body, document, act)


def _revoke(
    service: Service,
    actor: Actor,
    document: tuple[DocumentType, str],
    subject: MeasureSubject,
    body: Body,
    key: str | None,
) -> Response:
    def act(connection: Connection, now: int) -> MeasureAnswer:
        return _answer(revoke(connection, Act(actor, document[1], body.decision_reference, now), subject))

    return perform(service, actor, key, f"{_path(document)}/revocations", body, document, act)


# Phones and look-ups


@licences.post("/{licence_id}/wallets/{wallet_id}/losses", operation_id="loseLicenceWallet", status_code=201)
def lose_licence_wallet(
    service: ServiceOf,
    actor: LicenceActor,
    licence_id: ObjectId,
    wallet_id: ObjectId,
    body: LiftBody,
    key: IdempotencyKey = None,
) -> Response:
    """Revoke what a lost phone holds; the right stays."""
    return _lose(service, actor, (LICENCE, licence_id), wallet_id, body, key)


@cards.post("/{card_id}/wallets/{wallet_id}/losses", operation_id="loseCardWallet", status_code=201)
def lose_card_wallet(
    service: ServiceOf,
    actor: CardActor,
    card_id: ObjectId,
    wallet_id: ObjectId,
    body: LiftBody,
    key: IdempotencyKey = None,
) -> Response:
    """Revoke what a lost phone holds of a card."""
    return _lose(service, actor, (CARD, card_id), wallet_id, body, key)


@licences.post("/searches", operation_id="findLicence")
def find_licence(service: ServiceOf, actor: LicenceActor, body: SearchBody) -> Found:
    """The id of a licence that the service has opened."""
    return _found(service, actor, LICENCE, body)


@cards.post("/searches", operation_id="findCard")
def find_card(service: ServiceOf, actor: CardActor, body: SearchBody) -> Found:
    """The id of a card that the service has opened."""
    return _found(service, actor, CARD, body)


@licences.get("/{licence_id}", operation_id="readLicence")
def read_licence(service: ServiceOf, actor: LicenceActor, licence_id: ObjectId) -> DocumentAnswer:
    """Where a licence stands; points are not in it (they are asked for by themselves)."""
    return _document(service, actor, LICENCE, licence_id)


@cards.get("/{card_id}", operation_id="readCard")
def read_card(service: ServiceOf, actor: CardActor, card_id: ObjectId) -> DocumentAnswer:
    """Where a card stands."""
    return _document(service, actor, CARD, card_id)


def _lose(
    service: Service,
    actor: Actor,
    document: tuple[DocumentType, str],
    wallet_id: str,
    body: Body,
    key: str | None,
) -> Response:
    def act(connection: Connection, now: int) -> MeasureAnswer:
        lose(connection, actor.authority_id, document[1], wallet_id, now, actor.actor_id)
        return MeasureAnswer(measure_id=wallet_id, kind="loss", since=rfc3339(now))

    path = f"{_path(document)}/wallets/{wallet_id}/losses"
    return perform(service, actor, key, path, body, document, act)


def _found(service: Service, actor: Actor, document_type: DocumentType, body: SearchBody) -> Found:
    with service.database.read() as connection:
        found = store.find_document(
            connection, actor.authority_id, document_type.value, body.registry_reference
        )
    if found is None:
        raise WalletError("not-found")
    return Found(document_id=found)


def _document(
    service: Service, actor: Actor, document_type: DocumentType, document_id: str
) -> DocumentAnswer:
    now = service.clock.now()
    with service.database.read() as connection:
        if not store.document_exists(connection, actor.authority_id, document_id, document_type.value):
            raise WalletError("not-found")
        measures = store.open_measures(connection, actor.authority_id, document_id)
        phones = wallets.wallets_of(connection, actor.authority_id, document_id)
    kinds = {one.kind for one in measures if in_force(one, now)}
    return DocumentAnswer(
        document_id=document_id,
        suspended=MeasureKind.SUSPENSION in kinds,
        revoked=MeasureKind.REVOCATION in kinds,
        measures=[_answer(one) for one in measures],
        wallets=[
            WalletAnswer(
                wallet_id=row.wallet_id,
                enrolled_at=rfc3339(row.enrolled_at),
                paused=row.paused_at is not None,
                lost=row.lost_at is not None,
            )
            for row in phones
        ],
    )


def _path(document: tuple[DocumentType, str]) -> str:
    return f"/authority/{'licences' if document[0] is LICENCE else 'cards'}/{document[1]}"


def _answer(row: MeasureRow) -> MeasureAnswer:
    return MeasureAnswer(
        measure_id=row.measure_id,
        kind=row.kind,
        since=rfc3339(row.since),
        until=None if row.until is None else rfc3339(row.until),
    )
