"""JWS compact serialisation (RFC 7515, section 7.1), strict: one text for one signed message.

Invariants:

1. Three segments, base64url without padding, alphabet checked, unused bits of the last character zero.
2. A header names its algorithm, carries no key or address of one (`jwk`, `jku`, `x5c`, `x5u`) and no `crit`:
   keys come from the trust list alone, and we have no critical extension.
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

from . import strict_json
from .errors import Malformed, Unsupported
from .strict_json import JsonValue

__all__ = ["Jws", "b64url_decode", "b64url_encode", "compact", "parse_compact", "read_header"]

_FOREIGN = re.compile(r"[^A-Za-z0-9_-]", re.ASCII)
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
# Last characters whose unused bits are zero, by length modulo 4 (RFC 4648, section 3.5).
_LAST_OF = {0: None, 2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}
_REFUSED_MEMBERS = frozenset({"jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256", "crit", "b64", "zip", "enc"})


class Jws(NamedTuple):
    """A JWS as decoded bytes; nothing in it is verified."""

    header: bytes
    payload: bytes
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """The bytes that the signature covers: ``base64url(header) . base64url(payload)``."""
        return f"{b64url_encode(self.header)}.{b64url_encode(self.payload)}".encode("ascii")


def b64url_encode(data: bytes) -> str:
    """Return base64url text without padding (RFC 7515, appendix C)."""
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL).decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Return the bytes of `text`; raises `Malformed` for padding, a foreign character or a second spelling."""
    if _FOREIGN.search(text):
        raise Malformed("the base64url text holds a foreign character")
    tail = len(text) % 4
    if tail == 1:
        raise Malformed("the base64url text stops in the middle of a byte")
    endings = _LAST_OF[tail]
    if endings is not None and text[-1] not in endings:
        raise Malformed("the base64url text ends in bits that are not zero")
    return binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-len(text) % 4))


def parse_compact(text: str) -> Jws:
    """Return the three decoded segments of `text`; raises `Malformed`."""
    segments = text.split(".", 3)
    if len(segments) != 3:
        raise Malformed("a compact JWS has three segments")
    header, payload, signature = segments
    return Jws(b64url_decode(header), b64url_decode(payload), b64url_decode(signature))


def compact(jws: Jws) -> str:
    """Return the compact text of `jws`."""
    return f"{b64url_encode(jws.header)}.{b64url_encode(jws.payload)}.{b64url_encode(jws.signature)}"


def read_header(header: bytes) -> dict[str, JsonValue]:
    """Return the members of a JOSE header: `alg` is text, `typ` and `kid` are text where present.

    Raises `Malformed`, or `Unsupported` for an embedded key, an address of one, or a critical extension.
    """
    members = strict_json.decode(header)
    if _REFUSED_MEMBERS & members.keys():
        raise Unsupported("the JOSE header carries a key, a compression or a critical extension")
    if "alg" not in members:
        raise Malformed("the JOSE header names no algorithm")
    for name in ("alg", "typ", "kid"):
        if not isinstance(members.get(name, ""), str):
            raise Malformed("the JOSE header holds a value of the wrong type")
    return members
