"""Envelope bytes <-> the text of a code: `LP1:` and Base45 (RFC 9285). Nothing is ever stripped."""

from __future__ import annotations

from . import base45
from .errors import NotOurs, TooLarge
from .limits import TEXT_CHARACTERS
from .spec import TEXT_PREFIX
from .stages import EnvelopeBytes, QrText

PREFIX = TEXT_PREFIX


def encode(envelope: EnvelopeBytes) -> QrText:
    """The text. Raises `TooLarge` beyond what one symbol can hold."""
    text = PREFIX + base45.encode(envelope)
    if len(text) > TEXT_CHARACTERS:
        msg = f"a code has at most {TEXT_CHARACTERS} characters"
        raise TooLarge(msg)
    return QrText(text)


def decode(text: str) -> EnvelopeBytes:
    """The envelope's bytes, its check sum still to be tested. Raises `TooLarge`, `NotOurs`, `Truncated`, `Damaged`."""
    if len(text) > TEXT_CHARACTERS:
        msg = f"a code has at most {TEXT_CHARACTERS} characters"
        raise TooLarge(msg)
    if not text.startswith(PREFIX):
        msg = f"a code starts with {PREFIX}"
        raise NotOurs(msg)
    return EnvelopeBytes(base45.decode(text[len(PREFIX) :]))
