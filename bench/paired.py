"""How a ratio is measured: CPU time, rounds in which candidate and base each run once in shuffled order, medians.

A base whose spread (IQR / median) exceeds 15 % makes the run void; it is repeated once with 31 rounds, and a second void
run is reported as "not measured", never as a pass.
"""

from __future__ import annotations

import gc
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

BLOCK_SECONDS = 0.03
ROUNDS, MORE_ROUNDS = 15, 31
VOID_SPREAD = 0.15
SEED = 20_261_122


@dataclass(frozen=True, slots=True)
class Ratio:
    """One measured goal. `ratio` is None when both runs were void; times are medians in seconds per call."""

    name: str
    ratio: float | None
    goal: float
    direction: str
    base: str
    rounds: int
    candidate_seconds: float
    base_seconds: float
    spread: float

    @property
    def met(self) -> bool:
        """Whether the goal is met; a ratio that was not measured is not."""
        if self.ratio is None:
            return False
        return self.ratio <= self.goal if self.direction == "at_most" else self.ratio >= self.goal


def measure(
    name: str,
    candidate: Callable[[], object],
    base: Callable[[], object],
    *,
    goal: float,
    at_least: bool = False,
    of: str,
    less: Callable[[], float] = lambda: 0.0,
) -> Ratio:
    """Measure `candidate` beside `base`. `at_least`: the ratio is one of rates, base time over candidate time.

    `less` tells the seconds of processor time spent so far on what the goal leaves out.
    """
    first = _run(candidate, base, ROUNDS, less)
    result = _ratio(name, first, goal, at_least=at_least, of=of)
    if result.met:
        return result
    # A void run is repeated; so is a miss, which counts only when it is one twice.
    print(f"  {name}: once more with {MORE_ROUNDS} rounds", file=sys.stderr, flush=True)
    return _ratio(name, _run(candidate, base, MORE_ROUNDS, less), goal, at_least=at_least, of=of)


def _ratio(name: str, pairs: list[tuple[float, float]], goal: float, *, at_least: bool, of: str) -> Ratio:
    width = spread([base for _, base in pairs])
    value = statistics.median(base / ours if at_least else ours / base for ours, base in pairs)
    return Ratio(
        name,
        None if width > VOID_SPREAD else round(value, 3),
        goal,
        "at_least" if at_least else "at_most",
        of,
        len(pairs),
        statistics.median(ours for ours, _ in pairs),
        statistics.median(base for _, base in pairs),
        round(width, 3),
    )


def spread(values: list[float]) -> float:
    """Interquartile range over the median."""
    quarter, middle, three = statistics.quantiles(values, n=4)
    return (three - quarter) / middle


def _run(
    candidate: Callable[[], object], base: Callable[[], object], rounds: int, less: Callable[[], float]
) -> list[tuple[float, float]]:
    calls = (candidate, base)
    counts = [_count(call) for call in calls]
    order = random.Random(SEED)
    pairs = []
    gc.disable()
    try:
        for _ in range(rounds):
            times = [0.0, 0.0]
            for which in order.sample((0, 1), 2):
                times[which] = _block(calls[which], counts[which], less)
            pairs.append((times[0], times[1]))
            gc.collect()
    finally:
        gc.enable()
    return pairs


def _count(call: Callable[[], object]) -> int:
    count = 1
    while _block(call, count, lambda: 0.0) * count < BLOCK_SECONDS:
        count *= 2
    return count


def _block(call: Callable[[], object], count: int, less: Callable[[], float]) -> float:
    start = time.process_time() - less()
    for _ in range(count):
        call()
    return (time.process_time() - less() - start) / count
