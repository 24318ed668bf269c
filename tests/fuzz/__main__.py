"""`python -m tests.fuzz --inputs N --seed S [--processes P] [--plant FAULT]`: fuzz the verifier and say what was found.

A fault is an exception, a false accept, a false refusal, an accusation for a misreading, two verdicts for one input, more
than 50 ms of CPU or 16 MiB. `--plant` disables one check of the verifier first: the run must then find it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Sequence

from tests.fuzz.running import PLANTS, fuzz, report
from tests.fuzz.spoilt_pictures import pictures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, and exit 1 when anything was found (with `--plant`: when nothing was)."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--pictures", type=int, default=0, help="also so many spoilt picture files")
    parser.add_argument("--plant", choices=sorted(PLANTS))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}, {options.processes} processes", flush=True)
    findings = fuzz(options.inputs, options.seed, options.processes, options.plant)
    print(report(findings))
    if options.pictures:
        print(f"{options.pictures} pictures: {pictures(options.seed, options.pictures)}")
    if options.plant:
        found = bool(findings.faults)
        print(f"the planted fault `{options.plant}` was {'found' if found else 'NOT found'}")
        return 0 if found else 1
    return 1 if findings.faults else 0


if __name__ == "__main__":
    sys.exit(main())
