"""The benchmark of the write path can tell a slower service from the service."""

from __future__ import annotations

import pytest

from bench.write_path import compare, slowed_side
from tests.durability.durable_cluster import durable_cluster
from tests.wallet_api import postgres_cluster


@pytest.mark.postgres
def test_benchmark_sees_a_journal_that_is_locked_longer(tmp_path):
    """Twenty milliseconds more under the lock that orders a journal; three rounds are enough, on a loaded machine too."""
    postgres_cluster.need()
    seconds = []
    for number, side in enumerate((None, slowed_side)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with durable_cluster() as cluster:
            seconds.append(compare(cluster.address("postgres"), folder, side, rounds=3, acts=4))
    plain, slowed = seconds
    assert slowed.candidate_seconds / slowed.base_seconds > 1.5 * plain.candidate_seconds / plain.base_seconds
