"""Text fit for a screen (T25): over all of Unicode, nothing invisible and nothing that moves the page."""

from __future__ import annotations

import random
import sys
import unicodedata

import pytest

from credentials.display import LONGEST, PLACEHOLDER, display_text, mixes_scripts

NEVER = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
KEPT = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc"}


def _fit(shown: str) -> bool:
    return len(shown) <= LONGEST and not any(
        unicodedata.category(character) not in KEPT and character not in " -'\u2019" + PLACEHOLDER
        for character in shown
    )


def test_all_code_points_alone_and_after_a_letter():
    """1,114,112 code points: letters stay, a mark needs a letter, the rest is a visible placeholder."""
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        alone = display_text(character)
        assert _fit(alone), hex(code)
        assert alone, hex(code)
        assert not {unicodedata.category(one) for one in alone} & NEVER, hex(code)
        if unicodedata.category(character) in {"Mn", "Mc"}:
            assert unicodedata.category(alone[0]) not in {"Mn", "Mc"}, hex(code)


def test_random_strings_stay_fit_bounded_and_stable():
    """100,000 random strings of all planes: bounded, fit, and cleaning twice changes nothing."""
    order = random.Random(25)
    marks = [chr(code) for code in range(0x300, 0x370)]
    for _ in range(100_000):
        text = "".join(
            order.choice(
                (chr(order.randrange(sys.maxunicode + 1)), chr(order.randrange(0x250)), order.choice(marks))
            )
            for _ in range(order.randrange(12))
        )
        shown = display_text(text)
        assert _fit(shown)
        assert display_text(shown) == shown
        run = 0
        for character in shown:
            run = run + 1 if unicodedata.category(character) in {"Mn", "Mc"} else 0
            assert run <= 2


@pytest.mark.parametrize(
    "name",
    [
        "MARTIN",
        "Claire Élodie",
        "D'ARTAGNAN",
        "L’Hermite",
        "Le Goff-Kervella",
        "Nguyễn",
        "Ş\u0327",
        "Łukasz",
        "Ελένη",
        "שָׁלוֹם",
    ],
)
def test_names_stay_as_they_are(name):
    """Up to NFC."""
    assert display_text(name) == unicodedata.normalize("NFC", name)


def test_decomposed_letters_are_composed():
    """The same name looks the same whoever typed it."""
    assert display_text("E\u0301lodie") == "Élodie"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mROUGE", f"{PLACEHOLDER}{PLACEHOLDER}{PLACEHOLDER * 2}mROUGE"),
        ("A\u202eB", f"A{PLACEHOLDER}B"),
        ("A\u200bB\u200d\ufeff", f"A{PLACEHOLDER}B{PLACEHOLDER * 2}"),
        ("A\nVALIDE", f"A{PLACEHOLDER}VALIDE"),
        ("<b>", f"{PLACEHOLDER}b{PLACEHOLDER}"),
        ("\u3164A\u115f", f"{PLACEHOLDER}A{PLACEHOLDER}"),
        ("A\ufe0f", f"A{PLACEHOLDER}"),
        ("\u00a0", PLACEHOLDER),
        ("\U0001f600", PLACEHOLDER),
        ("\ud800", PLACEHOLDER),
        ("12", PLACEHOLDER * 2),
        ("\u0301a", f"{PLACEHOLDER}a"),
        ("-\u0301", f"-{PLACEHOLDER}"),
    ],
)
def test_everything_else_is_seen_as_a_placeholder(text, shown):
    """Escapes, direction, zero width, line ends, markup, fillers, digits, a mark on nothing."""
    assert display_text(text) == shown


def test_three_hundred_marks_on_one_letter_do_not_climb_the_page():
    """Two stay, the others become placeholders within the bound."""
    shown = display_text("x" + "\u0301" * 300)
    assert shown.startswith("x\u0301\u0301" + PLACEHOLDER)
    assert sum(unicodedata.category(character) == "Mn" for character in shown) == 2
    assert len(shown) <= LONGEST


def test_marks_of_a_megabyte_cost_next_to_nothing():
    """The text is cut before it is normalised, which takes quadratic time on marks in bad order."""
    assert len(display_text("x" + "\u0301\u0323" * 500_000)) <= LONGEST


def test_longer_text_is_cut_visibly():
    """At the bound as it is, one beyond ends in a placeholder."""
    assert display_text("A" * LONGEST) == "A" * LONGEST
    assert display_text("A" * (LONGEST + 1)) == "A" * (LONGEST - 1) + PLACEHOLDER
    assert display_text("É" * (LONGEST + 1)) == "É" * (LONGEST - 1) + PLACEHOLDER


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("MARTIN", False),
        ("Élodie D’Arc-Łuk", False),
        ("M\u0410RTIN", True),  # Cyrillic A
        ("\u041c\u0410\u0420", False),
        ("\u039cARTIN", True),  # Greek Mu
        ("田中たろう", False),
        ("田中A", True),
        ("\uff2dARTIN", False),  # full-width, still Latin
        ("A-'", False),
        ("", False),
    ],
)
def test_scripts_side_by_side_are_noticed(text, mixed):
    """Homoglyphs of another alphabet; Japanese mixes its own three."""
    assert mixes_scripts(text) is mixed
