"""What a signer is handed, and what becomes of its signature. No key is ever in this room."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .errors import Malformed
from .spec import SIGNATURE_SIZE
from .stages import ToBeSigned


class ToSign(NamedTuple):
    """Bytes to be signed, and the message that the signature completes."""

    to_be_signed: ToBeSigned
    assemble: Callable[[bytes], bytes]

    def with_signature(self, signature: bytes) -> bytes:
        """The finished message. `signature` is raw: r || s or EdDSA, 64 bytes; else `Malformed`."""
        if len(signature) != SIGNATURE_SIZE:
            msg = f"a signature has {SIGNATURE_SIZE} raw bytes, never DER"
            raise Malformed(msg)
        return self.assemble(signature)
