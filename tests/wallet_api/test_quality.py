"""The quality page and its figures: what is counted, what is withheld, and that nobody is in it."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import select

from credentials.paris_day import paris_day, paris_midnight
from credentials.spec import Audience
from tests.conftest import INSTANT
from tests.wallet_api.test_consequences import _enrolled_secret
from verifier.reasons import Reason
from wallet_api import tables
from wallet_api.quality import store
from wallet_api.quality.figures import availability, groups_of, opinions_of, verdicts_of
from wallet_api.quality.keep import Keeper, keep
from wallet_api.quality.page import _GROUPS, _TEXTS
from wallet_api.quality.tally import GROUPS, Cell, Tally
from wallet_api.terminals.enrol import report_lost

HOUR_SECONDS, DAY = 3_600, 86_400
HOUR = INSTANT - INSTANT % 3_600
YESTERDAY = (paris_day(INSTANT) - timedelta(days=1)).isoformat()


@pytest.fixture
def report(service, client):
    """A police terminal's way to report."""
    secret = _enrolled_secret(service, "terminal-1", Audience.POLICE)

    def send(body, secret=secret):
        return client.post("/terminals/reports", json=body, headers={"Authorization": f"Bearer {secret}"})

    return send


def _rows(service, table):
    with service.database.read() as connection:
        return [tuple(row) for row in connection.execute(select(table))]


# Counting


def test_answers_are_counted_by_group_and_kept_by_hour(service, client):
    """Two answers become two rows of their hour; probes and unknown addresses do not count."""
    for path in ("/", "/authority/offences", "/healthz", "/metrics", "/nowhere"):
        client.get(path)
    keep(service)
    found = {(row[2], row[3], row[4]): row[5] for row in _rows(service, tables.service_hour)}
    answers = {key[1:]: count for key, count in found.items() if key[0] == "answer"}
    assert answers == {("pages", "ok"): 1, ("acts", "ok"): 1}
    assert sum(count for key, count in found.items() if key[0] == "latency") == 2
    assert {row[1] for row in _rows(service, tables.service_hour)} == {HOUR}


def test_counts_of_several_processes_add_up(service):
    """Keeping twice adds to the same rows, and the minute is marked once."""
    for _ in range(2):
        service.tally.note("/credential", 200, 7, INSTANT)
        keep(service)
    rows = {(row[2], row[4]): row[5] for row in _rows(service, tables.service_hour)}
    assert rows["answer", "ok"] == rows["latency", "10"] == 2
    assert [count for (kind, _), count in rows.items() if kind == "minute"] == [1]


def test_what_cannot_be_written_is_written_later(service, monkeypatch):
    """A database that is away loses no count, and its minute is not marked."""
    service.tally.note("/credential", 503, 7, INSTANT)
    with monkeypatch.context() as patch:
        patch.setattr(store, "mark_minute", lambda *_: (_ for _ in ()).throw(OSError))
        with pytest.raises(OSError):
            keep(service)
    assert _rows(service, tables.service_hour) == []
    keep(service)
    assert {row[4] for row in _rows(service, tables.service_hour) if row[2] == "answer"} == {"failed"}


def test_keeper_writes_when_it_stops(service):
    """A process that ends leaves nothing in its memory."""
    keeper = Keeper(service)
    keeper.start()
    service.tally.note("/", 200, 1, INSTANT)
    keeper.stop()
    assert any(row[2] == "answer" for row in _rows(service, tables.service_hour))


def test_tally_is_bounded(monkeypatch):
    """Without a database for long, what is known goes on counting and nothing new is added."""
    monkeypatch.setattr("wallet_api.quality.tally._MOST_CELLS", 2)
    tally = Tally()
    for hour in range(9):
        tally.note("/", 200, 1, hour * 3_600)
    tally.note("/", 200, 1, 0)
    assert tally.take() == {Cell(0, "answer", "pages", "ok"): 2, Cell(0, "latency", "pages", "5"): 2}


def test_old_counts_are_purged(service, report):
    """After 92 days nothing is left."""
    report({"day": YESTERDAY, "verdicts": {"OK": 1}})
    keep(service)
    every = (tables.service_hour, tables.terminal_day, tables.terminal_report)
    for later, left in ((60 * 86_400, 2), (95 * 86_400, 0)):
        with service.database.write() as connection:
            store.purge(connection, INSTANT + later)
        assert sum(bool(_rows(service, table)) for table in every) == left


# Figures


@pytest.mark.parametrize(
    ("first", "marked", "until", "expected"),
    [
        (None, 0, 600, (None, 0)),
        (0, 10, 600, (1.0, 10)),
        (0, 9, 600, (0.9, 10)),
        (30, 10, 600, (1.0, 10)),
        (600, 0, 600, (None, 0)),
    ],
)
def test_availability_is_of_the_minutes_known(first, marked, until, expected):
    """From the first minute known to the last whole one."""
    assert availability(first, marked, until) == expected


def test_missing_minutes_lower_availability(service, client, clock):
    """Eight minutes of ten; the minute that is running does not count."""
    for minute in range(11):
        clock.instant = HOUR + 60 * minute
        if minute not in {3, 7}:
            keep(service)
    answer = client.get("/quality.json").json()
    assert (answer["availability"], answer["minutes_known"]) == (0.8, 10)


def test_quantiles_are_bounds_of_classes():
    """Of a hundred answers 50 within 5 ms, 45 within 25, 4 within 500, one beyond the last class."""
    sums = {("latency", "issuing", "5"): 50, ("latency", "issuing", "25"): 45}
    sums |= {("latency", "issuing", "500"): 4, ("latency", "issuing", "more"): 1}
    found = next(one for one in groups_of(sums) if one.group == "issuing")
    assert (found.p50, found.p95, found.p99) == (5, 25, 500)
    sums["latency", "issuing", "more"] = 2
    assert next(one for one in groups_of(sums) if one.group == "issuing").p99 is None


@pytest.mark.parametrize(("count", "shown"), [(1, None), (9, None), (10, 10), (19, 10), (20, 20)])
def test_small_counts_are_withheld_and_others_rounded(count, shown):
    """Fewer than ten is not told, and one more a day is not seen."""
    assert verdicts_of({("verdict", "police", "OK"): count})[0].at_least == shown
    assert [one.at_least for one in opinions_of({("opinion", "health", "very_good"): count})][-1] == shown


# Reports


def test_terminals_report_a_day_once(service, client, report):
    """The first report counts, a repeated one does not, and what is kept names no terminal."""
    body = {"day": YESTERDAY, "verdicts": {"OK": 41, "EXPIRED": 3}, "opinions": {"very_good": 12}}
    assert [report(body).json()["counted"] for _ in range(2)] == [True, False]
    answer = client.get("/quality.json").json()
    assert answer["verdicts"] == [
        {"code": "EXPIRED", "outcome": Reason.EXPIRED.outcome, "at_least": None},
        {"code": "OK", "outcome": "VALID", "at_least": 40},
    ]
    assert [one["at_least"] for one in answer["opinions"]] == [None, None, None, None, 10]
    kept = repr([_rows(service, one) for one in (tables.terminal_day, tables.terminal_report)])
    with service.database.read() as connection:
        mirror = connection.execute(select(tables.terminal.c.mirror_hash)).scalar_one()
    assert "terminal-1" not in kept
    assert mirror not in kept


def test_empty_day_is_not_counted(service, report):
    """Nothing happened: nothing is kept, and a report of the same day still counts."""
    assert report({"day": YESTERDAY}).json() == {"counted": False}
    assert report({"day": YESTERDAY, "verdicts": {"OK": 1}}).json() == {"counted": True}
    assert len(_rows(service, tables.terminal_report)) == 1


@pytest.mark.parametrize(
    ("days", "status"), [(0, 409), (1, 200), (31, 200), (32, 409), (-1, 409), (10_000, 409)]
)
def test_only_days_that_are_over_are_reported(report, days, status):
    """Today is not over; what is older than a terminal may be without network is too late."""
    day = (paris_day(INSTANT) - timedelta(days=days)).isoformat()
    assert report({"day": day, "verdicts": {"OK": 1}}).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"day": "CAMILLE", "verdicts": {"OK": 1}},
        {"day": YESTERDAY, "verdicts": {"CAMILLE": "x"}},
        {"day": YESTERDAY, "verdicts": {"CAMILLE": 1}},
        {"day": YESTERDAY, "verdicts": {"OK": 0}},
        {"day": YESTERDAY, "verdicts": {"OK": 10_001}},
        {"day": YESTERDAY, "opinions": {"CAMILLE": 1}},
        {"day": YESTERDAY, "verdicts": {"OK": 1}, "terminal": "CAMILLE"},
    ],
)
def test_anything_but_counts_is_refused(report, body):
    """No reason of one's own, no free text, no excess; and the refusal repeats nothing."""
    answer = report(body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert "CAMILLE" not in answer.text


def test_strangers_and_lost_terminals_report_nothing(service, client, report):
    """401 without a secret that is in force."""
    body = {"day": YESTERDAY, "verdicts": {"OK": 1}}
    assert client.post("/terminals/reports", json=body).status_code == 401
    assert report(body, "another").status_code == 401
    report_lost(service, "terminal-1")
    assert report(body).status_code == 401
    assert _rows(service, tables.terminal_day) == []


# The page


class _Seen(HTMLParser):
    """Tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_page_is_accessible_and_says_that_it_is_unofficial(service, client, report, lang):
    """Banner, language, captions, headers with scope, one heading of the first level, nothing from elsewhere."""
    report({"day": YESTERDAY, "verdicts": {"OK": 41, "EXPIRED": 3}, "opinions": {"very_good": 12}})
    client.get("/")
    keep(service)
    answer = client.get(f"/quality?lang={lang}")
    seen = _Seen()
    seen.feed(answer.text)
    banner = {"fr": "Démonstrateur, service non officiel", "en": "Demonstrator, unofficial service"}
    assert banner[lang] in answer.text
    assert ("html", {"lang": lang}) in seen.tags
    names = [tag for tag, _ in seen.tags]
    assert names.count("h1") == 1
    assert names.count("table") == names.count("caption") == 4
    assert all(attrs.get("scope") in {"col", "row"} for tag, attrs in seen.tags if tag == "th")
    assert not {"script", "iframe", "img", "style", "form"} & set(names)
    links = [attrs.get("href") or "" for _, attrs in seen.tags if "href" in attrs]
    assert all(re.match(r"[/?#][^/]|/$", one) for one in links)
    assert {"fr": "moins de 10", "en": "fewer than 10"}[lang] in answer.text


def test_empty_page_says_so(client):
    """Before anything was counted."""
    text = client.get("/quality").text
    assert "Rien n’est encore connu." in text
    assert text.count("Aucun compte reçu.") == 2


def test_both_languages_say_all():
    """No text without its twin, and every group has a name."""
    assert set(_GROUPS) == {*GROUPS, "pages"}
    assert all(french and english for french, english in (*_TEXTS.values(), *_GROUPS.values()))


def test_home_leads_to_the_quality_page(client):
    """A page that nobody finds is none."""
    assert 'href="/quality"' in client.get("/").text


def test_days_are_those_of_paris_and_a_silent_one_is_told(service, client, clock):
    """An hour lived late one evening, nothing the day after, one hour today: availability and times of each day."""
    today = paris_midnight(paris_day(INSTANT))
    with service.database.write() as connection:
        for begins in (today - DAY - HOUR_SECONDS, today):
            for minute in range(0, HOUR_SECONDS, 60):
                store.mark_minute(connection, begins + minute)
        store.add_hours(
            connection,
            {
                Cell(today - DAY - HOUR_SECONDS, "answer", "pages", "ok"): 2,
                Cell(today - DAY - HOUR_SECONDS, "latency", "pages", "25"): 2,
                Cell(today, "answer", "pages", "ok"): 98,
                Cell(today, "answer", "acts", "failed"): 2,
                Cell(today, "latency", "pages", "5"): 90,
                Cell(today, "latency", "acts", "100"): 8,
                Cell(today, "latency", "acts", "more"): 2,
            },
        )
    clock.instant = today + 2 * HOUR_SECONDS
    days = client.get("/quality.json").json()["days"]
    told = [tuple(one.values())[1:] for one in days]
    assert told == [
        (0.5, 100, 2, 5, 100, None),
        (0.0, 0, 0, None, None, None),
        (1.0, 2, 0, 25, 25, 25),
    ]
    assert [one["day"] for one in days] == [
        (paris_day(INSTANT) - timedelta(days=n)).isoformat() for n in range(3)
    ]
    page = client.get("/quality?lang=en").text
    assert f'<th scope="row">{days[0]["day"]}</th><td>50.00%</td><td>100</td><td>2</td>' in page


def test_no_more_than_fourteen_days_are_told_one_by_one(service, client, clock):
    """The rest is in the figures of the whole period."""
    with service.database.write() as connection:
        store.mark_minute(connection, clock.instant - 20 * DAY)
    assert len(client.get("/quality.json").json()["days"]) == 14
