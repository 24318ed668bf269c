"""Picture -> text of the one code in it. Extra `scan`; imported by commands that need a picture, never by `verify`.

1. Bytes are bounded before they are read, pixels by the header before they are decoded, formats are a short list.
2. zxing-cpp reads first. Where it finds nothing the picture is tried again in other dress (contrast, blur, sharpening,
   scale), then by pyzbar: near the limit each rescues pictures of the other (performance.md, section 6).
3. Text modes only: in byte mode pyzbar returned wrong bytes for 169 of 225 pictures.
4. One text that starts like ours is the answer; two different ones are `SeveralCodes`; a stranger's code is returned when
   nothing of ours is there, for `verify` to call it NOT_OURS.
5. Whatever the bytes, the answer is a text or one `PictureError`.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageFilter, ImageOps

from credentials.spec import TEXT_PREFIX
from credentials.stages import QrText

from .errors import NoCode, PictureTooBig, SeveralCodes

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["ReadersMissing", "read_image", "readers"]

FILE_BYTES: Final = 64 * 1024 * 1024
# By the header, before anything is decoded. A photograph (JPEG) is decoded at half size; other kinds whole, 100 MB.
PIXELS: Final = 25_000_000
PHOTOGRAPH_PIXELS: Final = 50_000_000
# Larger pictures are halved until they fit: a code that fills a tenth of the frame keeps 5 pixels a module.
WORKING_PIXELS: Final = 12_500_000
# 1080p; no dress is tried on more than this, which bounds the time of a picture without a code.
RETRY_PIXELS: Final = 2_100_000
# A reader of long thin pictures gives up with an error of its own, and no frame with a code has such a side.
SIDE: Final = 20_000
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "PPM", "AVIF")
# Decoders that the library wrote in Python: a second for each three megabytes, so their kinds of BMP and PPM are refused.
SLOW_DECODERS: Final = frozenset(("bmp_rle", "ppm", "ppm_plain"))
ENLARGE: Final = 1.6

Reader = Callable[[Image.Image], set[str]]


class ReadersMissing(ImportError):
    """Neither zxing-cpp nor pyzbar can be loaded: install `laissez-passer-verifier[scan]`."""


def _zxing() -> Reader | None:
    try:
        import zxingcpp
    except ImportError:
        return None

    formats = zxingcpp.barcode_formats_from_str("QRCode")

    def read(picture: Image.Image) -> set[str]:
        found = zxingcpp.read_barcodes(picture, formats=formats, text_mode=zxingcpp.TextMode.Plain)
        return {one.text for one in found if one.text}

    return read


def _zbar() -> Reader | None:
    try:
        from pyzbar import pyzbar
    except ImportError:  # also when the library libzbar0 is missing
        return None

    def read(picture: Image.Image) -> set[str]:
        found = pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])
        return {one.data.decode("utf-8", "replace") for one in found if one.data}

    return read


def readers() -> tuple[str, ...]:
    """Names of the readers that this machine has, in the order in which they are tried."""
    found = (("zxing-cpp", _zxing()), ("pyzbar", _zbar()))
    return tuple(name for name, reader in found if reader is not None)


def read_image(picture: Path | str | bytes) -> QrText:
    """The text of the code in a picture, given as a path or as the file's bytes.

    Raises `NoCode`, `SeveralCodes` or `PictureTooBig`; `OSError` for a path that cannot be read, `ReadersMissing` when
    no reader is installed.
    """
    zxing, zbar = _zxing(), _zbar()
    if zxing is None and zbar is None:
        raise ReadersMissing("no QR reader is installed: install laissez-passer-verifier[scan]")
    grey = _decode(_read_file(picture))
    stranger: str | None = None
    for attempt in _attempts(grey, zxing, zbar):
        texts = attempt()
        ours = {text for text in texts if text.startswith(TEXT_PREFIX)}
        if len(ours) > 1:
            raise SeveralCodes("the picture shows several codes: aim at one only")
        if ours:
            return QrText(ours.pop())
        stranger = stranger or min(texts, default=None)
    if stranger is None:
        raise NoCode("no QR code in the picture")
    return QrText(stranger)


def _read_file(picture: Path | str | bytes) -> bytes:
    if isinstance(picture, bytes):
        content = picture
    else:
        with Path(picture).open("rb") as file:
            content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise PictureTooBig(f"a picture file has at most {FILE_BYTES >> 20} MiB")
    return content


def _decode(content: bytes) -> Image.Image:
    """The picture in grey, at most `WORKING_PIXELS`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns of big and odd pictures: both are judged here
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                at_most = PHOTOGRAPH_PIXELS if image.format == "JPEG" else PIXELS
                if image.width * image.height > at_most or max(image.size) > SIDE:
                    raise PictureTooBig(
                        f"such a picture has at most {at_most // 1_000_000} million pixels, and no side over {SIDE}"
                    )
                if SLOW_DECODERS & {tile[0] for tile in image.tile}:
                    raise NoCode("a kind of picture that no camera makes: save it as PNG or JPEG")
                return _grey(image)
    except (PictureTooBig, NoCode):
        raise
    except Image.DecompressionBombError:
        raise PictureTooBig("the picture has more pixels than any photograph") from None
    except Exception as error:  # decoders of pictures raise anything at all on hostile bytes
        raise NoCode("the file is no picture that can be read, or it is cut short") from error


def _grey(image: ImageFile) -> Image.Image:
    big = image.width * image.height > WORKING_PIXELS
    image.draft("L", (image.width // 2, image.height // 2) if big else image.size)
    picture: Image.Image = image
    if picture.has_transparency_data and picture.width * picture.height > WORKING_PIXELS // 4:
        raise PictureTooBig(
            "a picture with transparency has at most 3 million pixels"
        )  # four copies of it are made
    if picture.mode.startswith("I"):  # 16 bits a pixel: the library would cut instead of scaling
        brightest = max(_numbers(picture.getextrema()), default=0) or 1
        picture = picture.point(lambda value: value * (255 / brightest))
    elif picture.has_transparency_data:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    picture = picture.convert("L")
    while picture.width * picture.height > WORKING_PIXELS:
        picture = picture.reduce(2)
    return picture


def _numbers(extrema: object) -> Iterator[float]:
    if isinstance(extrema, tuple):
        for one in extrema:
            yield from _numbers(one)
    elif isinstance(extrema, int | float):
        yield extrema


def _scaled(grey: Image.Image, factor: float) -> Image.Image:
    size = max(1, round(grey.width * factor)), max(1, round(grey.height * factor))
    return grey.resize(size, Image.Resampling.BICUBIC)


Dress = Callable[[Image.Image], Image.Image]
DRESSES: Final[tuple[Dress, ...]] = (
    lambda grey: ImageOps.autocontrast(grey, cutoff=2),
    ImageOps.equalize,
    lambda grey: grey.filter(ImageFilter.GaussianBlur(1.5)),
    lambda grey: grey.filter(ImageFilter.UnsharpMask(radius=4, percent=300, threshold=0)),
    lambda grey: _scaled(grey, ENLARGE),
    lambda grey: _scaled(grey, 0.5),
)
ZBAR_DRESSES: Final[tuple[Dress, ...]] = (
    ImageOps.invert,  # pyzbar does not invert by itself
    lambda grey: grey.filter(ImageFilter.GaussianBlur(1.0)),
    lambda grey: _scaled(grey, 0.5),
)


def _attempts(
    grey: Image.Image, zxing: Reader | None, zbar: Reader | None
) -> Iterator[Callable[[], set[str]]]:
    def attempt(reader: Reader, dress: Dress | None) -> Callable[[], set[str]]:
        return lambda: reader(grey if dress is None else dress(small))

    small = grey
    while small.width * small.height > RETRY_PIXELS:
        small = small.reduce(2)
    if zxing is not None:  # inverts, turns and shrinks by itself
        yield attempt(zxing, None)
    if zbar is not None:
        yield attempt(zbar, None)
    if zxing is not None:
        for dress in DRESSES:
            yield attempt(zxing, dress)
    if zbar is not None:
        for dress in ZBAR_DRESSES:
            yield attempt(zbar, dress)
