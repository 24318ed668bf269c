"""The file: a compressed tar of named members, the last of which lists the digests of all others.

    home/<path>                   a file of the home folder
    tables/<name>/<number>.jsonl  rows of a table, one JSON array a line, bytes in base64
    manifest.json                 format, instant, revision of the tables, columns, row counts, SHA-256 of each member

Members are never extracted by the tar library: names are compared with the manifest, contents are bytes to us.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from keys.disk import flush_folder

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_LEVEL: Final = 1  # rows shrink to a fifth at once; more effort costs more time than it saves room
_NAME: Final = re.compile(r"(?:home|tables)(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)+")


class BackupRefused(Exception):
    """A backup was not made or not restored; the text says what is wrong with the file or the place."""


@dataclass(frozen=True, slots=True)
class TableRows:
    """How the rows of a table lie in the file."""

    columns: tuple[str, ...]
    binary: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself. `made_at` is the instant of its moment, `revision` that of the tables."""

    made_at: int
    revision: str
    base_url: str
    demo: bool
    tables: dict[str, TableRows]
    digests: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> bytes:
        """As the last member holds it."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """Read it back. Raises `BackupRefused`."""
        try:
            read = json.loads(content)
            if read["format"] != FORMAT:
                raise BackupRefused("the backup was written by a newer release; restore it with that one")
            tables = {
                name: TableRows(tuple(one["columns"]), tuple(one["binary"]), int(one["rows"]))
                for name, one in read["tables"].items()
            }
            return cls(
                int(read["made_at"]),
                str(read["revision"]),
                str(read["base_url"]),
                bool(read["demo"]),
                tables,
                dict(read["digests"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupRefused("the backup's own list of contents makes no sense; it is damaged") from error


class ArchiveWriter:
    """Writes a backup beside its name, mode 0600, and gives it the name when it is whole."""

    def __init__(self, path: Path) -> None:
        """Raises `BackupRefused` where a file of that name exists, `OSError` where none can be written."""
        if path.exists():
            raise BackupRefused(f"{path} exists already; name another file")
        self.path = path
        self._draft = path.with_name(f".{path.name}.draft")
        self._draft.unlink(missing_ok=True)
        descriptor = os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")
        self._packed = gzip.GzipFile("", "wb", _LEVEL, self._file, mtime=0)
        self._tar = tarfile.open(mode="w|", fileobj=self._packed)  # noqa: SIM115 - closed by finish or abandon
        self._digests: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """One member. Raises `BackupRefused` for a name that could not be read back."""
        if not _NAME.fullmatch(name) or name in self._digests:
            raise BackupRefused(f"{name} has a name that a backup cannot hold")
        self._digests[name] = hashlib.sha256(content).hexdigest()
        self._append(name, content)

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, flush everything, take the name."""
        manifest.digests.update(self._digests)
        self._append(MANIFEST, manifest.to_json())
        self._tar.close()
        self._packed.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._draft.replace(self.path)
        flush_folder(self.path.resolve().parent)

    def abandon(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError, ValueError):  # what is still to be written does not matter any more
            self._tar.close()
        with suppress(OSError, ValueError):
            self._packed.close()
        with suppress(OSError):
            self._file.close()
        self._draft.unlink(missing_ok=True)

    def _append(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o600
        self._tar.addfile(entry, io.BytesIO(content))


def read_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every member in the order of writing. Raises `BackupRefused` for what is no backup, is cut off or damaged."""
    try:
        with gzip.open(path) as packed, tarfile.open(mode="r|", fileobj=packed) as tar:
            for entry in tar:
                content = tar.extractfile(entry) if entry.isreg() else None
                if content is None:
                    raise BackupRefused(f"{path} holds something that no backup holds")
                yield entry.name, content.read()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, ValueError) as error:
        raise BackupRefused(f"{path} is no whole backup: it is damaged or was cut off") from error
    except OSError as error:
        if error.errno is None:  # zlib's own, such as a failed checksum
            raise BackupRefused(f"{path} is no whole backup: it is damaged or was cut off") from error
        raise


def check_archive(path: Path) -> Manifest:
    """Read all of it and compare every member with the manifest. Raises `BackupRefused`."""
    found: dict[str, str] = {}
    manifest = None
    for name, content in read_members(path):
        if manifest is not None or name in found:
            raise BackupRefused(f"{path} holds more than its list of contents")
        if name == MANIFEST:
            manifest = Manifest.from_json(content)
        else:
            found[name] = hashlib.sha256(content).hexdigest()
    if manifest is None:
        raise BackupRefused(f"{path} is no whole backup: its list of contents is missing")
    if found != manifest.digests or not all(map(_NAME.fullmatch, found)):
        raise BackupRefused(f"{path} is damaged: a part differs from the list of contents")
    return manifest
