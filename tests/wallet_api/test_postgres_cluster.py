"""Where no cluster can be started: a skip that says why, and in the pipeline a failure."""

from __future__ import annotations

import os

import pytest

from tests.wallet_api import postgres_cluster


@pytest.fixture
def absent(monkeypatch) -> None:
    monkeypatch.setattr(postgres_cluster, "programs", lambda: None)


@pytest.mark.usefixtures("absent")
def test_absent_postgresql_is_a_skip_that_says_so(monkeypatch):
    """On a machine of one's own."""
    monkeypatch.delenv(postgres_cluster.REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="PostgreSQL is not installed here"):
        postgres_cluster.need()


@pytest.mark.usefixtures("absent")
def test_absent_postgresql_is_a_failure_in_the_pipeline(monkeypatch):
    """The pipeline promises both engines."""
    monkeypatch.setenv(postgres_cluster.REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="PostgreSQL is not installed here"):
        postgres_cluster.need()


def test_pipeline_sets_the_variable():
    """`.ci/run` is where the promise is made."""
    script = postgres_cluster.Path(__file__).resolve().parents[2] / ".ci" / "run"
    assert f"export {postgres_cluster.REQUIRED}=1" in script.read_text()
    assert os.environ.get(postgres_cluster.REQUIRED, "0") in {"0", "1"}
