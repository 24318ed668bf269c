"""A NIR and a licence number pushed through every operation come out nowhere: no log, no metric, no error body (T47).

The operations are those of the OpenAPI document, so a route that is added is pushed too. Each gets the canary at every
path, query and header place, in every text of its body, as an unknown member, as broken JSON and as another media type,
with the role that it admits, another one, and nobody.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import pytest

from wallet_api import problem_documents, telemetry
from wallet_api.roles import AccessRole

NIR = "2 84 07 75 999 123 45"
LICENCE = "29ZZ98765"
_DIGITS = NIR.replace(" ", "")
SPELLINGS = (
    _DIGITS,
    NIR,
    NIR.replace(" ", "-"),
    NIR.replace(" ", "."),
    base64.b64encode(_DIGITS.encode()).decode(),
    base64.urlsafe_b64encode(NIR.encode()).decode().rstrip("="),
    _DIGITS.encode().hex(),
    LICENCE,
    LICENCE.lower(),
    base64.b64encode(LICENCE.encode()).decode(),
)
TOGETHER = " ".join(SPELLINGS)
METHODS = ("get", "post", "put", "patch", "delete")
_SEPARATORS = re.compile(r"%20|\+|[\s.\-_]")
_MARKS = tuple({_SEPARATORS.sub("", one).lower() for one in SPELLINGS})


def leaks(text: str) -> bool:
    """Whether a text holds the canary in any spelling, whatever separates its parts."""
    plain = _SEPARATORS.sub("", text).lower()
    return any(mark in plain for mark in _MARKS)


@dataclass
class Pushed:
    """What was sent, and where the canary came out."""

    requests: int = 0
    operations: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    leaked: list[str] = field(default_factory=list)


class _Lines(logging.Handler):
    """Every record of every logger, as the service's own formatter writes it and as Python would."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._plain, self._own = logging.Formatter(), telemetry._JsonLines()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] not in {"httpx", "httpx2", "asyncio"}:  # the client's own
            self.lines += [
                self._plain.format(record),
                self._own.format(record),
                str(vars(record).get("lp", "")),
            ]


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """What is logged."""
    handler, root = _Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.setLevel(level)
    root.removeHandler(handler)


def _bodies(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Media type and content: nothing, texts replaced, one more member, broken, of another kind."""
    yield "", b""
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, described in content.items():
        schema = _resolved(described.get("schema", {}), document)
        for canary in (_DIGITS, LICENCE, TOGETHER):
            filled = dict.fromkeys(schema.get("properties", {}), canary)
            if "json" in media_type:
                yield media_type, json.dumps({**filled, canary: canary}).encode()
                yield media_type, json.dumps(filled).encode()
                yield media_type, f'{{"{canary}": "{canary}'.encode()
                nested = {name: {canary: canary, f"{canary}2": {canary: 1}} for name in filled}
                yield media_type, json.dumps(nested).encode()
                yield media_type, json.dumps([canary, {canary: {canary: canary}}]).encode()
            else:
                yield media_type, "&".join(f"{name}={quote(canary)}" for name in [*filled, canary]).encode()
                yield media_type, f"act,licence_id,{canary}\n{canary},{canary},{canary}\n".encode()
        yield f"text/{LICENCE}; name={_DIGITS}", TOGETHER.encode()
        yield media_type, b"\xff\xfe" + TOGETHER.encode("utf-16-le")


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _paths(path: str) -> Iterator[str]:
    """The address with the canary in each of its places, in the query, and behind it."""
    for canary in (_DIGITS, quote(NIR), LICENCE):
        yield re.sub(r"\{[^}]+\}", canary, path)
    fitting = re.sub(r"\{[^}]+\}", "0" * 32, path)
    yield f"{fitting}?{_DIGITS}={LICENCE}&cursor={LICENCE}&limit={_DIGITS}&at={quote(NIR)}&dry_run={_DIGITS}"
    yield f"{fitting}/{_DIGITS}"


HEADERS = (
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "DPoP",
    "Accept",
    "Accept-Language",
    "User-Agent",
    "Cookie",
)


def push(client: Any, tokens: dict[str, str], lines: list[str], under: str = "/") -> Pushed:
    """Send everything to what lies `under`; look at each refusal, then at what was logged and counted meanwhile."""
    document, done = client.app.openapi(), Pushed()
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item and path.startswith(under):
                done.operations += 1
                _push_operation(client, method, path, item[method], document, tokens, done)
                if found := [one for one in lines if leaks(one)]:
                    done.leaked.append(f"{method} {path}: logged {len(found)} times")
                lines.clear()
    if leaks(client.get("/metrics").text):
        done.leaked.append("GET /metrics")
    return done


def _push_operation(
    client: Any,
    method: str,
    path: str,
    operation: dict[str, Any],
    document: dict[str, Any],
    tokens: dict[str, str],
    done: Pushed,
) -> None:
    fitting = re.sub(r"\{[^}]+\}", "0" * 32, path)
    sent = [(where, "", b"", {}) for where in _paths(path)]
    sent += [(fitting, kind, body, {}) for kind, body in _bodies(operation, document)]
    sent += [(fitting, "", b"", {name: canary}) for name in HEADERS for canary in (_DIGITS, TOGETHER)]
    roles = [one for one in operation.get("x-roles", tokens) if one in tokens] or [*tokens]
    bearers = [f"Bearer {tokens[roles[0]]}", None, f"Bearer {TOGETHER}", f"DPoP {_DIGITS}"]
    bearers += [f"Bearer {tokens[one]}" for one in tokens if one not in roles][:1]
    for number, (where, kind, body, more) in enumerate(sent):
        bearer = bearers[0] if kind else bearers[number % len(bearers)]
        headers = {"Idempotency-Key": f"key-of-canary-{done.requests:06}", **more}
        if kind:
            headers["Content-Type"] = kind
        if bearer is not None:
            headers["Authorization"] = bearer
        answer = client.request(method, where, content=body, headers=headers)
        done.requests += 1
        done.statuses[answer.status_code] = done.statuses.get(answer.status_code, 0) + 1
        said = answer.text + " ".join(f"{name}: {value}" for name, value in answer.headers.items())
        if answer.status_code >= 400 and leaks(said):
            done.leaked.append(f"{method} {path}: told in an answer {answer.status_code}")
        if answer.status_code >= 500 and answer.status_code != 503:
            done.leaked.append(f"{method} {path}: failed with {answer.status_code}")


@pytest.fixture
def tokens(keys_of_roles) -> dict[str, str]:
    """A token of each role, by the role's word."""
    return {role.value: keys_of_roles[role] for role in AccessRole}


@pytest.fixture(params=["sqlite"])
def settings(made_home, tmp_path):
    """What is told is told by the same code on both engines."""
    shutil.copytree(made_home.home, tmp_path / "home")
    return replace(made_home, home=tmp_path / "home")


def test_canary_comes_out_nowhere(client, tokens, lines, capfd):
    """Every operation, every place."""
    done = push(client, tokens, lines)
    assert done.leaked == []
    assert done.operations == sum(
        method in item for item in client.app.openapi()["paths"].values() for method in METHODS
    )
    assert done.requests > 20 * done.operations
    assert {401, 403, 404, 422} <= done.statuses.keys()  # each kind of refusal was met
    spoken = capfd.readouterr()
    assert not leaks(spoken.out + spoken.err)


@pytest.mark.parametrize("spelling", [*SPELLINGS, quote(NIR), "28407.75999-12345", f"x{LICENCE.lower()}y"])
def test_spelling_is_recognised(spelling):
    """The check can see each of them, and nothing in a text without one."""
    assert leaks(f"some words {spelling} and more")
    assert not leaks("some words, 2026-11-22T12:00:00Z, 019a4b7c5e2070318a4d6f0b2c9e1d57")


def test_planted_echo_is_found(client, tokens, lines, monkeypatch):
    """A problem document that repeats the address."""
    render = problem_documents.render

    def echoing(problem, request, **more):
        answer = render(problem, request, **more)
        answer.headers["X-Asked"] = str(request.url)
        return answer

    monkeypatch.setattr(problem_documents, "render", echoing)
    assert any(
        "told in an answer" in one for one in push(client, tokens, lines, "/authority/proposals").leaked
    )


def test_planted_log_line_is_found(client, tokens, lines, monkeypatch):
    """A refusal that logs what was sent."""
    known = problem_documents._known_fields

    def telling(error, declared):
        logging.getLogger("wallet_api").warning("refused %s", error.errors())
        return known(error, declared)

    monkeypatch.setattr(problem_documents, "_known_fields", telling)
    assert any("logged" in one for one in push(client, tokens, lines, "/authority/licences/searches").leaked)
