"""A code's text as the modules of a QR code (ISO/IEC 18004), one alphanumeric segment, as much correction as fits."""

from __future__ import annotations

from typing import Final

import qrcode
from qrcode import constants, util
from qrcode.exceptions import DataOverflowError

QUIET_ZONE: Final = 4  # modules (ISO/IEC 18004, section 6.3.8)
_LEVELS: Final = (constants.ERROR_CORRECT_Q, constants.ERROR_CORRECT_M, constants.ERROR_CORRECT_L)
_MASK: Final = 2  # any fixed mask is legal
Modules = tuple[tuple[bool, ...], ...]


def modules_of(text: str, most: int) -> Modules:
    """Rows of modules, True for black, without quiet zone; at most `most` on a side, at the highest level that allows it.

    Raises `ValueError` when none does, or when `text` is outside the alphanumeric alphabet (programmer's error).
    """
    for level in _LEVELS:
        symbol: qrcode.QRCode[object] = qrcode.QRCode(error_correction=level, border=0, mask_pattern=_MASK)
        symbol.add_data(util.QRData(text.encode("ascii"), mode=util.MODE_ALPHA_NUM))
        try:
            symbol.make(fit=True)
        except (DataOverflowError, ValueError):
            continue
        if len(symbol.modules) <= most:
            return tuple(tuple(bool(black) for black in row) for row in symbol.modules)
    msg = "the text does not fit a code of that size"
    raise ValueError(msg)
