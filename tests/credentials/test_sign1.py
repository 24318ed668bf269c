"""COSE_Sign1: what is to be signed is cut out of a message, and equals what RFC 9052 builds from its parts."""

from __future__ import annotations

import pytest

from credentials import cbor, sign1
from credentials.errors import Malformed

SIGNATURE = bytes(range(64))
SIZES = [0, 1, 23, 24, 255, 256, 257, 65_535, 65_536]


@pytest.mark.parametrize("payload", SIZES)
@pytest.mark.parametrize("header", SIZES)
def test_what_was_signed_is_what_is_cut_out(header, payload):
    """Every length of head, on both sides; the message comes apart into the parts it was made of."""
    protected, content = b"\x01" * header, b"\x02" * payload
    read = sign1.decode(sign1.assemble(protected, content, SIGNATURE))
    assert (read.protected, read.payload, read.signature) == (protected, content, SIGNATURE)
    assert read.to_be_signed == sign1.to_be_signed(protected, content)
    assert read.to_be_signed == cbor.encode(["Signature1", protected, b"", content])


def test_empty_map_signs_as_a_string_of_no_length():
    """RFC 9052 section 4.4: a protected header of zero entries, received as a map, is signed as h''."""
    read = sign1.decode(sign1.assemble(b"\xa0", b"payload", SIGNATURE))
    assert read.to_be_signed == cbor.encode(["Signature1", b"", b"", b"payload"])


@pytest.mark.parametrize(
    "head",
    [
        "59",
        "5901",
        "590100",
        "5900ff",
        "5817",
        "58",
        "5a0000ffff",
        "5a000100",
        "5b0000000000000100",
        "5f",
        "60",
        "",
    ],
)
def test_byte_string_cut_short_or_long_headed_is_refused(head):
    """No head but the shortest, and no byte beyond the end, wherever the input stops."""
    for rest in (b"", b"\x00", bytes(22)):
        with pytest.raises(Malformed):
            sign1.take_byte_string(bytes.fromhex(head) + rest, 0)


@pytest.mark.parametrize("cut", range(1, 40))
def test_message_cut_anywhere_is_refused(cut):
    """From its end and from its beginning."""
    message = sign1.assemble(b"\x01" * 300, b"\x02" * 300, SIGNATURE)
    for piece in (message[:-cut], message[: cut - 1], message[cut:], message + bytes(cut)):
        with pytest.raises(Malformed):
            sign1.decode(piece)
