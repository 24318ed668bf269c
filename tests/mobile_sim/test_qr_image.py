"""Text to picture and back, by readers that are not ours."""

from __future__ import annotations

import io
import random

import pytest
import qrcode.util
from PIL import Image

from credentials import qr_text
from credentials.stages import EnvelopeBytes
from mobile_sim.errors import TooDense
from mobile_sim.qr_image import CEILING, QUIET_ZONE, Level, draw, version_at
from tests.qr_codes import texts_of

SEED = 20_261_101
# Envelope bytes that just fit, prefix included (ISO/IEC 18004, table 7).
CAPACITIES = ((14, Level.L, 442), (18, Level.L, 694), (21, Level.M, 687), (20, Level.M, 644))


def text_of(size: int) -> str:
    return qr_text.encode(EnvelopeBytes(random.Random(f"{SEED} {size}").randbytes(size)))


@pytest.mark.parametrize("size", [1, 40, 300, 442, 694, 1_000, 1_677])
def test_drawn_code_reads_back_as_the_same_text(size):
    """PNG through zxing-cpp, character for character."""
    text = text_of(size)
    with Image.open(io.BytesIO(draw(text).png())) as picture:
        found = texts_of(picture)
    assert found == [text], f"seed {SEED}"


@pytest.mark.parametrize(("version", "level", "size"), CAPACITIES)
def test_version_steps_up_exactly_at_its_capacity(version, level, size):
    """One alphanumeric segment: no bit is lost to a second one, digits in the text included."""
    assert version_at(text_of(size), level) == version
    assert version_at(text_of(size + 1), level) == version + 1
    digits = "LP1:" + "0" * (len(text_of(size)) - 4)
    assert version_at(digits, level) == version


def test_ceiling_refuses_with_the_reason_and_never_the_text():
    """One byte over 30-L: the sentence says how long the text is, not what it is."""
    assert draw(text_of(1_677)).version == CEILING
    too_long = text_of(1_678)
    with pytest.raises(TooDense, match="2521 caractères") as refused:
        draw(too_long)
    assert too_long[:20] not in str(refused.value) + refused.value.english


def test_quiet_zone_is_four_white_modules():
    """Around the whole picture, whatever the module's size."""
    picture = draw(text_of(40)).image(5)
    border = QUIET_ZONE * 5
    white = Image.new("L", (picture.width, border), 255)
    assert picture.crop((0, 0, picture.width, border)).tobytes() == white.tobytes()
    assert (
        picture.crop((0, picture.height - border, picture.width, picture.height)).tobytes() == white.tobytes()
    )
    assert picture.getpixel((border, border)) == 0


def test_terminal_and_svg_show_the_same_modules():
    """Half blocks and SVG say what the PNG says."""
    code = draw(text_of(40))
    rows = [line[len("\x1b[38;5;16;48;5;231m") : -len("\x1b[0m")] for line in code.half_blocks().splitlines()]
    assert {len(row) for row in rows} == {code.width}
    upper = {"█": True, "▀": True, "▄": False, " ": False}
    assert all(
        upper[rows[(y + QUIET_ZONE) // 2][x + QUIET_ZONE]] == code.modules[y][x]
        for y in range(0, len(code.modules), 2)
        for x in range(len(code.modules))
    )
    assert code.svg().count("h1v1h-1z") == sum(map(sum, code.modules))


def test_first_level_that_fits_is_taken():
    """Paper asks for Q, M, L in this order under a ceiling."""
    text = text_of(300)
    low, middle = version_at(text, Level.L), version_at(text, Level.M)
    assert low is not None
    assert middle is not None
    assert draw(text, (Level.Q, Level.M, Level.L), ceiling=middle).level is Level.M
    assert draw(text, (Level.Q, Level.M, Level.L), ceiling=low).level is Level.L


def test_text_outside_the_alphabet_is_a_programming_error():
    """Lower case would need byte mode, which readers corrupt."""
    with pytest.raises(ValueError, match="mode"):
        draw("lp1:abc")
    assert qrcode.util.optimal_mode(b"LP1:ABC") == qrcode.util.MODE_ALPHA_NUM
