"""A small run of `./run apifuzz`, and the fault that it must find."""

from __future__ import annotations

import pytest

from tests.apifuzz.__main__ import main
from tests.apifuzz.checks import fault_of
from wallet_api.problems import PROBLEMS

pytestmark = pytest.mark.slow
TYPE = b"http://127.0.0.1:8460/problems/not-found"
GOOD = b'{"type":"' + TYPE + f'","title":"{PROBLEMS["not-found"].en}","status":404}}'.encode()


def test_nothing_is_found_as_a_clerk(capsys):
    """The edges of the acts on points and of suspensions: nothing fails, and each refusal is the catalogue's."""
    acts = r"^/authority/licences/\{licence_id\}/(points|suspensions)"
    asked = ["--examples", "1", "--phases", "coverage", "--role", "clerk", "--path", acts]
    assert main(asked) == 0, capsys.readouterr().out


def test_planted_failure_is_found(capsys):
    """A search that fails for some references."""
    asked = [
        "--examples",
        "10",
        "--phases",
        "coverage,fuzzing",
        "--role",
        "clerk",
    ]  # no example of ours has the fault
    assert main([*asked, "--plant", "--path", "searches$"]) == 0
    assert "the planted fault was found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "media_type", "content"),
    [
        (404, "application/json", GOOD),
        (404, "application/problem+json", b"{"),
        (404, "application/problem+json", GOOD.replace(b"nothing", b"no 284077599912345")),
        (404, "application/problem+json", GOOD.replace(b"not-found", b"284077599912345")),
        (404, "application/problem+json", GOOD.replace(b'"status"', b'"asked":"x","status"')),
        (400, "application/problem+json", GOOD),
        (404, "application/problem+json", GOOD[:-1] + b',"fields":["body.284077599912345"]}'),
    ],
)
def test_refusal_in_other_words_is_told(status, media_type, content):
    """What an answer could repeat, or get wrong."""
    assert fault_of(status, media_type, content, {"body", "points"}) is not None


def test_refusal_of_the_catalogue_passes():
    """With the names that the interface declares."""
    content = GOOD[:-1] + b',"fields":["body.points"]}'
    assert fault_of(404, "application/problem+json; charset=utf-8", content, {"body", "points"}) is None
