"""The right to drive at an instant, from all its causes (france.md, section 5). Pure: no clock, no SQL.

- Order of gravity: INVALIDE, ANNULE, SUSPENDU, RETENU, RESTREINT_EAD, VALIDE. The gravest cause in force wins.
- Periods are half-open: a measure holds at `since` and no longer at `until`. Hours are elapsed hours, so a change to
  summer time neither shortens nor lengthens a retention.
- Points and the right are two facts: a suspended licence may hold 12 points, a valid one 1.
- What a court voided was never in force (L224-9). A measure on the title leaves the right as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from .kinds import MeasureKind, MeasureSubject


class RightState(StrEnum):
    """States of the right to drive, gravest first; the French words are those of the law."""

    INVALIDE = "INVALIDE"
    ANNULE = "ANNULE"
    SUSPENDU = "SUSPENDU"
    RETENU = "RETENU"
    RESTREINT_EAD = "RESTREINT_EAD"
    VALIDE = "VALIDE"


class Imposed(Protocol):
    """What the state depends on of one measure; instants in UTC seconds."""

    @property
    def kind(self) -> str:
        """A `MeasureKind`."""

    @property
    def subject(self) -> str:
        """A `MeasureSubject`."""

    @property
    def since(self) -> int:
        """First instant with it."""

    @property
    def until(self) -> int | None:
        """First instant without it; None while no end is set."""

    @property
    def lifted_at(self) -> int | None:
        """First instant without it by a later act, if there is one."""

    @property
    def void(self) -> bool:
        """Whether a court's answer makes it as if never taken."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure by its values alone, for callers that keep none in a database."""

    kind: str
    since: int
    until: int | None = None
    lifted_at: int | None = None
    void: bool = False
    subject: str = MeasureSubject.RIGHT


@dataclass(frozen=True, slots=True)
class RightToDrive:
    """A state with its first instant and the first instant after it, in UTC seconds.

    Both are None for VALIDE. `until` is None where nothing but a new act ends the state.
    """

    state: RightState
    since: int | None = None
    until: int | None = None


_STATE_OF: Final = {
    MeasureKind.ANNULMENT: RightState.ANNULE,
    MeasureKind.REVOCATION: RightState.ANNULE,
    MeasureKind.SUSPENSION: RightState.SUSPENDU,
    MeasureKind.RETENTION: RightState.RETENU,
    MeasureKind.RESTRICTION: RightState.RESTREINT_EAD,
}


def right_to_drive(measures: Iterable[Imposed], invalid_since: int | None, at: int) -> RightToDrive:
    """The state at the instant `at` (UTC seconds), past or future, as far as `measures` tell.

    `invalid_since` is what the points say: the instant at which the balance reached zero, None while it has not
    (L223-1). Several measures of one state count as one, from the first that began to the last that ends.
    """
    if invalid_since is not None and invalid_since <= at:
        return RightToDrive(RightState.INVALIDE, invalid_since)
    held: dict[RightState, list[Imposed]] = {}
    for one in measures:
        state = _STATE_OF.get(MeasureKind(one.kind))
        if state is not None and one.subject == MeasureSubject.RIGHT and holds_at(one, at):
            held.setdefault(state, []).append(one)
    for state in RightState:
        if state in held:
            return RightToDrive(state, min(one.since for one in held[state]), _last_end(held[state]))
    return RightToDrive(RightState.VALIDE)


def holds_at(measure: Imposed, at: int) -> bool:
    """Whether a measure is in force at `at`: begun, neither over nor lifted, and not void."""
    if measure.void or at < measure.since:
        return False
    return all(end is None or at < end for end in (measure.until, measure.lifted_at))


def _last_end(measures: list[Imposed]) -> int | None:
    ends = [one.until for one in measures]
    return None if None in ends else max(end for end in ends if end is not None)
