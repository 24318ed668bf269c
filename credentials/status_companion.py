"""The companion of a status list: why and until when an entry is 1 or 2. Never the offence, nor the kind of measure.

Signed over its list's uri and edition; beside another edition it counts as absent (T39). It travels to terminals
entitled to know, never with the public list.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from . import signed_list
from .sign1 import ProtectedHeader
from .signed_list import UnverifiedMessage, instant, refuse, text, whole
from .signing import ToSign
from .spec import CLAIM_BODY, CLAIM_EDITION, CLAIM_IAT, CLAIM_SUB, LIST_SIZE, Typ


class EntryClass(StrEnum):
    """On whose account a credential is not in force; in the order of gravity."""

    AUTHORITY = "authority"
    DEVICE = "device"
    HOLDER = "holder"
    REPLACED = "replaced"


_NUMBER = {EntryClass.AUTHORITY: 1, EntryClass.DEVICE: 2, EntryClass.HOLDER: 3, EntryClass.REPLACED: 4}
_CLASS = {number: name for name, number in _NUMBER.items()}


class CompanionEntry(NamedTuple):
    """Class, first and last instant (UTC seconds, `until` excluded; None where open), and a reason class of ours."""

    entry_class: EntryClass
    since: int | None = None
    until: int | None = None
    reason_class: str | None = None


class CompanionClaims(NamedTuple):
    """The companion of the edition `edition` of the list at `uri`."""

    uri: str
    edition: int
    issued_at: int
    entries: Mapping[int, CompanionEntry]


def prepare(claims: CompanionClaims, *, algorithm: int, key_id: bytes) -> ToSign:
    """What the companion signer signs."""
    body = {
        index: [_NUMBER[one.entry_class], one.since, one.until, one.reason_class]
        for index, one in claims.entries.items()
    }
    return signed_list.prepare(
        ProtectedHeader(algorithm, int(Typ.COMPANION), key_id),
        {
            CLAIM_SUB: claims.uri,
            CLAIM_IAT: claims.issued_at,
            CLAIM_EDITION: claims.edition,
            CLAIM_BODY: body,
        },
    )


def read(message: bytes) -> UnverifiedMessage[CompanionClaims]:
    """Read the outer layer. Raises `Malformed`."""
    return signed_list.read(message, Typ.COMPANION, _claims)


def _claims(entries: Mapping[Any, Any]) -> CompanionClaims:
    signed_list.only(entries, {CLAIM_SUB, CLAIM_IAT, CLAIM_EDITION, CLAIM_BODY})
    body = entries.get(CLAIM_BODY)
    if not isinstance(body, dict):
        refuse("the body is not that of a companion")
    return CompanionClaims(
        text(entries.get(CLAIM_SUB)),
        whole(entries.get(CLAIM_EDITION)),
        whole(entries.get(CLAIM_IAT)),
        {_index(index): _entry(entry) for index, entry in body.items()},
    )


def _index(index: object) -> int:
    if whole(index) >= LIST_SIZE:
        refuse("an index outside the list")
    return whole(index)


def _entry(value: Any) -> CompanionEntry:
    match value:
        case [int(number), since, until, reason] if number in _CLASS and type(number) is int:
            if since is not None and until is not None and instant(until) < instant(since):
                refuse("a measure ends before it begins")
            return CompanionEntry(
                _CLASS[number],
                None if since is None else instant(since),
                None if until is None else instant(until),
                None if reason is None else text(reason, 40),
            )
    refuse("malformed entry of a companion")
