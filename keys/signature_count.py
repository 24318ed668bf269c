"""How often a key has signed, kept on disk so that no crash under-counts.

Signatures are reserved in blocks: the total on disk is raised and flushed first, then the block is used up in
memory. What a crash leaves unused stays counted. Processes share one key through a lock on the file.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from .disk import write_private
from .errors import KeyCapReached, KeyFileRefused
from .policy import COUNT_BLOCK

_DIGITS = 20


def create_count(path: Path) -> None:
    """Start a count at zero. A missing file is refused later, so that deleting it does not give signatures back."""
    write_private(path, _encode(0))


def read_count(path: Path) -> int:
    """Signatures made or reserved so far. Raises `KeyFileRefused`."""
    try:
        with path.open("rb") as file:
            fcntl.flock(
                file, fcntl.LOCK_SH
            )  # the count is rewritten in place: digits of two counts are neither
            return _decode(file.read(64), path)
    except OSError as error:
        raise _lost(path) from error


def raise_count(path: Path, cap: int, more: int) -> None:
    """Count `more` signatures that may have been made elsewhere, up to the cap. Raises `KeyFileRefused`."""
    with path.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        used = _decode(file.read(64), path)
        os.pwrite(file.fileno(), _encode(max(used, min(cap, used + more))), 0)
        os.fsync(file.fileno())


class SignatureCount:
    """The count of one key in this process. Safe between threads and between processes."""

    __slots__ = ("_before_block", "_cap", "_left", "_lock", "_path")

    def __init__(self, path: Path, cap: int, before_block: Callable[[], None]) -> None:
        """Count in `path` up to `cap`. `before_block` runs ahead of each reservation and may raise."""
        self._path = path
        self._cap = cap
        self._before_block = before_block
        self._left = 0
        self._lock = Lock()

    def take(self) -> None:
        """Count one signature. Raises `KeyCapReached`, `KeyFileRefused`, or what `before_block` raises."""
        with self._lock:
            if not self._left:
                self._before_block()
                self._left = self._reserve()
            self._left -= 1

    def _reserve(self) -> int:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise _lost(self._path) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            used = _decode(os.pread(descriptor, 64, 0), self._path)
            block = min(COUNT_BLOCK, self._cap - used)
            if block <= 0:
                msg = f"{self._path.stem} has made {used} signatures, its cap; run: wallet-keys rotate"
                raise KeyCapReached(msg)
            os.pwrite(descriptor, _encode(used + block), 0)
            os.fsync(descriptor)
            return block
        finally:
            os.close(descriptor)


def _encode(count: int) -> bytes:
    return b"%0*d\n" % (_DIGITS, count)  # one width, so that a rewrite never leaves digits of the old value


def _decode(content: bytes, path: Path) -> int:
    digits = content[:-1]
    if len(content) != _DIGITS + 1 or not digits.isdigit() or content[-1:] != b"\n":
        raise _lost(path)
    return int(digits)


def _lost(path: Path) -> KeyFileRefused:
    return KeyFileRefused(
        f"the signature count {path.name} is missing or damaged; retire that key and rotate"
    )
