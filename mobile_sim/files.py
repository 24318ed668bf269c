"""The phone's files: modes, whole and durable writing, and what is said when one cannot be read or written."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from .errors import FolderBroken

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


def broken_folder() -> FolderBroken:
    """What is raised for a folder that this program did not write."""
    return FolderBroken(
        "Le dossier de ce téléphone est illisible. Réenregistrez vos titres dans un dossier neuf ; votre droit demeure.",
        "This phone's folder cannot be read. Save your documents again in a new folder; your right remains.",
    )


@contextlib.contextmanager
def shape_errors() -> Iterator[None]:
    """Turn a missing or mistyped member into `FolderBroken`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        raise broken_folder() from None


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn `OSError` into `FolderBroken`, its words without a path."""
    try:
        yield
    except OSError as error:
        raise FolderBroken(
            f"Le dossier du téléphone ne peut pas être lu ou écrit ({error.strerror}).",
            f"The phone's folder cannot be read or written ({error.strerror}).",
        ) from error


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises `FolderBroken`."""
    with disk_errors():
        return path.read_bytes()


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `FolderBroken`."""
    with shape_errors():
        members = json.loads(read_bytes(path))
    if not isinstance(members, dict):
        raise broken_folder()
    return members


def write_json(path: Path, members: dict[str, Any]) -> None:
    """Write a JSON file whole and durably. Raises `FolderBroken`."""
    write_bytes(path, json.dumps(members, ensure_ascii=False, indent=1).encode() + b"\n")


def make_folder(folder: Path) -> None:
    """Make a folder, and the one it stands in, that only their owner can enter. Raises `FolderBroken`."""
    with disk_errors():
        for one in (folder.parent, folder):  # with `parents=True` the mode would hold for the last one only
            one.mkdir(mode=FOLDER_MODE, exist_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole and durably: a reader sees the old content or the new one, also after a power cut."""
    with disk_errors():
        write_file(path, content)


def write_file(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, mode 0600. Raises `OSError`."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
