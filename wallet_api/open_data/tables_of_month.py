"""The two tables of open data, as of the beginning of the present month in Paris.

Both change on the first of a month only, so that nobody learns of one act by comparing today's figures with yesterday's;
all figures are multiples of the threshold, so that nobody does by comparing this month's with last month's (withhold.py).
A process counts each table once a month and keeps the text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from credentials.paris_day import paris_day, paris_midnight
from credentials.spec import DocumentType
from wallet_api.points.offences import OFFENCES
from wallet_api.wiring import Service

from . import store
from .documents_at import documents_at
from .withhold import Counts, Published, withhold

Name = Literal["withdrawals", "documents"]
MONTHS: Final = 24
ALL: Final = "all"
_UNSPECIFIED: Final = ("unspecified", "Infraction non précisée", "Offence not specified")
_ALL: Final = ("Total", "Total")
KINDS: Final = {
    DocumentType.DRIVING_LICENCE.value: ("Permis de conduire", "Driving licence"),
    DocumentType.VITALE_CARD.value: ("Carte Vitale", "Vitale card"),
}
STATES: Final = {
    "in_force": ("En vigueur", "In force"),
    "restricted": (
        "Limité aux véhicules avec éthylotest antidémarrage",
        "Restricted to vehicles with an interlock",
    ),
    "suspended": ("Suspendu ou retenu", "Suspended or retained"),
    "title_gone": ("Titre perdu ou volé", "Title lost or stolen"),
    "invalid": ("Invalidé faute de points", "Invalid for want of points"),
    "revoked": ("Révoqué ou annulé", "Revoked or annulled"),
}
_OF_LICENCES_ALONE: Final = frozenset({"restricted", "invalid"})


@dataclass(frozen=True, slots=True)
class MonthlyText:
    """One table as CSV, and the Paris day as of whose beginning it was counted."""

    as_of: date
    content: bytes


def table_of_month(service: Service, name: Name) -> MonthlyText:
    """The table in force now."""
    now = service.clock.now()
    first = paris_day(now).replace(day=1)
    threshold = service.settings.open_data_threshold
    make = _withdrawals if name == "withdrawals" else _documents
    content = service.shelf.get(
        f"open-data {name}", (first, threshold), lambda: make(service, first, threshold)
    )
    return MonthlyText(first, content)


def months_before(first: date) -> list[date]:
    """The first days of the months counted, oldest first."""
    number = first.year * 12 + first.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(number - MONTHS, number)]


def offences() -> dict[str, tuple[str, str]]:
    """Every kind of offence with its names."""
    return {
        **{code: (versions[-1].fr, versions[-1].en) for code, versions in OFFENCES.items()},
        _UNSPECIFIED[0]: _UNSPECIFIED[1:],
    }


def _withdrawals(service: Service, first: date, threshold: int) -> bytes:
    months = months_before(first)
    bounds = [paris_midnight(day) for day in (*months, first)]
    with service.database.read(patient=True) as connection:
        found = store.count_withdrawals(connection, bounds)
    named = offences()
    counts = {month.isoformat()[:7]: dict.fromkeys(named, 0) for month in months}
    for (number, offence), count in found.items():
        line = counts[months[number].isoformat()[:7]]
        line[offence if offence in named else _UNSPECIFIED[0]] += count
    lines = {month: (month, month) for month in counts}
    return _csv("month", "offence_kind", lines, named, withhold(counts, threshold), label_lines=False)


def _documents(service: Service, first: date, threshold: int) -> bytes:
    with service.database.read(patient=True) as connection:
        found = documents_at(connection, paris_midnight(first))
    counts: Counts = {
        kind: {
            state: found.get((kind, state), 0)
            for state in STATES
            if kind == DocumentType.DRIVING_LICENCE or state not in _OF_LICENCES_ALONE
        }
        for kind in KINDS
    }
    return _csv("kind", "state", KINDS, STATES, withhold(counts, threshold), label_lines=True)


def _csv(
    line_name: str,
    column_name: str,
    lines: Mapping[str, tuple[str, str]],
    columns: Mapping[str, tuple[str, str]],
    table: Published,
    *,
    label_lines: bool,
) -> bytes:
    """RFC 4180, one row a figure. The names of lines are written out where they are no months."""
    out = io.StringIO()
    rows = csv.writer(out)
    label = (f"{line_name}_fr", f"{line_name}_en") if label_lines else ()
    rows.writerow(
        [line_name, *label, column_name, f"{column_name}_fr", f"{column_name}_en", "count", "status"]
    )
    for line, column, count in _figures(table):
        names = lines.get(line, _ALL) if label_lines else ()
        told = ("", "withheld") if count is None else (count, "published")
        rows.writerow([line, *names, column, *columns.get(column, _ALL), *told])
    return out.getvalue().encode()


def _figures(table: Published) -> list[tuple[str, str, int | None]]:
    found = []
    for line, row in table.cells.items():
        found += [(line, column, count) for column, count in row.items()]
        found.append((line, ALL, table.lines[line]))
    found += [(ALL, column, count) for column, count in table.columns.items()]
    return [*found, (ALL, ALL, table.total)]
