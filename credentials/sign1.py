"""COSE_Sign1 <-> bytes, and the bytes to be signed (RFC 9052 section 4.2 and 4.4).

- A message is tagged 18, its unprotected header is empty, its payload is attached, its signature has 64 bytes.
- The protected header names the algorithm and what the message is (`typ`, RFC 9596); a header that we would not
  have written is refused.
- Nothing here is verified: what is read is called unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from . import cbor
from .errors import Malformed
from .signing import ToSign
from .spec import (
    HEADER_ALG,
    HEADER_KCWT,
    HEADER_KID,
    HEADER_TYP,
    HEADER_X5CHAIN,
    KEY_ID_SIZE,
    SIGNATURE_SIZE,
)
from .stages import PayloadBytes, ToBeSigned

_CONTEXT = b"\x84\x6aSignature1"
_EMPTY = b"\x40"
_TAGGED_ARRAY = b"\xd2\x84"  # tag 18, four elements
_SIGNATURE_HEAD = b"\x58\x40"
_SHORTEST = (24, 0x100, 0x10000)  # least size that needs one, two or four bytes of length


class UnverifiedSign1(NamedTuple):
    """A message as received. `protected` and `payload` are the bytes inside their byte strings."""

    protected: bytes
    payload: PayloadBytes
    signature: bytes
    to_be_signed: ToBeSigned  # the Sig_structure over the bytes as received


class ProtectedHeader(NamedTuple):
    """The header of one of our messages; absent parts are None or empty."""

    algorithm: int
    typ: int | str
    key_id: bytes | None = None
    chain: tuple[bytes, ...] = ()


def byte_string(data: bytes) -> bytes:
    """A CBOR byte string in its shortest form (RFC 8949 section 4.2.1)."""
    size = len(data)
    if size < 24:
        return bytes((0x40 | size,)) + data
    if size < 0x100:
        return b"\x58" + size.to_bytes(1, "big") + data
    if size < 0x10000:
        return b"\x59" + size.to_bytes(2, "big") + data
    return b"\x5a" + size.to_bytes(4, "big") + data


def to_be_signed(protected: bytes, payload: bytes, external_aad: bytes = b"") -> ToBeSigned:
    """`["Signature1", protected, external_aad, payload]`; an empty protected map signs as a zero-length string."""
    header = b"" if protected == b"\xa0" else protected
    aad = byte_string(external_aad) if external_aad else _EMPTY
    return ToBeSigned(b"".join((_CONTEXT, byte_string(header), aad, byte_string(payload))))


def assemble(protected: bytes, payload: bytes, signature: bytes) -> bytes:
    """The tagged message."""
    return b"".join(
        (_TAGGED_ARRAY, byte_string(protected), b"\xa0", byte_string(payload), _SIGNATURE_HEAD, signature)
    )


def encode_header(header: ProtectedHeader) -> bytes:
    """The protected header's bytes, keys in order."""
    entries: dict[int, object] = {HEADER_ALG: header.algorithm, HEADER_TYP: header.typ}
    if header.key_id is not None:
        entries[HEADER_KID] = header.key_id
    if header.chain:
        entries[HEADER_X5CHAIN] = header.chain[0] if len(header.chain) == 1 else list(header.chain)
    return cbor.encode(entries)


def prepare(header: ProtectedHeader, payload: bytes) -> ToSign:
    """What to sign so that `payload` becomes a message under `header`."""
    return prepare_under(encode_header(header), payload)


def prepare_under(protected: bytes, payload: bytes) -> ToSign:
    """The same, under a protected header already in bytes."""
    body = b"".join((byte_string(protected), b"\xa0", byte_string(payload), _SIGNATURE_HEAD))
    return ToSign(to_be_signed(protected, payload), (_TAGGED_ARRAY + body).__add__)


def decode(message: bytes) -> UnverifiedSign1:
    """Read a message strictly: its frame is compared, never parsed. Raises `Malformed`.

    Lengths are in their shortest form here, so that what is to be signed is cut out of the message, heads included.
    """
    if message[:2] == _TAGGED_ARRAY:
        protected, at = take_byte_string(message, 2)
        if message[at : at + 1] == b"\xa0":
            payload, end = take_byte_string(message, at + 1)
            if message[end : end + 2] == _SIGNATURE_HEAD and len(message) == end + 2 + SIGNATURE_SIZE:
                header = _EMPTY if protected == b"\xa0" else message[2:at]
                signed = ToBeSigned(b"".join((_CONTEXT, header, _EMPTY, message[at + 1 : end])))
                return UnverifiedSign1(protected, PayloadBytes(payload), message[end + 2 :], signed)
    msg = "not a tagged COSE_Sign1 with an empty unprotected header, an attached payload and 64 bytes of signature"
    raise Malformed(msg)


def take_byte_string(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string whose head stands at `at`, and where it ends. Raises `Malformed` unless shortest and whole."""
    try:  # almost every one of ours has two bytes of length
        if data[at] == 0x59 and data[at + 1]:
            start = at + 3
            end = start + (data[at + 1] << 8 | data[at + 2])
            if end <= len(data):
                return data[start:end], end
    except IndexError:
        pass  # named below
    first = data[at] if at < len(data) else 0
    if 0x40 <= first < 0x58:
        start, size = at + 1, first - 0x40
    elif 0x58 <= first <= 0x5A:
        start = at + 1 + (1 << first - 0x58)
        size = int.from_bytes(data[at + 1 : start], "big")
        if size < _SHORTEST[first - 0x58]:
            msg = "a length is not in its shortest form"
            raise Malformed(msg)
    else:
        msg = "a byte string is missing"
        raise Malformed(msg)
    end = start + size
    if end > len(data):
        msg = "a byte string is cut short"
        raise Malformed(msg)
    return data[start:end], end


def decode_header(protected: bytes, typ: int | str) -> ProtectedHeader:
    """Read a protected header that must say `typ`. Raises `Malformed` for anything we would not have written."""
    entries = cbor.decode(protected)
    if not isinstance(entries, dict):
        msg = "the protected header is not a map"
        raise Malformed(msg)
    _only(entries, {HEADER_ALG, HEADER_KID, HEADER_TYP, HEADER_X5CHAIN})
    algorithm, key_id = entries.get(HEADER_ALG), entries.get(HEADER_KID)
    found = entries.get(HEADER_TYP)
    if type(found) not in (int, str) or found != typ:
        msg = "the message is of another type"
        raise Malformed(msg)
    if type(algorithm) is not int:
        msg = "the protected header names no algorithm"
        raise Malformed(msg)
    if key_id is not None and (not isinstance(key_id, bytes) or len(key_id) != KEY_ID_SIZE):
        msg = "a key id has 8 bytes"
        raise Malformed(msg)
    return ProtectedHeader(algorithm, typ, key_id, _chain(entries.get(HEADER_X5CHAIN)))


def _only(entries: Mapping[int | str, cbor.Value], allowed: set[int]) -> None:
    if not entries.keys() <= allowed or HEADER_KCWT in entries:
        msg = "the protected header holds a label that has no place there"
        raise Malformed(msg)


def _chain(value: object) -> tuple[bytes, ...]:
    match value:
        case None:
            return ()
        case bytes():
            return (value,)
        case [bytes(), bytes(), *_] if len(value) <= 4:
            return tuple(_certificate(one) for one in value)
    msg = "the certificate chain is malformed"
    raise Malformed(msg)


def _certificate(value: object) -> bytes:
    if type(value) is not bytes:
        msg = "the certificate chain is malformed"
        raise Malformed(msg)
    return value
