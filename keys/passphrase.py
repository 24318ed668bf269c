"""Where the passphrase of a key folder comes from. It is never an argument of a command and never printed.

Order: `LP_KEY_PASSPHRASE`; the file that `LP_KEY_PASSPHRASE_FILE` names; the file `<folder>.passphrase` beside the
folder, which a demonstration home gets and a real one should not.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from .disk import require_private, write_private
from .errors import KeyFileRefused
from .policy import PASSPHRASE_MIN_BYTES

VARIABLE = "LP_KEY_PASSPHRASE"
FILE_VARIABLE = "LP_KEY_PASSPHRASE_FILE"


def beside(folder: Path) -> Path:
    """The passphrase file of a demonstration home."""
    return folder.with_name(f"{folder.name}.passphrase")


def create_beside(folder: Path) -> Path:
    """Write a random passphrase beside the folder, mode 0600, unless one is there. Says nothing: the caller must."""
    path = beside(folder)
    if not path.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, secrets.token_urlsafe(32).encode() + b"\n")
    return path


def find_passphrase(folder: Path, environment: Mapping[str, str]) -> bytes:
    """The passphrase of a key folder. Raises `KeyFileRefused` when there is none, or one that is too short."""
    direct = environment.get(VARIABLE)
    if direct is not None:
        return _checked(direct.encode(), VARIABLE)
    named = environment.get(FILE_VARIABLE)
    path = Path(named) if named else beside(folder)
    if not path.exists():
        msg = f"no passphrase for the keys: set {VARIABLE}, or {FILE_VARIABLE} to a file of mode 0600"
        raise KeyFileRefused(msg)
    require_private(path)
    return _checked(path.read_bytes().rstrip(b"\r\n"), path.name)


def _checked(passphrase: bytes, origin: str) -> bytes:
    if len(passphrase) < PASSPHRASE_MIN_BYTES:
        msg = (
            f"the passphrase of {origin} is shorter than {PASSPHRASE_MIN_BYTES} characters; take a longer one"
        )
        raise KeyFileRefused(msg)
    return passphrase
