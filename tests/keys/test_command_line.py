from __future__ import annotations

import json

import pytest

from credentials.spec import Domain, Role
from credentials.trust_list import SignerState
from keys import KeyFileRefused, KeyFolder, KeyMissing, ceremony, find_passphrase
from keys.__main__ import main
from keys.passphrase import beside, create_beside
from keys.store import KeyStore
from tests.conftest import INSTANT

from .conftest import BASE_URL, PASSPHRASE

AT = ["--at", "2026-11-01T10:00:00Z"]


@pytest.fixture
def run(keys, monkeypatch, capsys):
    """Run a command on a copied key folder; gives exit code, stdout and stderr."""
    monkeypatch.setenv("LP_KEY_PASSPHRASE", PASSPHRASE.decode())

    def command(*words: str) -> tuple[int, str, str]:
        code = main(["--keys", str(keys.path), *AT, *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_generate_with_demo_says_where_the_passphrase_lies(tmp_path, capsys):
    """Said aloud, mode 0600, and the folder opens with it."""
    folder = tmp_path / "home" / "keys"
    assert main(["--keys", str(folder), *AT, "generate", "--base-url", BASE_URL, "--demo"]) == 0
    assert str(beside(folder)) in capsys.readouterr().err
    assert beside(folder).stat().st_mode & 0o777 == 0o600
    opened = KeyFolder.open(folder, find_passphrase(folder, {}))
    assert opened.signer(Domain.LICENCE, Role.CREDENTIAL, INSTANT)


def test_list_shows_every_key_and_no_secret(keys, run):
    """One line a key, or one JSON object a line."""
    code, out, _ = run("list")
    assert (code, len(out.splitlines())) == (0, len(keys.records()))
    rows = [json.loads(line) for line in run("list", "--json")[1].splitlines()]
    assert {row["key_id"] for row in rows} == {one.key_id.hex() for one in keys.records()}


def test_rotate_and_compromise_change_the_active_signer(keys, run):
    """The command prints the new key's id and says to publish, in the language asked for."""
    before = keys.active(Domain.LICENCE, Role.CREDENTIAL)
    code, out, err = run("rotate", "licence", "credential")
    assert (code, out.strip()) == (0, keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id.hex())
    assert "Publiez" in err
    code, _, err = run("--lang", "en", "compromise", before.key_id.hex())
    assert code == 0
    assert "refused" in err
    assert keys.find(before.key_id).state is SignerState.COMPROMISED


def test_upkeep_says_when_nothing_is_due(run):
    """A quiet command is not a broken one."""
    assert run("upkeep")[2].strip() == "Rien à faire."


@pytest.mark.parametrize("words", [("compromise", "00" * 8), ("retire", "11" * 8)])
def test_unknown_key_is_refused_in_words(run, words):
    """Exit code 3, French first, and what to run."""
    code, out, err = run(*words)
    assert (code, out) == (3, "")
    assert err.startswith("Clé absente.")
    assert "wallet-keys list" in err


def test_passphrase_comes_from_variable_then_file_then_beside(tmp_path):
    """The first that exists decides; a short or missing one, or a file open to others, is refused."""
    folder = tmp_path / "keys"
    with pytest.raises(KeyFileRefused, match="LP_KEY_PASSPHRASE"):
        find_passphrase(folder, {})
    path = create_beside(folder)
    written = path.read_bytes().strip()
    assert create_beside(folder).read_bytes().strip() == find_passphrase(folder, {}) == written
    other = tmp_path / "other"
    other.write_bytes(b"from a file of the operator\n")
    other.chmod(0o600)
    named = {"LP_KEY_PASSPHRASE_FILE": str(other)}
    assert find_passphrase(folder, named) == b"from a file of the operator"
    assert find_passphrase(folder, {**named, "LP_KEY_PASSPHRASE": "x" * 20}) == b"x" * 20
    with pytest.raises(KeyFileRefused, match="20"):
        find_passphrase(folder, {"LP_KEY_PASSPHRASE": "x" * 19})
    other.chmod(0o644)
    with pytest.raises(KeyFileRefused, match="chmod"):
        find_passphrase(folder, named)


def test_root_goes_to_the_safe_and_comes_back(keys, tmp_path):
    """Away, only its certificate is left and nothing new is certified; back, a rotation works again."""
    safe = tmp_path / "safe"
    root = ceremony.take(keys, Domain.LICENCE, safe, b"the passphrase of the safe")
    assert not keys.store.pem(root).exists()
    assert keys.root_certificate(Domain.LICENCE) == root.certificate
    with pytest.raises(KeyFileRefused, match="root bring"):
        keys.rotate(Domain.LICENCE, Role.STATUS, INSTANT)
    with pytest.raises(KeyMissing, match="does not hold"):
        ceremony.bring(keys, Domain.HEALTH, safe, b"the passphrase of the safe")
    ceremony.bring(keys, Domain.LICENCE, safe, b"the passphrase of the safe")
    assert keys.rotate(Domain.LICENCE, Role.STATUS, INSTANT)


def test_service_can_stand_on_roots_made_beforehand(tmp_path):
    """The offline machine makes the roots, the server's folder is built on them."""
    safe = tmp_path / "safe"
    made = {
        domain: ceremony.create(safe, domain, b"the passphrase of the safe", INSTANT) for domain in Domain
    }
    with pytest.raises(KeyFileRefused, match="already"):
        ceremony.create(safe, Domain.LICENCE, b"the passphrase of the safe", INSTANT)
    fresh = KeyFolder.open(tmp_path / "keys", PASSPHRASE)
    fresh.create_all(BASE_URL, INSTANT, roots=KeyStore(safe, b"the passphrase of the safe"))
    for domain, root in made.items():
        assert fresh.root_certificate(domain) == root.certificate


def test_missing_root_of_a_ceremony_leaves_no_folder(tmp_path):
    """Both domains or nothing."""
    ceremony.create(tmp_path / "safe", Domain.LICENCE, PASSPHRASE, INSTANT)
    fresh = KeyFolder.open(tmp_path / "keys", PASSPHRASE)
    with pytest.raises(KeyMissing, match="root create"):
        fresh.create_all(BASE_URL, INSTANT, roots=KeyStore(tmp_path / "safe", PASSPHRASE))
    assert not fresh.path.exists()
