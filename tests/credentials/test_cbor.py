"""Strict CBOR: everything that is not the one encoding of its value is refused, at every position."""

from __future__ import annotations

import functools
import io
import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credentials import cbor
from credentials.cbor import Tagged
from credentials.errors import Malformed

SAMPLES: list[Any] = [
    {
        1: "https://lp.example/i",
        4: 1_793_527_200,
        6: -1_793_527_200,
        8: {1: {1: 2, -1: 1, -2: b"x" * 32}},
        23: [True, False, None],
        24: [[7, 15_000, 23_650, ["01.06", "70"]], [300, -25, -300, []]],
        256: 2**40,
        65_535: {1: {1: 70_123, 2: "s/l/3"}},
        -1: "né",
        -70_000: b"",
        "a": {},
        "é": 2**64 - 1,
        "bb": [b"y" * 256, "z" * 256, b"w" * 65_536],
    },
    Tagged(18, [b"\xa1\x01\x26", {}, b"payload", b"s" * 64]),
    [1_000, [[[[["deep"]]]]], {"k" * 24: {"k" * 255: -(2**64)}}],
    [list(range(24)), dict.fromkeys(range(25), 0), dict.fromkeys(("", "b", "aa", "a" * 30), 1)],
]


@dataclass(frozen=True)
class Item:
    """Where an item of a good encoding stands, its major type, argument, length of its head, whether it is a key."""

    start: int
    end: int
    major: int
    argument: int
    head: int
    key: bool
    children: tuple[Item, ...]


def _parse(data: bytes, at: int, *, key: bool = False) -> Item:
    major, low = data[at] >> 5, data[at] & 31
    head = 1 if low < 24 else 1 + (1 << low - 24)
    argument = low if head == 1 else int.from_bytes(data[at + 1 : at + head], "big")
    end, children = at + head, []
    if major in {2, 3}:
        end += argument
    count = {4: argument, 5: 2 * argument, 6: 1}.get(major, 0)
    for place in range(count):
        children.append(_parse(data, end, key=major == 5 and place % 2 == 0))
        end = children[-1].end
    return Item(at, end, major, argument, head, key, tuple(children))


def _walk(item: Item) -> Iterator[Item]:
    yield item
    for child in item.children:
        yield from _walk(child)


def _places() -> Iterator[tuple[bytes, Item]]:
    for sample in SAMPLES:
        data = cbor.encode(sample)
        for item in _walk(_parse(data, 0)):
            yield data, item


def _with(data: bytes, item: Item, instead: bytes) -> bytes:
    return data[: item.start] + instead + data[item.end :]


def _refuses(data: bytes) -> None:
    for read in (cbor.decode, cbor.scan):
        with pytest.raises(Malformed) as refusal:
            read(data)
        assert len(str(refusal.value)) < 120


# ------------------------------------------------------------------------------- one rule at every position

Rule = Callable[[bytes, Item], Iterator[bytes]]


def _longer_heads(data: bytes, item: Item) -> Iterator[bytes]:
    if item.major == 7:
        yield bytes((0xF8, item.argument))
        return
    for low, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if 1 + size > item.head:
            yield (
                bytes((item.major << 5 | low,))
                + item.argument.to_bytes(size, "big")
                + data[item.start + item.head : item.end]
            )


def _indefinite(data: bytes, item: Item) -> Iterator[bytes]:
    content = data[item.start + item.head : item.end]
    if item.major in {2, 3}:
        yield bytes((item.major << 5 | 31,)) + data[item.start : item.end] + b"\xff"
        yield bytes((item.major << 5 | 31, 0xFF))
    elif item.major in {4, 5}:
        yield bytes((item.major << 5 | 31,)) + content + b"\xff"
        yield bytes((item.major << 5 | 31,)) + content
    else:
        yield bytes((item.major << 5 | 31,)) + b"\xff"


def _reserved(data: bytes, item: Item) -> Iterator[bytes]:
    content = data[item.start + item.head : item.end]
    for low in (28, 29, 30):
        yield bytes((item.major << 5 | low,)) + content


def _instead(*items: str) -> Rule:
    def rule(_: bytes, __: Item) -> Iterator[bytes]:
        return map(bytes.fromhex, items)

    return rule


def _sign1_inside(data: bytes, item: Item) -> Iterator[bytes]:
    whole = item.start == (1 if data.startswith(b"\xd2") else 0) or data[item.start] == 0xD2
    if not whole:
        for tag in ("d2", "d2d2", "d2d2d2"):
            yield bytes.fromhex(tag) + data[item.start : item.end]


def _tags(data: bytes, item: Item) -> Iterator[bytes]:
    for tag in (
        0,
        1,
        2,
        3,
        4,
        5,
        17,
        19,
        24,
        25,
        28,
        29,
        30,
        35,
        36,
        37,
        61,
        98,
        100,
        256,
        258,
        260,
        1004,
        55_799,
        2**64 - 1,
    ):
        yield cbor._head(6, tag) + data[item.start : item.end]
    yield b"\xd8\x12" + data[item.start : item.end]


def _foreign_keys(_: bytes, item: Item) -> Iterator[bytes]:
    if item.key:
        for key in (
            "40",
            "4161",
            "f4",
            "f5",
            "f6",
            "80",
            "8101",
            "a0",
            "a10101",
            "d200",
            "d280",
            "d2a0",
            "f90000",
            "f7",
        ):
            yield bytes.fromhex(key)


def _not_utf8(data: bytes, item: Item) -> Iterator[bytes]:
    for text in ("ff", "c3", "c3c3", "eda080", "f4908080", "c080", "e28282ff", "80"):
        raw = bytes.fromhex(text)
        yield bytes((0x60 | len(raw),)) + raw
    if item.major == 3:
        yield (
            data[item.start : item.end].replace("é".encode(), b"\xc3\x28")
            if "é".encode() in data[item.start : item.end]
            else b"\x61\xe9"
        )


def _beyond_the_end(data: bytes, item: Item) -> Iterator[bytes]:
    left = len(data) - item.start
    for major in (2, 3, 4, 5):
        for argument in (left + 10, 2**16 + left, 2**32 + left, 2**63, 2**64 - 1):
            yield cbor._head(major, argument)


def _key_order(data: bytes, item: Item) -> Iterator[bytes]:
    if item.major != 5 or item.argument < 2:
        return
    pairs = [
        data[key.start : value.end]
        for key, value in zip(item.children[::2], item.children[1::2], strict=True)
    ]
    head = data[item.start : item.start + item.head]
    for place in range(len(pairs) - 1):
        swapped = [*pairs]
        swapped[place], swapped[place + 1] = pairs[place + 1], pairs[place]
        yield head + b"".join(swapped)
        yield head + b"".join([*pairs[: place + 1], pairs[place], *pairs[place + 2 :]])
    yield head + b"".join(reversed(pairs))


RULES: dict[str, Rule] = {
    "number or length longer than need be": _longer_heads,
    "indefinite length": _indefinite,
    "reserved head": _reserved,
    "float": _instead(
        "f90000", "f93c00", "f97e00", "fa47c35000", "fb3ff199999999999a", "fb7ff8000000000000", "f97c00"
    ),
    "undefined, simple or break": _instead(
        "f7", "f0", "e0", "f3", "f8ff", "f820", "f814", "f815", "f816", "ff"
    ),
    "big number": _instead("c24101", "c249010000000000000000", "c349010000000000000000", "c240"),
    "other tag": _tags,
    "COSE_Sign1 inside": _sign1_inside,
    "key that is neither integer nor text": _foreign_keys,
    "text not UTF-8": _not_utf8,
    "length beyond the end": _beyond_the_end,
    "map keys out of order or repeated": _key_order,
}


@pytest.mark.parametrize("rule", RULES)
def test_fault_is_refused_at_every_position(rule):
    """One fault at a time, in place of each item of four good messages."""
    cases = 0
    for data, item in _places():
        for instead in RULES[rule](data, item):
            _refuses(_with(data, item, instead))
            cases += 1
    assert cases >= (60 if "order" in rule else 200)


def test_same_value_as_int_float_and_true_is_no_key_twice():
    """1, 1.0 and true are one key to Python and three encodings: the first alone is a key."""
    for keys in itertools.permutations(("01", "f93c00", "f5"), 2):
        _refuses(bytes.fromhex("a2" + "".join(key + "00" for key in keys)))
    for key in ("f93c00", "f5"):
        _refuses(bytes.fromhex("a1" + key + "00"))


def test_every_cut_and_every_additional_byte_is_refused():
    """A message is all of the input."""
    for sample in SAMPLES:
        data = cbor.encode(sample)
        for end in [*range(min(len(data), 600)), *range(len(data) - 20, len(data))]:
            _refuses(data[:end])
        for more in ("00", "f6", "f7", "ff", "a0", "40"):
            _refuses(data + bytes.fromhex(more))
        _refuses(data + data)


# ------------------------------------------------------------------------------- the oracle


def _plain(value: Any) -> Any:
    if isinstance(value, cbor2.CBORTag):
        return Tagged(value.tag, _plain(value.value))
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return value


def _extent(value: Any) -> tuple[int, int]:
    """Items and nesting of a value."""
    inner: list[Any] = []
    if isinstance(value, Tagged):
        inner = [value.value]
    elif isinstance(value, list):
        inner = value
    elif isinstance(value, dict):
        inner = [*value, *value.values()]
    else:
        return 1, 0
    extents = [_extent(one) for one in inner]
    return 1 + sum(items for items, _ in extents), 1 + max((depth for _, depth in extents), default=-1)


def _oracle(data: bytes) -> bool:
    """Whether re-encoding what a lax decoder understands gives the same bytes, within the bounds."""
    stream = io.BytesIO(data)
    try:
        value = _plain(cbor2.CBORDecoder(stream, tag_hook=lambda tag, _: tag).decode())
        if isinstance(value, Tagged) and value.tag != 18:
            return False
        items, depth = _extent(value)
        return cbor.encode(value) == data and items <= 256 and depth <= 6
    except Exception:  # noqa: BLE001 - whatever a lax decoder or the encoder objects to
        return False


def _accepts(data: bytes) -> bool:
    try:
        cbor.decode(data)
    except Malformed:
        return False
    return True


def test_every_input_of_up_to_two_bytes_agrees_with_the_oracle():
    """65,793 inputs, exhaustively."""
    for size in range(3):
        for raw in itertools.product(range(256), repeat=size):
            data = bytes(raw)
            assert _accepts(data) == _oracle(data), data.hex()


def test_random_items_agree_with_the_oracle():
    """60,000 inputs strung together from heads that matter."""
    order = random.Random(8949)
    heads = [bytes.fromhex(one) for one in ["00", "01", "17", "1818", "1900ff", "190100", "1a00010000", "1b0000000100000000", "20", "3818", "40", "4161", "5818", "60", "6161", "62c3a9", "7818", "80", "81", "82", "83", "a0", "a1", "a2", "a3", "d2", "d8", "c2", "f4", "f5", "f6", "f7", "f9", "fb", "ff", "9f", "bf", "5f", "7f", "98", "b8", "1801", "d81c", "d81d"]]  # fmt: skip
    accepted = 0
    for _ in range(60_000):
        data = b"".join(order.choices(heads, k=order.randrange(1, 9)))
        assert _accepts(data) == _oracle(data), data.hex()
        accepted += _accepts(data)
    assert accepted > 1_000


KEYS = st.integers(-(2**64), 2**64 - 1) | st.integers(-30, 300) | st.text(max_size=30)
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.integers(-300, 70_000) | st.binary(max_size=300)
    | st.text(max_size=300)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)
MESSAGES = VALUES | VALUES.map(functools.partial(Tagged, 18))


@given(MESSAGES)
@settings(max_examples=200)
def test_what_is_encoded_comes_back(value):
    """decode(encode(v)) == v within the bounds, and encoding that again gives the same bytes."""
    data = cbor.encode(value)
    items, depth = _extent(value)
    if items > 256 or depth > 6:
        _refuses(data)
        return
    again = cbor.decode(data)
    assert again == value
    assert cbor.encode(again) == data


@given(MESSAGES, st.data())
@settings(max_examples=200)
def test_a_changed_byte_agrees_with_the_oracle(value, data):
    """One byte changed, dropped or doubled in a good message."""
    good = cbor.encode(value)
    place = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.binary(max_size=2))
    changed = good[:place] + byte + good[place + 1 :]
    assert _accepts(changed) == _oracle(changed)


@given(MESSAGES)
@settings(max_examples=200)
def test_encoding_agrees_with_cbor2(value):
    """A second encoder writes the same bytes once the keys are put in order for it."""

    def sorted_for_cbor2(one):
        if isinstance(one, Tagged):
            return cbor2.CBORTag(one.tag, sorted_for_cbor2(one.value))
        if isinstance(one, list):
            return [sorted_for_cbor2(element) for element in one]
        if isinstance(one, dict):
            return {key: sorted_for_cbor2(one[key]) for key in sorted(one, key=cbor2.dumps)}
        return one

    assert cbor.encode(value) == cbor2.dumps(sorted_for_cbor2(value))


# ------------------------------------------------------------------------------- bounds and order


@pytest.mark.parametrize("opening", ["81", "a100", "a16161"])
def test_nesting_of_six_passes_and_of_seven_does_not(opening):
    """An array, a map under either kind of key; an empty one inside counts nothing; the tag counts one."""
    inner = bytes.fromhex(opening)
    for leaf in (b"\x00", b"\x80", b"\xa0"):
        cbor.scan(inner * 6 + leaf)
        _refuses(inner * 7 + leaf)
        cbor.scan(b"\xd2" + inner * 5 + leaf)
        _refuses(b"\xd2" + inner * 6 + leaf)


def test_256_items_pass_and_257_do_not():
    """Containers, keys and values count."""
    cbor.scan(cbor.encode([0] * 255))
    _refuses(cbor.encode([0] * 256))
    cbor.scan(cbor.encode([dict.fromkeys(range(127), 0)]))
    _refuses(cbor.encode([dict.fromkeys(range(127), 0), 0]))
    cbor.scan(cbor.encode(Tagged(18, [0] * 254)))
    _refuses(cbor.encode(Tagged(18, [0] * 255)))
    cbor.scan(cbor.encode([0] * 999), max_items=1_000)
    with pytest.raises(Malformed):
        cbor.scan(cbor.encode([0] * 1_000), max_items=1_000)


@pytest.mark.parametrize("number", [0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63, 2**64 - 1])
def test_integers_at_the_edges_of_their_forms(number):
    """Both signs, through the whole of 64 bits; beyond them nothing is written."""
    for value in (number, -1 - number):
        assert cbor.decode(cbor.encode(value)) == value
        assert cbor.encode(value) == cbor2.dumps(value)


@pytest.mark.parametrize("number", [2**64, -(2**64) - 1, 10**30])
def test_integers_beyond_64_bits_are_not_written(number):
    """In a value or in a key."""
    for value in (number, [number], {number: 0}):
        with pytest.raises(OverflowError):
            cbor.encode(value)


def test_keys_are_written_in_the_bytewise_order_of_their_encodings():
    """RFC 8949, section 4.2.1, which is not the order of RFC 7049: 24 before -1, 1000 before "a"."""
    order = [
        0,
        23,
        24,
        255,
        256,
        1_000,
        65_536,
        2**32,
        -1,
        -24,
        -25,
        -1_000,
        "",
        "a",
        "z",
        "aa",
        "é",
        "aaa",
        "b" * 24,
    ]
    shuffled = random.Random(7049).sample(order, len(order))
    written = cbor.encode(dict.fromkeys(shuffled, 0))
    assert list(cbor.decode(written)) == order
    assert sorted(order, key=cbor.encode) == order


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        {1.0: 0},
        {True: 0},
        {None: 0},
        {b"k": 0},
        {(): 0},
        {1},
        object(),
        cbor2.undefined,
        1j,
    ],
)
def test_what_has_no_place_is_not_written(value):
    """A programmer's mistake is a TypeError, inside containers too."""
    for whole in (value, [value], {1: value}, Tagged(18, value)):
        with pytest.raises(TypeError):
            cbor.encode(whole)


def test_enumerations_and_buffers_are_written_as_what_they_are():
    """IntEnum, StrEnum, bytearray, memoryview, tuple."""
    import enum

    class Number(enum.IntEnum):
        ONE = 1

    class Word(enum.StrEnum):
        GOOD = "good"

    given_value = {Number.ONE: Word.GOOD, Word.GOOD: (bytearray(b"x"), memoryview(b"y"))}
    assert cbor.encode(given_value) == cbor.encode({1: "good", "good": [b"x", b"y"]})


@pytest.mark.parametrize(
    "bomb",
    [
        b"\x81" * 1_000_000,
        b"\xd2" * 1_000_000,
        b"\xa1\x00" * 500_000,
        b"\x9f" * 1_000_000,
        b"\x00" * 1_000_000,
        b"\x9b" + b"\x7f" * 8,
        b"\xbb" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8 + b"x" * 1_000_000,
        b"\xd8\x1c\x81" + b"\xd8\x1d\x00" * 100_000,
        b"\xb8\x7f" + b"".join(b"\xc2\x49\x01" + place.to_bytes(8, "big") + b"\x00" for place in range(127)),
    ],
    ids=["arrays", "tags", "maps", "indefinite", "items", "array", "map", "string", "shared", "big numbers"],
)
def test_bombs_cost_next_to_nothing(bomb):
    """Depth, width, promised lengths, references, colliding big numbers: refused in well under 50 ms of processor time."""
    began = time.process_time()
    with pytest.raises(Malformed):
        cbor.scan(bomb)
    assert time.process_time() - began < 0.05


def test_errors_carry_no_piece_of_the_input():
    """Neither in the words nor in a chained exception's traceback."""
    for data in (
        b"\x66SECRET\x00",
        b"\xa2\x66SECRET\x00\x66SECRET\x00",
        b"\x67SECRET\xff",
        b"\xa1\x46SECRET\x00",
    ):
        with pytest.raises(Malformed) as refusal:
            cbor.decode(data)
        assert "SECRET" not in repr(refusal.value)
        assert refusal.value.__suppress_context__ or refusal.value.__context__ is None
