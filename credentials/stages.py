"""Names for bytes on their way, so that a skipped step is a type error (FORMAT.md, section 1)."""

from __future__ import annotations

from typing import NewType

QrText = NewType("QrText", str)
EnvelopeBytes = NewType("EnvelopeBytes", bytes)
SealedBytes = NewType("SealedBytes", bytes)
PresentationBytes = NewType("PresentationBytes", bytes)
CredentialBytes = NewType("CredentialBytes", bytes)
PayloadBytes = NewType("PayloadBytes", bytes)
ToBeSigned = NewType("ToBeSigned", bytes)
