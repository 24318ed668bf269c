"""A row of the journal and its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Final, NamedTuple

ORIGIN: Final = "0" * 64
"""What the first row of a chain follows."""
PURGED: Final = "purged"
"""The act of a purge; in its own chain it names the row after which the chain now begins."""


class Content(NamedTuple):
    """What a row says, whatever its place in the chain."""

    recorded_at: int
    actor_id: str
    act: str
    subject_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """One act. `digest` is what the database holds; `computed` is what it should be."""

    authority_id: str
    sequence: int
    recorded_at: int
    actor_id: str
    act: str
    subject_id: str
    detail: str
    previous: str
    digest: str

    def computed(self, sequence: int | None = None, previous: str | None = None) -> str:
        """The digest of this content, at another place of the chain if one is given (FORMAT.md, section 8)."""
        return digest_of(
            self.authority_id,
            self.sequence if sequence is None else sequence,
            self.recorded_at,
            self.actor_id,
            self.act,
            self.subject_id,
            self.detail,
            self.previous if previous is None else previous,
        )


def digest_of(
    authority_id: str,
    sequence: int,
    recorded_at: int,
    actor_id: str,
    act: str,
    subject_id: str,
    detail: str,
    previous: str,
) -> str:
    """SHA-256, in hexadecimal, over the canonical JSON of a row."""
    content = {
        "act": act,
        "actor_id": actor_id,
        "authority_id": authority_id,
        "detail": detail,
        "previous": previous,
        "recorded_at": recorded_at,
        "sequence": sequence,
        "subject_id": subject_id,
    }
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def parts_of(authority_id: str, content: Content) -> tuple[str, str, str]:
    """The canonical JSON of a row in three parts: between them belong the digest before it and its own number."""
    before = canonical(
        {
            "act": content.act,
            "actor_id": content.actor_id,
            "authority_id": authority_id,
            "detail": content.detail,
        }
    )
    subject = canonical({"subject_id": content.subject_id})
    return (
        f'{before[:-1]},"previous":"',
        f'","recorded_at":{content.recorded_at},"sequence":',
        f",{subject[1:]}",
    )


def canonical(content: object) -> str:
    """JSON in ASCII, keys sorted, without spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
