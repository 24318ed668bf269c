"""Presentation -> sealed: only the readers of one audience can open it (HPKE, RFC 9180).

Base mode, X25519, HKDF-SHA256, AES-128-GCM, by the cryptography package. Format version, audience and reader key id
are bound through `info` (credentials/sealed.py). Who sealed is not said: the two signatures inside say it.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from credentials.cose_key import X25519Key, key_id
from credentials.envelope import Sealed, Shown, encode_shown
from credentials.sealed import hpke_info
from credentials.spec import Audience
from credentials.stages import SealedBytes

__all__ = ["seal"]

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


def seal(shown: Shown, reader_key: X25519Key, audience: Audience) -> Sealed:
    """Seal `shown` to the readers of `audience`, whose public key comes from a verified trust list."""
    reader_key_id = key_id(reader_key)
    public = X25519PublicKey.from_public_bytes(reader_key.x)
    sealed = _SUITE.encrypt(encode_shown(shown), public, hpke_info(audience, reader_key_id))
    return Sealed(reader_key_id, SealedBytes(sealed))
