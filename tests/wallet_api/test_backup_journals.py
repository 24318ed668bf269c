"""The journals of a restored service: sound for `audit verify`, checkpoints and all, and honest about what was lost."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from tests.conftest import INSTANT
from tests.wallet_api.conftest import LATER
from wallet_api import tables
from wallet_api.__main__ import main
from wallet_api.audit.report import examine_all
from wallet_api.audit.row import ORIGIN, Row
from wallet_api.backup import BackupRefused, make_backup, restore_backup
from wallet_api.clock import fixed_clock, rfc3339
from wallet_api.progress import Progress
from wallet_api.publication.run import publish_now
from wallet_api.retention.purge import purge

pytestmark = pytest.mark.postgres
YEAR = 366 * 86_400


def _checkpoints(service) -> list[tuple]:
    table = tables.audit_checkpoint
    with service.database.read() as connection:
        query = select(table).order_by(table.c.authority_id, table.c.edition)
        return [tuple(row) for row in connection.execute(query)]


def _findings(service, *kept) -> list:
    return [one for report in examine_all(service, kept, Progress) for one in report.findings]


def test_restored_service_passes_audit_verify(
    service, wallet, licence_authority, file, restored, monkeypatch
):
    """At once, and after it has published: the checkpoints came along, and the next ones go on from them."""
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    publish_now(service)
    make_backup(service, file)
    again = restored(file, service.database.engine.dialect.name)
    assert _checkpoints(again) == _checkpoints(service) != []
    monkeypatch.setenv("LP_TEST_NOW", rfc3339(LATER))
    monkeypatch.setenv("LP_DATABASE_URL", again.settings.database_url)
    command = ["audit", "verify", "--home", str(again.settings.home)]
    assert main(command) == 0
    publish_now(again)
    assert main(command) == 0
    assert (
        main([*command, "--checkpoints", str(service.settings.published_folder / "public/targets/audit")])
        == 0
    )
    with again.database.read() as connection:
        told = connection.execute(
            select(tables.audit_entry.c.act).where(tables.audit_entry.c.authority_id == "service")
        ).scalars()
        assert {"backup_made", "backup_restored"} <= set(told)


def test_rows_lost_with_the_time_since_the_backup_are_found_by_kept_checkpoints(
    service, wallet, licence_authority, file, restored, clock, tmp_path
):
    """What an auditor kept tells of a row that the restored service has never heard of."""
    make_backup(service, file)
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    clock.instant += 60
    publish_now(service)
    kept = tmp_path / "kept"
    shutil.copytree(service.settings.published_folder / "public/targets/audit", kept)
    again = restored(file, published=service.settings.published_folder)
    publish_now(again)
    assert _findings(again) == []
    assert {one.authority_id for one in _findings(again, kept)} >= {"licence"}


def test_journal_that_a_purge_shortened_is_restored(
    service, wallet, licence_authority, file, restored, clock
):
    """It begins where a checkpoint says, and the restore believes it as `audit verify` does."""
    publish_now(service)
    clock.instant = INSTANT + 3 * YEAR
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    dropped = [one for one in purge(service) if one.kept.value == "audit" and one.rows]
    assert {one.authority_id for one in dropped} >= {"licence"}
    publish_now(service)
    assert _findings(service) == []
    make_backup(service, file)
    again = restored(file, service.database.engine.dialect.name, at=clock.instant + 60)
    assert _findings(again) == []


def test_journal_that_was_computed_anew_is_not_restored(service, wallet, licence_authority, file, tmp_path):
    """Every link fits; the checkpoint of the backup was signed over another row."""
    assert licence_authority.withdraw(wallet.document_id, 1, "D-1").status_code == 201
    publish_now(service)
    _blame_somebody_else(service)
    make_backup(service, file)
    with pytest.raises(BackupRefused, match="journal of licence does not hold together"):
        restore_backup({}, file, tmp_path / "new", clock=fixed_clock(LATER))
    assert not (tmp_path / "new").exists()


def _blame_somebody_else(service) -> None:
    """Give every row of a journal another author, and compute the whole chain anew."""
    entry, head = tables.audit_entry, tables.audit_head
    mine, previous = entry.c.authority_id == "licence", ORIGIN
    with service.database.write() as connection:
        query = select(*(entry.c[name] for name in Row.__slots__)).where(mine).order_by(entry.c.sequence)
        for found in connection.execute(query).all():
            row = replace(Row(*found), actor_id="e" * 32, previous=previous)
            previous = row.computed()
            connection.execute(
                update(entry)
                .where(mine, entry.c.sequence == row.sequence)
                .values(actor_id=row.actor_id, previous=row.previous, digest=previous)
            )
        connection.execute(update(head).where(head.c.authority_id == "licence").values(digest=previous))
