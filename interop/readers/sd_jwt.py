"""A reader of SD-JWT with disclosures (RFC 9901), for published test data; no part of the product, which admits none.

The JWS is split and, under ES256, verified by the product's own code; RS256 by the library.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from credentials import jws
from credentials.cose_key import from_jwk
from credentials.spec import ES256
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature


class Refused(Exception):
    """Why an SD-JWT was not read."""


@dataclass(frozen=True)
class Reading:
    """The claims with every disclosure put in its place."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    disclosures: int


def read(text: str, issuer: Mapping[str, Any]) -> Reading:
    """The SD-JWT `jwt~disclosure~...~`, verified under the issuer's JWK. Raises `Refused`."""
    token, *disclosures, after = text.split("~")
    if after:
        _refuse("a key-binding JWT, or no tilde at the end")
    parsed = jws.parse_compact(token)
    header = json.loads(parsed.header)
    _verify(header.get("alg"), issuer, parsed)
    disclosed = {jws.b64url_encode(sha256(one.encode()).digest()): one for one in disclosures}
    if len(disclosed) != len(disclosures):
        _refuse("a disclosure twice")
    used: set[str] = set()
    claims = _resolve(json.loads(parsed.payload), disclosed, used)
    if used != disclosed.keys():
        _refuse("a disclosure that no digest names")
    claims.pop("_sd_alg", None)
    return Reading(header, claims, len(disclosures))


def _verify(algorithm: Any, issuer: Mapping[str, Any], parsed: jws.Jws) -> None:
    try:
        if algorithm == "ES256":
            key = load_public_key(from_jwk(issuer))
            verify_signature(key, ES256, parsed.signature, parsed.signing_input)
        elif algorithm == "RS256" and issuer.get("kty") == "RSA":
            modulus, exponent = (int.from_bytes(jws.b64url_decode(issuer[one]), "big") for one in "ne")
            public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
            public.verify(parsed.signature, parsed.signing_input, padding.PKCS1v15(), SHA256())
        else:
            _refuse("an algorithm that is not the key's")
    except (SignatureInvalid, InvalidSignature):
        _refuse("the signature is wrong")


def _resolve(value: Any, disclosed: Mapping[str, str], used: set[str]) -> Any:
    if isinstance(value, list):
        return [one for member in value for one in _element(member, disclosed, used)]
    if not isinstance(value, dict):
        return value
    resolved = {name: _resolve(member, disclosed, used) for name, member in value.items() if name != "_sd"}
    for digest in value.get("_sd", ()):
        if digest in disclosed:
            used.add(digest)
            _, name, content = json.loads(jws.b64url_decode(disclosed[digest]))
            if name in resolved:
                _refuse("a claim twice")
            resolved[name] = _resolve(content, disclosed, used)
    return resolved


def _element(member: Any, disclosed: Mapping[str, str], used: set[str]) -> list[Any]:
    if not (isinstance(member, dict) and member.keys() == {"..."}):
        return [_resolve(member, disclosed, used)]
    digest = member["..."]
    if digest not in disclosed:
        return []
    used.add(digest)
    _, content = json.loads(jws.b64url_decode(disclosed[digest]))
    return [_resolve(content, disclosed, used)]


def _refuse(why: str) -> NoReturn:
    raise Refused(why)
