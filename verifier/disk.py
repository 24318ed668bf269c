"""Files of the terminal store: bounded reading, replacing that a kill cannot halve, and marks that an edit breaks.

A mark is a keyed BLAKE2b digest (RFC 7693) under a key derived from the terminal's own, in front of the content. It
tells a file that this terminal wrote, whole, from one that was edited, cut, or carried over from another terminal. It
is no protection from somebody who can read the terminal's key: whoever has that has the terminal.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from hmac import compare_digest
from typing import Final

from .errors import TrustBroken

__all__ = [
    "Marks",
    "flush_folder",
    "keep_only",
    "make_private_folder",
    "read_bounded",
    "replace_file",
    "write_file",
]

MARK_BYTES: Final = 32
FILE_BYTES: Final = 64 * 1024 * 1024  # no file of a store is larger


class Marks:
    """Marks of one terminal; `kind` is the file's name, so that one marked file never passes for another."""

    def __init__(self, terminal_key: bytes) -> None:
        """Derive the key of the marks; the terminal's own key is used for nothing but HPKE."""
        self._key = hashlib.blake2b(terminal_key, digest_size=32, person=b"lp store marks").digest()

    def marked(self, kind: str, content: bytes) -> bytes:
        """`content` with its mark in front."""
        return self._mark(kind, content) + content

    def content(self, kind: str, marked: bytes) -> bytes:
        """The content behind a right mark. Raises `TrustBroken`."""
        content = marked[MARK_BYTES:]
        if not compare_digest(marked[:MARK_BYTES], self._mark(kind, content)):
            raise TrustBroken(f"{kind} was altered, or belongs to another terminal")
        return content

    def _mark(self, kind: str, content: bytes) -> bytes:
        return hashlib.blake2b(
            content, digest_size=MARK_BYTES, key=self._key, person=kind.encode()[:16]
        ).digest()


def read_bounded(path: str | os.PathLike[str], at_most: int = FILE_BYTES) -> bytes:
    """The file's bytes. Raises `OSError`; `TrustBroken` beyond the bound."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path costs more than the read
        content = file.read(at_most + 1)
    if len(content) > at_most:
        raise TrustBroken("a stored file is larger than anything this terminal writes")
    return content


def write_file(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a new file and see it through to the disk. Raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: str, content: bytes, mode: int = 0o600) -> None:
    """Replace a file: after a kill or a power cut it is the old one or the new one, whole. Raises `OSError`."""
    draft = f"{path}.{os.getpid()}.new"
    try:
        write_file(draft, content, mode)
        os.replace(draft, path)  # noqa: PTH105
    except BaseException:
        if os.path.exists(draft):  # noqa: PTH110
            os.unlink(draft)  # noqa: PTH108
        raise
    flush_folder(os.path.dirname(path))  # noqa: PTH120


def flush_folder(path: str) -> None:
    """See the names in a folder through to the disk; systems that cannot open a folder are let off."""
    try:
        descriptor = os.open(path or ".", os.O_RDONLY)
    except OSError:
        return
    with suppress(OSError):  # some file systems refuse it for folders
        os.fsync(descriptor)
    os.close(descriptor)


def make_private_folder(path: str) -> None:
    """Make a folder for nobody else, and so its missing parents; one that exists keeps its mode. Raises `OSError`."""
    parent = os.path.dirname(path)  # noqa: PTH120
    if parent and not os.path.isdir(parent):  # noqa: PTH112
        make_private_folder(parent)
    with suppress(FileExistsError):
        os.mkdir(path, mode=0o700)  # noqa: PTH102


def keep_only(folder: str, names: set[str]) -> None:
    """Take away everything in a folder but `names`, folders with their files included; what resists stays."""
    with suppress(OSError), os.scandir(folder) as found:
        for one in list(found):
            if one.name in names:
                continue
            with suppress(OSError):
                if one.is_dir(follow_symlinks=False):
                    keep_only(one.path, set())
                    os.rmdir(one.path)  # noqa: PTH106
                else:
                    os.unlink(one.path)  # noqa: PTH108
