"""What a credential lets its holder do, and whether a newer one grants at least as much, points aside.

If it does, older credentials become superseded (3) and are no refusal; if a right shrank they are replaced (1).
Kept in the database as compact JSON without a name or a number of the person.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Final

from credentials.driving_licence import AgeOver18, DrivingPrivilege, Proof, RoadCheck
from credentials.views import Subject
from credentials.vitale_card import Care, RightsPeriod

_FOREVER: Final = "9999-12-31"


@dataclass(frozen=True, slots=True)
class Grants:
    """Rights as text: categories with end and restrictions, or cover with periods and exemptions, or majority."""

    kind: str
    entries: dict[str, tuple[str, str, tuple[str, ...]]]
    """Right -> first day, last day, restrictions."""

    def to_text(self) -> str:
        """Canonical JSON."""
        return json.dumps([self.kind, self.entries], sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Grants:
        """Inverse of `to_text`."""
        kind, entries = json.loads(text)
        return cls(kind, {right: (one[0], one[1], tuple(one[2])) for right, one in entries.items()})

    def covers(self, older: Grants, today: date) -> bool:
        """Whether nothing that `older` still grants on `today` is missing, shorter or more restricted here."""
        return all(
            self._covers_one(right, entry)
            for right, entry in older.entries.items()
            if entry[1] >= today.isoformat()
        )

    def restricted_by(self, code: str) -> bool:
        """Whether every right bears this restriction code."""
        return all(code in restrictions for _, _, restrictions in self.entries.values())

    def _covers_one(self, right: str, older: tuple[str, str, tuple[str, ...]]) -> bool:
        mine = self.entries.get(right)
        return mine is not None and mine[1] >= older[1] and set(mine[2]) <= set(older[2])


def grants_of(subject: Subject) -> Grants:
    """The rights in a subject."""
    match subject:
        case RoadCheck() | Proof():
            return Grants("licence", {one.code: _privilege(one) for one in subject.categories})
        case AgeOver18():
            return Grants("age", {"over_18": ("", _FOREVER, ())} if subject.age_over_18 else {})
        case Care():
            entries = {f"cover {one.start}": _period(one) for one in subject.rights}
            entries |= {"ald": ("", _FOREVER, ())} if subject.exemption_ald else {}
            entries |= {"c2s": ("", _FOREVER, ())} if subject.exemption_c2s else {}
            return Grants("care", entries)


def _privilege(one: DrivingPrivilege) -> tuple[str, str, tuple[str, ...]]:
    end = one.valid_to.isoformat() if one.valid_to else _FOREVER
    return one.valid_from.isoformat(), end, one.restrictions


def _period(one: RightsPeriod) -> tuple[str, str, tuple[str, ...]]:
    return one.start.isoformat(), one.end.isoformat() if one.end else _FOREVER, ()
