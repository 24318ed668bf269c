"""A PostgreSQL cluster of the tests' own, from the machine's package: Unix socket only, thrown away afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REQUIRED = "LP_TESTS_REQUIRE_POSTGRES"
USER = "lp"


def programs() -> Path | None:
    """The folder of `initdb`, where this machine has one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def why_not() -> str | None:
    """Why no cluster can be started here, in words; None when one can."""
    if programs() is None:
        return "PostgreSQL is not installed here: the same tests run on SQLite alone"
    if os.geteuid() == 0 and _ordinary_user() is None:
        return "initdb refuses the superuser, and this machine has no ordinary user to run it as"
    return None


def need() -> None:
    """Skip the test where no cluster can be started; in the pipeline that is a failure, never a skip."""
    reason = why_not()
    if reason is None:
        return
    if os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{REQUIRED}=1, and {reason}", pytrace=False)
    pytest.skip(reason)


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster; gives the address of its `postgres` database, without a driver."""
    bins, folder = programs(), Path(tempfile.mkdtemp(prefix="lp-pg-"))
    assert bins is not None
    if os.geteuid() == 0:
        user = pwd.getpwnam(_ordinary_user() or "")
        os.chown(folder, user.pw_uid, user.pw_gid)
    address = f"postgresql://{USER}@/postgres?host={folder}"
    try:
        _run(bins / "initdb", "-D", folder / "data", "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8")
        start(address)
        try:
            yield address
        finally:
            stop(address)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(address: str) -> None:
    """Start the server of `address` and wait until it answers."""
    folder = _folder(address)
    # Speed: these tests are about what SQL means, not about power cuts.
    options = (
        f"-k {folder} -c listen_addresses='' -c fsync=off -c synchronous_commit=off -c max_connections=200"
    )
    _control(folder, "-o", options, "-l", folder / "log", "start")


def stop(address: str) -> None:
    """Stop the server of `address` as a crash would: connections break, nobody is asked. Nothing if it is down."""
    folder = _folder(address)
    if (folder / "data" / "postmaster.pid").exists():
        _control(folder, "-m", "immediate", "stop")


def _folder(address: str) -> Path:
    return Path(address.partition("?host=")[2])


def _control(folder: Path, *words: object) -> None:
    bins = programs()
    assert bins is not None
    _run(bins / "pg_ctl", "-D", folder / "data", "-w", *words)


def as_ordinary_user(*command: object) -> list[str]:
    """The command as the user that PostgreSQL's programs agree to run under."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        return ["setpriv", f"--reuid={_ordinary_user()}", "--regid=nogroup", "--clear-groups", *words]
    return words


def _run(*command: object) -> None:
    words = as_ordinary_user(*command)
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _ordinary_user() -> str | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None
