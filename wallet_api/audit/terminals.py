"""Terminals beside the journal that enrols them: their key, profile and mirror secret as the last row tells them.

A terminal is told by its enrolments, and by rows that pin it as phones are pinned (`phones.py`). None is ever erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, select, true

from wallet_api import tables
from wallet_api.roles import SERVICE

from .finding import Fault, Finding
from .row import TERMINAL, Row, digest_of_mirror, digest_of_row

TELLING: Final = frozenset({"terminal_enrolled", "terminal_pinned"})


class Told(NamedTuple):
    """A terminal as row `sequence` tells it: digests of what never changes, and of its mirror secret."""

    sequence: int
    digest: str
    mirror: str | None


@dataclass(slots=True)
class Terminals:
    """Takes in the rows of a journal in order; `findings` then says what does not fit."""

    connection: Connection
    authority_id: str
    _told: dict[str, Told] = field(default_factory=dict)

    def read(self, row: Row) -> None:
        """Take in one row. Those of an older release have no digest; the upgrade from it pinned what they enrolled."""
        if row.act in TELLING:
            with suppress(ValueError, TypeError, KeyError, AttributeError):  # edited, and named as such
                detail = json.loads(row.detail)
                told = Told(row.sequence, str(detail["enrolled"]), detail["mirror"])
                self._told[row.subject_id] = told

    def findings(self) -> Iterator[Finding]:
        """Everything about terminals that does not fit what was read."""
        table, left = tables.terminal, dict(self._told)
        own: ColumnElement[bool] = table.c.authority_id == self.authority_id
        if (
            self.authority_id == SERVICE
        ):  # terminals are the service's alone; those of anybody else were written by hand
            own = true()
        query = select(table).where(own).order_by(table.c.terminal_id)
        for row in self.connection.execute(query).mappings():
            name = str(row["terminal_id"])
            told = left.pop(name, None) if row["authority_id"] == self.authority_id else None
            if told is None:
                yield Finding(self.authority_id, 0, Fault.DEVICE_UNTOLD, subject=name)
                continue
            # One that is lost keeps no secret.
            mirror = told.mirror if row["lost_at"] is None else None
            if digest_of_row(dict(row), TERMINAL) != told.digest:
                yield self._edited(name, told, "profile, public_key, enrolled_at")
            elif digest_of_mirror(row["mirror_hash"]) != mirror:
                yield self._edited(name, told, "mirror_hash")
        for name, told in left.items():
            yield Finding(self.authority_id, told.sequence, Fault.DEVICE_MISSING, subject=name)

    def _edited(self, name: str, told: Told, differs: str) -> Finding:
        return Finding(self.authority_id, told.sequence, Fault.DEVICE_EDITED, subject=name, differs=differs)
