"""One A4 page of words, a code and a picture as PDF 1.7 (ISO 32000-1), written by hand: nothing to install, nothing to render.

- Helvetica is one of the fourteen fonts that every reader has (section 9.6.2.2); WinAnsi encoding holds all French letters.
- The code is drawn as rectangles, so that it is as sharp as the printer. Same content, same bytes: no date, no number.
- Lengths are in points (1/72 inch) from the top left corner, which the file counts from the bottom.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .qr import QUIET_ZONE, Modules

WIDTH, HEIGHT = 595, 842  # A4
POINTS_PER_MM: Final = 72 / 25.4
_NARROW: Final = frozenset("ijltfr.,;:!'’|()[] ")
_WIDE: Final = frozenset("mwMW@%—")


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph: text, size, weight, and the room kept free above it."""

    text: str
    size: float = 11
    bold: bool = False
    above: float = 4


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels of three bytes, row by row."""

    width: int
    height: int
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on the page from top to bottom: words, the code `side` points wide, more words. `face` at the top right."""

    title: str
    before: Sequence[Words]
    after: Sequence[Words]
    code: Modules | None = None
    side: float = 0
    face: Picture | None = None


_MARGIN: Final = 48.0
_FACE: Final = (80.0, 100.0)


def draw_page(page: Page) -> bytes:
    """The file."""
    room = WIDTH - 2 * _MARGIN - (_FACE[0] + 12 if page.face else 0)
    drawn: list[bytes] = []
    y = _write(drawn, page.before, _MARGIN, room)
    if page.face is not None:
        x, top = WIDTH - _MARGIN - _FACE[0], _MARGIN + 30
        bottom = HEIGHT - top - _FACE[1]
        drawn.append(b"q %.2f 0 0 %.2f %.2f %.2f cm /Face Do Q" % (*_FACE, x, bottom))
        y = max(y, top + _FACE[1])
    if page.code is not None:
        drawn.append(_code(page.code, (WIDTH - page.side) / 2, y + 12, page.side))
        y += 12 + page.side
    _write(drawn, page.after, y, WIDTH - 2 * _MARGIN)
    return _file(page, b"\n".join(drawn))


def _write(drawn: list[bytes], paragraphs: Sequence[Words], y: float, room: float) -> float:
    for one in paragraphs:
        y += one.above
        for line in _lines(one.text, one.size, room):
            y += one.size * 1.25
            font = b"Bold" if one.bold else b"Plain"
            drawn.append(
                b"BT /%s %.2f Tf %.2f %.2f Td (%s) Tj ET"
                % (font, one.size, _MARGIN, HEIGHT - y, _escaped(line))
            )
    return y


def _code(modules: Modules, x: float, y: float, side: float) -> bytes:
    """Runs of black modules as rectangles, filled together; the quiet zone is inside `side`."""
    unit = side / (len(modules) + 2 * QUIET_ZONE)
    boxes = []
    for row, blacks in enumerate(modules):
        top = HEIGHT - (y + (row + QUIET_ZONE + 1) * unit)
        start = None
        for column, black in enumerate((*blacks, False)):
            if black and start is None:
                start = column
            elif not black and start is not None:
                left = x + (start + QUIET_ZONE) * unit
                boxes.append(b"%.3f %.3f %.3f %.3f re" % (left, top, (column - start) * unit, unit))
                start = None
    return b"0 g\n" + b"\n".join(boxes) + b"\nf"


def _file(page: Page, content: bytes) -> bytes:
    resources = b"/Font << /Plain 4 0 R /Bold 5 0 R >>"
    if page.face is not None:
        resources += b" /XObject << /Face 7 0 R >>"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) /ViewerPreferences << /DisplayDocTitle true >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Resources << %s >> /Contents 6 0 R >>"
        % (WIDTH, HEIGHT, resources),
        font % b"Helvetica",
        font % b"Helvetica-Bold",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    if page.face is not None:
        packed = zlib.compress(page.face.pixels, 9)
        objects.append(
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
            b" /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
            % (page.face.width, page.face.height, len(packed), packed)
        )
    objects.append(b"<< /Title (%s) >>" % _escaped(page.title))
    return _assembled(objects)


def _assembled(objects: Sequence[bytes]) -> bytes:
    """Objects numbered from 1, the catalogue first and the title last, with their table of offsets."""
    written = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, one in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (count, table, count, count - 1, len(written))
    )


def _lines(text: str, size: float, room: float) -> list[str]:
    """The text in lines that fit, by widths a little on the safe side."""
    lines: list[str] = []
    line = ""
    for word in _pieces(text, size, room):
        longer = f"{line} {word}" if line else word
        if line and _width(longer) * size > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line]


def _pieces(text: str, size: float, room: float) -> Iterator[str]:
    """The words, one that is wider than the room cut into pieces."""
    for word in text.split(" "):
        piece = ""
        for letter in word:
            if piece and _width(piece + letter) * size > room:
                yield piece
                piece = ""
            piece += letter
        yield piece


def _width(text: str) -> float:
    """In ems of Helvetica."""
    return sum(0.3 if c in _NARROW else 0.95 if c in _WIDE else 0.75 if c.isupper() else 0.57 for c in text)


def _escaped(text: str) -> bytes:
    """A literal string in WinAnsi; a letter that it lacks loses its marks, or becomes a question mark."""
    raw = b"".join(_letter(one) for one in unicodedata.normalize("NFC", text))
    return raw.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _letter(letter: str) -> bytes:
    for spelt in (letter, unicodedata.normalize("NFD", letter)[0]):
        try:
            return spelt.encode("cp1252")
        except UnicodeEncodeError:
            continue
    return b"?"
