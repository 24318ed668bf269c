"""Bodies of the authority's acts. Unknown members are refused; nothing of a refused body is repeated."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wallet_api.clock import rfc3339

from .standing import MeasureSubject
from .store import MeasureRow

DecisionReference = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{2,63}$")]
Moment = Annotated[AwareDatetime | date, Field(union_mode="left_to_right")]
"""An instant with its zone, or a Paris civil day, which means its first instant."""
OffenceClass = Literal[
    "contravention_1",
    "contravention_2",
    "contravention_3",
    "contravention_4",
    "contravention_5",
    "delit",
    "delit_alcool_stupefiants",
]


class Body(BaseModel):
    """What every act says: the decision that orders it."""

    model_config = ConfigDict(extra="forbid")
    decision_reference: DecisionReference


class PointsBody(Body):
    """Points withdrawn or restored. Days are Paris civil days; a loss exists since its establishment (L223-1)."""

    points: int = Field(strict=True, ge=1, le=12)
    established_on: date
    committed_on: date | None = None
    offence_class: OffenceClass | None = None
    stop_reference: DecisionReference | None = None


class SuspensionBody(Body):
    """A suspension: from now on unless said otherwise; `until` is the first instant or day without it."""

    starts: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None


class LiftBody(Body):
    """The end of a suspension before its time."""


class RevocationBody(Body):
    """A revocation, final. `subject` is the right to drive, or the title or card itself (lost, stolen)."""

    subject: MeasureSubject = MeasureSubject.RIGHT


class CancellationBody(BaseModel):
    """The cancellation of an act that does not count yet; there is nothing to say about it."""

    model_config = ConfigDict(extra="forbid")


class PointsAnswer(BaseModel):
    """What was written to the ledger, and the balance after it."""

    entry_id: str
    applied: int
    balance: int
    as_of: str


class MeasureAnswer(BaseModel):
    """What was recorded."""

    measure_id: str
    kind: str
    since: str
    until: str | None = None
    released_at: str
    """From here on it counts; before, it can be cancelled."""


class LedgerRow(BaseModel):
    """A row of the ledger."""

    entry_id: str
    kind: str
    decision_reference: str
    points: int
    applied: int
    established_on: str
    recorded_at: str


class Ledger(BaseModel):
    """A licence's balance and how it came about."""

    balance: int
    as_of: str
    entries: list[LedgerRow]


class WalletAnswer(BaseModel):
    """A phone that holds the document."""

    wallet_id: str
    enrolled_at: str
    paused: bool
    lost: bool


class DocumentAnswer(BaseModel):
    """Where a document stands: measures neither lifted nor cancelled, past and future ones included, and its phones."""

    document_id: str
    suspended: bool
    revoked: bool
    measures: list[MeasureAnswer]
    wallets: list[WalletAnswer]


class SearchBody(BaseModel):
    """A document by its registry's opaque key; in a body, since addresses are logged by others."""

    model_config = ConfigDict(extra="forbid")
    registry_reference: str = Field(min_length=4, max_length=80)


class Found(BaseModel):
    """The id under which acts address the document."""

    document_id: str


def measure_answer(row: MeasureRow) -> MeasureAnswer:
    """What a recorded measure looks like to the client."""
    return MeasureAnswer(
        measure_id=row.measure_id,
        kind=row.kind,
        since=rfc3339(row.since),
        until=None if row.until is None else rfc3339(row.until),
        released_at=rfc3339(row.released_at),
    )
