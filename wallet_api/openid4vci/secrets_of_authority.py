"""Codes and tokens begin with a letter that names the authority, so that every look-up can use the full key."""

from __future__ import annotations

from typing import Final

from credentials.spec import Domain
from wallet_api.identifiers import new_secret

_LETTERS: Final = {Domain.LICENCE.value: "l", Domain.HEALTH.value: "h"}
_AUTHORITIES: Final = {letter: authority for authority, letter in _LETTERS.items()}
_CHARACTERS: Final = range(40, 65)


def new_authority_secret(authority_id: str) -> str:
    """A fresh code or token of that authority."""
    return _LETTERS[authority_id] + new_secret()


def authority_of(secret: str) -> str | None:
    """The authority that a code or token names; None for anything that we did not make."""
    if len(secret) not in _CHARACTERS or not secret.isascii():
        return None
    return _AUTHORITIES.get(secret[0])
