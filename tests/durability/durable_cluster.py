"""A PostgreSQL cluster that keeps what it acknowledged: on disk, fsync and synchronous_commit on, and killable whole."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from tests.durability.processes import children_of, kill, wait_until
from tests.wallet_api import postgres_cluster

_DISK: Final = Path("/var/tmp")  # /tmp may be memory; what lies here outlives a start of the machine
RECOVERY_SECONDS: Final = 120.0
DURABLE: Final = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


class DurableCluster:
    """One cluster in a folder of its own. `start` also recovers it after `kill`."""

    def __init__(
        self, folder: Path, options: Mapping[str, str] | None = None, tracer: Sequence[str] = ()
    ) -> None:
        """A cluster that is started with `DURABLE` and these options; `folder` is empty.

        A `tracer`, if given, is a command that writes to the file after its `-o`: `trace`.
        """
        self.folder, self.trace = folder, folder / "trace"
        self._under = [*tracer, "-o", self.trace] if tracer else []
        self._options = DURABLE | (options or {})
        self._postmaster: subprocess.Popen[bytes] | None = None
        self._bins = postgres_cluster.programs()
        postgres_cluster._run(
            self._bins / "initdb",
            "-D",
            folder / "data",
            "-U",
            postgres_cluster.USER,
            "--auth=trust",
            "-E",
            "UTF8",
        )

    def start(self) -> None:
        """Start and wait until it answers; after a kill this replays the write-ahead log."""
        if self._postmaster is not None:
            self._postmaster.wait()  # it must be reaped, else its lock file looks like that of a living one
        options = [f"-c{name}={value}" for name, value in self._options.items()]
        command = [
            *self._under,
            self._bins / "postgres",
            "-D",
            self.folder / "data",
            "-k",
            self.folder,
            *options,
        ]
        with (self.folder / "log").open("ab") as log:
            self._postmaster = subprocess.Popen(
                postgres_cluster.as_ordinary_user(*command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )
        wait_until(self._answers, RECOVERY_SECONDS, "the cluster does not answer")

    def kill(self) -> None:
        """SIGKILL to every process."""
        if self._postmaster is not None:
            kill(self.processes())
            self._postmaster.wait()

    def stop(self) -> None:
        """Stop at once, leaving nothing in shared memory."""
        if self._postmaster is not None:
            self._postmaster.send_signal(signal.SIGQUIT)
            self._postmaster.wait()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.address("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            if self._postmaster is None or self._postmaster.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
            return False
        return True

    def address(self, name: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://{postgres_cluster.USER}@/{name}?host={self.folder}"

    def create(self, name: str) -> str:
        """Make a database; returns its address."""
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def processes(self) -> list[int]:
        """The postmaster first, then every process that it started."""
        if self._postmaster is None:
            return []
        return [self._postmaster.pid, *children_of(self._postmaster.pid)]


@contextmanager
def durable_cluster(
    options: Mapping[str, str] | None = None, tracer: Sequence[str] = ()
) -> Iterator[DurableCluster]:
    """A started cluster, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lp-pg-", dir=_DISK if _DISK.is_dir() else None))
    if os.geteuid() == 0:
        user = pwd.getpwnam(postgres_cluster._ordinary_user() or "")
        os.chown(folder, user.pw_uid, user.pw_gid)
    try:
        cluster = DurableCluster(folder, options, tracer)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
