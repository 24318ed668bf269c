"""The demonstration: what lies in the package is what its script makes, and every specimen answers as announced."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.specimen import DEMO, build, contents
from verifier import specimen
from verifier.__main__ import main
from verifier.reasons import Outcome

ROOT = Path(__file__).resolve().parents[2]


def test_demonstration_regenerates_without_difference(tmp_path):
    """`python -m tests.specimen` makes the committed files to the byte."""
    build(tmp_path / "demo")
    assert contents(tmp_path / "demo") == contents(DEMO)


def test_demo_shows_every_outcome_and_ends_well():
    """Eight specimens, as JSON lines, and nothing is written beside them."""
    before = contents(DEMO)
    command = [sys.executable, "-m", "verifier", "demo", "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    verdicts = [json.loads(line) for line in ran.stdout.splitlines()]
    expected = [one["reason"] for one in json.loads((DEMO / "codes.json").read_bytes())]
    assert [one["reason"] for one in verdicts] == expected
    assert {one["outcome"] for one in verdicts} == set(Outcome)
    assert all(one["test"] for one in verdicts)
    assert contents(DEMO) == before


def test_demo_speaks_french_first_and_english_when_asked():
    """The heading and the word follow the environment."""
    for language, word in (("fr_FR.UTF-8", "VALIDE"), ("en_GB.UTF-8", "VALID"), ("C.UTF-8", "VALIDE")):
        environment = {**os.environ, "LC_ALL": language}
        command = [sys.executable, "-m", "verifier", "demo", "--plain"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, env=environment)
        assert ran.stdout.decode().splitlines()[1] == word


def test_demo_that_surprises_says_so(tmp_path, monkeypatch, capsys):
    """A specimen that answers otherwise is an installation to mistrust: exit 70."""
    shutil.copytree(DEMO, tmp_path / "demo")
    codes = json.loads((DEMO / "codes.json").read_bytes())
    codes[0]["at"] = "2026-11-01T11:00:00+00:00"
    (tmp_path / "demo/codes.json").write_text(json.dumps(codes))
    monkeypatch.setattr(specimen, "DEMO", tmp_path / "demo")
    assert main(["demo", "--plain"]) == 70
    assert "damaged" in capsys.readouterr().err
