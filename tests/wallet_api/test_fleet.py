"""Three service processes on one PostgreSQL database and one home: acts through all, one publisher, one survivor's turn."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from credentials.spec import Audience
from tests.wallet_api.conftest import LICENCE, _execute
from tests.wallet_api.serving import Serving, serving, wait_for
from verifier.enrolment import install, request
from verifier.errors import SyncError
from verifier.store import TerminalStore
from verifier.sync import sync
from wallet_api import steward, tables
from wallet_api.home import make_home
from wallet_api.lease import LeaseRow, find_lease
from wallet_api.openid4vci.offer import make_offer
from wallet_api.publication import run
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.terminals.enrol import enrol_terminal
from wallet_api.wiring import Service, wire

pytestmark = [pytest.mark.network, pytest.mark.postgres]
LEASE_SECONDS, LOOP_SECONDS = 3, 1
ENVIRONMENT = {
    "LP_LEASE_SECONDS": str(LEASE_SECONDS),
    "LP_LOOP_SECONDS": str(LOOP_SECONDS),
    "LP_PUBLISH_EVERY_SECONDS": "1",
    "LP_ADDRESS_PER_MINUTE": "0",
    "LP_CALLER_PER_MINUTE": "0",
    "LP_CANCEL_SECONDS": "0",
    "LP_PUBLISH_AFTER_ACTS": "0",
    "LP_POOL_SIZE": "8",
}
ACTS = 45


@pytest.fixture
def service(tmp_path: Path, postgres: str) -> Iterator[Service]:
    """A home on PostgreSQL, and the test's own look into its database."""
    name = f"lp_fleet_{os.getpid()}"
    _execute(postgres, f"CREATE DATABASE {name}")
    address = postgres.replace("/postgres?", f"/{name}?")
    environment = {**ENVIRONMENT, "LP_DATABASE_URL": address}
    made = make_home(environment, tmp_path / "home", base_url="http://127.0.0.1:8460", demo=True)
    wired = wire(made.settings)
    yield wired
    wired.database.close()
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Terminal:
    """Synchronises from the published folder as often as it can, as a mirror's reader would."""

    store: TerminalStore
    tree: Path
    editions: list[int] = field(default_factory=list)
    between: int = 0
    failure: Exception | None = None

    def watch(self, stop: threading.Event) -> None:
        """Each attempt ends with new lists, or with the old ones when it came in between two files of a switch."""
        try:
            while not stop.wait(0.05):
                self.look()
        except Exception as error:  # noqa: BLE001 - told by the test's own thread
            self.failure = error

    def look(self) -> None:
        """One attempt."""
        try:
            sync(self.store, str(self.tree), at=int(time.time()))
        except SyncError:
            self.between += 1
        self.editions.append(max(one.edition for one in self.store.snapshot().status_lists.values()))


def _terminal(service: Service, folder: Path) -> Terminal:
    asked = request(folder)
    store = install(folder, enrol_terminal(service, asked, Audience.POLICE, test_mode=False))
    run.publish_now(service)
    return Terminal(store, service.settings.published_folder / "police")


@dataclass
class Clerk:
    """Sends acts to the processes in turn; one that does not answer is followed by the next, with the same key."""

    service: Service
    fleet: list[Serving]
    document_id: str
    name: str
    acknowledged: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def work(self) -> None:
        """Each act once, through whichever process answers."""
        for number in range(ACTS):
            reference = f"{self.name}-{number}"
            for attempt in range(len(self.fleet) * 2):
                if self._send(self.fleet[(number + attempt) % len(self.fleet)], reference):
                    self.acknowledged.append(reference)
                    break
            time.sleep(0.1)  # as fast as people, so that the acts last longer than the fleet's troubles

    def _send(self, to: Serving, reference: str) -> bool:
        issuer = self.service.development
        assert issuer is not None
        asked = urllib.request.Request(
            f"{to.url}/authority/licences/{self.document_id}/suspensions",
            json.dumps({"decision_reference": reference, "until": "2099-01-01"}).encode(),
            {
                "Authorization": f"Bearer {issuer.mint(self.name, int(time.time()))}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"fleet-of-three-{reference}",
            },
        )
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return bool(answer.status == 201)
        except urllib.request.HTTPError as error:
            self.refused.append(error.code)
            return False
        except (OSError, HTTPException):
            return False


def _lease(service: Service, name: str) -> LeaseRow | None:
    with service.database.read() as connection:
        return find_lease(connection, name)


def _editions(service: Service) -> list:
    with service.database.read() as connection:
        return list(connection.execute(select(tables.publication).order_by(tables.publication.c.edition)))


def _finished(service: Service) -> list:
    return [row for row in _editions(service) if row.finished_at is not None]


def _kill_while_it_publishes(service: Service, fleet: list[Serving]) -> tuple[Serving, LeaseRow]:
    """SIGKILL whoever holds the lease of publication; it is gone without giving the lease back."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        row = _lease(service, run.LEASE)
        held = [one for one in fleet if row and row.held and row.holder.split(":")[1] == str(one.process.pid)]
        if held:
            held[0].process.send_signal(signal.SIGSTOP)  # whatever it does now, it does not end it
            if _lease(service, run.LEASE) == row:
                held[0].process.kill()
                held[0].process.wait()
                return held[0], row
            held[0].process.send_signal(signal.SIGCONT)
        time.sleep(0.005)
    raise AssertionError("nobody published")


def test_three_processes_publish_one_at_a_time_and_outlive_the_publisher(service, tmp_path):
    """Acts through all at once, none lost; the holder is killed in the middle and followed within the lease's time."""
    with service.database.write() as connection:
        offer = make_offer(service, connection, LICENCE, PEOPLE["camille"].references[LICENCE])
    terminal = _terminal(service, tmp_path / "terminal")
    environment = {**ENVIRONMENT, "LP_DATABASE_URL": service.settings.database_url}
    with serving(service.settings.home, 3, environment) as fleet:
        clerks = [Clerk(service, fleet, offer.document_id, name) for name in ("agnes", "bruno")]
        stop = threading.Event()
        threads = [threading.Thread(target=one.work) for one in clerks]
        watching = threading.Thread(target=terminal.watch, args=(stop,))
        for one in (*threads, watching):
            one.start()
        before = len(_finished(service))
        wait_for(lambda: len(_finished(service)) >= before + 2)

        dead, row = _kill_while_it_publishes(service, fleet)
        killed_at = time.monotonic()
        wait_for(lambda: (_lease(service, steward.LEASE) or row).holder != row.holder)
        led_after = time.monotonic() - killed_at
        wait_for(lambda: _finished(service)[-1].fencing > row.fencing)
        published_after = time.monotonic() - killed_at
        print(f"led again after {led_after:.1f} s, published again after {published_after:.1f} s")
        # The lease, one look of the others, and what a busy machine makes of both.
        assert led_after < LEASE_SECONDS + LOOP_SECONDS + 5

        for one in threads:
            one.join()
        stop.set()
        watching.join()
        left = [one for one in fleet if one is not dead]
        assert all(one.ready() for one in left)
        for one in left:
            one.process.send_signal(signal.SIGTERM)
        assert {one.process.wait(30) for one in left} <= {0, -signal.SIGTERM}

    assert not any(_lease(service, name).held for name in (run.LEASE, steward.LEASE))
    _assert_one_publisher_at_a_time(service)
    _assert_acts_are_recorded_once(service, clerks)
    assert terminal.failure is None
    assert terminal.editions == sorted(terminal.editions)
    terminal.look()
    assert terminal.editions[-1] == _finished(service)[-1].edition
    assert len(set(terminal.editions)) > 2


def _assert_one_publisher_at_a_time(service: Service) -> None:
    """By the rows alone: editions and numbers rise together, and no publication began before the former ended."""
    rows = [row for row in _editions(service) if row.fencing is not None]
    assert all(earlier.fencing < later.fencing for earlier, later in pairwise(rows))
    finished = [row for row in rows if row.finished_at is not None]
    assert all(earlier.finished_at <= later.started_at for earlier, later in pairwise(finished))
    assert (
        len({row.holder.split(":")[1] for row in finished}) >= 3
    )  # the test itself, the dead one, its follower


def _assert_acts_are_recorded_once(service: Service, clerks: list[Clerk]) -> None:
    table = tables.measure
    with service.database.read() as connection:
        recorded = list(connection.execute(select(table.c.decision_reference)).scalars())
    assert sorted(recorded) == sorted(reference for one in clerks for reference in one.acknowledged)
    assert len(recorded) == ACTS * len(clerks)
    assert [code for one in clerks for code in one.refused if code != 503] == []
