"""A full disk on every way that writes: a clear answer, nothing half written, and all works again once there is space."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from credentials.spec import Domain
from tests.durability.durable_cluster import DurableCluster
from tests.small_disk import SmallDisk, mount
from tests.wallet_api import postgres_cluster
from tests.wallet_api.simulated_wallet import Key
from wallet_api import audit, tables
from wallet_api.__main__ import main as wallet_main
from wallet_api.database import Database
from wallet_api.issuance.documents import open_document
from wallet_api.points import store as points
from wallet_api.points.ledger import Ledger
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.settings import Settings

from .conftest import BASE_URL, LICENCE
from .test_batches import HEADER, submit

__all__ = ["mount"]  # a fixture
pytestmark = pytest.mark.slow
LICENCES = Domain.LICENCE.value
ROAD_CHECK = "driving_licence.road_check.cbor"
TRIES = 400  # a page that was begun before the disk was full takes a few more rows


@dataclass(frozen=True)
class Base:
    """A database on a small disk."""

    disk: SmallDisk
    address: str


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def base(request: pytest.FixtureRequest, tmp_path: Path, mount: Any) -> Iterator[Base]:
    """An empty database of each engine, alone on its disk."""
    folder = tmp_path / "base"
    if request.param == "sqlite":
        yield Base(mount(folder, 8), f"sqlite:///{folder}/database.sqlite")
        return
    postgres_cluster.need()
    folder = Path(tempfile.mkdtemp(prefix="lp-full-", dir="/var/tmp"))  # where PostgreSQL's own user may go
    disk = mount(folder, 200)
    user = pwd.getpwnam(postgres_cluster._ordinary_user() or "")
    os.chown(folder, user.pw_uid, user.pw_gid)
    cluster = DurableCluster(folder, {"autovacuum": "off"})
    cluster.start()
    try:
        yield Base(disk, cluster.create("lp"))
    finally:
        cluster.stop()


@pytest.fixture
def settings(base: Base, made_home: Settings, tmp_path: Path) -> Settings:
    """A home whose database lies on the small disk."""
    home = tmp_path / "home"
    shutil.copytree(made_home.home, home)
    database = Database(base.address)
    database.migrate()
    database.close()
    return replace(made_home, home=home, database_url=base.address, acts_per_hour=10_000)


@dataclass
class Work:
    """Somebody who writes in every way; `rows` are the ids of what was acknowledged."""

    service: Any
    client: Any
    wallet: Any
    clerk: Any
    operator: Any
    licence: str
    nonces: list[str]
    environment: dict[str, str]
    sent: int = 0
    rows: dict[str, list[str]] | None = None

    def act(self, *, again: bool = False) -> Any:
        """Withdraw a point; `again` sends the last one once more, under its key."""
        self.sent += not again
        reference = f"decision-full-{self.sent}"
        body = {
            "decision_reference": reference,
            "points": 1,
            "offence_class": "contravention_4",
            "committed_on": "2026-10-12",
            "established_on": "2026-10-30",
        }
        path = f"/authority/licences/{self.licence}/points/withdrawals"
        return self.clerk.post(path, body, key=f"key-of-{reference}")

    def token(self) -> Any:
        """Rotate the refresh token."""
        return self.wallet.renew()

    def nonce(self) -> Any:
        """Ask for a nonce."""
        return self.client.post("/nonce")

    def issuing(self) -> Any:
        """Ask for a credential, with a nonce that was fetched before."""
        return self.wallet.ask(ROAD_CHECK, [Key()], nonce=self.nonces.pop())

    def batch(self) -> Any:
        """Submit a file of fifty acts."""
        self.sent += 1
        rows = [
            f"withdrawal,{self.licence},full-{self.sent}-{one},2026-10-12,2026-10-30,1,contravention_4,,,"
            for one in range(50)
        ]
        return submit(self.clerk, "\n".join([HEADER, *rows]), key=f"key-of-full-batch-{self.sent}")

    def publication(self) -> Any:
        """Publish."""
        return self.operator.post("/authority/publications", {})


@pytest.fixture
def work(service: Any, client: Any, wallet: Any, official: Any) -> Work:
    """Everything that the ways of writing need beforehand."""
    with service.database.write() as connection:
        licence = open_document(service, connection, LICENCE, PEOPLE["yanis"].references[LICENCE])
    nonces = [wallet.nonce() for _ in range(TRIES)]
    environment = {"LP_HOME": str(service.settings.home), "LP_DATABASE_URL": service.settings.database_url}
    return Work(service, client, wallet, official("agnes"), official("gaelle"), licence, nonces, environment)


def _until_refused(send: Callable[[], Any]) -> tuple[list[Any], Any]:
    """What was answered well before the refusal, and the refusal."""
    good = []
    for _ in range(TRIES):
        answer = send()
        if answer.status_code >= 400:
            return good, answer
        good.append(answer)
    pytest.fail("the disk was full and nothing was refused")


def test_full_database_refuses_each_kind_of_write_and_forgets_nothing(work, base, monkeypatch, capsys):
    """Act, token, nonce, issuing, batch, publication and offer: 507, what was acknowledged stays, and space is all that it takes."""
    for name, value in work.environment.items():
        monkeypatch.setenv(name, value)
    offer = ["offer", "--person", "yanis", "--document", "driving_licence"]
    if base.address.startswith(
        "postgresql"
    ):  # a new segment of the log, so that the tables meet the full disk first
        with work.service.database.write() as connection:
            connection.exec_driver_sql("SELECT pg_switch_wal()")
    acts = [work.act() for _ in range(3)]
    issued = [work.issuing() for _ in range(2)]
    base.disk.fill()
    refused = {}
    more, refused["act"] = _until_refused(work.act)
    acts += more
    more, refused["issuing"] = _until_refused(work.issuing)
    issued += more
    for kind in ("token", "nonce", "batch", "publication"):
        _, refused[kind] = _until_refused(getattr(work, kind))
    for answer in refused.values():
        assert answer.status_code == 507, answer.text
        assert answer.json()["type"] == f"{BASE_URL}/problems/storage-full"
    for _ in range(TRIES):
        if code := wallet_main(offer):
            break
    words = capsys.readouterr().err
    assert code == 2
    assert "libérez de la place" in words, words
    _require_kept(work, acts, issued)

    base.disk.free()
    again = work.act(again=True)
    assert (again.status_code, "Idempotent-Replayed" in again.headers) == (201, False)
    acts.append(again)
    issued += [work.issuing()]
    assert (work.token().status_code, work.nonce().status_code) == (200, 200)
    assert (work.batch().status_code, work.publication().status_code) == (202, 201)
    assert wallet_main(offer) == 0
    _require_kept(work, acts, issued)


def _require_kept(work: Work, acts: list[Any], issued: list[Any]) -> None:
    """Every acknowledged row is there once, no other is, the chain holds, and the balance is the ledger's."""
    with work.service.database.read() as connection:
        rows = points.entries(connection, LICENCES, work.licence)
        stored = points.find_balance(connection, LICENCES, work.licence)
        told = [one.json()["entry_id"] for one in acts]
        assert [one.entry_id for one in rows if one.decision_reference.startswith("decision-full-")] == told
        assert stored is not None
        assert Ledger(rows).balance(stored.as_of, stored.version) == stored
        assert _count(connection, tables.audit_entry, act="loss", subject_id=work.licence) == len(acts)
        assert _count(connection, tables.credential, state="issued") == len(issued)
        assert [audit.verify(connection, domain.value) for domain in Domain] == [None, None]


def _count(connection: Connection, table: Any, **members: str) -> int:
    wanted = [table.c[name] == value for name, value in members.items()]
    return connection.execute(select(func.count()).select_from(table).where(*wanted)).scalar_one()
