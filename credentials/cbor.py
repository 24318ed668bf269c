"""Deterministic CBOR (RFC 8949, section 4.2.1): one value has one encoding, and only that one is read.

What the gate `scan` lets through:

1. Every length and integer in its shortest form; definite lengths; nothing after the item.
2. Map keys are integers or text, each once, in the bytewise order of their encodings (1000 before "a", 24 before -1).
3. No float, no undefined, no simple value but false, true and null; text is valid UTF-8.
4. No tag but 18 (COSE_Sign1, RFC 9052).
5. Nesting at most 6 (an array, a map and a tag each count one), at most 256 items (each key, value, element and
   container is one), lengths within what is left of the input: nothing is allocated on a stranger's word.

Hence the property that tests confirm: a byte string passes exactly when encoding its value gives it back, within
those bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .errors import Malformed

__all__ = ["MAX_DEPTH", "MAX_ITEMS", "SIGN1_TAG", "Tagged", "Value", "decode", "encode", "scan"]


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag number and the value under it."""

    tag: int
    value: Value


Value: TypeAlias = "int | bytes | str | bool | None | list[Value] | dict[int | str, Value] | Tagged"

MAX_DEPTH = 6
"""Arrays, maps and tags inside one another, the outermost counted."""
MAX_ITEMS = 256
"""Data items in one input, containers and keys counted; a list format that needs more says so at its call."""
SIGN1_TAG = 18
"""COSE_Sign1 (RFC 9052, section 4.2), the one tag in use."""

_LARGEST = 2**64 - 1
_SMALLEST = -(2**64)


def encode(value: object) -> bytes:
    """Return the deterministic encoding of `value`.

    Takes int within 64 bits, bytes, str, bool, None, list or tuple, dict with int or str keys, `Tagged`; anything
    else, floats included, raises `TypeError`. An integer beyond 64 bits raises `OverflowError`.
    """
    out = bytearray()
    _write(out, value)
    return bytes(out)


def scan(data: bytes, *, max_items: int = MAX_ITEMS) -> None:
    """Raise `Malformed` unless `data` is exactly one item in the one encoding of its value."""
    _Reader(data, max_items).whole()


def decode(data: bytes, *, max_items: int = MAX_ITEMS) -> Value:
    """Return the value of `data`; raises `Malformed` under the rules of `scan`.

    Values are int, bytes, str, bool, None, list, dict in the order of the input, and `Tagged`.
    """
    return _Reader(data, max_items).whole()


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major | argument,))
    if argument < 0x100:
        return bytes((major | 24, argument))
    if argument < 0x1_0000:
        return bytes((major | 25,)) + argument.to_bytes(2, "big")
    if argument < 0x1_0000_0000:
        return bytes((major | 26,)) + argument.to_bytes(4, "big")
    return bytes((major | 27,)) + argument.to_bytes(8, "big")


def _write(out: bytearray, value: object) -> None:
    kind = type(value)
    if kind is str:
        text = value.encode("utf-8")  # type: ignore[attr-defined]
        out += _head(0x60, len(text))
        out += text
    elif kind is int:
        out += _head(0x00, value) if value >= 0 else _head(0x20, -1 - value)  # type: ignore[operator,arg-type]
    elif kind is bytes:
        out += _head(0x40, len(value))  # type: ignore[arg-type]
        out += value  # type: ignore[arg-type]
    elif kind is dict:
        _write_map(out, value)  # type: ignore[arg-type]
    elif kind is list or kind is tuple:
        out += _head(0x80, len(value))  # type: ignore[arg-type]
        for element in value:  # type: ignore[attr-defined]
            _write(out, element)
    elif value is False:
        out.append(0xF4)
    elif value is True:
        out.append(0xF5)
    elif value is None:
        out.append(0xF6)
    else:
        _write_other(out, value)


def _write_other(out: bytearray, value: object) -> None:
    if isinstance(value, Tagged):
        out += _head(0xC0, value.tag)
        _write(out, value.value)
    elif isinstance(value, int):
        _write(out, int(value))  # an IntEnum member
    elif isinstance(value, str):
        _write(out, str.__str__(value))  # a StrEnum member
    elif isinstance(value, (bytearray, memoryview)):
        _write(out, bytes(value))
    elif isinstance(value, Mapping):
        _write_map(out, value)
    else:
        raise TypeError(f"{type(value).__name__} has no place in our CBOR")


def _write_map(out: bytearray, members: Mapping[object, object]) -> None:
    keyed = []
    for key, value in members.items():
        if isinstance(key, bool) or not isinstance(key, (int, str)):
            raise TypeError("the keys of our CBOR maps are integers and text")
        keyed.append((encode(key), value))
    keyed.sort(key=_first)
    out += _head(0xA0, len(keyed))
    for encoded, value in keyed:
        out += encoded
        _write(out, value)


def _first(pair: tuple[bytes, object]) -> bytes:
    return pair[0]


class _Reader:
    def __init__(self, data: bytes, max_items: int) -> None:
        self.data = data
        self.at = 0
        self.items = max_items

    def whole(self) -> Value:
        value = self.item(MAX_DEPTH)
        if self.at != len(self.data):
            raise Malformed("CBOR: bytes follow the item")
        return value

    def take(self, count: int) -> bytes:
        start = self.at
        if count > len(self.data) - start:
            raise Malformed("CBOR: a length reaches beyond the end")
        self.at = start + count
        return self.data[start : start + count]

    def head(self) -> tuple[int, int]:
        first = self.take(1)[0]
        low = first & 0x1F
        if low < 24:
            return first >> 5, low
        if low > 27 or first >= 0xE0:
            raise Malformed("CBOR: a length without end, a float or a simple value")
        size = 1 << low - 24
        argument = int.from_bytes(self.take(size), "big")
        if argument < (24 if size == 1 else 1 << 4 * size):
            raise Malformed("CBOR: a number is not in its shortest form")
        return first >> 5, argument

    def item(self, depth: int) -> Value:
        self.items -= 1
        if self.items < 0:
            raise Malformed("CBOR: too many items")
        major, argument = self.head()
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return self.take(argument)
        if major == 3:
            return self.text(argument)
        if major == 7:
            return self.simple(argument)
        if depth == 0:
            raise Malformed("CBOR: nested too deeply")
        if major == 4:
            return self.array(argument, depth - 1)
        if major == 5:
            return self.map(argument, depth - 1)
        if argument != SIGN1_TAG:
            raise Malformed("CBOR: a tag that is not in use")
        return Tagged(argument, self.item(depth - 1))

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("CBOR: a text is not UTF-8") from None

    def simple(self, argument: int) -> bool | None:
        if argument == 20:
            return False
        if argument == 21:
            return True
        if argument == 22:
            return None
        raise Malformed("CBOR: a simple value that is not in use")

    def array(self, count: int, depth: int) -> list[Value]:
        if count > len(self.data) - self.at:
            raise Malformed("CBOR: a length reaches beyond the end")
        return [self.item(depth) for _ in range(count)]

    def map(self, count: int, depth: int) -> dict[int | str, Value]:
        if 2 * count > len(self.data) - self.at:
            raise Malformed("CBOR: a length reaches beyond the end")
        members: dict[int | str, Value] = {}
        last = b""
        for _ in range(count):
            start = self.at
            key = self.item(0)
            if isinstance(key, bool) or not isinstance(key, (int, str)):
                raise Malformed("CBOR: a map key is neither an integer nor text")
            encoded = self.data[start : self.at]
            if encoded <= last:
                raise Malformed("CBOR: map keys are out of order or repeated")
            last = encoded
            members[key] = self.item(depth)
        return members
