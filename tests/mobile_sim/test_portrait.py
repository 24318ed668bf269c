"""A picture of any kind becomes a few bytes, or one sentence."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from credentials.portrait import check_portrait
from mobile_sim.errors import PhoneError
from mobile_sim.portrait import portrait_within

SEED = 20_261_101


def picture(kind="PNG", mode="RGB", size=(640, 480)) -> bytes:
    noise = Image.effect_noise(size, 60).convert(mode)
    written = io.BytesIO()
    noise.save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize("budget", [300, 450, 600])
@pytest.mark.parametrize(
    ("kind", "mode", "size"),
    [("PNG", "RGB", (640, 480)), ("JPEG", "L", (99, 1_200)), ("PNG", "RGBA", (1, 1)), ("PNG", "P", (64, 80)),
     ("TIFF", "CMYK", (300, 300)), ("WEBP", "RGB", (2_000, 50))],
)  # fmt: skip
def test_any_picture_fits_the_budget(kind, mode, size, budget):
    """Even pure noise: the portrait is WebP within its bytes, upright 4:5, without metadata."""
    portrait = portrait_within(picture(kind, mode, size), budget)
    assert len(portrait) <= budget
    check_portrait(portrait)
    with Image.open(io.BytesIO(portrait)) as small:
        assert small.width * 5 == small.height * 4
        assert not small.getexif()


def test_budget_that_nothing_meets_is_said_in_words():
    """No picture of 20 bytes."""
    with pytest.raises(PhoneError, match="20 octets"):
        portrait_within(picture(), 20)


def test_damaged_picture_is_one_sentence():
    """Cuts and flips of a good picture, and no picture at all: never another exception."""
    source, generator = picture("JPEG"), random.Random(SEED)
    broken = [b"", b"MARTIN", source[:200], source[: len(source) // 2], b"\x89PNG\r\n\x1a\n" + bytes(50)]
    for _ in range(60):
        changed = bytearray(source)
        for place in generator.sample(range(len(changed)), 8):
            changed[place] = generator.randrange(256)
        broken.append(bytes(changed))
    for one in broken:
        try:
            portrait_within(one)
        except PhoneError as refused:
            assert "ouverte" in str(refused)  # noqa: PT017 - some changes leave a readable picture


def test_bomb_is_not_opened():
    """A few hundred bytes that announce a gigantic picture."""
    small = picture("PNG", "L", (8, 8))
    huge = small[:16] + (60_000).to_bytes(4, "big") * 2 + small[24:]
    with pytest.raises(PhoneError):
        portrait_within(huge)
