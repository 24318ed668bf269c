"""`./run apifuzz --examples 20 --seed 1`: the whole interface, once for each role and once for nobody."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.wallet_api.serving import serving
from wallet_api.home import make_home
from wallet_api.identity.fictitious_callers import first_of
from wallet_api.roles import AccessRole
from wallet_api.settings import Settings
from wallet_api.wiring import wire

CHECKS = "nothing_fails,refusals_are_our_own_words"
PHASES = "examples,coverage,fuzzing,stateful"
NOBODY = "nobody"
# Limits would hide what lies behind them.
_ENVIRONMENT = {
    "LP_ADDRESS_PER_MINUTE": "0",
    "LP_CALLER_PER_MINUTE": "0",
    "LP_ACTS_PER_HOUR": "10000",
    "LP_LOOP_SECONDS": "0",
}


@dataclass(frozen=True)
class Round:
    """One role's run: the operations and cases that were tried, and what Schemathesis said when it failed."""

    role: str
    cases: int
    passed: bool
    said: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, report, exit 1 when anything was found (with a planted fault: when nothing was)."""
    parser = argparse.ArgumentParser(prog="./run apifuzz", description=__doc__)
    parser.add_argument(
        "--examples", type=int, default=20, help="generated for each operation and phase (20)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--role", action="append", choices=[*AccessRole, NOBODY], help="every one when not given"
    )
    parser.add_argument("--phases", default=PHASES)
    parser.add_argument("--path", metavar="REGEX", help="only the operations at such addresses")
    parser.add_argument(
        "--plant", action="store_true", help="a service that fails on a rare request: must be found"
    )
    asked = parser.parse_args(arguments)
    print(f"seed {asked.seed}, {asked.examples} examples of each operation", flush=True)
    found = cases = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        _service(Path(folder), plant=asked.plant) as (settings, url),
    ):
        for role in asked.role or [NOBODY, *AccessRole]:
            done = _round(settings, url, str(role), asked)
            cases += done.cases
            print(f"{done.role:18} {done.cases:6} requests  {'ok' if done.passed else 'FOUND'}", flush=True)
            if not done.passed:
                found += 1
                print(done.said, flush=True)
    print(f"{cases} requests, {found} rounds with findings")
    if asked.plant:
        print(f"the planted fault was {'found' if found else 'NOT found'}")
    return int(bool(found) != asked.plant)


@contextmanager
def _service(folder: Path, *, plant: bool) -> Iterator[tuple[Settings, str]]:
    made = make_home({}, folder / "home", base_url="http://127.0.0.1:8460", demo=True)
    environment = {**_ENVIRONMENT, **({"PYTHONPATH": f"{_plant(folder)}:{Path.cwd()}"} if plant else {})}
    with serving(made.settings.home, 1, environment) as (one,):
        yield replace(made.settings), one.url


def _plant(folder: Path) -> Path:
    """A start-up file that makes the search for a licence fail when its reference begins with a digit."""
    place = folder / "plant"
    place.mkdir()
    (place / "sitecustomize.py").write_text(
        "import wallet_api.authority.store as store\n"
        "find = store.find_document\n"
        "def failing(connection, authority_id, document_type, reference):\n"
        "    if '0' <= reference[:1] <= '9':\n"
        "        raise KeyError(reference)\n"
        "    return find(connection, authority_id, document_type, reference)\n"
        "store.find_document = failing\n"
    )
    return place


def _round(settings: Settings, url: str, role: str, asked: argparse.Namespace) -> Round:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/docs.json", "--url", url,
        "--checks", CHECKS, "--phases", asked.phases, "--max-examples", str(asked.examples),
        "--seed", str(asked.seed), "--generation-deterministic",
        "--continue-on-failure", "--no-shrink", "--no-color", "--warnings", "off", "--suppress-health-check", "all",
    ]  # fmt: skip
    if asked.path:
        command += ["--include-path-regex", asked.path]
    if role != NOBODY:
        command += ["--header", f"Authorization: Bearer {_token(settings, AccessRole(role))}"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.apifuzz.checks"}
    with tempfile.TemporaryDirectory() as place:  # it would leave its notes where it runs
        done = subprocess.run(
            command,
            env={**environment, "PYTHONPATH": str(Path.cwd())},
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
    counted = re.findall(r"(\d+) generated", done.stdout) or ["0"]
    return Round(
        role, int(counted[-1]), done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-1000:]}"
    )


def _token(settings: Settings, role: AccessRole) -> str:
    service = wire(settings)
    try:
        if service.development is None:
            raise LookupError(role)
        return service.development.mint(first_of(role), service.clock.now(), acr="eidas2")
    finally:
        service.database.close()


if __name__ == "__main__":
    sys.exit(main())
