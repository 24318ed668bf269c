"""A row of the journal and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

ORIGIN: Final = "0" * 64
"""What the first row of a chain follows."""
PROPOSED: Final = (
    "authority_id",
    "proposal_id",
    "kind",
    "subject_id",
    "payload",
    "proposer_id",
    "proposer_role",
    "created_at",
    "expires_at",
)
"""What a proposal asks, by column: the second person approves this and nothing else."""
PHONE: Final = ("authority_id", "wallet_id", "document_id", "thumbprint", "enrolled_at")
"""What never changes of a phone, by column; its pause and its loss are acts of their own."""
TERMINAL: Final = ("authority_id", "terminal_id", "profile", "public_key", "enrolled_at")
"""What never changes of a terminal; its mirror secret is renewed, and told beside."""
OFFER: Final = (
    "authority_id",
    "offer_id",
    "document_id",
    "code_hash",
    "tx_code_hash",
    "created_at",
    "expires_at",
)
ACTIVATION: Final = (
    "authority_id",
    "activation_id",
    "document_id",
    "code_hash",
    "second_hash",
    "mandate_id",
    "created_at",
    "expires_at",
    "actor_id",
)
MANDATE: Final = (
    "authority_id",
    "mandate_id",
    "document_id",
    "giver_id",
    "aidant_id",
    "second_hash",
    "starts_at",
    "ends_at",
)
"""What never changes of an offer, of a code on paper and of a mandate: whoever brings the code enrols a phone."""
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

    @classmethod
    def read(cls, cells: Sequence[object]) -> Row | None:
        """A row as the database has it, where SQLite keeps whatever type was written; None for one without a number.

        A cell of another type is no text that anybody wrote: the digest then tells that the row was edited.
        """
        sequence = cells[1]
        if type(sequence) is not int:
            return None
        words = [one if type(one) is str else "?" for one in cells]
        recorded_at = cells[2] if type(cells[2]) is int else 0
        return cls(words[0], sequence, recorded_at, *words[3:])

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


def digest_of_act(rows: Iterable[Mapping[str, object]]) -> str:
    """Half of a SHA-256 over the rows that an act wrote elsewhere, by column; what its row in the journal keeps of them."""
    content = json.dumps(list(rows), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def digest_of_row(row: Mapping[str, object], columns: Sequence[str]) -> str:
    """`digest_of_act` of one row by the columns that never change: a key, or the hash of a code, enters the journal in this alone."""
    cells = {name: row[name] for name in columns}
    return digest_of_act(
        [{name: one.hex() if isinstance(one, bytes) else one for name, one in cells.items()}]
    )


def digest_of_mirror(mirror_hash: object) -> str | None:
    """Of a terminal's mirror secret, whose hash is in its row; None for one without."""
    return None if mirror_hash is None else digest_of_act([{"mirror_hash": mirror_hash}])


def digest_of_batch(credentials: Iterable[Mapping[str, object]]) -> str:
    """`digest_of_act` of the credentials that were issued together, by all that never changes of them."""
    rows = [{name: cell for name, cell in one.items() if name != "state"} for one in credentials]
    return digest_of_act(sorted(rows, key=lambda one: str(one["credential_id"])))


def canonical(content: object) -> str:
    """JSON in ASCII, keys sorted, without spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
