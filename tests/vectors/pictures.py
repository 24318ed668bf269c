"""Pictures of vectors, drawn when they are needed from a description: {"codes": [...], "turn": 90, ...}.

codes      texts, side by side, each a QR symbol of level L with four pixels a module and a quiet zone of four
invert     light on dark                      turn       degrees, clockwise
contrast   0 to 1, around the middle grey     format     PNG or JPEG
blank      [width, height] of an empty page   noise      seed of a page of noise
size       [width, height] that a PNG claims  cut        bytes kept of the file
bytes      the file itself, base64
"""

from __future__ import annotations

import io
import random
import zlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import qrcode
from PIL import Image, ImageOps
from qrcode.constants import ERROR_CORRECT_L


def draw(description: Mapping[str, Any]) -> bytes:
    """The file of the picture."""
    if "bytes" in description:
        return b64decode(description["bytes"])
    if "size" in description:
        return _claiming(*description["size"])
    page = _page(description)
    if description.get("invert"):
        page = ImageOps.invert(page)
    if turn := description.get("turn"):
        page = page.rotate(-turn, expand=True, fillcolor=255)
    if contrast := description.get("contrast"):
        page = page.point(lambda grey: int(128 + (grey - 128) * contrast))
    file = io.BytesIO()
    page.save(file, description.get("format", "PNG"))
    return file.getvalue()[: description.get("cut")]


def _page(description: Mapping[str, Any]) -> Image.Image:
    if "blank" in description:
        return Image.new("L", tuple(description["blank"]), 255)
    if "noise" in description:
        return Image.frombytes("L", (300, 300), random.Random(description["noise"]).randbytes(90_000))
    symbols = [symbol(text) for text in description["codes"]]
    page = Image.new("L", (sum(one.width for one in symbols), max(one.height for one in symbols)), 255)
    left = 0
    for one in symbols:
        page.paste(one, (left, 0))
        left += one.width
    return page


def symbol(text: str) -> Image.Image:
    """One QR symbol; alphanumeric where its text allows, as phones draw it."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, box_size=4, border=4)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return code.make_image().get_image().convert("L")


def _claiming(width: int, height: int) -> bytes:
    """A PNG that claims this size and holds a thousandth of it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
        )

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    body = zlib.compress(bytes(min(width * height // 1_000, 400_000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
