"""The names of the project: what a room shows, and the house words."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("credentials", "verifier", "keys", "wallet_api", "mobile_sim")
BANNED = frozenset(
    {"manager", "helper", "helpers", "handler", "processor", "utils", "util", "common", "data", "info"}
)
# `info` is the name RFC 9180 gives to the context a sealed text is bound to; the other is the web framework's own method.
WORDS_OF_A_STANDARD = frozenset({"hpke_info", "enrolment_info", "get_route_handler"})


def _files(room: str) -> Iterator[Path]:
    return (
        file for file in sorted((ROOT / room).rglob("*.py")) if "build" not in file.relative_to(ROOT).parts
    )


def _shown(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }


@pytest.mark.parametrize("room", ROOMS)
def test_all_of_a_room_is_what_can_be_imported(room):
    """`__all__` of a room's front names what it has, nothing less and nothing more."""
    module = importlib.import_module(room)
    declared = getattr(module, "__all__", ())
    assert len(set(declared)) == len(declared)
    assert [name for name in declared if not hasattr(module, name)] == []
    assert _shown(module) - set(declared) == set()


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def _defined(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_class_or_function_has_a_drawer_name(room):
    """Things are named after what they are, never after a role in a pattern."""
    named = [
        (file.relative_to(ROOT).as_posix(), name)
        for file in _files(room)
        for name in (file.stem, *_defined(ast.parse(file.read_text(encoding="utf-8"))))
    ]
    assert [
        (path, name) for path, name in named if name not in WORDS_OF_A_STANDARD and _words(name) & BANNED
    ] == []


def test_drawer_names_are_recognised():
    """The rule above can fail."""
    assert _words("KeyManager") & BANNED
    assert _words("read_card_info") & BANNED
    assert not _words("information_notice") & BANNED
