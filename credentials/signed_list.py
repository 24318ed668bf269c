"""The shell that our own lists share: a COSE_Sign1 with a `typ` of its own around a strictly decoded CBOR map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

from . import cbor, sign1
from .errors import Malformed
from .signing import ToSign
from .spec import Typ
from .stages import ToBeSigned

T = TypeVar("T")
LAST_INSTANT = 253_402_214_399  # 9999-12-30T23:59:59Z
ITEMS = 4_000_000  # a companion holds an entry for every revoked or suspended credential of its list


class UnverifiedMessage(NamedTuple, Generic[T]):
    """A signed list as received. `chain` holds DER certificates, leaf first, where the message carries them."""

    key_id: bytes | None
    algorithm: int
    chain: tuple[bytes, ...]
    to_be_signed: ToBeSigned
    signature: bytes
    payload: bytes
    read_claims: Callable[[Mapping[Any, Any]], T]

    def decode(self) -> T:
        """The claims; to be called once the signature is verified. Raises `Malformed`."""
        entries = cbor.decode(self.payload, max_items=ITEMS)
        if not isinstance(entries, dict):
            refuse("the payload is not a map")
        return self.read_claims(entries)


def prepare(header: sign1.ProtectedHeader, entries: Mapping[int, Any]) -> ToSign:
    """What to sign for a list of ours."""
    return sign1.prepare(header, cbor.encode(dict(entries)))


def read(message: bytes, typ: Typ, read_claims: Callable[[Mapping[Any, Any]], T]) -> UnverifiedMessage[T]:
    """Read the outer layer of a message that must be of type `typ`. Raises `Malformed`."""
    outer = sign1.decode(message)
    header = sign1.decode_header(outer.protected, int(typ))
    return UnverifiedMessage(
        header.key_id,
        header.algorithm,
        header.chain,
        outer.to_be_signed,
        outer.signature,
        outer.payload,
        read_claims,
    )


def refuse(why: str) -> NoReturn:
    """Raise `Malformed`."""
    raise Malformed(why)


def whole(value: object) -> int:
    """A number that is not negative, and no boolean."""
    if type(value) is not int or value < 0:
        refuse("a number is missing, negative or of another type")
    return value


def instant(value: object) -> int:
    """UTC seconds that have a day, in Paris too, and can be written (RFC 3339 ends with the year 9999)."""
    if whole(value) > LAST_INSTANT:
        refuse("an instant lies outside the calendar")
    return whole(value)


def text(value: object, at_most: int = 400) -> str:
    """A text that is not empty."""
    if type(value) is not str or not 0 < len(value) <= at_most:
        refuse("a text is missing, too long or of another type")
    return value


def octets(value: object) -> bytes:
    """A byte string."""
    if type(value) is not bytes:
        refuse("a byte string is missing")
    return value


def only(entries: Mapping[Any, Any], keys: set[int]) -> None:
    """Refuse any key but `keys`."""
    if not entries.keys() <= keys:
        refuse("a claim is unknown")
