"""Probation: when it ends, and what is gained on the way (L223-1, R223-1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from .facts import CategoryAdded, Fact, Licence, Loss, Restricted
from .rules import RuleTable, end_of_delay


def end_of_probation(
    licence: Licence, losses: Sequence[Loss], facts: Sequence[Fact], rules: RuleTable
) -> date:
    """The first day after probation, by the facts known. It is `obtained_on` where the regime has none."""
    regime, start = rules.regimes[licence.regime], licence.obtained_on
    end = end_of_delay(start, regime.probation, rules) if regime.probation else start
    if licence.training_completed_on is not None and regime.probation:
        shorter = end_of_delay(start, regime.probation_after_training, rules)
        restricted = any(isinstance(one, Restricted) and start <= one.since < shorter for one in facts)
        if not restricted and spotless(losses, start, shorter, rules):
            end = shorter
    for one in facts:
        if isinstance(one, CategoryAdded) and (one.category, one.via) == ("B", "aac") and one.on < end:
            two_years = end_of_delay(start, rules.accompanied_probation_months, rules)
            end = min(end, max(two_years, one.on))
    return end


def gains(licence: Licence, end: date, rules: RuleTable) -> dict[date, int]:
    """Points gained on each day before the end of probation, if nothing was lost since the start."""
    days = {
        end_of_delay(licence.obtained_on, month, rules): points
        for month, points in rules.regimes[licence.regime].gains
    }
    return {day: points for day, points in days.items() if day < end}


def spotless(losses: Sequence[Loss], start: date, end: date, rules: RuleTable) -> bool:
    """Whether no offence that cost points was committed in `[start, end)`; one of no points breaks nothing."""
    return not any(
        one.points > 0
        and start <= one.committed_on < end
        and (rules.late_establishment_takes_gain_back or one.established_on < end)
        for one in losses
    )
