"""Real processes of the service, on free ports, started in a moment and killed without one."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.durability.processes import alive, kill, wait_until

ROOT: Final = Path(__file__).resolve().parents[2]
START_SECONDS: Final = 90.0
_TRIES: Final = 3


@dataclass(frozen=True)
class Api:
    """A `wallet-api serve` process and the port that it answers on."""

    process: int
    port: int
    log: Path


class Starter:
    """Starts services; `warm.py` says how."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        """Use the started program."""
        self._program = program

    def start(self, home: Path, environment: Mapping[str, str], *, plant: str | None = None) -> Api:
        """A service of `home`, answering. Raises `RuntimeError` with its last words when it does not start."""
        for _ in range(_TRIES):  # somebody else may take the port meanwhile
            api = self._started(home, environment, plant)
            if alive(api.process):
                return api
        raise RuntimeError(f"the service did not start: {api.log.read_text()[-2000:]}")

    def _started(self, home: Path, environment: Mapping[str, str], plant: str | None) -> Api:
        port, log = free_port(), home.parent / f"{home.name}.log"
        request = {
            "arguments": ["serve", "--home", str(home), "--port", str(port)],
            "environment": dict(environment),
            "log": str(log),
            "plant": plant,
        }
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        print(json.dumps(request), file=self._program.stdin, flush=True)
        api = Api(int(self._program.stdout.readline()), port, log)
        wait_until(
            lambda: _answers(port) or not alive(api.process), START_SECONDS, "the service did not start"
        )
        return api


@contextmanager
def starter(under: Sequence[str] = ()) -> Iterator[Starter]:
    """Something that starts services for as long as the block runs; what it started is killed at the end.

    `under` is a command that runs another one, such as a tracer.
    """
    command = [*under, sys.executable, "-m", "tests.durability.warm"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as program:
        from tests.durability.processes import children_of

        try:
            yield Starter(program)
        finally:
            kill([*children_of(program.pid), program.pid])


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
