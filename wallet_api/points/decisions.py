"""Decisions and facts about points, as the authority states them. Days are Paris civil days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Offence:
    """What a decision says of one offence; `code` is a row of the table of offences, if it names one."""

    points: int
    offence_class: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One offence, or several of one stop, that cost points since they were established (L223-1, L223-2)."""

    decision_reference: str
    committed_on: date
    established_on: date
    offences: tuple[Offence, ...]
    stop_reference: str | None = None


@dataclass(frozen=True, slots=True)
class CourseFollowed:
    """A course of two days (L223-6 al. 4)."""

    decision_reference: str
    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class TrainingCompleted:
    """The training after the licence (R223-4-1)."""

    decision_reference: str
    completed_on: date


@dataclass(frozen=True, slots=True)
class LossAnnulled:
    """A court or the administration annulled these losses, those of one decision: they count as never made."""

    decision_reference: str
    entry_ids: tuple[str, ...]
    decided_on: date


@dataclass(frozen=True, slots=True)
class CategoryObtained:
    """Another category; `via` is `standard` or `aac` (R223-1 V)."""

    decision_reference: str
    category: str
    via: str
    obtained_on: date


@dataclass(frozen=True, slots=True)
class NoticeReceived:
    """The registered letter of invalidation was received (R223-3 III)."""

    decision_reference: str
    received_on: date


@dataclass(frozen=True, slots=True)
class TitleHandedIn:
    """The title was handed in after the notice (L223-5)."""

    decision_reference: str
    handed_in_on: date


Decision = (
    Withdrawal
    | CourseFollowed
    | TrainingCompleted
    | LossAnnulled
    | CategoryObtained
    | NoticeReceived
    | TitleHandedIn
)
