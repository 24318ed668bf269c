"""The feed of notices: what is known of the citizen's documents is gathered, the rule is in `notices.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from credentials.paris_day import paris_day
from credentials.spec import DocumentType
from wallet_api import entity_tags
from wallet_api.asked_service import ServiceOf
from wallet_api.authority import store as measures
from wallet_api.authority.kinds import MeasureSubject
from wallet_api.authority.right_to_drive import RightState, right_to_drive
from wallet_api.authority.store import MeasureRow
from wallet_api.mandates import store as mandates
from wallet_api.points.current import history, invalid_since
from wallet_api.private_route import PrivateRoute
from wallet_api.registries.adapters import LicenceRecord, RightsRecord
from wallet_api.wiring import Service

from . import store
from .notice_texts import texts
from .notices import CardFacts, Facts, HeldFacts, LicenceFacts, Notice, NoticeTopic, notices
from .owner import Owned, Owner, OwnerOf, records
from .store import MyDocument

router = APIRouter(prefix="/me", tags=["Mon espace"], route_class=PrivateRoute)


class Words(BaseModel):
    """A notice in one language."""

    title: str
    text: str


class NoticeAnswer(BaseModel):
    """One notice. `notice_id` stays the same while the fact behind it does, so that a client shows it once."""

    notice_id: str
    topic: NoticeTopic
    document_type: DocumentType
    on: date
    fr: Words
    en: Words


class Notices(BaseModel):
    """The feed, the earliest day first."""

    items: list[NoticeAnswer]


@router.get(
    "/notices",
    operation_id="listMyNotices",
    response_model=Notices,
    responses=entity_tags.NOT_MODIFIED,
)
def list_notices(service: ServiceOf, request: Request, owner: OwnerOf) -> Response:
    """What is about to happen to my documents: ends of validity, points that come back, ends of rights.

    Read with the ETag of the last reading, it is empty (304) until something changes. Nothing is pushed.
    """
    found = notices(list(_facts(service, owner)), paris_day(service.clock.now()))
    return entity_tags.answer_model(request, Notices(items=[_answer(one) for one in found]))


def _answer(one: Notice) -> NoticeAnswer:
    (title_fr, text_fr), (title_en, text_en) = texts(one)
    return NoticeAnswer(
        notice_id=one.notice_id,
        topic=one.topic,
        document_type=one.document_type,
        on=one.on,
        fr=Words(title=title_fr, text=text_fr),
        en=Words(title=title_en, text=text_en),
    )


def _facts(service: Service, owner: Owner) -> Iterator[Facts]:
    found = records(service, owner)
    now = service.clock.now()
    with service.database.read() as connection:
        opened = {one.reference: one for one in store.documents(connection, owner.owned)}
        for mine, record in found:
            document = opened.get(mine.reference)
            if isinstance(record, LicenceRecord):
                yield _licence(connection, record, document, now)
            else:
                yield _card(record)
            if document is not None:
                yield _held(connection, mine, document, now)


def _licence(
    connection: Connection, record: LicenceRecord, document: MyDocument | None, now: int
) -> LicenceFacts:
    if document is None:
        return LicenceFacts(record.reference, record.expiry_date, record.categories)
    where = (document.authority_id, document.document_id)
    points = history(connection, *where, now)
    imposed = measures.measures_of(connection, *where, now)
    right = right_to_drive(imposed, invalid_since(connection, *where, now), now)
    ends = _last_end(imposed, now) if right.state is RightState.VALIDE else right.until
    return LicenceFacts(
        record.reference,
        record.expiry_date,
        record.categories,
        calendar=() if points is None else points.standing.calendar,
        balance=0 if points is None else points.standing.balance,
        probation_end=points.standing.probation_end if points and points.standing.in_probation else None,
        suspended_until=None if ends is None else paris_day(ends),
    )


def _last_end(imposed: Iterable[MeasureRow], now: int) -> int | None:
    """When the last measure on the right ended by itself, in UTC seconds; a lift was told by whoever lifted."""
    return max(
        (
            one.until
            for one in imposed
            if one.subject == MeasureSubject.RIGHT
            and not one.void
            and one.until is not None
            and one.until <= now
            and (one.lifted_at is None or one.lifted_at >= one.until)
        ),
        default=None,
    )


def _card(record: RightsRecord) -> CardFacts:
    return CardFacts(record.reference, record.rights)


def _held(connection: Connection, mine: Owned, document: MyDocument, now: int) -> HeldFacts:
    lost = {one.wallet_id for one in store.devices(connection, [mine]) if one.lost_at is not None}
    latest: dict[str, int] = {}
    printed: list[tuple[str, date]] = []
    issued = store.credentials(connection, [mine])
    gone = store.statuses(
        connection, [mine], [one.credential_id for one in issued if one.expires_at > now], now
    )
    for one in issued:
        revoked = one.credential_id in gone and gone[one.credential_id].value == 1
        if revoked or one.wallet_id in lost:
            continue
        if one.paper:
            printed.append((one.credential_id, paris_day(one.expires_at)))
        else:
            latest[one.wallet_id] = max(latest.get(one.wallet_id, 0), one.expires_at)
    return HeldFacts(
        document.document_type,
        document.reference,
        phones=_days(latest.items()),
        printed=tuple(printed),
        mandates=_days(
            (one.mandate_id, one.ends_at)
            for one in mandates.live_of_document(connection, document.authority_id, document.document_id, now)
        ),
    )


def _days(ends: Iterable[tuple[str, int]]) -> tuple[tuple[str, date], ...]:
    return tuple((name, paris_day(end)) for name, end in ends)
