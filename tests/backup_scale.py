"""Backup and restore of many licences, measured on each engine: `./run backup --licences 100000`.

The licences are copies of one that was issued, with its credentials, wallet, ledger and journal. The times are of this
machine; PostgreSQL runs here without flushing to disk, as in the tests. Ends with 1 when something does not come back.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.testclient import TestClient

from tests.wallet_api import postgres_cluster
from tests.wallet_api.conftest import BASE_URL, LICENCE, MovableClock, _execute
from tests.wallet_api.population import populate
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api import tables
from wallet_api.app import create_app
from wallet_api.backup import make_backup, restore_backup
from wallet_api.backup.store import count_rows
from wallet_api.home import make_home
from wallet_api.openid4vci.offer import make_offer
from wallet_api.publication.run import publish_now
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.settings import read_settings
from wallet_api.wiring import Service, wire

VIEWS = ("driving_licence.road_check.cbor", "driving_licence.proof.cbor", "driving_licence.age_over_18.cbor")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(prog="./run backup", description=__doc__)
    parser.add_argument("--licences", type=int, default=100_000)
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    options = parser.parse_args(arguments)
    engines = ["sqlite", "postgresql"] if options.engine == "both" else [options.engine]
    return max(_measure(engine, options.licences) for engine in engines)


def _measure(engine: str, licences: int) -> int:
    clock = MovableClock()
    with tempfile.TemporaryDirectory(prefix="lp-backup-") as folder, _databases(engine) as databases:
        place = Path(folder)
        service = _made(place / "home", {"LP_CANCEL_SECONDS": "0", **databases[0]}, clock)
        _say(f"{engine}: filling", _timed(lambda: _fill(service, clock, licences)))
        _say(f"{engine}: publish", _timed(lambda: publish_now(service)))
        made = make_backup(service, place / "file", _told)
        _say(
            f"{engine}: backup of {made.rows} rows into {made.written_bytes / 1e6:.0f} MB, read back",
            made.seconds,
        )
        clock.instant += 600
        published = service.settings.published_folder
        restored = restore_backup(
            databases[1],
            place / "file",
            place / "new",
            published=published,
            clock=clock.clock(),
            progress=_told,
        )
        _say(f"{engine}: restore of {restored.rows} rows, examined", restored.seconds)
        again = wire(read_settings(databases[1], place / "new"), clock=clock.clock())
        _say(f"{engine}: publish after the restore", _timed(lambda: publish_now(again)))
        same = _counts(service) == _counts(again)
        service.database.close()
        again.database.close()
    print(f"{engine}: {'every licence came back' if same else 'FAILED: rows are missing'}")
    return 0 if same else 1


@contextmanager
def _databases(engine: str) -> Iterator[list[dict[str, str]]]:
    """Where the service lives, and where it is restored."""
    if engine == "sqlite":
        yield [{}, {}]
        return
    reason = postgres_cluster.why_not()
    if reason is not None:
        sys.exit(reason)
    with postgres_cluster.cluster() as address:
        _execute(address, "CREATE DATABASE one")
        _execute(address, "CREATE DATABASE two")
        yield [{"LP_DATABASE_URL": address.replace("/postgres?", f"/{name}?")} for name in ("one", "two")]


def _made(home: Path, environment: dict[str, str], clock: MovableClock) -> Service:
    made = make_home(environment, home, base_url=BASE_URL, demo=True, clock=clock.clock())
    return wire(made.settings, clock=clock.clock())


def _fill(service: Service, clock: MovableClock, licences: int) -> None:
    app = create_app(service.settings, service)
    wallet = SimulatedWallet(TestClient(app, base_url=BASE_URL), clock)
    with service.database.write() as connection:
        offer = make_offer(service, connection, LICENCE, PEOPLE["camille"].references[LICENCE])
    wallet.take(offer.uri)
    for view in VIEWS:
        wallet.get(view)
    populate(
        replace(service, settings=service.settings),
        offer.document_id,
        licences - 1,
        lambda done: _told("copying", done, licences),
    )


def _counts(service: Service) -> dict[str, int]:
    """Rows of what a licence consists of."""
    names = ("document", "wallet", "credential", "access_grant", "points_entry", "points_balance")
    with service.database.read(patient=True) as connection:
        return {name: count_rows(connection, tables.metadata.tables[name]) for name in names}


_last = [0.0]


def _told(what: str, done: int, total: int) -> None:
    if time.monotonic() - _last[0] > 5:
        _last[0] = time.monotonic()
        print(f"  {100 * done // max(1, total):3} %  {what}", file=sys.stderr)


def _timed(run: object) -> float:
    start = time.perf_counter()
    run()  # type: ignore[operator]
    return time.perf_counter() - start


def _say(what: str, seconds: float) -> None:
    print(f"{what}: {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
