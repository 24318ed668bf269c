"""Bodies and answers about points. Days are Paris civil days. Unknown members are refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wallet_api.authority.schemas import Body, DecisionReference, OffenceClass
from wallet_api.clock import rfc3339
from wallet_api.problems import WalletError
from wallet_api.written_dates import CivilDay

from .balance import Change
from .current import History
from .decisions import Offence, Withdrawal
from .offences import OffenceKind, offence_on
from .record import Recorded
from .rules import VERSION
from .store import EntryRow

OffenceCode = Annotated[str, Field(pattern=r"^[a-z0-9_]{3,32}$")]
LicenceCategory = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,2}$")]


class OffenceBody(BaseModel):
    """What the decision says of one offence.

    Points and class are those of the decision. With an `offence` of the table they may be left out, and may not contradict
    what the table says of the day on which it was committed.
    """

    model_config = ConfigDict(extra="forbid")
    points: int | None = Field(default=None, strict=True, ge=0, le=9)
    offence_class: OffenceClass | None = None
    offence: OffenceCode | None = None

    def offence_of(self, committed_on: date) -> Offence:
        """The offence, completed from the table. Raises `WalletError`."""
        kind = None if self.offence is None else offence_on(self.offence, committed_on)
        if self.offence is not None and kind is None:
            raise WalletError("offence-contradicted")
        points = self.points if kind is None or self.points is not None else kind.points
        name = self.offence_class if kind is None or self.offence_class is not None else kind.offence_class
        if points is None or name is None:
            raise WalletError("content-refused")
        if kind is not None and (points, name) != (kind.points, kind.offence_class):
            raise WalletError("offence-contradicted")
        return Offence(points, name, self.offence)


class WithdrawalBody(Body, OffenceBody):
    """Points withdrawn: one offence, or all the `offences` of one stop, whose sum is limited (L223-2 III).

    A loss exists since its establishment: payment, title of the increased fine, or final conviction (L223-1).
    """

    committed_on: CivilDay
    established_on: CivilDay
    stop_reference: DecisionReference | None = None
    offences: Annotated[list[OffenceBody], Field(min_length=1, max_length=10)] | None = None

    def decision(self) -> Withdrawal:
        """The decision. Raises `WalletError` when it says too little, or two things."""
        alone = (self.points, self.offence_class, self.offence)
        if self.offences is not None and alone != (None, None, None):
            raise WalletError("content-refused")
        stated = [self] if self.offences is None else self.offences
        return Withdrawal(
            self.decision_reference,
            self.committed_on,
            self.established_on,
            tuple(one.offence_of(self.committed_on) for one in stated),
            self.stop_reference,
        )


class CourseBody(Body):
    """A course of two consecutive days: up to four points, once a year, the day after (L223-6, R223-8)."""

    first_day: CivilDay
    last_day: CivilDay


class TrainingBody(Body):
    """The training after the licence, from the 6th to the 12th month: a shorter probation (R223-4-1)."""

    completed_on: CivilDay


class AnnulmentBody(Body):
    """A loss that a court or the administration annulled: by its row, or by its decision reference."""

    decided_on: CivilDay
    entry_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    annuls_reference: DecisionReference | None = None


class CategoryBody(Body):
    """Another category: it begins no new probation, and may shorten the first (R223-1 V)."""

    category: LicenceCategory
    via: Literal["standard", "aac"] = "standard"
    obtained_on: CivilDay


class NoticeBody(Body):
    """The registered letter that invalidates was received (R223-3 III)."""

    received_on: CivilDay


class HandInBody(Body):
    """The title was handed in; a new licence may follow half a year or a year later (L223-5)."""

    handed_in_on: CivilDay


class PointsAnswer(BaseModel):
    """What was written to the ledger, and where the licence stands at `as_of`, from when it counts."""

    entry_id: str
    entry_ids: list[str]
    applied: int
    balance: int
    cap: int
    state: str
    as_of: str
    released_at: str


class ChangeAnswer(BaseModel):
    """Balance and cap from 00:00 Paris of a day."""

    on: date
    balance: int
    cap: int


class LedgerRow(BaseModel):
    """A row of the ledger. `last_day` is the day from which the law knows of it."""

    entry_id: str
    kind: str
    decision_reference: str
    points: int
    applied: int
    first_day: str | None
    last_day: str
    offence_class: str | None
    offence: str | None
    stop_reference: str | None
    annuls_id: str | None
    recorded_at: str
    released_at: str
    cancelled: bool
    annulled: bool


class Ledger(BaseModel):
    """Where a licence stands at `as_of`, what is to come if nothing else happens, and how it came about."""

    balance: int
    cap: int
    state: str
    as_of: str
    in_probation: bool
    probation_end: date | None
    course_required: bool
    next_change: ChangeAnswer | None
    calendar: list[ChangeAnswer]
    zero_on: date | None
    new_licence_from: date | None
    rules: str
    """The edition of the table of rules that this follows from."""
    entries: list[LedgerRow]


class OffenceRow(BaseModel):
    """A kind of offence as the law has it on a day."""

    code: str
    points: int
    offence_class: str
    article: str
    fr: str
    en: str


def points_answer(written: Recorded) -> PointsAnswer:
    """What was recorded, for the client."""
    return PointsAnswer(
        entry_id=written.entry_id,
        entry_ids=list(written.entry_ids),
        applied=written.applied,
        balance=written.balance,
        cap=written.cap,
        state=written.state,
        as_of=rfc3339(written.as_of),
        released_at=rfc3339(written.released_at),
    )


def ledger_answer(found: History) -> Ledger:
    """The whole history, for the client."""
    standing = found.standing
    return Ledger(
        balance=standing.balance,
        cap=standing.cap,
        state=standing.state.value,
        as_of=rfc3339(found.as_of),
        in_probation=standing.in_probation,
        probation_end=standing.probation_end if standing.in_probation else None,
        course_required=standing.course_required,
        next_change=None if standing.next_change is None else _change(standing.next_change),
        calendar=[_change(one) for one in standing.calendar],
        zero_on=standing.zero_on,
        new_licence_from=standing.new_licence_from,
        rules=VERSION,
        entries=[_row(one, found) for one in found.rows],
    )


def offence_row(kind: OffenceKind) -> OffenceRow:
    """A row of the table of offences, for the client."""
    return OffenceRow(
        code=kind.code,
        points=kind.points,
        offence_class=kind.offence_class,
        article=kind.article,
        fr=kind.fr,
        en=kind.en,
    )


def _change(one: Change) -> ChangeAnswer:
    return ChangeAnswer(on=one.on, balance=one.balance, cap=one.cap)


def _row(row: EntryRow, found: History) -> LedgerRow:
    return LedgerRow(
        entry_id=row.entry_id,
        kind=row.kind,
        decision_reference=row.decision_reference,
        points=row.points,
        applied=row.applied,
        first_day=row.first_day,
        last_day=row.last_day,
        offence_class=row.offence_class,
        offence=row.offence,
        stop_reference=row.stop_reference,
        annuls_id=row.annuls_id,
        recorded_at=rfc3339(row.recorded_at),
        released_at=rfc3339(row.released_at),
        cancelled=row.entry_id in found.cancelled,
        annulled=row.entry_id in found.annulled,
    )
