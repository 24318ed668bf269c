"""The figures of the last thirty days, from sums: pure, so that the same sums always say the same.

- Availability: minutes in which the service lived and reached its database, of all since the first one known.
- Latency: the bound under which half, 95 and 99 of 100 answers stayed; the classes are those of `tally.py`, and the true
  value is at most the bound.
- Verdicts and opinions come from terminals. A count under `THRESHOLD` is withheld and the others are rounded down to a
  multiple of it, without totals: neither a withheld cell nor one day's change can be computed from what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from pydantic import BaseModel

from credentials.paris_day import paris_day, paris_midnight
from verifier.reasons import Outcome, Reason

from .opinions import NOTES, Topic
from .tally import BEYOND, BOUNDS, GROUPS

THRESHOLD: Final = 10
PERIOD_DAYS: Final = 30
DAYS: Final = 14
"""How many days are told one by one."""
OPINIONS: Final = ("very_bad", "bad", "fair", "good", "very_good")
Sums = Mapping[tuple[str, str, str], int]


class DayFigures(BaseModel):
    """One civil day of Paris, all addresses together; figures as in `GroupFigures` and `Quality`."""

    day: date
    availability: float | None
    answers: int
    failed: int
    p50: int | None
    p95: int | None
    p99: int | None


class GroupFigures(BaseModel):
    """One group of addresses. Latencies are upper bounds in milliseconds; null: beyond the last bound, or no answer."""

    group: str
    answers: int
    failed: int
    p50: int | None
    p95: int | None
    p99: int | None


class CountOf(BaseModel):
    """A count rounded down to a multiple of ten; null: fewer than ten, withheld."""

    code: str
    outcome: Outcome | None = None
    at_least: int | None


class TopicFigures(BaseModel):
    """The public's opinions on a topic: their number rounded down to a multiple of ten, and the mean note to a tenth.

    Null: fewer than ten.
    """

    topic: Topic
    at_least: int | None
    mean: float | None


class Quality(BaseModel):
    """The figures of a period. `availability` is a share between 0 and 1; null: nothing is known yet.

    `lists_age_seconds` is the age of the published lists at `until`; null: none was published.
    """

    since: str
    until: str
    availability: float | None
    minutes_known: int
    days: list[DayFigures]
    groups: list[GroupFigures]
    lists_age_seconds: int | None
    verdicts: list[CountOf]
    opinions: list[CountOf]
    public_opinions: list[TopicFigures]


def groups_of(sums: Sums) -> list[GroupFigures]:
    """Each group's figures, in the order of the page."""
    return [_group(name, sums) for name in (*GROUPS, "pages")]


def availability(first: int | None, marked: int, until: int) -> tuple[float | None, int]:
    """The share of minutes that were marked since `first`, and how many whole minutes that was. `until` excluded."""
    known = 0 if first is None else max(0, until // 60 - first // 60)
    return (None if known == 0 else round(min(marked, known) / known, 5)), known


def days_of(
    first: int | None, minutes: Mapping[int, int], answers: Mapping[tuple[int, str, str], int], until: int
) -> list[DayFigures]:
    """The last `DAYS` days since the minute `first`, the newest first; a day of silence is one of them.

    `minutes` are those marked, by hour; `answers` are counts by hour, kind and value; `until` is a whole minute.
    """
    if first is None or until <= first:
        return []
    today = paris_day(until - 1)
    found = [today - timedelta(days=back) for back in range(DAYS)]
    return [_day(one, first, minutes, answers, until) for one in found if one >= paris_day(first)]


def _day(
    day: date,
    first: int,
    minutes: Mapping[int, int],
    answers: Mapping[tuple[int, str, str], int],
    until: int,
) -> DayFigures:
    begins, ends = paris_midnight(day), paris_midnight(day + timedelta(days=1))
    marked = sum(count for hour, count in minutes.items() if begins <= hour < ends)
    share, _ = availability(max(first, begins), marked, min(until, ends))
    sums: dict[tuple[str, str], int] = {}
    for (hour, kind, value), count in answers.items():
        if begins <= hour < ends:
            sums[kind, value] = sums.get((kind, value), 0) + count
    ok, failed = sums.get(("answer", "ok"), 0), sums.get(("answer", "failed"), 0)
    p50, p95, p99 = _quantiles({value: count for (kind, value), count in sums.items() if kind == "latency"})
    return DayFigures(
        day=day, availability=share, answers=ok + failed, failed=failed, p50=p50, p95=p95, p99=p99
    )


def verdicts_of(sums: Sums) -> list[CountOf]:
    """By reason, all profiles together, in the order of the catalogue; reasons that nobody reported are left out."""
    totals = _by_value(sums, "verdict")
    return [
        CountOf(code=one.value, outcome=one.outcome, at_least=_shown(totals[one.value]))
        for one in Reason
        if one.value in totals
    ]


def opinions_of(sums: Sums) -> list[CountOf]:
    """From very bad to very good; nothing when nobody gave one."""
    totals = _by_value(sums, "opinion")
    return [CountOf(code=one, at_least=_shown(totals.get(one, 0))) for one in OPINIONS] if totals else []


def public_opinions_of(sums: Mapping[tuple[str, int], int]) -> list[TopicFigures]:
    """Every topic, in the order of the list."""
    return [_of_topic(topic, {note: sums.get((topic.value, note), 0) for note in NOTES}) for topic in Topic]


def _of_topic(topic: Topic, counts: Mapping[int, int]) -> TopicFigures:
    number = sum(counts.values())
    total = sum(note * count for note, count in counts.items())
    mean = None if number < THRESHOLD else round(total / number, 1)
    return TopicFigures(topic=topic, at_least=_shown(number), mean=mean)


def _shown(count: int) -> int | None:
    return None if count < THRESHOLD else count // THRESHOLD * THRESHOLD


def _by_value(sums: Sums, wanted: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (kind, _, value), count in sums.items():
        if kind == wanted:
            totals[value] = totals.get(value, 0) + count
    return totals


def _group(name: str, sums: Sums) -> GroupFigures:
    ok, failed = sums.get(("answer", name, "ok"), 0), sums.get(("answer", name, "failed"), 0)
    latency = {value: sums.get(("latency", name, value), 0) for value in (*map(str, BOUNDS), BEYOND)}
    p50, p95, p99 = _quantiles(latency)
    return GroupFigures(group=name, answers=ok + failed, failed=failed, p50=p50, p95=p95, p99=p99)


def _quantiles(latency: Mapping[str, int]) -> tuple[int | None, ...]:
    """The bounds of 50, 95 and 99 of 100 answers, from counts by bound."""
    classes = [(bound, latency.get(str(bound), 0)) for bound in BOUNDS]
    total = sum(count for _, count in classes) + latency.get(BEYOND, 0)
    return tuple(_quantile(classes, total, share) for share in (50, 95, 99))


def _quantile(classes: Iterable[tuple[int, int]], total: int, share: int) -> int | None:
    """The bound of the class in which the answer number ceil(total x share / 100) falls."""
    seen = 0
    for bound, count in classes:
        seen += count
        if total and seen * 100 >= total * share:
            return bound
    return None
