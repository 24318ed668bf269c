"""The programs of the story, started as their users start them: by name, with arguments, in processes of their own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
_VERDICT_EXITS: Final = {0, 10, 11, 12, 13}


class DemoFailed(Exception):
    """The story did not go as it must; the text says where and what to look at."""


def run(
    module: str, *arguments: str, exits: frozenset[int] | set[int] = frozenset((0,)), text: str = ""
) -> str:
    """Run a program to its end and return its standard output. Raises `DemoFailed` for an unexpected exit code."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode not in exits:
        words = f"`{module} {' '.join(arguments[:2])}` ended with {done.returncode}:\n{done.stderr.strip()[-800:]}"
        raise DemoFailed(words)
    return done.stdout.strip()


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Service:
    """`wallet-api` in a folder, started and stopped at will."""

    home: Path
    port: int
    log: Path
    cancel_seconds: int = 0
    """How long an act can be cancelled; the story tells of it in one chapter and does not wait in the others."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Its public address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers that it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wallet_api", "serve", "--home", str(self.home)],
                stdout=log,
                stderr=log,
                env=os.environ
                | {
                    "LP_PUBLISH_AFTER_ACTS": "0",
                    "LP_CANCEL_SECONDS": str(self.cancel_seconds),
                    "LP_LOOP_SECONDS": "0",
                },
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                msg = f"the service did not start; its words are in {self.log}"
                raise DemoFailed(msg)
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it and make sure that nothing answers any more."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        if self._ready():
            msg = "something still answers at the service's address"
            raise DemoFailed(msg)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def call(self, *arguments: str) -> str:
        """`wallet-api` on this home."""
        return run("wallet_api", *arguments, "--home", str(self.home))

    def refused(self, *arguments: str) -> None:
        """`wallet-api` on this home, which must refuse."""
        run("wallet_api", *arguments, "--home", str(self.home), exits={2})


@dataclass(frozen=True)
class Phone:
    """`mobile-sim` in a folder."""

    folder: Path

    def call(self, *arguments: str) -> str:
        """One command of the phone."""
        return run("mobile_sim", *arguments, "--phone", str(self.folder))

    def add(self, service: Service, person: str, document: str) -> str:
        """Take an offer; the id of the document on the phone."""
        offer = service.call("offer", "--person", person, "--document", document)
        return self.call("add", offer).splitlines()[-1]


@dataclass(frozen=True)
class Terminal:
    """`verifier` on a store."""

    store: Path

    def enrol(self, service: Service, profile: str) -> None:
        """Ask, let the operator answer, install, synchronise."""
        self.store.mkdir(parents=True)
        request, answer = self.store.parent / f"{profile}.request", self.store.parent / f"{profile}.enrolment"
        run("verifier", "enrol", "request", "--out", str(request), "--store", str(self.store))
        service.call("terminal", "enrol", str(request), "--profile", profile, "--out", str(answer))
        run("verifier", "enrol", "install", str(answer), "--store", str(self.store))
        self.sync()

    def sync(self, *source: str) -> None:
        """Fetch the lists from the service, or from a folder."""
        run("verifier", "sync", *source, "--store", str(self.store))

    def sync_refused(self, source: Path) -> None:
        """Offer lists that must not be taken."""
        run("verifier", "sync", str(source), "--store", str(self.store), exits={1})

    def scan(self, image: Path, *options: str) -> dict[str, Any]:
        """The verdict on a picture."""
        printed = run(
            "verifier",
            "scan",
            str(image),
            "--json",
            *options,
            "--store",
            str(self.store),
            exits=_VERDICT_EXITS,
        )
        verdict: dict[str, Any] = json.loads(printed)
        return verdict

    def read(self, code: str, *options: str) -> dict[str, Any]:
        """The verdict on a text, handed over on standard input."""
        printed = run(
            "verifier",
            "read",
            "--json",
            *options,
            "--store",
            str(self.store),
            exits=_VERDICT_EXITS,
            text=code + "\n",
        )
        verdict: dict[str, Any] = json.loads(printed)
        return verdict
