"""The release, as a constant: asking the package's metadata would cost more than judging a code."""

from __future__ import annotations

from typing import Final

DISTRIBUTION: Final = "laissez-passer-verifier"
VERSION: Final = "0.1.0"  # equal to verifier/pyproject.toml; a test compares the two
