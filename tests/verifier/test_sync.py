"""Synchronising: from a folder and over HTTP, what is refused leaves everything as it was, and a kill too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from credentials.enrolment_file import ReaderKeyPackage
from credentials.spec import Audience, Domain, Role
from credentials.views import View
from tests.simulated_authority import (
    INSTANT,
    LICENCE_LIST,
    Publication,
    SimulatedAuthority,
    document_signer,
    proof,
    reader,
)
from tests.simulated_mirror import DAY, SimulatedMirror, enrolled, sealed_package
from tests.simulated_phone import SimulatedPhone
from verifier.enrolment import request
from verifier.errors import ListError, SyncError, TrustBroken
from verifier.reasons import NoticeCode, Reason
from verifier.store import TerminalStore
from verifier.sync import sync

ROOT = Path(__file__).resolve().parents[2]
AUTHORITY = SimulatedAuthority()
SECRET = "a secret of this terminal"


@pytest.fixture
def mirror(tmp_path):
    """A mirror with its first publication."""
    made = SimulatedMirror(tmp_path / "mirror")
    made.publish(AUTHORITY.publish(edition=1))
    return made


@pytest.fixture
def store(tmp_path, mirror):
    """A terminal for everybody's views, enrolled and without lists."""
    return enrolled(tmp_path / "store", Audience.ANYONE, mirror)


def _sync(store: TerminalStore, mirror: SimulatedMirror, at: int = INSTANT):
    return sync(store, str(mirror.area(store.enrolment.profile)), at=at)


def _edition(store: TerminalStore) -> int:
    return store.snapshot().status_lists[LICENCE_LIST].edition


def _content(folder: Path) -> dict[str, bytes]:
    """Everything that judging rests on."""
    skipped = {"tuf", "lock"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not skipped & set(path.relative_to(folder).parts)
    }


@pytest.mark.parametrize("profile", Audience)
def test_each_profile_gets_what_it_may_hold(tmp_path, mirror, profile):
    """Points and companions reach the police, health its own companion, everybody the bare lists."""
    store = enrolled(tmp_path / "terminal", profile, mirror)
    report = _sync(store, mirror)
    snapshot = store.snapshot()
    companions = {uri for uri, held in snapshot.status_lists.items() if held.companion is not None}
    assert report.changed
    assert len(snapshot.status_lists) == 2
    assert len(snapshot.points_lists) == (profile is Audience.POLICE)
    assert len(companions) == (profile is not Audience.ANYONE)
    assert len(snapshot.reader_keys) == (0 if profile is Audience.ANYONE else 3)
    assert set(snapshot.trust) == set(Domain)


def test_nothing_new_changes_nothing(store, mirror):
    """A second sync of the same publication writes no new snapshot."""
    assert _sync(store, mirror).changed
    before = _content(Path(store.folder))
    again = _sync(store, mirror, INSTANT + 60)
    assert (again.changed, again.number) == (False, 1)
    assert _content(Path(store.folder)) == before


def test_parent_of_the_three_areas_is_found_too(store, mirror):
    """A USB stick with the whole published folder serves every profile."""
    assert sync(store, str(mirror.folder), at=INSTANT).changed


def test_newer_publication_moves_forward(store, mirror):
    """Editions rise and the floor with them."""
    _sync(store, mirror)
    mirror.publish(AUTHORITY.publish(edition=2, at=INSTANT + 3600))
    report = _sync(store, mirror, INSTANT + 3600)
    assert (report.number, report.clock_floor, _edition(store)) == (2, INSTANT + 3600, 2)


def test_only_two_snapshots_are_kept(store, mirror):
    """The one in force, and the one a running reader may have open."""
    for edition in range(2, 6):
        mirror.publish(AUTHORITY.publish(edition=edition, at=INSTANT + edition))
        _sync(store, mirror)
    assert {path.name for path in Path(store.folder, "snapshots").iterdir()} == {"3", "4"}


# --- refused ----------------------------------------------------------------------------------------------------


def _refused(
    store: TerminalStore, mirror: SimulatedMirror, at: int = INSTANT, match: str | None = None
) -> None:
    before = _content(Path(store.folder))
    with pytest.raises(SyncError, match=match):
        _sync(store, mirror, at)
    assert _content(Path(store.folder)) == before
    if "current" in before:
        store.status()


def test_rolled_back_set_is_refused_also_after_restart(tmp_path, store, mirror):
    """TUF refuses yesterday's set; a fresh process refuses it too."""
    shutil.copytree(mirror.folder, tmp_path / "yesterday")
    mirror.publish(AUTHORITY.publish(edition=2))
    _sync(store, mirror)
    old = SimulatedMirror(tmp_path / "yesterday")
    _refused(TerminalStore.open(store.folder), old, match="cannot be believed")


def test_older_list_in_a_newer_set_is_refused(store, mirror):
    """Somebody with the set's keys and not the lists' replays an old list: its own edition gives it away."""
    mirror.publish(AUTHORITY.publish(edition=2))
    _sync(store, mirror)
    new = AUTHORITY.publish(edition=3)
    old = AUTHORITY.publish(edition=1)
    mirror.publish(Publication(INSTANT, new.trust, old.status, {}, {}))
    _refused(store, mirror, match="older than version 2")
    mirror.publish(Publication(INSTANT, old.trust, new.status, {}, {}))
    _refused(store, mirror, match="older than version 2")


def test_lost_update_state_is_no_way_back(store, mirror):
    """With TUF's memory wiped the store's own still stands."""
    mirror.publish(AUTHORITY.publish(edition=2))
    _sync(store, mirror)
    shutil.rmtree(f"{store.folder}/tuf")
    mirror.publish(AUTHORITY.publish(edition=1))
    _refused(store, mirror, match="older")


def test_parts_of_different_sets_are_refused(tmp_path, store):
    """Three sets, every mixture of their parts: only the whole ones load."""
    areas, parts = {}, ("targets", "metadata/timestamp.json", "metadata/targets.json")
    for number in (1, 2, 3):
        one = SimulatedMirror(tmp_path / f"set {number}")
        one.publish(AUTHORITY.publish(edition=number, at=INSTANT + number), version=number)
        areas[number] = one.area(Audience.ANYONE)
    taken = []
    for mixture in _mixtures(len(parts)):
        folder = tmp_path / "mixed"
        shutil.copytree(areas[1], folder)
        for part, number in zip(parts, mixture, strict=True):
            source, target = areas[number] / part, folder / part
            if source.is_dir():
                shutil.rmtree(target)
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        shutil.copy(areas[mixture[1]] / "metadata/snapshot.json", folder / "metadata")
        fresh = shutil.copytree(store.folder, tmp_path / "fresh")
        try:
            sync(TerminalStore.open(fresh), str(folder), at=INSTANT)
            taken.append(mixture)
        except SyncError:
            pass
        shutil.rmtree(folder)
        shutil.rmtree(fresh)
    assert taken == [(number,) * len(parts) for number in (1, 2, 3)]


def _mixtures(parts: int) -> Iterator[tuple[int, ...]]:
    for number in range(3**parts):
        yield tuple(number // 3**place % 3 + 1 for place in range(parts))


def test_expired_set_is_refused_by_the_clock_given(store, mirror):
    """Thirty-one days later the set is too old; the instant given is what counts, and one second less passes."""
    _refused(store, mirror, at=INSTANT + 31 * DAY, match="too old")
    assert _sync(store, mirror, at=INSTANT + 31 * DAY - 1).changed


def test_clock_far_in_the_past_is_refused(store, mirror):
    """A terminal whose battery died in 1970 says that its clock is wrong; nothing raises the floor beyond belief."""
    _refused(store, mirror, at=0, match="set the clock")


def test_stranger_s_mirror_is_refused(tmp_path, store):
    """Right lists under another root of the set."""
    stranger = SimulatedMirror(tmp_path / "stranger", stranger=" stranger")
    stranger.publish(AUTHORITY.publish())
    _refused(store, stranger, match="cannot be believed")


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json"])
@pytest.mark.parametrize("damage", ["removed", "garbage", "huge"])
def test_damaged_metadata_is_refused(store, mirror, name, damage):
    """Metadata missing, nonsense, or longer than any."""
    path = mirror.area(Audience.ANYONE) / "metadata" / name
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(b"[" * 100_000 if damage == "garbage" else b" " * 6_000_000)
    _refused(store, mirror)


def test_altered_target_is_refused(store, mirror):
    """A file that is not the one the set names."""
    [path] = (mirror.area(Audience.ANYONE) / "targets/status/licence").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    _refused(store, mirror)


def test_target_that_is_no_file_is_refused(store, mirror):
    """A stick whose list is a pipe or a folder hangs nobody."""
    [path] = (mirror.area(Audience.ANYONE) / "targets/status/licence").iterdir()
    path.unlink()
    os.mkfifo(path)
    _refused(store, mirror, match="404")


@pytest.mark.parametrize(
    "index",
    [
        b" ",
        b"[]",
        b'{"format":2,"targets":[]}',
        b'{"format":1,"targets":"trust"}',
        b'{"format":1,"targets":[1]}',
        b'{"format":1,"targets":["status/licence/9.cwt"]}',
        b'{"format":1,"targets":["trust/licence.cose","trust/licence.cose"]}',
        b'{"format":1,"targets":["trust/licence.cose"]}',
        b"[" * 100_000,
    ],
)
def test_index_that_is_none_is_refused(store, mirror, index):
    """An index of another shape, that names what is not there, or that forgets a trust list."""
    mirror.publish(AUTHORITY.publish(edition=2), targets={"index.json": index})
    _refused(store, mirror)


def test_unknown_names_in_an_index_are_left_alone(store, mirror):
    """A later release may publish kinds of files that this one does not know."""
    publication = AUTHORITY.publish(edition=2)
    names = [f"trust/{domain}.cose" for domain in Domain]
    index = json.dumps({"format": 1, "targets": [*names, "rules/1.cose", "../../etc/passwd", "/etc/passwd"]})
    mirror.publish(publication, targets={"index.json": index.encode()})
    assert _sync(store, mirror).lists == 2


def test_folder_without_a_publication_is_said(store, tmp_path):
    """A wrong folder is named as such."""
    with pytest.raises(SyncError, match="no publication"):
        sync(store, str(tmp_path), at=INSTANT)
    with pytest.raises(SyncError, match="no mirror"):
        sync(store, None, at=INSTANT)


def test_second_sync_at_the_same_time_is_refused(store, mirror):
    """One sync at a time."""
    import fcntl

    with open(f"{store.folder}/lock", "wb") as lock:  # noqa: PTH123
        fcntl.flock(lock, fcntl.LOCK_EX)
        _refused(store, mirror, match="another sync")


# --- tombstones -------------------------------------------------------------------------------------------------


def test_revoked_stays_revoked_when_a_newer_list_forgets_it(store, mirror, at):
    """A list that revives an entry is admitted, and the entry stays refused, with the day it was first seen."""
    mirror.publish(AUTHORITY.publish(edition=2, status={4_242: 1}))
    _sync(store, mirror)
    mirror.publish(AUTHORITY.publish(edition=3, at=INSTANT + 60))
    assert _sync(store, mirror).kept_revoked == 1
    code = SimulatedPhone(0).show(
        AUTHORITY.issue(AUTHORITY.claims(proof())), View.PROOF, audience="anyone", at=INSTANT
    )
    police = TerminalStore.open(store.folder).verifier().verify(code, at=at)
    assert police.reason is Reason.NOT_IN_FORCE
    assert store.snapshot().tombstones[LICENCE_LIST, 4_242].first_seen == INSTANT


def test_police_is_told_that_a_tombstone_decided(tmp_path, mirror, at):
    """The notice gives the first day; the class last seen decides the reason."""
    store = enrolled(tmp_path / "police", Audience.POLICE, mirror)
    mirror.publish(AUTHORITY.publish(edition=2, status={4_242: 1}))
    _sync(store, mirror)
    mirror.publish(AUTHORITY.publish(edition=3, without=[LICENCE_LIST]))
    _sync(store, mirror)
    mirror.publish(AUTHORITY.publish(edition=4, at=INSTANT + 60))
    _sync(store, mirror)
    issued = AUTHORITY.issue(AUTHORITY.claims(proof()))
    code = SimulatedPhone(0).show(issued, View.PROOF, audience="anyone", at=INSTANT)
    verdict = store.verifier().verify(code, at=at)
    assert verdict.reason is Reason.REVOKED
    assert NoticeCode.SEEN_REVOKED in [notice.code for notice in verdict.notices]


def test_compromised_signer_does_not_come_back(store, mirror):
    """Once seen compromised, a signer that a newer trust list calls active stays burnt here."""
    burnt = document_signer(Domain.LICENCE, "compromised")
    _sync(store, mirror)
    healed = document_signer(Domain.LICENCE, "compromised", not_before=burnt.not_before)
    signers = [one for one in AUTHORITY.signers[Domain.LICENCE] if one.name != burnt.name]
    mirror.publish(AUTHORITY.publish(edition=2, signers={Domain.LICENCE: [*signers, healed]}))
    _sync(store, mirror)
    [signer] = store.snapshot().signers[burnt.key_id]
    assert signer.compromised()


# --- reader keys ------------------------------------------------------------------------------------------------


def _package(
    store: TerminalStore, *generations: int, audience: Audience = Audience.POLICE, **changes
) -> bytes:
    keys = tuple(reader(audience, one).for_terminal() for one in generations)
    name = changes.pop("terminal_id", store.enrolment.terminal_id)
    asked = request(store.folder)
    return sealed_package(ReaderKeyPackage(name, INSTANT, keys), asked.public_key, **changes)


def test_later_reader_keys_come_by_sync(tmp_path, mirror):
    """A terminal enrolled with one generation gets the others, sealed to it; what it has stays."""
    first = (reader(Audience.POLICE, 2).for_terminal(),)
    store = enrolled(tmp_path / "police", Audience.POLICE, mirror, reader_keys=first)
    packages = {Audience.POLICE: {store.enrolment.terminal_id: _package(store, 3, 4)}}
    mirror.publish(AUTHORITY.publish(edition=2), packages=packages)
    assert _sync(store, mirror).reader_keys == 3
    assert reader(Audience.POLICE, 4).key_id in store.snapshot().reader_keys


def test_ended_reader_keys_go_away(tmp_path, mirror):
    """A generation whose grace is over by the lists' own instants is dropped, file included."""
    store = enrolled(tmp_path / "police", Audience.POLICE, mirror)
    _sync(store, mirror)
    end = reader(Audience.POLICE, 2).entry().not_after
    later = SimulatedAuthority(end)
    mirror.publish(later.publish(edition=2, at=end))
    report = _sync(store, mirror, end)
    assert report.reader_keys == 2
    assert len(list(Path(store.folder, "reader_keys").iterdir())) == 2


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"role": Role.STATUS}, "not signed by an enrolment signer"),
        ({"audience": Audience.HEALTH}, "another profile"),
        ({"terminal_id": "terminal-somebody"}, "another terminal"),
    ],
)
def test_foreign_package_of_reader_keys_is_refused(tmp_path, mirror, changes, match):
    """Signed by another role, for another profile, for another terminal."""
    store = enrolled(tmp_path / "police", Audience.POLICE, mirror)
    package = _package(store, 3, **changes)
    mirror.publish(
        AUTHORITY.publish(edition=2), packages={Audience.POLICE: {store.enrolment.terminal_id: package}}
    )
    with pytest.raises(ListError, match=match):
        _sync(store, mirror)


def test_package_of_another_terminal_does_not_open(tmp_path, mirror):
    """Another terminal's package under this one's name: sealed to another key."""
    store = enrolled(tmp_path / "police", Audience.POLICE, mirror)
    other = enrolled(tmp_path / "other", Audience.POLICE, mirror)
    packages = {Audience.POLICE: {store.enrolment.terminal_id: _package(other, 3)}}
    mirror.publish(AUTHORITY.publish(edition=2), packages=packages)
    with pytest.raises(ListError, match="sealed to another terminal"):
        _sync(store, mirror)


# --- damage and kills -------------------------------------------------------------------------------------------


def test_damaged_snapshot_is_mended_by_the_next_sync(store, mirror):
    """As TRUST_BROKEN tells the officer: synchronise."""
    _sync(store, mirror)
    Path(store.folder, "snapshots/1/trust.cbor").write_bytes(b"")
    assert _sync(store, mirror).changed
    assert store.status().number == 2


def test_lost_memory_is_not_mended_by_a_sync(store, mirror):
    """Without the memory nothing tells old lists from new ones: the terminal is to be enrolled again."""
    _sync(store, mirror)
    Path(store.folder, "floor.cbor").unlink()
    with pytest.raises(TrustBroken, match=r"floor\.cbor is missing"):
        _sync(store, mirror)


_KILLED = """
import os, shutil, signal, sys
sys.path.insert(0, {root!r})
from verifier.store import TerminalStore
from verifier.sync import sync
home, source, step = sys.argv[1:]
events = {{"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink"}}
killed = 0
while True:
    folder = f"{{home}}/{{killed}}"
    shutil.copytree(f"{{home}}/model", folder)
    child = os.fork()
    if child == 0:
        left = killed
        def count(event, arguments):
            global left
            if event in events or event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        sync(TerminalStore.open(folder), source, at={at})
        os._exit(0)
    _, status = os.waitpid(child, 0)
    state = TerminalStore.open(folder).status()
    editions = {{version for _, version, _ in state.lists}}
    assert len(editions) == 1, editions
    finished = sync(TerminalStore.open(folder), source, at={at}).number
    print(os.WIFSIGNALED(status), *editions, TerminalStore.open(folder).status().number)
    shutil.rmtree(folder)
    if not os.WIFSIGNALED(status):
        break
    killed += int(step)
"""


def test_sync_killed_at_every_change_on_disk_leaves_the_old_lists_or_the_new(tmp_path, mirror):
    """SIGKILL before the n-th change on disk, for every n: whole lists of one edition, and the next sync completes."""
    model = tmp_path / "home/model"
    store = enrolled(model, Audience.POLICE, mirror)
    _sync(store, mirror)
    mirror.publish(AUTHORITY.publish(edition=2, at=INSTANT + 60, status={5: 1}))
    script = _KILLED.format(root=str(ROOT), at=INSTANT + 60)
    step = 1 if os.environ.get("LP_EXPLORE") else 4
    arguments = [str(tmp_path / "home"), str(mirror.area(Audience.POLICE)), str(step)]
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines()]
    assert rows[-1] == ["False", "2", "2"]
    assert len(rows) * step > 60
    editions = [row[1] for row in rows]
    assert editions == sorted(editions)
    assert {"1", "2"} == {row[1] for row in rows[:-1]}
    assert {row[2] for row in rows} == {"2"}


# --- over HTTP --------------------------------------------------------------------------------------------------


class _Answers(BaseHTTPRequestHandler):
    """A mirror's web server with faults on demand."""

    folder: Path
    secret: str | None = None
    fault: str | None = None
    asked: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        """Serve a file, or the fault."""
        self.asked.append((self.path, self.headers.get("Authorization")))
        path = self.folder / self.path.lstrip("/")
        if self.secret and self.headers.get("Authorization") != f"Bearer {self.secret}":
            return self._answer(401, b"")
        if not path.is_file():
            return self._answer(404, b"")
        if self.fault == "redirect" and path.name == "timestamp.json":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()
            return None
        content = path.read_bytes()
        if self.fault == "cut" and path.name == "targets.json":
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:50])
            return None
        if self.fault == "endless" and path.name == "timestamp.json":
            content = b"[" * 1_000_000
        if self.fault == "error" and path.name == "snapshot.json":
            return self._answer(503, b"")
        return self._answer(200, content)

    def _answer(self, code: int, content: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def _served(folder: Path, *, secret: str | None = None, fault: str | None = None):
    asked: list[tuple[str, str | None]] = []
    answers = type(
        "Answers", (_Answers,), {"folder": folder, "secret": secret, "fault": fault, "asked": asked}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.network
def test_mirror_over_http_is_asked_with_the_terminal_s_secret(tmp_path, mirror):
    """The secret of the enrolment goes with every question, and brings what a folder brings."""
    with _served(mirror.folder, secret=SECRET) as (url, asked):
        store = enrolled(
            tmp_path / "police", Audience.POLICE, mirror, mirror_url=f"{url}/police", mirror_secret=SECRET
        )
        assert sync(store, None, at=INSTANT).changed
    assert {authorization for _, authorization in asked} == {f"Bearer {SECRET}"}
    assert len(store.snapshot().points_lists) == 1


@pytest.mark.network
def test_unchanged_lists_are_not_fetched_again(store, mirror):
    """The files of the last sync serve the next one."""
    with _served(mirror.folder) as (url, asked):
        sync(store, f"{url}/public", at=INSTANT)
        first = len(asked)
        sync(store, f"{url}/public", at=INSTANT)
    assert len(asked) - first == 2  # is there a newer root, is there a newer timestamp


@pytest.mark.network
@pytest.mark.parametrize("fault", ["redirect", "cut", "endless", "error"])
def test_faulty_mirror_is_refused(store, mirror, fault):
    """A redirect, an answer cut short, one without end, an error: the lists in force stay."""
    _sync(store, mirror)
    before = _content(Path(store.folder))
    mirror.publish(AUTHORITY.publish(edition=2))
    with _served(mirror.folder, fault=fault) as (url, _), pytest.raises(SyncError):
        sync(store, f"{url}/public", at=INSTANT)
    assert _content(Path(store.folder)) == before


@pytest.mark.network
def test_wrong_secret_is_said_without_repeating_it(tmp_path, mirror):
    """The mirror's refusal is told by its number."""
    with _served(mirror.folder, secret="another") as (url, _):
        store = enrolled(tmp_path / "police", Audience.POLICE, mirror, mirror_secret=SECRET)
        with pytest.raises(SyncError, match="401") as caught:
            sync(store, f"{url}/police", at=INSTANT)
    assert SECRET not in str(caught.value)


def test_nobody_there_is_said(store):
    """A mirror that does not answer."""
    with pytest.raises(SyncError, match="cannot be reached"):
        sync(store, "http://127.0.0.1:9/public", at=INSTANT)


@pytest.mark.parametrize(
    "place",
    ["http://mirror.example/police", "https://user:word@mirror.example/", "https://mirror.example/?a=1"],
)
def test_secret_is_not_sent_in_clear_nor_to_an_odd_address(tmp_path, mirror, place):
    """Plain HTTP beyond this machine, credentials or a query in the address: refused before anything is sent."""
    store = enrolled(tmp_path / "police", Audience.POLICE, mirror, mirror_secret=SECRET)
    with pytest.raises(SyncError, match=r"address|in clear"):
        sync(store, place, at=INSTANT)
