"""Opening a sealed presentation with a reader key (HPKE, RFC 9180: X25519, HKDF-SHA256, AES-128-GCM).

The construction is the library's own; version, audience and reader key id are bound through `info`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from credentials.cose_key import X25519Key, key_id

__all__ = ["LoadedReaderKey", "SealBroken", "load_reader_key", "unseal"]

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


class SealBroken(Exception):
    """The sealed bytes do not open: altered, cut, or sealed to another key or in another context."""


class LoadedReaderKey(NamedTuple):
    """A reader's private key, parsed once; `repr` shows its id only. It opens nothing from `not_after` on (UTC seconds)."""

    key_id: bytes
    private: X25519PrivateKey
    not_after: int | None = None

    def __repr__(self) -> str:
        return f"<LoadedReaderKey {self.key_id.hex()}>"


def load_reader_key(private: bytes, not_after: int | None = None) -> LoadedReaderKey:
    """Return the reader key of 32 private bytes, good until the end of its grace; raises `ValueError` for another length."""
    loaded = X25519PrivateKey.from_private_bytes(private)
    return LoadedReaderKey(key_id(X25519Key(loaded.public_key().public_bytes_raw())), loaded, not_after)


def unseal(key: LoadedReaderKey, sealed: bytes, info: bytes) -> bytes:
    """Return what was sealed to `key` under `info` (see `credentials.sealed.hpke_info`); raises `SealBroken`."""
    try:
        return _SUITE.decrypt(sealed, key.private, info)
    except (InvalidTag, ValueError):  # RFC 9180, section 7.1.4, leaves open how a low-order point fails
        msg = "the sealed code does not open"
        raise SealBroken(msg) from None
