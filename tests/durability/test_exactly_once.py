"""The same decisions from many connections at once count once: `./run once` has the full figure."""

from __future__ import annotations

import pytest

from tests.durability import exactly_once

pytestmark = [pytest.mark.slow, pytest.mark.network]


def test_thirty_decisions_ten_times_each_are_thirty_rows(engine, start):
    """One row in the ledger and one in the journal for each, one answer that is no repetition, balances as replayed."""
    outcome = exactly_once.run(engine, 30, 10, seed=1, start=start)
    assert outcome.differences == []
    assert (outcome.rows, outcome.journal_rows) == (30, 30)
    assert sum(outcome.answers.values()) == 300
    assert outcome.answers["recorded"] == 30
    assert outcome.answers["repeated"] > 0


def test_without_keys_and_constraint_the_copies_are_found(engine, start):
    """A service that forgets idempotency keys, on a database without the unique reference, is found out."""
    outcome = exactly_once.run(engine, 8, 5, seed=2, planted=True, start=start)
    assert {one.kind for one in outcome.differences} >= {"doubled"}
