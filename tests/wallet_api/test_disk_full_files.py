"""A full disk under keys, published lists, a terminal's store or a backup: what was there stays whole, and the words are clear."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from credentials.spec import Audience, Domain, Role
from keys import disk as keys_disk
from keys.__main__ import main as keys_main
from tests.conftest import INSTANT
from tests.small_disk import mount
from verifier.__main__ import main as verifier_main
from verifier.enrolment import install, request
from verifier.sync import sync
from wallet_api.__main__ import main as wallet_main
from wallet_api.clock import rfc3339
from wallet_api.publication.run import publish_now
from wallet_api.settings import Settings
from wallet_api.terminals.enrol import enrol_terminal

from .simulated_wallet import Key

__all__ = ["mount"]  # a fixture
pytestmark = pytest.mark.slow
ROAD_CHECK = "driving_licence.road_check.cbor"


@pytest.fixture(params=["sqlite"])
def settings(made_home: Settings, tmp_path: Path) -> Settings:
    """Files are the same on both engines: one is enough."""
    home = tmp_path / "home"
    shutil.copytree(made_home.home, home)
    return replace(made_home, home=home)


def _digest(folder: Path) -> dict[str, str]:
    """Every file but the filler, its content by hash."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".filler") and path.name != ".lock"
    }


def _require_untouched(folder: Path, before: dict[str, str]) -> None:
    assert _digest(folder) == before


KEY_ACTS: dict[str, Callable[[str], list[str]]] = {
    "announce": lambda _: ["announce", "licence", "credential"],
    "rotate": lambda _: ["rotate", "licence", "status"],
    "retire": lambda key_id: ["retire", key_id],
    "compromise": lambda key_id: ["compromise", key_id],
}


def _key_act(act: str, service: Any, mount: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Refused in words, nothing changed; done once there is space."""
    folder = service.settings.keys_folder
    key_id = service.keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id.hex()
    full = mount(folder, 2)
    words = ["--keys", str(folder), "--at", rfc3339(INSTANT), *KEY_ACTS[act](key_id)]
    before = _digest(folder)
    full.fill()
    assert keys_main(words) == 3
    assert "no space left" in capsys.readouterr().err
    _require_untouched(folder, before)
    full.free()
    assert keys_main(words) == 0
    assert _digest(folder) != before


@pytest.mark.parametrize("act", KEY_ACTS)
def test_key_acts_change_everything_or_nothing(act, service, mount, capsys):
    """Each act writes several files; a full disk leaves all of them as they were."""
    _key_act(act, service, mount, capsys)


def test_harness_sees_a_file_written_in_place(service, mount, capsys, monkeypatch):
    """The planted fault: descriptions of keys are overwritten where they stand, without a draft."""

    def in_place(contents: dict[Path, bytes]) -> None:
        for path, content in contents.items():
            path.write_bytes(content)

    monkeypatch.setattr(keys_disk, "write_private_together", in_place)
    with pytest.raises(AssertionError):
        _key_act("compromise", service, mount, capsys)


def test_issuing_goes_on_and_counts_its_signatures(service, wallet, mount):
    """A count is rewritten in place at one width, so a full disk under the keys stops no phone and hides no signature."""
    full = mount(service.settings.keys_folder, 2)
    signer = service.keys.active(Domain.LICENCE, Role.CREDENTIAL)
    before = service.keys.signatures(signer)
    full.fill()
    assert [_ask(wallet).status_code for _ in range(2)] == [200, 200]
    assert service.keys.signatures(signer) >= before + 2


def _ask(wallet: Any) -> Any:
    return wallet.ask(ROAD_CHECK, [Key()])


def test_published_lists_stay_those_in_force(service, official, clock, mount):
    """An edition that finds no room is dropped, half of it never served; the next one takes its place."""
    folder = service.settings.published_folder
    full = mount(folder, 4)
    before = _digest(folder)
    full.fill()
    clock.instant += 60
    answer = official("gaelle").post("/authority/publications", {})
    assert answer.status_code == 507, answer.text
    _require_untouched(folder, before)
    full.free()
    clock.instant += 60
    assert official("gaelle").post("/authority/publications", {}).status_code == 201
    assert _digest(folder).keys() >= before.keys()


def test_terminal_keeps_the_lists_it_had(service, tmp_path, clock, mount, capsys):
    """A sync that finds no room is refused in words; the lists in force are the old ones, whole."""
    folder = tmp_path / "terminal"
    store = install(folder, enrol_terminal(service, request(folder), Audience.POLICE, test_mode=False))
    source = str(service.settings.published_folder / "police")
    sync(store, source, at=clock.instant)
    before = _digest(folder / "snapshots")
    full = mount(folder, 4)
    full.fill()
    clock.instant += 3_600
    publish_now(service)
    at = datetime.fromtimestamp(clock.instant, UTC).isoformat().replace("+00:00", "Z")
    words = ["sync", source, "--store", str(folder), "--at", at]
    assert verifier_main(words) not in {0, 70}
    assert "no space left" in capsys.readouterr().err
    _require_untouched(folder / "snapshots", before)
    full.free()
    assert verifier_main(words) == 0
    assert _digest(folder / "snapshots") != before


def test_backup_leaves_no_half_of_itself(service, tmp_path, mount, monkeypatch, capsys):
    """Refused in words; no file under its name, nor beside it."""
    monkeypatch.setenv("LP_DATABASE_URL", service.settings.database_url)
    folder = tmp_path / "away"
    full = mount(folder, 1)
    full.fill()
    out = folder / "service.backup"
    words = ["backup", "--home", str(service.settings.home), str(out)]
    assert wallet_main(words) == 2
    assert "libérez de la place" in capsys.readouterr().err
    assert [one.name for one in folder.iterdir()] == [".filler"]
    full.free()
    assert wallet_main(words) == 0
    assert out.stat().st_size > 0
