"""The NIR: 93 cases, its key, and its silence."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials.errors import CredentialFormatError
from credentials.nir import InvalidNir, Nir

CASES = json.loads((Path(__file__).parent / "nir-cases.json").read_bytes())["cases"]
SPECIMEN = "269054958815780"


def test_there_are_93_cases():
    """A case that goes missing is noticed."""
    assert len(CASES) == 93


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case(case):
    """Valid: the normal form and the flags. Invalid: the one reason, without the number."""
    if case["valid"]:
        nir = Nir.parse(case["input"])
        assert nir.value == case["normalised"]
        assert list(nir.flags) == case["flags"]
        return
    with pytest.raises(InvalidNir) as refusal:
        Nir.parse(case["input"])
    assert refusal.value.reason == str(refusal.value) == case["reason"]
    assert isinstance(refusal.value, CredentialFormatError)


def test_no_form_of_an_nir_shows_the_number():
    """repr, str, format and a container's repr show the mask."""
    nir = Nir.parse(SPECIMEN)
    shown = [repr(nir), str(nir), f"{nir}", f"{nir!r}", repr([nir]), repr({"n": nir}), nir.masked]
    for text in shown:
        assert "2 69 05 •• ••• ••• ••" in text
        for part in (SPECIMEN, SPECIMEN[5:13], SPECIMEN[5:10], "549588", "588157"):
            assert part not in text.replace(" ", "")


def _refusal(text):
    try:
        Nir.parse(text)
    except InvalidNir as refusal:
        return refusal
    return None


@given(st.text(alphabet="0123456789AB ab.\u00a0", min_size=10, max_size=20))
def test_no_error_repeats_what_was_given(text):
    """Neither the message, nor the arguments, nor a chained exception."""
    refusal = _refusal(text)
    if refusal is not None:
        assert refusal.args == (refusal.reason,)
        assert refusal.__cause__ is None
        assert refusal.__context__ is None


def test_every_single_digit_change_and_adjacent_swap_is_caught():
    """The key does its work on every valid case."""
    for case in CASES:
        if not case["valid"]:
            continue
        value = case["normalised"]
        for place in range(15):
            for digit in "0123456789AB":
                changed = value[:place] + digit + value[place + 1 :]
                if changed != value:
                    with pytest.raises(InvalidNir):
                        Nir.parse(changed)
            swapped = value[:place] + value[place : place + 2][::-1] + value[place + 2 :]
            if swapped != value:
                with pytest.raises(InvalidNir):
                    Nir.parse(swapped)


def test_exactly_one_key_passes():
    """For 200 random numbers, one key of the hundred spellings."""
    order = random.Random(161)
    for _ in range(200):
        stem = f"{order.choice('12')}{order.randrange(100):02d}{order.randrange(1, 13):02d}"
        stem += f"{order.randrange(1, 96):02d}{order.randrange(1, 1000):03d}{order.randrange(1, 1000):03d}"
        refusals = [_refusal(f"{stem}{key:02d}") for key in range(100)]
        assert refusals.count(None) == 1
        assert refusals[0] is not None
        assert {refusal.reason for refusal in refusals if refusal} == {"bad_key"}


def test_numbers_compare_by_value_alone():
    """Grouped or not, it is the same number; flags are a consequence of it."""
    assert Nir.parse("2 69 05 49 588 157 80") == Nir.parse(SPECIMEN)
    assert len({Nir.parse(SPECIMEN), Nir.parse(" " + SPECIMEN)}) == 1


def test_an_nir_cannot_be_built_or_changed_past_its_check():
    """The class checks itself; it is frozen."""
    with pytest.raises(InvalidNir):
        Nir(SPECIMEN[:-1] + "1")
    with pytest.raises(InvalidNir):
        Nir("2 69 05 49 588 157 80")
    with pytest.raises(AttributeError):
        Nir.parse(SPECIMEN).value = "0"
    assert pickle.loads(pickle.dumps(Nir.parse(SPECIMEN))) == Nir.parse(SPECIMEN)
