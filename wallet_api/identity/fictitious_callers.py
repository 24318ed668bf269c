"""Who may ask the development issuer for a token: invented officials, citizens and aidants, by first name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from wallet_api.roles import AccessRole


@dataclass(frozen=True, slots=True)
class FictitiousCaller:
    """A first name, the one role, and what the token claims beside it."""

    name: str
    role: AccessRole
    claims: Mapping[str, str] = field(default_factory=dict)


def _citizen(name: str, family: str, given: str, birth: str, gender: str, place: str) -> FictitiousCaller:
    """Somebody signed in through FranceConnect+: pivot identity (OpenID claims) and the level of assurance."""
    claims = {
        "family_name": family,
        "given_name": given,
        "birthdate": birth,
        "gender": gender,
        "birthplace": place,
        "birthcountry": "99100",  # COG code of France
        "acr": "eidas2",
    }
    return FictitiousCaller(name, AccessRole.CITIZEN, claims)


CALLERS: Final = {
    one.name: one
    for one in (
        FictitiousCaller("agnes", AccessRole.CLERK),
        FictitiousCaller("bruno", AccessRole.CLERK),
        FictitiousCaller("claire", AccessRole.SUPERVISOR),
        FictitiousCaller("denis", AccessRole.SUPERVISOR),
        FictitiousCaller("elise", AccessRole.HEALTH_AUTHORITY),
        FictitiousCaller("farid", AccessRole.HEALTH_AUTHORITY),
        FictitiousCaller("gaelle", AccessRole.OPERATOR),
        FictitiousCaller("hugo", AccessRole.OPERATOR),
        FictitiousCaller("irene", AccessRole.AUDITOR),
        _citizen("camille", "MARTIN", "Camille Élise", "1990-03-07", "female", "75999"),
        _citizen("yanis", "LEROUX", "Yanis Thierry", "1985-09-21", "male", "13999"),
        _citizen("ines", "CARPENTIER", "Inès", "2007-01-30", "female", "69999"),
        _citizen("theo", "VASSEUR-DELACOURT", "Théophile Jean-Baptiste", "1978-04-00", "male", "59999"),
        FictitiousCaller("jeanne", AccessRole.AIDANT),
        FictitiousCaller("karim", AccessRole.AIDANT),
    )
}


def first_of(role: AccessRole) -> str:
    """The first name with this role: who acts when nobody is named."""
    return next(one.name for one in CALLERS.values() if one.role is role)
