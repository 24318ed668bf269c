"""The short way through usual claims and envelopes is no second meaning: it agrees with the long way, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials import cbor, envelope, one_pass
from credentials.claims import (
    Claims,
    decode_any_cbor,
    decode_cbor,
    decode_json,
    encode_any_cbor,
    encode_cbor,
    encode_json,
)
from credentials.driving_licence import CATEGORY_NUMBERS, DrivingPrivilege
from credentials.errors import CredentialFormatError, Malformed
from tests.documents import claims
from tests.simulated_authority import SUBJECTS, SimulatedAuthority, privilege, road_check


def _outcome(read: Callable[[bytes], Any], payload: bytes) -> Any:
    """The value, or the fact of a refusal; any other exception is a failure."""
    try:
        return read(payload)
    except CredentialFormatError:
        return None


@given(claims())
def test_both_writers_write_the_same(statement):
    """What the short writer writes, the long one writes too, byte for byte."""
    assert encode_cbor(statement) == encode_any_cbor(statement)


@given(claims())
def test_both_readers_read_the_same(statement):
    """A payload that both writers agree on means the same to both readers, refusal included."""
    payload = encode_any_cbor(statement)
    assert _outcome(decode_cbor, payload) == _outcome(decode_any_cbor, payload)


@given(claims(), st.randoms(use_true_random=False), st.integers(1, 4))
def test_both_readers_agree_on_altered_payloads(statement, draw, edits):
    """Bytes changed, lost, doubled and moved: the short reader accepts nothing that the long one does not."""
    payload = encode_any_cbor(statement)
    for _ in range(edits):
        payload = _altered(payload, draw)
    assert _outcome(decode_cbor, payload) == _outcome(decode_any_cbor, payload)


def _altered(payload: bytes, draw: random.Random) -> bytes:
    at, size = draw.randrange(len(payload) + 1), draw.randrange(1, 5)
    match draw.randrange(5):
        case 0:
            return payload[:at] + bytes((draw.randrange(256),)) + payload[at + 1 :]
        case 1:
            return payload[:at] + payload[at + size :]
        case 2:
            return payload[:at] + payload[at : at + size] * 2 + payload[at + size :]
        case 3:
            head = draw.choice(
                [
                    b"\x18",
                    b"\x19\x00",
                    b"\x1a\x00\x00",
                    b"\x58",
                    b"\x78",
                    b"\xf6",
                    b"\x80",
                    b"\xa0",
                    b"\x9f",
                    b"\xff",
                ]
            )
            return payload[:at] + head + payload[at:]
        case _:
            other = draw.randrange(len(payload) + 1)
            return payload[:at] + payload[other : other + size] + payload[at:]


AUTHORITY = SimulatedAuthority()


@pytest.mark.parametrize("view", SUBJECTS)
def test_usual_claims_take_the_short_way(view):
    """The short way is not dead code: the authority's ordinary documents go through it, both ways."""
    statement = AUTHORITY.claims(SUBJECTS[view]())
    payload = encode_cbor(statement)
    assert one_pass.read(payload) is not None


@pytest.mark.parametrize("view", SUBJECTS)
def test_every_byte_of_usual_claims_changed_to_every_value(view):
    """Each byte of an ordinary payload set to many values, every eighth to all 256; and each length of it."""
    payload = encode_cbor(AUTHORITY.claims(SUBJECTS[view]()))
    for at in range(len(payload)):
        for value in range(0, 256, 1 if at % 8 == 0 else 11):
            changed = payload[:at] + bytes((value,)) + payload[at + 1 :]
            assert _outcome(decode_cbor, changed) == _outcome(decode_any_cbor, changed)
        assert _outcome(decode_cbor, payload[:at]) is None


ALL_CODES = tuple(f"{number:02}.{place}" for number in range(40, 44) for place in "ABC")


def _categories(many: int) -> tuple[DrivingPrivilege, ...]:
    """Fifteen categories that hold `many` restriction codes together."""
    shares = [min(12, max(0, many - 12 * place)) for place in range(15)]
    return tuple(
        privilege(code, "2012-01-02", None, *ALL_CODES[:share])
        for code, share in zip(CATEGORY_NUMBERS, shares, strict=True)
    )


def test_the_largest_licence_is_within_the_items_of_both_forms():
    """Fifteen categories and 96 codes are read in both forms; 97 codes are written by nobody."""
    statement = AUTHORITY.claims(road_check(categories=_categories(96)))
    assert decode_cbor(encode_cbor(statement)) == decode_any_cbor(encode_any_cbor(statement)) == statement
    assert decode_json(encode_json(statement)) == statement
    with pytest.raises(Malformed):
        road_check(categories=_categories(97))


def _long_envelope(whole: bytes) -> Any:
    return envelope._read(cbor.decode(whole[:-4]))


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_both_readers_of_envelopes_agree(kind):
    """Each byte of a small envelope set to each value, its check sum made right: the same value or refusal."""
    items = [1, 3, b"k" * 8, b"s" * 60] if kind == 3 else [1, kind, 1, 2, b"b" * 60]
    body = cbor.encode(items)
    for at in range(len(body)):
        for value in range(256):
            changed = body[:at] + bytes((value,)) + body[at + 1 :]
            whole = changed + crc32(changed).to_bytes(4, "big")
            assert _outcome(envelope.decode, whole) == _outcome(_long_envelope, whole)
    for form in range(4):
        for view in range(6):
            plain = cbor.encode([form, view, b"b" * 30])
            for changed in (
                plain,
                plain + b"\x00",
                plain[:-1],
                b"\x98\x03" + plain[1:],
                plain.replace(b"\x58\x1e", b"\x59\x00\x1e"),
            ):
                long = _outcome(lambda data: envelope._shown(*_three(cbor.decode(data))), changed)
                assert _outcome(envelope.decode_shown, changed) == long


def _three(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) != 3:
        raise CredentialFormatError
    return value


def test_claims_are_compared_by_value():
    """The comparison above is not blind: claims that differ in one field differ."""
    one, other = AUTHORITY.claims(road_check()), AUTHORITY.claims(road_check(neph="210692106991"))
    assert isinstance(one, Claims)
    assert one != other
