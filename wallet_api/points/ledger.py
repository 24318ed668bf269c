"""From rows of the ledger to the facts of the engine, and from its answer to the stored balance. Pure.

A row counts at an instant when it was released by then and no cancellation names it. What a later release will change
is not known to the engine; so the stored balance is due at the next milestone or at the next release, whichever is
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from credentials.paris_day import paris_day, paris_midnight

from .balance import PointsState, Standing, standing_at
from .facts import (
    Annulment,
    CategoryAdded,
    Course,
    Fact,
    HandedIn,
    InvalidationNotified,
    Licence,
    Loss,
    Restricted,
)
from .store import BalanceRow, EntryRow


class EntryKind(StrEnum):
    """Kinds of ledger rows."""

    OPENING = "opening"
    LOSS = "loss"
    COURSE = "course"
    TRAINING = "training"
    ANNULMENT = "annulment"
    CATEGORY_ADDED = "category_added"
    EARLIER_ZERO = "earlier_zero"
    INVALIDATION_NOTIFIED = "invalidation_notified"
    HANDED_IN = "handed_in"
    CANCELLATION = "cancellation"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Restriction:
    """A suspension or restriction of the right: since when, from when on it counts, when an act ends it, and voids it."""

    since: int
    released_at: int
    ended_at: int | None = None
    void_at: int | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """A licence's rows in the order of recording, and the measures on which a training depends."""

    rows: Sequence[EntryRow]
    restrictions: Sequence[Restriction] = ()

    def standing(self, at: int, *, known_at: int | None = None) -> Standing:
        """Where the licence stands at `at`, by the rows released by `known_at` (`at`, if not given).

        Raises `BeforeLicence` for an instant before the licence was obtained.
        """
        licence, facts = self.facts(at if known_at is None else known_at)
        return standing_at(licence, facts, at)

    def facts(self, known_at: int | None) -> tuple[Licence, list[Fact]]:
        """The licence and its facts by the rows released by `known_at`; None for those to come as well."""
        rows = [one for one in self.standing_rows() if known_at is None or one.released_at <= known_at]
        facts = [fact for one in rows if (fact := fact_of(one)) is not None]
        facts += [
            Restricted(paris_day(one.since))
            for one in self.restrictions
            if known_at is None or one.released_at <= known_at
        ]
        opening = self.rows[0]
        training = [one.last_day for one in rows if one.kind == EntryKind.TRAINING]
        licence = Licence(
            date.fromisoformat(opening.first_day or opening.last_day),
            opening.terms or "settled",
            date.fromisoformat(training[0]) if training else None,
            opening.points,
            tuple(date.fromisoformat(one.last_day) for one in rows if one.kind == EntryKind.EARLIER_ZERO),
        )
        return licence, facts

    def standing_rows(self) -> list[EntryRow]:
        """The rows that were not cancelled, without the cancellations."""
        cancelled = self.cancelled()
        return [
            one
            for one in self.rows
            if one.entry_id not in cancelled and one.kind not in {EntryKind.CANCELLATION, EntryKind.SETTLED}
        ]

    def cancelled(self) -> set[str | None]:
        """Ids of the rows that were cancelled before they counted."""
        return {one.annuls_id for one in self.rows if one.kind == EntryKind.CANCELLATION}

    def balance(self, now: int, version: int) -> BalanceRow:
        """What is stored of the licence at `now`."""
        standing = self.standing(now)
        moments = [one.released_at for one in self.standing_rows()]
        for one in self.restrictions:
            moments += [one.since, one.released_at]
            moments += [at for at in (one.ended_at, one.void_at) if at is not None]
        if standing.next_change is not None:
            moments.append(paris_midnight(standing.next_change.on))
        ahead = [one for one in moments if one > now]
        return BalanceRow(
            balance=standing.balance,
            cap=standing.cap,
            state=standing.state.value,
            invalid_since=self._invalid_since(standing, now),
            probation_end=standing.probation_end.isoformat() if standing.in_probation else None,
            next_change_at=min(ahead, default=None),
            as_of=now,
            version=version,
        )

    def _invalid_since(self, standing: Standing, now: int) -> int | None:
        """The beginning of the day of zero, but not before the loss counted."""
        if standing.state is PointsState.VALIDE or standing.zero_on is None:
            return None
        day = standing.zero_on.isoformat()
        released = [one.released_at for one in self.standing_rows() if one.last_day == day]
        return max([paris_midnight(standing.zero_on), *(one for one in released if one <= now)])


def fact_of(row: EntryRow) -> Fact | None:
    """What a row is to the engine; None where the engine reads it elsewhere or not at all."""
    last = date.fromisoformat(row.last_day)
    first = last if row.first_day is None else date.fromisoformat(row.first_day)
    match row.kind:
        case EntryKind.LOSS:
            kind = row.offence_class or "carried"
            return Loss(first, last, row.points, kind, row.stop_reference, row.entry_id)
        case EntryKind.COURSE:
            return Course(first, last)
        case EntryKind.ANNULMENT:
            return Annulment(row.annuls_id or "", last)
        case EntryKind.CATEGORY_ADDED:
            category, _, via = (row.terms or "").partition("/")
            return CategoryAdded(last, category, via)
        case EntryKind.INVALIDATION_NOTIFIED:
            return InvalidationNotified(last)
        case EntryKind.HANDED_IN:
            return HandedIn(last)
        case _:
            return None
