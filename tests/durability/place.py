"""Where a harness works: a home on one engine, callers of its own provider, and as many licences as it wants."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from credentials.spec import DocumentType
from tests.durability.durable_cluster import DurableCluster, durable_cluster
from tests.wallet_api.simulated_provider import ISSUER, ProviderKey, key_set
from wallet_api.home import make_home
from wallet_api.issuance.documents import open_document
from wallet_api.registries.adapters import Basis, LicenceRecord
from wallet_api.registries.fictitious import _LICENCES
from wallet_api.settings import read_settings
from wallet_api.wiring import Service, wire

ENGINES: Final = ("sqlite", "postgresql")
DISK: Final = "/var/tmp"  # /tmp may be memory; what lies here outlives a start of the machine
BASE_URL: Final = "http://127.0.0.1:8460"
_LICENCE: Final = next(one for one in _LICENCES if one.points_history.regime == "settled")
_TOKEN_SECONDS: Final = 7_200
SERVED: Final = {
    "LP_ACTS_PER_HOUR": "10000",
    "LP_ADDRESS_PER_MINUTE": "0",
    "LP_CALLER_PER_MINUTE": "0",
    "LP_CANCEL_SECONDS": "0",
    "LP_LOOP_SECONDS": "1",
    "LP_LEASE_SECONDS": "2",
    "LP_PUBLISH_EVERY_SECONDS": "1",
    "LP_POOL_SIZE": "24",
}
"""Acts count at once, and the steward publishes all the time, so that what is killed is also killed while it publishes."""


class ManyLicences:
    """A registry that knows a licence under every reference: a fictitious person's, again and again, with 12 points."""

    def find(self, reference: str, basis: Basis) -> LicenceRecord:  # noqa: ARG002
        """The licence."""
        history = replace(_LICENCE.points_history, facts=())
        return replace(_LICENCE, reference=reference, points_history=history)


@dataclass(frozen=True)
class Place:
    """A home, the environment in which its programs run, whose tokens it accepts, and on PostgreSQL its cluster."""

    home: Path
    environment: Mapping[str, str]
    provider: ProviderKey
    cluster: DurableCluster | None

    def wired(self) -> Service:
        """The parts of the service in this process, to look at what the others wrote; close its database after use."""
        return wire(read_settings(self.environment, self.home), licences=ManyLicences())

    def token(self, who: str) -> str:
        """An access token of a clerk called `who`: acts in an hour are bounded for each."""
        now = int(time.time())
        return self.provider.token(now, aud=BASE_URL, sub=who, exp=now + _TOKEN_SECONDS)


@contextmanager
def place(
    engine: str, options: Mapping[str, str] | None = None, tracer: Sequence[str] = ()
) -> Iterator[Place]:
    """A place of its own on `engine`; `options` and `tracer` are the PostgreSQL cluster's. Gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lp-durable-", dir=DISK))
    try:
        if engine == "sqlite":
            yield _made(folder, {}, None)
            return
        with durable_cluster(options, tracer) as cluster:
            yield _made(folder, {"LP_DATABASE_URL": cluster.create("lp")}, cluster)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(folder: Path, environment: Mapping[str, str], cluster: DurableCluster | None) -> Place:
    provider, home = _PROVIDER(), folder / "home"
    shutil.copytree(_new_home(), home)
    environment = {
        **SERVED,
        "LP_OIDC_ISSUER": ISSUER,
        "LP_OIDC_JWKS": str(home / "provider.json"),
        **environment,
    }
    made = Place(home, environment, provider, cluster)
    service = made.wired()
    service.database.migrate()
    service.database.close()
    return made


_PROVIDER: Final = cache(lambda: ProviderKey("durable"))


@cache
def _new_home() -> Path:
    """A home made once in this process, since its keys take seconds; the copies have nothing else in it."""
    folder = Path(tempfile.mkdtemp(prefix="lp-home-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    make_home({}, folder / "home", base_url=BASE_URL, demo=True)
    (folder / "home" / "provider.json").write_bytes(key_set(_PROVIDER()))
    return folder / "home"


def open_licences(service: Service, count: int, named: str) -> list[str]:
    """So many new licences of 12 points; `named` keeps their registry references apart from others'."""
    with service.database.write() as connection:
        return [
            open_document(service, connection, DocumentType.DRIVING_LICENCE, f"dossier-{named}-{number}")
            for number in range(count)
        ]
