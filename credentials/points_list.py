"""The points list: our own signed type, packed like a status list with 4 bits an entry. Police terminals alone get it.

Entries are 0..12, or 15 where no balance is assigned; 13 and 14 refuse the list. Its as-of instant is its own, apart
from the instant of signing (Code de la route L223-1: a loss exists from payment or conviction).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from . import signed_list
from .sign1 import ProtectedHeader
from .signed_list import UnverifiedMessage, octets, refuse, text, whole
from .signing import ToSign
from .spec import (
    CLAIM_BODY,
    CLAIM_EDITION,
    CLAIM_IAT,
    CLAIM_SUB,
    LIST_SIZE,
    POINTS_BITS,
    POINTS_NONE,
    Typ,
)
from .status_list import StatusList, inflate

_LST, _AS_OF = 1, 2
# A byte holds two entries; one whose low or high half is 13 or 14 stands for no balance.
_HONEST: Final = bytes(
    byte for byte in range(256) if all(half <= 12 or half == POINTS_NONE for half in (byte & 15, byte >> 4))
)


class PointsListClaims(NamedTuple):
    """One edition. `issued_at` and `as_of` in UTC seconds; `entries` has 4 bits and LIST_SIZE entries."""

    uri: str
    edition: int
    issued_at: int
    as_of: int
    entries: StatusList


def prepare(claims: PointsListClaims, *, algorithm: int, key_id: bytes) -> ToSign:
    """What the points signer signs."""
    return signed_list.prepare(
        ProtectedHeader(algorithm, int(Typ.POINTS_LIST), key_id),
        {
            CLAIM_SUB: claims.uri,
            CLAIM_IAT: claims.issued_at,
            CLAIM_EDITION: claims.edition,
            CLAIM_BODY: {_LST: claims.entries.deflate(), _AS_OF: claims.as_of},
        },
    )


def read(message: bytes) -> UnverifiedMessage[PointsListClaims]:
    """Read the outer layer. Raises `Malformed`."""
    return signed_list.read(message, Typ.POINTS_LIST, _claims)


def _claims(entries: Mapping[Any, Any]) -> PointsListClaims:
    signed_list.only(entries, {CLAIM_SUB, CLAIM_IAT, CLAIM_EDITION, CLAIM_BODY})
    body = entries.get(CLAIM_BODY)
    if not isinstance(body, dict) or body.keys() != {_LST, _AS_OF}:
        refuse("the body is not that of a points list")
    size = LIST_SIZE * POINTS_BITS // 8
    packed = inflate(octets(body[_LST]), at_most=size)
    if len(packed) != size or packed.translate(None, _HONEST):
        refuse("a points list has another size, or an entry that is no balance")
    return PointsListClaims(
        text(entries.get(CLAIM_SUB)),
        whole(entries.get(CLAIM_EDITION)),
        whole(entries.get(CLAIM_IAT)),
        whole(body[_AS_OF]),
        StatusList(POINTS_BITS, packed),
    )
