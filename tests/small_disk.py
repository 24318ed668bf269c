"""A disk that is soon full: a memory file system of a given size, mounted by root for one test."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

MIB = 1024 * 1024
_FILLER = ".filler"


class SmallDisk:
    """A mounted folder that can be filled to the last byte and freed again."""

    def __init__(self, folder: Path) -> None:
        """`small_disk` is the way in."""
        self.folder = folder

    def fill(self) -> None:
        """Leave no byte."""
        with (self.folder / _FILLER).open("ab", buffering=0) as filler:
            for size in (MIB, 4_096, 1):
                while _written(filler.fileno(), size):
                    pass

    def free(self) -> None:
        """Give the space back."""
        (self.folder / _FILLER).unlink()


def _written(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, bytes(size)) == size
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


def why_not() -> str | None:
    """Why no small disk can be had here, in words; None when one can."""
    if os.geteuid() != 0:
        return "only root mounts a small disk: what a full one does was not looked at"
    return None


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk]:
    """Mount one at `folder`, with what lies there copied onto it. Raises `PermissionError` where mounting is forbidden."""
    there = folder.with_name(f"{folder.name}.before")
    folder.rename(there) if folder.exists() else there.mkdir()
    folder.mkdir(mode=0o700)
    options = f"size={mebibytes}m,mode=700"
    command = ["mount", "-t", "tmpfs", "-o", options, "small-disk", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        shutil.rmtree(there)
        msg = "this machine lets nobody mount a small disk: what a full one does was not looked at"
        raise PermissionError(msg)
    try:
        subprocess.run(["cp", "-a", f"{there}/.", str(folder)], check=True)
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(there)


@pytest.fixture
def mount() -> Iterator[Callable[[Path, int], SmallDisk]]:
    """Put a folder onto a small disk for the time of the test; skips, in words, where nobody can mount one."""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    with ExitStack() as stack:

        def mounted(folder: Path, mebibytes: int) -> SmallDisk:
            try:
                return stack.enter_context(small_disk(folder, mebibytes))
            except PermissionError as error:
                pytest.skip(str(error))

        yield mounted
