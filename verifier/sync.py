"""Bring a terminal's lists up to date, from a mirror over HTTP or from a folder (a USB stick). Extra `sync`.

1. TUF (python-tuf) refreshes from the root that came with the enrolment: rollback, freeze and mix-and-match of the set are
   refused there. Its clock is the `at` given here, read once at the command line.
2. The indexes name what every terminal of this profile wants; a terminal's own package of reader keys is asked for by its
   name. Every file is bounded by its signed length and by ours.
3. Each list then vouches for itself (admission.py), and the store switches (store.py).

What is refused leaves the lists in force as they were; only the update client's own memory may have moved on, and it only
moves forward.
"""

from __future__ import annotations

import json
import os
import re
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPException
from typing import IO, Final, NamedTuple

from tuf.api.exceptions import DownloadError, DownloadHTTPError, ExpiredMetadataError, RepositoryError
from tuf.ngclient import FetcherInterface, Updater

from credentials.limits import SIGNED_LIST_BYTES, TRUST_LIST_BYTES
from credentials.spec import Audience, Domain

from .admission import Admitted, Offered, admit
from .disk import keep_only, make_private_folder, read_bounded
from .errors import ListError, SyncError
from .mirror import TIMEOUT_SECONDS, authorization, is_address, opener, require_safe
from .snapshot import INDEX, sha256
from .store import TerminalStore

__all__ = ["SyncReport", "sync"]

CHUNK_BYTES: Final = 64 * 1024
INDEX_BYTES: Final = 1_000_000
TARGETS: Final = 20_000
TOTAL_BYTES: Final = 1024 * 1024 * 1024

AREA: Final = {Audience.POLICE: "police", Audience.HEALTH: "health", Audience.ANYONE: "public"}
_TRUST: Final = re.compile(r"trust/(licence|health)\.cose")
_STATUS: Final = re.compile(r"status/(licence|health)/[0-9]{1,9}\.cwt")
_DELEGATED: Final = re.compile(r"(police|health)/(points|companion)/[0-9]{1,9}\.cose")
# Whose list the companions of a delegated area explain.
_DOMAIN: Final = {"police": Domain.LICENCE, "health": Domain.HEALTH}


class SyncReport(NamedTuple):
    """What a sync brought. `changed` is false when the terminal had everything; counts are of the publication."""

    changed: bool
    number: int
    lists: int
    reader_keys: int
    clock_floor: int
    kept_revoked: int
    companions_left_out: int


def sync(store: TerminalStore, source: str | None, *, at: int) -> SyncReport:
    """Synchronise `store` from a URL or a folder, or from the enrolment's mirror when `source` is None.

    `at` is the terminal's clock in UTC seconds. Raises `SyncError`, `ListError` among them; `TrustBroken` when the
    terminal's memory is lost; `OSError` when the store cannot be written.
    """
    place = source or store.enrolment.mirror_url
    if not place:
        raise SyncError("this terminal has no mirror: name a URL or a folder")
    with _alone(store.folder):
        offered = _fetch(store, place, at)
        admitted = admit(offered, store, at)
        number = _install(store, admitted)
    return SyncReport(
        number is not None,
        admitted.memory.number if number is not None else admitted.memory.number - 1,
        admitted.lists,
        len(admitted.reader_keys),
        admitted.memory.floor,
        admitted.kept_revoked,
        admitted.companions_left_out,
    )


def _install(store: TerminalStore, admitted: Admitted) -> int | None:
    """Put the candidate in force; None when it says nothing that is not in force already."""
    keys = {one.key_id.hex() for one in admitted.reader_keys}
    held = store.sound_manifest()
    if (
        held is not None
        and held.files.get(INDEX) == sha256(admitted.files[INDEX])
        and held.reader_keys.keys() == keys
        and admitted.seen == store.tombstones()
    ):
        store.mend_memory()
        return None
    written = dict(map(store.keep_reader_key, admitted.reader_keys))
    return store.install_snapshot(admitted.files, written, admitted.memory, admitted.seen)


# --- the publication ---------------------------------------------------------------------------------------------


def _fetch(store: TerminalStore, place: str, at: int) -> Offered:
    profile = store.enrolment.profile
    folder = f"{store.folder}/tuf"
    make_private_folder(f"{folder}/targets")
    fetcher, base = _source(place, profile, store.enrolment.mirror_secret)
    try:
        updater = Updater(
            folder,
            f"{base}/metadata/",
            f"{folder}/targets",
            f"{base}/targets/",
            fetcher,
            bootstrap=store.enrolment.tuf_root,
        )
        _set_clock(updater, at)
        updater.refresh()
        return _Download(updater, f"{folder}/targets").offered(profile, store.enrolment.terminal_id)
    except ExpiredMetadataError as error:
        raise SyncError(
            "the publication is too old, or this terminal's clock is ahead: look for a newer one, set the clock"
        ) from error
    except DownloadError as error:
        raise SyncError(f"the publication cannot be reached: {_words(error)}") from error
    except RepositoryError as error:
        raise SyncError(f"the publication cannot be believed: {type(error).__name__}") from error
    except (HTTPException, urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise SyncError("the mirror broke off: try again later") from error


def _set_clock(updater: Updater, at: int) -> None:
    # The library reads the wall clock when it is made and takes no other; everything it judges later is against this
    # one attribute. A test fails when a release moves it.
    updater._trusted_set.reference_time = datetime.fromtimestamp(at, UTC)  # noqa: SLF001


def _words(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DownloadHTTPError):
            return f"the mirror answered {cause.status_code}"
        if isinstance(cause, SyncError):
            return str(cause)
        cause = cause.__cause__
    return "no answer, or one that is too long"


class _Download:
    """One publication's files, each known by its signed length and hash."""

    def __init__(self, updater: Updater, folder: str) -> None:
        self._updater = updater
        self._folder = folder
        self._left = TOTAL_BYTES
        self._kept: set[str] = set()

    def offered(self, profile: Audience, terminal_id: str) -> Offered:
        """Everything that a terminal of this profile wants."""
        offered = Offered()
        for path in self._index("index.json"):
            self._take_public(path, offered)
        area = AREA[profile]
        if profile is not Audience.ANYONE:
            for path in self._index(f"{area}/index.json"):
                self._take_delegated(area, path, offered)
            offered.reader_keys = self._content(f"{area}/reader-keys/{terminal_id}.cose", TRUST_LIST_BYTES)
        keep_only(self._folder, self._kept)
        return offered

    def _take_public(self, path: str, offered: Offered) -> None:
        if found := _TRUST.fullmatch(path):
            offered.trust[Domain(found[1])] = self._wanted(path, TRUST_LIST_BYTES)
        elif found := _STATUS.fullmatch(path):
            offered.status.setdefault(Domain(found[1]), []).append(self._wanted(path, SIGNED_LIST_BYTES))

    def _take_delegated(self, area: str, path: str, offered: Offered) -> None:
        found = _DELEGATED.fullmatch(path)
        if found is None or found[1] != area:
            return  # a kind of file that a later release knows
        content = self._wanted(path, SIGNED_LIST_BYTES)
        if found[2] == "companion":
            offered.companions.setdefault(_DOMAIN[area], []).append(content)
        else:
            offered.points.append(content)

    def _index(self, path: str) -> list[str]:
        try:
            index = json.loads(self._wanted(path, INDEX_BYTES))
        except (ValueError, RecursionError) as error:
            raise ListError(f"{path}: not an index") from error
        targets = index.get("targets") if isinstance(index, dict) and index.get("format") == 1 else None
        if not isinstance(targets, list) or len(targets) > TARGETS:
            raise ListError(f"{path}: not an index that this release reads")
        if not all(isinstance(one, str) for one in targets) or len(set(targets)) != len(targets):
            raise ListError(f"{path}: names a file twice, or something that is no file")
        return targets

    def _wanted(self, path: str, at_most: int) -> bytes:
        content = self._content(path, at_most)
        if content is None:
            raise ListError(f"{path}: missing from the publication")
        return content

    def _content(self, path: str, at_most: int) -> bytes | None:
        target = self._updater.get_targetinfo(path)
        if target is None:
            return None
        if target.length > at_most or target.length > self._left:
            raise ListError(f"{path}: larger than a terminal takes")
        self._left -= target.length
        file = self._updater.find_cached_target(target) or self._updater.download_target(target)
        self._kept.add(os.path.basename(file))  # noqa: PTH119
        return read_bounded(file)


# --- where it comes from -----------------------------------------------------------------------------------------


def _source(place: str, profile: Audience, secret: str | None) -> tuple[FetcherInterface, str]:
    """The fetcher for a place, and the address of the folder that holds `metadata` and `targets`."""
    if not is_address(place):
        area = f"{place}/{AREA[profile]}"
        folder = area if os.path.isdir(f"{area}/metadata") else place  # noqa: PTH112
        if not os.path.isdir(f"{folder}/metadata"):  # noqa: PTH112
            raise SyncError(
                "the folder holds no publication: name the one that holds `metadata` and `targets`"
            )
        return _FolderFetcher(), os.path.abspath(folder)  # noqa: PTH100
    require_safe(place, secret)
    return _MirrorFetcher(place, secret), place.rstrip("/")


class _FolderFetcher(FetcherInterface):
    """Files of a folder in place of a mirror's answers."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            if not stat.S_ISREG(os.stat(url).st_mode):  # noqa: PTH116
                raise DownloadHTTPError("not a file", 404)
            file = open(url, "rb")  # noqa: PTH123, SIM115 - closed by the generator that reads it
        except (FileNotFoundError, NotADirectoryError):
            raise DownloadHTTPError("no such file", 404) from None
        return _chunks(file)


class _MirrorFetcher(FetcherInterface):
    """A mirror over HTTP, with the terminal's secret where the enrolment gave one."""

    def __init__(self, place: str, secret: str | None) -> None:
        self._headers = authorization(secret)
        self._opener = opener(place)

    def _fetch(self, url: str) -> Iterator[bytes]:
        request = urllib.request.Request(url, headers=self._headers)  # noqa: S310 - the scheme was checked
        try:
            answer = self._opener.open(request, timeout=TIMEOUT_SECONDS)
        except urllib.error.HTTPError as error:
            error.close()
            raise DownloadHTTPError("the mirror refused", error.code) from None
        return _chunks(answer)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@contextmanager
def _alone(folder: str) -> Iterator[None]:
    """One sync at a time; a second one is told so."""
    try:
        import fcntl
    except ImportError:  # Windows: a pharmacy's single user
        yield
        return
    with open(f"{folder}/lock", "wb") as lock:  # noqa: PTH123
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SyncError("another sync of this terminal is running") from None
        yield
