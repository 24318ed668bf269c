"""The long runs: `./run kill --engine sqlite --cycles 200` and `./run once --engine postgresql --decisions 1000`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.durability import exactly_once, flushes, killing
from tests.durability.place import ENGINES
from tests.wallet_api import postgres_cluster


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, and exit 1 when anything was lost, doubled or broken (with a planted fault: when nothing was)."""
    parser = argparse.ArgumentParser(prog="./run", description=__doc__)
    words = parser.add_subparsers(required=True, metavar="WORD")
    one = words.add_parser("kill", help="kill -9 of every process during writes, again and again")
    _shared(one)
    one.add_argument("--cycles", type=int, default=200)
    one.add_argument(
        "--flushes",
        type=int,
        metavar="ACTS",
        help="kill nothing: trace so many acts, and require that each was flushed before its answer",
    )
    one.add_argument("--plant", choices=sorted(killing.FAULTS), help="a fault that must be found")
    one.set_defaults(run=_kill)
    one = words.add_parser("once", help="each decision many times at the same moment")
    _shared(one)
    one.add_argument("--decisions", type=int, default=1_000)
    one.add_argument("--copies", type=int, default=50)
    one.add_argument(
        "--plant", action="store_true", help="keys forgotten and no unique constraint: must be found"
    )
    one.set_defaults(run=_once)
    options = parser.parse_args(arguments)
    missing = postgres_cluster.why_not() if "postgresql" in (options.engine or ENGINES) else None
    if getattr(options, "flushes", None):
        missing = missing or flushes.why_not()
    if missing is not None:
        parser.error(missing)
    return int(options.run(options))


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engine", choices=ENGINES, action="append", help="both when not given")
    parser.add_argument("--seed", type=int, default=1)


def _kill(options: argparse.Namespace) -> int:
    right = True
    for engine in options.engine or ENGINES:
        found = _flushes(engine, options) if options.flushes else _cycles(engine, options)
        if options.plant is not None:
            print(f"the planted fault `{options.plant}` was {'found' if found else 'NOT found'}")
        right = right and found == (options.plant is not None)
    return 0 if right else 1


def _cycles(engine: str, options: argparse.Namespace) -> bool:
    print(f"seed {options.seed}, {options.cycles} cycles on {engine}", flush=True)
    fault, planted = killing.FAULTS.get(options.plant, killing.NO_FAULT), options.plant is not None
    findings = killing.run(engine, options.cycles, options.seed, fault=fault, until_lost=planted)
    print(killing.report(findings), flush=True)
    return bool(findings.differences)


def _flushes(engine: str, options: argparse.Namespace) -> bool:
    seen = flushes.run(engine, options.flushes, fault=killing.FAULTS.get(options.plant, killing.NO_FAULT))
    print(flushes.report(seen), flush=True)
    return bool(seen.faults)


def _once(options: argparse.Namespace) -> int:
    right = True
    for engine in options.engine or ENGINES:
        outcome = exactly_once.run(
            engine, options.decisions, options.copies, options.seed, planted=options.plant
        )
        print(exactly_once.report(outcome), flush=True)
        right = right and bool(outcome.differences) == options.plant
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
