"""Which facts the law allows to count; the others are refused, then ignored (france.md, 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum

from .facts import Annulment, CategoryAdded, Course, Fact, HandedIn, InvalidationNotified, Licence, Loss
from .rules import PROBATION_SINCE, RuleTable, end_of_delay


class Refusal(StrEnum):
    """Why a fact does not count."""

    BEFORE_LICENCE = "before_licence"
    DATES_OUT_OF_ORDER = "dates_out_of_order"
    POINTS_NOT_OF_CLASS = "points_not_of_class"
    CLASS_NOT_IN_FORCE = "class_not_in_force"
    COURSE_DAYS = "course_days"
    COURSE_TOO_SOON = "course_too_soon"
    COURSE_AFTER_INVALIDATION = "course_after_invalidation"
    TRAINING_OUTSIDE_WINDOW = "training_outside_window"
    ANNULS_NOTHING = "annuls_nothing"
    TWICE = "twice"
    STOP_OF_ANOTHER_DAY = "stop_of_another_day"


@dataclass(slots=True)
class Accepted:
    """A licence and the facts that count, in the order in which they were recorded, with what was refused.

    `refused` pairs a position in the facts, or None for the training, with the reason.
    """

    licence: Licence
    facts: list[Fact] = field(default_factory=list)
    refused: list[tuple[int | None, Refusal]] = field(default_factory=list)


def accept(licence: Licence, facts: Sequence[Fact], rules: RuleTable) -> Accepted:
    """Judge every fact against those recorded before it."""
    accepted = Accepted(licence)
    if licence.obtained_on < PROBATION_SINCE:
        accepted.licence = replace(licence, regime="settled")
    elif licence.training_completed_on is not None and not in_training_window(
        licence, licence.training_completed_on, rules
    ):
        accepted.licence = replace(licence, training_completed_on=None)
        accepted.refused.append((None, Refusal.TRAINING_OUTSIDE_WINDOW))
    for position, fact in enumerate(facts):
        reason = refusal(accepted.licence, fact, accepted.facts, rules)
        if reason is None:
            accepted.facts.append(fact)
        else:
            accepted.refused.append((position, reason))
    return accepted


def refusal(licence: Licence, fact: Fact, earlier: Sequence[Fact], rules: RuleTable) -> Refusal | None:
    """Why a fact does not count after those accepted before it; None when it does."""
    match fact:
        case Loss():
            return _refuse_loss(licence, fact, earlier, rules)
        case Course():
            return _refuse_course(licence, fact, earlier, rules)
        case Annulment():
            return _refuse_annulment(fact, earlier)
        case CategoryAdded() | InvalidationNotified() | HandedIn():
            return Refusal.BEFORE_LICENCE if fact.on < licence.obtained_on else None
        case _:
            return None


def in_training_window(licence: Licence, completed_on: date, rules: RuleTable) -> bool:
    """Whether a training falls from the 6th to the 12th month (R223-4-1), counted as every delay is."""
    begins = end_of_delay(licence.obtained_on, rules.training_from_month, rules)
    return begins <= completed_on < end_of_delay(licence.obtained_on, rules.training_until_month, rules)


def _refuse_loss(licence: Licence, loss: Loss, earlier: Sequence[Fact], rules: RuleTable) -> Refusal | None:
    kind = rules.offence_classes[loss.offence_class]
    if not kind.least <= loss.points <= kind.most:
        return Refusal.POINTS_NOT_OF_CLASS
    if loss.committed_on < kind.committed_from:
        return Refusal.CLASS_NOT_IN_FORCE
    if loss.established_on < loss.committed_on:
        return Refusal.DATES_OUT_OF_ORDER
    if loss.committed_on < licence.obtained_on:
        return Refusal.BEFORE_LICENCE
    if loss.ref is not None and any(isinstance(one, Loss) and one.ref == loss.ref for one in earlier):
        return Refusal.TWICE
    if loss.stop is not None and any(_stopped_another_day(one, loss) for one in earlier):
        return Refusal.STOP_OF_ANOTHER_DAY
    return None


def _stopped_another_day(one: Fact, loss: Loss) -> bool:
    """One stop holds offences committed together, and only their sum is limited (L223-2 III); it may pass midnight."""
    if not isinstance(one, Loss) or one.stop != loss.stop:
        return False
    return abs(one.committed_on - loss.committed_on) > timedelta(1)


def _refuse_annulment(annulment: Annulment, earlier: Sequence[Fact]) -> Refusal | None:
    for one in earlier:
        if isinstance(one, Loss) and one.ref == annulment.ref:
            return Refusal.DATES_OUT_OF_ORDER if annulment.on < one.established_on else None
    return Refusal.ANNULS_NOTHING


def _refuse_course(
    licence: Licence, course: Course, earlier: Sequence[Fact], rules: RuleTable
) -> Refusal | None:
    if course.last_day != course.first_day + timedelta(rules.course_days - 1):
        return Refusal.COURSE_DAYS
    if course.first_day < licence.obtained_on:
        return Refusal.BEFORE_LICENCE
    for one in earlier:
        if isinstance(one, Course) and _too_near(one, course, rules):
            return Refusal.COURSE_TOO_SOON
        if isinstance(one, InvalidationNotified) and one.on < course.first_day and not _void(one, earlier):
            return Refusal.COURSE_AFTER_INVALIDATION
    return None


def _too_near(one: Course, other: Course, rules: RuleTable) -> bool:
    """Whichever of the two was recorded first: a year lies between the end of the former and the later's beginning."""
    former, later = sorted((one, other), key=lambda course: course.first_day)
    return later.first_day < end_of_delay(former.last_day, rules.course_interval_months, rules)


def _void(notice: InvalidationNotified, facts: Sequence[Fact]) -> bool:
    """A notice falls with an annulment after it. If zero stands all the same, a course gives nothing anyway."""
    return any(isinstance(one, Annulment) and one.on >= notice.on for one in facts)
