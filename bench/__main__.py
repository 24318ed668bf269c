"""`./run bench`: every goal as a ratio to its base, on the screen and in build/bench.json."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from . import cold_start, issuing, verification, write_path
from .paired import Ratio

REPORT = Path(__file__).parent.parent / "build" / "bench.json"


def main() -> int:
    """Measure, print, write. Exit 0 whatever the figures: a missed goal is reported, not hidden."""
    print(f"Python {platform.python_version()}, {platform.machine()}; ratios, medians of rounds", flush=True)
    results = [
        *_said(verification.ratios()),
        *_said(cold_start.ratios()),
        *_said(issuing.ratios()),
        *_said(write_path.ratios()),
    ]
    REPORT.parent.mkdir(exist_ok=True)
    rows = [
        {
            "name": one.name,
            "ratio": one.ratio,
            "goal": one.goal,
            "direction": one.direction,
            "base": one.base,
            "rounds": one.rounds,
        }
        for one in results
    ]
    REPORT.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    print(f"written to {REPORT.relative_to(REPORT.parent.parent)}")
    return 0


def _said(results: Iterable[Ratio]) -> Iterable[Ratio]:
    for one in results:
        sign = "<=" if one.direction == "at_most" else ">="
        shown = "not measured" if one.ratio is None else f"{one.ratio:.3f}"
        verdict = "met" if one.met else "MISSED" if one.ratio is not None else "void"
        print(
            f"{one.name:38} {shown:>12} {sign} {one.goal:.2f}  {verdict:6} "
            f"({one.candidate_seconds * 1e6:.0f} us; base {one.base_seconds * 1e6:.0f} us, spread {one.spread:.0%}: {one.base})",
            flush=True,
        )
        yield one


if __name__ == "__main__":
    sys.exit(main())
