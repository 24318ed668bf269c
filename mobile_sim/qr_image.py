"""A QR text -> picture: PNG, SVG or characters of a terminal.

- One alphanumeric segment: the prefix and Base45 lie in that alphabet, and a second segment would cost bits.
- Level L with the smallest version that holds the text, up to a ceiling of 30; paper takes the highest level of
  Q, M, L that fits. At a given size on the screen more correction reads worse, not better.
- Black on white with a quiet zone of 4 modules, square modules, no decoration, in every theme.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

import qrcode
from PIL import Image
from qrcode import constants, util
from qrcode.exceptions import DataOverflowError

from credentials.limits import QR_CEILING_L

from .errors import TooDense

__all__ = ["CEILING", "QUIET_ZONE", "Level", "QrPicture", "draw", "version_at"]

QUIET_ZONE: Final = 4  # modules (ISO/IEC 18004, section 6.3.8)
CEILING: Final = QR_CEILING_L  # version; beyond it a phone's screen is hard to read
_MASK: Final = (
    2  # any fixed mask is legal; searching for the best costs five times the rest and reads no better
)
_MODULE_PIXELS: Final = 8


class Level(Enum):
    """Error correction levels used here."""

    L = constants.ERROR_CORRECT_L
    M = constants.ERROR_CORRECT_M
    Q = constants.ERROR_CORRECT_Q


@dataclass(frozen=True)
class QrPicture:
    """One drawn code: `version` 1..40, its `level`, and its modules, True for black, without quiet zone."""

    version: int
    level: Level
    modules: tuple[tuple[bool, ...], ...]

    @property
    def width(self) -> int:
        """Modules on each side, quiet zone included."""
        return len(self.modules) + 2 * QUIET_ZONE

    @cached_property
    def small(self) -> Image.Image:
        """One pixel per module, quiet zone included; 0 is black."""
        picture = Image.new("L", (self.width, self.width), 255)
        for y, row in enumerate(self.modules):
            for x, black in enumerate(row):
                if black:
                    picture.putpixel((x + QUIET_ZONE, y + QUIET_ZONE), 0)
        return picture

    def image(self, module_pixels: int = _MODULE_PIXELS) -> Image.Image:
        """The code with `module_pixels` pixels for each module."""
        side = self.width * module_pixels
        return self.small.resize((side, side), Image.Resampling.NEAREST)

    def png(self, module_pixels: int = _MODULE_PIXELS) -> bytes:
        """A PNG of 1 bit per pixel."""
        written = io.BytesIO()
        self.image(module_pixels).convert("1").save(written, "PNG", optimize=True)
        return written.getvalue()

    def svg(self) -> str:
        """An SVG whose unit is one module."""
        path = "".join(
            f"M{x + QUIET_ZONE} {y + QUIET_ZONE}h1v1h-1z"
            for y, row in enumerate(self.modules)
            for x, black in enumerate(row)
            if black
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.width}" '
            f'shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/>'
            f'<path d="{path}" fill="#000"/></svg>\n'
        )

    def half_blocks(self) -> str:
        """Two rows of modules per line of text, black on white whatever the terminal's colours."""
        lines = []
        for y in range(0, self.width, 2):
            cells = "".join(_CELLS[self._black(x, y), self._black(x, y + 1)] for x in range(self.width))
            lines.append(f"\x1b[38;5;16;48;5;231m{cells}\x1b[0m")
        return "\n".join(lines) + "\n"

    def _black(self, x: int, y: int) -> bool:
        return y < self.width and self.small.getpixel((x, y)) == 0


_CELLS: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def version_at(text: str, level: Level, ceiling: int = 40) -> int | None:
    """The smallest version that holds `text` at `level`, or None above `ceiling`."""
    symbol = _symbol(text, level)
    try:
        version = int(symbol.best_fit())
    except (DataOverflowError, ValueError):
        return None
    return version if version <= ceiling else None


def draw(text: str, levels: tuple[Level, ...] = (Level.L,), ceiling: int = CEILING) -> QrPicture:
    """Draw `text` at the first of `levels` whose smallest version is within `ceiling`.

    Raises `TooDense` when none is, `ValueError` for a text outside the alphanumeric alphabet (programmer's error).
    """
    for level in levels:
        version = version_at(text, level, ceiling)
        if version is not None:
            return _drawn(text, level, version)
    raise TooDense(
        f"Ce code serait trop dense pour être lu ({len(text)} caractères, au-delà de la version {ceiling}) : "
        "présentez-le sans photo ou sous sa forme CBOR.",
        f"This code would be too dense to be read ({len(text)} characters, beyond version {ceiling}): "
        "show it without a portrait or in its CBOR form.",
    )


def _symbol(text: str, level: Level) -> qrcode.QRCode[Image.Image]:
    symbol = qrcode.QRCode(error_correction=level.value, border=0, mask_pattern=_MASK)
    # Given as one segment, so that digits inside the text are not split off into segments of their own.
    symbol.add_data(util.QRData(text.encode("ascii"), mode=util.MODE_ALPHA_NUM))
    return symbol


def _drawn(text: str, level: Level, version: int) -> QrPicture:
    symbol = _symbol(text, level)
    symbol.version = version
    symbol.make(fit=False)
    return QrPicture(version, level, tuple(tuple(bool(black) for black in row) for row in symbol.modules))
