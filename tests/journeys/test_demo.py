"""The demonstration: real programs, real images, every verdict expected; and it fails when one differs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wallet_api.demo.programs import DemoFailed
from wallet_api.demo.story import Story


@pytest.mark.slow
@pytest.mark.network
def test_demo_ends_well_and_leaves_its_images(tmp_path):
    """`./run demo` tells all seven chapters, prints a line a verdict and says where the images are."""
    done = subprocess.run(
        [sys.executable, "-m", "wallet_api.demo", "--folder", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "tous attendus" in done.stdout
    for reason in ("REPLAY", "SIG_INVALID"):
        assert reason not in done.stdout  # people read sentences, not codes
    assert sum(line.startswith("  [") for line in done.stdout.splitlines()) == 20
    assert len(list((tmp_path / "demo" / "images").glob("*.png"))) >= 12


def test_demo_fails_when_a_verdict_differs(tmp_path):
    """A verdict with another reason, or with points where none may be, ends the story."""
    story = Story(tmp_path)
    verdict = {
        "outcome": "REFUSED",
        "reason": "REVOKED",
        "word": {"fr": "REFUSÉ"},
        "sentence": {"fr": "Ce titre a été révoqué."},
        "points": None,
        "claims": None,
        "entitlement": {"answer": "unknown"},
    }
    story._expect("révoqué", verdict, "REFUSED", "REVOKED", points=None)
    with pytest.raises(DemoFailed, match="devait donner VALID"):
        story._expect("révoqué", verdict, "VALID", "OK")
    with pytest.raises(DemoFailed):
        story._expect("révoqué", verdict, "REFUSED", "REVOKED", points=9)


def test_demo_spares_a_folder_that_is_not_its_own(tmp_path):
    """A folder with somebody's files is refused, and nothing in it is touched."""
    (tmp_path / "photo.txt").write_text("à moi", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "wallet_api.demo", "--folder", str(tmp_path)], capture_output=True, check=False
    )
    assert done.returncode == 2
    assert (tmp_path / "photo.txt").read_text("utf-8") == "à moi"
