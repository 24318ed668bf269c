"""Credential + instant + audience (+ nonce) -> presentation, signed by the device key. No network, no clock."""

from __future__ import annotations

import secrets
from typing import Final

from credentials import presentation
from credentials.envelope import Shown
from credentials.limits import NONCE_BYTES
from credentials.presentation import KeyBinding
from credentials.spec import Audience, Form
from credentials.views import VIEW_SPECS, View

from .device_key import Sign
from .errors import PhoneError

__all__ = ["audience_of", "present"]

_OWN_NONCE: Final = 16  # bytes


def audience_of(view: View, asked: str | None = None) -> Audience:
    """Who `view` is for; `asked` narrows an unsealed view to one kind of reader.

    Raises `PhoneError` when a sealed view is asked for another audience than its own.
    """
    spec = VIEW_SPECS[view]
    if asked is None:
        return spec.audience
    if spec.sealed and asked != spec.audience:
        raise PhoneError(
            "Cette présentation est réservée à un autre lecteur : elle n'est pas établie.",
            "This presentation is for another kind of reader: it is not made.",
        )
    return Audience(asked)


def present(
    form: Form,
    view: View,
    credential: bytes,
    sign: Sign,
    *,
    at: int,
    audience: Audience,
    nonce: bytes | None = None,
) -> Shown:
    """Sign what is shown. `at` in UTC seconds; `nonce` is the reader's, 8 to 64 bytes.

    In JWT form a KB-JWT needs a nonce (RFC 9901 section 4.3): without the reader's, a random one that nobody
    compares. Raises `PhoneError` for a nonce of another length.
    """
    if nonce is not None and not NONCE_BYTES[0] <= len(nonce) <= NONCE_BYTES[1]:
        raise PhoneError(
            f"Le nombre du lecteur doit avoir de {NONCE_BYTES[0]} à {NONCE_BYTES[1]} octets.",
            f"The reader's number must have {NONCE_BYTES[0]} to {NONCE_BYTES[1]} bytes.",
        )
    if nonce is None and form is Form.JWT:
        nonce = secrets.token_bytes(_OWN_NONCE)
    unsigned = presentation.prepare(form, credential, KeyBinding(audience, at, nonce))
    return Shown(form, view, unsigned.with_signature(sign(unsigned.to_be_signed)))
