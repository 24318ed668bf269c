"""What the phone keeps, and that nothing of it is lost or left open to others."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from credentials.spec import Form
from credentials.views import View
from mobile_sim import files
from mobile_sim.errors import FolderBroken, NothingToShow
from mobile_sim.wallet import Wallet
from tests.mobile_sim.authority import DAY, Authority, received, stock
from tests.sizes import ISSUED_AT, PHONE_LIFE, proof, road_check

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_is_its_owners_alone(phone):
    """Folders 0700, files 0600, keys included."""
    folder = phone.wallet._folder
    for path in folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path.name
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_document_reads_back_as_it_was_written(phone):
    """Every field, credentials and keys included, after opening the folder anew."""
    again = Wallet.open(phone.wallet._folder)
    assert again.documents() == (phone.licence, phone.vitale)
    for document in again.documents():
        for held in document.credentials:
            assert again.credential(document, held)
            assert held.paper or again.device_key(document, held)


def test_ids_are_short_and_stable(phone):
    """A second card of a parent gets the next number; the first keeps its own."""
    other = stock(
        phone.wallet, Authority(), [received(phone.authority, proof(1))], url="https://autre.example"
    )
    assert [one.document_id for one in phone.wallet.documents()] == ["permis-1", "permis-2", "vitale-1"]
    assert other.document_id == "permis-2"
    assert phone.wallet.document("permis-1") == phone.licence


def test_unused_credentials_are_shown_first_then_the_longest_ago_used(phone):
    """Two credentials: each is used once before either is used again."""
    document, order = phone.licence, []
    for step in range(6):
        held = document.next_to_show(View.ROAD_CHECK, Form.CBOR, at=ISSUED_AT + step)
        order.append(held.name)
        document = phone.wallet.record_use(document, held, ISSUED_AT + step)
    assert order[0] != order[1]
    assert order[2:] == [order[0], order[1]] * 2
    assert {one.uses for one in document.held(View.ROAD_CHECK, Form.CBOR)} == {3}


def test_expired_credential_is_shown_only_when_there_is_no_other(phone):
    """A fresh one that was used often comes before an unused one past its end."""
    document = phone.licence
    old, fresh = document.held(View.PROOF, Form.CBOR)
    document = replace(
        document,
        credentials=(replace(old, expires_at=ISSUED_AT - DAY), replace(fresh, uses=9, last_used=ISSUED_AT)),
    )
    assert document.next_to_show(View.PROOF, Form.CBOR, at=ISSUED_AT).name == fresh.name
    assert document.next_to_show(View.PROOF, Form.CBOR, at=ISSUED_AT + PHONE_LIFE + DAY).name == old.name


def test_renewed_credentials_replace_those_of_their_configuration_only(phone):
    """The old key files go; other views stay."""
    fresh = received(phone.authority, road_check(3), Form.CBOR)
    before = phone.licence
    after = phone.wallet.keep(before, (fresh,))
    assert len(after.held(View.ROAD_CHECK, Form.CBOR)) == 1
    assert after.held(View.PROOF, Form.CBOR) == before.held(View.PROOF, Form.CBOR)
    folder = phone.wallet._document_folder(after.document_id)
    assert {path.stem for path in folder.glob("*.pem")} == {
        one.name for one in after.credentials if not one.paper
    }


def test_crash_before_the_document_is_written_keeps_the_old_one(phone, monkeypatch):
    """The new credential's files are there, nobody names them, and the next writing removes them."""

    class PowerCutError(Exception):
        pass

    def cut(*_):
        raise PowerCutError

    fresh = received(phone.authority, road_check(3), Form.CBOR)
    with monkeypatch.context() as patched:
        patched.setattr("mobile_sim.wallet.write_json", cut)
        with pytest.raises(PowerCutError):
            phone.wallet.keep(phone.licence, (fresh,))
    assert phone.wallet.document("permis-1") == phone.licence
    folder = phone.wallet._document_folder("permis-1")
    count = len(list(folder.iterdir()))
    phone.wallet.save(phone.licence)
    assert len(list(folder.iterdir())) == count - 2


def test_kill_while_writing_leaves_a_whole_document(phone):
    """A process that writes without end is killed: the document it leaves is one that it wrote, whole."""
    folder = phone.wallet._folder
    script = textwrap.dedent(
        """
        import sys
        from dataclasses import replace
        from pathlib import Path
        from mobile_sim.wallet import Wallet
        wallet = Wallet.open(Path(sys.argv[1]))
        document = wallet.document("permis-1")
        for number in range(10**9):
            wallet.save(replace(document, refresh_token=f"{number:0100000}"))
            if number == 3:
                print("writing", flush=True)
        """
    )
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", script, folder],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as writer:
            assert writer.stdout.readline() == b"writing\n"
            writer.kill()
        left = Wallet.open(folder).document("permis-1")
        assert len(left.refresh_token) == 100_000
        assert left.refresh_token.isdigit()


def test_two_programs_never_change_the_phone_at_once(phone):
    """A second program waits for the lock: its count of uses is not lost."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from credentials.spec import Form
        from credentials.views import View
        from mobile_sim.wallet import Wallet
        wallet = Wallet.open(Path(sys.argv[1]))
        for number in range(20):
            with wallet.locked():
                document = wallet.document("permis-1")
                wallet.record_use(document, document.next_to_show(View.PROOF, Form.CBOR, at=0), number)
        """
    )
    programs = [
        subprocess.Popen([sys.executable, "-c", script, phone.wallet._folder], cwd=ROOT) for _ in range(2)
    ]
    assert [program.wait() for program in programs] == [0, 0]
    used = phone.wallet.document("permis-1").held(View.PROOF, Form.CBOR)
    assert sum(one.uses for one in used) == 40


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"document_id": 1}', b"\xff", b'{"a":'])
def test_folder_that_cannot_be_read_is_said_in_words(phone, content):
    """No traceback, and no content of the file."""
    path = phone.wallet._document_folder("permis-1") / "document.json"
    path.write_bytes(content)
    with pytest.raises(FolderBroken, match="illisible"):
        phone.wallet.documents()


def test_foreign_folder_is_not_taken_over(tmp_path):
    """`add` into a folder of something else refuses instead of scattering keys in it."""
    (tmp_path / "letters.txt").write_text("à toi")
    with pytest.raises(FolderBroken):
        Wallet.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_empty_phone_says_what_to_do(tmp_path):
    """Opening is not making."""
    with pytest.raises(FolderBroken, match="Ajoutez votre permis"):
        Wallet.open(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_unknown_document_is_said_without_guessing(phone):
    """The id is not looked for as a path."""
    for name in ("permis-9", "../documents/permis-1", ""):
        with pytest.raises(NothingToShow):
            phone.wallet.document(name)


def test_full_disk_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    """A failed writing raises, keeps the old content, and leaves no half-written file beside it."""
    path = tmp_path / "document.json"
    files.write_file(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(FolderBroken, match="No space left"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["document.json"]


def test_document_file_holds_no_key(phone):
    """Private keys are in PEM files only; the JSON says nothing of them."""
    for path in phone.wallet._folder.rglob("*.json"):
        assert "PRIVATE" not in path.read_text()
        assert json.loads(path.read_text())
