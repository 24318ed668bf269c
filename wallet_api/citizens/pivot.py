"""The pivot identity in an access token: OpenID claims as FranceConnect+ hands them over, and the level of assurance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from credentials.errors import CredentialFormatError
from credentials.person import BirthDate, check_name
from credentials.strict_json import JsonValue
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import PivotIdentity

LEVELS: Final = frozenset({"eidas2", "eidas3"})
"""Substantial and high (regulation 910/2014, article 8); the level must have been reached, not merely asked for."""
_FRANCE: Final = "99100"  # COG code
_MAX_PLACE: Final = 8


def require_assurance(claims: Mapping[str, JsonValue]) -> None:
    """Raises `WalletError` (401, RFC 9470) unless the token says that the sign-in reached one of `LEVELS`."""
    if claims.get("acr") not in LEVELS:
        raise WalletError("assurance-too-low")


def pivot_of(claims: Mapping[str, JsonValue]) -> PivotIdentity:
    """The pivot identity of a token. Raises `WalletError` when a claim is missing or makes no sense."""
    family, given = _text(claims, "family_name", 150), _text(claims, "given_name", 150)
    gender, country = _text(claims, "gender", 6), _text(claims, "birthcountry", _MAX_PLACE)
    place = claims.get("birthplace", "")
    if not isinstance(place, str) or len(place) > _MAX_PLACE or (country == _FRANCE and not place):
        raise WalletError("pivot-missing")
    if gender not in {"male", "female"}:
        raise WalletError("pivot-missing")
    try:
        check_name(family)
        check_name(given)
        # An unknown day or month is 00 there, and left out here.
        born = BirthDate.parse(_text(claims, "birthdate", 10).replace("-00", ""))
    except CredentialFormatError:
        raise WalletError("pivot-missing") from None
    return PivotIdentity(family, given, born, gender, place, country)


def _text(claims: Mapping[str, JsonValue], name: str, longest: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise WalletError("pivot-missing")
    return value
