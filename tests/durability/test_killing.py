"""A short kill loop on each engine, and proof that it notices a loss: `./run kill` runs as long as it is told to."""

from __future__ import annotations

import pytest

from tests.durability import killing
from tests.durability.__main__ import main

pytestmark = [pytest.mark.slow, pytest.mark.network]


def test_five_kills_lose_nothing_and_double_nothing(engine, start):
    """Every acknowledged withdrawal is there once, the journals hold together, balances are the ledger's, lists come out."""
    findings = killing.run(engine, 5, seed=1, start=start)
    print(killing.report(findings))
    assert findings.differences == []
    assert findings.cycles == 5
    assert findings.acknowledged > 20
    assert findings.unanswered > 0


def test_a_service_that_answers_before_it_commits_is_found(start):
    """The loop sees a loss when the service acknowledges what a kill can still undo."""
    findings = killing.run(
        "sqlite", 12, seed=2, fault=killing.FAULTS["early-answer"], until_lost=True, start=start
    )
    assert findings.count("lost") > 0


@pytest.mark.postgres
def test_a_database_that_answers_before_it_flushes_is_found(capsys):
    """With `synchronous_commit=off` and every PostgreSQL process killed, acknowledged acts are gone, and the command says so."""
    arguments = ["kill", "--engine", "postgresql", "--cycles", "12", "--plant", "synchronous-commit-off"]
    assert main(arguments) == 0
    assert "was found" in capsys.readouterr().out
