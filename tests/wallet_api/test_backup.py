"""Backup and restore: the same rows on either engine, whole or not at all, and never a step back for terminals."""

from __future__ import annotations

import errno
import gzip
import io
import json
import shutil
import stat
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from credentials.spec import Audience, Domain, Role, StatusValue
from credentials.trust_list import SignerState
from keys.passphrase import beside
from keys.policy import COUNT_BLOCK
from keys.signature_count import raise_count
from tests.conftest import INSTANT
from tests.wallet_api.conftest import LATER, approve
from tests.wallet_api.findings import findings
from tests.wallet_api.population import populate
from verifier.enrolment import install, request
from verifier.sync import sync
from wallet_api import audit, tables
from wallet_api.__main__ import main
from wallet_api.backup import BackupRefused, make_backup, restore_backup
from wallet_api.backup import archive as archives
from wallet_api.backup.archive import ArchiveWriter, Manifest, TableRows, check_archive, read_members
from wallet_api.clock import fixed_clock
from wallet_api.publication import PublicationRefused
from wallet_api.publication.check import unpack
from wallet_api.publication.reading import read_edition
from wallet_api.publication.run import publish_now
from wallet_api.settings import Settings, SettingsRefused, read_settings
from wallet_api.terminals.enrol import enrol_terminal
from wallet_api.wiring import Service, wire

LICENCES = 300
ROAD, PROOF, CARE = "driving_licence.road_check.cbor", "driving_licence.proof.cbor", "vitale_card.care.cbor"
# What a restored service is told of its past.
TOLD = {"lease", "publication", "list_fill", "list_tombstone", "audit_entry", "audit_head"}


def _everything(service: Service) -> dict[str, list]:
    with service.database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }


def _published_value(service: Service, domain: Domain, uri: str, index: int) -> int:
    roots = {one: service.keys.root_certificate(one) for one in Domain}
    found = read_edition(service.settings.published_folder, roots)
    assert found is not None
    return unpack(found.status[domain, int(uri.rpartition("/")[2])].entries)[index]


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_some_hundred_licences_come_back_on_either_engine(service, wallet, file, restored, engine):
    """Every row of every table, from each engine to each; the restored service issues and publishes."""
    wallet.get(ROAD)
    wallet.get(PROOF)
    populate(service, wallet.document_id, LICENCES)
    before = _everything(service)
    report = make_backup(service, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert report.rows > 6 * LICENCES
    again = restored(file, engine)
    after = _everything(again)
    assert {name for name in before if before[name] != after[name]} <= TOLD
    assert set(before["audit_entry"]) < set(after["audit_entry"])
    assert len(after["document"]) == LICENCES + 1
    with again.database.read() as connection:
        assert [audit.verify(connection, one) for one in ("licence", "service")] == [None, None]
    published = publish_now(again)
    assert published.edition > 10 * (LATER - INSTANT)
    assert findings(again) == []
    wallet.client.app.state.service = again
    wallet.clock.instant = LATER
    assert wallet.renew().status_code == 200
    assert wallet.get(ROAD)[0].status.uri.rpartition("/")[2] not in {
        str(number) for _, kind, number, _ in before["list_fill"] if kind == "status"
    }


def test_backup_of_a_busy_service_holds_one_moment(service, wallet, licence_authority, file, restored):
    """Decisions go on meanwhile: each is in the backup with its journal row, or neither is."""
    stop, sent = threading.Event(), []

    def decide() -> None:
        while not stop.is_set():
            reference = f"B-{len(sent)}"
            body = {"decision_reference": reference, "until": "2099-01-01"}
            path = f"/authority/licences/{wallet.document_id}/suspensions"
            sent.append(licence_authority.post(path, body).status_code)

    wallet.get(PROOF)
    populate(service, wallet.document_id, LICENCES)
    wallet.client.app.state.service = replace(
        service, settings=replace(service.settings, acts_per_hour=10_000)
    )
    thread = threading.Thread(target=decide)
    thread.start()
    while len(sent) < 3:
        stop.wait(0.01)
    make_backup(service, file)
    stop.set()
    thread.join()
    assert set(sent) == {201}
    rows = _everything(restored(file))
    decided = {row[0:2] for row in rows["measure"]}
    told = [row for row in rows["audit_entry"] if row[4] == "suspension"]
    assert 3 <= len(decided) == len(told) <= len(sent)


def test_sqlite_moves_to_postgresql_and_back_by_backups(made_home, tmp_path, file, restored, postgres):
    """The file is of no engine."""
    shutil.copytree(made_home.home, tmp_path / "home")
    first = wire(replace(made_home, home=tmp_path / "home"), clock=fixed_clock(INSTANT))
    make_backup(first, file)
    there = restored(file, "postgresql")
    make_backup(there, tmp_path / "second")
    back = restored(tmp_path / "second", "sqlite")
    was, now = _everything(first), _everything(back)
    first.database.close()
    assert {name for name in was if was[name] != now[name]} <= TOLD
    assert postgres


# An older backup


@pytest.fixture
def revoked_since(service, wallet, licence_authority, supervisor, file, tmp_path, clock):
    """A proof and a road check are issued; a backup; one more credential; all revoked; published; a terminal saw it."""
    known = wallet.get(PROOF)[0]
    make_backup(service, file)
    unknown = wallet.get(PROOF)[0]
    store = install(
        tmp_path / "terminal",
        enrol_terminal(service, request(tmp_path / "terminal"), Audience.POLICE, test_mode=False),
    )
    body = {"decision_reference": "R-1", "subject": "document"}
    proposed = licence_authority.post(f"/authority/licences/{wallet.document_id}/revocations", body)
    assert approve(supervisor, proposed).status_code == 201
    clock.instant += 60
    report = publish_now(service)
    sync(store, str(service.settings.published_folder), at=clock.instant)
    return known.status, unknown.status, store, report.edition


def _seen(store: Any, status: Any) -> tuple[int, bool]:
    """The value in a terminal's list, and whether the terminal sets its own memory of a revocation against it."""
    snapshot = store.snapshot()
    value = unpack(snapshot.status_lists[status.uri].entries)[status.index]
    return value, (status.uri, status.index) in snapshot.tombstones


def test_older_backup_beside_the_published_folder_revives_nothing(service, revoked_since, file, restored):
    """What was published as revoked stays so, whether the database knows of the credential or not."""
    known, unknown, store, edition = revoked_since
    again = restored(file, published=service.settings.published_folder)
    with again.database.read() as connection:
        assert len(connection.execute(select(tables.list_tombstone)).all()) == 2
    report = publish_now(again)
    assert report.edition > edition + 1_000
    for one in (known, unknown):
        assert _published_value(again, Domain.LICENCE, one.uri, one.index) == StatusValue.REVOKED
    sync(store, str(again.settings.published_folder), at=LATER)
    assert [_seen(store, one) for one in (known, unknown)] == [(1, False)] * 2


def test_older_backup_without_the_published_folder_is_outlived_by_tombstones(revoked_since, file, restored):
    """The service has forgotten; its editions are newer all the same, and the terminal that saw the revocation keeps it."""
    known, unknown, store, edition = revoked_since
    again = restored(file)
    assert publish_now(again).edition > edition + 1_000
    report = sync(store, str(again.settings.published_folder), at=LATER)
    assert report.kept_revoked == 2
    for one in (known, unknown):
        assert _published_value(again, Domain.LICENCE, one.uri, one.index) == StatusValue.VALID
        assert _seen(store, one) == (0, True)


def test_old_published_folder_in_the_place_of_the_home_is_found(service, revoked_since, file, tmp_path):
    """The operator moved everything away but `published`: it is read, kept, and followed by a higher edition."""
    home = tmp_path / "same-place"
    shutil.copytree(service.settings.published_folder, home / "published")
    report = restore_backup({}, file, home, clock=fixed_clock(LATER))
    assert report.passed.saw_published
    assert report.passed.revoked == 2
    again = wire(read_settings({}, home), clock=fixed_clock(LATER))
    assert publish_now(again).edition > revoked_since[3]
    again.database.close()


def test_published_folder_of_another_service_is_refused(service, file, tmp_path, made_home):
    """Its lists are not signed under the restored roots."""
    make_backup(service, file)
    other = tmp_path / "other"
    main(["init", "--home", str(other), "--demo"])
    with pytest.raises(PublicationRefused):
        restore_backup({}, file, tmp_path / "new", published=other / "published", clock=fixed_clock(LATER))
    assert not (tmp_path / "new").exists()
    assert made_home


def test_signer_burnt_since_the_backup_stays_burnt(service, wallet, licence_authority, file, restored, clock):
    """The restored folder has it as active; the published trust list says otherwise, and its successor takes over."""
    wallet.get(PROOF)
    make_backup(service, file)
    burnt = service.keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id
    service.keys.compromise(burnt, INSTANT)
    body = {"decision_reference": "S-1", "until": "2099-01-01"}
    answer = licence_authority.post(f"/authority/licences/{wallet.document_id}/suspensions", body)
    assert answer.status_code == 201
    clock.instant += 60
    publish_now(service)
    made = len(service.keys.records())
    published = service.settings.published_folder
    again = restored(file, published=published)
    assert again.keys.find(burnt).state is SignerState.COMPROMISED
    shutil.copytree(published, again.settings.published_folder)
    assert [line for line in publish_now(again).upkeep if "licence credential" in line]
    assert len(again.keys.records()) == made
    report = restore_backup({}, file, again.settings.home.parent / "once-more", published=published)
    told = report.passed
    assert (told.revoked, told.suspended, told.burnt, told.signers) == (0, 1, 1, 1)


def test_publication_refuses_to_bring_a_burnt_signer_back(service):
    """Whoever copies an old key folder by hand is stopped before terminals see it."""
    burnt = service.keys.active(Domain.LICENCE, Role.CREDENTIAL)
    service.keys.compromise(burnt.key_id, INSTANT)
    publish_now(service)
    service.keys.store.write(burnt)
    with pytest.raises(PublicationRefused, match="compromised signer of licence would come back"):
        publish_now(service)


def test_counts_of_signatures_rise_by_what_may_have_been_signed(service, file, restored):
    """Twice the pace so far and a block; never beyond the cap; a signer at its cap is followed by the next."""
    record = service.keys.active(Domain.LICENCE, Role.STATUS)
    used = service.keys.signatures(record)
    assert used > 0
    raise_count(service.keys.store.count_path(record), record.cap, 500_000 - used)
    spent = service.keys.active(Domain.LICENCE, Role.CREDENTIAL)
    raise_count(service.keys.store.count_path(spent), spent.cap, 500_000)
    make_backup(service, file)
    age = INSTANT - record.not_before  # signers of a new service begin at midnight
    again = restored(file, at=INSTANT + age)
    assert again.keys.signatures(record) == 500_000 + 2 * 500_000 + COUNT_BLOCK
    assert again.keys.signatures(spent) == spent.cap
    assert [line for line in publish_now(again).upkeep if "licence credential" in line]
    assert again.keys.active(Domain.LICENCE, Role.CREDENTIAL) != spent


def test_lease_of_the_backed_up_service_is_free(service, file, restored):
    """Whoever held it holds it there."""
    with service.database.write() as connection:
        connection.execute(update(tables.lease).values(holder="elsewhere:1:0", expires_at=1 << 40))
    make_backup(service, file)
    publish_now(restored(file), patience=0.0)


# Files that are no good


def _rewritten(
    file: Path, change: Callable[[str, bytes], bytes | None], extra: dict[str, bytes] | None = None
) -> None:
    members = [(name, change(name, content)) for name, content in read_members(file)]
    with gzip.open(file, "wb") as packed, tarfile.open(mode="w|", fileobj=packed) as tar:
        for name, content in [*members, *(extra or {}).items()]:
            if content is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))


SPOILT = {
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-200]),
    "half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "empty": lambda file: file.write_bytes(b""),
    "no archive": lambda file: file.write_bytes(b"SQLite format 3\0" * 100),
    "one byte": lambda file: file.write_bytes(
        file.read_bytes()[:5_000] + bytes([file.read_bytes()[5_000] ^ 1]) + file.read_bytes()[5_001:]
    ),
    "altered part": lambda file: _rewritten(
        file,
        lambda name, content: content.replace(b"service", b"servicf") if "publication" in name else content,
    ),
    "part missing": lambda file: _rewritten(
        file,
        lambda name, content: (
            None if name.startswith("tables/document/") or name.endswith(".pem") else content
        ),
    ),
    "no list of contents": lambda file: _rewritten(
        file, lambda name, content: None if name == "manifest.json" else content
    ),
    "more than listed": lambda file: _rewritten(file, lambda _, content: content, {"home/more": b"x"}),
    "path that climbs": lambda file: _climbing(file),  # noqa: PLW0108 - defined below
    "newer form": lambda file: _rewritten(
        file,
        lambda name, content: (
            content.replace(b'"format":1', b'"format":2') if name == "manifest.json" else content
        ),
    ),
}


def _climbing(file: Path) -> None:
    """A manifest that agrees with a member whose name leaves the home."""
    members = dict(read_members(file))
    manifest = json.loads(members["manifest.json"])
    import hashlib

    manifest["digests"]["home/../../climbed"] = hashlib.sha256(b"x").hexdigest()
    del members["manifest.json"]
    members["home/../../climbed"] = b"x"
    members["manifest.json"] = json.dumps(manifest).encode()
    with gzip.open(file, "wb") as packed, tarfile.open(mode="w|", fileobj=packed) as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


@pytest.fixture(scope="module")
def good_file(made_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the made home."""
    folder = tmp_path_factory.mktemp("good")
    shutil.copytree(made_home.home, folder / "home")
    service = wire(replace(made_home, home=folder / "home"), clock=fixed_clock(INSTANT))
    make_backup(service, folder / "good")
    service.database.close()
    return folder / "good"


@pytest.mark.parametrize("fault", SPOILT)
def test_spoilt_file_is_refused_and_leaves_nothing(good_file, file, tmp_path, fault):
    """Found before anything is written."""
    shutil.copy(good_file, file)
    SPOILT[fault](file)
    with pytest.raises(BackupRefused):
        restore_backup({}, file, tmp_path / "new", clock=fixed_clock(LATER))
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_altered_journal_is_named(service, file, tmp_path, target):
    """The digests of the file are right and the database was not: the restore says where."""
    with service.database.write() as connection:
        for number in range(5):
            audit.append(
                connection,
                "licence",
                now=INSTANT,
                actor_id="0" * 32,
                act="test",
                subject_id="x",
                detail={"n": number},
            )
    with service.database.write() as connection:
        connection.execute(
            update(tables.audit_entry).where(tables.audit_entry.c.sequence == 3).values(subject_id="y")
        )
    make_backup(service, file)
    environment = target(service.database.engine.dialect.name)
    with pytest.raises(BackupRefused, match="journal of licence does not hold together at row 3"):
        restore_backup(environment, file, tmp_path / "new", clock=fixed_clock(LATER))
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))
    restored = wire(replace(service.settings, database_url=environment.get("LP_DATABASE_URL", "")))
    if environment:
        with restored.database.read() as connection:
            found = connection.execute(text("SELECT count(*) FROM pg_class WHERE relname = 'document'"))
            assert found.scalar_one() == 0  # one transaction: the next attempt finds it empty
    restored.database.close()


def test_balance_that_the_ledger_does_not_amount_to_is_named(service, wallet, file, tmp_path):
    """Somebody gave points in the table itself."""
    with service.database.write() as connection:
        connection.execute(update(tables.points_balance).values(balance=tables.points_balance.c.balance - 1))
    make_backup(service, file)
    with pytest.raises(BackupRefused, match=f"points of document {wallet.document_id} are not what"):
        restore_backup({}, file, tmp_path / "new", clock=fixed_clock(LATER))
    assert not (tmp_path / "new").exists()


def test_backup_of_older_tables_is_brought_to_this_release(good_file, file, tmp_path):
    """The tables are made as they were, filled, and migrated."""
    manifest = check_archive(good_file)
    row = ["licence", "a" * 32, "driving_licence", "reference", INSTANT]
    columns = ("authority_id", "document_id", "document_type", "registry_reference", "opened_at")
    writer = ArchiveWriter(file)
    for name, content in read_members(good_file):
        if name.startswith("home/"):
            writer.add(name, content)
    writer.add("tables/document/000001.jsonl", json.dumps(row).encode() + b"\n")
    writer.finish(
        Manifest(
            INSTANT, "0001", manifest.base_url, demo=True, tables={"document": TableRows(columns, (), 1)}
        )
    )
    restore_backup({}, file, tmp_path / "new", clock=fixed_clock(LATER))
    again = wire(read_settings({}, tmp_path / "new"), clock=fixed_clock(LATER))
    assert again.database.migrated()
    with again.database.read() as connection:
        assert connection.execute(select(tables.document.c.registry_reference)).scalar_one() == "reference"
    again.database.close()


def test_backup_of_newer_tables_is_refused(good_file, file, tmp_path):
    """A revision that this release does not know."""
    manifest = check_archive(good_file)
    writer = ArchiveWriter(file)
    for name, content in read_members(good_file):
        if name != "manifest.json":
            writer.add(name, content)
    writer.finish(replace(manifest, revision="9999", digests={}))
    with pytest.raises(SettingsRefused, match="newer release"):
        restore_backup({}, file, tmp_path / "new", clock=fixed_clock(LATER))
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(service, good_file, tmp_path, file):
    """Neither a file, nor a home, nor a database."""
    file.write_text("precious")
    with pytest.raises(BackupRefused, match="exists already"):
        make_backup(service, file)
    assert file.read_text() == "precious"
    with pytest.raises(BackupRefused, match="holds something"):
        restore_backup({}, good_file, service.settings.home, clock=fixed_clock(LATER))
    environment = {"LP_DATABASE_URL": service.settings.database_address}
    with pytest.raises(BackupRefused, match="holds tables"):
        restore_backup(environment, good_file, tmp_path / "new", clock=fixed_clock(LATER))
    assert not (tmp_path / "new").exists()


def test_full_disk_leaves_no_backup(service, file, monkeypatch):
    """Half a file would look like one."""
    written = ArchiveWriter._append

    def fill(self: ArchiveWriter, name: str, content: bytes) -> None:
        if name.startswith("tables/document"):
            raise OSError(errno.ENOSPC, "No space left on device", str(self.path))
        written(self, name, content)

    monkeypatch.setattr(archives.ArchiveWriter, "_append", fill)
    with service.database.write() as connection:
        row = {"authority_id": "licence", "document_id": "a" * 32, "document_type": "driving_licence"}
        connection.execute(insert(tables.document).values(**row, registry_reference="r", opened_at=INSTANT))
    with pytest.raises(OSError, match="No space"):
        make_backup(service, file)
    assert not list(file.parent.glob("*.backup*"))


# What is in it


def test_passphrase_is_in_a_demonstrations_backup_alone(made_home, tmp_path, file):
    """Elsewhere the keys in the file open with what is not in it."""
    shutil.copytree(made_home.home, tmp_path / "home")
    settings = replace(made_home, home=tmp_path / "home")
    service = wire(settings, clock=fixed_clock(INSTANT))
    secret = beside(settings.keys_folder).read_bytes().strip()
    make_backup(service, file)
    assert any(secret in content for _, content in read_members(file))
    real = replace(service, settings=replace(settings, demo=False))
    make_backup(real, tmp_path / "real")
    members = dict(read_members(tmp_path / "real"))
    assert not any(secret in content for content in members.values())
    keys = [
        content for name, content in members.items() if name.endswith(".pem") and name.startswith("home/keys")
    ]
    assert keys
    assert all(b"ENCRYPTED PRIVATE KEY" in content for content in keys)
    assert not any("published" in name or "database" in name for name in members)
    service.database.close()


def test_commands_make_and_restore(made_home, tmp_path, file, capsys):
    """One command each; the path alone on standard output, progress and warnings beside it."""
    home = tmp_path / "home"
    shutil.copytree(made_home.home, home)
    assert main(["backup", "--home", str(home), str(file)]) == 0
    spoken = capsys.readouterr()
    assert spoken.out == f"{file}\n"
    assert "100 %" in spoken.err
    assert "phrase secrète comprise" in spoken.err
    new = tmp_path / "new"
    assert main(["restore", str(file), "--home", str(new)]) == 0
    spoken = capsys.readouterr()
    assert spoken.out == f"{new}\n"
    assert "la prochaine édition dépasse" in spoken.err
    assert main(["restore", str(file), "--home", str(new)]) == 2
    assert "holds something" in capsys.readouterr().err
    assert main(["serve", "--home", str(new), "--check-config"]) == 2  # lists are to be published first
    assert main(["publish", "--home", str(new)]) == 0
    assert main(["serve", "--home", str(new), "--check-config"]) == 0
