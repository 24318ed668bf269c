"""What a citizen reads: documents, points, credentials, phones."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from operator import attrgetter
from typing import Literal

from fastapi import APIRouter
from sqlalchemy import Connection

from credentials.paris_day import paris_day
from wallet_api.asked_service import ServiceOf
from wallet_api.authority import store as measures
from wallet_api.authority.kinds import FINAL, MeasureKind
from wallet_api.authority.right_to_drive import right_to_drive
from wallet_api.authority.schemas import right_answer
from wallet_api.authority.standing import in_force, state_of_title
from wallet_api.issuance.documents import open_ahead
from wallet_api.paging import ROWS, Before, Limit, cut
from wallet_api.points.current import history, invalid_since
from wallet_api.private_route import PrivateRoute
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import LicenceRecord
from wallet_api.wiring import Service

from . import store
from .owner import LICENCE, LicenceOwnerOf, Owned, Owner, OwnerOf, records
from .schemas import (
    MyCredentials,
    MyDevices,
    MyDocumentAnswer,
    MyDocuments,
    MyPoints,
    credential_answer,
    device_answer,
    points_answer,
)
from .store import MyDocument, Status

router = APIRouter(prefix="/me", tags=["Mon espace"], route_class=PrivateRoute)


@router.get("/documents", operation_id="listMyDocuments")
def list_documents(service: ServiceOf, owner: OwnerOf) -> MyDocuments:
    """My documents and where they stand; points are asked for by themselves."""
    now, ends = service.clock.now(), _last_days(service, owner)
    with service.database.read() as connection:
        opened = {one.reference: one for one in store.documents(connection, owner.owned)}
        items = [_document(connection, owner, one, opened.get(one.reference), now) for one in owner.owned]
    for mine, item in zip(owner.owned, items, strict=True):
        if item.title == "held" and ends.get(mine.reference, date.max) < paris_day(now):
            item.title = "expired"
    return MyDocuments(items=items)


def _last_days(service: Service, owner: Owner) -> dict[str, date]:
    """The last day of each title, which its registry alone knows."""
    licences = tuple(one for one in owner.owned if one.document_type is LICENCE)
    found = records(service, replace(owner, owned=licences))
    return {mine.reference: one.expiry_date for mine, one in found if isinstance(one, LicenceRecord)}


@router.get("/points", operation_id="readMyPoints")
def read_points(service: ServiceOf, owner: LicenceOwnerOf) -> MyPoints:
    """My points with their history, the next return and the whole calendar (Code de la route L225-3)."""
    mine = owner.of(LICENCE)
    open_ahead(service, mine.document_type, mine.reference)  # never offered yet: with what the registry knows
    now = service.clock.now()
    with service.database.read() as connection:
        opened = store.documents(connection, [mine])
        found = opened and history(connection, opened[0].authority_id, opened[0].document_id, now)
    if not found:
        raise WalletError("not-found")
    return points_answer(found, now)


@router.get("/credentials", operation_id="listMyCredentials")
def list_credentials(
    service: ServiceOf,
    owner: OwnerOf,
    state: Literal["live", "all"] = "live",
    before: Before = None,
    limit: Limit = ROWS,
) -> MyCredentials:
    """My credentials, on phones and on paper: those that can still be shown, or all."""
    now = service.clock.now()
    with service.database.read() as connection:
        rows = store.credentials(
            connection,
            owner.owned,
            before=before,
            limit=limit + 1,
            live_at=now if state == "live" else None,
        )
        shown, following = cut(rows, limit, attrgetter("credential_id"))
        found = store.statuses(connection, owner.owned, [one.credential_id for one in shown], now)
    return MyCredentials(
        items=[credential_answer(one, found.get(one.credential_id, Status())) for one in shown],
        next=following,
    )


@router.get("/devices", operation_id="listMyDevices")
def list_devices(service: ServiceOf, owner: OwnerOf, before: Before = None, limit: Limit = ROWS) -> MyDevices:
    """My phones, lost ones included."""
    with service.database.read() as connection:
        found = store.devices(connection, owner.owned, before=before, limit=limit + 1)
    shown, following = cut(found, limit, attrgetter("wallet_id"))
    return MyDevices(items=[device_answer(one) for one in shown], next=following)


def _document(
    connection: Connection, owner: Owner, mine: Owned, opened: MyDocument | None, now: int
) -> MyDocumentAnswer:
    if opened is None:
        return MyDocumentAnswer(document_type=mine.document_type, opened=False)
    where = (opened.authority_id, opened.document_id)
    imposed = measures.measures_of(connection, *where, now)
    kinds = {one.kind for one in imposed if in_force(one, now)}
    answer = MyDocumentAnswer(
        document_type=mine.document_type,
        opened=True,
        suspended=MeasureKind.SUSPENSION in kinds,
        revoked=bool(kinds & FINAL),
        phones=sum(
            one.lost_at is None and one.document_id == opened.document_id
            for one in store.devices(connection, owner.owned)
        ),
    )
    if mine.document_type is LICENCE:
        answer.right = right_answer(right_to_drive(imposed, invalid_since(connection, *where, now), now))
        answer.title = state_of_title(imposed, now)
    return answer
