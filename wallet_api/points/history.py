"""A licence's points before the service knew it, as its registry hands them over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .facts import CategoryAdded, Course, Loss


@dataclass(frozen=True, slots=True)
class PointsHistory:
    """What the balance of a licence follows from (`facts.Licence` says what each member is).

    A registry that knows a balance and no history hands over `regime="settled"`, the day on which it was asked as
    `obtained_on`, and the missing points as `carried_points`: they come back after the longest of the delays.
    """

    obtained_on: date
    regime: str = "standard"
    training_completed_on: date | None = None
    facts: tuple[Loss | Course | CategoryAdded, ...] = ()
    carried_points: int = 0
    earlier_zeros: tuple[date, ...] = ()
