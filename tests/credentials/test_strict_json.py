"""Strict JSON: one meaning, bounded before it is read."""

from __future__ import annotations

import json
import random
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials import strict_json
from credentials.errors import CredentialFormatError, Malformed, TooLarge

WHOLE = st.integers(-(2**64), 2**64 - 1)
LEAVES = st.none() | st.booleans() | WHOLE | st.text(max_size=40)
OBJECTS = st.dictionaries(
    st.text(max_size=12),
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=15,
    ),
    max_size=6,
)


def _depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


@given(OBJECTS)
def test_what_is_written_comes_back(value):
    """decode(encode(v)) == v in the order of the members, and other readers agree."""
    data = strict_json.encode(value)
    assert json.loads(data) == value
    if _depth(value) > 6:
        with pytest.raises(Malformed):
            strict_json.decode(data)
        return
    again = strict_json.decode(data)
    assert again == value
    assert list(again) == list(value)
    assert strict_json.encode(again) == data


def test_writing_is_compact_utf8_in_insertion_order():
    """No space, no escape that need not be."""
    assert (
        strict_json.encode({"z": "é", "a": [1, None, True, {"b": -1}]})
        == '{"z":"é","a":[1,null,true,{"b":-1}]}'.encode()
    )


REFUSED = {
    "empty": b"",
    "a list at the top": b"[]",
    "a text at the top": b'"a"',
    "a number at the top": b"1",
    "a member twice": b'{"a":1,"a":1}',
    "a member twice by an escape": b'{"a":1,"\\u0061":1}',
    "a member twice further in": b'{"x":[{"a":1,"a":2}]}',
    "a float": b'{"a":1.0}',
    "an exponent": b'{"a":1e3}',
    "a float of zero": b'{"a":-0.0}',
    "minus zero": b'{"a":-0}',
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":Infinity}',
    "-Infinity": b'{"a":-Infinity}',
    "a leading zero": b'{"a":01}',
    "a plus sign": b'{"a":+1}',
    "an underscore": b'{"a":1_0}',
    "foreign digits": '{"a":١}'.encode(),
    "2^64": b'{"a":18446744073709551616}',
    "-2^64-1": b'{"a":-18446744073709551617}',
    "5,000 digits": b'{"a":' + b"9" * 5_000 + b"}",
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32-be"),
    "Latin-1": '{"a":"é"}'.encode("latin-1"),
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "a long form in UTF-8": b'{"a":"\xc0\xaf"}',
    "a lone high surrogate": b'{"a":"\\ud800"}',
    "a lone low surrogate": b'{"a":"\\udc00x"}',
    "a lone surrogate in a name": b'{"\\ud800":1}',
    "surrogates the wrong way round": b'{"a":"\\udc00\\ud800"}',
    "a control character": b'{"a":"\x01"}',
    "a line end in a text": b'{"a":"\n"}',
    "something after": b'{"a":1}{}',
    "a comma after": b'{"a":1,}',
    "a comma missing": b'{"a":1 "b":2}',
    "a colon missing": b'{"a" 1}',
    "single quotes": b"{'a':1}",
    "no quotes": b"{a:1}",
    "a comment": b'{"a":1/**/}',
    "an open object": b'{"a":1',
    "an open text": b'{"a":"x',
    "an open escape": b'{"a":"x\\',
    "a bad escape": b'{"a":"\\x"}',
    "a NUL after": b'{"a":1}\x00',
    "a no-break space": b'{"a":\xc2\xa01}',
    "a form feed": b'{"a":\x0c1}',
    "True": b'{"a":True}',
    "closing first": b'}{"a":1}',
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused(what):
    """One exception type, without a piece of the text."""
    with pytest.raises(Malformed) as refusal:
        strict_json.decode(REFUSED[what])
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize(
    "text",
    [b"{}", b' {"a" : 1 }\n', b'{"a":"\\ud83d\\ude00"}', b'{"a":18446744073709551615}', b'{"a":-18446744073709551616}', b'{"a":0}', b'{"":""}', b'{"a":"[[[[[[[[,{"}'],
)  # fmt: skip
def test_accepted(text):
    """White space between, surrogate pairs, the ends of 64 bits, brackets inside a text."""
    assert strict_json.decode(text) == json.loads(text)


def _nested(depth):
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def test_nesting_of_six_passes_and_of_seven_does_not():
    """Objects and arrays alike."""
    strict_json.decode(_nested(6))
    strict_json.decode(b'{"a":[[[[[1]]]]]}')
    for text in (_nested(7), b'{"a":[[[[[[1]]]]]]}', b'{"a":[[[[[[]]]]]]}'):
        with pytest.raises(Malformed):
            strict_json.decode(text)


def test_256_members_pass_and_257_do_not():
    """Members and elements count over the whole text."""

    def flat(count):
        return json.dumps({f"m{place}": place for place in range(count)}).encode()

    assert len(strict_json.decode(flat(256))) == 256
    strict_json.decode(json.dumps({"a": list(range(255))}).encode())
    for text in (
        flat(257),
        json.dumps({"a": list(range(256))}).encode(),
        json.dumps({"a": [[]] * 128 + [{}] * 127}).encode(),
    ):
        with pytest.raises(Malformed):
            strict_json.decode(text)
    assert len(strict_json.decode(flat(1_000), max_members=1_000)) == 1_000


def test_64_kib_pass_and_one_more_byte_does_not():
    """Counted in bytes, before anything else."""
    room = 65_536 - len(b'{"a":""}')
    assert strict_json.decode(b'{"a":"' + b"x" * room + b'"}') == {"a": "x" * room}
    with pytest.raises(TooLarge):
        strict_json.decode(b'{"a":"' + b"x" * (room + 1) + b'"}')
    with pytest.raises(TooLarge):
        strict_json.decode(b"\xff" * 65_537)
    strict_json.decode(b'{"a":"' + b"x" * (room + 1) + b'"}', max_bytes=65_537)


@pytest.mark.parametrize(
    "bomb",
    [
        b"[" * 65_536,
        b'{"a":' * 13_000,
        b'{"a":' + b"[" * 60_000 + b"]" * 5_000 + b"}",
        b'{"a":"' + b'\\"' * 32_000,
        b'"\\"' * 21_000,
        b'"a"' * 21_000,
        b"\\" * 65_536,
        b'{"a":"' + b"\\u0041" * 10_000 + b'"',
        b'{"a":' + b"1" * 65_000 + b"}",
        b"{" + b",".join(b'"%d":0' % place for place in range(8_000)) + b"}",
        b'{"a":[' + b"[]," * 20_000 + b"]}",
    ],
    ids=["arrays", "objects", "late close", "open text", "quotes", "texts", "backslashes", "escapes", "digits", "members", "empties"],
)  # fmt: skip
def test_bombs_cost_next_to_nothing(bomb):
    """Depth, width, digits and escapes: refused in well under 50 ms of processor time."""
    began = time.process_time()
    with pytest.raises(CredentialFormatError):
        strict_json.decode(bomb)
    assert time.process_time() - began < 0.05


def test_random_changes_raise_one_type_or_are_read_as_others_read_them():
    """20,000 changed texts: our exception, or the same value as the standard library with its laxity off."""
    order = random.Random(8259)
    good = strict_json.encode(
        {"iss": "https://lp.example", "n": [1, -2, {"é": None}], "t": 'a"\\\n', "b": True}
    )
    for _ in range(20_000):
        changed = bytearray(good)
        for _ in range(order.randrange(1, 3)):
            changed[order.randrange(len(changed))] = order.choice(b'{}[]",:\\u0129eE+-.tfn \x00\xc3\xff')
        try:
            value = strict_json.decode(bytes(changed))
        except CredentialFormatError:
            continue
        assert json.loads(changed.decode("utf-8")) == value


@pytest.mark.parametrize(
    "value", [{"a": 1.0}, {"a": float("nan")}, {1: 2}, {"a": b""}, {"a": {2: 3}}, {"a": 2**64}, {"a": {1}}]
)
def test_what_has_no_place_is_not_written(value):
    """A programmer's mistake is a TypeError."""
    with pytest.raises(TypeError):
        strict_json.encode(value)


def test_a_lone_surrogate_is_not_written():
    """It has no UTF-8."""
    with pytest.raises(ValueError, match="surrogates"):
        strict_json.encode({"a": "\ud800"})


def test_the_library_is_loaded_at_first_use_only():
    """A terminal that reads the CBOR form alone never pays for it."""
    import subprocess

    code = "import sys, credentials.strict_json, credentials.jws; sys.exit('json' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
