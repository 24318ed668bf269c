"""What a refusal says: what is wrong, then what to do, in both languages, short, and true of the limits that it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from wallet_api.authority.limits_of_measures import LIMITS
from wallet_api.edge import MAX_BODY_BYTES
from wallet_api.openapi.document import described_routes
from wallet_api.problems import PROBLEMS, Problem

LONGEST = 170
ALL_OF_IT_IS_WHAT_TO_DO = {"idempotency-key-missing"}
_SECOND_CLAUSE = re.compile(r"\S ?[;:] \S|[.?] [A-ZÉ]")


def lacking(row: Problem) -> Iterator[str]:
    """What a row of the catalogue lacks, by language."""
    for language, text in (("fr", row.fr), ("en", row.en)):
        if len(text) > LONGEST:
            yield f"{row.code} ({language}): {len(text)} characters"
        if not _SECOND_CLAUSE.search(text) and row.code not in ALL_OF_IT_IS_WHAT_TO_DO:
            yield f"{row.code} ({language}): no second clause that says what to do"


def test_every_problem_says_what_to_do() -> None:
    """A sentence that stops at what is wrong leaves its reader there."""
    assert [one for row in PROBLEMS.values() for one in lacking(row)] == []


@pytest.mark.parametrize(
    ("planted", "expected"),
    [
        ({"fr": "Aucun objet à cette adresse."}, "not-found (fr): no second clause that says what to do"),
        ({"en": "There is nothing here; " + "x" * LONGEST}, "not-found (en): 193 characters"),
    ],
)
def test_text_without_a_next_step_is_named(planted: dict[str, str], expected: str) -> None:
    """The test above can fail."""
    assert list(lacking(replace(PROBLEMS["not-found"], **planted))) == [expected]


def test_limits_in_texts_are_those_in_force() -> None:
    """A number in a sentence follows the table that it repeats."""
    limits = LIMITS[-1]
    assert (limits.suspension_months, limits.suspension_months_grave, limits.restriction_months) == (
        6,
        12,
        12,
    )
    assert "six months" in PROBLEMS["measure-too-long"].en
    assert f"{MAX_BODY_BYTES // 1024} KiB" in PROBLEMS["too-large"].en
    assert f"{MAX_BODY_BYTES // 1024} Kio" in PROBLEMS["too-large"].fr


def test_addresses_in_texts_exist(application, client) -> None:
    """Who is sent to a page finds one."""
    texts = " ".join(f"{row.fr} {row.en}" for row in PROBLEMS.values())
    told = set(re.findall(r"/[a-z]+(?:[./][a-z]+)*", texts.replace("`", " "))) - {"/"}
    known = {one.path for one in described_routes(application.routes)}
    assert {"/docs.json", "/readyz", "/authority/offences"} == told
    assert told <= known | {"/docs.json"}
    assert client.get("/docs.json").status_code == 200
