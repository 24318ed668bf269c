"""What a licence's points follow from: the licence as obtained, and what happened to it. Days are Paris civil days.

A fact counts from the day on which the law knows it (france.md, 4.3): a loss from its establishment, a course from its
last day, the others from the day that they name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence number's beginning.

    `obtained_on` is the day of the first category (R223-1 V). `regime` is a key of `RuleTable.regimes`.
    `training_completed_on` is the day of the training after the licence (R223-4-1). `carried_points` are points that
    were missing when a ledger began of which only the balance is known. `earlier_zeros` are the days on which earlier
    licences of the same person lost all their points (L223-5 II).
    """

    obtained_on: date
    regime: str = "standard"
    training_completed_on: date | None = None
    carried_points: int = 0
    earlier_zeros: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """One offence with the points that its decision names; `stop` is the same for simultaneous offences (L223-2 III)."""

    committed_on: date
    established_on: date
    points: int
    offence_class: str
    stop: str | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """A voluntary or required course of two days (R223-5)."""

    first_day: date
    last_day: date


@dataclass(frozen=True, slots=True)
class CategoryAdded:
    """Another category; `via` is how it was learnt: `standard`, or `aac` for accompanied driving."""

    on: date
    category: str
    via: str


@dataclass(frozen=True, slots=True)
class InvalidationNotified:
    """Receipt of the registered letter that recapitulates the losses and invalidates (R223-3 III)."""

    on: date


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The title was handed in after the invalidation (L223-5 I)."""

    on: date


@dataclass(frozen=True, slots=True)
class Annulment:
    """A court or the administration annulled the loss with the decision reference `ref`."""

    ref: str
    on: date


@dataclass(frozen=True, slots=True)
class Restricted:
    """The right to drive was suspended or restricted since that day: the training then shortens nothing (L223-1)."""

    since: date


Fact = Loss | Course | CategoryAdded | InvalidationNotified | HandedIn | Annulment | Restricted


def known_since(fact: Fact) -> date:
    """The first Paris day on which a fact counts."""
    match fact:
        case Loss():
            return fact.established_on
        case Course():
            return fact.last_day
        case Restricted():
            return fact.since
        case _:
            return fact.on
