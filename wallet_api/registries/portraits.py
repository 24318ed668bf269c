"""Drawn faces for fictitious people: a few shapes in WebP within the byte budget, different for each reference."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from credentials.limits import PORTRAIT_BYTES

_SIZE: Final = (48, 60)  # pixels; 4:5, a face of about 30 pixels
_QUALITIES: Final = (60, 45, 30, 20, 10)


def draw_portrait(reference: str) -> bytes:
    """A WebP of at most the portrait budget. The drawing depends on the reference alone."""
    seed = hashlib.sha256(reference.encode()).digest()
    image = _face(seed)
    for quality in _QUALITIES:
        file = io.BytesIO()
        image.save(file, "WEBP", quality=quality, method=6)
        if file.tell() <= PORTRAIT_BYTES:
            return file.getvalue()
    msg = "a drawn portrait does not fit its budget"
    raise ValueError(msg)


def write_portraits(folder: Path, references: tuple[str, ...]) -> None:
    """Draw the portraits of a demonstration home."""
    folder.mkdir(parents=True, exist_ok=True)
    for reference in references:
        (folder / f"{reference}.webp").write_bytes(draw_portrait(reference))


def _face(seed: bytes) -> Image.Image:
    image = Image.new("RGB", _SIZE, (200 + seed[0] % 40, 205 + seed[1] % 40, 215))
    draw = ImageDraw.Draw(image)
    skin = (170 + seed[2] % 70, 120 + seed[3] % 70, 90 + seed[4] % 60)
    hair = (30 + seed[5] % 120, 20 + seed[6] % 80, 15 + seed[7] % 50)
    shirt = (40 + seed[8] % 160, 60 + seed[9] % 120, 80 + seed[10] % 150)
    draw.ellipse((2, 46, 46, 80), fill=shirt)
    draw.rectangle((20, 38, 28, 50), fill=skin)
    draw.ellipse((10, 6, 38, 30 + seed[11] % 16), fill=hair)
    draw.ellipse((13, 12, 35, 42), fill=skin)
    for x in (19, 29):
        draw.ellipse((x - 2, 23, x + 1, 26), fill=(30, 30, 40))
    draw.line((24, 26, 23, 32), fill=hair, width=1)
    draw.arc((19, 30, 29, 38), 20, 160, fill=(140, 50, 60), width=2)
    if seed[12] % 2:
        for x in (15, 25):
            draw.rectangle((x, 21, x + 7, 27), outline=(20, 20, 20))
    return image
