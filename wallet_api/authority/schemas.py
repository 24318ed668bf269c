"""Bodies of the authority's acts. Unknown members are refused; nothing of a refused body is repeated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from credentials.nir import InvalidNir, Nir
from wallet_api.clock import rfc3339
from wallet_api.written_dates import Moment

from .kinds import ImposedBy, MeasureSubject, VoidingGround
from .right_to_drive import RightState, RightToDrive, holds_at
from .store import MeasureRow

_PUNCTUATION = str.maketrans("", "", "._/-")


def _no_nir(reference: str) -> str:
    """A reference is stored, journaled and told: a person's number, however it is spaced, is no reference."""
    try:
        Nir.parse(reference.translate(_PUNCTUATION))
    except InvalidNir:
        return reference
    msg = "no reference of a decision"
    raise ValueError(msg)


DecisionReference = Annotated[
    str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{2,63}$"), AfterValidator(_no_nir)
]
MeasureId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
RegistryReference = Annotated[str, Field(pattern=r"^[!-~]{4,80}$")]
"""A registry's opaque key: visible ASCII, since databases refuse some of the rest."""
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


class SuspensionBody(Body):
    """A suspension: from now on unless said otherwise; `until` is the first instant or day without it."""

    starts: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None


class LicenceSuspensionBody(SuspensionBody):
    """A suspension of the right to drive.

    The prefect's lasts six months at most, a year in grave cases, and has an end; a court's lasts as the decision says.
    `ends` is the administrative measure on the same facts that stops because the court's is enforceable (L224-9).
    """

    decided_by: Literal[ImposedBy.PREFECT, ImposedBy.COURT] = ImposedBy.COURT
    grave_case: bool = Field(default=False, strict=True)
    ends: MeasureId | None = None


class RetentionBody(Body):
    """A retention by the police: since now unless said otherwise, for 72 hours, 120 with verifications (L224-2 I)."""

    starts: Moment | None = Field(default=None, alias="from")
    verifications: bool = Field(strict=True)


class RestrictionBody(Body):
    """The prefect's order to drive with an alcohol interlock only, for a year at most (R224-6)."""

    starts: Moment | None = Field(default=None, alias="from")
    until: Moment


class AnnulmentBody(Body):
    """A court annuls the licence. `ends` is as in a court's suspension."""

    ends: MeasureId | None = None


class TitleLossBody(Body):
    """The title is lost, or stolen."""

    circumstance: Literal["lost", "stolen"]


class VoidingBody(Body):
    """What a court answered on the facts of an administrative measure (L224-9)."""

    ground: VoidingGround


class LiftBody(Body):
    """The end of a measure before its time."""


class RevocationBody(Body):
    """A revocation, final. `subject` is the right to drive, or the title or card itself (lost, stolen)."""

    subject: MeasureSubject = MeasureSubject.RIGHT


class CancellationBody(BaseModel):
    """The cancellation of an act that does not count yet; there is nothing to say about it."""

    model_config = ConfigDict(extra="forbid")


class MeasureAnswer(BaseModel):
    """What was recorded."""

    measure_id: str
    kind: str
    since: str
    until: str | None = None
    released_at: str
    """From here on it counts; before, it can be cancelled."""


class RecordedMeasure(MeasureAnswer):
    """A measure with what later acts made of it: from when another act ends it, whether a court made it void."""

    subject: MeasureSubject
    imposed_by: ImposedBy | None
    in_force: bool
    lifted_at: str | None
    void: bool


class RightAnswer(BaseModel):
    """The right to drive now: its state, since when, and until when unless another act changes it."""

    state: RightState
    since: str | None
    until: str | None


class WalletAnswer(BaseModel):
    """A phone that holds the document."""

    wallet_id: str
    enrolled_at: str
    paused: bool
    lost: bool


class DocumentAnswer(BaseModel):
    """Where a document stands: every measure that was not cancelled, past, future and lifted ones included, and its phones."""

    document_id: str
    suspended: bool
    revoked: bool
    measures: list[RecordedMeasure]
    open_proposals: list[str]
    wallets: list[WalletAnswer]


class LicenceAnswer(DocumentAnswer):
    """Where a licence stands: the right to drive, and apart from it whether the title is there.

    The last day of the title is the registry's to tell, and stands in what is issued: an expired one is `held` here.
    """

    right: RightAnswer
    title: Literal["held", "lost", "stolen", "revoked"]


class SearchBody(BaseModel):
    """A document by its registry's opaque key; in a body, since addresses are logged by others."""

    model_config = ConfigDict(extra="forbid")
    registry_reference: RegistryReference


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


def recorded_measure(row: MeasureRow, now: int) -> RecordedMeasure:
    """A measure as the reading of a document shows it."""
    return RecordedMeasure(
        **measure_answer(row).model_dump(),
        subject=MeasureSubject(row.subject),
        imposed_by=None if row.imposed_by is None else ImposedBy(row.imposed_by),
        in_force=holds_at(row, now),
        lifted_at=None if row.lifted_at is None else rfc3339(row.lifted_at),
        void=row.void,
    )


def right_answer(right: RightToDrive) -> RightAnswer:
    """A state of the right to drive as the reading shows it."""
    since, until = (None if one is None else rfc3339(one) for one in (right.since, right.until))
    return RightAnswer(state=right.state, since=since, until=until)
