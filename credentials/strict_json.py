"""JSON with one meaning: UTF-8, no duplicate member, whole numbers within 64 bits.

A text is measured (size, nesting, number of members) by a linear scan before `json` sees it, so that hostile input
costs little: no deep recursion, no number of five thousand digits, no quadratic anything.

Limits: objects and arrays nested 6 deep, the outermost counted; 256 members and elements over the whole text (an empty
container counts as one); 64 KiB.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeAlias

from .errors import Malformed, TooLarge
from .limits import JSON_BYTES, JSON_DEPTH, JSON_MEMBERS

__all__ = ["JsonValue", "decode", "encode"]

JsonValue: TypeAlias = "str | int | bool | list[JsonValue] | dict[str, JsonValue] | None"

_LARGEST = 2**64 - 1
_SMALLEST = -(2**64)
_MAX_DIGITS = 21
# A string is matched from its quote whether it ends or not: a search that failed there would begin again at each
# quote inside and take quadratic time.
_STRUCTURE = re.compile(rb'[\[{,]|[\]}]|"[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)


def decode(
    data: bytes, *, max_bytes: int = JSON_BYTES, max_members: int = JSON_MEMBERS
) -> dict[str, JsonValue]:
    """Return the object that `data` spells.

    Raises `TooLarge` beyond `max_bytes`, `Malformed` for anything else: not UTF-8, a byte order mark, not an object
    at the top, a duplicate member, a float, NaN, `-0`, an integer beyond 64 bits, a lone surrogate, too deep, too many.
    """
    if len(data) > max_bytes:
        raise TooLarge("the JSON text is larger than allowed")
    _measure(data, max_members)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("the JSON text is not UTF-8") from None
    try:
        value = _reader()(text)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("the text is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("the JSON text is not an object")
    if b"\\u" in data:
        _refuse_lone_surrogates(value)
    return value


def encode(value: Mapping[str, JsonValue]) -> bytes:
    """Return compact UTF-8 JSON in insertion order.

    Raises `TypeError` for a float or anything else that `decode` would not give back, `ValueError` for a lone surrogate.
    """
    _refuse_unspeakable(value)
    return _writer()(value).encode("utf-8")


def _measure(data: bytes, max_members: int) -> None:
    depth = members = 0
    strings = 2 * max_members + 2
    for match in _STRUCTURE.finditer(data):
        mark = data[match.start()]
        if mark == 0x22:
            strings -= 1
            if not match[1] or strings < 0:
                raise Malformed("the text is not JSON")
        elif mark in b"]}":
            depth -= 1
        else:
            members += 1
            if mark != 0x2C:
                depth += 1
        if depth > JSON_DEPTH:
            raise Malformed("the JSON text is nested too deeply")
        if members > max_members:
            raise Malformed("the JSON text holds too many members")


@functools.cache
def _reader() -> Callable[[str], JsonValue]:
    import json  # at first use: a terminal that reads the CBOR form alone never pays for it

    return json.JSONDecoder(
        object_pairs_hook=_unique, parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_whole
    ).decode


@functools.cache
def _writer() -> Callable[[object], str]:
    import json  # at first use: a terminal that reads the CBOR form alone never pays for it

    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("the JSON text holds a member twice")
    return members


def _refuse_number(_: str) -> NoReturn:
    raise Malformed("the JSON text holds a number that is not whole")


def _whole(digits: str) -> int:
    if len(digits) > _MAX_DIGITS or digits == "-0":
        raise Malformed("the JSON text holds a number out of range")
    number = int(digits)
    if not _SMALLEST <= number <= _LARGEST:
        raise Malformed("the JSON text holds a number out of range")
    return number


def _refuse_lone_surrogates(value: JsonValue) -> None:
    try:
        _writer()(value).encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed("the JSON text holds a lone surrogate") from None


def _refuse_unspeakable(value: object) -> None:
    if value is None or isinstance(value, (str, bool)):
        return
    if isinstance(value, int):
        if not _SMALLEST <= value <= _LARGEST:
            raise TypeError("an integer beyond 64 bits has no place in our JSON")
    elif isinstance(value, (list, tuple)):
        for element in value:
            _refuse_unspeakable(element)
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if not isinstance(name, str):
                raise TypeError("the members of a JSON object are named by text")
            _refuse_unspeakable(member)
    else:
        raise TypeError(f"{type(value).__name__} has no place in our JSON")
