"""The terminal store: what it holds comes back, and a file that changed by one bit is never believed."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from credentials.spec import Audience, Domain
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.views import View
from tests.simulated_authority import (
    INSTANT,
    LICENCE_LIST,
    POINTS_LIST,
    SimulatedAuthority,
    document_signer,
    proof,
    reader,
    road_check,
)
from tests.simulated_mirror import SimulatedMirror, enrolled
from tests.simulated_phone import SimulatedPhone
from tests.simulated_terminal import take, terminal
from verifier.errors import TrustBroken, TrustMissing
from verifier.reasons import Reason
from verifier.store import TerminalStore

AUTHORITY = SimulatedAuthority()
PHONE = SimulatedPhone(0)
REVOKED = {17: 1}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A police terminal with two publications behind it."""
    folder = tmp_path_factory.mktemp("full") / "store"
    first = AUTHORITY.publish(edition=1, at=INSTANT - 60, status=REVOKED)
    why = {17: CompanionEntry(EntryClass.AUTHORITY)}
    second = AUTHORITY.publish(edition=2, status=REVOKED, companion=why, points={5: 7})
    terminal(folder, Audience.POLICE, [first, second])
    return folder


@pytest.fixture
def store(full, tmp_path):
    """A copy that a test may damage."""
    shutil.copytree(full, tmp_path / "store")
    return tmp_path / "store"


def _code(at: int = INSTANT, index: int = 4_242, view: View = View.PROOF) -> str:
    subject = proof() if view is View.PROOF else road_check()
    issued = AUTHORITY.issue(AUTHORITY.claims(subject, index=index))
    to = reader(Audience.POLICE) if view is View.ROAD_CHECK else None
    return PHONE.show(issued, view, audience="anyone" if to is None else "police", at=at, reader=to)


def _judge(store: Path, at: datetime, *codes: str) -> list[Reason]:
    verifier = TerminalStore.open(store).verifier()
    return [verifier.verify(code, at=at).reason for code in codes]


def test_what_was_synchronised_comes_back(store):
    """Lists, companions, reader keys and signers are those of the publication."""
    snapshot = TerminalStore.open(store).snapshot()
    held = snapshot.status_lists[LICENCE_LIST]
    assert (held.edition, held.issued_at, held.entries.get(17), held.entries.get(16)) == (2, INSTANT, 1, 0)
    assert held.companion is not None
    assert held.companion[17].entry_class is EntryClass.AUTHORITY
    assert 16 not in held.companion
    assert snapshot.points_lists[POINTS_LIST].entries.get(5) == 7
    signer = document_signer(Domain.LICENCE)
    assert snapshot.signers[signer.key_id][0].name == signer.name
    assert snapshot.reader_audiences[reader(Audience.HEALTH).key_id] is Audience.HEALTH
    assert reader(Audience.POLICE).key_id in snapshot.reader_keys
    assert snapshot.clock_floor == INSTANT
    assert snapshot.test_mode


def test_store_of_the_disk_judges_as_lists_in_memory(store, at):
    """Sealed and unsealed codes, good and revoked, are judged from the files."""
    codes = _code(), _code(view=View.ROAD_CHECK), _code(index=17)
    assert _judge(store, at, *codes) == [Reason.OK, Reason.OK, Reason.REVOKED]


def test_every_file_is_private(store):
    """Nobody else on the machine reads a terminal's store."""
    assert not [path for path in store.rglob("*") if path.name != "lock" and path.stat().st_mode & 0o077]


def test_no_enrolment_is_trust_missing(tmp_path):
    """An empty or absent folder is a terminal that was never set up."""
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(TrustMissing):
            TerminalStore.open(folder)


def test_no_sync_yet_is_trust_missing(tmp_path):
    """An enrolled terminal without lists says so."""
    opened = enrolled(tmp_path / "store", Audience.ANYONE, SimulatedMirror(tmp_path / "mirror"))
    with pytest.raises(TrustMissing):
        opened.verifier()


def _believed(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.name not in {"request.cbor", "lock"} and "tuf" not in path.parts
    )


def _is_of_former(path: Path) -> bool:
    return path.parent.name == "1"


@pytest.mark.parametrize("damage", ["flipped bit", "cut", "grown", "emptied", "removed"])
def test_damage_to_any_file_is_trust_broken(full, tmp_path, damage):
    """Each file of the store in turn, damaged in each way: nothing of it is ever believed."""
    kept = []
    for number, original in enumerate(_believed(full)):
        if _is_of_former(original):
            continue
        copy = tmp_path / str(number)
        shutil.copytree(full, copy)
        path = copy / original.relative_to(full)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        match damage:
            case "flipped bit":
                path.write_bytes(content)
            case "cut":
                path.write_bytes(content[:-1])
            case "grown":
                path.write_bytes(original.read_bytes() + b"\0")
            case "emptied":
                path.write_bytes(b"")
            case "removed":
                path.unlink()
        expected = TrustMissing if (damage, path.name) == ("removed", "enrolment.cbor") else TrustBroken
        try:
            TerminalStore.open(copy).status()
        except expected:
            continue
        kept.append(path.relative_to(copy))
    assert kept == []


def test_damaged_list_is_noticed_when_it_is_used(store, at):
    """A list nobody asks for is not read; the first look-up of a damaged one is TRUST_BROKEN and no verdict."""
    [path] = [one for one in (store / "snapshots/2").glob("s*.bin") if any(one.read_bytes())]
    path.write_bytes(path.read_bytes()[::-1])
    verifier = TerminalStore.open(store).verifier()
    with pytest.raises(TrustBroken):
        verifier.verify(_code(), at=at)


def test_test_mode_cannot_be_turned_on_by_editing(tmp_path):
    """The flag stands under the enrolment signer's signature and the terminal's mark."""
    terminal(tmp_path / "real", Audience.POLICE, [AUTHORITY.publish()], test_mode=False)
    path = tmp_path / "real" / "enrolment.cbor"
    content = path.read_bytes()
    at = content.index(b"\x02\xf4\x03")  # key 2 of the body: false
    path.write_bytes(content[: at + 1] + b"\xf5" + content[at + 2 :])
    with pytest.raises(TrustBroken):
        TerminalStore.open(tmp_path / "real")


def test_test_mode_is_refused_even_with_the_terminals_own_mark(tmp_path):
    """Who can write marks still cannot sign for the enrolment signer."""
    from verifier.disk import Marks

    folder = tmp_path / "real"
    terminal(folder, Audience.POLICE, [AUTHORITY.publish()], test_mode=False)
    marks = Marks((folder / "terminal_key").read_bytes())
    content = bytearray(marks.content("enrolment.cbor", (folder / "enrolment.cbor").read_bytes()))
    content[content.index(b"\x02\xf4\x03") + 1] = 0xF5
    (folder / "enrolment.cbor").write_bytes(marks.marked("enrolment.cbor", bytes(content)))
    with pytest.raises(TrustBroken, match="enrolment"):
        TerminalStore.open(folder)


def test_file_of_another_terminal_is_trust_broken(store, tmp_path):
    """A memory that was carried over from another terminal does not fit."""
    terminal(tmp_path / "other", Audience.POLICE, [AUTHORITY.publish()])
    for name in ("floor.cbor", "tombstones.cbor", "current", "enrolment.cbor"):
        kept = (store / name).read_bytes()
        (store / name).write_bytes((tmp_path / "other" / name).read_bytes())
        with pytest.raises(TrustBroken):
            TerminalStore.open(store).status()
        (store / name).write_bytes(kept)
    TerminalStore.open(store).status()


def test_one_marked_file_in_place_of_another_is_trust_broken(store):
    """A mark is for one file."""
    shutil.copy(store / "tombstones.cbor", store / "floor.cbor")
    with pytest.raises(TrustBroken):
        TerminalStore.open(store).status()


def test_older_snapshot_put_back_is_trust_broken(tmp_path):
    """The snapshots and `current` of yesterday under today's memory: going back is seen."""
    folder = tmp_path / "young"
    young = terminal(folder, Audience.POLICE, [AUTHORITY.publish(edition=1)])
    shutil.copytree(folder / "snapshots", tmp_path / "snapshots")
    shutil.copy(folder / "current", tmp_path / "current")
    take(young, AUTHORITY.publish(edition=2, status=REVOKED))
    shutil.rmtree(folder / "snapshots")
    shutil.copytree(tmp_path / "snapshots", folder / "snapshots")
    shutil.copy(tmp_path / "current", folder / "current")
    with pytest.raises(TrustBroken, match="older"):
        TerminalStore.open(folder).verifier()


def test_memory_put_back_does_not_lower_anything(tmp_path):
    """An old floor beside a new snapshot: the later of both holds."""
    folder = tmp_path / "young"
    young = terminal(folder, Audience.POLICE, [AUTHORITY.publish(edition=1, at=INSTANT - 3600)])
    old = (folder / "floor.cbor").read_bytes()
    take(young, AUTHORITY.publish(edition=5))
    (folder / "floor.cbor").write_bytes(old)
    assert TerminalStore.open(folder).snapshot().clock_floor == INSTANT
    memory, _, _ = TerminalStore.open(folder).known()
    assert memory.versions["licence"] == 5


def test_whole_old_copy_says_its_age(store, at):
    """An old copy of everything cannot be told from the past, so the verdict rests on what its lists say: their age."""
    late = at.replace(day=11)
    assert _judge(store, late, _code(int(late.timestamp()))) == [Reason.LISTS_STALE]


class _FailingDisk:
    """Lets a number of file operations through, then refuses every one."""

    def __init__(self, allowed: int) -> None:
        self.left = allowed

    def of(self, operation):
        """The operation, as long as the disk works."""

        def attempt(*arguments, **named):
            self.left -= 1
            if self.left < 0:
                raise OSError(28, "No space left on device")
            return operation(*arguments, **named)

        return attempt


def test_store_survives_a_failure_at_every_file_operation(full, tmp_path, monkeypatch):
    """An I/O error from the n-th operation on, for every n: the old snapshot or the new one, never neither."""
    newer = AUTHORITY.publish(edition=3, status={18: 1})
    outcomes = []
    while (True, 3) not in outcomes:
        folder = tmp_path / str(len(outcomes))
        shutil.copytree(full, folder)
        opened, disk = TerminalStore.open(folder), _FailingDisk(len(outcomes))
        with monkeypatch.context() as patch:
            for name in ("fsync", "replace", "open", "mkdir"):
                patch.setattr(os, name, disk.of(getattr(os, name)))
            try:
                take(opened, newer)
                done = True
            except OSError:
                done = False
        TerminalStore.open(folder).status()
        outcomes.append((done, TerminalStore.open(folder).snapshot().status_lists[LICENCE_LIST].edition))
        shutil.rmtree(folder)
    assert set(outcomes) == {(False, 2), (False, 3), (True, 3)}
    assert outcomes == sorted(outcomes)
