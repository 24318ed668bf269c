"""The published trees as their readers meet them: python-tuf's own client, and a terminal that syncs."""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.ngclient import FetcherInterface, Updater

from credentials.spec import LIST_SIZE, POINTS_NONE, Audience, Domain, Role
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.trust_list import SignerState
from keys import KeyFolder, Terminal, enrol
from keys.policy import DAY, TUF_METADATA_LIFE_DAYS
from tests.conftest import INSTANT
from verifier.enrolment import install, request
from verifier.errors import SyncError
from verifier.sync import sync
from wallet_api.publication import (
    PublicationRefused,
    PublicationState,
    finish,
    newest_root,
    points_uri,
    publish,
    status_uri,
)

publishing = importlib.import_module("wallet_api.publication.publish")  # the function bears the module's name
BASE_URL = "http://127.0.0.1:8460"
PASSPHRASE = b"a passphrase for tests only"
AREAS = ("public", "police", "health")


class Folder(FetcherInterface):
    """Files in place of a mirror."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            return iter([Path(url).read_bytes()])
        except FileNotFoundError:
            raise DownloadHTTPError("no such file", 404) from None


class Client:
    """A python-tuf client with its own memory, enrolled with the first root."""

    def __init__(self, folder: Path, root: bytes) -> None:
        self._folder = folder
        self._root = root

    def fetch(self, tree: Path, paths: list[str] | None = None, at: int = INSTANT) -> dict[str, bytes]:
        """Refresh and download: `paths`, or what the indexes name."""
        (self._folder / "targets").mkdir(parents=True, exist_ok=True)
        updater = Updater(
            str(self._folder),
            f"{tree}/metadata/",
            str(self._folder / "targets"),
            f"{tree}/targets/",
            Folder(),
            bootstrap=self._root,
        )
        updater._trusted_set.reference_time = datetime.fromtimestamp(at, UTC)
        updater.refresh()

        def content(path: str) -> bytes:
            target = updater.get_targetinfo(path)
            assert target is not None, path
            return Path(updater.download_target(target)).read_bytes()

        if paths is None:
            paths = ["index.json"] + ([f"{tree.name}/index.json"] if tree.name != "public" else [])
            paths += [one for index in list(paths) for one in json.loads(content(index))["targets"]]
        return {path: content(path) for path in paths}


class Service:
    """Keys, a state and the folder it is published in."""

    def __init__(self, home: Path) -> None:
        self.keys = KeyFolder.open(home / "keys", PASSPHRASE)
        self.published = home / "published"
        self.edition = 0
        self.status: dict[Domain, dict[int, dict[int, int]]] = {
            Domain.LICENCE: {1: {3: 1, 4: 2, 9: 3, LIST_SIZE - 1: 2}},
            Domain.HEALTH: {1: {8: 1}},
        }
        self.points: dict[int, dict[int, int]] = {1: {0: 12, 1: 0, LIST_SIZE - 1: 7}}
        self.companions = {
            Domain.LICENCE: {1: {3: CompanionEntry(EntryClass.DEVICE, INSTANT - 5)}},
            Domain.HEALTH: {1: {8: CompanionEntry(EntryClass.HOLDER, INSTANT - 5)}},
        }
        self.terminals: tuple[Terminal, ...] = ()

    def publish(self, at: int = INSTANT) -> None:
        """The next edition, as of `at`."""
        self.edition += 1
        state = PublicationState(
            self.edition, BASE_URL, self.status, self.points, self.companions, self.terminals
        )
        publish(state, self.keys, self.published, at)

    def enrol(self, store: Path, profile: Audience, at: int = INSTANT):
        """A terminal of that profile, known to the next publication."""
        asked = request(store)
        terminal = Terminal(asked.terminal_id, profile, asked.public_key)
        self.terminals += (terminal,)
        root = newest_root(self.keys, at)
        return install(store, enrol(self.keys, terminal, at, tuf_root=root, test_mode=True))


@pytest.fixture(scope="session")
def made_service(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("service")
    service = Service(home)
    service.keys.create_all(BASE_URL, INSTANT)
    return home


@pytest.fixture
def service(made_service, tmp_path) -> Service:
    shutil.copytree(made_service, tmp_path / "home")
    return Service(tmp_path / "home")


@pytest.fixture
def client(service, tmp_path) -> Client:
    return Client(tmp_path / "client", newest_root(service.keys, INSTANT))


# python-tuf's client


@pytest.mark.parametrize("area", AREAS)
def test_client_of_the_library_gets_every_file_of_its_area(service, tmp_path, client, area):
    """Public lists for everybody, the area's own for its terminals, byte for byte."""
    service.enrol(tmp_path / "terminal", Audience.POLICE)
    service.publish()
    tree = service.published / area
    got = client.fetch(tree)
    assert {"trust/licence.cose", "trust/health.cose", "status/licence/1.cwt"} <= got.keys()
    assert ("police/points/1.cose" in got) is (area == "police")
    for path, content in got.items():
        assert content == (tree / "targets" / path).read_bytes()
    if area == "police":
        name = f"police/reader-keys/{service.terminals[0].terminal_id}.cose"
        assert client.fetch(tree, [name])


@pytest.mark.parametrize("path", ["police/index.json", "police/points/1.cose", "health/companion/1.cose"])
def test_public_mirror_cannot_give_what_belongs_to_police_or_health(service, client, path):
    """Not even the delegated role's metadata is there to say what exists (T38)."""
    service.publish()
    with pytest.raises(DownloadError):
        client.fetch(service.published / "public", [path])


@pytest.mark.parametrize("area", AREAS)
def test_older_edition_is_refused(service, tmp_path, client, area):
    """A mirror that goes back is a rollback (T31)."""
    service.publish()
    shutil.copytree(service.published, tmp_path / "old")
    service.publish()
    client.fetch(service.published / area)
    with pytest.raises(BadVersionNumberError):
        client.fetch(tmp_path / "old" / area)


def test_every_altered_file_is_refused(service, tmp_path):
    """One byte changed in any file of the police tree, metadata and targets alike."""
    service.publish()
    tree = tmp_path / "copy" / "police"
    for number, path in enumerate(
        sorted(one for one in (service.published / "police").rglob("*") if one.is_file())
    ):
        if path.name in {"1.root.json", "root.json"}:
            continue  # a client holds its root already and asks for the next one only
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(service.published / "police", tree)
        altered = tree / path.relative_to(service.published / "police")
        content = bytearray(altered.read_bytes())
        content[len(content) // 2] ^= 1
        altered.write_bytes(content)
        fresh = Client(tmp_path / f"client-{number}", newest_root(service.keys, INSTANT))
        with pytest.raises((RepositoryError, DownloadError)):
            fresh.fetch(tree)


def test_mixed_editions_are_refused(service, tmp_path):
    """Any one file of edition 1 among those of edition 2, in the police tree (T33)."""
    service.publish()
    shutil.copytree(service.published, tmp_path / "old")
    service.publish(INSTANT + 60)
    old = tmp_path / "old/police"
    for number, path in enumerate(sorted(one for one in old.rglob("*") if one.is_file())):
        if path.name.endswith("root.json") or path.name == "index.json":
            continue  # the same in both editions
        tree = tmp_path / f"mixed-{number}" / "police"
        shutil.copytree(service.published / "police", tree)
        shutil.copy(path, tree / path.relative_to(old))
        fresh = Client(tmp_path / f"client-{number}", newest_root(service.keys, INSTANT))
        with pytest.raises((RepositoryError, DownloadError)):
            fresh.fetch(tree)


@pytest.mark.parametrize(("seconds", "fresh"), [(-1, True), (0, False), (1, False)])
def test_publication_serves_a_month_without_network(service, client, seconds, fresh):
    """31 days to the second, so that a USB stick serves 30; then the client says that it is too old."""
    service.publish()
    at = INSTANT + TUF_METADATA_LIFE_DAYS * DAY + seconds
    if fresh:
        client.fetch(service.published / "public", at=at)
    else:
        with pytest.raises(ExpiredMetadataError):
            client.fetch(service.published / "public", at=at)


def test_client_of_the_first_root_follows_renewed_roots(service, client):
    """A terminal enrolled on the first day still syncs after the update root was renewed twice."""
    service.publish()
    for days in (290, 580):
        service.publish(INSTANT + days * DAY)
    roots = sorted(path.name for path in (service.published / "public/metadata").glob("*.root.json"))
    assert roots == ["1.root.json", "2.root.json", "3.root.json"]
    assert client.fetch(service.published / "public", at=INSTANT + 580 * DAY)


def test_lost_published_folder_is_made_anew_under_the_same_root(service, client):
    """Roots are kept beside the keys and editions come from the database, so clients go on."""
    service.publish()
    client.fetch(service.published / "public")
    shutil.rmtree(service.published)
    service.publish(INSTANT + 60)
    client.fetch(service.published / "public", at=INSTANT + 60)


# The order of the switch


def test_names_are_taken_from_what_is_referred_to_towards_what_refers(service, monkeypatch):
    """Targets, then roots, delegated metadata, targets, snapshot, and the timestamps last of all."""
    order: list[str] = []
    replace_path = Path.replace

    def noting(path, target):
        if "/.next/" in str(path):
            order.append(path.as_posix().split("/.next/")[1])
        return replace_path(path, target)

    monkeypatch.setattr(Path, "replace", noting)
    service.publish()
    names = ("root.json", "police.json", "health.json", "targets.json", "snapshot.json", "timestamp.json")

    def stage(path: str) -> int:
        name = path.rsplit("/", 1)[1]
        if "/metadata/" not in path:
            return 0
        return 1 + names.index("root.json" if name.endswith("root.json") else name)

    stages = [stage(one) for one in order]
    assert stages == sorted(stages)
    assert set(stages) == set(range(7))


@pytest.mark.parametrize("number", range(1, 44, 4))
def test_client_between_two_editions_gets_one_of_them_or_nothing(service, tmp_path, monkeypatch, number):
    """While the files change names a client is refused or served one whole edition; afterwards it gets the new one."""
    service.publish()
    root = newest_root(service.keys, INSTANT)
    old = Client(tmp_path / "reference", root).fetch(service.published / "police")
    replace_path = Path.replace
    seen = []

    def stopping(path, target):
        if "/.next/" in str(path):
            seen.append(path)
            if len(seen) == number:
                raise KeyboardInterrupt
        return replace_path(path, target)

    monkeypatch.setattr(Path, "replace", stopping)
    with pytest.raises(KeyboardInterrupt):
        service.publish(INSTANT + 60)
    monkeypatch.undo()
    client = Client(tmp_path / "client", root)
    try:
        got = client.fetch(service.published / "police", at=INSTANT + 60)
    except (RepositoryError, DownloadError):
        got = old
    finish(service.published)
    new = client.fetch(service.published / "police", at=INSTANT + 60)
    assert got in (old, new)
    assert new != old


def test_file_that_was_written_wrongly_is_caught(service, monkeypatch):
    """The reading back compares each file on disk with its signed hash."""
    write = publishing._write

    def torn(path, content):
        write(path, content[:-1] if path.name == "index.json" else content)

    service.publish()
    monkeypatch.setattr(publishing, "_write", torn)
    with pytest.raises(PublicationRefused, match="does not hold together"):
        service.publish(INSTANT + 60)


# A terminal


@pytest.mark.parametrize("profile", list(Audience))
def test_terminal_holds_what_was_published_entry_by_entry(service, tmp_path, profile):
    """After one sync from the folder: every list of its profile, every entry, and no list of another's."""
    store = service.enrol(tmp_path / "terminal", profile)
    service.publish()
    sync(store, str(service.published), at=INSTANT)
    snapshot = store.snapshot()
    for domain, numbers in service.status.items():
        held = snapshot.status_lists[status_uri(BASE_URL, domain, 1)]
        assert [held.entries.get(index) for index in range(LIST_SIZE)] == [
            numbers[1].get(index, 0) for index in range(LIST_SIZE)
        ]
        told = {Audience.POLICE: Domain.LICENCE, Audience.HEALTH: Domain.HEALTH}.get(profile) is domain
        assert (held.companion is not None) is told
        if told:
            assert dict(held.companion) == dict(service.companions[domain][1])
    assert (points_uri(BASE_URL, 1) in snapshot.points_lists) is (profile is Audience.POLICE)
    if profile is Audience.POLICE:
        balances = snapshot.points_lists[points_uri(BASE_URL, 1)]
        assert balances.as_of == INSTANT
        assert [balances.entries.get(index) for index in range(LIST_SIZE)] == [
            service.points[1].get(index, POINTS_NONE) for index in range(LIST_SIZE)
        ]
    expected = [one.key_id for one in service.keys.reader_records(profile, INSTANT)]
    assert set(snapshot.reader_keys) == set(expected)


def test_terminal_learns_a_change_and_never_an_older_edition(service, tmp_path):
    """Revoked after the second sync; the stick with the first edition is refused and changes nothing."""
    store = service.enrol(tmp_path / "terminal", Audience.POLICE)
    service.publish()
    shutil.copytree(service.published, tmp_path / "stick")
    sync(store, str(service.published), at=INSTANT)
    service.status[Domain.LICENCE][1][1234] = 1
    service.publish(INSTANT + 60)
    sync(store, str(service.published), at=INSTANT + 60)
    uri = status_uri(BASE_URL, Domain.LICENCE, 1)
    assert store.snapshot().status_lists[uri].entries.get(1234) == 1
    with pytest.raises(SyncError):
        sync(store, str(tmp_path / "stick"), at=INSTANT + 61)
    assert store.snapshot().status_lists[uri].entries.get(1234) == 1


def test_terminal_learns_that_a_signer_was_burnt(service, tmp_path):
    """One publication and one sync: compromised, and the standby is active."""
    store = service.enrol(tmp_path / "terminal", Audience.ANYONE)
    service.publish()
    sync(store, str(service.published), at=INSTANT)
    burnt = service.keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id
    standby = service.keys.announced(Domain.LICENCE, Role.CREDENTIAL)[0].key_id
    assert standby in store.snapshot().signers  # known before it was needed
    service.keys.compromise(burnt, INSTANT + 30)
    service.publish(INSTANT + 60)
    sync(store, str(service.published), at=INSTANT + 60)
    signers = store.snapshot().signers
    assert signers[burnt][0].state is SignerState.COMPROMISED
    assert signers[standby][0].state is SignerState.ACTIVE


def test_terminal_gets_the_next_reader_keys_and_a_lost_one_does_not(service, tmp_path):
    """A year of publications: the terminal follows the generations; reported lost, it is sent none (T07)."""
    store = service.enrol(tmp_path / "kept", Audience.HEALTH)
    lost = service.enrol(tmp_path / "lost", Audience.HEALTH)
    service.publish()
    for one in (store, lost):
        sync(one, str(service.published), at=INSTANT)
    assert set(store.snapshot().reader_keys) == set(lost.snapshot().reader_keys)
    service.terminals = service.terminals[:1]
    later = INSTANT + 95 * DAY
    for at in (INSTANT + 30 * DAY, INSTANT + 60 * DAY, INSTANT + 90 * DAY, later):
        service.publish(at)
        sync(store, str(service.published), at=at)
        sync(lost, str(service.published), at=at)
    newest = service.keys.reader_records(Audience.HEALTH, later)[-1].key_id
    assert newest in store.snapshot().reader_keys
    assert newest not in lost.snapshot().reader_keys


def test_terminal_synchronises_for_a_year(service, tmp_path):
    """Every month of 13, through as many document signers, a year's list signers and a renewed root: no refusal."""
    store = service.enrol(tmp_path / "terminal", Audience.POLICE)
    for day in range(0, 391, 30):
        at = INSTANT + day * DAY
        service.publish(at)
        assert sync(store, str(service.published), at=at).companions_left_out == 0
    active = service.keys.active(Domain.LICENCE, Role.CREDENTIAL)
    assert store.snapshot().signers[active.key_id][0].state is SignerState.ACTIVE


def test_published_trees_can_be_copied_to_a_stick(service, tmp_path):
    """Plain files without links that lead elsewhere: a copy of one area is enough for a terminal of that profile."""
    store = service.enrol(tmp_path / "terminal", Audience.POLICE)
    service.publish()
    shutil.copytree(service.published / "police", tmp_path / "stick")
    assert not [path for path in (tmp_path / "stick").rglob("*") if path.is_symlink()]
    shutil.rmtree(service.published)
    assert sync(store, str(tmp_path / "stick"), at=INSTANT).changed
