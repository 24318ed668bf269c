"""The paper form of a view -> a page to print: the code, and in words who and until when.

- Card (85.6 x 54 mm, ISO/IEC 7810 ID-1) or A4; modules of at least 0.4 mm; the highest of levels Q, M, L that fits.
- The embedded font knows ASCII only and a bare machine has no other, so accents are drawn here, stroke by stroke.
- Nothing on the page says that the document is valid: a terminal does, and on paper never better than CHECK.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from credentials.claims import Claims
from credentials.display import display_text
from credentials.driving_licence import AgeOver18, Proof
from credentials.paris_day import paris_day

from .errors import PhoneError
from .qr_image import QUIET_ZONE, Level, QrPicture, draw

__all__ = ["BANNER", "Page", "PrintedPage", "draw_page"]

BANNER: Final = "Démonstrateur, service non officiel, données fictives"
_LEAST_MODULE: Final = 0.4  # mm
_SHRINKING: Final = (0.9, 0.8, 0.7, 0.6, 0.5)  # of the words, for long names
_MILLIMETRES: Final = 25.4  # in an inch
_MONTHS_FR: Final = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_MONTHS_EN: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


@dataclass(frozen=True, slots=True)
class _Layout:
    width: float  # mm
    height: float  # mm
    dots: int  # per inch
    text: float  # mm, height of the words
    code: float  # mm, side of the code at most
    beside: bool  # words at the left of the code, or above it

    def pixels(self, millimetres: float) -> int:
        return round(millimetres * self.dots / _MILLIMETRES)


class Page(Enum):
    """Formats of paper."""

    CARD = _Layout(85.6, 54.0, 600, 2.1, 47.0, beside=True)
    A4 = _Layout(210.0, 297.0, 300, 4.2, 90.0, beside=False)


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """A page ready to print, with the version and level of its code and the side of a module in mm."""

    png: bytes
    version: int
    level: Level
    module: float


def draw_page(text: str, claims: Claims, page: Page = Page.CARD) -> PrintedPage:
    """Draw the paper form whose code is `text`. Raises `TooDense` when its modules would be under 0.4 mm."""
    layout = page.value
    smallest = -(-layout.dots * _LEAST_MODULE // _MILLIMETRES)  # pixels of a module, rounded up
    most = int(layout.pixels(layout.code) // smallest) - 2 * QUIET_ZONE
    code = draw(text, (Level.Q, Level.M, Level.L), ceiling=min(40, (most - 17) // 4))
    module = layout.pixels(layout.code) // code.width
    picture = _compose(layout, code, module, claims)
    written = io.BytesIO()
    picture.save(written, "PNG", dpi=(layout.dots, layout.dots))
    return PrintedPage(written.getvalue(), code.version, code.level, module * _MILLIMETRES / layout.dots)


def _compose(layout: _Layout, code: QrPicture, module: int, claims: Claims) -> Image.Image:
    """The page at the largest size of words that fits it."""
    drawn = code.image(module)
    picture, bottom = _written(layout, drawn.width, claims, 1.0)
    for share in _SHRINKING:
        if bottom <= (picture.height if layout.beside else picture.height // 2):
            break
        picture, bottom = _written(layout, drawn.width, claims, share)
    if layout.beside:
        picture.paste(drawn, (picture.width - drawn.width, picture.height - drawn.height))
    else:
        picture.paste(drawn, ((picture.width - drawn.width) // 2, picture.height // 2))
    return picture


def _written(layout: _Layout, code_width: int, claims: Claims, share: float) -> tuple[Image.Image, int]:
    """A page with everything but the code, and where its words end, in pixels."""
    picture = Image.new("L", (layout.pixels(layout.width), layout.pixels(layout.height)), 255)
    pen = _Pen(picture, layout.pixels(layout.text * share))
    margin = layout.pixels(layout.text)
    room = picture.width - margin - (code_width if layout.beside else margin)
    y = pen.write(BANNER, margin, margin, picture.width - 2 * margin)
    y = _place_portrait(picture, claims, margin, y + margin // 2, layout)
    for line in _lines(claims):
        y = pen.write(line, margin, y, room)
    return picture, y


def _place_portrait(picture: Image.Image, claims: Claims, x: int, y: int, layout: _Layout) -> int:
    portrait = getattr(claims.subject, "portrait", None)
    if portrait is None:
        return y
    try:
        with Image.open(io.BytesIO(portrait), formats=("WEBP", "AVIF")) as opened:
            face = opened.convert("L").resize(
                (layout.pixels(14), layout.pixels(17.5)), Image.Resampling.BICUBIC
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return y
    picture.paste(face, (x, y))
    return y + face.height + layout.pixels(1)


def _lines(claims: Claims) -> tuple[str, ...]:
    end = paris_day(claims.expires_at - 1)
    until = (f"Code lisible jusqu'au {_french(end)}.", f"Code readable until {_english(end)}.")
    advice = (
        "Valable sans téléphone, avec une pièce d'identité.",
        "Works without a phone, with an identity document.",
    )
    match claims.subject:
        case Proof() as proof:
            codes = ", ".join(one.code for one in proof.categories)
            return (
                "Permis de conduire / Driving licence",
                f"{display_text(proof.family_name)} {display_text(proof.given_names)}",
                f"Catégories / Categories: {codes}",
                f"Titre : expire le {_french(proof.expiry_date)}.",
                f"Document expires on {_english(proof.expiry_date)}.",
                *until,
                *advice,
            )
        case AgeOver18() as age:
            french = "Plus de 18 ans" if age.age_over_18 else "Moins de 18 ans"
            english = "Over 18" if age.age_over_18 else "Under 18"
            return (f"{french} / {english}", *until, *advice)
    raise PhoneError("Cette vue n'a pas de version papier.", "This view has no paper version.")


def _french(day: date) -> str:
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS_FR[day.month - 1]} {day.year}"


def _english(day: date) -> str:
    return f"{day.day} {_MONTHS_EN[day.month - 1]} {day.year}"


# --- words with accents ----------------------------------------------------------------------------------------

_SPELT: Final = {
    "\u0153": "oe", "\u0152": "OE", "\u00e6": "ae", "\u00c6": "AE", "\u00df": "ss", "\u2019": "'", "\u00f8": "o\u0338",
    "\u00d8": "O\u0338", "\u0142": "l\u0338", "\u0141": "L\u0338", "\u0111": "d\u0335", "\u0110": "D\u0335", "\u0131": "i",
    "\u00a0": " ", "\ufffd": "?",
}  # fmt: skip
# Strokes of each combining mark in a box of 100 x 100 over (or, below 100, under) the letter.
_STROKES: Final = {
    "\u0300": (((25, 10), (65, 80)),),
    "\u0301": (((75, 10), (35, 80)),),
    "\u0302": (((15, 80), (50, 15), (85, 80)),),
    "\u0303": (((10, 65), (32, 30), (68, 65), (90, 30)),),
    "\u0304": (((15, 50), (85, 50)),),
    "\u0306": (((15, 20), (35, 70), (65, 70), (85, 20)),),
    "\u0307": (((45, 40), (55, 60)),),
    "\u0308": (((18, 40), (28, 60)), ((72, 40), (82, 60))),
    "\u030a": (((50, 5), (80, 45), (50, 85), (20, 45), (50, 5)),),
    "\u030b": (((50, 10), (20, 80)), ((90, 10), (60, 80))),
    "\u030c": (((15, 15), (50, 80), (85, 15)),),
    "\u0327": (((55, 0), (45, 40), (65, 60), (40, 95)),),
    "\u0328": (((55, 0), (40, 50), (65, 90)),),
    "\u0323": (((45, 40), (55, 60)),),
    "\u0326": (((55, 30), (40, 95)),),
    "\u0331": (((15, 50), (85, 50)),),
}
_BELOW: Final = frozenset("\u0327\u0328\u0323\u0326\u0331")
_THROUGH: Final = {"\u0338": (1.05, 0.35), "\u0335": (0.55, 0.55)}  # heights of both ends of the stroke


class _Pen:
    """Writes words on a picture with the embedded font."""

    def __init__(self, picture: Image.Image, height: int) -> None:
        self._draw = ImageDraw.Draw(picture)
        font = ImageFont.load_default(height)
        assert isinstance(font, ImageFont.FreeTypeFont)
        self._font = font
        self._height = height
        self._line = height * 3 // 2
        self._stroke = max(2, height // 11)

    def write(self, text: str, x: int, y: int, room: int) -> int:
        """Write `text` in lines no wider than `room` pixels; return where the next line begins."""
        line = ""
        for word in self._words(text, room):
            longer = f"{line} {word}".strip()
            if line and self._width(longer) > room:
                self._write_line(line, x, y)
                line, y = word, y + self._line
            else:
                line = longer
        self._write_line(line, x, y)
        return y + self._line

    def _words(self, text: str, room: int) -> Iterator[str]:
        """The words of `text`, one wider than `room` cut into pieces."""
        for word in text.split(" "):
            piece = ""
            for letter in word:
                if piece and self._width(piece + letter) > room:
                    yield piece
                    piece = ""
                piece += letter
            yield piece

    def _width(self, text: str) -> float:
        return float(self._font.getlength("".join(letter for letter, _ in _letters(text))))

    def _write_line(self, text: str, x: float, y: int) -> None:
        for letter, marks in _letters(text):
            width = float(self._font.getlength(letter))
            dotless = letter in "ij" and any(mark in _STROKES and mark not in _BELOW for mark in marks)
            self._draw.text((x, y), letter, font=self._font, fill=0)
            if dotless:
                self._erase_dot(x, y, width)
            for mark in marks:
                self._mark(letter, mark, (x, float(y)), width)
            x += width

    def _mark(self, letter: str, mark: str, at: tuple[float, float], width: float) -> None:
        left, top, right, bottom = self._font.getbbox(letter)
        x, y = at
        if mark in _THROUGH:
            start, end = (y + bottom - (bottom - top) * share for share in reversed(_THROUGH[mark]))
            self._draw.line([(x, start), (x + width, end)], fill=0, width=self._stroke)
            return
        box = self._height * 0.26
        centre = x + (left + right) / 2
        over = y + top - box * 1.15 if letter not in "ij" else y + self._font.getbbox("x")[1] - box * 1.15
        above = y + bottom + self._stroke / 2 if mark in _BELOW else over
        for points in _STROKES.get(mark, ()):
            line = [(centre + (px - 50) * box * 1.2 / 100, above + py * box / 100) for px, py in points]
            self._draw.line(line, fill=0, width=self._stroke, joint="curve")

    def _erase_dot(self, x: float, y: int, width: float) -> None:
        top, low = self._font.getbbox("i")[1], self._font.getbbox("x")[1]
        self._draw.rectangle((x, y + top - 1, x + width, y + low - 1), fill=255)


def _letters(text: str) -> list[tuple[str, str]]:
    """Each letter that the font knows, with its combining marks."""
    spelt = "".join(_SPELT.get(letter, letter) for letter in text)
    found: list[tuple[str, str]] = []
    for letter in unicodedata.normalize("NFD", spelt):
        if unicodedata.combining(letter) and found:
            found[-1] = found[-1][0], found[-1][1] + letter
        else:
            found.append((letter if letter.isascii() or letter in "«»" else "?", ""))
    return found
