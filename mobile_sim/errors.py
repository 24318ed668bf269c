"""Errors of the phone, in plain words for the citizen.

Each says what happened and what to do, in French and in English, and repeats no personal data, code or secret::

    PhoneError
    ├── OfferRefused         the offer is not one this phone may follow
    ├── WalletUnavailable    the service cannot be reached, or answers nonsense: try later
    ├── ServiceRefused       the service understood and said no
    ├── TrustRefused         a trust list, root or reader key that must not be relied on: nothing is sealed
    ├── NothingToShow        no such document or view on this phone
    ├── TooDense             the code would be too dense to be read
    └── FolderBroken         the phone's folder cannot be read or written
"""

from __future__ import annotations

__all__ = [
    "FolderBroken",
    "NothingToShow",
    "OfferRefused",
    "PhoneError",
    "ServiceRefused",
    "TooDense",
    "TrustRefused",
    "WalletUnavailable",
]


class PhoneError(Exception):
    """Root of what the phone raises. `str()` is the French sentence."""

    def __init__(self, french: str, english: str) -> None:
        super().__init__(french)
        self.french = french
        self.english = english

    def in_language(self, language: str) -> str:
        """The sentence in `fr` or `en`."""
        return self.english if language == "en" else self.french


class OfferRefused(PhoneError):
    """The offer is malformed, of another service, or asks for what this phone does not know."""


class WalletUnavailable(PhoneError):
    """The network or the service failed; documents already held can still be shown."""


class ServiceRefused(PhoneError):
    """The service refused the request. `code` is its machine word, `status` the HTTP status."""

    def __init__(self, french: str, english: str, *, code: str, status: int) -> None:
        super().__init__(french, english)
        self.code = code
        self.status = status


class TrustRefused(PhoneError):
    """A trust list that does not verify, is older than the one held, or has no reader key for this instant."""


class NothingToShow(PhoneError):
    """The phone holds no such document or view, or several between which the citizen must choose."""


class TooDense(PhoneError):
    """The code would need a larger symbol than the ceiling."""


class FolderBroken(PhoneError):
    """The phone's folder is missing, unreadable or not written by this program."""
