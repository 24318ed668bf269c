"""How inputs are spoilt: texts, bytes, values, and spellings of values that no writer of ours produces."""

from __future__ import annotations

import json
import struct
from random import Random
from typing import Any, Final

from credentials.base45 import ALPHABET

_HEADS: Final = (
    b"\x18", b"\x19\x00", b"\x1a\x00\x00", b"\x1b", b"\x38\x00", b"\x58\x00", b"\x59\x00", b"\x5b\xff\xff\xff\xff", b"\x5f",
    b"\x78\x00", b"\x7f", b"\x80", b"\x98\x00", b"\x9f", b"\xa0", b"\xb8\x00", b"\xbf", b"\xc0", b"\xc2\x41\x01", b"\xd2",
    b"\xd8\x12", b"\xf4", b"\xf5", b"\xf6", b"\xf7", b"\xf8\x20", b"\xf9\x7e\x00", b"\xfa\x3f\x80\x00\x00", b"\xfb", b"\xff",
)  # fmt: skip
_NUMBERS: Final = (
    -(2**64), -(2**63) - 1, -(2**31), -65_537, -257, -256, -25, -24, -2, -1, 0, 1, 2, 3, 11, 12, 13, 14, 15, 16, 23, 24, 25, 255, 256,
    65_535, 65_536, 131_071, 131_072, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40 - 1, 2**40, 2**53, 2**63, 2**64 - 1,
)  # fmt: skip
_TEXTS: Final = (
    "", " ", "A", "é", "e\u0301", "\u202e", "\u0000", "\ufeff", "A" * 150, "A" * 151, "x" * 900, "2036-02-30", "2036-06-02", "1990",
    "1990-13", "01.06", "B", "https://lp.example/s/l/1", "https://lp.example/s/h/1", "https://lp.example/s/l/", "anyone", "police",
    "VALID", "185057800608491", "185057800608492", "\U0001faaa", "\ud7ff",
)  # fmt: skip
_OTHERS: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    1.0,
    12.0,
    float("nan"),
    b"",
    b"\x00",
    bytes(32),
    bytes(33),
    [],
    {},
    [[]],
    [None],
)


def text_edited(text: str, draw: Random) -> str:
    """One to three edits of a text: characters of the alphabet, of another case, of another script."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        at = draw.randrange(len(text) + 1)
        match draw.randrange(9):
            case 0 | 1:
                text = text[:at] + draw.choice(ALPHABET) + text[at + 1 :]
            case 2:
                text = text[:at] + text[at + draw.choice((1, 2, 3, 30)) :]
            case 3:
                text = text[:at] + text[at : at + draw.choice((1, 3))] + text[at:]
            case 4:
                text = text[:at] + draw.choice(ALPHABET) + text[at:]
            case 5:
                text = text[:at] + text[at : at + 1].lower() + text[at + 1 :]
            case 6:
                text = text[:at]
            case 7:
                text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
            case _:
                text = (
                    text[:at]
                    + draw.choice(("\n", "\t", " ", "é", "\ud800", "\u3000", "\x00", "LP1:"))
                    + text[at:]
                )
    return text


def bytes_edited(data: bytes, draw: Random) -> bytes:
    """One to three edits of bytes: bits, lengths, pieces lost, doubled, moved, heads of CBOR put in."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        at, size = draw.randrange(len(data) + 1), draw.choice((1, 1, 2, 4, 8, 33, 64))
        match draw.randrange(8):
            case 0 | 1:
                if data:
                    at %= len(data)
                    data = data[:at] + bytes((data[at] ^ 1 << draw.randrange(8),)) + data[at + 1 :]
            case 2:
                data = data[:at] + bytes((draw.randrange(256),)) + data[at + 1 :]
            case 3:
                data = data[:at] + data[at + size :]
            case 4:
                data = data[:at] + data[at : at + size] + data[at:]
            case 5:
                data = data[:at] + draw.choice(_HEADS) + data[at + draw.randrange(3) :]
            case 6:
                other = draw.randrange(len(data) + 1)
                data = data[:at] + data[other : other + size] + data[at + draw.choice((0, size)) :]
            case _:
                data = draw.choice((data[:at], data + draw.randbytes(size), data[at:], data + data[:size]))
    return data


def value_edited(value: Any, draw: Random) -> Any:
    """A value with one to two changes somewhere in its tree."""
    for _ in range(draw.choice((1, 1, 2))):
        value = _changed(value, draw)
    return value


def _changed(value: Any, draw: Random) -> Any:
    if isinstance(value, dict) and value and draw.random() < 0.85:
        changed = dict(value)
        key = draw.choice(list(changed))
        match draw.randrange(10):
            case 0:
                del changed[key]
            case 1:
                changed[_key(key, draw)] = changed.pop(key)
            case 2:
                changed[_key(key, draw)] = draw.choice((changed[key], _leaf(draw)))
            case 3:
                other = draw.choice(list(changed))
                changed[key], changed[other] = changed[other], changed[key]
            case _:
                changed[key] = _changed(changed[key], draw)
        return changed
    if isinstance(value, list) and value and draw.random() < 0.85:
        changed_list = list(value)
        at = draw.randrange(len(changed_list))
        match draw.randrange(8):
            case 0:
                del changed_list[at]
            case 1:
                changed_list.insert(at, draw.choice((changed_list[at], _leaf(draw))))
            case 2:
                changed_list *= draw.choice((2, 13))
            case 3:
                draw.shuffle(changed_list)
            case _:
                changed_list[at] = _changed(changed_list[at], draw)
        return changed_list
    return _near(value, draw)


def _key(key: Any, draw: Random) -> Any:
    if isinstance(key, int) and not isinstance(key, bool):
        return draw.choice((key + 1, key - 1, -key, draw.choice(_NUMBERS), str(key)))
    return draw.choice((str(key) + "_", str(key).upper(), "x_later", draw.randrange(30)))


def _near(value: Any, draw: Random) -> Any:
    if draw.random() < 0.4:
        return _leaf(draw)
    if isinstance(value, bool):
        return draw.choice((not value, int(value)))
    if isinstance(value, int):
        return draw.choice(
            (
                value + 1,
                value - 1,
                -value,
                value + 86_400,
                value - 86_400,
                value * 2,
                value // 2,
                value + 1_209_600,
            )
        )
    if isinstance(value, str):
        at = draw.randrange(len(value) + 1)
        return draw.choice(
            (
                value[:at],
                value + "A",
                value[:at] + draw.choice("0123456789ABZaz .-:é") + value[at + 1 :],
                value * 2,
            )
        )
    if isinstance(value, bytes):
        return bytes_edited(value, draw)
    return _leaf(draw)


def _leaf(draw: Random) -> Any:
    return draw.choice(
        (draw.choice(_NUMBERS), draw.choice(_TEXTS), draw.choice(_OTHERS), draw.randrange(100))
    )


def sloppy_cbor(value: Any, draw: Random, sloppiness: float) -> bytes:
    """CBOR of `value` with now and then a length too long, an indefinite length, keys out of order or one twice."""

    def head(major: int, argument: int) -> bytes:
        argument &= 2**64 - 1  # what lies beyond has no head
        shortest = (
            0
            if argument < 24
            else 1
            if argument < 256
            else 2
            if argument < 65_536
            else 4
            if argument < 2**32
            else 8
        )
        size = shortest
        if draw.random() < sloppiness:
            size = draw.choice([one for one in (1, 2, 4, 8) if one > shortest] or [shortest])
        if size == 0:
            return bytes((major << 5 | argument,))
        return bytes((major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size],)) + argument.to_bytes(size, "big")

    def put(one: Any) -> bytes:
        if one is None:
            return b"\xf7" if draw.random() < sloppiness / 4 else b"\xf6"
        if isinstance(one, bool):
            return b"\xf5" if one else b"\xf4"
        if isinstance(one, int):
            return head(0, one) if one >= 0 else head(1, -1 - one)
        if isinstance(one, float):
            return b"\xfb" + struct.pack(">d", one)
        if isinstance(one, bytes | str):
            major, content = (2, one) if isinstance(one, bytes) else (3, one.encode("utf-8", "surrogatepass"))
            if draw.random() < sloppiness / 2:
                return bytes((major << 5 | 31,)) + head(major, len(content)) + content + b"\xff"
            return head(major, len(content)) + content
        if isinstance(one, list):
            parts = b"".join(put(member) for member in one)
            return b"\x9f" + parts + b"\xff" if draw.random() < sloppiness / 2 else head(4, len(one)) + parts
        pairs = sorted((_rank(key), put(key) + put(member)) for key, member in one.items())
        spelt = [pair for _, pair in pairs]
        if spelt and draw.random() < sloppiness:
            draw.shuffle(spelt)
        if spelt and draw.random() < sloppiness:
            spelt.insert(draw.randrange(len(spelt)), draw.choice(spelt))
        if draw.random() < sloppiness / 2:
            return b"\xbf" + b"".join(spelt) + b"\xff"
        return head(5, len(spelt)) + b"".join(spelt)

    return put(value)


def _rank(key: Any) -> tuple[int, Any, Any]:
    if isinstance(key, int):
        return (0, key, b"") if key >= 0 else (1, -key, b"")
    text = str(key).encode("utf-8", "surrogatepass")
    return (2, len(text), text)


def sloppy_json(value: Any, draw: Random, sloppiness: float) -> bytes:
    """JSON of `value`, now and then with spaces, escapes, a member twice, or edits of its bytes."""
    if draw.random() < sloppiness:
        value = {str(key): one for key, one in value.items()}
    try:
        text = json.dumps(
            value, ensure_ascii=draw.random() < sloppiness, indent=1 if draw.random() < sloppiness else None,
            separators=None if draw.random() < sloppiness else (",", ":"), default=lambda one: one.hex() if isinstance(one, bytes) else str(one),
        )  # fmt: skip
    except TypeError:
        text = "{}"
    data = text.encode("utf-8", "surrogatepass")
    if draw.random() < sloppiness:
        at = data.find(b",")
        if at > 0:
            data = b"{" + data[1:at] + b"," + data[1:]
    return bytes_edited(data, draw) if draw.random() < sloppiness else data
