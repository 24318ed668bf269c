"""Backup and restore of many licences, measured on each engine: `./run backup --licences 100000`.

The licences are copies of one that was issued, with its credentials, wallet, ledger and journal. The operator's own commands
are run, each in a process of its own, and told with their time, that of the processor, and the most memory that the
process held (PostgreSQL's own are not in them). After the backup a licence is revoked and published: the service that is restored from the older backup beside
that published folder must keep it revoked, follow with a higher edition, and pass `audit verify`.

PostgreSQL runs with `fsync` and `synchronous_commit` on. Ends with 1 when something does not come back.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from starlette.testclient import TestClient

from credentials.spec import Domain, StatusValue
from tests.durability.durable_cluster import durable_cluster
from tests.wallet_api import postgres_cluster
from tests.wallet_api.conftest import BASE_URL, LICENCE, Authority, MovableClock, Tokens, approve
from tests.wallet_api.population import populate
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api import tables
from wallet_api.app import create_app
from wallet_api.backup.store import count_rows
from wallet_api.clock import rfc3339
from wallet_api.home import make_home
from wallet_api.openid4vci.offer import make_offer
from wallet_api.publication.check import unpack
from wallet_api.publication.reading import PublishedEdition, read_edition
from wallet_api.publication.run import publish_now
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.roles import AccessRole
from wallet_api.settings import read_settings
from wallet_api.wiring import Service, wire

VIEWS = ("driving_licence.road_check.cbor", "driving_licence.proof.cbor", "driving_licence.age_over_18.cbor")
COUNTED = (
    "document",
    "wallet",
    "credential",
    "access_grant",
    "points_entry",
    "points_balance",
    "audit_checkpoint",
)
LOOK = 0.05  # seconds between two looks at a command's memory


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(prog="./run backup", description=__doc__)
    parser.add_argument("--licences", type=int, default=100_000)
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    options = parser.parse_args(arguments)
    engines = ["sqlite", "postgresql"] if options.engine == "both" else [options.engine]
    return max([_measure(engine, options.licences) for engine in engines])


@dataclass
class Place:
    """Where one engine's service lives, and where it is restored."""

    engine: str
    folder: Path
    databases: list[dict[str, str]]
    clock: MovableClock = field(default_factory=MovableClock)

    def command(self, what: str, *words: object, new: bool = False) -> int:
        """Run a command of the service's, and tell its time and memory; returns its exit code."""
        home = self.folder / ("new" if new else "home")
        environment = os.environ | {"LP_CANCEL_SECONDS": "0", "LP_TEST_NOW": rfc3339(self.clock.instant)}
        environment |= self.databases[new]
        command = [sys.executable, "-m", "wallet_api", *map(str, words), "--home", str(home)]
        start, worked, most = time.perf_counter(), _worked(), 0
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                most = max(most, _memory(process.pid))
                time.sleep(LOOK)
        spent = f" ({_worked() - worked:.1f} s of processor), {most / 1_000:.0f} MB of memory"
        self.say(what, time.perf_counter() - start, spent)
        return process.returncode

    def say(self, what: str, seconds: float, more: str = "") -> None:
        """One line of the result."""
        print(f"{self.engine}: {what}: {seconds:.1f} s{more}", flush=True)

    def wired(self, home: str, number: int) -> Service:
        """The service of a home, in this process."""
        environment = {"LP_CANCEL_SECONDS": "0", **self.databases[number]}
        return wire(read_settings(environment, self.folder / home), clock=self.clock.clock())


def _worked() -> float:
    """Processor time of the commands that have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def _memory(process: int) -> int:
    """The most that the process has held until now, in thousands of bytes; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1_024 // 1_000 for line in lines if line.startswith("VmHWM:")), 0)


def _measure(engine: str, licences: int) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="lp-backup-", dir="/var/tmp") as folder,
        _databases(engine) as databases,
    ):
        place = Place(engine, Path(folder), databases)
        faults = [one for one in _run(place, licences) if one]
    print(
        f"{engine}: {'FAILED: ' + '; '.join(faults) if faults else 'every licence came back, nothing went back'}"
    )
    return 1 if faults else 0


def _run(place: Place, licences: int) -> Iterator[str]:
    """Go the whole way, and say what is wrong."""
    make_home(
        {"LP_CANCEL_SECONDS": "0", **place.databases[0]},
        place.folder / "home",
        base_url=BASE_URL,
        demo=True,
        clock=place.clock.clock(),
    )
    service, file = place.wired("home", 0), place.folder / "file"
    start = time.perf_counter()
    wallet = _fill(service, place.clock, licences)
    place.say(f"filling with {licences} licences", time.perf_counter() - start)
    if place.command("publish", "publish"):
        yield "the service does not publish"
    if place.command("backup, read back", "backup", file):
        yield "no backup"
        return
    _tell_size(place, service, file)
    counts = _counts(service)
    revoked = _revoke_and_publish(service, place.clock, wallet)
    shutil.copytree(service.settings.published_folder, place.folder / "new" / "published")
    place.clock.instant += 600
    if place.command("restore, examined", "restore", file, new=True):
        yield "no restore"
        return
    again = place.wired("new", 1)
    if _counts(again) != counts:
        yield "rows are missing"
    if place.command("audit verify after the restore", "audit", "verify", new=True):
        # the published folder still holds checkpoints of the time that was lost: exactly they are missed
        print(f"{place.engine}: audit verify names checkpoints of the lost time until the next publication")
    before = _edition(again)
    if place.command("publish after the restore", "publish", new=True):
        yield "the restored service does not publish"
    if place.command("audit verify after that", "audit", "verify", new=True):
        yield "the journal does not hold together"
    after = _edition(again)
    if after.edition <= before.edition or not _stays_revoked(after, revoked):
        yield "a list went backwards"
    service.database.close()
    again.database.close()


@contextmanager
def _databases(engine: str) -> Iterator[list[dict[str, str]]]:
    """Where the service lives, and where it is restored."""
    if engine == "sqlite":
        yield [{}, {}]
        return
    reason = postgres_cluster.why_not()
    if reason is not None:
        sys.exit(reason)
    with durable_cluster() as server:
        yield [{"LP_DATABASE_URL": server.create(name)} for name in ("one", "two")]


def _fill(service: Service, clock: MovableClock, licences: int) -> SimulatedWallet:
    app = create_app(service.settings, service)
    wallet = SimulatedWallet(TestClient(app, base_url=BASE_URL), clock)
    with service.database.write() as connection:
        offer = make_offer(service, connection, LICENCE, PEOPLE["camille"].references[LICENCE])
    wallet.take(offer.uri)
    wallet.document_id = offer.document_id
    for view in VIEWS:
        wallet.get(view)
    populate(service, offer.document_id, licences - 1, _told("copying", licences))
    return wallet


def _tell_size(place: Place, service: Service, file: Path) -> None:
    with service.database.read(patient=True) as connection:
        rows = sum(count_rows(connection, table) for table in tables.metadata.sorted_tables)
    print(
        f"{place.engine}: {rows} rows of {len(tables.metadata.sorted_tables)} tables in {file.stat().st_size / 1e6:.0f} MB"
    )


def _revoke_and_publish(service: Service, clock: MovableClock, wallet: SimulatedWallet) -> tuple[str, int]:
    """Two people revoke, in the time that the backup does not know; returns where the credential's entry is."""
    status = wallet.get(VIEWS[0])[0].status
    tokens = Tokens(service)
    clerk = Authority(wallet.client, lambda: tokens[AccessRole.CLERK])
    body = {"decision_reference": "R-1", "subject": "document"}
    proposed = clerk.post(f"/authority/licences/{wallet.document_id}/revocations", body)
    approved = approve(Authority(wallet.client, lambda: tokens[AccessRole.SUPERVISOR]), proposed)
    assert approved.status_code == 201, approved.text
    clock.instant += 60
    publish_now(service)
    return status.uri, status.index


def _edition(service: Service) -> PublishedEdition:
    found = read_edition(
        service.settings.published_folder, {one: service.keys.root_certificate(one) for one in Domain}
    )
    assert found is not None
    return found


def _stays_revoked(found: PublishedEdition, entry: tuple[str, int]) -> bool:
    uri, index = entry
    return (
        unpack(found.status[Domain.LICENCE, int(uri.rpartition("/")[2])].entries)[index]
        == StatusValue.REVOKED
    )


def _counts(service: Service) -> dict[str, int]:
    """Rows of what a licence consists of."""
    with service.database.read(patient=True) as connection:
        return {name: count_rows(connection, tables.metadata.tables[name]) for name in COUNTED}


def _told(what: str, total: int) -> Callable[[int], None]:
    last = [0.0]

    def tell(done: int) -> None:
        if time.monotonic() - last[0] > 5:
            last[0] = time.monotonic()
            print(f"  {100 * done // max(1, total):3} %  {what}", file=sys.stderr)

    return tell


if __name__ == "__main__":
    sys.exit(main())
