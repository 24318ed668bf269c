"""What is written and drawn on a printed page, read back from the PDF itself."""

from __future__ import annotations

import re

from PIL import Image, ImageDraw

from wallet_api.printing.pdf import HEIGHT, WIDTH

_DOTS = 2  # pixels for each point of the page
CODE_ON_SHEET = re.compile(r"\b[PV][0-9A-Z]{3}(?:-[0-9A-Z]{4}){4}\b")
ROOT_ON_SHEET = re.compile(r"authority: ([0-9a-f]{4}(?: [0-9a-f]{4}){4})")


def stream_of(pdf: bytes) -> bytes:
    """The content of the one page."""
    return pdf.partition(b"stream\n")[2].partition(b"\nendstream")[0]


def words_of(pdf: bytes) -> str:
    """Everything written on the page."""
    lines = re.findall(rb"\((.*)\) Tj", stream_of(pdf))
    plain = [re.sub(rb"\\(.)", rb"\1", one).decode("cp1252") for one in lines]
    return " ".join(plain)


def picture_of(pdf: bytes) -> Image.Image:
    """The rectangles of the page, painted; the quiet zone is whatever the page leaves white."""
    picture = Image.new("L", (WIDTH * _DOTS, HEIGHT * _DOTS), 255)
    pen = ImageDraw.Draw(picture)
    for box in re.findall(rb"^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$", stream_of(pdf), re.MULTILINE):
        x, y, width, height = (float(one) * _DOTS for one in box)
        top = HEIGHT * _DOTS - y - height
        pen.rectangle((round(x), round(top), round(x + width) - 1, round(top + height) - 1), fill=0)
    return picture
