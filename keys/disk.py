"""Small files that are replaced whole or not at all, and folders that only their owner reads."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from .errors import KeyFileRefused

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def make_private_folder(path: Path) -> None:
    """Make the folder for its owner alone; refuse one that others may enter. Raises `KeyFileRefused`."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    require_private(path)


def require_private(path: Path) -> None:
    """Refuse a file or folder that group or others may use. Raises `KeyFileRefused`."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        msg = f"{path.name} cannot be read: {error.strerror}"
        raise KeyFileRefused(msg) from error
    if mode & 0o077:
        wanted = PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE
        msg = f"{path.name} is open to others (mode {mode:04o}); run: chmod {wanted:o} {path}"
        raise KeyFileRefused(msg)


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 by a temporary neighbour, flushed to disk before it takes the name."""
    write_private_together({path: content})


def write_private_together(contents: Mapping[Path, bytes]) -> None:
    """Write several files of one folder as `write_private` does: on a full disk none of them changes.

    Each has its space before the first takes its name; a power cut between two names leaves the earlier ones changed.
    """
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
    try:
        for path, draft in drafts.items():
            _write_flushed(draft, contents[path])
        for path, draft in drafts.items():
            draft.replace(path)
    except BaseException:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in contents}:
        flush_folder(folder)


def _write_flushed(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
