"""A picture of a face -> WebP within a byte budget, for codes that carry a portrait.

The portrait of a credential is signed by the issuer; this only makes the few bytes. What stays recognisable was
measured on synthetic faces: under 375 bytes nobody can be matched with certainty, and below 600 bytes WebP between
48x60 and 64x80 pixels is the best that needs no decoder of our own.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import PhoneError

__all__ = ["DEFAULT_BUDGET", "PICTURE_PIXELS", "portrait_within"]

DEFAULT_BUDGET: Final = 450  # bytes
PICTURE_PIXELS: Final = 50_000_000  # a picture beyond this is not opened
_SIZES: Final = ((64, 80), (56, 70), (48, 60), (40, 50))  # pixels, width x height, 4:5
_QUALITIES: Final = (60, 45, 35, 25, 18, 12, 8, 4, 0)


def portrait_within(picture: bytes, budget: int = DEFAULT_BUDGET) -> bytes:
    """Return the largest, then finest grey WebP of `picture` that has at most `budget` bytes.

    The picture is turned upright, cut to 4:5 around the upper middle, and carries no metadata. Raises `PhoneError`
    when it is no picture, too big to open, or does not fit.
    """
    face = _face(picture)
    for size in _SIZES:
        small = face.resize(size, Image.Resampling.LANCZOS)
        for candidate in _encodings(small):
            if len(candidate) <= budget:
                return candidate
    raise PhoneError(
        f"Aucune photo lisible ne tient en {budget} octets.", f"No legible portrait fits into {budget} bytes."
    )


def _face(picture: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(picture)) as opened:
                if opened.width * opened.height > PICTURE_PIXELS:
                    raise ValueError
                upright = ImageOps.exif_transpose(opened).convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning):
        raise PhoneError(
            "Cette image ne peut pas être ouverte : choisissez une autre photo.",
            "This picture cannot be opened: choose another photo.",
        ) from None
    return ImageOps.fit(
        ImageOps.autocontrast(upright), (256, 320), Image.Resampling.LANCZOS, centering=(0.5, 0.35)
    )


def _encodings(small: Image.Image) -> Iterator[bytes]:
    # Grey costs a tenth less than colour; "RGB" because WebP has no grey mode of its own.
    grey = small.convert("RGB")
    for quality in _QUALITIES:
        written = io.BytesIO()
        grey.save(written, "WEBP", quality=quality, method=6)
        yield written.getvalue()
