"""Make a backup while the service runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, make_url

from keys.passphrase import beside
from wallet_api import audit, tables
from wallet_api.roles import SERVICE
from wallet_api.settings import Settings
from wallet_api.wiring import Service

from . import store
from .archive import ArchiveWriter, BackupRefused, Manifest, check_archive

Progress = Callable[[str, int, int], None]
"""What is under way, how much of it is done, and of how much."""

_ACTOR: Final = "0" * 32
# Not of the home's own: what the service makes again, and marks of running programs.
_LEFT_OUT: Final = frozenset({"published", "lock", "log"})


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was written. `with_passphrase`: a demonstration's, which opens its keys."""

    path: Path
    rows: int
    files: int
    written_bytes: int
    seconds: float
    with_passphrase: bool


def make_backup(service: Service, path: Path, progress: Progress = lambda *_: None) -> BackupReport:
    """Write the whole service to `path`, and read it back. Raises `BackupRefused` or `OSError`; no file is left then."""
    start = time.perf_counter()
    if not service.database.migrated():
        raise BackupRefused("the tables are those of another release; run that release's backup")
    now = service.clock.now()
    _journal(service, now)
    writer = ArchiveWriter(path)
    try:
        with service.database.read(patient=True) as connection:
            manifest = _describe(service, connection, now)
            files = _add_files(writer, service)
            rows = _add_tables(writer, connection, manifest, progress)
        writer.finish(manifest)
    except BaseException:
        writer.abandon()
        raise
    check_archive(path)
    return BackupReport(
        path, rows, files, path.stat().st_size, time.perf_counter() - start, service.settings.demo
    )


def _journal(service: Service, now: int) -> None:
    """A copy of everything is an act to be found again."""
    with service.database.write() as connection:
        audit.append(
            connection,
            SERVICE,
            now=now,
            actor_id=_ACTOR,
            act="backup_made",
            subject_id=SERVICE,
            detail={},
        )


def _describe(service: Service, connection: Connection, now: int) -> Manifest:
    """Begin the transaction's one moment by counting every table."""
    shapes = {table.name: store.shape_of(table, connection) for table in tables.metadata.sorted_tables}
    settings, head = service.settings, service.database.head()
    if head is None:
        msg = "there are no migrations"
        raise RuntimeError(msg)
    return Manifest(now, head, settings.base_url, settings.demo, shapes)


def _add_files(writer: ArchiveWriter, service: Service) -> int:
    count = 0
    with service.keys.store.changing():
        for path, name in _home_files(service.settings):
            writer.add(f"home/{name}", path.read_bytes())
            count += 1
    return count


def _home_files(settings: Settings) -> Iterator[tuple[Path, str]]:
    """Files of the home with their names there; the passphrase is left out unless this is a demonstration."""
    passphrase = beside(settings.keys_folder)
    database = make_url(settings.database_address).database or ""
    own = Path(database).name if settings.database_address.startswith("sqlite") else "database.sqlite"
    for path in sorted(settings.home.rglob("*")):
        parts = path.relative_to(settings.home).parts
        if not path.is_file() or parts[-1].startswith(own) or any(_left_out(one) for one in parts):
            continue
        if path == passphrase and not settings.demo:
            continue
        yield path, "/".join(parts)


def _left_out(name: str) -> bool:
    return name in _LEFT_OUT or name.startswith(".")


def _add_tables(writer: ArchiveWriter, connection: Connection, manifest: Manifest, progress: Progress) -> int:
    total, done = sum(shape.rows for shape in manifest.tables.values()), 0
    for table in tables.metadata.sorted_tables:
        shape = manifest.tables[table.name]
        for number, (rows, content) in enumerate(store.rows_out(connection, table, shape), 1):
            writer.add(f"tables/{table.name}/{number:06}.jsonl", content)
            done += rows
            progress(table.name, done, total)
    return done
