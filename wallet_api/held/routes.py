"""What the service holds about me, and its erasure where the law allows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.perform import perform_once
from wallet_api.citizens.owner import Owner, OwnerOf
from wallet_api.clock import rfc3339
from wallet_api.idempotency import IdempotencyKey
from wallet_api.private_route import PrivateRoute
from wallet_api.retention.periods import PERIODS, Kept

from .catalogue import About
from .erase import erase
from .tell import tell

router = APIRouter(prefix="/me", tags=["Mon espace"], route_class=PrivateRoute)
_NOTE_FR: Final = (
    "Le service n’enregistre ni nom, ni date de naissance, ni numéro de permis ou de sécurité sociale : il les demande aux "
    "registres à chaque usage. Démonstrateur, service non officiel, données fictives."
)
_NOTE_EN: Final = (
    "The service records no name, birth date, licence or social security number: it asks the registries at each use. "
    "Demonstrator, unofficial service, fictitious data."
)


class Holding(BaseModel):
    """One table: how long such rows are kept and by which rule, the rows, and the columns that are not told, with why."""

    what: str
    source: str
    period_fr: str
    period_en: str
    kept_back: dict[str, str]
    rows: list[dict[str, JsonValue]]


class Holdings(BaseModel):
    """Everything that is held about me at `as_of`."""

    as_of: str
    note_fr: str
    note_en: str
    holdings: list[Holding]


class ErasureBody(BaseModel):
    """`end_documents`: end my digital documents first, on every phone and on paper; without it only what is over goes."""

    model_config = ConfigDict(extra="forbid")
    end_documents: bool = Field(strict=True)


class Remaining(BaseModel):
    """What stays: how many rows, by which rule, for how long; `until` where the day can be told already."""

    what: str
    rows: int
    source: str
    period_fr: str
    period_en: str
    until: str | None


class ErasureAnswer(BaseModel):
    """How many rows went from each table, how many credentials were ended, and what stays."""

    at: str
    ended_credentials: int
    erased: dict[str, int]
    kept: list[Remaining]


@router.get("/holdings", operation_id="exportWhatIsHeldAboutMe")
def read_holdings(service: ServiceOf, owner: OwnerOf) -> Holdings:
    """Everything that the service holds about me, as JSON (RGPD 15 and 20); secrets and other people's ids apart."""
    now = service.clock.now()
    with service.database.write() as connection:
        found = [_holding(*one) for one in tell(connection, owner, now, service.settings.cancel_seconds)]
        for authority_id in {one.authority_id for one in owner.owned}:
            actor_id = owner.citizen.id_in(authority_id)
            audit.append(
                connection,
                authority_id,
                now=now,
                actor_id=actor_id,
                act="holdings_told",
                subject_id=actor_id,
                detail={},
            )
    return Holdings(as_of=rfc3339(now), note_fr=_NOTE_FR, note_en=_NOTE_EN, holdings=found)


@router.post(
    "/erasures",
    operation_id="eraseWhatIsHeldAboutMe",
    status_code=201,
    response_model=ErasureAnswer,
)
def erase_holdings(
    service: ServiceOf, owner: OwnerOf, body: ErasureBody, key: IdempotencyKey = None
) -> Response:
    """Erase what nothing obliges to keep; of the rest the answer says why and until when. It can be asked for again later."""

    def act(connection: Connection, now: int) -> ErasureAnswer:
        done = erase(connection, owner, now, end_documents=body.end_documents)
        return ErasureAnswer(
            at=rfc3339(now),
            ended_credentials=done.ended,
            erased={name: count for name, count in sorted(done.rows.items()) if count},
            kept=_kept(connection, owner, now, service.settings.cancel_seconds),
        )

    return perform_once(service, owner.citizen.actor, key, "/me/erasures", body, act)


def _holding(about: About, rows: list[dict[str, Any]]) -> Holding:
    return Holding(
        what=about.what,
        source=about.source,
        period_fr=about.period("fr"),
        period_en=about.period("en"),
        kept_back=dict(about.kept_back),
        rows=rows,
    )


_EVENTS: Final = {
    Kept.OFFERS: "expires_at",
    Kept.ACTIVATIONS: "expires_at",
    Kept.MANDATES: "ends_at",
    Kept.CREDENTIALS: "expires_at",
    Kept.POINTS: "released_at",
    Kept.MEASURES: "until",
    Kept.PROPOSALS: "decided_at",
    Kept.AUDIT: "recorded_at",
}
"""The column that begins each period; of a measure its end, where it has one."""


def _kept(connection: Connection, owner: Owner, now: int, cancel_seconds: int) -> list[Remaining]:
    return [
        Remaining(
            what=about.what,
            rows=len(rows),
            source=about.source,
            period_fr=about.period("fr"),
            period_en=about.period("en"),
            until=_until(about, rows),
        )
        for about, rows in tell(connection, owner, now, cancel_seconds)
        if rows
    ]


def _until(about: About, rows: list[dict[str, Any]]) -> str | None:
    """When the last of these rows is due, unless something happens meanwhile; None where that cannot be told."""
    column = None if about.kept is None else _EVENTS.get(about.kept)
    if column is None:
        return None
    due = []
    for row in rows:
        rule, moment = about.rule_of(row), row.get(column)
        if rule is None or not isinstance(moment, str):
            return None
        due.append(PERIODS[rule].after(int(datetime.fromisoformat(moment).timestamp())))
    return rfc3339(max(due))
