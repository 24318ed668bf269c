"""Deterministic CBOR (RFC 8949, section 4.2.1): one value has one encoding, and only that one is read.

What `decode` and `scan` let through:

1. Every length and integer in its shortest form; definite lengths; nothing after the item.
2. Map keys are integers or text, each once, in the bytewise order of their encodings (1000 before "a", 24 before -1).
3. No float, no undefined, no simple value but false, true and null; text is valid UTF-8.
4. No tag but 18 (COSE_Sign1, RFC 9052), around the whole and nowhere else.
5. Nesting at most 6 (the tag, and each array or map that is not empty, count one), at most 256 items (the tag, each
   key, value, element and container is one), lengths within what is left of the input: nothing is allocated on a
   stranger's word.

Hence the property that tests confirm: a byte string passes exactly when encoding its value gives it back, within
those bounds.

Reading goes in two steps. The gate walks over the heads and contents, whatever their nesting, and leaves nothing but
the plain items of rules 1 to 5; only then does cbor2 build the value, checks the nesting and the texts, and hands over
each map, whose keys still stand in the order of the input.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from typing import Any, Final, NoReturn, TypeAlias

import cbor2

from .errors import Malformed
from .frozen import frozen
from .limits import CBOR_DEPTH, CBOR_ITEMS

__all__ = ["SIGN1_TAG", "Tagged", "Value", "decode", "encode", "scan"]

SIGN1_TAG: Final = 18
"""COSE_Sign1 (RFC 9052, section 2), the one tag in use."""

_SIGN1_HEAD: Final = b"\xd2"


@frozen
class Tagged:
    """The value of a tagged message, with the tag number."""

    tag: int
    value: Value


Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[int | str, Value] | Tagged | None"

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)  # major types (RFC 8949, section 3.1)
_INTEGERS: Final = {int}

# Bytes from a head to the next one, for heads of one byte; 0 where more of the head has to be seen.
_STEP: Final = [0] * 256
for _low in range(24):
    for _major in (_UINT, _NINT, _ARRAY, _MAP):
        _STEP[_major << 5 | _low] = 1
    for _major in (_BYTES, _TEXT):
        _STEP[_major << 5 | _low] = 1 + _low
for _first in (0xF4, 0xF5, 0xF6):
    _STEP[_first] = 1


def decode(data: bytes, *, max_items: int = CBOR_ITEMS) -> Value:
    """Return the value of `data`: int, bytes, str, bool, None, list, dict in the order of the input, or `Tagged`.

    Raises `Malformed` unless `data` is exactly one item under the rules above. A list format that needs more than
    256 items says so in `max_items`.
    """
    if data.startswith(_SIGN1_HEAD):
        return Tagged(SIGN1_TAG, _decode(data[1:], max_items - 1, CBOR_DEPTH - 1))
    return _decode(data, max_items, CBOR_DEPTH)


def scan(data: bytes, *, max_items: int = CBOR_ITEMS) -> None:
    """Raise `Malformed` unless `data` is exactly one item under the rules above."""
    decode(data, max_items=max_items)


def encode(value: object) -> bytes:
    """Return the deterministic encoding of `value`.

    Takes int within 64 bits, bytes, str, bool, None, list or tuple, mappings with int or str keys, and around the whole
    `Tagged`; anything else, floats included, raises `TypeError`, and an integer that has no 64-bit head `OverflowError`.
    """
    parts: list[bytes] = []
    if isinstance(value, Tagged):
        parts.append(_head(_TAG, value.tag))
        value = value.value
    _put((value,), parts.append)
    return b"".join(parts)


# ------------------------------------------------------------------------------------------------ reading


def _decode(data: bytes, max_items: int, max_depth: int) -> Value:
    _pass_gate(data, max_items)
    try:
        # A pair of the item and `undefined`, which the gate never lets through: what follows the item, or is missing
        # from it, puts something else there. The pair is one level of nesting.
        value, after = cbor2.loads(
            b"\x82" + data + b"\xf7",
            object_hook=_in_order,
            allow_duplicate_keys=False,
            allow_indefinite=False,
            max_depth=max_depth + 1,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError):
        # `from None`, here and below: the original error may carry a piece of the input.
        raise Malformed(
            "CBOR: the item is cut, nested too deeply, holds a map out of order or a text not UTF-8"
        ) from None
    if after is not cbor2.undefined:
        raise Malformed("CBOR: bytes follow the item")
    return value  # type: ignore[no-any-return]


def _pass_gate(data: bytes, max_items: int) -> None:
    """Raise `Malformed` unless `data` is a run of at most `max_items` plain heads with their contents."""
    step_of = _STEP
    at = 0
    try:
        for _ in repeat(None, max_items):
            first = data[at]
            if step := step_of[first]:
                at += step
            elif first == 0x1A:  # the common long heads in line, the others below
                if data[at + 1] == 0 == data[at + 2]:
                    _refuse_length()
                at += 5
            elif first == 0x19:
                if data[at + 1] == 0:
                    _refuse_length()
                at += 3
            elif first in (0x58, 0x78):
                if (length := data[at + 1]) < 24:
                    _refuse_length()
                at += 2 + length
            else:
                at += _long_step(data, at)
        data[at]
    except IndexError:
        # The walk has left the input: well, if right at its end.
        if at != len(data):
            raise Malformed("CBOR: a length reaches beyond the end") from None
        return
    raise Malformed("CBOR: more items than allowed")


def _long_step(data: bytes, at: int) -> int:
    """Bytes from a long head to the next one (RFC 8949, section 3)."""
    major, low = data[at] >> 5, data[at] & 0x1F
    if low > 27 or major >= _TAG:
        raise Malformed("CBOR: an indefinite length, a float, a simple value or a tag that is not in use")
    size = 1 << low - 24
    argument = int.from_bytes(data[at + 1 : at + 1 + size], "big")
    if argument < (24 if size == 1 else 1 << 4 * size):
        _refuse_length()
    if major in (_BYTES, _TEXT):
        return 1 + size + argument
    if major in (_ARRAY, _MAP) and argument > len(data) - at:
        raise Malformed("CBOR: a length reaches beyond the end")
    return 1 + size


def _refuse_length() -> NoReturn:
    raise Malformed("CBOR: a number or a length is not in its shortest form")


def _in_order(members: Any, _: bool) -> Any:  # noqa: FBT001 - the signature of cbor2's hook
    keys = [*members]
    if keys == _sorted(keys):
        return members
    raise Malformed("CBOR: map keys are out of order")


def _sorted(keys: list[Any]) -> list[Any]:
    """`keys` in the bytewise order of their encodings: integers from 0 on, then negative ones from -1 on, then texts."""
    if {*map(type, keys)} == _INTEGERS:
        rising = sorted(keys)
        first = bisect_left(rising, 0)
        return rising[first:] + rising[:first][::-1] if first else rising
    return sorted(keys, key=_rank)


def _rank(key: object) -> tuple[int, int, bytes]:
    """Where `key` stands in the bytewise order of encodings: integers, negative ones, texts by length."""
    if isinstance(key, int) and not isinstance(key, bool):
        return (_UINT, key, b"") if key >= 0 else (_NINT, -1 - key, b"")
    if isinstance(key, str):
        text = key.encode()
        return _TEXT, len(text), text
    raise TypeError("the keys of our CBOR maps are integers and texts")


# ------------------------------------------------------------------------------------------------ writing


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major << 5 | argument,))
    if argument < 0x100:
        return bytes((major << 5 | 24, argument))
    if argument < 0x1_0000:
        return (major << 21 | 25 << 16 | argument).to_bytes(3, "big")
    if argument < 0x1_0000_0000:
        return (major << 37 | 26 << 32 | argument).to_bytes(5, "big")
    if argument < 0x1_0000_0000_0000_0000:
        return (major << 69 | 27 << 64 | argument).to_bytes(9, "big")
    raise OverflowError("an integer beyond 64 bits has no place in our CBOR")


_SHORT: Final = [[_head(major, argument) for argument in range(256)] for major in range(6)]
_SHORT_UINT, _, _SHORT_BYTES, _SHORT_TEXT, _SHORT_ARRAY, _SHORT_MAP = _SHORT


def _put(values: Iterable[Any], put: Callable[[bytes], object]) -> None:
    for value in values:
        kind = type(value)
        if kind is int:
            if 0 <= value < 256:
                put(_SHORT_UINT[value])
            else:
                put(_head(_UINT, value) if value >= 0 else _head(_NINT, -1 - value))
        elif kind is str:
            text = value.encode()
            size = len(text)
            put(_SHORT_TEXT[size] if size < 256 else _head(_TEXT, size))
            put(text)
        elif kind is bytes:
            size = len(value)
            put(_SHORT_BYTES[size] if size < 256 else _head(_BYTES, size))
            put(value)
        elif kind is dict:
            _put_map(value, put)
        elif kind is list or kind is tuple:
            size = len(value)
            put(_SHORT_ARRAY[size] if size < 256 else _head(_ARRAY, size))
            _put(value, put)
        elif value is None:
            put(b"\xf6")
        elif kind is bool:
            put(b"\xf5" if value else b"\xf4")
        else:
            _put_other(value, put)


def _put_map(members: Mapping[Any, Any], put: Callable[[bytes], object]) -> None:
    size = len(members)
    put(_SHORT_MAP[size] if size < 256 else _head(_MAP, size))
    flat: list[Any] = []
    for key in _sorted([*members]):
        flat += key, members[key]
    _put(flat, put)


def _put_other(value: object, put: Callable[[bytes], object]) -> None:
    if isinstance(value, int):  # IntEnum
        _put((int(value),), put)
    elif isinstance(value, str):  # StrEnum: its text, not what __str__ was made to say
        _put((str.__str__(value),), put)
    elif isinstance(value, (bytearray, memoryview)):
        _put((bytes(value),), put)
    elif isinstance(value, Mapping):
        _put_map(value, put)
    else:
        raise TypeError(f"{type(value).__name__} has no place in our CBOR")
