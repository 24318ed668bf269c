"""Phones beside the journal that enrols them: who writes a key of his own into the database is named.

1. Each phone is told by a row: the one of its enrolment, or one that pins it, written by the upgrade that brought these rows
   and by a purge of the journal that drops the older row (`wallet_api/retention/`). No date that a phone claims excuses it.
2. Each one that is told stands as it was told, or a purge or an erasure took it which the journal tells too. Of a document
   no more may be gone than its erasures say, and of all none younger, and no more, than the purges say; where more are
   gone than were purged, the youngest are named, for a purge names nobody.
3. Tokens and credentials hang on a phone that is enrolled for their own document.

A token that somebody wrote for an enrolled phone opens nothing without that phone's key, whose thumbprint its row holds (RFC
9449): so the renewals of tokens are in no journal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, and_, or_, select

from wallet_api import tables
from wallet_api.retention.periods import Kept

from .act_rows import id_bytes
from .finding import Fault, Finding
from .row import PHONE, PURGED, Row, digest_of_row

TELLING: Final = frozenset({"wallet_enrolled", "wallet_pinned"})
_AT_ONCE: Final = 500
_PURGING: Final = 3_600
"""Seconds; a purge drops the beginning of a journal in less."""
_STREAMED: Final = 5_000
_wallet, _grant, _credential = tables.wallet, tables.grant, tables.credential


class Told(NamedTuple):
    """A phone as row `sequence` tells it: enrolled `at` (UTC seconds) for a document, with the digest of its row."""

    sequence: int
    wallet_id: str
    document_id: str
    at: int
    digest: str
    pinned_at: int | None


class Erased(NamedTuple):
    """Row `sequence` says that so many phones of a document were erased `at` that instant (UTC seconds)."""

    sequence: int
    document_id: str
    phones: int
    at: int

    def may_have_taken(self, one: Told) -> bool:
        """Whether it came after the enrolment. A purge pins the phones that it found, and an erasure may end before the purge."""
        if one.sequence < self.sequence or one.pinned_at is None:
            return one.sequence < self.sequence
        return one.at <= self.at and one.pinned_at - _PURGING <= self.at


@dataclass(slots=True)
class Phones:
    """Takes in the rows of one authority's journal in order; `findings` then says what does not fit."""

    connection: Connection
    authority_id: str
    _page: list[Told] = field(default_factory=list)
    _known: set[bytes] = field(default_factory=set)
    _gone: dict[str, Told] = field(default_factory=dict)
    _edited: dict[str, Finding] = field(default_factory=dict)
    _erased: list[Erased] = field(default_factory=list)
    _purges: list[tuple[int, int]] = field(default_factory=list)
    """Of each purge, the instant of the youngest enrolment that it may have taken, and how many it took."""

    def read(self, row: Row) -> None:
        """Take in one row; some hundred phones are compared at a time."""
        try:
            if row.act in TELLING:
                self._page.append(_told(row))
            elif row.act == "erased":
                self._erased.append(
                    Erased(
                        row.sequence,
                        row.subject_id,
                        int(json.loads(row.detail).get("wallet", 0)),
                        row.recorded_at,
                    )
                )
            elif row.act == PURGED and row.subject_id == Kept.PHONES:
                detail = json.loads(row.detail)
                self._purges.append((int(detail["before"]), int(detail["rows"])))
        except (ValueError, TypeError, KeyError, AttributeError):
            return  # the row was edited, and named by the examination of the chain
        if len(self._page) == _AT_ONCE:
            self._compare()

    def findings(self) -> Iterator[Finding]:
        """Everything about phones that does not fit what was read."""
        self._compare()
        yield from self._edited.values()
        for one in self._vanished():
            yield Finding(self.authority_id, one.sequence, Fault.DEVICE_MISSING, subject=one.wallet_id)
        unknown = list(self._unknown())
        for wallet_id in unknown:
            yield Finding(self.authority_id, 0, Fault.DEVICE_UNTOLD, subject=wallet_id)
        for table in (_grant, _credential):
            for wallet_id in sorted({*self._of_others(table), *self._of_unknown(table, unknown)}):
                yield Finding(
                    self.authority_id, 0, Fault.DEVICE_OF_ANOTHER, subject=wallet_id, differs=table.name
                )

    def _compare(self) -> None:
        query = select(*(_wallet.c[name] for name in PHONE)).where(
            _wallet.c.authority_id == self.authority_id,
            _wallet.c.wallet_id.in_([one.wallet_id for one in self._page]),
        )
        rows = {row["wallet_id"]: dict(row) for row in self.connection.execute(query).mappings()}
        for one in self._page:
            self._known.add(id_bytes(one.wallet_id))
            row = rows.get(one.wallet_id)
            if row is None:
                self._gone[one.wallet_id] = one
            elif digest_of_row(row, PHONE) != one.digest:
                moved = row["document_id"] != one.document_id
                differs = "document_id" if moved else "thumbprint, enrolled_at"
                self._edited[one.wallet_id] = Finding(
                    self.authority_id,
                    one.sequence,
                    Fault.DEVICE_EDITED,
                    subject=one.wallet_id,
                    differs=differs,
                )
        self._page.clear()

    def _vanished(self) -> list[Told]:
        """Those that neither an erasure nor a purge can have taken."""
        of_document: dict[str, list[Told]] = defaultdict(list)
        for one in sorted(self._gone.values(), key=lambda one: one.at, reverse=True):
            of_document[one.document_id].append(one)
        for erased in self._erased:
            left = of_document.get(erased.document_id, [])
            # The youngest first: a purge takes none of those.
            taken = [one for one in left if erased.may_have_taken(one)][: erased.phones]
            of_document[erased.document_id] = [one for one in left if one not in taken]
        left = sorted((one for some in of_document.values() for one in some), key=lambda one: one.at)
        for before, count in sorted(self._purges):
            due = sum(one.at <= before for one in left)
            del left[: min(due, count)]
        return left

    def _unknown(self) -> Iterator[str]:
        query = select(_wallet.c.wallet_id).where(_wallet.c.authority_id == self.authority_id)
        streamed = self.connection.execute(query, execution_options={"yield_per": _STREAMED})
        yield from (str(one) for one in streamed.scalars() if id_bytes(one) not in self._known)

    def _of_others(self, table: Table) -> Iterable[str]:
        """Phones named by rows of a table about another document than theirs, and phones that are none."""
        of_phone = and_(
            _wallet.c.authority_id == table.c.authority_id, _wallet.c.wallet_id == table.c.wallet_id
        )
        query = (
            select(table.c.wallet_id)
            .distinct()
            .outerjoin_from(table, _wallet, of_phone)
            .where(
                table.c.authority_id == self.authority_id,
                or_(_wallet.c.wallet_id.is_(None), _wallet.c.document_id != table.c.document_id),
            )
        )
        return (str(one) for one in self.connection.execute(query).scalars())

    def _of_unknown(self, table: Table, unknown: Sequence[str]) -> Iterator[str]:
        for start in range(0, len(unknown), _AT_ONCE):
            query = (
                select(table.c.wallet_id)
                .distinct()
                .where(
                    table.c.authority_id == self.authority_id,
                    table.c.wallet_id.in_(unknown[start : start + _AT_ONCE]),
                )
            )
            yield from (str(one) for one in self.connection.execute(query).scalars())


def _told(row: Row) -> Told:
    detail = json.loads(row.detail)
    return Told(
        row.sequence,
        str(detail["wallet"]),
        row.subject_id,
        int(detail.get("at", row.recorded_at)),
        str(detail["enrolled"]),
        row.recorded_at if row.act == "wallet_pinned" else None,
    )
