"""Public keys as values: COSE_Key (RFC 9053), JWK (RFC 7517, RFC 8037), SEC1 points and thumbprints (RFC 9679).

A `P256Key` that exists lies on its curve. Private members are refused on sight: they have no business in a message.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from . import cbor
from .errors import Malformed, Unsupported
from .frozen import frozen
from .jws import b64url_decode, b64url_encode

__all__ = [
    "Ed25519Key",
    "P256Key",
    "PublicKey",
    "X25519Key",
    "compress",
    "decompress",
    "from_cose",
    "from_jwk",
    "key_id",
    "thumbprint",
    "to_cose",
    "to_jwk",
]

# SEC 2, section 2.4.2 (secp256r1, P-256): y^2 = x^3 - 3x + b modulo p.
_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

# COSE_Key labels and values (RFC 9053, sections 7.1 and 7.2).
_KTY, _CRV, _X, _Y = 1, -1, -2, -3
_OKP, _EC2 = 1, 2
_CRV_P256, _CRV_X25519, _CRV_ED25519 = 1, 4, 6

_KEY_ID_LENGTH = 8
_JWK_OPTIONAL = frozenset({"alg", "use", "kid", "key_ops", "ext"})
_JWK_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})


@frozen
class P256Key:
    """A point of P-256, two coordinates of 32 bytes, big-endian; raises `Malformed` when off the curve."""

    x: bytes
    y: bytes

    def __post_init__(self) -> None:
        _require_32(self.x)
        _require_32(self.y)
        x, y = int.from_bytes(self.x, "big"), int.from_bytes(self.y, "big")
        if x >= _P or y >= _P or (y * y - _curve(x)) % _P:
            raise Malformed("the key is not a point of P-256")


@frozen
class Ed25519Key:
    """An Ed25519 public key, 32 bytes (RFC 8032)."""

    x: bytes

    def __post_init__(self) -> None:
        _require_32(self.x)


@frozen
class X25519Key:
    """An X25519 public key, 32 bytes (RFC 7748)."""

    x: bytes

    def __post_init__(self) -> None:
        _require_32(self.x)


PublicKey: TypeAlias = P256Key | Ed25519Key | X25519Key


def to_cose(key: PublicKey) -> dict[int, int | bytes]:
    """Return the COSE_Key map of `key`, required public parameters only, y as bytes."""
    if isinstance(key, P256Key):
        return {_KTY: _EC2, _CRV: _CRV_P256, _X: key.x, _Y: key.y}
    curve = _CRV_ED25519 if isinstance(key, Ed25519Key) else _CRV_X25519
    return {_KTY: _OKP, _CRV: curve, _X: key.x}


def from_cose(members: Mapping[Any, object]) -> PublicKey:
    """Return the key of a COSE_Key map that holds exactly what `to_cose` writes.

    Raises `Unsupported` for another type or curve, `Malformed` for a missing, additional or ill-typed parameter.
    """
    kind = (_plain_int(members.get(_KTY)), _plain_int(members.get(_CRV)))
    if kind == (_EC2, _CRV_P256):
        _require_members(members.keys(), {_KTY, _CRV, _X, _Y})
        return P256Key(_coordinate(members[_X]), _coordinate(members[_Y]))
    if kind not in {(_OKP, _CRV_ED25519), (_OKP, _CRV_X25519)}:
        raise Unsupported("the COSE key is of a type that is not in use")
    _require_members(members.keys(), {_KTY, _CRV, _X})
    x = _coordinate(members[_X])
    return Ed25519Key(x) if kind[1] == _CRV_ED25519 else X25519Key(x)


def to_jwk(key: PublicKey) -> dict[str, str]:
    """Return the JWK of `key`, required public members only, in the order of RFC 7638."""
    if isinstance(key, P256Key):
        return {"crv": "P-256", "kty": "EC", "x": b64url_encode(key.x), "y": b64url_encode(key.y)}
    curve = "Ed25519" if isinstance(key, Ed25519Key) else "X25519"
    return {"crv": curve, "kty": "OKP", "x": b64url_encode(key.x)}


def from_jwk(members: Mapping[str, object]) -> PublicKey:
    """Return the key of a public JWK.

    `kid` and `ext` are passed over; `alg`, `use` and `key_ops` must agree with the use of the key where present.
    Raises `Unsupported` for another type or curve, `Malformed` for a private key, a member missing, unknown or ill-typed.
    """
    if _JWK_PRIVATE & members.keys():
        raise Malformed("the JWK holds a private key: only public keys are accepted")
    match members.get("kty"), members.get("crv"):
        case "EC", "P-256":
            _require_members(members.keys() - _JWK_OPTIONAL, {"kty", "crv", "x", "y"})
            _require_use(members, {"ES256"}, "sig", ["verify"])
            return P256Key(_jwk_coordinate(members["x"]), _jwk_coordinate(members["y"]))
        case "OKP", "Ed25519":
            _require_members(members.keys() - _JWK_OPTIONAL, {"kty", "crv", "x"})
            _require_use(members, {"EdDSA", "Ed25519"}, "sig", ["verify"])
            return Ed25519Key(_jwk_coordinate(members["x"]))
        case "OKP", "X25519":
            _require_members(members.keys() - _JWK_OPTIONAL, {"kty", "crv", "x"})
            _require_use(members, {"HPKE-3", "ECDH-ES"}, "enc", [])
            return X25519Key(_jwk_coordinate(members["x"]))
    raise Unsupported("the JWK is of a type that is not in use")


def thumbprint(key: PublicKey) -> bytes:
    """Return the SHA-256 COSE_Key thumbprint of `key`, 32 bytes (RFC 9679, section 3)."""
    return hashlib.sha256(cbor.encode(to_cose(key))).digest()


def key_id(key: PublicKey) -> bytes:
    """Return the 8 bytes that name `key` in our formats: the beginning of its thumbprint."""
    return thumbprint(key)[:_KEY_ID_LENGTH]


def compress(key: P256Key) -> bytes:
    """Return the compressed point of `key`, 33 bytes (SEC 1, section 2.3.3)."""
    return bytes((2 + (key.y[-1] & 1),)) + key.x


def decompress(point: bytes) -> P256Key:
    """Return the key of a compressed point of 33 bytes (SEC 1, section 2.3.4); raises `Malformed` off the curve."""
    if len(point) != 33 or point[0] not in (2, 3):
        raise Malformed("a compressed point of P-256 has 33 bytes and begins with 2 or 3")
    square = _curve(int.from_bytes(point[1:], "big"))
    root = pow(square, (_P + 1) // 4, _P)  # p is 3 modulo 4
    if root & 1 != point[0] & 1:
        root = _P - root
    return P256Key(point[1:], root.to_bytes(32, "big"))  # a false root is refused there


def _curve(x: int) -> int:
    return (x * x * x - 3 * x + _B) % _P


def _require_32(coordinate: bytes) -> None:
    if len(coordinate) != 32:
        raise Malformed("a coordinate of a key has 32 bytes")


def _require_members(members: AbstractSet[object], exactly: AbstractSet[object]) -> None:
    if members != exactly:
        raise Malformed("the key lacks a parameter or holds one too many")


def _plain_int(value: object) -> int | None:
    return value if type(value) is int else None


def _coordinate(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise Malformed("a coordinate of a key is not a byte string")
    return value


def _jwk_coordinate(value: object) -> bytes:
    if not isinstance(value, str):
        raise Malformed("a coordinate of a key is not a text")
    return b64url_decode(value)


def _require_use(members: Mapping[str, object], algorithms: set[str], use: str, key_ops: list[str]) -> None:
    if (
        not isinstance(members.get("kid", ""), str)
        or not isinstance(members.get("ext", True), bool)
        or members.get("alg", None) not in (None, *algorithms)
        or members.get("use", use) != use
        or members.get("key_ops", key_ops) != key_ops
    ):
        raise Malformed("the JWK is meant for another use")
