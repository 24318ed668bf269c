"""Proof of possession for tokens (RFC 9449): each request is signed by the wallet's key, once.

A proof names method, address and instant, and at resources the token's hash; the pair of key and `jti` is remembered
longer than the proof could be accepted, so a second use is a replay (section 11.1).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from credentials import strict_json
from credentials.cose_key import P256Key, to_jwk
from credentials.jws import b64url_encode
from credentials.strict_json import JsonValue
from wallet_api.database import ask_once
from wallet_api.identifiers import fingerprint
from wallet_api.problems import WalletError
from wallet_api.statement import Answer
from wallet_api.tables import dpop_proof

from .own_key_jwt import AHEAD_SECONDS, PAST_SECONDS, OwnKeyJwtInvalid, read, require_recent

TYP: Final = "dpop+jwt"
_JTI_CHARACTERS: Final = range(8, 129)


@dataclass(frozen=True, slots=True)
class DpopProof:
    """A proof that fits its request; `spend` makes it count."""

    thumbprint: str
    seen_hash: str
    seen_until: int


def check(
    header: str | None, *, method: str, address: str, now: int, access_token: str | None = None
) -> DpopProof:
    """Verify the `DPoP` header of a request. Raises `WalletError`: 400 for a token request, 401 at a resource."""
    refusal = "dpop-refused" if access_token is None else "dpop-refused-here"
    try:
        proof = read(header or "", TYP)
        issued_at = require_recent(proof.payload, now)
    except OwnKeyJwtInvalid:
        raise WalletError(refusal) from None
    claims, jti = proof.payload, proof.payload.get("jti")
    fits = claims.get("htm") == method and claims.get("htu") == address
    if access_token is not None:
        fits = fits and claims.get("ath") == b64url_encode(hashlib.sha256(access_token.encode()).digest())
    if not fits or not isinstance(jti, str) or len(jti) not in _JTI_CHARACTERS:
        raise WalletError(refusal)
    thumbprint = jwk_thumbprint(proof.key)
    seen_until = issued_at + PAST_SECONDS + AHEAD_SECONDS
    return DpopProof(thumbprint, fingerprint(f"{thumbprint} {jti}"), seen_until)


def spend(connection: Connection, proof: DpopProof) -> None:
    """Remember the proof in the transaction of what it permits. Raises `WalletError` for a replay."""
    require_fresh(ask_spend(connection, proof))


def ask_spend(connection: Connection, proof: DpopProof) -> Answer:
    """Ask for what `require_fresh` reads."""
    row = {"proof_hash": proof.seen_hash, "expires_at": proof.seen_until}
    return ask_once(connection, dpop_proof, row)


def require_fresh(answer: Answer) -> None:
    """Raises `WalletError` for a proof that was remembered already."""
    if answer.count == 0:
        raise WalletError("dpop-refused")


def jwk_thumbprint(key: P256Key) -> str:
    """RFC 7638 thumbprint, SHA-256, base64url; our JWKs have their members in its order."""
    members: dict[str, JsonValue] = {**to_jwk(key)}
    return b64url_encode(hashlib.sha256(strict_json.encode(members)).digest())
