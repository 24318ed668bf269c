"""How the command line speaks: results on standard output, words on standard error.

JSON is UTF-8 whatever the locale says (RFC 8259, section 8.1); text falls back to ASCII where the output cannot say é.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalogue import Language
    from .verdict import Verdict

__all__ = ["UsageError", "Voice"]


class UsageError(Exception):
    """Nothing was judged: the command line is wrong. The text never repeats an argument, which might be a code."""


class Voice:
    """Where one command writes."""

    def __init__(self, *, quiet: bool = False, json: bool = False, plain: bool = False) -> None:
        """`quiet` drops the words; `json` and `plain` are the forms asked for."""
        self._quiet = quiet
        self.as_json = json
        self._plain = plain

    def say(self, words: str) -> None:
        """Say something about the command, on standard error."""
        if not self._quiet:
            sys.stderr.write(f"verifier: {words}\n")

    def json(self, value: object) -> None:
        """Write one JSON value as one line."""
        from json import dumps

        self.json_text(dumps(value, ensure_ascii=False, separators=(",", ":")))

    def json_text(self, text: str) -> None:
        """Write one line of JSON."""
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode() + b"\n")
        sys.stdout.buffer.flush()

    def text(self, text: str) -> None:
        """Write lines for a person."""
        if not _speaks_unicode():
            from .plain import ascii_text

            text = "\n".join(map(ascii_text, text.split("\n")))
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def heading(self, french: str, english: str) -> None:
        """Write a line in the reader's language."""
        self.text(french if _language() == "fr" else english)

    def verdict(self, verdict: Verdict) -> None:
        """Write a verdict: JSON, plain lines, a panel on a terminal, or one line for a pipe."""
        if self.as_json:
            self.json_text(verdict.json_text())
            return
        from . import plain

        write = plain.plain if self._plain else plain.panel if sys.stdout.isatty() else plain.one_line
        sys.stdout.write(write(verdict, _language(), ascii_only=not _speaks_unicode()) + "\n")
        sys.stdout.flush()


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _language() -> Language:
    """French unless the environment asks for English; JSON holds both."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "en" if value.startswith("en") else "fr"
    return "fr"
