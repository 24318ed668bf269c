"""Envelope: what a code is, with the CRC-32 that tells a misreading from a forgery.

Bytes: one CBOR array, then the CRC-32 (ISO-HDLC, that of zlib) of the array, four bytes, big-endian.

    [1, 1, form, view, credential]        paper: a credential without device key
    [1, 2, form, view, presentation]
    [1, 3, reader key id, sealed bytes]   what opens is [form, view, presentation]

An unsealed envelope announces form and view so that a reader can decline early; both are unverified. The CRC is no
security: a forger computes it too, and meets the signature.
"""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32

from . import cbor
from .errors import Malformed, Misread, TooLarge, Truncated, Unsupported
from .limits import ENVELOPE_BYTES
from .sign1 import take_byte_string
from .spec import ENVELOPE_VERSION, KEY_ID_SIZE, Form
from .stages import EnvelopeBytes, SealedBytes
from .views import VIEW_BY_NUMBER, VIEW_SPECS, View

_PAPER, _PRESENTATION, _SEALED = 1, 2, 3
_CRC_SIZE = 4
_SHOWN_HEAD = bytes((0x85, ENVELOPE_VERSION))
_SEALED_HEAD = bytes((0x84, ENVELOPE_VERSION, _SEALED, 0x40 | KEY_ID_SIZE))
_SEAL_HEAD = 0x83
_FORMS = {int(form): form for form in Form}


class Shown(NamedTuple):
    """A credential or presentation with its announced form and view."""

    form: Form
    view: View
    body: bytes


class Paper(NamedTuple):
    """A credential without device key; `shown.body` is `CredentialBytes`."""

    shown: Shown


class Presentation(NamedTuple):
    """`shown.body` is `PresentationBytes`."""

    shown: Shown


class Sealed(NamedTuple):
    """A presentation that only the holder of the named reader key can open."""

    reader_key_id: bytes
    sealed: SealedBytes


Envelope = Paper | Presentation | Sealed


def encode(envelope: Envelope) -> EnvelopeBytes:
    """Bytes ready for `qr_text.encode`. Raises `TooLarge` when no code can hold them."""
    if isinstance(envelope, Sealed):
        body = cbor.encode([ENVELOPE_VERSION, _SEALED, envelope.reader_key_id, envelope.sealed])
    else:
        kind = _PAPER if isinstance(envelope, Paper) else _PRESENTATION
        body = cbor.encode([ENVELOPE_VERSION, kind, *_shown_items(envelope.shown)])
    if len(body) + _CRC_SIZE > ENVELOPE_BYTES:
        msg = "the envelope is larger than any code"
        raise TooLarge(msg)
    return EnvelopeBytes(body + crc32(body).to_bytes(_CRC_SIZE, "big"))


def decode(envelope: bytes) -> Envelope:
    """Read an envelope. Raises `Truncated`, `Misread`, `Unsupported` or `Malformed`."""
    body, expected = envelope[:-_CRC_SIZE], envelope[-_CRC_SIZE:]
    if not body:
        msg = "too few bytes to hold a check sum"
        raise Truncated(msg)
    if crc32(body) != int.from_bytes(expected, "big"):
        msg = "the check sum differs: what was read is not what was shown"
        raise Misread(msg)
    return _usual(body) or _read(cbor.decode(body))


def _usual(body: bytes) -> Envelope | None:
    """A well-formed envelope, its fixed bytes compared; None leaves it to the reader that names what is wrong."""
    try:
        if body[:4] == _SEALED_HEAD:
            sealed, end = take_byte_string(body, 12)
            return Sealed(body[4:12], SealedBytes(sealed)) if end == len(body) else None
        if body[:2] != _SHOWN_HEAD or body[2] not in (_PAPER, _PRESENTATION):
            return None
        shown, end = _usual_shown(body, 3)
        if end != len(body):
            return None
        return Paper(shown) if body[2] == _PAPER else Presentation(shown)
    except (IndexError, KeyError, Malformed):
        return None


def _usual_shown(body: bytes, at: int) -> tuple[Shown, int]:
    content, end = take_byte_string(body, at + 2)
    return Shown(_FORMS[body[at]], VIEW_BY_NUMBER[body[at + 1]].view, content), end


def _read(items: cbor.Value) -> Envelope:
    match items:
        case [version, kind, *_] if (
            type(version) is not int or type(kind) is not int
        ):  # True would pass for 1
            pass
        case [version, *_] if version != ENVELOPE_VERSION:
            msg = "an envelope of another version"
            raise Unsupported(msg)
        case [_, 3, bytes(key_id), bytes(sealed)] if len(key_id) == KEY_ID_SIZE:
            return Sealed(key_id, SealedBytes(sealed))
        case [_, 1, form, view, body]:
            return Paper(_shown(form, view, body))
        case [_, 2, form, view, body]:
            return Presentation(_shown(form, view, body))
        case [_, kind, *_] if kind not in (_PAPER, _PRESENTATION, _SEALED):
            msg = "an envelope of unknown kind"
            raise Unsupported(msg)
    msg = "malformed envelope"
    raise Malformed(msg)


def encode_shown(shown: Shown) -> bytes:
    """The plain text of a seal."""
    return cbor.encode(_shown_items(shown))


def decode_shown(plain: bytes) -> Shown:
    """Read what a seal held. Raises `Malformed` or `Unsupported`."""
    try:
        shown, end = _usual_shown(plain, 1)
        if end == len(plain) and plain[0] == _SEAL_HEAD:
            return shown
    except (IndexError, KeyError, Malformed):
        pass  # the reader below names what is wrong
    match cbor.decode(plain):
        case [form, view, body]:
            return _shown(form, view, body)
    msg = "malformed content of a seal"
    raise Malformed(msg)


def _shown_items(shown: Shown) -> list[cbor.Value]:
    return [int(shown.form), VIEW_SPECS[shown.view].number, shown.body]


def _shown(form: object, view: object, body: object) -> Shown:
    if type(form) is not int or type(view) is not int or type(body) is not bytes:
        msg = "malformed envelope"
        raise Malformed(msg)
    spec = VIEW_BY_NUMBER.get(view)
    if spec is None or form not in _FORMS:
        msg = "a form or view that this release does not know"
        raise Unsupported(msg)
    return Shown(_FORMS[form], spec.view, body)
