"""Pictures: the code in each is read or one word says why not, whatever the bytes."""

from __future__ import annotations

import io
import random
import struct
import zlib
from contextlib import suppress

import pytest
import qrcode
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from verifier import camera
from verifier.errors import NoCode, PictureError, PictureTooBig, SeveralCodes

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
SEED = 20261101


def code(characters: int = 800, seed: int = SEED) -> str:
    """A text that looks like ours."""
    draw = random.Random(seed)
    return "LP1:" + "".join(draw.choice(ALPHABET) for _ in range(characters))


def picture(text: str, box: int = 4) -> Image.Image:
    """Its symbol, drawn by the library that phones use."""
    symbol = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_L, box_size=box, border=4, mask_pattern=0)
    symbol.add_data(text, optimize=0)
    symbol.make()
    return symbol.make_image().get_image().convert("L")


def spelt(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of a picture file."""
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


TEXT = code()
CLEAN = picture(TEXT)


def _on_ground(image: Image.Image, width: int = 1920, height: int = 1080, ground: int = 200) -> Image.Image:
    frame = Image.new("L", (width, height), ground)
    frame.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return frame


FRAMES = {
    "clean": CLEAN,
    "inverted (dark mode)": ImageOps.invert(CLEAN),
    "in a 1080p frame": _on_ground(picture(TEXT, 8)),
    "turned by 15": CLEAN.rotate(15, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC),
    "turned by 97": CLEAN.rotate(97, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC),
    "half size": CLEAN.resize((CLEAN.width // 2, CLEAN.height // 2)),
    "blurred": picture(TEXT, 6).filter(ImageFilter.GaussianBlur(2.5)),
    "dim screen": CLEAN.point(lambda value: value * 0.15),
    "ten grey levels": CLEAN.point(lambda value: 120 + value / 25),
    "three grey levels": CLEAN.point(lambda value: 120 + value / 85),
    "one bit": CLEAN.convert("1"),
    "palette": CLEAN.convert("P"),
    "colour": CLEAN.convert("RGB"),
    "transparent ground": Image.merge("RGBA", [Image.new("L", CLEAN.size, 0)] * 3 + [ImageOps.invert(CLEAN)]),
    "sixteen bits": CLEAN.convert("I").point(lambda value: value * 257).convert("I;16"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_usual_frames_are_read(name):
    """Whole, turned, dark, blurred, of any pixel format: the text comes back."""
    assert camera.read_image(spelt(FRAMES[name])) == TEXT


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 30}),
        ("WEBP", {"quality": 40}),
        ("BMP", {}),
        ("GIF", {}),
        ("PPM", {}),
        ("AVIF", {}),
    ],
)
def test_usual_files_are_read(kind, options, tmp_path):
    """Every file format of the list, as bytes and as a path."""
    content = spelt(picture(TEXT, 6), kind, **options)
    path = tmp_path / "picture"
    path.write_bytes(content)
    assert camera.read_image(content) == camera.read_image(path) == TEXT


@pytest.mark.parametrize("characters", [40, 600, 1_500, 2_400])
def test_codes_of_every_size_are_read(characters):
    """Up to the ceiling of the encoder."""
    text = code(characters)
    assert camera.read_image(spelt(picture(text))) == text


def test_street_frames_are_read():
    """Noise, blur, dim light and JPEG together, from a printed seed."""
    draw = random.Random(SEED)
    noise = Image.frombytes("L", (960, 720), draw.randbytes(960 * 720))
    frame = _on_ground(picture(TEXT, 6).rotate(10, expand=True, fillcolor=200), 960, 720)
    frame = Image.blend(frame.filter(ImageFilter.GaussianBlur(1)), noise, 0.2).point(
        lambda value: value * 0.5
    )
    assert camera.read_image(spelt(frame, "JPEG", quality=60)) == TEXT


# --- none, several, others --------------------------------------------------------------------------------------


def _beside(*images: Image.Image) -> Image.Image:
    frame = Image.new("L", (sum(one.width for one in images), max(one.height for one in images)), 255)
    left = 0
    for one in images:
        frame.paste(one, (left, 0))
        left += one.width
    return frame


def test_two_of_our_codes_are_several():
    """Nobody chooses between two people."""
    with pytest.raises(SeveralCodes):
        camera.read_image(spelt(_beside(CLEAN, picture(code(seed=2)))))


def test_the_same_code_twice_is_one():
    """A screen and its reflection."""
    assert camera.read_image(spelt(_beside(CLEAN, CLEAN))) == TEXT


def test_our_code_is_taken_from_beside_others():
    """An advertisement beside the phone."""
    assert camera.read_image(spelt(_beside(picture("https://example.org/"), CLEAN))) == TEXT


def test_stranger_s_code_is_returned_for_the_verdict():
    """NOT_OURS is a verdict of `verify`, not of the camera."""
    assert camera.read_image(spelt(picture("https://example.org/"))) == "https://example.org/"


def test_no_code_is_said():
    """Blank, black, noise, a drawing."""
    draw = random.Random(SEED)
    drawing = Image.new("RGB", (640, 480), "white")
    ImageDraw.Draw(drawing).ellipse((100, 100, 400, 300), fill="red", outline="black")
    blank = [Image.new("L", (640, 480), ground) for ground in (0, 127, 255)]
    for frame in (
        *blank,
        Image.frombytes("L", (320, 240), draw.randbytes(320 * 240)),
        drawing,
        Image.new("L", (1, 1)),
    ):
        with pytest.raises(NoCode):
            camera.read_image(spelt(frame))


# --- hostile files ----------------------------------------------------------------------------------------------


def _png(width: int, height: int, body: bytes) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "size", [(20_000, 20_000), (2**31 - 1, 1), (65_535, 65_535), (25_000_001, 1), (1, 25_000_001)]
)
def test_more_pixels_than_the_cap_are_refused_by_the_header(size):
    """A bomb of a few bytes: nothing of it is decoded."""
    with pytest.raises(PictureTooBig):
        camera.read_image(_png(*size, zlib.compress(b"")))


def test_the_largest_picture_is_still_looked_at():
    """At the cap itself the answer is about codes."""
    with pytest.raises(NoCode):
        camera.read_image(_png(5_000, 5_000, zlib.compress(bytes(626 * 5_000), 1)))


def test_a_large_photograph_is_read():
    """Forty-eight million pixels of a phone, the code a sixth of its height."""
    frame = Image.new("L", (8_000, 6_000), 210)
    frame.paste(picture(TEXT, 12), (3_000, 2_000))
    assert camera.read_image(spelt(frame, "JPEG", quality=85)) == TEXT


def test_more_bytes_than_the_cap_are_refused(tmp_path, monkeypatch):
    """The limit passes, one byte more does not."""
    content = spelt(CLEAN)
    path = tmp_path / "picture"
    path.write_bytes(content)
    monkeypatch.setattr(camera, "FILE_BYTES", len(content))
    assert camera.read_image(path) == TEXT
    path.write_bytes(content + b"\0")
    with pytest.raises(PictureTooBig):
        camera.read_image(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_cut_and_altered_files_give_one_word(kind):
    """Cut at every hundredth, altered at random places: a text or one picture error, never anything else."""
    draw, content = random.Random(SEED), spelt(picture(code(40), 2), kind)
    cases = [content[: len(content) * part // 60] for part in range(60)]
    for _ in range(60):
        altered = bytearray(content)
        for _ in range(draw.choice((1, 4, 40))):
            altered[draw.randrange(len(altered))] = draw.randrange(256)
        cases.append(bytes(altered))
    for case in cases:
        try:
            text = camera.read_image(case)
        except PictureError:
            continue
        assert text == code(40)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        b"II*\x00\x08\x00\x00\x00" + bytes(100),
        b"P6 1000000000 1000000000 255\n",
        b"P5 99999999999999999999 1 255\n",
        b"BM" + b"\xff" * 200,
        b"GIF89a" + b"\xff" * 200,
        b"RIFF\xff\xff\xff\xffWEBPVP8L" + b"\xff" * 200,
        b"\xff\xd8\xff" + b"\xff" * 200,
        b"\x00\x00\x00\x20ftypavif" + b"\xff" * 200,
        bytes(100_000),
    ],
)
def test_files_that_are_no_picture_give_one_word(content):
    """Other kinds of file, kinds that are not on the list, headers that lie."""
    with pytest.raises(PictureError):
        camera.read_image(content)


def test_text_chunk_bombs_give_one_word():
    """Compressed comments of a PNG are not inflated beyond measure."""
    bomb = zlib.compress(bytes(100_000_000), 1)
    content = spelt(CLEAN)
    chunk = b"x\0\0" + bomb
    chunk = struct.pack(">I", len(chunk)) + b"zTXt" + chunk + struct.pack(">I", zlib.crc32(b"zTXt" + chunk))
    with suppress(PictureError):
        assert camera.read_image(content[:33] + chunk + content[33:]) == TEXT


def test_rows_that_pass_for_another_symbology_are_no_second_code():
    """In this dense code a reader of every symbology sees a Codabar too; the verdict is about the one code."""
    text = code(seed=347)
    assert len(zxingcpp.read_barcodes(picture(text))) > 1
    assert camera.read_image(spelt(picture(text))) == text


# --- readers ----------------------------------------------------------------------------------------------------


def test_pyzbar_alone_reads_frontal_frames(monkeypatch):
    """Without zxing-cpp the fixed reader of a counter still works, dark mode included."""
    if "pyzbar" not in camera.readers():
        pytest.skip("libzbar0 is not installed")
    monkeypatch.setattr(camera, "_zxing", lambda: None)
    assert camera.readers() == ("pyzbar",)
    for name in ("clean", "inverted (dark mode)", "in a 1080p frame", "one bit"):
        assert camera.read_image(spelt(FRAMES[name])) == TEXT


def test_missing_pyzbar_leaves_the_other_reader(monkeypatch):
    """A missing libzbar0 is tolerated."""
    monkeypatch.setattr(camera, "_zbar", lambda: None)
    assert camera.readers() == ("zxing-cpp",)
    assert camera.read_image(spelt(CLEAN)) == TEXT


def test_no_reader_at_all_is_said(monkeypatch):
    """An installation without the extra."""
    for name in ("_zbar", "_zxing"):
        monkeypatch.setattr(camera, name, lambda: None)
    with pytest.raises(camera.ReadersMissing, match="install"):
        camera.read_image(spelt(CLEAN))


def test_retries_rescue_what_one_look_does_not(monkeypatch):
    """The dresses earn their keep: without them this frame stays unread."""
    frame = spelt(
        picture(TEXT, 4).point(lambda value: 125 + value / 85).filter(ImageFilter.GaussianBlur(1.2))
    )
    assert camera.read_image(frame) == TEXT
    monkeypatch.setattr(camera, "DRESSES", ())
    monkeypatch.setattr(camera, "ZBAR_DRESSES", ())
    monkeypatch.setattr(camera, "_zbar", lambda: None)
    with pytest.raises(NoCode):
        camera.read_image(frame)


@pytest.mark.parametrize(
    ("head", "body"),
    [(b"P3\n2000 2000\n255\n", b"1 2 3 " * 100), (b"P2\n2000 2000\n255\n", b"1 2 3 " * 100)],
    ids=["plain colours", "plain greys"],
)
def test_picture_decoded_in_python_is_refused_at_its_header(head, body):
    """A plain PPM of 60 MB would take half a minute of CPU; its kind is refused before its first pixel."""
    with pytest.raises(NoCode, match="no camera makes"):
        camera.read_image(head + body)


def test_picture_with_an_endless_side_is_too_big():
    """25,000,000 pixels in one row are within the pixel cap, and no reader's business."""
    content = io.BytesIO()
    Image.new("L", (camera.SIDE + 1, 1)).save(content, "PNG")
    with pytest.raises(PictureTooBig, match="no side over"):
        camera.read_image(content.getvalue())


def test_large_picture_with_transparency_is_too_big():
    """It would be held four times; 3 million pixels are enough for any code with a transparent ground."""
    content = io.BytesIO()
    Image.new("RGBA", (2500, 2500)).save(content, "PNG", compress_level=1)
    with pytest.raises(PictureTooBig, match="transparency"):
        camera.read_image(content.getvalue())
