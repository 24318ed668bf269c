"""What was once seen revoked or compromised stays so here, whatever later lists say (T37).

1. Both mappings only grow. An entry remembers the class last seen with it and the instant of the list that first said so.
2. On the road to a verdict only the tombstones that the list in force does not confirm are needed: `revived` names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from credentials.spec import StatusValue
from credentials.status_companion import CompanionClaims
from credentials.status_list import StatusList

from .snapshot import Tombstones, class_number

__all__ = ["Graves", "revoked"]

Rows = dict[str, dict[int, list[int | None]]]

# For each byte of a list of 2-bit entries, the slots that hold 1 (entry 0 in the lowest bits).
_REVOKED_SLOTS: Final = tuple(
    tuple(slot for slot in range(4) if byte >> (2 * slot) & 3 == StatusValue.REVOKED) for byte in range(256)
)
_QUIET: Final = bytes(byte for byte in range(256) if not _REVOKED_SLOTS[byte])


class Graves:
    """The tombstones of one terminal while a publication comes in."""

    def __init__(self, seen: Tombstones) -> None:
        """Begin with what was seen before."""
        self.signers = dict(seen.signers)
        self._entries: Rows = {
            uri: {place: list(row) for place, row in places.items()} for uri, places in seen.entries.items()
        }

    def tombstones(self) -> Tombstones:
        """What is to be remembered."""
        return Tombstones(self.signers, self._entries)

    def bury_signer(self, key_id: bytes, since: int) -> None:
        """Remember a compromised signer."""
        self.signers.setdefault(key_id, since)

    def bury_revoked(self, uri: str, entries: StatusList, issued_at: int) -> None:
        """Remember every entry of value 1."""
        places = revoked(entries)
        if places:
            dead = self._entries.setdefault(uri, {})
            for place in places:
                dead.setdefault(place, [None, issued_at])

    def classify(self, uri: str, entries: StatusList, companion: CompanionClaims) -> None:
        """Remember the class last seen of each revoked entry."""
        for place, entry in companion.entries.items():
            if entries.get(place) == StatusValue.REVOKED:
                dead = self._entries.setdefault(uri, {})
                dead.setdefault(place, [None, companion.issued_at])[0] = class_number(entry)

    def revived(self, held: Mapping[str, StatusList]) -> Rows:
        """The tombstones that the lists about to be in force do not confirm, those of lists no longer held included."""
        revived = {}
        for uri, places in self._entries.items():
            entries = held.get(uri)
            kept = {
                place: row
                for place, row in places.items()
                if entries is None or entries.get(place) != StatusValue.REVOKED
            }
            if kept:
                revived[uri] = kept
        return revived


def revoked(entries: StatusList) -> list[int]:
    """The places of a 2-bit list whose value is 1."""
    packed = entries.packed
    if not packed.translate(None, _QUIET):
        return []
    return [4 * at + slot for at, byte in enumerate(packed) if byte for slot in _REVOKED_SLOTS[byte]]
