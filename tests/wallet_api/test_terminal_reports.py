"""A terminal tells the authority its finished days, over HTTP, to a real server: counts alone, each day once."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from credentials.paris_day import paris_day, paris_midnight
from credentials.spec import Audience
from tests.conftest import INSTANT
from tests.wallet_api.conftest import MovableClock, _make
from tests.wallet_api.serving import free_port, wait_for
from verifier import reports
from verifier.__main__ import main
from verifier.enrolment import install, request
from verifier.journal import JOURNAL, REPORTED, Journal
from verifier.reports import DaysReported, report_days
from verifier.store import TerminalStore
from wallet_api import tables
from wallet_api.app import create_app
from wallet_api.publication.run import publish_now
from wallet_api.terminals.enrol import enrol_terminal
from wallet_api.wiring import Service, wire

pytestmark = pytest.mark.network
DAY = 86_400
TODAY = paris_day(INSTANT)
CODES = ("nothing of ours", "LP1:", "LP1:ZZZZ")


@dataclass
class Authority:
    """A service behind a server, and the server's way to be away."""

    service: Service
    clock: MovableClock
    app: FastAPI
    port: int
    server: uvicorn.Server | None = None
    thread: threading.Thread | None = None

    def serve(self) -> None:
        """Listen until told otherwise."""
        self.server = uvicorn.Server(
            uvicorn.Config(self.app, port=self.port, log_config=None, lifespan="off")
        )
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        wait_for(lambda: self.server.started)

    def stop(self) -> None:
        """Answer nobody any more."""
        self.server.should_exit = True
        self.thread.join()

    def days(self) -> dict[str, Counter[str]]:
        """What the service has counted, by day and reason."""
        table, found = tables.terminal_day, dict[str, Counter[str]]()
        with self.service.database.read() as connection:
            for row in connection.execute(select(table)):
                found.setdefault(row.day, Counter())[row.value] += row.count
        return found


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """One service for the module, published once; its figures are emptied before each test."""
    port, clock = free_port(), MovableClock()
    settings = _make(tmp_path_factory.mktemp("reports") / "home", {}, f"http://127.0.0.1:{port}")
    app, service = create_app(settings), wire(settings, clock=clock.clock())
    app.state.service = service
    publish_now(service)
    yield Authority(service, clock, app, port)
    service.database.close()


@pytest.fixture
def served(authority: Authority) -> Iterator[Authority]:
    """The service, listening, with nothing counted yet."""
    authority.clock.instant = INSTANT
    with authority.service.database.write() as connection:
        for table in (tables.terminal_day, tables.terminal_report):
            connection.execute(table.delete())
    authority.serve()
    yield authority
    authority.stop()


@pytest.fixture
def mirror(authority: Authority) -> Iterator[str]:
    """The address of the police lists on a server of files that is not the authority's."""
    folder = str(authority.service.settings.published_folder)
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=folder))
    thread = threading.Thread(target=files.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{files.server_port}/police"
    files.shutdown()
    thread.join()
    files.server_close()


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Silence."""


@pytest.fixture
def terminal(served: Authority, tmp_path: Path) -> TerminalStore:
    """A police terminal with the lists in force, that has judged nothing."""
    store = _enrolled(served, tmp_path / "terminal", Audience.POLICE)
    assert main(["sync", "--no-report", "--store", store.folder, "--at", _text(INSTANT)]) == 0
    return store


def _enrolled(
    authority: Authority, folder: Path, profile: Audience, *, test_mode: bool = False
) -> TerminalStore:
    return install(folder, enrol_terminal(authority.service, request(folder), profile, test_mode=test_mode))


def _text(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _judge(store: TerminalStore, back: int, *codes: str) -> Counter[str]:
    """Verdicts of `back` days ago at noon, in the terminal's journal; how many of each reason."""
    journal, at = Journal(store.folder, store.enrolment.terminal_id, "A-1042"), INSTANT - back * DAY
    given = [(store.verifier().verify(code, at=datetime.fromtimestamp(at, UTC)), code) for code in codes]
    for verdict, code in given:
        journal.record(verdict, code)
    return Counter(verdict.reason.value for verdict, _ in given)


def _day(back: int) -> str:
    return (TODAY - timedelta(days=back)).isoformat()


def _sync(capsys: pytest.CaptureFixture[str], store: TerminalStore, *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["sync", "--json", "--store", store.folder, "--at", _text(INSTANT), *words]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_finished_days_are_told_once(served, terminal, capsys):
    """Two days become two reports with their counts, today waits, and a second sync tells nothing."""
    expected = {_day(2): _judge(terminal, 2, *CODES, CODES[0]), _day(1): _judge(terminal, 1, *CODES[1:])}
    _judge(terminal, 0, *CODES)
    assert _sync(capsys, terminal)["days_reported"] == 2
    assert served.days() == expected
    assert len(expected[_day(2)]) > 1
    told = _sync(capsys, terminal)
    assert (told["days_reported"], told["days_unreported"], served.days()) == (0, 0, expected)


def test_quality_shows_what_terminals_told(served, terminal):
    """Twelve of a reason are shown as ten, with the outcome beside."""
    [(reason, _)] = _judge(terminal, 1, *[CODES[0]] * 12).items()
    assert report_days(terminal, at=INSTANT) == DaysReported(1, 0)
    shown = TestClient(served.app).get("/quality.json").json()["verdicts"]
    assert [(one["code"], one["at_least"]) for one in shown] == [(reason, 10)]


def test_authority_away_leaves_the_sync_alone_and_the_days_for_later(served, terminal, mirror, capsys):
    """A mirror answers, the authority does not: the lists are in force, the exit code is 0, the next sync tells."""
    expected = {_day(1): _judge(terminal, 1, *CODES)}
    served.stop()
    told = _sync(capsys, terminal, mirror)
    assert (told["days_reported"], told["days_unreported"], served.days()) == (0, 1, {})
    assert main(["sync", mirror, "--store", terminal.folder, "--at", _text(INSTANT)]) == 0
    assert "the next sync tries again" in capsys.readouterr().err
    served.serve()
    assert _sync(capsys, terminal, mirror)["days_reported"] == 1
    assert served.days() == expected


def test_report_broken_off_goes_on_where_it_stopped(served, terminal, monkeypatch):
    """The second of three days fails: the first is remembered, the others are told next time."""
    expected = {_day(back): _judge(terminal, back, *CODES) for back in (3, 2, 1)}
    accepted, asked = reports._accepted, []

    def failing(address, secret, day, counts):
        asked.append(day.isoformat())
        return None if len(asked) == 2 else accepted(address, secret, day, counts)

    with monkeypatch.context() as patch:
        patch.setattr(reports, "_accepted", failing)
        assert report_days(terminal, at=INSTANT) == DaysReported(1, 2)
    assert list(served.days()) == [_day(3)]
    assert report_days(terminal, at=INSTANT) == DaysReported(2, 0)
    assert (served.days(), asked) == (expected, [_day(3), _day(2)])


@pytest.mark.parametrize("lost", ["gone", "garbage", "2099-01-01"])
def test_lost_memory_counts_nothing_twice(served, terminal, lost):
    """Without its memory, or with one of a clock that ran ahead, the terminal tells again; the authority knows."""
    expected = {_day(1): _judge(terminal, 1, *CODES)}
    report_days(terminal, at=INSTANT)
    memory = Path(terminal.folder, REPORTED)
    memory.unlink() if lost == "gone" else memory.write_text(lost)
    assert report_days(terminal, at=INSTANT) == DaysReported(1, 0)
    assert served.days() == expected


def test_foreign_and_torn_lines_are_left_out(served, terminal):
    """A line cut by a power failure, one of another profile, words that are no reason: the rest is counted."""
    expected = {_day(1): _judge(terminal, 1, *CODES)}
    journal = Path(terminal.folder, JOURNAL)
    line = json.loads(journal.read_text().splitlines()[0])
    foreign = [
        line | {"profile": "health"},
        line | {"reason": "CAMILLE"},
        line | {"reason": ["OK"]},
        line | {"at": 7},
        line | {"at": "0001-01-01T00:00:00Z"},
        [],
        None,
    ]
    with journal.open("ab") as file:
        file.write(b"".join(json.dumps(one).encode() + b"\n" for one in foreign))
        file.write(b"\xff\xfe\n" + b"[" * 100_000 + b"\n" + json.dumps(line).encode()[:40])
    assert report_days(terminal, at=INSTANT) == DaysReported(1, 0)
    assert served.days() == expected


def test_days_are_those_of_paris_and_thirty_of_them(served, terminal):
    """A verdict at half past midnight in Paris is of the new day; the thirty-first day back is told no more."""
    midnight = paris_midnight(TODAY - timedelta(days=1))
    journal = Journal(terminal.folder, terminal.enrolment.terminal_id)
    for at in (midnight - 1, midnight, paris_midnight(TODAY), paris_midnight(TODAY - timedelta(days=30)) - 1):
        journal.record(terminal.verifier().verify("x", at=datetime.fromtimestamp(at, UTC)), "x")
    assert report_days(terminal, at=INSTANT) == DaysReported(2, 0)
    assert set(served.days()) == {_day(2), _day(1)}


def test_clock_that_disagrees_holds_up_no_other_day(served, terminal):
    """A terminal whose clock is a day ahead: the day that is not over is refused, kept, and told when it is."""
    expected = {_day(1): _judge(terminal, 1, *CODES)}
    today = _judge(terminal, 0, *CODES)
    assert report_days(terminal, at=INSTANT + DAY) == DaysReported(1, 0, 1)
    assert served.days() == expected
    served.clock.instant += DAY
    assert report_days(terminal, at=INSTANT + DAY) == DaysReported(1, 0)
    assert served.days() == {**expected, TODAY.isoformat(): today}


def test_many_verdicts_of_a_day_are_capped_as_the_authority_takes_them(served, terminal):
    """Ten thousand and one of a reason: the day is counted, with ten thousand."""
    [(reason, _)] = _judge(terminal, 1, CODES[0]).items()
    journal = Path(terminal.folder, JOURNAL)
    journal.write_bytes(journal.read_bytes() * 10_001)
    assert report_days(terminal, at=INSTANT) == DaysReported(1, 0)
    assert served.days() == {_day(1): Counter({reason: 10_000})}


def test_nothing_is_told_when_it_was_not_asked_for(served, terminal, tmp_path, capsys):
    """The terminal's switch, a sync from a folder, no address in the enrolment: no report, and not a word of it."""
    _judge(terminal, 1, *CODES)
    published = str(served.service.settings.published_folder / "police")
    for words in (("--no-report",), (published,)):
        told = _sync(capsys, terminal, *words)
        assert (told["days_reported"], told["days_unreported"]) == (None, None)
    for name, profile, test_mode in (("public", Audience.ANYONE, False), ("test", Audience.POLICE, True)):
        store = _enrolled(served, tmp_path / name, profile, test_mode=test_mode)
        assert store.enrolment.reports_url is None
        assert report_days(store, at=INSTANT) is None
    assert served.days() == {}


def test_secret_is_not_sent_in_clear(terminal, monkeypatch):
    """An address beyond this machine without TLS: nothing is sent, the days stay."""
    _judge(terminal, 1, *CODES)
    monkeypatch.setattr(reports, "opener", lambda _: pytest.fail("something was sent"))
    assert (
        reports._accepted("http://authority.example/terminals/reports", "secret", TODAY, Counter(OK=1))
        is None
    )


def test_terminal_reported_lost_tells_nothing(served, terminal):
    """The authority refuses its secret: the days stay, nothing is counted."""
    from wallet_api.terminals.enrol import report_lost

    _judge(terminal, 1, *CODES)
    report_lost(served.service, terminal.enrolment.terminal_id)
    assert report_days(terminal, at=INSTANT) == DaysReported(0, 1)
    assert served.days() == {}


@pytest.mark.usefixtures("served")
def test_disk_that_refuses_the_memory_is_said_and_the_lists_are_in_force(terminal, capsys):
    """The memory cannot be written: words, exit code 0."""
    _judge(terminal, 1, *CODES)
    Path(terminal.folder, REPORTED).mkdir()
    assert main(["sync", "--store", terminal.folder, "--at", _text(INSTANT)]) == 0
    assert "disk" in capsys.readouterr().err
