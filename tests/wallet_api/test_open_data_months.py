"""Open data over many months: whoever keeps every file and subtracts learns of no single act.

Two attackers work on the texts that the service hands out. The first subtracts: each figure, each sum of two figures, each
sum of all, and what a total leaves beside its cells, of one month from those of the next. The second knows the rule of
rounding, and asks which changes of a figure are possible. Both win against exact figures, so both can win.
"""

from __future__ import annotations

import csv
import io
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from credentials.paris_day import paris_midnight
from credentials.spec import DocumentType
from wallet_api import tables
from wallet_api.identifiers import new_id
from wallet_api.open_data import withhold
from wallet_api.open_data.documents_at import documents_at
from wallet_api.open_data.tables_of_month import months_before

NOBODY, DAY, THRESHOLD, MONTHS = "0" * 32, 86_400, 10, 12
FIRST = date(2026, 1, 1)
File = dict[tuple[str, str], int | None]


def _month(number: int) -> date:
    return date(FIRST.year + number // 12, number % 12 + 1, 1)


# A history


@dataclass(frozen=True, slots=True)
class History:
    """A year of acts, about 150 documents; most figures are some dozens, and most months move each by a few acts."""

    draw: random.Random

    def rows(self) -> Iterator[tuple[object, list[dict[str, object]]]]:
        """Rows by table."""
        licences = [self._document(DocumentType.DRIVING_LICENCE, "licence") for _ in range(110)]
        cards = [self._document(DocumentType.VITALE_CARD, "health") for _ in range(40)]
        yield tables.document, licences + cards
        begun = [one for one in licences + cards if self.draw.random() < 0.4]
        measures = [self._measure(one, paris_midnight(FIRST) - DAY) for one in begun]
        later = [one for one in licences + cards if one not in begun]
        self.draw.shuffle(later)
        for number in range(MONTHS):
            for _ in range(self.draw.randrange(4)):
                if later:
                    since = paris_midnight(_month(number)) + self.draw.randrange(20 * DAY)
                    measures.append(self._measure(later.pop(), since))
        yield tables.measure, measures
        yield tables.points_entry, list(self._losses(licences))

    def _document(self, kind: DocumentType, authority: str) -> dict[str, object]:
        opened = paris_midnight(FIRST) - 100 * DAY
        if self.draw.random() < 0.2:
            opened += self.draw.randrange(365 * DAY)
        document_id = new_id(opened)
        return {
            "authority_id": authority,
            "document_id": document_id,
            "document_type": kind.value,
            "registry_reference": f"file-{document_id}",
            "opened_at": opened,
        }

    def _measure(self, document: dict[str, object], since: int) -> dict[str, object]:
        kind = self.draw.choice(("suspension", "suspension", "revocation"))
        measure_id = new_id(since)
        return {
            "authority_id": document["authority_id"],
            "measure_id": measure_id,
            "document_id": document["document_id"],
            "kind": kind,
            "decision_reference": measure_id,
            "subject": "right",
            "since": since,
            "until": since + self.draw.randrange(30, 200) * DAY if kind == "suspension" else None,
            "attempt": 0,
            "recorded_at": since,
            "released_at": since,
            "actor_id": NOBODY,
        }

    def _losses(self, licences: list[dict[str, object]]) -> Iterator[dict[str, object]]:
        sequence = itertools.count(1)
        for number, offence in itertools.product(range(MONTHS), ("red_light", "phone", None)):
            for _ in range(self.draw.randrange(5, 30)):
                at, place = paris_midnight(_month(number)) + self.draw.randrange(27 * DAY), next(sequence)
                yield {
                    "authority_id": "licence",
                    "entry_id": new_id(at),
                    "document_id": self.draw.choice(licences)["document_id"],
                    "sequence": place,
                    "kind": "loss",
                    "decision_reference": f"D-{place}",
                    "points": 1,
                    "applied": 0,
                    "last_day": "2026-01-01",
                    "offence": offence,
                    "attempt": 0,
                    "recorded_at": at,
                    "released_at": at,
                    "actor_id": NOBODY,
                }


@pytest.fixture(params=[1, 2, 3])
def history(request, service):
    """A random history in the database, by a seed that is told."""
    print(f"seed {request.param}")
    with service.database.write() as connection:
        for table, rows in History(random.Random(request.param)).rows():
            connection.execute(insert(table), rows)


def _files(client, service, clock, name: str) -> list[File]:
    """What the service published on the first of every month, as a reader who keeps everything has it."""
    client.app.state.service = replace(service, shelf=type(service.shelf)())
    found = []
    for number in range(MONTHS + 1):
        clock.instant = paris_midnight(_month(number)) + 3_600
        rows = csv.reader(io.StringIO(client.get(f"/open-data/{name}.csv").text, newline=""))
        head = next(rows)
        column = head.index("offence_kind" if name == "withdrawals" else "state")
        found.append({(row[0], row[column]): int(row[-2]) if row[-2] else None for row in rows})
    return found


# The attackers


def _known(file: File) -> dict[str, int]:
    """Every figure of a file, and what adding and subtracting makes of them."""
    told = {cell: count for cell, count in file.items() if count is not None}
    known = {f"{line} {column}": count for (line, column), count in told.items()}
    for (one, count), (other, more) in itertools.combinations(told.items(), 2):
        known[f"{one} + {other}"] = count + more
    for line in {line for line, _ in told}:
        cells = [count for (where, column), count in told.items() if where == line and column != "all"]
        known[f"cells of {line}"] = sum(cells)
        if (line, "all") in told:
            known[f"beside the cells of {line}"] = told[line, "all"] - sum(cells)
    return known


def _subtract(files: list[File]) -> list[tuple[int, str, int]]:
    """Changes and remainders of a few acts, which the files give away: month, figure, how many."""
    found = []
    for number, (before, after) in enumerate(itertools.pairwise(map(_known, files))):
        found += [(number, name, after[name] - before[name]) for name in before.keys() & after.keys()]
        found += [(number, name, count) for name, count in after.items()]
    return [one for one in found if 0 < abs(one[2]) < THRESHOLD]


def _possible(files: list[File], width: int) -> set[int]:
    """How many changes of a published figure are possible from a month to the next, if a figure covers `width` values."""
    sizes = set()
    for before, after in itertools.pairwise(files):
        for cell in before.keys() & after.keys():
            if (old := before[cell]) is not None and (new := after[cell]) is not None:
                changes = {new + one - old - two for one in range(width) for two in range(width)}
                sizes.add(len(changes))
    return sizes


def _by_month(files: list[File]) -> list[File]:
    """The lines of the year, each as a file, so that months can be subtracted from each other."""
    last = files[-1]
    return [
        {("line", column): count for (line, column), count in last.items() if line == month}
        for month in (_month(number).isoformat()[:7] for number in range(MONTHS))
    ]


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("name", ["documents", "withdrawals"])
def test_no_difference_and_no_sum_between_months_tells_one_act(client, service, clock, monkeypatch, name):
    """Nothing to subtract in a year of files; the same attack on exact figures finds single acts."""
    files = _files(client, service, clock, name)
    assert _subtract(files) == _subtract(_by_month(files)) == []
    monkeypatch.setattr(withhold, "rounded", lambda count, _: count)
    files = _files(client, service, clock, name)
    exact = _subtract(files if name == "documents" else _by_month(files))
    assert len({number for number, _, _ in exact}) >= MONTHS // 2
    assert any(abs(count) == 1 for _, _, count in exact)


@pytest.mark.usefixtures("history")
def test_published_figure_stands_for_as_many_values_as_the_threshold(client, service, clock):
    """The truth lies among them each month, at different places: who knows the rule is left with 2t - 1 changes."""
    files = _files(client, service, clock, "documents")
    offsets = set()
    for number, file in enumerate(files):
        with service.database.read() as connection:
            true = documents_at(connection, paris_midnight(_month(number)))
        for (line, column), told in file.items():
            if "all" not in {line, column}:
                offsets.add(true.get((line, column), 0) - (told or 0))
    assert offsets == set(range(THRESHOLD))
    assert _possible(files, THRESHOLD) == {2 * THRESHOLD - 1}
    assert _possible(files, 1) == {1}


@pytest.mark.usefixtures("history")
def test_past_month_says_the_same_in_every_file(client, service, clock):
    """Withdrawals of a month that is over do not change, so there is nothing to subtract at all."""
    files = _files(client, service, clock, "withdrawals")
    for number, (before, after) in enumerate(itertools.pairwise(files)):
        over = {day.isoformat()[:7] for day in months_before(_month(number))[1:]}
        assert all(before[cell] == after[cell] for cell in before if cell[0] in over)
    assert any(count for file in files for count in file.values())
    assert datetime.fromtimestamp(clock.instant, UTC).year == FIRST.year + 1
