"""Base45 of RFC 9285, strict: every byte string has one spelling and only that one is read.

Two bytes, as ``n = c0 + 45 c1 + 2025 c2``, give three characters, least significant first; a last byte alone
gives two. The space is a symbol of the alphabet, so nothing here strips, splits or collapses a text.
"""

from __future__ import annotations

from struct import unpack_from

from .errors import Damaged, Truncated

__all__ = ["ALPHABET", "decode", "encode"]

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""The 45 symbols in the order of their values (RFC 9285, section 4.2, table 1)."""

_STRANGER = b"\xff"
_VALUES = bytes(
    ALPHABET.find(chr(code)) if code < 128 and chr(code) in ALPHABET else 255 for code in range(256)
)
_PAIRS = [ALPHABET[n % 45] + ALPHABET[n // 45] for n in range(2025)]

# Each triplet is a lane of 24 bits in one big integer: 44 + 45 * 44 + 2025 * 44 = 91,124 never overflows into
# the next lane, so the whole text is added up by a handful of operations on integers.
_LANES_READY = 1_500
_LOW_BYTES = int.from_bytes(b"\xff\x00\x00" * _LANES_READY, "little")


def encode(data: bytes) -> str:
    """Return the Base45 text of `data`; never fails."""
    whole = len(data) // 2
    text = "".join([_PAIRS[n % 2025] + ALPHABET[n // 2025] for n in unpack_from(f">{whole}H", data)])
    return text + _PAIRS[data[-1]] if len(data) & 1 else text


def decode(text: str) -> bytes:
    """Return the bytes that `text` spells.

    Raises `Truncated` when the length modulo 3 is 1, `Damaged` for a character outside the alphabet, a triplet
    above 65,535 or a last pair above 255. Time is linear in the length; the caller bounds that first.
    """
    length = len(text)
    if length % 3 == 1:
        raise Truncated("the Base45 text stops in the middle of a group: read the whole code again")
    try:
        values = text.encode("ascii").translate(_VALUES)
    except UnicodeEncodeError:
        # `from None`: the original error carries the text itself.
        raise Damaged("the Base45 text holds a character outside its alphabet") from None
    if _STRANGER in values:
        raise Damaged("the Base45 text holds a character outside its alphabet")
    if length % 3 == 0:
        return bytes(_triplets(values, length // 3))
    return bytes(_triplets(values[:-2], length // 3)) + _last_pair(values[-2], values[-1])


def _triplets(values: bytes, count: int) -> bytearray:
    low_bytes = _LOW_BYTES if count <= _LANES_READY else int.from_bytes(b"\xff\x00\x00" * count, "little")
    whole = int.from_bytes(values, "little")
    sums = (whole & low_bytes) + 45 * (whole >> 8 & low_bytes) + 2025 * (whole >> 16 & low_bytes)
    lanes = sums.to_bytes(3 * count, "little")
    if lanes[2::3].count(0) != count:
        raise Damaged("the Base45 text holds a group above 65,535")
    pairs = bytearray(2 * count)
    pairs[0::2] = lanes[1::3]
    pairs[1::2] = lanes[0::3]
    return pairs


def _last_pair(first: int, second: int) -> bytes:
    value = first + 45 * second
    if value > 255:
        raise Damaged("the Base45 text ends in a pair above 255")
    return bytes((value,))
