"""Real `wallet-api serve` processes of one home, on free ports."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60


@dataclass
class Serving:
    """One process that serves."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def ready(self) -> bool:
        """Whether it answers that it is ready."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(home: Path, count: int, environment: Mapping[str, str]) -> Iterator[list[Serving]]:
    """Start `count` processes at once, wait until all are ready; kill what is left at the end."""
    started: list[Serving] = []
    try:
        for number in range(count):
            port, log = free_port(), home.parent / f"serve-{number}.log"
            with log.open("wb") as stream:
                where = ("--home", str(home), "--host", "127.0.0.1", "--port", str(port))
                process = subprocess.Popen(
                    [sys.executable, "-W", "error", "-m", "wallet_api", "serve", *where],
                    stderr=stream,
                    env={**os.environ, **environment},
                )
            started.append(Serving(f"http://127.0.0.1:{port}", process, log))
        wait_for(lambda: all(one.ready() for one in started))
        yield started
    finally:
        for one in started:
            one.process.kill()
            one.process.wait()


def wait_for(reached, seconds: float = SECONDS, pause: float = 0.05) -> None:
    """Look again and again until it is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause)
