"""`wallet-api drill compromise`: the whole exercise in small, and each of its claims shown to be able to fail."""

from __future__ import annotations

import json

import psycopg
import pytest

from wallet_api.__main__ import main
from wallet_api.drill import compromise
from wallet_api.drill.phones import Phones, credentials_of
from wallet_api.publication.run import publish_now


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request):
    """Arguments that name an empty database."""
    if request.param == "sqlite":
        yield []
        return
    server = request.getfixturevalue("postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE drill")
    yield ["--database", server.replace("/postgres?", "/drill?")]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE drill WITH (FORCE)")


def _drill(*more: str) -> int:
    return main(["drill", "compromise", "--credentials", "20", "--workers", "1", "--json", *more])


def test_burnt_signer_is_refused_and_everything_issued_again(database, capsys):
    """Must show 5, in small; progress on standard error, figures on standard output."""
    assert _drill(*database) == 0
    spoken = capsys.readouterr()
    report = json.loads(spoken.out)
    each = credentials_of(2)
    assert (report["phones"], report["credentials"], report["reissued"]) == (2, 2 * each, 2 * each)
    assert report["seconds"].keys() == {"collect", "burn_and_publish", "reissue", "publish_again"}
    assert "3/4 issue again" in spoken.err
    assert "100%" in spoken.err


@pytest.mark.parametrize("database", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_database_in_use_is_left_alone(database, capsys):
    """A drill never populates, nor burns, what it did not make."""
    assert _drill(*database) == 0
    assert _drill(*database) == 2
    assert "holds tables" in capsys.readouterr().err


def test_folder_in_use_is_left_alone(tmp_path, capsys):
    """Likewise."""
    (tmp_path / "something").touch()
    assert _drill("--folder", str(tmp_path)) == 2
    assert "not empty" in capsys.readouterr().err


def test_drill_tells_when_the_burnt_signer_was_not_published(monkeypatch, capsys):
    """The terminal is asked, not the database."""
    published = []

    def publish_twice(service):
        published.append(service)
        return publish_now(service) if len(published) == 1 else None

    monkeypatch.setattr(compromise, "publish_now", publish_twice)
    assert _drill() == 1
    assert "still accepts the burnt signer: PAPER" in capsys.readouterr().err


def test_drill_tells_when_a_phone_was_left_out(monkeypatch, capsys):
    """One that nobody issued to again."""
    whole = Phones.collect
    rounds = []

    def collect(phones):
        rounds.append(phones)
        if len(rounds) == 2:
            phones._wallets = phones._wallets[1:]
        return whole(phones)

    monkeypatch.setattr(Phones, "collect", collect)
    assert _drill() == 1
    assert "1 phones still depend on the burnt signer" in capsys.readouterr().err
