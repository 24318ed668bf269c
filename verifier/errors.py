"""Errors of the verifier room: the trouble of whoever runs the terminal, never the fault of a code.

    TerminalError
    ├── TrustStoreError    what this terminal stands on is not there
    │   ├── TrustMissing   not enrolled, or never synchronised: verdict TRUST_MISSING
    │   └── TrustBroken    a stored file was altered or lost: verdict TRUST_BROKEN
    ├── EnrolmentError     an enrolment file does not belong to this terminal, or cannot be believed
    ├── SyncError          the publication could not be reached or read; the lists in force stay
    │   └── ListError      one list of the publication was refused, so the whole of it was
    └── PictureError       a picture gave no text to judge (camera.py); each kind names its verdict
        ├── NoCode         verdict NO_CODE
        ├── SeveralCodes   verdict SEVERAL_CODES
        └── PictureTooBig  verdict TOO_BIG

What a code does wrong is a verdict, a value. No message here repeats a code, a person or a secret.
"""

from __future__ import annotations

from typing import ClassVar

from .reasons import Reason

__all__ = [
    "EnrolmentError",
    "ListError",
    "NoCode",
    "PictureError",
    "PictureTooBig",
    "SeveralCodes",
    "SyncError",
    "TerminalError",
    "TrustBroken",
    "TrustMissing",
    "TrustStoreError",
]


class TerminalError(Exception):
    """Root of the room's errors; its text says what happened and what to do."""


class TrustStoreError(TerminalError):
    """The terminal has no trust to judge by. `reason` is the verdict to show for every code until that is mended."""

    reason: ClassVar[Reason]


class TrustMissing(TrustStoreError):
    """The terminal is not enrolled, or has never synchronised."""

    reason = Reason.TRUST_MISSING


class TrustBroken(TrustStoreError):
    """A stored file fails its hash or its signature, or the memory that forbids going back is lost."""

    reason = Reason.TRUST_BROKEN


class EnrolmentError(TerminalError):
    """The enrolment file is not for this terminal, is damaged, or contradicts what the terminal already is."""


class SyncError(TerminalError):
    """The publication could not be reached, read or believed. What was in force stays in force."""


class ListError(SyncError):
    """One list of the publication is not what it claims to be, or is older than what this terminal knows."""


class PictureError(TerminalError):
    """A picture gave no text to judge. `reason` is the verdict to show."""

    reason: ClassVar[Reason]


class NoCode(PictureError):
    """No QR code in the picture, in normal or inverted polarity; or no picture at all."""

    reason = Reason.NO_CODE


class SeveralCodes(PictureError):
    """Two or more different codes that start like ours."""

    reason = Reason.SEVERAL_CODES


class PictureTooBig(PictureError):
    """The picture exceeds the size cap, tested before any of it was decoded."""

    reason = Reason.TOO_BIG
