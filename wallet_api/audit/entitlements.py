"""What entitles a phone beside the journal: an offer, the code on paper behind it, the mandate under which that was made.

1. Each of them in its table is told by a row, as it stands there; those of an older release are told without a digest, and its
   offers were pinned by the upgrade. A mandate that is over is not asked for: the purge of the journal may be ahead of it.
2. Whatever a row uses was made before, by an earlier row. An offer and a code are used once.

Who writes one of them into the database, in place of a phone, enrols a phone through the door.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, select

from wallet_api import tables

from .act_rows import id_bytes
from .finding import Fault, Finding
from .row import ACTIVATION, MANDATE, OFFER, Row, digest_of_row

_DAY: Final = 86_400


class Kind(NamedTuple):
    """A kind of them: `made` and `used` are acts, `days` how long one can be used at most, and some more."""

    name: str
    table: Table
    columns: Sequence[str]
    made: frozenset[str]
    used: str
    days: int
    once: bool = True


KINDS: Final = (
    Kind("offer", tables.offer, OFFER, frozenset({"offer_made", "offer_pinned"}), "wallet_enrolled", 32),
    Kind(
        "activation",
        tables.activation,
        ACTIVATION,
        frozenset({"activation_made"}),
        "activation_redeemed",
        16,
    ),
    Kind(
        "mandate", tables.mandate, MANDATE, frozenset({"mandate_given"}), "activation_made", 367, once=False
    ),
)


@dataclass(slots=True)
class Entitlements:
    """Takes in the rows of one authority's journal in order; `findings` then says what does not fit."""

    connection: Connection
    authority_id: str
    now: int
    _begins: int | None = None
    _made: dict[str, set[bytes]] = field(default_factory=lambda: {kind.name: set() for kind in KINDS})
    _untold: dict[str, dict[str, str]] = field(default_factory=dict)
    """By kind and id the digest of each row that no row of the journal has told yet."""
    _found: list[Finding] = field(default_factory=list)

    def read(self, row: Row) -> None:
        """Take in one row."""
        if self._begins is None:
            self._begins = row.recorded_at if row.sequence > 1 else 0
            self._look()
        for kind in KINDS:
            if row.act in kind.made or row.act == kind.used:
                with suppress(ValueError, TypeError, KeyError, AttributeError):  # edited, and named as such
                    self._take(kind, row, json.loads(row.detail))

    def findings(self) -> Iterator[Finding]:
        """Everything that does not fit what was read."""
        if self._begins is None:
            self._look()
        yield from self._found
        for name, left in self._untold.items():
            for one in left:
                yield Finding(self.authority_id, 0, Fault.ENTITLEMENT_UNTOLD, subject=one, differs=name)

    def _look(self) -> None:
        for kind in KINDS:
            table = kind.table
            query = select(*(table.c[name] for name in kind.columns)).where(
                table.c.authority_id == self.authority_id
            )
            if kind.table is tables.mandate:
                query = query.where(table.c.ends_at > self.now)
            self._untold[kind.name] = {
                str(one[f"{kind.name}_id"]): digest_of_row(dict(one), kind.columns)
                for one in self.connection.execute(query).mappings()
            }

    def _take(self, kind: Kind, row: Row, detail: dict[str, object]) -> None:
        if kind.name not in detail:  # an older release's offers, a code that no mandate is behind
            return
        name = str(detail[kind.name])
        if row.act in kind.made:
            self._made[kind.name].add(id_bytes(name))
            stands = self._untold[kind.name].pop(name, None)
            if stands is not None and detail.get("made", stands) != stands:
                self._blame(row, Fault.ENTITLEMENT_EDITED, name, kind)
        elif id_bytes(name) not in self._made[kind.name]:
            if row.recorded_at >= (self._begins or 0) + kind.days * _DAY:
                self._blame(row, Fault.ENTITLEMENT_UNMADE, name, kind)
        elif kind.once:
            self._made[kind.name].discard(id_bytes(name))

    def _blame(self, row: Row, fault: Fault, name: str, kind: Kind) -> None:
        self._found.append(Finding(self.authority_id, row.sequence, fault, subject=name, differs=kind.name))
