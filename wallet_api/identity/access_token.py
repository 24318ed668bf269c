"""Verify a JWT access token (RFC 9068) and read what it says of its bearer.

Steps, and what each refuses:

1. at most 8192 characters, three segments of strict base64url (`TokenRefused`);
2. a header of strict JSON: `typ` `at+jwt`, an `alg`, a `kid`; no key, address of one, or critical extension;
3. a key of the issuer under that `kid`, of a type that the algorithm belongs to;
4. the signature, before anything of the payload is read;
5. a payload of strict JSON: `iss` and `aud` are ours, `exp`, `iat` and `nbf` fit the instant with 30 s of skew, a life of
   at most a day, a `sub`;
6. the role claim: one text or a list of texts. Words that are no role of ours count for nothing; exactly one must remain,
   else the bearer has no role.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from credentials import jws, strict_json
from credentials.errors import CredentialFormatError
from credentials.jws import Jws
from credentials.strict_json import JsonValue
from wallet_api.roles import AccessRole

from .key_sources import KeySource

MAX_CHARACTERS: Final = 8_192
SKEW_SECONDS: Final = 30
LIFE_SECONDS: Final = 86_400
_MAX_TEXT: Final = 255  # OpenID Connect Core 1.0, section 2: a subject has at most 255 characters
_MAX_VALUES: Final = 64  # audiences, or words of the role claim
_TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
_FOREIGN: Final = frozenset({"jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc"})
_ROLES: Final = frozenset(role.value for role in AccessRole)


class TokenRefused(Exception):
    """The text is no token of our issuer for us, now; nothing of it is repeated."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who holds a verified token: an opaque pseudonym, the role if there is exactly one, and all that was claimed."""

    actor_id: str
    role: AccessRole | None
    claims: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens are accepted: issuer, our own name as their audience, the claim of the role, and the keys."""

    issuer: str
    audience: str
    role_claim: str
    keys: KeySource

    def verify(self, text: str, now: int) -> Bearer:
        """The bearer of a token at `now`. Raises `TokenRefused`, or `WalletError` when the keys cannot be had."""
        if len(text) > MAX_CHARACTERS:
            raise TokenRefused
        try:
            token = jws.parse_compact(text)
            self._require_signature(token)
            claims = strict_json.decode(token.payload)
        except (CredentialFormatError, UnicodeError):
            raise TokenRefused from None
        subject = claims.get("sub")
        if not (
            claims.get("iss") == self.issuer
            and self.audience in _texts(claims.get("aud"))
            and _timely(claims, now)
            and isinstance(subject, str)
            and 0 < len(subject) <= _MAX_TEXT
        ):
            raise TokenRefused
        return Bearer(pseudonym(self.issuer, subject), _only_role(claims.get(self.role_claim)), claims)

    def _require_signature(self, token: Jws) -> None:
        header = strict_json.decode(token.header)
        algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ")
        if (
            _FOREIGN & header.keys()
            or not isinstance(kind, str)
            or kind.lower() not in _TYPES
            or not isinstance(algorithm, str)
            or not isinstance(kid, str)
        ):
            raise TokenRefused
        key = self.keys.find(kid)
        if key is None or not key.signed(algorithm, token.signing_input, token.signature):
            raise TokenRefused


def pseudonym(issuer: str, subject: str) -> str:
    """The opaque id of a subject, as rows and the audit journal keep it: 32 hexadecimal digits, the same every time."""
    return hashlib.sha256(strict_json.encode({"iss": issuer, "sub": subject})).hexdigest()[:32]


def _timely(claims: Mapping[str, JsonValue], now: int) -> bool:
    starts, issued, ends = claims.get("nbf", 0), claims.get("iat"), claims.get("exp")
    if type(starts) is not int or type(issued) is not int or type(ends) is not int:
        return False
    begun = max(starts, issued) <= now + SKEW_SECONDS
    return begun and now < ends + SKEW_SECONDS and 0 < ends - issued <= LIFE_SECONDS


def _only_role(claim: JsonValue) -> AccessRole | None:
    found = [AccessRole(word) for word in _ROLES.intersection(_texts(claim))]
    return found[0] if len(found) == 1 else None


def _texts(claim: JsonValue) -> list[str]:
    """A claim that is a text or a list of texts; anything else is nothing."""
    if isinstance(claim, str):
        return [claim]
    if isinstance(claim, list) and len(claim) <= _MAX_VALUES:
        return [one for one in claim if isinstance(one, str)]
    return []
