"""Goal 9: `verifier read` from a cold start, beside a process that imports just the outside modules it ended with.

Wall time, since a start waits for the disk; fresh processes in alternation, medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from credentials.spec import Audience
from credentials.views import View
from tests.simulated_authority import INSTANT, SimulatedAuthority, moment, proof
from tests.simulated_phone import SimulatedPhone
from tests.simulated_terminal import terminal

from .paired import MORE_ROUNDS, VOID_SPREAD, Ratio, spread

_ROOMS = ("credentials", "verifier", "__main__", "__mp_main__")
# Compiled modules are kept, as after an installation.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_LIST_MODULES = """
import runpy, sys
try:
    runpy.run_module("verifier", run_name="__main__", alter_sys=True)
except SystemExit:
    pass
sys.stderr.write("MODULES " + " ".join(sys.modules))
"""

# Extension modules that another one makes (cffi's) cannot be imported by name; their maker is in the list.
_IMPORT = """
for name in {}:
    try:
        __import__(name)
    except ImportError:
        pass
"""


def ratios() -> list[Ratio]:
    """One ratio; the code is verified by the real command on a real store."""
    with tempfile.TemporaryDirectory() as folder:
        store, text, at = _store(Path(folder))
        command = [sys.executable, "-m", "verifier", "read", "--store", str(store), "--at", at, "--json"]
        modules = _outside_modules(command, text)
        base = [sys.executable, "-c", _IMPORT.format(modules)]
        _seconds(command, text), _seconds(base, "")  # the first start compiles, as an installation does
        pairs = [(_seconds(command, text), _seconds(base, "")) for _ in range(MORE_ROUNDS)]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    return [
        Ratio(
            "cold `verifier read`",
            round(ratio, 3) if spread([bare for _, bare in pairs]) <= VOID_SPREAD else None,
            1.3,
            "at_most",
            f"importing its {len(modules)} outside modules",
            len(pairs),
            statistics.median(ours for ours, _ in pairs),
            statistics.median(bare for _, bare in pairs),
            round(spread([bare for _, bare in pairs]), 3),
        )
    ]


def _store(folder: Path) -> tuple[Path, str, str]:
    """A store on disk, written by the product's own enrolment and admission, a code for it, and the instant."""
    authority, phone = SimulatedAuthority(), SimulatedPhone(0)
    terminal(folder, Audience.POLICE, [authority.publish()])
    issued = authority.issue(authority.claims(proof(), phone=0))
    text = phone.show(issued, View.PROOF, audience="anyone", at=INSTANT)
    return folder, text + "\n", moment(INSTANT).isoformat().replace("+00:00", "Z")


def _outside_modules(command: list[str], text: str) -> list[str]:
    code = f"import sys; sys.argv = {['verifier', *command[3:]]!r}\n{_LIST_MODULES}"
    done = subprocess.run(
        [sys.executable, "-c", code], input=text, text=True, capture_output=True, check=True
    )
    names = done.stderr.rsplit("MODULES ", 1)[1].split()
    return [name for name in names if name.partition(".")[0] not in _ROOMS and "-" not in name]


def _seconds(command: list[str], text: str) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False, env=_ENVIRONMENT)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        msg = f"the command ended with {done.returncode}; nothing was measured\n{done.stderr[-400:]}"
        raise SystemExit(msg)
    return seconds
