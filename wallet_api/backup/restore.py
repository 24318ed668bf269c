"""Restore a backup: verify the file, fill an empty database, examine it, then let the home take its name.

1. The file is read to its end and compared with its own digests; nothing is written before.
2. Files go to a draft beside the home. The tables are made as they were at the backup, filled, brought to this release,
   examined and told of the time that passed (`past.py`), all in one transaction.
3. The transaction ends, then the draft takes the home's name. A stop before leaves no home; a PostgreSQL database may be
   full then, and the next attempt says so.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from keys import KeyFolder
from keys.disk import flush_folder, make_private_folder, write_private
from wallet_api import audit
from wallet_api.clock import Clock, system_clock
from wallet_api.database import Database, take_room, take_statistics, take_time
from wallet_api.roles import SERVICE
from wallet_api.settings import Settings, from_environment

from . import past, store
from .archive import BackupRefused, Manifest, check_archive, read_members
from .examine import examine, require_arrived
from .make import Progress

_ACTOR: Final = "0" * 32
_PUBLISHED: Final = "published"


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored, of which instant, and what it was told of the time since."""

    made_at: int
    rows: int
    passed: past.Passed
    seconds: float


def restore_backup(
    environment: Mapping[str, str],
    path: Path,
    home: Path,
    *,
    published: Path | None = None,
    clock: Clock | None = None,
    progress: Progress = lambda *_: None,
) -> RestoreReport:
    """Make the service of `path` in `home`, which is absent, empty, or holds the old `published` folder alone.

    `published` names a copy of the published folder elsewhere. Raises `BackupRefused`, `SettingsRefused`,
    `PublicationRefused` or `OSError`; no home is left then.
    """
    start = time.perf_counter()
    _require_room(home)
    progress("checking", 0, 1)
    manifest = check_archive(path)
    settings = from_environment(environment, home, base_url=manifest.base_url, demo=manifest.demo)
    if published is None and (home / _PUBLISHED).is_dir():
        published = home / _PUBLISHED
    now = (clock or system_clock(settings.test_now)).now()
    draft = home.with_name(f".{home.name}.restoring")
    shutil.rmtree(draft, ignore_errors=True)
    make_private_folder(draft)
    try:
        report = _restore_into(replace(settings, home=draft), path, manifest, published, now, progress)
        _take_name(draft, home)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return replace(report, seconds=time.perf_counter() - start)


def _require_room(home: Path) -> None:
    if home.exists() and {one.name for one in home.iterdir()} - {_PUBLISHED}:
        raise BackupRefused(
            f"{home} holds something; name an empty folder, or move all but {_PUBLISHED} away"
        )


def _restore_into(
    settings: Settings, path: Path, manifest: Manifest, published: Path | None, now: int, progress: Progress
) -> RestoreReport:
    database = Database(settings.database_address, settings.database_limits)
    try:
        with database.write() as connection:
            if not store.is_empty(connection):
                raise BackupRefused("the database of LP_DATABASE_URL holds tables; name an empty one")
            take_time(connection)
            take_room(connection)
            rows = _fill(connection, database, settings.home, path, manifest, now, progress)
            keys = KeyFolder.open(settings.keys_folder, b"")  # nothing private is opened here
            examine(connection, manifest, keys, now, progress)
            seen = past.read_published(published, keys)
            passed = past.skip_to_the_present(
                connection, keys, seen, settings.base_url, manifest.made_at, now
            )
            _journal(connection, manifest, passed.edition, now)
            take_statistics(connection)
    finally:
        database.close()
    return RestoreReport(manifest.made_at, rows, passed, 0.0)


def _fill(
    connection: Connection,
    database: Database,
    home: Path,
    path: Path,
    manifest: Manifest,
    now: int,
    progress: Progress,
) -> int:
    database.migrate_on(connection, manifest.revision)
    there = store.tables_there(connection)
    total, done = sum(shape.rows for shape in manifest.tables.values()), 0
    for name, content in read_members(path):
        kind, _, rest = name.partition("/")
        if kind == "home":
            _write_file(home, rest, content)
        elif kind == "tables":
            table = rest.partition("/")[0]
            done += store.rows_in(connection, there[table], manifest.tables[table], content)
            progress(table, done, total)
    require_arrived(
        connection, manifest
    )  # before the tables change, and the upgrade tells the journal what it found
    database.migrate_on(connection, "head", now)
    return done


def _write_file(home: Path, name: str, content: bytes) -> None:
    folder = home
    for part in name.split("/")[:-1]:
        folder /= part
        make_private_folder(folder)
    write_private(home / name, content)


def _journal(connection: Connection, manifest: Manifest, edition: int, now: int) -> None:
    """The service's own journal says that it went back in time, and how far."""
    audit.append(
        connection,
        SERVICE,
        now=now,
        actor_id=_ACTOR,
        act="backup_restored",
        subject_id=SERVICE,
        detail={"made_at": manifest.made_at, "edition": edition},
    )


def _take_name(draft: Path, home: Path) -> None:
    """The draft becomes the home; an old published folder that lay there goes along."""
    if home.exists():
        with suppress(FileNotFoundError):
            (home / _PUBLISHED).rename(draft / _PUBLISHED)
        home.rmdir()
    draft.rename(home)
    os.chmod(home, 0o700)  # noqa: PTH101 - as `init` leaves it
    flush_folder(home.resolve().parent)
