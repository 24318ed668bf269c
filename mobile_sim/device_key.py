"""P-256 keys of the phone: one for the wallet itself, one for each view credential.

They are software keys: unencrypted PKCS#8 PEM in the phone's folder, mode 0600. Whoever copies the folder copies
the keys. A real phone makes them in its secure hardware, from which they cannot be copied, and has that attested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from credentials import cose_key
from credentials.cose_key import P256Key

from .errors import FolderBroken

__all__ = ["DeviceKey", "Sign"]

Sign = Callable[[bytes], bytes]
"""Bytes to be signed -> raw r || s, 64 bytes."""

_COORDINATE: Final = 32  # bytes, P-256


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """One P-256 key pair. Its `repr` shows nothing of the private half."""

    private: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls) -> DeviceKey:
        """A fresh key from the operating system's randomness."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes) -> DeviceKey:
        """Read what `to_pem` wrote. Raises `FolderBroken`."""
        try:
            key = load_pem_private_key(pem, None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise FolderBroken(
                "Une clé du téléphone est illisible. Réenregistrez le titre ; votre droit demeure.",
                "A key of the phone cannot be read. Save the document again; your right remains.",
            )
        return cls(key)

    def to_pem(self) -> bytes:
        """Unencrypted PKCS#8: a software key."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def public(self) -> P256Key:
        """The public half."""
        numbers = self.private.public_key().public_numbers()
        return P256Key(_bytes(numbers.x), _bytes(numbers.y))

    @property
    def compressed(self) -> bytes:
        """The public half as a 33-byte SEC 1 point, the way credentials name a device key."""
        return cose_key.compress(self.public)

    def sign(self, to_be_signed: bytes) -> bytes:
        """ES256 as raw r || s, 64 bytes (RFC 9053 section 2.1)."""
        r, s = decode_dss_signature(self.private.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
        return _bytes(r) + _bytes(s)

    def __repr__(self) -> str:
        return "DeviceKey(...)"


def _bytes(number: int) -> bytes:
    return number.to_bytes(_COORDINATE, "big")
