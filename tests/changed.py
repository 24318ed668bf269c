"""A value with some fields changed, whether it is a frozen dataclass or a named tuple (`copy.replace` of Python 3.13)."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

T = TypeVar("T")


def changed(value: T, **changes: Any) -> T:
    """`value` with these fields replaced."""
    if isinstance(value, tuple):
        made: T = value._replace(**changes)  # type: ignore[attr-defined]
        return made
    return dataclasses.replace(value, **changes)  # type: ignore[type-var]
