"""A portrait: one face in WebP or AVIF within the byte budget. Its pixels are never decoded here."""

from __future__ import annotations

from .errors import Malformed, TooLarge
from .limits import PORTRAIT_BYTES


def check_portrait(portrait: bytes | None) -> None:
    """Raises `TooLarge` over the budget, `Malformed` when the bytes announce another format."""
    if portrait is None:
        return
    if len(portrait) > PORTRAIT_BYTES:
        msg = f"a portrait has at most {PORTRAIT_BYTES} bytes"
        raise TooLarge(msg)
    webp = portrait[:4] == b"RIFF" and portrait[8:12] == b"WEBP"
    avif = portrait[4:12] == b"ftypavif"
    if not webp and not avif:
        msg = "a portrait is WebP or AVIF"
        raise Malformed(msg)
