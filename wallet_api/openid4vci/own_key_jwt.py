"""JWTs that bring their own key: DPoP proofs (RFC 9449) and key proofs (OpenID4VCI 1.0, appendix F.1).

Read strictly: ES256, a public P-256 `jwk`, exactly the members `alg`, `typ` and `jwk` in the header, and a payload in
strict JSON. The signature is verified before the payload is interpreted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from credentials import jws, strict_json
from credentials.cose_key import P256Key, from_jwk
from credentials.errors import CredentialFormatError
from credentials.spec import ES256
from credentials.strict_json import JsonValue
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature

MAX_CHARACTERS: Final = 4_096
PAST_SECONDS: Final = 300
"""How old `iat` may be: a phone with a slow answer, and the life of a nonce."""
AHEAD_SECONDS: Final = 60
"""How far ahead `iat` may be: the clock skew of decisions.md, section 5."""


class OwnKeyJwtInvalid(Exception):
    """The text is no such JWT, or its signature does not fit; nothing of it is repeated."""


@dataclass(frozen=True, slots=True)
class OwnKeyJwt:
    """A verified JWT: whoever made it holds the key."""

    key: P256Key
    payload: dict[str, JsonValue]


def read(text: str, typ: str) -> OwnKeyJwt:
    """Verify a JWT of type `typ` under the key in its header. Raises `OwnKeyJwtInvalid`."""
    if len(text) > MAX_CHARACTERS:
        raise OwnKeyJwtInvalid
    try:
        token = jws.parse_compact(text)
        key = _key(strict_json.decode(token.header), typ)
        verify_signature(load_public_key(key), ES256, token.signature, token.signing_input)
        return OwnKeyJwt(key, strict_json.decode(token.payload))
    except (CredentialFormatError, SignatureInvalid):
        raise OwnKeyJwtInvalid from None


def require_recent(payload: dict[str, JsonValue], now: int) -> int:
    """The `iat` of a payload, close to now. Raises `OwnKeyJwtInvalid`."""
    issued_at = payload.get("iat")
    if type(issued_at) is not int or not now - PAST_SECONDS <= issued_at <= now + AHEAD_SECONDS:
        raise OwnKeyJwtInvalid
    return issued_at


def _key(header: dict[str, JsonValue], typ: str) -> P256Key:
    match header:
        case {"alg": "ES256", "typ": str(found), "jwk": dict(jwk), **rest} if found == typ and not rest:
            key = from_jwk(jwk)
            if isinstance(key, P256Key):
                return key
    raise OwnKeyJwtInvalid
