"""The digests that tie the lines of a batch to its proposal. Pure.

A line's covers everything that says what it does, and in whose place. The batch's is over those of its lines in order,
so that a line added, dropped or moved changes it; the proposal tells it, and the journal tells the proposal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from wallet_api.audit.row import canonical

from .read_file import Line

LINES_DIGEST: Final = "lines_sha256"
"""The member of a proposal that tells the digest of all lines; one of an older release has none."""


class StoredLine(NamedTuple):
    """A line as the table has it: what it asks, its digest, and what became of it."""

    number: int
    licence_id: str
    act: str
    content: str
    digest: str | None = None
    act_id: str | None = None
    outcome: str | None = None

    def computed(self, batch: tuple[str, str]) -> str:
        """SHA-256, in hexadecimal, over what it asks in `batch`, which is an authority and an id. Raises `TypeError`."""
        return _sha256([*batch, *self[:4]])

    def is_as_proposed(self, batch: tuple[str, str]) -> bool:
        """Whether it bears its own digest; SQLite keeps cells of any type, and those bear none."""
        try:
            return self.digest == self.computed(batch)
        except TypeError:
            return False

    def act_by(self, author: str) -> tuple[str, object, str]:
        """Licence, decision and author of the act that it becomes."""
        try:
            reference = json.loads(self.content)["decision_reference"]
        except (ValueError, TypeError, KeyError):
            reference = None
        return self.licence_id, reference, author


def with_digests(batch: tuple[str, str], lines: Iterable[Line]) -> list[StoredLine]:
    """The lines of a file as `batch` keeps them."""
    asked = (StoredLine(one.number, one.licence_id, one.act, one.content) for one in lines)
    return [one._replace(digest=one.computed(batch)) for one in asked]


def digest_of_lines(digests: Iterable[object]) -> str:
    """SHA-256, in hexadecimal, over the digests of all lines of a batch, in order."""
    return _sha256([str(one) for one in digests])


def _sha256(content: Sequence[object]) -> str:
    return hashlib.sha256(canonical(content).encode()).hexdigest()
