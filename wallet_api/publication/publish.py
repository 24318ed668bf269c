"""Publish one edition: sign, stage, read back, switch. A stop at any point leaves a tree that terminals accept or retry.

    published/
      public/ police/ health/      metadata/ and targets/: three views of one update repository
      lists/                       the Token Status Lists in both forms, served at their uris
      .next/                       the edition being staged; `.next/complete` names its files once it was checked

1. One publisher at a time (a lock on the folder, under the lease that `run.py` holds). A switch that was interrupted
   after its check is finished first.
2. Due key upkeep is done, so that a signer never ends for want of a publication.
3. Lists and metadata are signed and written to `.next`, each file flushed to disk.
4. `check.py` reads `.next` back and compares it with the edition in force; a refusal removes `.next`.
5. The caller confirms that it still holds the lease, and nobody takes it during the switch. Each file takes its name by a rename: targets, then roots, delegated metadata, targets, snapshot, timestamp last. A
   terminal that comes in between finds hashes that disagree and keeps what it has.
6. Files of the former edition that are no longer named are removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, Final

from credentials.spec import Domain
from keys import KeyFolder
from keys.disk import flush_folder

from .check import AREAS, check_next
from .lists import SignedLists, sign_lists
from .reading import PublishedEdition, read_edition
from .state import PublicationRefused, PublicationReport, PublicationState
from .tuf_tree import SignedMetadata, sign_metadata

_COMPLETE: Final = "complete"
_FOLDER_SECONDS: Final = 30.0  # a switch takes a fraction of one; longer means a program that hangs
_ASK_AGAIN: Final = 0.05
# The order of the switch: what refers comes after what it refers to.
_ORDER: Final = ("root.json", "police.json", "health.json", "targets.json", "snapshot.json", "timestamp.json")


def publish(
    state: PublicationState,
    keys: KeyFolder,
    folder: Path,
    at: int,
    *,
    confirmed: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> PublicationReport:
    """Publish `state` as of `at` into `folder`. The switch happens inside `confirmed()`, which may still refuse.

    Raises `PublicationRefused` (nothing changed for terminals) or a `SigningKeyError`.
    """
    start = time.perf_counter()
    with _alone(folder):
        finish(folder)
        upkeep = keys.upkeep(at)
        roots = {domain: keys.root_certificate(domain) for domain in Domain}
        previous = read_edition(folder, roots)
        if previous is not None and state.edition <= previous.edition:
            msg = f"edition {state.edition} does not follow {previous.edition}, which is published already"
            raise PublicationRefused(msg)
        lists = sign_lists(state, keys, at)
        files = _laid_out(lists, sign_metadata(lists, keys, state.edition, at))
        staged = folder / ".next"
        try:
            _stage(staged, files)
            check_next(staged, state, roots, previous, at)
            with confirmed():
                _write(staged / _COMPLETE, json.dumps(sorted(files)).encode())
                flush_folder(staged)
                finish(folder)
        except BaseException:
            _drop_unchecked(staged)
            raise
    return PublicationReport(
        edition=state.edition,
        issued_at=at,
        lists=2 + 2 * sum(map(len, state.status.values())) + len(state.points),
        files=len(files),
        written_bytes=sum(len(content) for content in files.values()),
        seconds=time.perf_counter() - start,
        upkeep=tuple(upkeep),
    )


def published_edition(folder: Path, keys: KeyFolder) -> int:
    """The highest edition in the folder, 0 where nothing was published: the next one must exceed it.

    A switch that was interrupted after its check is finished first. Raises `PublicationRefused`.
    """
    found = published_lists(folder, keys)
    return 0 if found is None else found.edition


def published_lists(folder: Path, keys: KeyFolder) -> PublishedEdition | None:
    """What the folder says, None where nothing was published; otherwise as `published_edition`."""
    with _alone(folder):
        finish(folder)
        return read_edition(folder, {domain: keys.root_certificate(domain) for domain in Domain})


def finish(folder: Path) -> bool:
    """Complete a switch that was checked and then interrupted, or drop one that was not. Whether one was completed."""
    staged = folder / ".next"
    try:
        named = set(json.loads((staged / _COMPLETE).read_bytes()))
    except (FileNotFoundError, ValueError):
        shutil.rmtree(staged, ignore_errors=True)
        return False
    left = [path for path in _files(staged) if path != _COMPLETE]
    touched = set()
    for path in sorted(left, key=_rank):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (staged / path).replace(target)
        touched.add(target.parent)
    for parent in touched:
        flush_folder(parent)
    for area in (*AREAS, "lists"):
        for path in _files(folder / area):
            if f"{area}/{path}" not in named:
                (folder / area / path).unlink()
    shutil.rmtree(staged)
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + _FOLDER_SECONDS
    with (folder / ".lock").open("wb") as lock:
        while not _locked(lock):
            if time.monotonic() > end:
                msg = f"another program has held {folder}/.lock for {_FOLDER_SECONDS:.0f} s; see whether it hangs"
                raise PublicationRefused(msg)
            time.sleep(_ASK_AGAIN)
        yield


def _locked(lock: BinaryIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _drop_unchecked(staged: Path) -> None:
    """Remove what was staged, unless its switch has begun: then the next publication finishes it."""
    if not (staged / _COMPLETE).exists():
        shutil.rmtree(staged, ignore_errors=True)


def _laid_out(lists: SignedLists, metadata: SignedMetadata) -> dict[str, bytes]:
    """Every file of the published folder, by its path there."""
    top = {
        **metadata.roots,
        "targets.json": metadata.targets,
        "snapshot.json": metadata.snapshot,
        "timestamp.json": metadata.timestamp,
    }
    own: Mapping[str, Mapping[str, bytes]] = {"public": {}, "police": lists.police, "health": lists.health}
    files = {f"lists/{path}": content for path, content in lists.served.items()}
    for area, targets in own.items():
        files |= {f"{area}/targets/{path}": content for path, content in {**lists.public, **targets}.items()}
        files |= {f"{area}/metadata/{name}": content for name, content in top.items()}
    for role, content in metadata.delegated.items():
        files[f"{role}/metadata/{role}.json"] = content
    return files


def _stage(staged: Path, files: Mapping[str, bytes]) -> None:
    """Write each content once; the same content in another tree is a hard link to it."""
    shutil.rmtree(staged, ignore_errors=True)
    written: dict[bytes, Path] = {}
    for path, content in files.items():
        target = staged / path
        target.parent.mkdir(parents=True, exist_ok=True)
        first = written.setdefault(content, target)
        if first is target or not _linked(first, target):
            _write(target, content)


def _linked(first: Path, target: Path) -> bool:
    try:
        target.hardlink_to(first)
    except OSError:  # a file system without links
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _rank(path: str) -> tuple[int, str]:
    area, kind, *rest = path.split("/")
    if area == "lists" or kind == "targets":
        return 0, path
    name = rest[-1]
    return (1, path) if name.endswith("root.json") else (2 + _ORDER.index(name), path)
