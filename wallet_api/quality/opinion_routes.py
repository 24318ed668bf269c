"""Anybody's opinion: a note on a topic, without a form, a word or a trace of who gave it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from credentials.paris_day import paris_day
from wallet_api.asked_service import ServiceOf
from wallet_api.pace import address_of
from wallet_api.problems import WalletError
from wallet_api.strict_route import StrictRoute

from . import store
from .opinions import NOTES, Topic

router = APIRouter(tags=["Qualité"], route_class=StrictRoute)
OPINIONS_AN_HOUR: Final = 5
"""Of one address, in one process; more would say little about what people think."""
_HOUR: Final = 3_600


class Opinion(BaseModel):
    """One opinion: there is no room for words."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"topic": "clarity", "note": 4}]}
    )

    topic: Topic
    note: int = Field(ge=NOTES[0], le=NOTES[-1], strict=True, description="1 (bad) to 5 (good)")


@router.post("/quality/opinions", operation_id="giveOpinion", status_code=204)
def give_opinion(service: ServiceOf, request: Request, body: Opinion) -> Response:
    """Count one opinion. Nothing is kept of who gave it, nor when in the day."""
    now = service.clock.now()
    key = ("opinion", address_of(request.scope, service.settings.pace.proxies))
    wait = service.buckets.take(key, OPINIONS_AN_HOUR, _HOUR, now)
    if wait is not None:
        raise WalletError("too-many-requests", retry_after=wait)
    with service.database.write() as connection:
        store.add_opinion(connection, paris_day(now).isoformat(), body.topic.value, body.note)
    return Response(None, 204)
