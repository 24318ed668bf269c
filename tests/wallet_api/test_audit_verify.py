"""`wallet-api audit verify` over a service that acts and publishes: exit codes, names, and checkpoints kept elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, update

from credentials import audit_checkpoint
from credentials.spec import Domain, Role
from tests.conftest import INSTANT
from wallet_api import tables
from wallet_api.__main__ import main
from wallet_api.audit import append, checkpoints, store
from wallet_api.audit.row import ORIGIN, Row
from wallet_api.clock import rfc3339
from wallet_api.publication.run import publish_now
from wallet_api.roles import AccessRole

pytestmark = pytest.mark.usefixtures("wallet")  # whose taking up of an offer left the first rows
entry, head = tables.audit_entry, tables.audit_head


@pytest.fixture
def audited(service, monkeypatch):
    """A home with acts of every authority; returns what runs the command on it."""
    monkeypatch.setenv("LP_TEST_NOW", rfc3339(INSTANT + 86_400))
    monkeypatch.setenv("LP_DATABASE_URL", service.settings.database_url)
    publish_now(service)

    def run(*arguments: object, act: str = "verify") -> int:
        return main(["audit", act, "--home", str(service.settings.home), *map(str, arguments)])

    return run


def _withdraw(licence_authority, wallet, count: int) -> None:
    for number in range(count):
        assert licence_authority.withdraw(wallet.document_id, 1, f"D-{number}").status_code == 201


def _rewrite(service, number: int, **changes: str) -> None:
    """Change a row of the licence chain and compute everything after it anew, the head too."""
    with service.database.write() as connection:
        previous, reached = ORIGIN, 0
        for row in list(store.rows(connection, "licence")):
            new = replace(row, previous=previous, **(changes if row.sequence == number else {}))
            previous, reached = new.computed(), row.sequence
            content = {name: getattr(replace(new, digest=previous), name) for name in Row.__slots__}
            connection.execute(
                update(entry)
                .where(entry.c.authority_id == "licence", entry.c.sequence == row.sequence)
                .values(**content)
            )
        connection.execute(
            update(head).where(head.c.authority_id == "licence").values(sequence=reached, digest=previous)
        )


def test_intact_journals_are_said_to_be_so(audited, service, wallet, licence_authority, capsys):
    """Exit 0, in words and in JSON; progress goes to standard error."""
    _withdraw(licence_authority, wallet, 3)
    publish_now(service)
    assert audited() == 0
    spoken = capsys.readouterr()
    assert "licence : intact" in spoken.out
    assert "100%" in spoken.err
    assert audited("--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["intact"] is True
    chains = {one["authority"]: one for one in said["chains"]}
    assert chains.keys() == {"licence", "health", "service"}
    assert chains["licence"]["last"] == chains["licence"]["attested"] >= 4
    assert chains["licence"]["checkpoints"] == 2


def test_tampered_row_is_named_and_the_exit_code_says_so(audited, service, wallet, licence_authority, capsys):
    """Must show 4: one row of the journal edited in the database."""
    _withdraw(licence_authority, wallet, 3)
    publish_now(service)
    with service.database.read() as connection:
        number = connection.execute(
            select(entry.c.sequence).where(entry.c.act == "loss").limit(1)
        ).scalar_one()
    with service.database.write() as connection:
        connection.execute(
            update(entry)
            .where(entry.c.authority_id == "licence", entry.c.sequence == number)
            .values(act="gain")
        )
    assert audited() == 1
    assert f"licence, ligne {number} : modifiée" in capsys.readouterr().out
    assert audited("--lang", "en") == 1
    assert f"licence, row {number}: edited" in capsys.readouterr().out
    assert audited("--json") == 1
    said = json.loads(capsys.readouterr().out)
    (found,) = [one for chain in said["chains"] for one in chain["findings"]]
    assert (found["authority"], found["sequence"], found["fault"]) == ("licence", number, "edited")


def test_rewritten_chain_is_caught_by_what_the_database_keeps(
    audited, service, wallet, licence_authority, capsys
):
    """Every digest and the head computed anew; the signature is the one thing that could not be."""
    _withdraw(licence_authority, wallet, 2)
    publish_now(service)
    _rewrite(service, 4, subject_id="f" * 32)  # the first of those that the newest checkpoint alone attests
    assert audited("--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert [one["fault"] for chain in said["chains"] for one in chain["findings"]] == ["rewritten"]


@pytest.mark.parametrize("kind", ["cose", "http", "jsonl"])
def test_chain_rewritten_with_its_checkpoints_is_caught_by_those_kept_outside(
    audited, service, client, wallet, licence_authority, clock, tmp_path, capsys, kind
):
    """Who owns database, tree and keys leaves a journal that holds together, and another than the one that was attested."""
    _withdraw(licence_authority, wallet, 2)
    publish_now(service)
    kept = tmp_path / f"kept.{'jsonl' if kind == 'jsonl' else 'json' if kind == 'http' else 'cose'}"
    if kind == "cose":
        kept.write_bytes(client.get("/tuf/public/targets/audit/licence.cose").content)
    elif kind == "http":
        kept.write_bytes(client.get("/audit/checkpoints?authority=licence").content)
    else:
        assert audited(act="checkpoints") == 0
        kept.write_text(capsys.readouterr().out)
    _rewrite(service, 3, subject_id="f" * 32)
    with service.database.write() as connection:
        connection.execute(delete(tables.audit_checkpoint))
    clock.instant += 60
    publish_now(service)
    assert audited() == 0
    capsys.readouterr()
    assert audited("--checkpoints", kept, "--json") == 1
    said = json.loads(capsys.readouterr().out)
    found = [one for chain in said["chains"] for one in chain["findings"]]
    assert {"rewritten", "checkpoint"} == {one["fault"] for one in found}
    assert all(one["sequence"] >= 1 for one in found)


def test_checkpoint_deleted_from_the_database_is_named(audited, service, capsys):
    """The published tree still holds it."""
    with service.database.write() as connection:
        connection.execute(delete(tables.audit_checkpoint))
    assert audited("--lang", "en") == 1
    assert "deleted from the database" in capsys.readouterr().out


@pytest.mark.parametrize("column", ["sequence", "digest", "message"])
def test_edited_checkpoint_is_named(audited, service, capsys, column):
    """A column that does not say what was signed, or a message that nobody signed."""
    with service.database.write() as connection:
        made = store.last_checkpoint(connection, "licence")
        value = {"sequence": made.sequence - 1, "digest": "0" * 64, "message": made.message[:-1] + b"\0"}[
            column
        ]
        connection.execute(
            update(tables.audit_checkpoint)
            .where(tables.audit_checkpoint.c.authority_id == "licence")
            .values(**{column: value})
        )
    assert audited("--lang", "en") == 1
    assert "checkpoint" in capsys.readouterr().out


def test_checkpoint_of_another_key_is_named(audited, service, capsys, tmp_path):
    """Signed by the points signer, whom the root certified for something else."""
    signer = service.keys.signer(Domain.LICENCE, Role.POINTS)
    claims = audit_checkpoint.CheckpointClaims("licence", 9, INSTANT, 1, b"\1" * 32)
    chain = (service.keys.find(signer.key_id).certificate,)
    to_sign = audit_checkpoint.prepare(claims, algorithm=signer.algorithm, chain=chain)
    (tmp_path / "forged.cose").write_bytes(to_sign.with_signature(signer.sign(to_sign.to_be_signed)))
    assert audited("--checkpoints", tmp_path, "--lang", "en") == 1
    assert "forged" in capsys.readouterr().out


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"not a checkpoint", b'{"checkpoints":[{"message":"AA"}]}']
)
def test_file_without_checkpoints_is_refused(audited, tmp_path, capsys, content):
    """Exit 2: nothing was examined, and nobody may take that for an intact journal."""
    (tmp_path / "kept.json").write_bytes(content)
    assert audited("--checkpoints", tmp_path / "kept.json") == 2
    assert "kept.json" in capsys.readouterr().err


def test_row_of_an_authority_that_is_none_is_named(audited, service, capsys):
    """A fourth chain belongs to nobody."""
    with service.database.write() as connection:
        connection.execute(insert(head).values(authority_id="other", sequence=0, digest=ORIGIN))
    assert audited("--lang", "en") == 1
    assert "other, row 1: inserted" in capsys.readouterr().out


def test_changed_act_is_named_beside_an_intact_journal(audited, service, wallet, licence_authority, capsys):
    """Points given back in the ledger alone: exit 1, in both languages, with the number of the row that tells the act."""
    _withdraw(licence_authority, wallet, 1)
    publish_now(service)
    with service.database.write() as connection:
        connection.execute(
            update(tables.points_entry).where(tables.points_entry.c.kind == "loss").values(points=0)
        )
    assert audited() == 1
    assert "n'est plus celui qu'elle dit" in capsys.readouterr().out
    assert audited("--json", "--lang", "en") == 1
    said = json.loads(capsys.readouterr().out)
    found = [one for chain in said["chains"] for one in chain["findings"]]
    assert {one["fault"] for one in found} == {"act_edited", "balance"}
    assert all(one["subject"] for one in found)


@pytest.mark.parametrize("what", ["rewritten", "gone"])
def test_chain_without_any_checkpoint_is_not_called_intact(audited, service, clock, capsys, what):
    """Editions were published, each attested it: checkpoints taken away with the rows are missed, not forgotten."""
    clock.instant += 60
    publish_now(service)
    folder = service.settings.published_folder / "public" / "targets" / "audit"
    with service.database.write() as connection:
        connection.execute(delete(tables.audit_checkpoint))
    (folder / "licence.cose").unlink()
    if what == "rewritten":
        _rewrite(service, 2, actor_id="f" * 32)
    else:
        with service.database.write() as connection:
            for table in (entry, head):
                connection.execute(delete(table).where(table.c.authority_id == "licence"))
    assert audited("--lang", "en") == 1
    spoken = capsys.readouterr().out
    assert "gone from the published folder" in spoken
    assert ("none, though" in spoken) is (what == "rewritten")


def test_purge_that_could_not_have_been_is_not_believed(
    audited, service, wallet, licence_authority, clock, monkeypatch, capsys
):
    """Somebody who can write drops rows of seven months ago behind a row that says `purged`: they are missing."""
    _withdraw(licence_authority, wallet, 1)
    publish_now(service)
    clock.instant += 200 * 86_400
    licence_authority.withdraw(wallet.document_id, 1, "D-9")
    publish_now(service)
    with service.database.write() as connection:
        first, second = [one.sequence for one in store.checkpoints(connection, "licence")][-2:]
        detail = {"kind": "audit", "before": clock.instant, "rows": first, "through": first}
        append(
            connection,
            "licence",
            now=clock.instant,
            actor_id="0" * 32,
            act="purged",
            subject_id="audit",
            detail=detail,
        )
        connection.execute(delete(entry).where(entry.c.authority_id == "licence", entry.c.sequence <= first))
        kept = tables.audit_checkpoint
        connection.execute(delete(kept).where(kept.c.authority_id == "licence", kept.c.sequence < first))
    assert first < second
    monkeypatch.setenv("LP_TEST_NOW", rfc3339(clock.instant + 60))
    for _ in range(2):
        assert audited("--lang", "en") == 1
        assert f"licence, row 1-{first}: missing" in capsys.readouterr().out
        publish_now(service)


# Making checkpoints


def _editions(service, authority_id: str) -> list[int]:
    with service.database.read() as connection:
        return [one.edition for one in store.checkpoints(connection, authority_id)]


def test_checkpoint_is_signed_when_the_chain_moved_and_only_then(service, wallet, licence_authority, clock):
    """Two publications without an act between them leave one checkpoint."""
    for _ in range(2):
        publish_now(service)
        clock.instant += 60
    first = _editions(service, "licence")
    assert len(first) == 1
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    publish_now(service)
    assert len(_editions(service, "licence")) == 2


def test_chain_that_was_tampered_with_is_attested_no_further(service, wallet, licence_authority, clock):
    """Publishing goes on; the journal gets no signature over rows that do not hold."""
    publish_now(service)
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    with service.database.write() as connection:
        connection.execute(update(entry).where(entry.c.act == "loss").values(subject_id="f" * 32))
    before, clock.instant = _editions(service, "licence"), clock.instant + 60
    assert publish_now(service).edition > before[-1]
    assert _editions(service, "licence") == before


def test_checkpoints_of_a_burnt_signer_prove_nothing_and_are_made_anew(service, clock):
    """The status signer is stolen: the next publication attests the unmoved chain under its successor."""
    publish_now(service)
    clock.instant += 60
    service.keys.compromise(service.keys.active(Domain.LICENCE, Role.STATUS).key_id, clock.instant)
    publish_now(service)
    with service.database.read() as connection:
        old, new = store.checkpoints(connection, "licence")
    root = service.keys.root_certificate(Domain.LICENCE)
    (said, burnt), (again, key) = (
        checkpoints.believe(old.message, root),
        checkpoints.believe(new.message, root),
    )
    assert (said.sequence, said.digest) == (again.sequence, again.digest)
    assert burnt in checkpoints.burnt_keys(service.keys)
    assert key not in checkpoints.burnt_keys(service.keys)


# Over HTTP


def test_auditor_reads_the_journal_page_by_page(client, keys_of_roles, service):
    """Each page names the next; the reading is itself in the service's journal."""
    headers = {"Authorization": f"Bearer {keys_of_roles[AccessRole.AUDITOR]}"}
    rows, after = [], 0
    while after is not None:
        page = client.get(f"/authority/audit?authority=licence&limit=2&after={after}", headers=headers).json()
        rows, after = rows + page["rows"], page["next"]
    with service.database.read() as connection:
        recorded = list(store.rows(connection, "licence"))
        readings = connection.execute(select(entry.c.act).where(entry.c.act == "audit_read")).all()
    assert [(one["sequence"], one["digest"]) for one in rows] == [
        (one.sequence, one.digest) for one in recorded
    ]
    assert len(readings) == len(recorded) // 2 + 1


@pytest.mark.parametrize(
    "query", ["", "?authority=other", "?authority=licence&limit=0", "?authority=licence&after=-1"]
)
def test_reading_that_is_badly_asked_is_a_problem(client, keys_of_roles, query):
    """Nothing of the query comes back."""
    headers = {"Authorization": f"Bearer {keys_of_roles[AccessRole.AUDITOR]}"}
    answer = client.get(f"/authority/audit{query}", headers=headers)
    assert answer.status_code == 422
    assert "other" not in answer.text


def test_anybody_reads_the_checkpoints_and_finds_the_published_one(
    client, wallet, service, licence_authority, clock
):
    """The newest of the list over HTTP is the file of the public tree."""
    from credentials.jws import b64url_decode

    publish_now(service)
    clock.instant += 60
    licence_authority.withdraw(wallet.document_id, 1, "D-1")
    publish_now(service)
    first = client.get("/audit/checkpoints?authority=licence&limit=1").json()
    rest = client.get(f"/audit/checkpoints?authority=licence&after={first['next']}").json()
    assert rest["next"] is None
    (newest,) = rest["checkpoints"]
    published = client.get("/tuf/public/targets/audit/licence.cose").content
    assert b64url_decode(newest["message"]) == published
    claims = audit_checkpoint.read(published).decode()
    assert (claims.sequence, claims.digest.hex()) == (newest["sequence"], newest["digest"])
