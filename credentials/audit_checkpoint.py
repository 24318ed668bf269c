"""A checkpoint of an audit journal: how far the chain had come, and the digest of its last row, signed and published.

Who keeps one can tell later that the rows up to it are still the same. It is for auditors: no verdict rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from . import signed_list
from .sign1 import ProtectedHeader
from .signed_list import UnverifiedMessage, octets, refuse, text, whole
from .signing import ToSign
from .spec import CLAIM_BODY, CLAIM_EDITION, CLAIM_IAT, CLAIM_SUB, Typ

DIGEST_SIZE: Final = 32  # bytes, SHA-256
_SEQUENCE, _DIGEST = 1, 2


class CheckpointClaims(NamedTuple):
    """Row `sequence` of the journal of `authority` has this digest. `issued_at` in UTC seconds."""

    authority: str
    edition: int
    issued_at: int
    sequence: int
    digest: bytes


def prepare(claims: CheckpointClaims, *, algorithm: int, chain: tuple[bytes, ...]) -> ToSign:
    """What the status signer signs; `chain` holds its certificate, so that a checkpoint is judged by the root alone."""
    return signed_list.prepare(
        ProtectedHeader(algorithm, int(Typ.AUDIT_CHECKPOINT), None, chain),
        {
            CLAIM_SUB: claims.authority,
            CLAIM_IAT: claims.issued_at,
            CLAIM_EDITION: claims.edition,
            CLAIM_BODY: {_SEQUENCE: claims.sequence, _DIGEST: claims.digest},
        },
    )


def read(message: bytes) -> UnverifiedMessage[CheckpointClaims]:
    """Read the outer layer. Raises `Malformed`."""
    return signed_list.read(message, Typ.AUDIT_CHECKPOINT, _claims)


def _claims(entries: Mapping[Any, Any]) -> CheckpointClaims:
    signed_list.only(entries, {CLAIM_SUB, CLAIM_IAT, CLAIM_EDITION, CLAIM_BODY})
    body = entries.get(CLAIM_BODY)
    if not isinstance(body, dict) or body.keys() != {_SEQUENCE, _DIGEST}:
        refuse("the body is not that of a checkpoint")
    digest = octets(body[_DIGEST])
    if len(digest) != DIGEST_SIZE:
        refuse("a digest has 32 bytes")
    return CheckpointClaims(
        text(entries.get(CLAIM_SUB), 32),
        whole(entries.get(CLAIM_EDITION)),
        whole(entries.get(CLAIM_IAT)),
        whole(body[_SEQUENCE]),
        digest,
    )
