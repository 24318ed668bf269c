"""The lock files: complete, pinned by hash, free of addresses, and in step with both pyproject.toml."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.listed_files import listed

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-core.lock")
OURS = {"laissez-passer", "laissez-passer-verifier"}


def _entries(lock: str) -> list[str]:
    """Each pinned package with its hashes, as one text."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]


def _pins(lock: str) -> list[Requirement]:
    return [Requirement(entry.partition("--hash")[0].strip()) for entry in _entries(lock)]


def _project(path: str) -> dict:
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))["project"]


def _wanted(project: dict, extras: set[str] | None = None) -> list[Requirement]:
    lines = list(project["dependencies"])
    for extra, more in project.get("optional-dependencies", {}).items():
        if extras is None or extra in extras:
            lines += more
    return [requirement for line in lines if (requirement := Requirement(line)).name not in OURS]


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_no_address_and_no_option(lock):
    """No index, no registry host, no path: where packages come from is the machine's business."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "@ file" not in text
    assert [line for line in text.splitlines() if line.startswith("-")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_version_and_hash(lock):
    """One version and at least one SHA-256 a package."""
    for entry in _entries(lock):
        assert re.fullmatch(r"[a-z0-9.-]+==[^\s;]+( ;[^-]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", entry), (
            entry
        )


def test_core_lock_is_part_of_the_whole():
    """The verifier alone stands on the very versions that everything is tested with."""
    whole = {(pin.name, str(pin.specifier), str(pin.marker)) for pin in _pins("requirements.lock")}
    core = {(pin.name, str(pin.specifier), str(pin.marker)) for pin in _pins("requirements-core.lock")}
    assert core <= whole
    assert {name for name, _, _ in core} == {"cryptography", "cbor2", "cffi", "pycparser"}


@pytest.mark.parametrize(
    ("lock", "project", "extras"),
    [
        ("requirements-core.lock", "verifier/pyproject.toml", set()),
        ("requirements.lock", "verifier/pyproject.toml", None),
        ("requirements.lock", "pyproject.toml", {"issuer", "phone", "dev"}),
    ],
)
def test_lock_satisfies_every_declared_requirement(lock, project, extras):
    """A floor raised in pyproject.toml without a new lock is noticed."""
    pins = {canonicalize_name(pin.name): [] for pin in _pins(lock)}
    for pin in _pins(lock):
        pins[canonicalize_name(pin.name)].append(next(iter(pin.specifier)).version)
    for wanted in _wanted(_project(project), extras):
        held = pins.get(canonicalize_name(wanted.name), [])
        assert any(wanted.specifier.contains(version) for version in held), (
            f"{wanted}: lock again, it has {held}"
        )


def test_build_back_end_is_pinned():
    """Builds run without isolation, on the locked setuptools."""
    assert {"setuptools", "wheel"} <= {pin.name for pin in _pins("requirements.lock")}


def test_both_distributions_have_one_version():
    """The service asks for the verifier of its own version, in every extra."""
    root, small = _project("pyproject.toml"), _project("verifier/pyproject.toml")
    assert root["version"] == small["version"]
    lines = root["dependencies"] + [
        line for extra in root["optional-dependencies"].values() for line in extra
    ]
    asked = [line for line in lines if line.startswith("laissez-passer-verifier")]
    assert asked
    assert all(line.endswith(f"=={small['version']}") for line in asked)


def test_no_other_lock_lies_about():
    """One lock a purpose: uv.lock would hold addresses, and npm locks must not hold `resolved`."""
    paths = listed()
    assert "uv.lock" not in {Path(path).name for path in paths}
    for path in paths:
        if Path(path).name == "package-lock.json" and (ROOT / path).exists():
            packages = json.loads((ROOT / path).read_text(encoding="utf-8"))["packages"]
            assert [name for name, row in packages.items() if "resolved" in row] == []
