"""The two small JWTs that the wallet signs towards the service: DPoP proofs and key proofs.

DPoP: RFC 9449, section 4.2. Key proof: OpenID4VCI 1.0, appendix F.1; its key is the fresh device key itself.
"""

from __future__ import annotations

import secrets
from hashlib import sha256

from credentials import cose_key, strict_json
from credentials.jws import Jws, b64url_encode, compact
from credentials.strict_json import JsonValue

from .device_key import DeviceKey

__all__ = ["dpop_proof", "key_proof"]


def dpop_proof(
    key: DeviceKey,
    *,
    method: str,
    url: str,
    at: int,
    access_token: str | None = None,
    nonce: str | None = None,
) -> str:
    """A proof for one request; `access_token` adds its hash (`ath`), `nonce` is the server's DPoP-Nonce."""
    claims: dict[str, JsonValue] = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": at}
    if access_token is not None:
        claims["ath"] = b64url_encode(sha256(access_token.encode("ascii")).digest())
    if nonce is not None:
        claims["nonce"] = nonce
    return _signed(key, "dpop+jwt", claims)


def key_proof(key: DeviceKey, *, issuer: str, nonce: str, at: int) -> str:
    """Proof of possession of `key` for the credential endpoint of `issuer`."""
    return _signed(key, "openid4vci-proof+jwt", {"aud": issuer, "iat": at, "nonce": nonce})


def _signed(key: DeviceKey, typ: str, claims: dict[str, JsonValue]) -> str:
    header = strict_json.encode({"typ": typ, "alg": "ES256", "jwk": dict(cose_key.to_jwk(key.public))})
    token = Jws(header, strict_json.encode(claims), b"")
    return compact(Jws(token.header, token.payload, key.sign(token.signing_input)))
