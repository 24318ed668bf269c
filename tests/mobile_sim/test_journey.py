"""The phone against the true service and the true verifier, each a process of its own, the service's clock months ahead."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)

pytestmark = [pytest.mark.network, pytest.mark.slow]


@dataclass
class World:
    """A folder with a service's home, phones and terminals."""

    folder: Path
    url: str
    began: float

    def at(self, seconds=0):
        """The service's present instant, and `seconds` more: each program starts its clock there."""
        return (NOW + timedelta(seconds=time.monotonic() - self.began + seconds)).isoformat()

    def run(self, room, *words, stdin=None, prefix=(), expect=0):
        """Run one program in the folder; return what it printed."""
        ran = subprocess.run(
            [*prefix, sys.executable, "-m", room, *map(str, words)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, input=stdin, check=False,
        )  # fmt: skip
        assert ran.returncode == expect, ran.stdout + ran.stderr
        return ran

    @property
    def environment(self):
        """The service's clock; nothing of the machine's own settings matters."""
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LP_TEST_NOW": self.at()}

    def serve(self):
        """Start the service and wait until it answers."""
        log = (self.folder / "serve.log").open("ab")
        service = subprocess.Popen(
            [sys.executable, "-m", "wallet_api", "serve", "--home", "home"],
            cwd=self.folder, env=self.environment, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and service.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/healthz", timeout=5).close()
            except OSError:
                select_briefly()
            else:
                return service
        raise AssertionError((self.folder / "serve.log").read_text()[-2_000:])

    def phone(self, *words, **options):
        """One command of the phone."""
        return self.run("mobile_sim", *words, "--phone", "phone", **options)

    def take(self, person, document):
        """Offer a document and take it with the transaction code."""
        offered = self.run(
            "wallet_api", "offer", "--home", "home", "--person", person, "--document", document, "--tx-code"
        )
        code = re.search(r": (\d{6})$", offered.stderr, re.MULTILINE)[1]
        return self.phone("add", "-", "--tx-code", code, stdin=offered.stdout).stdout.strip()

    def enrol(self, profile):
        """A terminal of `profile` with everything published so far."""
        store = f"store-{profile}"
        self.run("verifier", "enrol", "request", "--store", store, "--out", f"{profile}.request")
        self.run("wallet_api", "terminal", "enrol", f"{profile}.request", "--home", "home", "--profile", profile,
                 "--out", f"{profile}.answer")  # fmt: skip
        self.run(
            "verifier", "enrol", "install", f"{profile}.answer", "--store", store, "--at", NOW.isoformat()
        )
        self.sync(profile)

    def sync(self, profile):
        """Bring a terminal up to date from the folder, as a USB stick would."""
        words = (
            f"home/published/{profile}" if profile != "anyone" else "home/published/public",
            "--at",
            self.at(),
        )
        self.run("verifier", "sync", *words, "--store", f"store-{profile}")

    def judge(self, profile, when, *texts):
        """Outcome and reason of each code, read at `when` by one terminal."""
        ran = subprocess.run(
            [sys.executable, "-m", "verifier", "read", "--json", "--at", when, "--store", f"store-{profile}"],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, input="".join(texts), check=False,
        )  # fmt: skip
        found = [json.loads(line) for line in ran.stdout.splitlines()]
        return [(one["outcome"], one["reason"]) for one in found]

    def show(self, when, view, form="cbor", *, audience=None, prefix=()):
        """The text of a code signed at `when`."""
        asked = () if audience is None else ("--audience", audience)
        words = ("--view", view, "--form", form, "--at", when, "--text", *asked)
        return self.phone("show", *words, prefix=prefix).stdout


def select_briefly():
    """Give the service a moment: poll an unused socket pair instead of sleeping."""
    left, right = socket.socketpair()
    left.settimeout(0.1)
    try:
        left.recv(1)
    except TimeoutError:
        pass
    finally:
        left.close()
        right.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    world = World(tmp_path_factory.mktemp("journey"), url, time.monotonic())
    world.run("wallet_api", "init", "--home", "home", "--demo", "--base-url", url)
    return world


def test_taken_online_shown_offline_paused_and_resumed(world):
    """Both documents, both forms, three terminals; the service stopped in between; the clock offset learned."""
    service = world.serve()
    try:
        assert [world.take("camille", "driving_licence"), world.take("lea", "vitale_card")] == [
            "permis-1",
            "vitale-1",
        ]
        world.run("wallet_api", "publish", "--home", "home")
        for profile in ("police", "health", "anyone"):
            world.enrol(profile)
    finally:
        service.terminate()
        service.wait()
    shown_offline(world)
    phone_clock(world)
    service = world.serve()
    try:
        world.phone("pause", "--document", "permis-1")
        world.run("wallet_api", "publish", "--home", "home")
        world.sync("police")
        when = world.at()
        assert world.judge("police", when, world.show(when, "road_check")) == [("REFUSED", "PAUSED")]
        assert "wallet-paused" in world.phone("refresh", "--document", "permis-1", expect=3).stderr
        world.phone("resume", "--document", "permis-1")
        world.phone("refresh", "--document", "permis-1")
        world.run("wallet_api", "publish", "--home", "home")
        world.sync("police")
        when = world.at()
        assert world.judge("police", when, world.show(when, "road_check")) == [("VALID", "OK")]
    finally:
        service.terminate()
        service.wait()


def shown_offline(world):
    """Every view in both forms, without any network where that can be arranged."""
    when = world.at()
    prefix = ("unshare", "-n") if os.geteuid() == 0 and shutil.which("unshare") else ()
    road, care, proof = (
        [world.show(when, view, form, prefix=prefix) for form in ("cbor", "jwt")]
        for view in ("road_check", "care", "proof")
    )
    meant = world.show(when, "proof", audience="police")
    valid, denied = ("VALID", "OK"), ("UNREADABLE", "ROLE_DENIED")
    assert world.judge("police", when, *road, meant, *care) == [valid] * 3 + [denied] * 2
    assert world.judge("health", when, *care, *road) == [valid] * 2 + [denied] * 2
    assert world.judge("anyone", when, *proof, *road) == [valid] * 2 + [denied] * 2
    world.phone("paper", "--png", "card.png")
    scanned = world.run(
        "verifier", "scan", "card.png", "--json", "--at", when, "--store", "store-anyone", expect=11
    )
    assert json.loads(scanned.stdout)["reason"] == "PAPER"
    assert "ne répond pas" in world.phone("refresh", expect=3).stderr


def phone_clock(world):
    """Without --at the instant signed is the service's time, months ahead of this machine's: VALID now, REPLAY later."""
    text = world.phone("show", "--view", "proof", "--text").stdout
    issuer = json.loads(next((world.folder / "phone/issuers").glob("*/issuer.json")).read_text())
    corrected = datetime.fromtimestamp(time.time() + issuer["clock_offset"], UTC)
    assert abs(corrected - datetime.fromisoformat(world.at())) < timedelta(minutes=2)
    assert world.judge("anyone", corrected.isoformat(), text) == [("VALID", "OK")]
    later = corrected + timedelta(minutes=4)
    assert world.judge("anyone", later.isoformat(), text) == [("REFUSED", "REPLAY")]
