"""Errors of this room.

Each is for the issuing authority to act on::

    SigningKeyError
    ├── KeyMissing           no such key in the folder
    ├── KeyNotActive         the key exists and may not sign now
    ├── KeyCapReached        the key has signed all that it may
    ├── KeyFileRefused       permissions, passphrase or contents of a file
    ├── TransitionRefused    a change of state that the life-cycle does not know
    └── ChainInvalid         a certificate that the domain root did not issue for this purpose
"""

from __future__ import annotations


class SigningKeyError(Exception):
    """Root of this room's errors; the text says what happened and what to do, never a secret."""


class KeyMissing(SigningKeyError):
    """No key of that domain and purpose is in the folder."""


class KeyNotActive(SigningKeyError):
    """The key exists, and its state or its window does not let it sign now."""


class KeyCapReached(SigningKeyError):
    """The key has signed as often as its cap allows; another signer must take over."""


class KeyFileRefused(SigningKeyError):
    """A file of the key folder is readable by others, damaged, or does not open with this passphrase."""


class TransitionRefused(SigningKeyError):
    """A change of state that the life-cycle does not permit, or not yet."""


class ChainInvalid(SigningKeyError):
    """A certificate was not issued by the domain root for this purpose and this window."""
