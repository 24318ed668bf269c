"""Opinions of the public: a note and a topic are counted, and nothing else is there to be kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from credentials.paris_day import paris_day
from wallet_api import tables
from wallet_api.pace import Buckets
from wallet_api.quality import store
from wallet_api.quality.figures import public_opinions_of
from wallet_api.quality.opinions import NAMES, Topic

DAY = 86_400


def _rows(service) -> list[tuple]:
    table = tables.opinion_count
    with service.database.read() as connection:
        return [tuple(row)[1:] for row in connection.execute(select(table).order_by(*table.primary_key))]


def test_opinion_is_counted_by_day_topic_and_note(client, service, clock):
    """Three notes become two rows of their Paris day."""
    for note in (5, 5, 2):
        assert client.post("/quality/opinions", json={"topic": "clarity", "note": note}).status_code == 204
    day = paris_day(clock.instant).isoformat()
    assert _rows(service) == [(day, "clarity", 2, 1), (day, "clarity", 5, 2)]


@pytest.mark.parametrize(
    "body",
    [
        {"topic": "clarity", "note": 0},
        {"topic": "clarity", "note": 6},
        {"topic": "clarity", "note": "5"},
        {"topic": "weather", "note": 3},
        {"topic": "clarity", "note": 3, "text": "words"},
        {"note": 3},
    ],
)
def test_opinion_with_anything_else_is_refused(client, service, body):
    """A closed list of topics, five notes, no text; the refusal repeats none of it."""
    answer = client.post("/quality/opinions", json=body)
    assert answer.status_code == 422
    assert not {"weather", "words"} & set(answer.text.replace('"', " ").split())
    assert _rows(service) == []


def test_one_address_gives_five_opinions_an_hour(client, service, clock):
    """The sixth waits twelve minutes; another address does not."""
    client.app.state.service = replace(service, buckets=Buckets())
    opinion = {"topic": "showing", "note": 1}
    statuses = [client.post("/quality/opinions", json=opinion).status_code for _ in range(6)]
    assert statuses == [204] * 5 + [429]
    assert client.post("/quality/opinions", json=opinion).headers["retry-after"] == "720"
    other = TestClient(client.app, base_url="http://testserver", client=("203.0.113.9", 1))
    assert other.post("/quality/opinions", json=opinion).status_code == 204
    clock.instant += 720
    assert client.post("/quality/opinions", json=opinion).status_code == 204
    assert sum(row[-1] for row in _rows(service)) == 7


def test_page_tells_the_mean_of_ten_and_nothing_of_nine(client, service, clock):
    """In both languages, the day after; a topic with too few has no mean."""
    day = paris_day(clock.instant).isoformat()
    with service.database.write() as connection:
        for number in range(10):
            store.add_opinion(connection, day, "clarity", 4 + number % 2)
        for _ in range(9):
            store.add_opinion(connection, day, "issuing", 1)
    clock.instant += DAY
    told = {
        one["topic"]: (one["at_least"], one["mean"])
        for one in client.get("/quality.json").json()["public_opinions"]
    }
    assert told["clarity"] == (10, 4.5)
    assert told["issuing"] == told["accessibility"] == (None, None)
    french, english = (client.get("/quality", params={"lang": one}).text for one in ("fr", "en"))
    assert '<th scope="row">Clarté des textes</th><td>4,5</td><td>10</td>' in french
    assert '<th scope="row">Clarity of the texts</th><td>4.5</td><td>10</td>' in english
    assert '<th scope="row">Obtenir un document</th><td>–</td><td>moins de 10</td>' in french


def test_opinions_are_forgotten_with_the_other_counts(service, clock):
    """After 92 days."""
    with service.database.write() as connection:
        store.add_opinion(connection, paris_day(clock.instant).isoformat(), "clarity", 3)
        store.purge(connection, clock.instant + store.KEPT)
        kept = connection.execute(select(tables.opinion_count)).all()
        store.purge(connection, clock.instant + store.KEPT + DAY)
    assert len(kept) == 1
    assert _rows(service) == []


def test_every_topic_has_a_name_and_a_figure():
    """In both languages."""
    assert set(NAMES) == set(Topic)
    assert [one.topic for one in public_opinions_of({})] == list(Topic)
