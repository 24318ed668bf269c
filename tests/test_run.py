"""`./run` on machines that lack something: it installs what it may, and otherwise says the one command to type."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A Python that has no ensurepip until "apt-get" installed it, and no libzbar either; it makes no environment.
PYTHON = """#!/bin/sh
case "$*" in
    *ensurepip*) [ -e "{state}/installed" ] ;;
    *libzbar*) exit 1 ;;
    *'sys.version_info < '*) echo "3.11 $0" ;;
    *-venv*) echo python3.11-venv ;;
    --version) echo Python 3.11.0 ;;
    *) echo "asked: $*" >&2; exit 3 ;;
esac
"""
# Knows "strace" from the start, the rest once "apt-get" installed it.
DPKG_QUERY = """#!/bin/sh
case "$*" in
    *strace) printf installed ;;
    *) [ -e "{state}/installed" ] && printf installed ;;
esac
"""
APT = """#!/bin/sh
echo "$*" >>"{state}/apt"
case "$*" in
    *update*) touch "{state}/fresh" ;;
    *) [ -e "{state}/fresh" ] && touch "{state}/installed" ;;
esac
"""
# Makes an environment of itself, and a home where it is asked for one.
WHOLE_PYTHON = """#!/bin/sh
case "$*" in
    *'sys.version_info < '*) echo "3.11 $0" ;;
    '-m venv '*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
    '-m wallet_api serve --help') echo "usage: wallet-api serve" ;;
    '-m wallet_api init --home '*) mkdir -p "$5" ;;
esac
"""


class Machine:
    """A checkout and a path of its own, on which only `run` and what it asks for is real."""

    def __init__(self, folder: Path, user: int) -> None:
        self.checkout, self.state, programs = folder / "checkout", folder / "state", folder / "bin"
        for place in (self.checkout / "verifier", self.state, programs):
            place.mkdir(parents=True)
        for name in ("run", "requirements.lock", "pyproject.toml", "verifier/pyproject.toml"):
            shutil.copy2(ROOT / name, self.checkout / name)
        scripts = {
            "python": PYTHON,
            "apt-get": APT,
            "dpkg-query": DPKG_QUERY,
            "sudo": "#!/bin/sh\nexit 1\n",
            "id": f"#!/bin/sh\necho {user}\n",
        }
        for name, text in scripts.items():
            (programs / name).write_text(text.replace("{state}", str(self.state)), encoding="utf-8")
            (programs / name).chmod(0o755)
        self._environment = {"PATH": f"{programs}:/usr/bin:/bin", "LP_PYTHON": str(programs / "python")}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`./run WORDS` from another folder, without a terminal and without a home."""
        command = [str(self.checkout / "run"), *words]
        return subprocess.run(
            command,
            cwd="/",
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def apt(self) -> list[str]:
        """What apt-get was asked."""
        log = self.state / "apt"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


@pytest.fixture
def as_user(tmp_path) -> Machine:
    """Somebody without root and without sudo."""
    return Machine(tmp_path, user=1000)


@pytest.fixture
def as_root(tmp_path) -> Machine:
    """Root, as in a container."""
    return Machine(tmp_path, user=0)


def test_missing_venv_without_root_says_the_command_to_type(as_user):
    """Nothing is installed, nothing is left half made, and the command names the packages."""
    ran = as_user.run("demo")
    assert ran.returncode == 1
    assert "Type: sudo apt-get install -y python3.11-venv libzbar0" in ran.stderr
    assert as_user.apt() == []
    assert not (as_user.checkout / ".venv").exists()


def test_missing_venv_as_root_is_installed_after_an_update(as_root):
    """The package lists of a bare machine are empty: install, update, install again; then libzbar0; then go on."""
    ran = as_root.run("demo")
    asked = [line.split("-qq ")[1].split(" ")[0] + " " + line.split(" ")[-1] for line in as_root.apt()]
    assert asked == [
        "install python3.11-venv",
        "update update",
        "install python3.11-venv",
        "install libzbar0",
    ]
    assert ran.stderr.splitlines()[-1].startswith("asked: -m venv .venv")


def test_pipeline_installs_the_database_for_the_tests(as_root, monkeypatch):
    """LP_TESTS_REQUIRE_POSTGRES=1: what is missing by name, before the environment is made; what is there is not asked."""
    monkeypatch.setitem(as_root._environment, "LP_TESTS_REQUIRE_POSTGRES", "1")
    as_root.run("test")
    assert as_root.apt()[2].endswith("install -y --no-install-recommends postgresql-15")
    (as_root.state / "apt").unlink()
    as_root.run("test")
    assert [line for line in as_root.apt() if "postgresql" in line] == []


def test_pipeline_without_the_database_fails_before_any_test(as_user, monkeypatch):
    """Where nothing can be installed the suite does not run with holes; without the variable nothing is asked."""
    monkeypatch.setitem(as_user._environment, "LP_TESTS_REQUIRE_POSTGRES", "1")
    ran = as_user.run("test")
    assert ran.returncode == 1
    assert "Type: sudo apt-get install -y postgresql-15 " in ran.stderr
    monkeypatch.delitem(as_user._environment, "LP_TESTS_REQUIRE_POSTGRES")
    assert "postgresql" not in as_user.run("test").stderr


def test_missing_libzbar_without_root_only_warns(as_user):
    """The other reader works without it."""
    (as_user.state / "installed").touch()
    ran = as_user.run("demo")
    assert "[run] libzbar0 is missing" in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("asked: -m venv .venv")


@pytest.mark.parametrize(
    ("words", "exit_code", "stream"),
    [((), 2, "stderr"), (("jump",), 2, "stderr"), (("--help",), 0, "stdout")],
)
def test_word_unknown_or_absent_shows_the_usage(as_user, words, exit_code, stream):
    """Usage errors exit 2 and make no environment."""
    ran = as_user.run(*words)
    assert ran.returncode == exit_code
    assert "usage: ./run WORD" in getattr(ran, stream)
    assert not (as_user.checkout / ".venv").exists()


def test_no_python_says_the_command_to_type(as_user, monkeypatch):
    """An interpreter that does not run, as a pyenv shim may, is no interpreter."""
    monkeypatch.setitem(as_user._environment, "LP_PYTHON", "/nonexistent/python3")
    ran = as_user.run("test")
    assert ran.returncode == 1
    assert "no Python of 3.11 or newer" in ran.stderr


@pytest.fixture
def with_python(as_user) -> Machine:
    """A machine that lacks nothing."""
    python = as_user._environment["LP_PYTHON"]
    Path(python).write_text(WHOLE_PYTHON, encoding="utf-8")
    return as_user


@pytest.mark.parametrize("words", [("--help",), ("-h",), ("--port", "8461", "--help")])
def test_help_of_serve_makes_no_home(with_python, words):
    """Who asks what the word takes has not asked for keys and a database."""
    ran = with_python.run("serve", *words)
    assert (ran.returncode, ran.stdout) == (0, "usage: wallet-api serve\n")
    assert "stop it with Ctrl-C" not in ran.stderr
    assert not (with_python.checkout / "build").exists()


def test_first_serve_makes_a_home(with_python):
    """The test above could see one."""
    ran = with_python.run("serve")
    assert ran.returncode == 0, ran.stderr
    assert (with_python.checkout / "build" / "serve").is_dir()
