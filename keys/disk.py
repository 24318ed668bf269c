"""Small files that are replaced whole or not at all, and folders that only their owner reads."""

from __future__ import annotations

import os
import stat
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
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
