"""The engine of points: what the law says of a licence at an instant, past or future. Pure: no clock, no SQL.

- Everything is recomputed from the facts known at the instant; nothing is carried over from an earlier answer, so the
  order of recording decides nothing but which of two contradicting facts was first.
- Days are Paris civil days; a change is in force from 00:00 of its day.
- On one day: gains and give-backs, then courses, then losses, then the test for zero. Zero is final for the licence.
- `0 <= balance <= cap <= 12` on every day. Balance, cap and probation of an invalid licence keep their last values.
- A full restoration ends the account: what it gave back is never given back again.
- Points given by a course belong to no loss: the ten years of an old loss still return what that loss took, up to the cap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from credentials.paris_day import paris_day
from credentials.spec import POINTS_MAX

from .accept import Accepted, Refusal, accept
from .facts import Annulment, Course, Fact, HandedIn, InvalidationNotified, Licence, Loss, known_since
from .probation import end_of_probation, gains, spotless
from .rules import RULES, RuleTable, end_of_delay


class PointsState(StrEnum):
    """What the points alone say of the right to drive."""

    VALIDE = "VALIDE"
    INVALIDE = "INVALIDE"


class BeforeLicence(ValueError):
    """The instant lies before the day on which the licence was obtained."""


@dataclass(frozen=True, slots=True)
class Change:
    """Balance and cap from 00:00 Paris of a day."""

    on: date
    balance: int
    cap: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a licence stands at an instant.

    `next_change` is the first later day on which balance or cap moves if nothing else happens, None for never;
    `calendar` is the whole series ("calendrier de récupération"). `zero_on` is the day on which the last point was
    lost, `new_licence_from` the first day on which a new licence may be issued once the old one was handed in (L223-5).
    """

    balance: int
    cap: int
    state: PointsState
    in_probation: bool
    probation_end: date
    course_required: bool
    calendar: tuple[Change, ...]
    zero_on: date | None
    new_licence_from: date | None
    refused: tuple[tuple[int | None, Refusal], ...]

    @property
    def next_change(self) -> Change | None:
        """The first change of the calendar."""
        return self.calendar[0] if self.calendar else None


def standing_at(licence: Licence, facts: Sequence[Fact], at: int, *, rules: RuleTable = RULES) -> Standing:
    """Where the licence stands at `at` (UTC seconds), by the facts known then. Raises `BeforeLicence`.

    `facts` come in the order of their recording. Those that the law does not know are refused, named, and ignored.
    """
    day = paris_day(at)
    if day < licence.obtained_on:
        raise BeforeLicence
    accepted = accept(licence, facts, rules)
    licence = accepted.licence
    if licence.training_completed_on is not None and licence.training_completed_on > day:
        licence = replace(licence, training_completed_on=None)
    account = _Account(licence, _known_on(accepted, day), rules)
    account.run()
    return account.standing(day, tuple(accepted.refused))


def _known_on(accepted: Accepted, day: date) -> list[Fact]:
    """The facts that count on a day: known, and no loss that an annulment known by then undid."""
    known = [one for one in accepted.facts if known_since(one) <= day]
    annulled = {one.ref for one in known if isinstance(one, Annulment)}
    return [one for one in known if not (isinstance(one, Loss) and one.ref in annulled)]


@dataclass(slots=True)
class _Account:
    """One run through the days of a licence, from the first to the last on which anything moves."""

    licence: Licence
    facts: list[Fact]
    rules: RuleTable
    losses: list[Loss] = field(init=False)
    end: date = field(init=False)
    gains: dict[date, int] = field(init=False)
    balance: int = field(init=False)
    cap: int = field(init=False)
    series: list[Change] = field(default_factory=list)
    zero_on: date | None = None
    taken: dict[int, int] = field(default_factory=dict)
    """Points that each established loss took and that have not come back, by its place in `losses`."""
    last: date | None = None
    """The last establishment since the last full restoration."""
    lengthened: bool = False
    """Whether one of the offences since then makes the delay of restoration the long one."""
    stops: dict[str, tuple[int, int]] = field(default_factory=dict)
    """For each stop its largest loss and what its losses took together."""
    returns: dict[date, list[tuple[int, bool]]] = field(default_factory=dict)
    """Losses whose points may come back on a day, and whether early (one point) or in the end."""

    def __post_init__(self) -> None:
        licence = self.licence
        losses = [one for one in self.facts if isinstance(one, Loss)]
        if licence.carried_points:
            start = licence.obtained_on
            losses.append(Loss(start, start, licence.carried_points, "carried"))
        # In one order whatever the order of recording, since a stop's limit is shared out in it.
        self.losses = sorted(
            losses,
            key=lambda one: (
                one.established_on,
                one.committed_on,
                -one.points,
                one.offence_class,
                one.ref or "",
            ),
        )
        for number, one in enumerate(self.losses):
            for months, early in (
                (self.rules.single_point_months, True),
                (self.rules.return_in_the_end_months, False),
            ):
                day = end_of_delay(one.established_on, months, self.rules)
                self.returns.setdefault(day, []).append((number, early))
        self.end = end_of_probation(licence, self.losses, self.facts, self.rules)
        self.gains = gains(licence, self.end, self.rules)
        regime = self.rules.regimes[licence.regime]
        self.balance, self.cap = regime.initial, POINTS_MAX if not regime.probation else regime.initial

    def run(self) -> None:
        """Live every day on which something moves, in order."""
        self._note(self.licence.obtained_on)
        done, fixed = date.min, self._fixed_days()
        while True:
            restored_on = self._restoration()
            days = [one for one in fixed if one > done]
            if restored_on is not None:
                days.append(restored_on)
            if self.zero_on is not None:
                days = [one for one in self._credits() if one > done and self._before_notice(one)]
            if not days:
                return
            done = min(days)
            if self.zero_on is None:
                self._morning(done, restored=done == restored_on)
            self._credit_and_lose(done)
            self._note(done)

    def standing(self, day: date, refused: tuple[tuple[int | None, Refusal], ...]) -> Standing:
        """Read the run at a day."""
        past = [one for one in self.series if one.on <= day][-1]
        later = tuple(one for one in self.series if one.on > day)
        zero = past.balance == 0
        seen = min(day, past.on) if zero else day
        return Standing(
            balance=past.balance,
            cap=past.cap,
            state=PointsState.INVALIDE if zero else PointsState.VALIDE,
            in_probation=self.licence.obtained_on <= seen < self.end,
            probation_end=self.end,
            course_required=self._course_required(),
            calendar=later,
            zero_on=past.on if zero else None,
            new_licence_from=self._new_licence_from(past.on) if zero else None,
            refused=refused,
        )

    def _fixed_days(self) -> list[date]:
        days = {self.end, *self.gains, *self._credits(), *self.returns}
        return sorted(days | {one.established_on for one in self.losses})

    def _credits(self) -> list[date]:
        """Points of a course count from the day after its last one (R223-8 III), on whatever day delays end."""
        return [one.last_day + timedelta(1) for one in self.facts if isinstance(one, Course)]

    def _morning(self, day: date, *, restored: bool) -> None:
        self._grow(day)
        for number, early in self.returns.get(day, ()):
            if self._returns(number, early=early):
                self.balance = min(self.cap, self.balance + self.taken.pop(number, 0))
        if restored:
            self.balance, self.last = self.cap, None
            self.taken.clear()
            if self.rules.restoration_forgets_classes:
                self.lengthened = False

    def _credit_and_lose(self, day: date) -> None:
        for credit in self._credits():
            if credit == day:
                self.balance = min(self.cap, self.balance + self.rules.course_points)
                self.zero_on = None
        for number, one in enumerate(self.losses):
            if one.established_on == day and one.points > 0:
                self._lose(number)
        if self.balance == 0:
            self.zero_on = day

    def _grow(self, day: date) -> None:
        start = self.licence.obtained_on
        gained = self.gains.get(day, 0)
        if gained and spotless(self.losses, start, day, self.rules):
            self.cap += gained
            self.balance = min(self.cap, self.balance + gained)
        if day == self.end > start:
            self.cap = POINTS_MAX
            if spotless(self.losses, start, day, self.rules):
                self.balance = POINTS_MAX

    def _lose(self, number: int) -> None:
        one = self.losses[number]
        points = one.points
        if one.stop is not None:
            largest, before = self.stops.get(one.stop, (0, 0))
            largest = max(largest, points)
            limit = self.rules.stop_limit
            if self.rules.stop_limit_yields_to_largest or len(self._same_stop(one)) == 1:
                limit = max(limit, largest)
            points = max(0, min(points, limit - before))
            self.stops[one.stop] = (largest, before + points)
        self.taken[number] = points
        self.last = one.established_on
        self.lengthened |= self.rules.offence_classes[one.offence_class].lengthens
        self.balance = max(0, self.balance - points)

    def _same_stop(self, one: Loss) -> list[Loss]:
        if one.stop is None:
            return [one]
        return [other for other in self.losses if other.stop == one.stop and other.points > 0]

    def _returns(self, number: int, *, early: bool) -> bool:
        one, rules = self.losses[number], self.rules
        if not early:
            return rules.offence_classes[one.offence_class].returns_in_the_end
        left_by_limit = rules.point_left_by_limit_returns and self.taken.get(number) == 1
        if one.points != 1 and not left_by_limit:
            return False
        if len(self._same_stop(one)) > 1 and not rules.single_point_of_stop_returns:
            return False
        end = end_of_delay(one.established_on, rules.single_point_months, rules)
        return self._nothing_new(one.established_on, end)

    def _nothing_new(self, since: date, until: date) -> bool:
        """Whether no offence established after `since` was committed in `[since, until)`."""
        return spotless([one for one in self.losses if one.established_on > since], since, until, self.rules)

    def _restoration(self) -> date | None:
        """The day on which all points return (L223-6 al. 1 and 2), by the losses established so far."""
        if self.last is None:
            return None
        rules = self.rules
        months = rules.restoration_months_long if self.lengthened else rules.restoration_months
        begins = self.last if rules.clock_runs_in_probation else max(self.last, self.end)
        # It does not apply during probation (L223-1 last al.): what became due there waits for its end, and an
        # offence committed while it waits still prevents it.
        due = max(end_of_delay(begins, months, rules), self.end)
        return due if self._nothing_new(self.last, due) else None

    def _before_notice(self, credit: date) -> bool:
        notices = [one.on for one in self.facts if isinstance(one, InvalidationNotified)]
        return self.rules.zero_awaits_notice and all(credit <= notice for notice in notices)

    def _course_required(self) -> bool:
        start = self.licence.obtained_on
        asked = [
            one.established_on
            for one in self.losses
            if one.points >= self.rules.required_course_points and start <= one.committed_on < self.end
        ]
        courses = [one.first_day for one in self.facts if isinstance(one, Course)]
        met = self.rules.required_course_is_met and any(first >= max(asked) for first in courses if asked)
        return bool(asked) and not met

    def _new_licence_from(self, zero_on: date) -> date | None:
        handed_in = [one.on for one in self.facts if isinstance(one, HandedIn)]
        if not handed_in:
            return None
        rules = self.rules
        again = any(
            earlier < zero_on < end_of_delay(earlier, rules.again_within_months, rules)
            for earlier in self.licence.earlier_zeros
        )
        months = rules.new_licence_months_again if again else rules.new_licence_months
        return end_of_delay(min(handed_in), months, rules)

    def _note(self, day: date) -> None:
        if not self.series or (self.series[-1].balance, self.series[-1].cap) != (self.balance, self.cap):
            self.series.append(Change(day, self.balance, self.cap))
