"""What everything that signs looks like. Where the key lives is the signer's business."""

from __future__ import annotations

from typing import Protocol

from credentials.cose_key import PublicKey


class Signer(Protocol):
    """A private key that can be used and not read."""

    @property
    def key_id(self) -> bytes:
        """First 8 bytes of the SHA-256 COSE_Key thumbprint (RFC 9679)."""

    @property
    def algorithm(self) -> int:
        """The COSE algorithm: -7 ES256, -8 EdDSA."""

    @property
    def public_key(self) -> PublicKey:
        """The public half."""

    def sign(self, payload: bytes) -> bytes:
        """The raw signature over `payload`, 64 bytes: r || s, or EdDSA.

        Raises `KeyNotActive` or `KeyCapReached` when the key may not sign.
        """
