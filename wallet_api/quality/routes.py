"""The figures of quality, as JSON and as a page, and the reports of terminals from which some of them come.

A report is voluntary and names nobody: how many verdicts of each reason a terminal gave on a day that is over, and which
opinions were given at it. The terminal shows its mirror secret, and what is kept of it is a digest of secret and day: it
counts a terminal's day once and leads neither to the terminal nor from one of its days to another.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from credentials.paris_day import paris_day, paris_midnight
from verifier.reasons import Reason
from wallet_api import entity_tags
from wallet_api.asked_service import ServiceOf
from wallet_api.clock import rfc3339
from wallet_api.identifiers import fingerprint
from wallet_api.problems import WalletError
from wallet_api.publication.store import last_in_force
from wallet_api.settings import DAY
from wallet_api.strict_route import StrictRoute
from wallet_api.terminals.store import profile_of_mirror
from wallet_api.wiring import Service
from wallet_api.written_dates import CivilDay

from . import page, store
from .figures import (
    DAYS,
    OPINIONS,
    PERIOD_DAYS,
    Quality,
    availability,
    days_of,
    groups_of,
    opinions_of,
    public_opinions_of,
    verdicts_of,
)

router = APIRouter(tags=["Qualité"], route_class=StrictRoute)
_LATE = timedelta(days=31)  # a terminal works for 30 days without a network
_CACHED = "public, max-age=60"
Count = Annotated[int, Field(ge=1, le=10_000)]


_STRICT: Final = ConfigDict(extra="forbid")
# Members are declared one by one: the keys of a mapping would be the client's words, and a refusal names members.
_BY_REASON: Final[dict[str, Any]] = {one.value: (Count, None) for one in Reason}
_BY_OPINION: Final[dict[str, Any]] = dict.fromkeys(OPINIONS, (Count, None))
VerdictCounts: Any = create_model(
    "VerdictCounts",
    __config__=_STRICT,
    __doc__="How often each verdict was given, by the code of its reason.",
    **_BY_REASON,
)
OpinionCounts: Any = create_model(
    "OpinionCounts",
    __config__=_STRICT,
    __doc__="How often each opinion was given.",
    **_BY_OPINION,
)


class DayOfTerminal(BaseModel):
    """What happened at a terminal on one civil day of Paris."""

    model_config = _STRICT

    day: CivilDay
    verdicts: VerdictCounts = Field(default_factory=VerdictCounts)
    opinions: OpinionCounts = Field(default_factory=OpinionCounts)

    def counts(self, profile: str) -> dict[tuple[str, str, str], int]:
        """By kind, profile and value."""
        parts = {"verdict": self.verdicts, "opinion": self.opinions}
        return {
            (kind, profile, value): count
            for kind, part in parts.items()
            for value, count in part.model_dump(exclude_unset=True).items()
        }


class Counted(BaseModel):
    """Whether the report was counted: not when it is empty, nor a second time for the same terminal and day."""

    counted: bool


@router.post("/terminals/reports", operation_id="reportTerminalDay")
def report_terminal_day(service: ServiceOf, request: Request, report: DayOfTerminal) -> Counted:
    """Count a terminal's day. The day is over and at most 31 days ago; a repeated report changes nothing."""
    now = service.clock.now()
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    with service.database.write() as connection:
        profile = profile_of_mirror(connection, secret) if scheme.lower() == "bearer" and secret else None
        if profile is None:
            raise WalletError("unauthenticated")
        today, day = paris_day(now), report.day.isoformat()
        if not today - _LATE <= report.day < today:
            raise WalletError("day-not-reportable")
        counts = report.counts(profile)
        if not counts or not store.take_report(connection, fingerprint(f"{secret} {day}"), now):
            return Counted(counted=False)
        store.add_day(connection, day, counts)
    return Counted(counted=True)


@router.get(
    "/quality.json",
    operation_id="readQuality",
    response_model=Quality,
    responses=entity_tags.NOT_MODIFIED,
)
def read_quality(service: ServiceOf, request: Request) -> Response:
    """Availability, latency, verdicts by reason and opinions of the last thirty days. No person, no device."""
    return entity_tags.answer_model(request, gather(service), cache=_CACHED)


@router.get("/quality", include_in_schema=False)
def read_quality_page(service: ServiceOf, lang: Literal["fr", "en"] = "fr") -> Response:
    """The same figures for people."""
    answer = page.render(gather(service), lang)
    answer.headers["Cache-Control"] = _CACHED
    return answer


def gather(service: Service) -> Quality:
    """The figures of whole minutes up to now, and the reports of the thirty days before today.

    The age of the lists is that at the end of the last whole minute, so that the answer keeps its tag within a minute.
    """
    now = service.clock.now()
    first, until = (now - PERIOD_DAYS * DAY) // 3_600 * 3_600, now - now % 60
    today = paris_day(now)
    days = (today - timedelta(days=PERIOD_DAYS)).isoformat(), (today - timedelta(days=1)).isoformat()
    with service.database.read() as connection:
        public = store.opinions_between(connection, *days)
        hours, reports = store.hours_since(connection, first), store.days_between(connection, *days)
        earliest, marked = store.minutes_since(connection, first, until)
        share, known = availability(earliest, marked, until)
        recent = paris_midnight(today - timedelta(days=DAYS))
        minutes, answers = (
            store.minutes_by_hour(connection, recent),
            store.answers_by_hour(connection, recent),
        )
        published = last_in_force(connection)
    return Quality(
        since=rfc3339(first),
        until=rfc3339(until),
        availability=share,
        minutes_known=known,
        days=days_of(earliest, minutes, answers, until),
        groups=groups_of(hours),
        lists_age_seconds=None if published is None else max(0, until - published.started_at),
        verdicts=verdicts_of(reports),
        opinions=opinions_of(reports),
        public_opinions=public_opinions_of(public),
    )
