"""Errors of the credentials room.

What a stranger sent and we could not read, never a verdict on a person::

    CredentialFormatError (ValueError)
    ├── Malformed          the bytes or the text break a rule of the format
    │   ├── Truncated      the text stops in the middle
    │   ├── Damaged        the text holds what no writer of ours produces
    │   └── Misread        the checksum disagrees: read again
    ├── Unsupported        well formed, but of a kind or version that we do not know
    │   └── NotOurs        another system's code
    └── TooLarge           beyond a limit; refused before any work was spent on it

No message repeats a piece of the input: codes carry personal data.
"""

from __future__ import annotations

__all__ = [
    "CredentialFormatError",
    "Damaged",
    "Malformed",
    "Misread",
    "NotOurs",
    "TooLarge",
    "Truncated",
    "Unsupported",
]


class CredentialFormatError(ValueError):
    """Root of everything that this room raises about foreign input."""


class Malformed(CredentialFormatError):
    """The bytes or the text break a rule of the format."""


class Truncated(Malformed):
    """The text ends in the middle of something: part of the code is missing."""


class Damaged(Malformed):
    """The text holds something that no writer of the format produces."""


class Misread(Malformed):
    """The checksum disagrees with the bytes: the code was read wrongly, nobody is accused."""


class Unsupported(CredentialFormatError):
    """Well formed, but a kind, a version or an algorithm that this release does not know."""


class NotOurs(Unsupported):
    """The text belongs to another system: it does not begin with our prefix."""


class TooLarge(CredentialFormatError):
    """The input exceeds a limit and was refused before any of it was read."""
