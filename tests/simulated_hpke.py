"""HPKE in base mode, written out from RFC 9180 so that sealing can be repeated byte for byte.

DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. The product seals and opens with the library's own call; that both
agree is a test (tests/verifier/test_simulators.py).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives import hmac
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from credentials.cose_key import X25519Key
from credentials.stages import SealedBytes

_KEM_SUITE: Final = b"KEM" + (0x0020).to_bytes(2, "big")
_SUITE: Final = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (0x0020, 0x0001, 0x0001))


def seal(plain: bytes, key: X25519Key, info: bytes, ephemeral: bytes | None = None) -> SealedBytes:
    """Encapsulated key and ciphertext. `ephemeral` is a private key of 32 bytes; by default `plain` decides it."""
    public = key.x
    secret = sha256(b"laissez-passer test ephemeral" + public + info + plain).digest()
    mine = x25519.X25519PrivateKey.from_private_bytes(ephemeral or secret)
    enc = mine.public_key().public_bytes_raw()
    shared = mine.exchange(x25519.X25519PublicKey.from_public_bytes(public))
    prk = _extract(b"", b"eae_prk", shared, _KEM_SUITE)
    shared_secret = _expand(prk, b"shared_secret", enc + public, 32, _KEM_SUITE)
    context = b"\x00" + _extract(b"", b"psk_id_hash", b"", _SUITE) + _extract(b"", b"info_hash", info, _SUITE)
    schedule = _extract(shared_secret, b"secret", b"", _SUITE)
    key = _expand(schedule, b"key", context, 16, _SUITE)
    nonce = _expand(schedule, b"base_nonce", context, 12, _SUITE)
    return SealedBytes(enc + AESGCM(key).encrypt(nonce, plain, b""))


def _extract(salt: bytes, label: bytes, ikm: bytes, suite: bytes) -> bytes:
    return _hmac(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)


def _expand(prk: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return _hmac(prk, labelled + b"\x01")[:length]  # one block is enough for 32 bytes


def _hmac(key: bytes, message: bytes) -> bytes:
    mac = hmac.HMAC(key, SHA256())
    mac.update(message)
    return mac.finalize()
