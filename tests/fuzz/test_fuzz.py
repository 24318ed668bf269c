"""A short run of the fuzzer, and proof that it finds what is there: `python -m tests.fuzz` runs as long as it is told to."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.__main__ import main
from tests.fuzz.inputs import KINDS, ORIGINALS, Must, honest, make
from tests.fuzz.oracle import Oracle
from tests.fuzz.running import PLANTS, fuzz, report, run
from tests.fuzz.spoilt_pictures import files, pictures, spoilt
from verifier.camera import read_image
from verifier.errors import PictureError

SEED = 20_261_101


def test_twenty_thousand_inputs_find_nothing():
    """No exception, no false accept, no false refusal, no accusation, one verdict each, in time and memory."""
    findings = run(SEED, 20_000)
    print(report(findings))
    assert findings.faults == []
    assert findings.inputs == 20_000
    assert findings.resigned > 4_500
    assert findings.accepted > 500
    assert len(findings.kinds) == len(KINDS)


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found(plant):
    """With one check of the verifier disabled, in a process of its own, the fuzzer says so."""
    findings = fuzz(3_000, SEED, 1, plant)
    assert findings.faults


def test_the_command_says_what_it_found(capsys):
    """Seed, counts and the verdict on a planted fault; 0 means it did its work."""
    assert main(["--inputs", "400", "--seed", "7", "--processes", "1", "--plant", "signature"]) == 0
    told = capsys.readouterr().out
    assert "seed 7" in told
    assert "`signature` was found" in told


def test_the_same_seed_gives_the_same_inputs():
    """A finding can be had again."""
    one, other = Random(5), Random(5)
    assert [make(one) for _ in range(300)] == [make(other) for _ in range(300)]


def test_every_original_is_accepted():
    """What is spoilt was right before."""
    oracle = Oracle()
    for original in ORIGINALS:
        oracle.judge(honest(original))
    assert oracle.findings.faults == []
    assert oracle.findings.accepted == len(ORIGINALS)
    assert honest(ORIGINALS[0]).must is Must.CLAIMS


def test_spoilt_pictures_give_a_text_or_one_error():
    """300 files, cut, altered, made up or absurd in size: nothing but `PictureError`."""
    assert pictures(SEED, 300)


def test_pictures_in_every_format_are_read():
    """What is spoilt above was readable before."""
    assert {read_image(file) for file in files()} == {ORIGINALS[4].text}


def test_one_spoilt_picture_twice():
    """The same file, the same answer."""
    draw, good = Random(3), files()
    for _ in range(20):
        file = spoilt(draw, good)
        assert _answer(file) == _answer(file)


def _answer(file: bytes) -> str:
    try:
        return read_image(file)
    except PictureError as error:
        return str(error.reason)
