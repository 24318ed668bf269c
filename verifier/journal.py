"""The terminal's journal: one line for each verdict, and nothing about anybody in it.

    {"at":"2026-11-22T09:14:05Z","terminal":"...","agent":"...","profile":"police","document":"driving_licence",
     "view":"road_check","outcome":"VALID","reason":"OK","trust":[41,3600],"status":[1182,3600],"points":null,
     "signer":"5f1c0a9be27d4413","digest":"0123456789abcdef"}

1. Every value is a code of ours, a number, a key id, or a name that the operator chose in `[A-Za-z0-9._-]`; lists are
   [version, age in seconds]. No name, number, birth date, image, code text or status index (verdicts.md, section 4).
2. `digest` tells whether the same code was read before in the same shift, and nothing else: it is keyed by a salt that is
   made for the shift, never leaves the terminal and is forgotten after it.
3. Lines are appended with one write each to a file of mode 0600; a line once written is never touched.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from .disk import read_bounded, replace_file
from .errors import EnrolmentError, TrustBroken

if TYPE_CHECKING:
    from .facts import ListEdition
    from .verdict import Verdict

__all__ = ["JOURNAL", "REPORTED", "SHIFT", "Journal", "is_pseudonym"]

JOURNAL: Final = "journal.jsonl"
SHIFT: Final = "shift"
REPORTED: Final = "reported"  # the last day whose counts the authority was told (reports.py)
SHIFT_SECONDS: Final = 12 * 3600  # longer than a tour of duty, shorter than two
SALT_BYTES: Final = 16
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,40}")


class Journal:
    """The journal of one terminal, in its store's folder."""

    def __init__(self, folder: str, terminal_id: str, agent: str | None = None) -> None:
        """`agent` is a pseudonym. Raises `EnrolmentError` for one that is none."""
        if agent is not None and not is_pseudonym(agent):
            raise EnrolmentError("an agent's pseudonym is 1 to 40 of A-Z a-z 0-9 . _ -")
        self._folder = folder
        self._terminal = terminal_id if _NAME.fullmatch(terminal_id) else "?"
        self._agent = agent
        self._salt: tuple[int, bytes] | None = None

    def record(self, verdict: Verdict, text: str | None) -> None:
        """Append the line of `verdict`; `text` is the code it judged, None where there was none. Raises `OSError`."""
        digest = None if text is None else self._digest(text, verdict.instant)
        line = _line(verdict, self._terminal, self._agent, digest).encode("ascii")
        flags = (
            os.O_WRONLY
            | os.O_APPEND
            | os.O_CREAT
            | getattr(os, "O_CLOEXEC", 0)
            | getattr(os, "O_NOFOLLOW", 0)
        )
        descriptor = os.open(f"{self._folder}/{JOURNAL}", flags, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)

    def _digest(self, text: str, at: int) -> str:
        salt = self._shift_salt(at)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=salt, digest_size=8).hexdigest()

    def _shift_salt(self, at: int) -> bytes:
        if self._salt is None:
            self._salt = self._read_shift()
        if self._salt is None or not 0 <= at - self._salt[0] < SHIFT_SECONDS:
            self._salt = (at, os.urandom(SALT_BYTES))
            content = at.to_bytes(8, "big", signed=True) + self._salt[1]
            replace_file(f"{self._folder}/{SHIFT}", content)
        return self._salt[1]

    def _read_shift(self) -> tuple[int, bytes] | None:
        try:
            content = read_bounded(f"{self._folder}/{SHIFT}", 8 + SALT_BYTES)
        except (OSError, TrustBroken):
            return None
        if len(content) != 8 + SALT_BYTES:
            return None
        return int.from_bytes(content[:8], "big", signed=True), content[8:]


def is_pseudonym(name: str) -> bool:
    """Whether `name` may stand for an agent in the journal."""
    return _NAME.fullmatch(name) is not None


def _line(verdict: Verdict, terminal: str, agent: str | None, digest: str | None) -> str:
    document, lists, signer = verdict.document, verdict.lists, verdict.signer
    at = verdict.instant
    words = (
        ("at", datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("terminal", terminal),
        ("agent", agent),
        ("profile", verdict.profile),
        ("document", None if document is None else document.type),
        ("view", None if document is None else document.view),
        ("outcome", verdict.outcome),
        ("reason", verdict.reason),
    )
    parts = [f'"{name}":{_word(word)}' for name, word in words]
    parts += [
        f'"trust":{_edition(lists.trust, at)}',
        f'"status":{_edition(lists.status, at)}',
        f'"points":{_edition(lists.points, at)}',
        f'"signer":{_word(None if signer is None else signer.key_id.hex())}',
        f'"digest":{_word(digest)}',
    ]
    return "{" + ",".join(parts) + "}\n"


def _word(word: str | None) -> str:
    return "null" if word is None else f'"{word}"'


def _edition(edition: ListEdition | None, at: int) -> str:
    return "null" if edition is None else f"[{edition.version},{max(at - edition.issued_at, 0)}]"
