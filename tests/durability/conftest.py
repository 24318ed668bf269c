"""The engines of these tests; real processes and, on PostgreSQL, a cluster that flushes what it acknowledges."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.durability.served import Starter, starter
from tests.wallet_api import postgres_cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine that this machine has."""
    if request.param == "postgresql":
        postgres_cluster.need()
    return str(request.param)


@pytest.fixture(scope="session")
def start() -> Iterator[Starter]:
    """What starts services, warmed up once."""
    with starter() as one:
        yield one
