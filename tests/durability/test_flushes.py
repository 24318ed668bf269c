"""The log is on disk before an act is acknowledged: `./run kill --flushes 100` traces as many acts as it is told to."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.durability import flushes
from tests.durability.__main__ import main
from tests.wallet_api import postgres_cluster

pytestmark = [pytest.mark.slow, pytest.mark.network]
UNFLUSHED = {"sqlite": "no-flush", "postgresql": "fsync-off"}


@pytest.fixture(autouse=True)
def _traceable() -> None:
    reason = flushes.why_not()
    if reason is not None:
        if shutil.which("strace") is None and os.environ.get(postgres_cluster.REQUIRED) == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def test_every_acknowledged_act_was_flushed_before_its_answer(engine):
    """Each write to the log between two answers is followed by a finished sync before the second."""
    seen = flushes.run(engine, 10)
    print(flushes.report(seen))
    assert (seen.acknowledged, seen.flushed_first, seen.faults) == (10, 10, [])


def test_a_log_that_is_not_flushed_is_found(engine, capsys):
    """With `synchronous=OFF`, or `fsync=off`, the trace names every act, and the command says so."""
    assert main(["kill", "--engine", engine, "--flushes", "4", "--plant", UNFLUSHED[engine]]) == 0
    printed = capsys.readouterr().out
    assert "in 0 (0 flushes)" in printed
    assert "was found" in printed
