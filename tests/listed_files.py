"""The files of the repository: what the next commit would hold, and so what a clean export holds."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def listed() -> list[str]:
    """Paths of tracked and of new, not ignored files; `safe.directory` since the checkout may be another user's."""
    ran = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(path for path in ran.stdout.splitlines() if (ROOT / path).is_file())
