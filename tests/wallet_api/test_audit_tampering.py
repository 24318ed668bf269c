"""Item 5: whatever is done to the journal in the database is noticed, and the row is named. On both engines."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from wallet_api import audit, tables
from wallet_api.audit import Fault, store
from wallet_api.audit.examine import Witness, examine
from wallet_api.audit.row import ORIGIN, Row, digest_of
from wallet_api.ending import begin_ending

LENGTH = 8
CHAIN = "licence"
FIELDS = ("recorded_at", "actor_id", "act", "subject_id", "detail", "previous", "digest")
entry, head = tables.audit_entry, tables.audit_head


@dataclass
class Journal:
    """A chain in the database, inside a transaction that is rolled back."""

    connection: object

    def rows(self) -> list[Row]:
        """As they stand."""
        return list(store.rows(self.connection, CHAIN))

    def head(self):
        """Number and digest."""
        return store.head_of(self.connection, CHAIN)

    def put(self, rows: list[Row], reached: tuple[int, str] | None = None) -> None:
        """Let the tables hold these rows and no other."""
        self.connection.execute(delete(entry).where(entry.c.authority_id == CHAIN))
        for row in rows:
            content = {name: getattr(row, name) for name in Row.__slots__}
            self.connection.execute(insert(entry).values(**content))
        if reached is not None:
            self.connection.execute(
                update(head)
                .where(head.c.authority_id == CHAIN)
                .values(sequence=reached[0], digest=reached[1])
            )

    def witness(self, sequence: int) -> Witness:
        """What a checkpoint signed now would attest of a row."""
        return Witness(sequence, self.rows()[sequence - 1].digest, 1_000)

    def findings(self, *witnesses: Witness) -> list[tuple[int, int | None, Fault]]:
        """What an examination names."""
        return [(one.sequence, one.last, one.fault) for one in examine(self.connection, CHAIN, witnesses)]


@contextmanager
def _journal(service, length: int = LENGTH) -> Iterator[Journal]:
    with service.database.engine.connect() as connection:
        ending = begin_ending(connection)
        for number in range(length):
            audit.append(
                connection,
                CHAIN,
                now=1_000 + number,
                actor_id=f"{number:032x}",
                act="loss",
                subject_id=f"{number + 7:032x}",
                detail={"points": number},
            )
        ending.write(connection)
        yield Journal(connection)
        ending.transaction.rollback()


@pytest.fixture
def journal(service) -> Iterator[Journal]:
    with _journal(service) as made:
        yield made


def _renumbered(rows: list[Row]) -> list[Row]:
    """The chain as it would be had these acts been recorded in this order."""
    made, previous = [], ORIGIN
    for number, row in enumerate(rows, 1):
        content = replace(row, sequence=number, previous=previous, digest="")
        previous = content.computed()
        made.append(replace(content, digest=previous))
    return made


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("number", [1, 4, LENGTH])
def test_edited_row_is_named(journal, name, number):
    """One field of one row, first, middle or last."""
    rows = journal.rows()
    value = 7 if name == "recorded_at" else "f" * 64 if name in {"previous", "digest"} else '{"points":9}'
    rows[number - 1] = replace(rows[number - 1], **{name: value})
    journal.put(rows)
    assert journal.findings() == [(number, None, Fault.EDITED)]


@pytest.mark.parametrize("number", [1, 4, LENGTH])
def test_row_edited_with_its_digest_is_named(journal, number):
    """Who edits also computes the digest anew: the next row, or the head, still remembers the old one."""
    rows = journal.rows()
    edited = replace(rows[number - 1], detail='{"points":0,"by":"x"}')
    rows[number - 1] = replace(edited, digest=edited.computed())
    journal.put(rows)
    assert journal.findings() == [(number, None, Fault.EDITED)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (LENGTH, LENGTH), (3, 5), (1, 3), (6, LENGTH)])
def test_dropped_rows_are_named(journal, first, last):
    """One row or a run of them, the head left as it was."""
    journal.put([row for row in journal.rows() if not first <= row.sequence <= last])
    assert journal.findings() == [(first, last, Fault.MISSING)]


@pytest.mark.parametrize("closed", [False, True])
def test_dropped_row_is_named_when_the_gap_is_closed(journal, closed):
    """The later rows take the numbers before theirs, with or without the head."""
    rows = journal.rows()
    kept = [
        row if row.sequence < 4 else replace(row, sequence=row.sequence - 1)
        for row in rows
        if row.sequence != 4
    ]
    journal.put(kept, (LENGTH - 1, rows[-1].digest) if closed else None)
    assert (4, 4, Fault.MISSING) in journal.findings()


def test_reordered_rows_are_named(journal):
    """Two rows change places, each keeping its digest."""
    rows = journal.rows()
    rows[2], rows[5] = replace(rows[5], sequence=3), replace(rows[2], sequence=6)
    journal.put(rows)
    found = journal.findings()
    assert {(number, fault) for number, _, fault in found} == {(3, Fault.REORDERED), (6, Fault.REORDERED)}


@pytest.mark.parametrize("place", [1, 4, LENGTH + 1])
def test_inserted_row_is_named(journal, place):
    """A row that nobody recorded, well linked to the row before it; the later ones make room."""
    rows = journal.rows()
    previous = rows[place - 2].digest if place > 1 else ORIGIN
    forged = Row(CHAIN, place, 1, "0" * 32, "loss", "0" * 32, "{}", previous, "")
    forged = replace(forged, digest=forged.computed())
    later = [replace(row, sequence=row.sequence + 1) for row in rows[place - 1 :]]
    journal.put([*rows[: place - 1], forged, *later])
    found = journal.findings()
    assert found
    assert found[0][0] == place


def test_truncated_tail_is_named_by_the_head(journal):
    """The last three rows, without the head."""
    journal.put(journal.rows()[:-3])
    assert journal.findings() == [(LENGTH - 2, LENGTH, Fault.MISSING)]


def test_truncated_tail_is_named_by_a_checkpoint(journal):
    """The last three rows and the head too: the signature remembers."""
    witness, rows = journal.witness(LENGTH), journal.rows()[:-3]
    journal.put(rows, (rows[-1].sequence, rows[-1].digest))
    assert (
        journal.findings() == []
    )  # what no checkpoint attests cannot be missed: publish often, keep them elsewhere
    assert journal.findings(witness) == [(LENGTH - 2, LENGTH, Fault.MISSING)]


def test_rewritten_chain_is_named_by_a_checkpoint(journal):
    """Row 5 changed, every digest after it and the head computed anew: the run since the last good checkpoint."""
    good, witness, rows = journal.witness(3), journal.witness(7), journal.rows()
    rows[4] = replace(rows[4], detail='{"points":6}')
    made = _renumbered(rows)
    journal.put(made, (LENGTH, made[-1].digest))
    assert journal.findings() == []
    assert journal.findings(good) == []
    assert journal.findings(good, witness) == [(4, 7, Fault.REWRITTEN)]


def test_emptied_journal_is_named(journal):
    """Everything gone, the head too."""
    witness = journal.witness(LENGTH)
    journal.connection.execute(delete(head).where(head.c.authority_id == CHAIN))
    journal.put([])
    assert journal.findings(witness) == [(1, LENGTH, Fault.MISSING)]


def test_two_checkpoints_of_one_row_convict(journal):
    """Both signed, two digests: the journal was another one when one of them was made."""
    one = journal.witness(5)
    assert journal.findings(one, replace(one, digest="e" * 64))


# Random tamperings

STEPS = st.one_of(
    st.tuples(st.just("edit"), st.integers(0, 30), st.sampled_from(FIELDS)),
    st.tuples(st.just("edit_and_sign"), st.integers(0, 30), st.sampled_from(FIELDS[:5])),
    st.tuples(st.just("drop"), st.integers(0, 30), st.none()),
    st.tuples(st.just("drop_and_close"), st.integers(0, 30), st.none()),
    st.tuples(st.just("insert"), st.integers(0, 30), st.none()),
    st.tuples(st.just("swap"), st.integers(0, 30), st.integers(0, 30)),
    st.tuples(st.just("copy"), st.integers(0, 30), st.integers(0, 30)),
    st.tuples(st.just("truncate"), st.integers(0, 30), st.none()),
    st.tuples(st.just("rewrite"), st.none(), st.none()),
    st.tuples(st.just("head"), st.none(), st.none()),
)


def _tamper(rows: list[Row], reached, step):
    kind, at, more = step
    at = at % len(rows) if at is not None and rows else 0
    if kind == "head":
        return rows, (len(rows), rows[-1].digest) if rows else (0, ORIGIN)
    if kind == "rewrite":
        made = _renumbered(rows)
        return made, (len(made), made[-1].digest) if made else (0, ORIGIN)
    if not rows:
        return rows, reached
    if kind in {"edit", "edit_and_sign"}:
        value = 7 if more == "recorded_at" else "f" * 64 if more in {"previous", "digest"} else '{"points":9}'
        row = replace(rows[at], **{more: value})
        rows[at] = replace(row, digest=row.computed()) if kind == "edit_and_sign" else row
    elif kind == "drop":
        del rows[at]
    elif kind == "drop_and_close":
        number = rows[at].sequence
        del rows[at]
        rows = [replace(row, sequence=row.sequence - (row.sequence > number)) for row in rows]
    elif kind == "insert":
        previous = rows[at - 1].digest if at else ORIGIN
        number = rows[at].sequence
        rows = [replace(row, sequence=row.sequence + (row.sequence >= number)) for row in rows]
        forged = Row(CHAIN, number, 1, "0" * 32, "loss", "0" * 32, "{}", previous, "")
        rows.insert(at, replace(forged, digest=forged.computed()))
    elif kind == "swap":
        other = more % len(rows)
        one, two = rows[at], rows[other]
        rows[at], rows[other] = replace(two, sequence=one.sequence), replace(one, sequence=two.sequence)
    elif kind == "copy":
        rows[at] = replace(rows[more % len(rows)], sequence=rows[at].sequence)
    else:
        rows = rows[: at + 1]
    return rows, reached


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    length=st.integers(1, 9), steps=st.lists(STEPS, min_size=1, max_size=4), kept=st.sets(st.integers(1, 9))
)
def test_no_random_tampering_goes_unnoticed(service, length, steps, kept):
    """Any mix of edits, drops, insertions, moves, and chains computed anew, with a checkpoint of the whole chain kept."""
    with _journal(service, length) as journal:
        original, reached = journal.rows(), journal.head()
        witnesses = [
            journal.witness(number) for number in sorted({one for one in kept if one < length} | {length})
        ]
        assert journal.findings(*witnesses) == []
        rows = list(original)
        for step in steps:
            rows, reached = _tamper(rows, reached, step)
        journal.put(rows, reached)
        changed = (journal.rows(), journal.head()) != (original, (length, original[-1].digest))
        found = journal.findings(*witnesses)
        assert bool(found) == changed
        assert all(1 <= number <= max(length, len(rows)) + 1 for number, _, _ in found)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    length=st.integers(2, 9),
    seed=st.integers(0, 2**32),
    kind=st.sampled_from(["edit", "drop", "edit_and_sign"]),
)
def test_one_random_tampering_is_named_exactly(service, length, seed, kind):
    """The row that was touched, and no other."""
    chosen = random.Random(seed)
    at = chosen.randrange(length)
    with _journal(service, length) as journal:
        rows, _ = _tamper(journal.rows(), None, (kind, at, chosen.choice(FIELDS[:5])))
        journal.put(rows)
        (found,) = journal.findings()
        assert found == (at + 1, at + 1, Fault.MISSING) if kind == "drop" else (at + 1, None, Fault.EDITED)


def test_digest_is_the_one_of_the_format(journal):
    """FORMAT.md, section 8: spelt out here once more."""
    import hashlib

    row = journal.rows()[1]
    text = (
        f'{{"act":"loss","actor_id":"{row.actor_id}","authority_id":"licence","detail":"{{\\"points\\":1}}",'
        f'"previous":"{row.previous}","recorded_at":1001,"sequence":2,"subject_id":"{row.subject_id}"}}'
    )
    assert (
        hashlib.sha256(text.encode()).hexdigest()
        == row.digest
        == digest_of(CHAIN, 2, 1001, row.actor_id, "loss", row.subject_id, row.detail, row.previous)
    )
    assert (
        journal.connection.execute(select(entry.c.digest).where(entry.c.sequence == 2)).scalar_one()
        == row.digest
    )
