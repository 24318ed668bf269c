"""How an activation code is spelt: five groups of four, the first letter naming the authority.

Crockford's base 32: no I, L, O or U among the random ones; what people type instead of 0 and 1 is read as meant.
"""

from __future__ import annotations

import secrets
from typing import Final

from credentials.spec import Domain

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_CHARACTERS: Final = 19  # 95 bits
SECOND_DIGITS: Final = 6
_GROUP: Final = 4
_LETTERS: Final = {Domain.LICENCE.value: "P", Domain.HEALTH.value: "V"}  # permis, Vitale
_AUTHORITIES: Final = {letter: authority for authority, letter in _LETTERS.items()}
_READ_AS: Final = str.maketrans("OIL", "011")


def new_code(authority_id: str) -> str:
    """A fresh code as it is printed: `P7K2-03QX-...`."""
    text = _LETTERS[authority_id] + random_text(RANDOM_CHARACTERS)
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def random_text(characters: int) -> str:
    """So many random characters, five bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(characters))


def new_second() -> str:
    """A second part of a code, in digits."""
    return f"{secrets.randbelow(10**SECOND_DIGITS):0{SECOND_DIGITS}}"


def plain(typed: str) -> str:
    """What was typed, without spaces and hyphens, in capitals, lookalikes repaired."""
    return "".join(typed.upper().replace("-", " ").split()).translate(_READ_AS)


def read_code(typed: str) -> tuple[str, str] | None:
    """The authority and the plain code; None for what cannot be one."""
    code = plain(typed)
    authority_id = _AUTHORITIES.get(code[:1])
    if authority_id is None or len(code) != RANDOM_CHARACTERS + 1 or set(code[1:]) - set(ALPHABET):
        return None
    return authority_id, code
