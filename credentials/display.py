"""Text of a credential made fit for a screen: what is shown beside the raw text, never instead of it in comparisons.

Kept after NFC: letters, at most two marks on a letter, the space, the hyphen and the apostrophe. Everything else
(controls, bidirectional and zero-width characters, private use, digits, punctuation, invisible letters, a third mark)
becomes a visible placeholder, so that nothing vanishes and nothing rearranges the page.
"""

from __future__ import annotations

import unicodedata

__all__ = ["LONGEST", "PLACEHOLDER", "display_text", "mixes_scripts", "mixes_scripts_in_a_word"]

PLACEHOLDER = "\ufffd"
"""REPLACEMENT CHARACTER: visible, of category So, and itself not kept, so that cleaning twice changes nothing."""
LONGEST = 200
"""Characters shown at most; what was cut off is marked by a placeholder at the end."""

_PLAIN = frozenset(" -'\u2019")
_LETTERS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo"})
_MARKS = frozenset({"Mn", "Mc"})
_MARKS_PER_LETTER = 2
# Letters and marks that draw nothing (Default_Ignorable_Code_Point, Unicode 15): fillers, joiners, variation selectors.
_INVISIBLE = frozenset(
    map(
        chr,
        (
            0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0,
            *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0),
        ),
    )
)  # fmt: skip
# Scripts that one name mixes by its own writing system.
_TOGETHER = {
    "HIRAGANA": "CJK",
    "KATAKANA": "CJK",
    "KATAKANA-HIRAGANA": "CJK",
    "HANGUL": "CJK",
    "BOPOMOFO": "CJK",
}
_WIDTHS = frozenset({"FULLWIDTH", "HALFWIDTH"})
# Every letter before the phonetic alphabet is Latin (Unicode blocks 0000 to 024F).
_BEYOND_LATIN = "\u0250"
_NO_SCRIPT = frozenset({"MODIFIER", "FEMININE", "MASCULINE", "COMBINING"})


def display_text(text: str) -> str:
    """Return `text` fit for a screen: at most `LONGEST` characters, each visible. Never raises."""
    # Cut first: normalisation of a long run of marks takes quadratic time.
    clean = unicodedata.normalize("NFC", text[: LONGEST + 1])
    if clean.isascii() and clean.replace(" ", "a").replace("-", "a").replace("'", "a").isalpha():
        shown = clean
    else:
        shown = "".join(_shown(clean))
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + PLACEHOLDER


def mixes_scripts(text: str) -> bool:
    """Tell whether letters of different scripts stand side by side in `text` (Latin with Cyrillic, say)."""
    if text.isascii() or max(text) < _BEYOND_LATIN:
        return False
    scripts = {_script(letter) for letter in text[: 4 * LONGEST] if unicodedata.category(letter) in _LETTERS}
    return len(scripts - {""}) > 1


def mixes_scripts_in_a_word(text: str) -> bool:
    """Tell whether one word of `text`, or more, mixes scripts; words are set apart by white space."""
    if text.isascii() or max(text) < _BEYOND_LATIN:
        return False
    return any(mixes_scripts(word) for word in text.split())


def _shown(clean: str) -> list[str]:
    shown: list[str] = []
    room = 0  # marks that the letter before may still carry
    for character in clean:
        category = unicodedata.category(character)
        if character in _INVISIBLE:
            room = 0
            shown.append(PLACEHOLDER)
        elif category in _LETTERS:
            room = _MARKS_PER_LETTER
            shown.append(character)
        elif category in _MARKS and room:
            room -= 1
            shown.append(character)
        else:
            room = 0
            shown.append(character if character in _PLAIN else PLACEHOLDER)
    return shown


def _script(letter: str) -> str:
    # The standard library has no script property; the first word of a letter's name serves.
    words = unicodedata.name(letter, "").split(" ")
    word = words[1] if words[0] in _WIDTHS and len(words) > 1 else words[0]
    return "" if word in _NO_SCRIPT else _TOGETHER.get(word, word)
