"""Every claim of a document, once: field, key, name, type, ISO 18013-5 element, source.

Both codecs, the schema in FORMAT.md and the table of fields are made from these rows, so that a field cannot exist
in one form only. Keys are never reused.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Final, NamedTuple

from . import value_types as types
from .value_types import ValueType
from .views import VIEW_SPECS, View

KEY_VIEW: Final = 0
IGNORED_KEYS: Final = range(-24, 0)  # a reader that lags a month behind skips these, and `x_...` in JSON
IGNORED_PREFIX: Final = "x_"


class Row(NamedTuple):
    """One claim. `field` is also its name in JSON and in the verdict."""

    field: str
    key: int
    type: ValueType
    iso: str | None
    source: str


_ROWS = (
    Row("family_name", 1, types.TEXT, "family_name", "ISO 18013-5, 7.2.1"),
    Row("given_names", 2, types.TEXT, "given_name", "ISO 18013-5, 7.2.1"),
    Row("birth_date", 3, types.BIRTH_DATE, "birth_date", "ISO 18013-5, 7.2.1"),
    Row("licence_number", 4, types.TEXT, "document_number", "directive 2006/126, annex I, 5"),
    Row("issue_date", 5, types.DAY, "issue_date", "directive 2006/126, annex I, 4a"),
    Row("expiry_date", 6, types.DAY, "expiry_date", "directive 2006/126, annex I, 4b"),
    Row("neph", 7, types.TEXT, "administrative_number", "CR R225-1"),
    Row("categories", 8, types.PRIVILEGES, "driving_privileges", "CR R221-4"),
    Row("points", 9, types.POINTS, None, "CR L223-1"),
    Row("points_entry", 10, types.LIST_ENTRY, None, "FORMAT.md, section 8"),
    Row("probation_end", 11, types.DAY, None, "CR R223-1"),
    Row("portrait", 12, types.PICTURE, "portrait", "ISO 18013-5, 7.2.1"),
    Row("age_over_18", 13, types.FLAG, "age_over_18", "ISO 18013-5, 7.2.5"),
    Row("insured_nir", 14, types.NIR, None, "CSS R161-33-1"),
    Row("beneficiary_nir", 15, types.NIR, None, "CSS R161-33-1"),
    Row("scheme", 16, types.TEXT, None, "CSS R161-33-1"),
    Row("fund", 17, types.TEXT, None, "CSS R161-33-1"),
    Row("centre", 18, types.TEXT, None, "CSS R161-33-1"),
    Row("rights", 19, types.RIGHTS, None, "CSS R161-33-1"),
    Row("rights_as_of", 20, types.INSTANT, None, "CSS R161-33-1"),
    Row("rights_source", 21, types.TEXT, None, "CSS R161-33-1"),
    Row("exemption_ald", 22, types.FLAG, None, "CSS R161-33-1"),
    Row("exemption_c2s", 23, types.FLAG, None, "CSS R161-33-1"),
)
ROWS: Final = {row.field: row for row in _ROWS}


class ViewRows(NamedTuple):
    """The rows of one view in the order of their keys, and the fields that may be absent."""

    rows: tuple[Row, ...]
    optional: frozenset[str]

    def missing(self, present: set[str]) -> bool:
        """Whether a required claim is not among `present`."""
        return any(row.field not in present and row.field not in self.optional for row in self.rows)


def _rows_of(view: View) -> ViewRows:
    subject = fields(VIEW_SPECS[view].subject)
    rows = sorted((ROWS[field.name] for field in subject), key=lambda row: row.key)
    optional = {field.name for field in subject if field.default is not MISSING} | {"beneficiary_nir"}
    return ViewRows(tuple(rows), frozenset(optional & {field.name for field in subject}))


VIEW_ROWS: Final = {view: _rows_of(view) for view in View}
