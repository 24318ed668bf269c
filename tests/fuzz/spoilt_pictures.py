"""Picture files that are spoilt, cut, made up or absurd: each gives a text or one `PictureError`, in bounded memory."""

from __future__ import annotations

import io
from collections import Counter
from random import Random
from typing import Final

from PIL import Image

from tests.fuzz.inputs import ORIGINALS
from tests.fuzz.mutations import bytes_edited
from tests.vectors.pictures import draw as drawn
from tests.vectors.pictures import symbol
from verifier.camera import read_image
from verifier.errors import PictureError

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "PPM")


def files() -> list[bytes]:
    """One picture of a code in each format."""
    page = symbol(ORIGINALS[4].text)
    made = []
    for name in FORMATS:
        file = io.BytesIO()
        page.save(file, name)
        made.append(file.getvalue())
    return made


def spoilt(draw: Random, good: list[bytes]) -> bytes:
    """One file."""
    match draw.randrange(6):
        case 0:
            return draw.randbytes(draw.randrange(2_000))
        case 1:
            one = draw.choice(good)
            return one[: draw.randrange(len(one))]
        case 2:
            return drawn(
                {
                    "size": [
                        draw.choice((1, 7, 5_000, 100_000, 2**31 - 1)),
                        draw.choice((1, 9, 9_999, 2**31 - 1)),
                    ]
                }
            )
        case 3:
            file = io.BytesIO()
            Image.frombytes("L", (64, 64), draw.randbytes(4_096)).save(file, draw.choice(("PNG", "GIF")))
            return file.getvalue()
        case _:
            one = draw.choice(good)
            head = bytes_edited(one[:400], draw) if draw.random() < 0.6 else one[:400]
            return head + one[400:] if draw.random() < 0.7 else bytes_edited(one, draw)


def pictures(seed: int, count: int) -> str:
    """Read `count` spoilt files; what came of them, in words. Any other exception than `PictureError` is let through."""
    draw, good, told = Random(seed), files(), Counter[str]()
    for _ in range(count):
        try:
            read_image(spoilt(draw, good))
        except PictureError as error:
            told[str(error.reason)] += 1
        else:
            told["read"] += 1
    return ", ".join(f"{name} {number}" for name, number in sorted(told.items()))
