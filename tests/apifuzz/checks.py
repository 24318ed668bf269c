"""What every answer must hold, registered with Schemathesis: no failure, and a refusal made of our own words alone.

A refusal is compared with the catalogue of problems, word by word: what equals it cannot repeat anything that was sent.
"""

from __future__ import annotations

import json
from typing import Any

import schemathesis

from wallet_api.problem_documents import names_in
from wallet_api.problems import PROBLEMS

MEDIA_TYPE = "application/problem+json"
_MEMBERS = {"type", "title", "status", "error", "fields"}


def fault_of(status: int, media_type: str, content: bytes, declared: set[str]) -> str | None:
    """What is wrong with a refusal, in words; None for one from the catalogue. `declared` are the interface's own names."""
    if media_type.partition(";")[0] != MEDIA_TYPE:
        return f"a refusal of {status} is no problem document"
    try:
        document = json.loads(content)
    except ValueError:
        return "a problem document that is no JSON"
    if not isinstance(document, dict) or not document.keys() <= _MEMBERS:
        return "a problem document with members of its own"
    problem = PROBLEMS.get(str(document.get("type", "")).rpartition("/problems/")[2])
    if problem is None:
        return "a problem outside the catalogue"
    if (
        document.get("title") not in {problem.fr, problem.en}
        or document.get("error", problem.error) != problem.error
    ):
        return "a problem in other words than the catalogue's"
    if document.get("status") != status or problem.status != status:
        return "a problem with another status"
    parts = {
        part
        for one in document.get("fields", ())
        for part in str(one).split(".")
        if not (part.isdigit() and len(part) < 4)
    }
    if not parts <= declared:
        return "a problem that names what nobody declared"
    return None


@schemathesis.check
def nothing_fails(_: Any, response: Any, case: Any) -> None:
    """No 5xx but 503, which says what is away."""
    if response.status_code >= 500 and response.status_code != 503:
        raise AssertionError(f"{case.operation.label}: failed with {response.status_code}")


@schemathesis.check
def refusals_are_our_own_words(_: Any, response: Any, case: Any) -> None:
    """Every 4xx and 5xx is a document of the catalogue."""
    if response.status_code < 400 or case.operation.method.upper() == "HEAD":
        return
    declared = set(names_in(case.operation.schema.raw_schema)) | {"body", "query", "path", "header"}
    media_type = (response.headers.get("content-type") or [""])[0]
    fault = fault_of(response.status_code, media_type, response.content, declared)
    if fault is not None:
        raise AssertionError(f"{case.operation.label}: {fault}")
