"""The one place where a signature is verified, and the only importer of signature primitives.

Invariants:

1. The algorithm comes from the caller (from the trust list or the format, never from the message), and the kind of key
   must agree with it.
2. An ES256 signature is exactly 64 raw bytes, r then s (RFC 9053, section 2.1; RFC 7518, section 3.4), never DER. Its
   twin (r, n - s) verifies as well: nobody may identify anything by signature bytes.
3. A failure is raised, never returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from credentials.cose_key import Ed25519Key, P256Key, PublicKey
from credentials.spec import EDDSA, ES256

__all__ = ["LoadedKey", "SignatureInvalid", "load_device_key", "load_public_key", "verify_signature"]

_CURVE: Final = SECP256R1()
_ECDSA: Final = ECDSA(SHA256())
_RAW_SIZE: Final = 64  # bytes, both for ES256 and for EdDSA over Ed25519
_POINT_SIZE: Final = 33  # bytes of a compressed point (SEC 1, section 2.3.3)


class SignatureInvalid(Exception):
    """The signature does not belong to the message under the key and the algorithm given."""


class LoadedKey(NamedTuple):
    """A public key parsed once, with the one algorithm it serves. Keep it: parsing costs up to a quarter of a verification."""

    algorithm: int
    verify: Callable[[bytes, bytes], None]


def load_public_key(key: PublicKey) -> LoadedKey:
    """Return `key` ready for many verifications.

    Raises `SignatureInvalid` for a key that signs nothing (X25519).
    """
    if isinstance(key, P256Key):
        return _p256(b"\x04" + key.x + key.y)
    if isinstance(key, Ed25519Key):
        return LoadedKey(EDDSA, Ed25519PublicKey.from_public_bytes(key.x).verify)
    msg = "the key is not one that signs"
    raise SignatureInvalid(msg)


def load_device_key(point: bytes) -> LoadedKey:
    """Return the P-256 key of a compressed point of 33 bytes; raises `SignatureInvalid` when it is none."""
    if len(point) != _POINT_SIZE:
        msg = "a device key is a compressed point of 33 bytes"
        raise SignatureInvalid(msg)
    return _p256(point)


def verify_signature(key: LoadedKey, algorithm: int, signature: bytes, message: bytes) -> None:
    """Return when `signature` (64 raw bytes) over `message` verifies; raises `SignatureInvalid` otherwise."""
    if algorithm != key.algorithm or len(signature) != _RAW_SIZE:
        msg = "the signature is not of the kind that the key makes"
        raise SignatureInvalid(msg)
    try:
        key.verify(signature, message)
    except InvalidSignature:
        msg = "the signature does not belong to the message"
        raise SignatureInvalid(msg) from None


def _p256(point: bytes) -> LoadedKey:
    try:
        verify = EllipticCurvePublicKey.from_encoded_point(_CURVE, point).verify
    except ValueError:
        msg = "the key is not a point of P-256"
        raise SignatureInvalid(msg) from None

    def verify_raw(signature: bytes, message: bytes) -> None:
        verify(_der(signature), message, _ECDSA)

    return LoadedKey(ES256, verify_raw)


def _der(raw: bytes) -> bytes:
    """ECDSA-Sig-Value (RFC 3279, section 2.2.3) of r || s."""
    if raw[0] and raw[32]:  # 255 of 256 signatures, twice: nothing to strip
        r = b"\x02\x20" + raw[:32] if raw[0] < 0x80 else b"\x02\x21\x00" + raw[:32]
        s = b"\x02\x20" + raw[32:] if raw[32] < 0x80 else b"\x02\x21\x00" + raw[32:]
    else:
        r, s = _der_integer(raw[:32]), _der_integer(raw[32:])
    return b"\x30%c%b%b" % (len(r) + len(s), r, s)


def _der_integer(number: bytes) -> bytes:
    shortest = number.lstrip(b"\x00") or b"\x00"
    if shortest[0] >= 0x80:
        shortest = b"\x00" + shortest
    return b"\x02%c%b" % (len(shortest), shortest)
