"""How dense the codes are, against the bounds of credentials/limits.py and the table of FORMAT.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from credentials.limits import QR_VERSION_L, QR_VERSION_M
from credentials.spec import Form
from tests import sizes

FORMAT = Path(__file__).resolve().parents[2] / "credentials" / "FORMAT.md"


@pytest.fixture(scope="module")
def rows() -> list[sizes.Size]:
    return list(sizes.sizes())


def test_road_check_in_cbor_up_to_ten_categories_stays_within_18_l_and_21_m(rows):
    """Without a portrait, ten categories and long names included; the margin is printed."""
    bounded = [
        row
        for row in rows
        if row.form is Form.CBOR and "road_check" in row.what and "portrait" not in row.what
    ]
    assert len(bounded) == 4
    for row in bounded:
        print(f"{row.what}: {row.envelope_bytes} bytes, {694 - row.envelope_bytes} left at 18-L")
        assert row.version_l is not None
        assert row.version_l <= QR_VERSION_L
        assert row.version_m is not None
        assert row.version_m <= QR_VERSION_M


def test_every_code_in_cbor_is_under_the_ceiling(rows):
    """Portraits included."""
    assert [row.what for row in rows if row.form is Form.CBOR and row.version_l is None] == []


def test_both_documents_can_be_shown_in_both_forms(rows):
    """The JWT form has only the ceiling of 30-L: up to three categories are under it, with and without paper."""
    for what in ("road_check, 3 categories", "care", "proof, 3 categories", "age_over_18"):
        assert [row.version_l is not None for row in rows if row.what == what] == [True, True], what


def test_sizes_depend_on_neither_keys_nor_chance(rows):
    """The table can be printed in FORMAT.md: measuring twice gives the same."""
    assert list(sizes.sizes()) == rows


def test_format_page_shows_the_measured_table():
    """FORMAT.md holds the table that `python -m tests.sizes` prints."""
    assert sizes.table() in FORMAT.read_text(encoding="utf-8")
