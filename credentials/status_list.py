"""Token Status List (draft-ietf-oauth-status-list): bytes, CWT and JWT forms.

- Entry 0 stands in the least significant bits of byte 0 (section 4.1). `lst` is zlib, never gzip nor raw deflate.
- Inflating is bounded by the size the reader expects; a second stream, a dictionary or a byte after the end refuses.
- The CWT is tagged 18, `typ` is `application/statuslist+cwt`; the JWT's is `statuslist+jwt` (section 5).
- Our lists add one private claim, the edition: a number that rises at every publication.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from . import cbor, jws, sign1, strict_json
from .errors import Malformed, TooLarge
from .frozen import frozen
from .jws import Jws, b64url_decode, b64url_encode
from .limits import LIST_INFLATED_BYTES, URI_CHARACTERS
from .signing import ToSign
from .spec import (
    CLAIM_EDITION,
    CLAIM_EXP,
    CLAIM_IAT,
    CLAIM_STATUS_LIST,
    CLAIM_SUB,
    CLAIM_TTL,
    COSE_ALGORITHM,
    JOSE_ALGORITHM,
    STATUS_LIST_JWT_TYP,
    STATUS_LIST_TYP,
)
from .stages import ToBeSigned

EDITION_MEMBER = "edition"
_WIDTHS = (1, 2, 4, 8)


def _refuse(why: str) -> NoReturn:
    raise Malformed(why)


@frozen
class StatusList:
    """Packed entries of 1, 2, 4 or 8 bits."""

    bits: int
    packed: bytes

    def __post_init__(self) -> None:
        """Raises `Malformed` for another width."""
        if self.bits not in _WIDTHS:
            _refuse("an entry has 1, 2, 4 or 8 bits")

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self.packed) * 8 // self.bits

    def get(self, index: int) -> int:
        """The entry at `index`; `IndexError` outside."""
        if index < 0:
            raise IndexError(index)
        bits = self.bits
        position = index * bits
        return self.packed[position >> 3] >> (position & 7) & ((1 << bits) - 1)

    @classmethod
    def filled(cls, bits: int, size: int, value: int = 0) -> StatusList:
        """A list of `size` equal entries."""
        pattern = sum(value << shift for shift in range(0, 8, bits))
        return cls(bits, bytes((pattern,)) * (size * bits // 8))

    def with_values(self, values: Mapping[int, int]) -> StatusList:
        """A list in which the entries of `values` are replaced; `IndexError` outside, `ValueError` over the width."""
        packed, mask = bytearray(self.packed), (1 << self.bits) - 1
        for index, value in values.items():
            if not 0 <= index < self.size:
                raise IndexError(index)
            if not 0 <= value <= mask:
                msg = "a value does not fit its entry"
                raise ValueError(msg)
            position = index * self.bits
            shift = position & 7
            packed[position >> 3] = packed[position >> 3] & ~(mask << shift) | value << shift
        return StatusList(self.bits, bytes(packed))

    def deflate(self) -> bytes:
        """The entries as `lst` carries them, zlib at its highest level."""
        return zlib.compress(self.packed, 9)


def inflate(lst: bytes, *, at_most: int = LIST_INFLATED_BYTES) -> bytes:
    """The packed entries. Raises `Malformed` or `TooLarge`; never holds more than `at_most` + 1 bytes."""
    stream = zlib.decompressobj()
    try:
        packed = stream.decompress(lst, at_most + 1)
    except zlib.error:
        _refuse("the list is not a zlib stream")
    if len(packed) > at_most:
        msg = "the list inflates beyond its size"
        raise TooLarge(msg)
    if not stream.eof or stream.unused_data or stream.unconsumed_tail:
        _refuse("the list is cut short, or something follows it")
    return packed


class StatusListClaims(NamedTuple):
    """One edition of a list. Instants in UTC seconds, `ttl` in seconds; `edition` is 0 in lists not of our making."""

    uri: str
    edition: int
    issued_at: int
    expires_at: int | None
    ttl: int | None
    entries: StatusList


class UnverifiedList(NamedTuple):
    """A signed list as received, in either form."""

    key_id: bytes | None
    algorithm: int | None
    to_be_signed: ToBeSigned
    signature: bytes
    payload: bytes
    read_claims: Callable[[bytes, int], StatusListClaims]

    def decode(self, *, at_most: int = LIST_INFLATED_BYTES) -> StatusListClaims:
        """The list; to be called once the signature is verified. Raises `Malformed`, or `TooLarge` beyond `at_most` bytes."""
        return self.read_claims(self.payload, at_most)


def prepare_cwt(claims: StatusListClaims, *, algorithm: int, key_id: bytes) -> ToSign:
    """What the status signer signs for the CWT."""
    lst: dict[str, Any] = {"bits": claims.entries.bits, "lst": claims.entries.deflate()}
    entries: dict[int, Any] = {CLAIM_SUB: claims.uri, CLAIM_IAT: claims.issued_at, CLAIM_STATUS_LIST: lst}
    entries[CLAIM_EDITION] = claims.edition
    _put(entries, {CLAIM_EXP: claims.expires_at, CLAIM_TTL: claims.ttl})
    return sign1.prepare(sign1.ProtectedHeader(algorithm, STATUS_LIST_TYP, key_id), cbor.encode(entries))


def prepare_jwt(claims: StatusListClaims, *, algorithm: int, key_id: bytes) -> ToSign:
    """What the status signer signs for the JWT; `with_signature` gives the compact text as ASCII bytes."""
    head = strict_json.encode(
        {"alg": JOSE_ALGORITHM[algorithm], "kid": key_id.hex(), "typ": STATUS_LIST_JWT_TYP}
    )
    lst = {"bits": claims.entries.bits, "lst": b64url_encode(claims.entries.deflate())}
    members: dict[str, Any] = {"sub": claims.uri, "iat": claims.issued_at, "status_list": lst}
    members[EDITION_MEMBER] = claims.edition
    _put(members, {"exp": claims.expires_at, "ttl": claims.ttl})
    body = strict_json.encode(members)
    return ToSign(
        ToBeSigned(Jws(head, body, b"").signing_input),
        lambda signature: jws.compact(Jws(head, body, signature)).encode("ascii"),
    )


def _put(entries: dict[Any, Any], optional: Mapping[Any, Any]) -> None:
    entries.update({key: value for key, value in optional.items() if value is not None})


def read_cwt(message: bytes) -> UnverifiedList:
    """Read the CWT form. Raises `Malformed`."""
    outer = sign1.decode(message)
    header = sign1.decode_header(outer.protected, STATUS_LIST_TYP)
    return UnverifiedList(
        header.key_id, header.algorithm, outer.to_be_signed, outer.signature, outer.payload, _from_cbor
    )


def read_jwt(text: str) -> UnverifiedList:
    """Read the JWT form. Raises `Malformed`."""
    token = jws.parse_compact(text)
    match jws.read_header(token.header):
        case {"alg": str(algorithm), "typ": typ, **rest} if typ == STATUS_LIST_JWT_TYP and rest.keys() <= {
            "kid"
        }:
            key_id = _hex_key_id(rest.get("kid"))
            return UnverifiedList(
                key_id,
                COSE_ALGORITHM.get(algorithm),
                ToBeSigned(token.signing_input),
                token.signature,
                token.payload,
                _from_json,
            )
    _refuse("a status list's header holds alg, kid and typ, and nothing else")


def _hex_key_id(kid: object) -> bytes | None:
    try:
        return bytes.fromhex(kid) if isinstance(kid, str) else None
    except ValueError:
        return None  # a key id of somebody else's making; ours are found by trust entry


def _from_cbor(payload: bytes, at_most: int) -> StatusListClaims:
    entries = cbor.decode(payload)
    if not isinstance(entries, dict):
        _refuse("the payload is not a map")
    lst = entries.get(CLAIM_STATUS_LIST)
    packed = lst.get("lst") if isinstance(lst, dict) else None
    if not isinstance(lst, dict) or not isinstance(packed, bytes):
        _refuse("the payload holds no status list")
    return _claims(
        [entries.get(key) for key in (CLAIM_SUB, CLAIM_EDITION, CLAIM_IAT, CLAIM_EXP, CLAIM_TTL)],
        lst.get("bits"),
        inflate(packed, at_most=at_most),
    )


def _from_json(payload: bytes, at_most: int) -> StatusListClaims:
    members: dict[str, Any] = dict(strict_json.decode(payload))
    lst = members.get("status_list")
    if not isinstance(lst, dict) or not isinstance(lst.get("lst"), str):
        _refuse("the payload holds no status list")
    return _claims(
        [members.get(name) for name in ("sub", EDITION_MEMBER, "iat", "exp", "ttl")],
        lst.get("bits"),
        inflate(b64url_decode(lst["lst"]), at_most=at_most),
    )


def _claims(registered: list[Any], bits: Any, packed: bytes) -> StatusListClaims:
    uri, edition, issued_at, expires_at, ttl = registered
    edition = 0 if edition is None else edition
    if type(uri) is not str or not 0 < len(uri) <= URI_CHARACTERS:
        _refuse("a status list names its uri")
    for number in (edition, issued_at, expires_at, ttl):
        if number is not None and (type(number) is not int or number < 0):
            _refuse("a status list's instants and edition are whole numbers")
    if issued_at is None or type(bits) is not int:
        _refuse("a status list carries its instant and its width")
    return StatusListClaims(uri, edition, issued_at, expires_at, ttl, StatusList(bits, packed))


def read_embedded(lst: Mapping[str, Any]) -> StatusList:
    """A bare `{bits, lst}`, with `lst` as bytes or base64url (section 4.2 and 4.3). Raises `Malformed`."""
    bits, packed = lst.get("bits"), lst.get("lst")
    raw = b64url_decode(packed) if isinstance(packed, str) else packed
    if type(bits) is not int or not isinstance(raw, bytes):
        _refuse("a status list is bits and lst")
    return StatusList(bits, inflate(raw))
