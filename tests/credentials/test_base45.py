"""Base45: every group against integer arithmetic, and one spelling for each byte string."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials import base45
from credentials.base45 import ALPHABET
from credentials.errors import Damaged, Truncated


def test_all_91125_triplets_agree_with_integer_arithmetic():
    """Each triplet alone: two bytes up to 65,535, refused above."""
    for z, third in enumerate(ALPHABET):
        for y, second in enumerate(ALPHABET):
            for x, first in enumerate(ALPHABET):
                value, text = x + 45 * y + 2025 * z, first + second + third
                if value <= 65_535:
                    assert base45.decode(text) == value.to_bytes(2, "big")
                    assert base45.encode(value.to_bytes(2, "big")) == text
                else:
                    with pytest.raises(Damaged):
                        base45.decode(text)


def test_all_2025_pairs_agree_with_integer_arithmetic():
    """Each pair alone: one byte up to 255, refused above."""
    for y, second in enumerate(ALPHABET):
        for x, first in enumerate(ALPHABET):
            value = x + 45 * y
            if value <= 255:
                assert base45.decode(first + second) == bytes((value,))
                assert base45.encode(bytes((value,))) == first + second
            else:
                with pytest.raises(Damaged):
                    base45.decode(first + second)


def test_triplets_keep_apart_in_long_texts():
    """All 65,536 good triplets in one text, far beyond the prepared lanes: no group spills into the next."""
    data = b"".join(value.to_bytes(2, "big") for value in range(65_536))
    order = random.Random(9285)
    shuffled = bytes(
        byte for value in order.sample(range(65_536), 65_536) for byte in value.to_bytes(2, "big")
    )
    for whole in (data, shuffled):
        assert base45.decode(base45.encode(whole)) == whole


@pytest.mark.parametrize("place", [0, 3, 600, 1_497, 1_500, 2_997])
def test_one_triplet_too_large_is_refused_at_any_place(place):
    """GGW is 65,536; the groups around it are the largest good ones."""
    text = "FGW" * 1_000
    assert base45.decode(text) == b"\xff" * 2_000
    with pytest.raises(Damaged):
        base45.decode(text[:place] + "GGW" + text[place + 3 :])


@given(st.binary(max_size=3_000))
def test_what_is_encoded_comes_back(data):
    """decode(encode(b)) == b, in 3 characters for 2 bytes."""
    text = base45.encode(data)
    assert len(text) == (3 * len(data) + 1) // 2
    assert base45.decode(text) == data


@given(st.text(alphabet=ALPHABET, max_size=60))
def test_what_is_read_was_spelled_so(text):
    """encode(decode(t)) == t for every text that is read."""
    try:
        data = base45.decode(text)
    except (Damaged, Truncated):
        return
    assert base45.encode(data) == text


@pytest.mark.parametrize("length", range(1, 32, 3))
def test_length_one_modulo_three_is_truncated(length):
    """A lone character can only be the beginning of a group."""
    with pytest.raises(Truncated):
        base45.decode("0" * length)


def test_every_other_ascii_character_is_damage():
    """Lower case above all: a wedge reader with caps lock spells another text."""
    for character in map(chr, range(128)):
        if character not in ALPHABET:
            for text in (character + "00", "0" + character + "0", "00" + character, "000" + character + "0"):
                with pytest.raises(Damaged):
                    base45.decode(text)


@pytest.mark.parametrize(
    "character", ["\u0661", "\uff11", "\u0130", "\u212a", "\u00a0", "\x80", "\ud800", "\U0001d7ce"]
)
def test_characters_beyond_ascii_are_damage(character):
    """Foreign digits, letters that fold to ASCII, a lone surrogate: refused by one exception type, never repeated."""
    with pytest.raises(Damaged) as refusal:
        base45.decode("00" + character)
    assert character not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("text", ["000 ", " 000", "000\n", "\r\n", "000\t", "\t00"])
def test_nothing_is_stripped(text):
    """The space counts, line ends are strangers."""
    with pytest.raises((Damaged, Truncated)):
        base45.decode(text)


def test_the_space_is_a_symbol():
    """A text that begins with spaces keeps them."""
    assert base45.decode("  0") == (36 + 45 * 36).to_bytes(2, "big")


def test_alphabet_is_that_of_rfc_9285():
    """Section 4.2, table 1."""
    assert string.digits + string.ascii_uppercase + " $%*+-./:" == ALPHABET
