"""The QR codes of a picture, read by zxing-cpp and told apart from what merely looks like another symbology."""

from __future__ import annotations

from typing import Final

import zxingcpp
from PIL import Image

# Rows of a dense code pass for a UPC-E or an EAN-13: 2 of 633 random codes of 600 bytes did.
QR_ONLY: Final = zxingcpp.barcode_formats_from_str("QRCode")


def texts_of(picture: Image.Image) -> list[str]:
    """The text of every QR code, in the reader's order."""
    return [one.text for one in zxingcpp.read_barcodes(picture, formats=QR_ONLY)]
