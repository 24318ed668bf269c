"""Say which rows of a broken chain are to blame.

Every row remembers, in its digest, the number under which it was written and the digest of the row before it. So:

1. Each row's own number is found again: where it stands, one after the row that it follows, or nearby.
2. Numbers that nobody bears are missing; a row that bears no number stands for its place (edited), or, when that number
   is borne elsewhere, for nothing (inserted); a row in another place than its number was moved.
3. Where two neighbours disagree, the one that its successor, the head or a checkpoint vouches for is believed.
4. A number whose digest differs from a checkpoint's was rewritten, with everything since the checkpoint before it.

Keeps one digest a row in memory; only a chain that does not hold comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from .finding import Fault, Finding
from .row import ORIGIN, Row

if TYPE_CHECKING:
    from .examine import Witness

_NEAR: Final = 64  # places around a row that are tried for its number
_SEARCHES: Final = 200  # rows that are searched for in this way; each costs 128 digests
_SHOWN: Final = 1_000  # findings of one kind; a chain with more of them needs a copy, not a list

Head = tuple[int, str] | None


class _Numbers:
    """Which row bears which number. A lost row bears none; a spare one claims a number that a better row bears."""

    def __init__(self, trusted: set[str]) -> None:
        self.followed = trusted  # digests that a later row, the head or a checkpoint remembers
        self.place_of: dict[str, int] = {}  # by digest
        self.place: dict[int, int] = {}  # by number, where it differs
        self.lost: dict[int, Row] = {}  # by place
        self.spare: set[int] = set()  # places
        self.digest: dict[int, str] = {}  # by number
        self.previous: dict[int, str] = {}
        self._own: dict[int, int] = {}  # number by place, where it differs
        self._shift = 0
        self._searches = 0

    def settle(self, rows: Callable[[], Iterator[Row]]) -> None:
        """Number every row."""
        for row in rows():
            self.place_of.setdefault(row.digest, row.sequence)
            self.followed.add(row.previous)
        for row in rows():
            if row.computed() == row.digest:
                self._bear(row, row.sequence)
                self._shift = 0
            elif not self._find(row):
                self.lost[row.sequence] = row
        found = True
        while found:  # a row whose predecessor was found a moment ago
            found = False
            for place, row in list(self.lost.items()):
                if self._find(row) or self._search(row):
                    del self.lost[place]
                    found = True

    def moved(self) -> list[tuple[int, int]]:
        """Place and number of the rows that stand elsewhere, by place."""
        return sorted((place, number) for number, place in self.place.items())

    def _find(self, row: Row) -> bool:
        follows = self.place_of.get(row.previous)
        guesses = [row.sequence + self._shift] if self._shift else []
        if follows is not None and follows not in self.lost:
            guesses.insert(0, self._own.get(follows, follows) + 1)
        return self._try(row, guesses)

    def _search(self, row: Row) -> bool:
        self._searches += 1
        near = (row.sequence + sign * step for step in range(1, _NEAR + 1) for sign in (1, -1))
        return self._searches <= _SEARCHES and self._try(row, (one for one in near if one > 0))

    def _try(self, row: Row, guesses: Iterable[int]) -> bool:
        for number in guesses:
            if row.computed(sequence=number) == row.digest:
                self._bear(row, number)
                self._shift = number - row.sequence
                return True
        return False

    def _bear(self, row: Row, number: int) -> None:
        if number != row.sequence:
            self._own[row.sequence] = number
        if number in self.digest:
            if self.digest[number] in self.followed or row.digest not in self.followed:
                self.spare.add(row.sequence)
                return
            self.spare.add(self.place.pop(number, number))
        self.digest[number], self.previous[number] = row.digest, row.previous
        if number != row.sequence:
            self.place[number] = row.sequence


def findings(
    authority_id: str,
    rows: Callable[[], Iterator[Row]],
    head: Head,
    known: list[Witness],
    before: tuple[int, str],
) -> list[Finding]:
    """What is wrong with a chain that begins after `before` (number and digest of the row that it follows)."""
    attested = [one for one in known if one.sequence > before[0]]
    trusted = {one.digest for one in attested} | ({head[1]} if head else set())
    numbers = _Numbers(trusted)
    numbers.settle(rows)
    ends = [head[0] if head else max(numbers.digest, default=0), *(one.sequence for one in attested)]
    wrong = [*_strangers(authority_id, numbers, before[0], max(ends))]
    inserted = sorted(one.sequence for one in wrong if one.fault is Fault.INSERTED)
    missing = [number for number in range(before[0] + 1, max(ends) + 1) if number not in numbers.digest]
    wrong += _runs(authority_id, missing, Fault.MISSING)
    wrong += _moved(authority_id, numbers, missing, inserted)
    vouched = {one.sequence for one in attested if numbers.digest.get(one.sequence) == one.digest}
    wrong += _links(authority_id, numbers, head, vouched, before)
    named = {one.sequence for one in wrong}
    wrong += _head(authority_id, numbers, head, named, vouched)
    wrong += _rewritten(authority_id, numbers, attested, named, vouched, before[0])
    return sorted(wrong, key=lambda one: (one.sequence, one.fault))


def _strangers(authority_id: str, numbers: _Numbers, before: int, end: int) -> Iterator[Finding]:
    """Rows that were never written here, and rows that no longer say what was written."""
    for place in sorted(numbers.spare):
        yield Finding(authority_id, place, Fault.INSERTED)
    for number in [one for one in numbers.digest if not before < one <= end]:
        yield Finding(authority_id, numbers.place.pop(number, number), Fault.INSERTED)
        del numbers.digest[number], numbers.previous[number]
    for place, row in sorted(numbers.lost.items()):
        if place in numbers.digest or not before < place <= end:
            yield Finding(authority_id, place, Fault.INSERTED)
            continue
        numbers.digest[place], numbers.previous[place] = row.digest, row.previous
        yield Finding(authority_id, place, Fault.EDITED, differs=_differs(row, numbers))


def _differs(row: Row, numbers: _Numbers) -> str:
    follows = numbers.digest.get(row.sequence - 1)
    if follows is not None and row.computed(previous=follows) == row.digest:
        return "previous"
    if numbers.previous.get(row.sequence + 1) == row.computed():
        return "digest"
    return "content"


def _runs(authority_id: str, sequences: list[int], fault: Fault) -> Iterator[Finding]:
    start = 0
    for at, number in enumerate(sequences):
        if at + 1 == len(sequences) or sequences[at + 1] != number + 1:
            yield Finding(authority_id, sequences[start], fault, last=number)
            start = at + 1


def _moved(
    authority_id: str, numbers: _Numbers, missing: list[int], inserted: list[int]
) -> Iterator[Finding]:
    """Rows in a place that neither a gap nor an inserted row before them explains."""
    gaps, added, shown = 0, 0, 0
    for place, own in numbers.moved():
        while gaps < len(missing) and missing[gaps] < own:
            gaps += 1
        while added < len(inserted) and inserted[added] < place:
            added += 1
        if own - place != gaps - added and shown < _SHOWN:
            shown += 1
            yield Finding(authority_id, place, Fault.REORDERED, recorded=own)


def _links(
    authority_id: str, numbers: _Numbers, head: Head, vouched: set[int], before: tuple[int, str]
) -> Iterator[Finding]:
    """Rows with a digest of their own that their neighbours do not confirm: edited, and the digest with them."""
    blamed = set(numbers.lost)
    digests = {before[0]: before[1], **numbers.digest}
    for number, previous in sorted(numbers.previous.items()):
        link = digests.get(number - 1)
        if link is None or link == previous or {number, number - 1} & blamed:
            continue
        confirmed = (
            number in vouched
            or numbers.previous.get(number + 1) == numbers.digest[number]
            or head == (number, numbers.digest[number])
        )
        guilty = number - 1 if confirmed and number - 1 > before[0] else number
        blamed.add(guilty)
        yield Finding(authority_id, guilty, Fault.EDITED, differs="content and digest")


def _head(
    authority_id: str, numbers: _Numbers, head: Head, named: set[int], vouched: set[int]
) -> Iterator[Finding]:
    """A head that does not say what the last row does. One that is ahead of it was dealt with: rows are missing."""
    last = max(numbers.digest, default=0)
    if head is None or head[0] < 1:
        if last or head not in {None, (0, ORIGIN)}:
            yield Finding(authority_id, last or 1, Fault.HEAD)
    elif head[0] <= last and head[1] != numbers.digest.get(head[0]) and head[0] not in named:
        edited = head[0] == last and last not in vouched
        fault = Fault.EDITED if edited else Fault.HEAD
        yield Finding(authority_id, head[0], fault, differs="content and digest" if edited else None)
    elif head[0] < last:
        yield Finding(authority_id, head[0], Fault.HEAD)


def _rewritten(
    authority_id: str,
    numbers: _Numbers,
    attested: list[Witness],
    named: set[int],
    vouched: set[int],
    before: int,
) -> Iterator[Finding]:
    """Rows since the last checkpoint that holds, up to one whose row bears another digest."""
    for one in attested:
        found = numbers.digest.get(one.sequence)
        if found is not None and found != one.digest and one.sequence not in named:
            since = max((good for good in vouched if good < one.sequence), default=before)
            named = named | {one.sequence}
            yield Finding(authority_id, since + 1, Fault.REWRITTEN, last=one.sequence, moment=one.signed_at)
