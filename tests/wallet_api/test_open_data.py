"""Open data: counted right, as of the first of the month, and no withheld figure can be computed."""

from __future__ import annotations

import csv
import io
import itertools
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from credentials.spec import DocumentType
from tests.wallet_api.conftest import approve
from wallet_api import tables
from wallet_api.identifiers import new_id
from wallet_api.open_data import documents_at as documents_at_module
from wallet_api.open_data.documents_at import documents_at
from wallet_api.open_data.tables_of_month import STATES, months_before, offences
from wallet_api.open_data.withhold import Published, withhold
from wallet_api.roles import AccessRole

NOBODY = "0" * 32


def _rows(client, name: str, column: str) -> dict[tuple[str, str], str]:
    """What the file says, by line and column; a withheld figure is the empty text."""
    answer = client.get(f"/open-data/{name}.csv")
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    line = next(iter(rows[0]))
    for row in rows:
        assert (row["count"] == "") == (row["status"] == "withheld")
        assert all(row.values()) or row["status"] == "withheld"
    found = {(row[line], row[column]): row["count"] for row in rows}
    assert len(found) == len(rows)
    return found


@pytest.fixture
def document(service, clock):
    """Documents made directly, as many as a test needs, opened a year ago."""

    def make(kind: DocumentType = DocumentType.DRIVING_LICENCE, authority: str = "licence") -> str:
        document_id = new_id(clock.instant)
        with service.database.write() as connection:
            connection.execute(
                insert(tables.document).values(
                    authority_id=authority,
                    document_id=document_id,
                    document_type=kind.value,
                    registry_reference=f"file-{document_id}",
                    opened_at=clock.instant - 365 * 86_400,
                )
            )
        return document_id

    return make


@pytest.fixture
def ledger(service, document):
    """A licence whose ledger gets rows as a test wants them."""
    document_id, numbers = document(), itertools.count(1)

    def add(
        kind: str, released_at: int, offence: str | None = None, annuls: str | None = None, by: str = "D-"
    ) -> str:
        number = next(numbers)
        entry_id = f"{number:032x}"
        with service.database.write() as connection:
            connection.execute(
                insert(tables.points_entry).values(
                    authority_id="licence",
                    entry_id=entry_id,
                    document_id=document_id,
                    sequence=number,
                    kind=kind,
                    decision_reference=f"{by}{number}",
                    points=1,
                    applied=0,
                    last_day="2026-01-01",
                    offence=offence,
                    annuls_id=annuls,
                    attempt=0,
                    recorded_at=released_at - 300,
                    released_at=released_at,
                    actor_id=NOBODY,
                )
            )
        return entry_id

    return add


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


# What is counted


def test_withdrawals_are_counted_by_paris_month_and_kind(client, ledger):
    """The month begins at midnight in Paris; cancelled ones never counted, annulled ones did, this month is not over.

    Nor is a registry's history a withdrawal of the month in which a licence was opened.
    """
    for _ in range(11):
        ledger("loss", _at("2026-10-15T12:00:00"), "red_light")
    for _ in range(10):
        ledger("loss", _at("2026-09-30T22:00:00"), "phone")  # 1 October, 00:00 in Paris
    ledger("loss", _at("2026-09-30T21:59:59"), "red_light")
    ledger("loss", _at("2026-10-31T23:00:00"), "red_light")  # 1 November
    for _ in range(12):
        annulled = ledger("loss", _at("2026-10-20T12:00:00"))
    ledger("annulment", _at("2026-10-25T12:00:00"), annuls=annulled)
    for _ in range(12):  # what a registry handed over when the licence was opened
        ledger("loss", _at("2026-10-15T12:00:00"), "seat_belt", by=f"opening-{'0' * 32}#")
    cancelled = ledger("loss", _at("2026-10-21T12:00:00"))
    ledger("cancellation", _at("2026-10-21T12:00:00"), annuls=cancelled)
    found = _rows(client, "withdrawals", "offence_kind")
    published = {key: count for key, count in found.items() if count}
    assert published == {
        ("2026-10", "red_light"): "10",  # of 11
        ("2026-10", "phone"): "10",
        ("2026-10", "unspecified"): "10",  # of 12
    }
    assert len(found) == 25 * (len(offences()) + 1)
    assert {column for _, column in found} == {*offences(), "all"}


def test_total_of_a_month_is_published_once_it_gives_nothing_away(client, ledger):
    """Five kinds with four each: 20 in sum, so the total is out, and with it nothing about any of them."""
    for kind in ("red_light", "phone", "hit_and_run", "radar_detector", "refusal"):
        for _ in range(4):
            ledger("loss", _at("2026-10-15T12:00:00"), kind)
    found = _rows(client, "withdrawals", "offence_kind")
    assert {key: count for key, count in found.items() if count} == {("2026-10", "all"): "20"}


def test_act_of_this_month_changes_nothing_before_the_next(client, service, clock, wallet, licence_authority):
    """Comparing today's file with yesterday's tells nothing of anybody; nor does a process that starts meanwhile."""
    before = client.get("/open-data/withdrawals.csv"), client.get("/open-data/documents.csv")
    assert licence_authority.withdraw(wallet.document_id, 3, "D-1").status_code == 201
    client.app.state.service = replace(service, shelf=type(service.shelf)())
    after = client.get("/open-data/withdrawals.csv"), client.get("/open-data/documents.csv")
    assert [one.content for one in before] == [one.content for one in after]
    clock.instant += 31 * 86_400
    assert client.get("/open-data/withdrawals.csv").headers["etag"] != before[0].headers["etag"]


def test_documents_are_counted_once_each_in_their_gravest_state(client, service, document):
    """Suspensions past, lifted and cancelled leave a licence in force; a revocation outweighs the rest."""
    client.app.state.service = replace(
        service, settings=replace(service.settings, open_data_threshold=2), shelf=type(service.shelf)()
    )
    licences = [document() for _ in range(8)]
    cards = [document(DocumentType.VITALE_CARD, "health") for _ in range(3)]

    def measure(document_id: str, kind: str, since: int, until: int | None = None, **more: object) -> str:
        measure_id = new_id(since)
        row = {
            "authority_id": "licence",
            "measure_id": measure_id,
            "document_id": document_id,
            "kind": kind,
            "decision_reference": measure_id,
            "subject": "right",
            "since": since,
            "until": until,
            "attempt": 0,
            "recorded_at": since,
            "released_at": since,
            "actor_id": NOBODY,
            **more,
        }
        with service.database.write() as connection:
            connection.execute(insert(tables.measure).values(row))
        return measure_id

    then, day = _at("2026-10-10T00:00:00"), 86_400
    for number in (0, 1):
        measure(licences[number], "suspension", then, then + 100 * day)
    measure(licences[2], "suspension", then, then + 5 * day)  # over
    lifted = measure(licences[3], "suspension", then, then + 100 * day)
    measure(licences[3], "lift", then + day, lifts_id=lifted)
    cancelled = measure(licences[4], "suspension", then, then + 100 * day)
    measure(licences[4], "cancellation", then, lifts_id=cancelled)
    for number in (1, 5):
        measure(licences[number], "revocation", then)
    still = measure(licences[0], "suspension", then, then + 100 * day)
    not_lifted = measure(licences[0], "lift", then + day, lifts_id=still)
    measure(licences[0], "cancellation", then + day, lifts_id=not_lifted)
    measure(licences[6], "suspension", _at("2026-11-02T00:00:00"), then + 100 * day)  # this month
    found = _rows(client, "documents", "state")
    assert {key: count for key, count in found.items() if count} == {
        ("driving_licence", "in_force"): "4",  # of 5
        ("driving_licence", "revoked"): "2",
        ("vitale_card", "in_force"): "2",  # of 3
        ("all", "in_force"): "6",
    }
    with service.database.read() as connection:
        assert documents_at(connection, _at("2026-10-31T23:00:00")) == {
            ("driving_licence", "in_force"): 5,
            ("driving_licence", "suspended"): 1,
            ("driving_licence", "revoked"): 2,
            ("vitale_card", "in_force"): len(cards),
        }
    assert {column for line, column in found if line == "vitale_card"} == {
        "in_force",
        "suspended",
        "title_gone",
        "revoked",
        "all",
    }
    assert {column for line, column in found if line == "driving_licence"} == {*STATES, "all"}


def test_states_of_the_table_are_those_that_acts_make(service, clock, wallet, licence_authority, supervisor):
    """Acts through the API, in the table of that instant: an invalid licence, and the same one revoked."""
    for number in range(3):
        assert licence_authority.withdraw(wallet.document_id, 6, f"D-{number}").status_code == 201

    def states() -> dict[str, int]:
        with service.database.read() as connection:
            found = documents_at(connection, clock.instant)
        return {state: count for (kind, state), count in found.items() if kind == "driving_licence"}

    assert states() == {"invalid": 1}
    clock.instant += 60
    path = f"/authority/licences/{wallet.document_id}/revocations"
    proposed = licence_authority.post(path, {"decision_reference": "R-1"})
    assert approve(supervisor, proposed).status_code == 201
    assert states() == {"revoked": 1}


def test_past_instant_says_what_it_said_then(
    service, clock, wallet, offer, licence_authority, supervisor, monkeypatch
):
    """Whatever came later: points lost, given back by an appeal, a licence revoked; page by page too.

    A month is counted when somebody first asks for it, so the file would else tell what happened between.
    """
    first, second = wallet.document_id, offer("yanis").document_id
    said: dict[int, dict[tuple[str, str], int]] = {}

    def told(at: int) -> dict[tuple[str, str], int]:
        with service.database.read() as connection:
            return documents_at(connection, at)

    def then(days: int) -> None:
        """What is said now, and what comes `days` later."""
        said[clock.instant] = told(clock.instant)
        clock.instant += days * 86_400

    def annul(reference: str) -> None:
        body = {
            "annuls_reference": reference,
            "decided_on": "2026-11-01",
            "decision_reference": f"A-{reference}",
        }
        made = licence_authority.post(f"/authority/licences/{first}/points/annulments", body)
        assert made.status_code == 201, made.text

    def lose(document_id: str, *references: str) -> None:
        for reference in references:
            assert licence_authority.withdraw(document_id, 6, reference).status_code == 201

    then(1)
    lose(first, "D-1", "D-2")
    then(1)
    annul("D-2")
    then(1)
    lose(first, "D-3")
    lose(second, "E-1", "E-2")
    then(1)
    proposed = licence_authority.post(
        f"/authority/licences/{second}/revocations", {"decision_reference": "R-1"}
    )
    assert approve(supervisor, proposed).status_code == 201
    then(1)
    annul("D-3")
    then(0)
    licences = [{state: count for (_, state), count in one.items()} for one in said.values()]
    assert licences == [
        {"in_force": 2},
        {"in_force": 1, "invalid": 1},
        {"in_force": 2},
        {"invalid": 2},
        {"invalid": 1, "revoked": 1},
        {"in_force": 1, "revoked": 1},
    ]
    for at_once in (documents_at_module.AT_ONCE, 1):
        monkeypatch.setattr(documents_at_module, "AT_ONCE", at_once)
        assert {at: told(at) for at in said} == said


# How it is handed out


@pytest.mark.parametrize("name", ["withdrawals", "documents"])
def test_file_has_a_tag_a_life_and_a_licence(client, name):
    """Caches may keep it for an hour and ask again by its tag; the description and the licence are linked."""
    answer = client.get(f"/open-data/{name}.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert 'rel="describedby"' in answer.headers["link"]
    assert 'rel="license"' in answer.headers["link"]
    again = client.get(f"/open-data/{name}.csv", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])


def test_description_names_every_column_in_both_languages(client, service):
    """Title, rule of disclosure, licence, and each column of each file."""
    told = client.get("/open-data").json()
    assert told["licence"]["spdx"] == "etalab-2.0"
    assert (told["threshold"], told["as_of"]) == (10, "2026-11-01")
    assert "10" in told["disclosure"]["fr"]
    assert "10" in told["disclosure"]["en"]
    assert "non officiel" in told["notice"]["fr"]
    for table in told["tables"]:
        path = table["url"].removeprefix(service.settings.base_url)
        head = client.get(path).text.splitlines()[0].split(",")
        assert [one["name"] for one in table["columns"]] == head
        texts = [table["title"], table["description"], *(one["meaning"] for one in table["columns"])]
        assert all(one["fr"] and one["en"] for one in texts)
    assert (told["tables"][0]["first_month"], told["tables"][0]["last_month"]) == ("2024-11", "2026-10")


def test_months_are_the_last_two_years_that_are_over():
    """Across the turn of a year too."""
    months = months_before(datetime(2027, 1, 1, tzinfo=UTC).date())
    assert (len(months), months[0].isoformat(), months[-1].isoformat()) == (24, "2025-01-01", "2026-12-01")


# What is withheld


def _table(rows: tuple[tuple[int, ...], ...]) -> dict[str, dict[str, int]]:
    return {f"l{i}": {f"c{j}": count for j, count in enumerate(row)} for i, row in enumerate(rows)}


def _seen(published: Published) -> str:
    return repr((published.cells, published.lines, published.columns, published.total))


@pytest.mark.parametrize(
    ("threshold", "lines", "columns", "most"),
    [(2, 1, 6, 3), (3, 1, 5, 4), (4, 1, 4, 6), (2, 2, 4, 2), (3, 2, 3, 3), (2, 3, 2, 2), (3, 1, 6, 3)],
)
def test_no_small_table_gives_a_withheld_figure_away(threshold, lines, columns, most):
    """Every table there is: whoever sees a publication and knows the rule is left with every value under the threshold.

    Tables of equal publication are put together; in each group each withheld cell takes all values from 0 to t - 1, and
    each published one t neighbours, as far as the tables tried go.
    """
    possible: dict[str, dict[tuple[str, str], set[int]]] = defaultdict(lambda: defaultdict(set))
    first: dict[tuple[str, str, str], int] = {}
    for flat in itertools.product(range(most + 1), repeat=lines * columns):
        counts = _table(_cut(flat, columns))
        published = withhold(counts, threshold)
        group = possible[_seen(published)]
        for line, row in published.cells.items():
            for column, count in row.items():
                group[line, column].add(counts[line][column])
                assert (count is None) == (counts[line][column] < threshold)
                first[_seen(published), line, column] = count or 0
    assert len(possible) > 10
    assert any("None" not in seen for seen in possible)
    for seen, group in possible.items():
        for cell, values in group.items():
            told = first[seen, *cell]
            assert values == set(range(told, min(told + threshold, most + 1)))


def _cut(flat: tuple[int, ...], columns: int) -> tuple[tuple[int, ...], ...]:
    return tuple(flat[start : start + columns] for start in range(0, len(flat), columns))


def test_totals_are_published_where_they_are_safe():
    """Worked by hand, t = 10."""
    for row, told in (
        ((20, 30), 50),
        ((29, 38), 50),  # 60 would say that the rounding took at least 10
        ((20, 30, 9), None),  # would be 59 less 50
        ((20, 9, 9), None),  # 18: both would be 9
        ((20, 9, 9, 0), 30),  # 18 is at most 2 times 9, rounded to 10
        ((25, 9, 9, 9, 0), 40),
        ((20, 1, 1, 1), None),  # 3 is a small figure itself
        ((20, 9, 9, 1), None),  # 19
        ((0, 0, 0, 0), None),
    ):
        published = withhold(_table((row,)), 10)
        assert published.lines["l0"] == told, row
        assert published.total == told


def test_total_of_a_column_is_published_with_all_of_its_cells():
    """A withheld cell withholds the total of its column, and an unknown line total that of everything."""
    published = withhold(_table(((20, 30), (40, 9))), 10)
    assert published.columns == {"c0": 60, "c1": None}
    assert (published.lines, published.total) == ({"l0": 50, "l1": None}, None)


def _solvable(published: Published) -> list[tuple[str, str]]:
    """Withheld cells that follow from the published figures by linear equations alone, in exact arithmetic."""
    hidden = [
        (line, column) for line, row in published.cells.items() for column in row if row[column] is None
    ]
    place = {cell: number for number, cell in enumerate(hidden)}
    equations = []

    def add(cells: list[tuple[str, str]], total: int | None) -> None:
        if total is not None:
            equations.append([Fraction(int(cell in cells)) for cell in hidden])

    every = [(line, column) for line, row in published.cells.items() for column in row]
    for line, total in published.lines.items():
        add([cell for cell in every if cell[0] == line], total)
    for column, total in published.columns.items():
        add([cell for cell in every if cell[1] == column], total)
    add(every, published.total)
    pivots, done = [], 0
    for number in range(len(hidden)):
        row = next((one for one in equations[done:] if one[number]), None)
        if row is None:
            continue
        equations.remove(row)
        row = [one / row[number] for one in row]
        equations = [
            [left - one[number] * right for left, right in zip(one, row, strict=True)] for one in equations
        ]
        equations.insert(done, row)
        pivots.append(number)
        done += 1
    return [
        cell for cell in hidden if any(row[place[cell]] and sum(map(bool, row)) == 1 for row in equations)
    ]


def test_solver_finds_what_can_be_computed():
    """The attack of the next test works: a single hidden cell of a line with a total, and one found by two steps."""
    open_line = Published({"l0": {"c0": 50, "c1": None}}, {"l0": 59}, {"c0": 50, "c1": None}, None)
    assert _solvable(open_line) == [("l0", "c1")]
    corner = Published(
        {"l0": {"c0": None, "c1": None}, "l1": {"c0": 20, "c1": None}},
        {"l0": 11, "l1": 25},
        {"c0": None, "c1": None},
        None,
    )
    assert ("l1", "c1") in _solvable(corner)
    assert ("l0", "c0") in _solvable(replace(corner, columns={"c0": 22, "c1": None}))


@settings(max_examples=150, deadline=None)
@given(
    threshold=st.integers(2, 12),
    rows=st.integers(1, 6).flatmap(
        lambda width: st.lists(
            st.lists(st.one_of(st.integers(0, 14), st.integers(0, 200)), min_size=width, max_size=width),
            min_size=1,
            max_size=6,
        )
    ),
)
def test_no_withheld_figure_follows_from_the_others_by_equations(threshold, rows):
    """Larger tables: no combination of cells and totals isolates a withheld one; all that is published is true, rounded down."""
    counts = _table(tuple(map(tuple, rows)))
    published = withhold(counts, threshold)
    assert _solvable(published) == []
    for line, row in counts.items():
        assert _is_below(published.lines[line], row.values(), threshold)
        assert all((published.cells[line][one] is None) == (row[one] < threshold) for one in row)
        assert all(_is_below(published.cells[line][one], [row[one]], threshold) for one in row)
    for column, total in published.columns.items():
        assert _is_below(total, [row[column] for row in counts.values()], threshold)
    every = [count for row in counts.values() for count in row.values()]
    assert _is_below(published.total, every, threshold)


def _is_below(told: int | None, counts: Collection[int], threshold: int) -> bool:
    """Withheld, or a multiple of the threshold that each count brought less than one threshold under the truth."""
    if told is None:
        return True
    return told % threshold == 0 and 0 <= sum(counts) - told <= len(counts) * (threshold - 1)


def test_who_reads_needs_no_role(client, keys_of_roles):
    """Open to everybody; a token changes nothing."""
    headers = {"Authorization": f"Bearer {keys_of_roles[AccessRole.CITIZEN]}"}
    for path in ("/open-data", "/open-data/withdrawals.csv", "/open-data/documents.csv"):
        assert client.get(path).content == client.get(path, headers=headers).content
