"""The examples of answers keep the rules that a reader knows: points, dates, notices, proposals, figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI

from credentials.spec import DocumentType
from wallet_api.citizens.notice_texts import texts
from wallet_api.citizens.notices import Notice, NoticeTopic
from wallet_api.points.offences import offence_on
from wallet_api.problems import PROBLEMS

PROBLEM_JSON = "application/problem+json"
# The first is before the second wherever both are told.
IN_ORDER = (
    *(
        ("since", "until"),
        ("created_at", "expires_at"),
        ("starts_at", "ends_at"),
        ("issued_at", "expires_at"),
    ),
    *(("committed_on", "on"), ("first_day", "last_day"), ("recorded_at", "released_at")),
    *(("created_at", "finished_at"), ("first_month", "last_month")),
)
DECIDED = {"approved", "refused"}


@pytest.fixture(scope="module")
def document(application: FastAPI) -> dict[str, Any]:
    """The document as it is served."""
    made: dict[str, Any] = json.loads(json.dumps(application.openapi()))
    return made


def answers(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each example of an answer that is no problem, with its operation."""
    for item in document["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                for kind, body in answer.get("content", {}).items():
                    if kind != PROBLEM_JSON and "example" in body:
                        yield operation["operationId"], body["example"]


def objects(told: Any) -> Iterator[dict[str, Any]]:
    """The object and those in it."""
    if isinstance(told, dict):
        yield told
    for one in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from objects(one)


def contradictions(document: dict[str, Any]) -> list[str]:
    """The examples that a rule forbids, by operation."""
    return [f"{name}: {word}" for name, told in answers(document) for word in _said_wrongly(told)]


def _said_wrongly(told: Any) -> Iterator[str]:
    text = json.dumps(told, ensure_ascii=False)
    if '"exemple"' in text or "Une phrase" in text:
        yield "a word that stands for nothing"
    for one in objects(told):
        for rule in (_points, _dates, _notice, _offence, _decision, _figures, _refused):
            yield from rule(one)


def _points(one: dict[str, Any]) -> Iterator[str]:
    if "balance" not in one:
        return
    if not 0 <= one["balance"] <= one["cap"] <= 12:
        yield f"balance {one['balance']} with cap {one['cap']}"
    if "state" in one and (one["state"] == "INVALIDE") != (one["balance"] == 0):
        yield f"{one['state']} with {one['balance']} points"
    following = one.get("next_change") or one.get("next_return")
    if following and (following not in one["calendar"] or following["on"] <= one["as_of"][:10]):
        yield f"a next change on {following['on']}"


def _dates(one: dict[str, Any]) -> Iterator[str]:
    for first, second in IN_ORDER:
        if one.get(first) and one.get(second) and one[first] > one[second]:
            yield f"{second} before {first}"
    for before in ("since", "created_at", "starts_at"):
        for after in ("until", "expires_at", "ends_at"):
            if one.get(before) and one.get(before) == one.get(after):
                yield f"{after} with {before}"
    if one.get("in_force") and one.get("lifted_at"):
        yield "lifted and in force"


def _notice(one: dict[str, Any]) -> Iterator[str]:
    if "topic" not in one or "notice_id" not in one:
        return
    topic, kind = NoticeTopic(one["topic"]), DocumentType(one["document_type"])
    said = tuple((one[language]["title"], one[language]["text"]) for language in ("fr", "en"))
    if said != texts(Notice(topic, kind, "", date.fromisoformat(one["on"]))):
        yield f"no text of {topic}"


def _offence(one: dict[str, Any]) -> Iterator[str]:
    code, day = one.get("offence"), one.get("committed_on") or one.get("first_day")
    if not code or not day:
        return
    kind = offence_on(code, date.fromisoformat(day))
    if kind is None or (kind.points, kind.offence_class) != (one["points"], one["offence_class"]):
        yield f"{code} of {one['points']} points"
    elif one.get("offence_fr", kind.fr) != kind.fr or one.get("offence_en", kind.en) != kind.en:
        yield f"another text of {code}"


def _decision(one: dict[str, Any]) -> Iterator[str]:
    if "proposal_id" not in one:
        return
    if (one["state"] in DECIDED) != (one["decided_at"] is not None):
        yield f"{one['state']} and decided at {one['decided_at']}"
    if (one["state"] == "approved") != (one["act_id"] is not None):
        yield f"{one['state']} and act {one['act_id']}"


def _figures(one: dict[str, Any]) -> Iterator[str]:
    if "percentage" in one and one["percentage"] != 100 * (one["done"] + one["failed"]) // one["total"]:
        yield f"{one['percentage']} %"
    if one.get("failed", 0) > one.get("answers", one.get("failed", 0)):
        yield "more failures than answers"
    if (one.get("at_least") or 0) % 10:
        yield f"a count of {one['at_least']}, which would be withheld or rounded"
    if one.get("availability") is not None and not 0 <= one["availability"] <= 1:
        yield f"availability {one['availability']}"


def _refused(one: dict[str, Any]) -> Iterator[str]:
    row = PROBLEMS.get(one.get("code", "")) if "line" in one else None
    if "line" in one and "code" in one and (row is None or (row.fr, row.en) != (one["fr"], one["en"])):
        yield f"no text of {one['code']}"


def test_no_example_of_an_answer_contradicts_the_rules(document: dict[str, Any]) -> None:
    """What a reader sees could have been answered."""
    assert contradictions(document) == []


@pytest.mark.parametrize(
    ("name", "planted", "expected"),
    [
        ("readMyPoints", {"cap": 1}, "balance 5 with cap 1"),
        ("readMyPoints", {"state": "INVALIDE"}, "INVALIDE with 5 points"),
        ("readMyPoints", {"calendar": []}, "a next change on 2029-10-30"),
        ("suspendLicence", {"until": "2026-11-25T09:35:00Z"}, "until with since"),
        ("suspendLicence", {"until": "2026-11-24T09:35:00Z"}, "until before since"),
        ("readProposal", {"decided_at": "2026-11-25T09:30:00Z"}, "open and decided at 2026-11-25T09:30:00Z"),
        ("readProposal", {"act_id": "0" * 32}, f"open and act {'0' * 32}"),
        ("readBatch", {"percentage": 41}, "41 %"),
        ("readQuality", {"availability": 2}, "availability 2"),
        (
            "readQuality",
            {"verdicts": [{"code": "OK", "at_least": 1}]},
            "a count of 1, which would be withheld or rounded",
        ),
        (
            "submitBatch",
            {"problems": [{"line": 1, "code": "not-found", "fr": "?", "en": "?"}]},
            "no text of not-found",
        ),
        ("readLicence", {"title": "exemple"}, "a word that stands for nothing"),
    ],
)
def test_contradiction_is_named(
    document: dict[str, Any], name: str, planted: dict[str, Any], expected: str
) -> None:
    """The test above can fail, rule by rule."""
    altered = deepcopy(document)
    [told, *_] = [one for told, one in answers(altered) if told == name and planted.keys() <= one.keys()]
    told |= planted
    assert contradictions(altered) == [f"{name}: {expected}"]


def test_notice_and_offence_of_another_text_are_named(document: dict[str, Any]) -> None:
    """An error sentence is no title of a notice, and five points are not those of a phone."""
    altered = deepcopy(document)
    told = dict(answers(altered))
    told["listMyNotices"]["items"][0]["fr"]["title"] = PROBLEMS["content-refused"].fr
    told["readMyPoints"]["history"][0]["points"] = 5
    told["readPoints"]["entries"][0]["offence_class"] = "delit"
    assert sorted(contradictions(altered)) == [
        "listMyNotices: no text of points_return",
        "readMyPoints: phone of 5 points",
        "readPoints: phone of 3 points",
    ]
