"""What a seal is bound to. Sealing and opening are HPKE (RFC 9180) by the cryptography package, elsewhere.

Suite: base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM; sealed bytes are the encapsulated key (32)
and the ciphertext. Format version, audience and reader key id go into `info`, since the library's call takes no aad.
"""

from __future__ import annotations

from .spec import ENVELOPE_VERSION, Audience

SEAL_OVERHEAD = 48  # bytes: encapsulated key and tag


def hpke_info(audience: Audience, reader_key_id: bytes) -> bytes:
    """HPKE's `info` of a sealed presentation."""
    return b"laissez-passer seal %d %s " % (ENVELOPE_VERSION, audience.encode()) + reader_key_id


def enrolment_info(terminal_id: str) -> bytes:
    """HPKE's `info` of what is sealed to a terminal's own key: an enrolment or a package of reader keys."""
    return b"laissez-passer terminal %d " % ENVELOPE_VERSION + terminal_id.encode()
