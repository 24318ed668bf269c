"""The two wheels: disjoint, complete, and the small one enough by itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from credentials.spec import Audience
from credentials.views import View
from tests import simulated_terminal
from tests.listed_files import listed
from tests.simulated_authority import SUBJECTS, SimulatedAuthority
from tests.simulated_phone import SimulatedPhone

ROOT = Path(__file__).resolve().parent.parent
ALONE = {"laissez-passer-verifier", "cryptography", "cbor2", "cffi", "pycparser"}
pytestmark = pytest.mark.slow
NO_NETWORK = (
    "Temporary failure in name resolution",
    "NewConnectionError",
    "Network is unreachable",
    "ConnectTimeout",
)


def _pip(*arguments: str, cwd: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pip", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    if ran.returncode and any(sign in ran.stderr for sign in NO_NETWORK):
        pytest.skip("no package index within reach: the wheel cannot be installed in an empty environment")
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="module")
def wheels(tmp_path_factory) -> dict[str, Path]:
    """Both wheels by distribution, built from an export by the locked back end."""
    export = tmp_path_factory.mktemp("export")
    for path in listed():
        (export / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, export / path)
    out = tmp_path_factory.mktemp("wheels")
    _pip(
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(out),
        "./verifier",
        ".",
        cwd=export,
    )
    return {path.name.split("-")[0]: path for path in out.glob("*.whl")}


def _packed(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_wheels_share_no_path(wheels):
    """Installed together the two distributions never overlap."""
    assert set(wheels) == {"laissez_passer", "laissez_passer_verifier"}
    assert _packed(wheels["laissez_passer"]) & _packed(wheels["laissez_passer_verifier"]) == set()


@pytest.mark.parametrize(
    ("wheel", "rooms"),
    [
        ("laissez_passer_verifier", ("credentials", "verifier")),
        ("laissez_passer", ("keys", "wallet_api", "mobile_sim")),
    ],
)
def test_wheel_holds_every_file_of_its_rooms_and_nothing_else(wheels, wheel, rooms):
    """A sub-package or a data file forgotten in pyproject.toml is noticed here."""
    not_packed = {"verifier/pyproject.toml", "verifier/README.md"}
    wanted = {path for path in listed() if path.partition("/")[0] in rooms} - not_packed
    assert _packed(wheels[wheel]) == wanted


@pytest.fixture(scope="module")
def terminal(wheels, tmp_path_factory) -> Path:
    """Programs folder of an empty environment holding the small wheel and its locked dependencies only."""
    place = tmp_path_factory.mktemp("terminal")
    venv.EnvBuilder(with_pip=False, symlinks=True).create(place / "env")
    python = place / "env" / "bin" / "python"
    options = ("--python", str(python), "install", "-q", "--only-binary=:all:")
    _pip(*options, "--require-hashes", "-r", str(ROOT / "requirements-core.lock"), cwd=place)
    _pip(*options, "--no-deps", "--no-index", str(wheels["laissez_passer_verifier"]), cwd=place)
    return python.parent


def _run(terminal: Path, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(terminal.parent.parent)}
    return subprocess.run(
        [str(terminal / command[0]), *command[1:]],
        cwd=terminal.parent.parent,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_verifier_alone_brings_cryptography_and_cbor2_only(terminal):
    """Two dependencies and what those need; nothing else is in the environment."""
    ran = _run(
        terminal,
        "python",
        "-c",
        "import importlib.metadata as m; print(*(d.name.lower() for d in m.distributions()))",
    )
    assert set(ran.stdout.split()) == ALONE


def test_verifier_program_answers_in_an_empty_environment(terminal):
    """`verifier --help` works where only the small wheel was installed."""
    ran = _run(terminal, "verifier", "--help")
    assert ran.returncode == 0, ran.stderr
    assert "verifier" in ran.stdout


def test_verifier_read_judges_a_code_in_an_empty_environment(terminal, tmp_path, instant, at):
    """A store made elsewhere, a code on standard input: VALID and exit 0, with no extra installed."""
    authority = SimulatedAuthority()
    simulated_terminal.terminal(tmp_path / "store", Audience.ANYONE, [authority.publish()])
    credential = authority.issue(authority.claims(SUBJECTS[View.PROOF]()))
    shown = SimulatedPhone().show(credential, View.PROOF, audience="anyone", at=instant)
    options = ("--store", str(tmp_path / "store"), "--at", at.isoformat(), "--json")
    ran = _run(terminal, "verifier", "read", *options, stdin=shown + "\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["outcome"] == "VALID"


def test_both_rooms_import_without_the_checkout(terminal):
    """Every module of the small wheel loads, the ones of an extra excepted."""
    script = (
        "import importlib, pkgutil, credentials, verifier\n"
        "for package in (credentials, verifier):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if module.name.startswith(('verifier.camera', 'verifier.sync', 'verifier.terminal', 'verifier.__main__')):\n"
        "            continue\n"
        "        importlib.import_module(module.name)\n"
        "print(verifier.__file__)"
    )
    ran = _run(terminal, "python", "-c", script)
    assert ran.returncode == 0, ran.stderr
    assert str(terminal.parent) in os.path.realpath(ran.stdout.strip())
