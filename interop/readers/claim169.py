"""A reader of MOSIP Claim 169 codes, for published test data; no part of the product.

    Base45 -> zlib -> COSE_Sign1 (18) or COSE_Encrypt0 (16) -> CWT {1 iss, 4 exp, 5 nbf, 6 iat, 169: {...}}

Base45, CBOR and the signature check are our own; what our strict gate refuses is read by cbor2, and said.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import cbor2
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from credentials import base45, cbor, sign1
from credentials.cose_key import Ed25519Key
from credentials.errors import CredentialFormatError
from credentials.spec import EDDSA
from verifier.signatures import load_public_key, verify_signature

CLAIM: Final = 169
INFLATED_BYTES: Final = 65_536
_META: Final = {1: "issuer", 2: "subject", 4: "expiresAt", 5: "notBefore", 6: "issuedAt"}
_FIELDS: Final = {
    1: "id", 2: "version", 3: "language", 4: "fullName", 5: "firstName", 6: "middleName", 7: "lastName",
    8: "dateOfBirth", 9: "gender", 10: "address", 11: "email", 12: "phone", 13: "nationality", 14: "maritalStatus",
    15: "guardian", 16: "photo", 17: "photoFormat", 18: "bestQualityFingers", 19: "secondaryFullName",
    20: "secondaryLanguage", 21: "locationCode", 22: "legalStatus", 23: "countryOfIssuance", 62: "face",
}  # fmt: skip


class Refused(Exception):
    """Why a code was not read, named as in the set's `expected_error`."""


@dataclass(frozen=True)
class Reading:
    """What a code holds. `signed` is None where no key was given; `strict` tells whether our own gate took all of it."""

    claim: Mapping[int, Any]
    meta: Mapping[str, Any]
    signed: bool | None
    strict: bool

    def named(self) -> dict[str, Any]:
        """The claim under the names of the specification, numbers of fields it does not name left as they are."""
        return {
            _FIELDS.get(number, str(number)): _named(number, value) for number, value in self.claim.items()
        }


def _named(number: int, value: Any) -> Any:
    if _FIELDS.get(number) != "face":
        return value
    return [{"data": b64encode(one[0]).decode(), "format": one[1], "subFormat": one[2]} for one in value]


def read(text: str, *, public_key: bytes | None = None, secret: bytes | None = None) -> Reading:
    """Read a code; verified under an Ed25519 key (32 bytes), opened with an AES-256-GCM key. Raises `Refused`."""
    message = _inflate(_decode(text))
    outer, strict = _load(message)
    tag = outer.tag if isinstance(outer, cbor.Tagged | cbor2.CBORTag) else None
    signed: bool | None = None
    if tag == 16:
        if secret is None:
            _refuse("DecryptionKeyMissing")
        message = _open(outer.value, secret)
        outer, inner_strict = _load(message)
        strict = strict and inner_strict
        tag = outer.tag if isinstance(outer, cbor.Tagged | cbor2.CBORTag) else None
    if tag == 18:
        protected, _, payload, signature = outer.value
        if public_key is not None:
            key = load_public_key(Ed25519Key(public_key))
            verify_signature(key, EDDSA, signature, sign1.to_be_signed(protected, payload))
            signed = True
        claims, claims_strict = _load(payload)
    elif tag is None and isinstance(outer, Mapping):  # what was encrypted needs no signature
        claims, claims_strict = outer, True
    else:
        _refuse("CoseParse")
    if CLAIM not in claims:
        _refuse("Claim169NotFound")
    meta = {name: claims[number] for number, name in _META.items() if number in claims}
    return Reading(claims[CLAIM], meta, signed, strict and claims_strict)


def _decode(text: str) -> bytes:
    try:
        return base45.decode(text)
    except CredentialFormatError:
        _refuse("Base45Decode")


def _inflate(compressed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        message = stream.decompress(compressed, INFLATED_BYTES)
    except zlib.error:
        _refuse("Decompress")
    if not stream.eof:
        _refuse("Decompress")
    return message


def _load(data: bytes) -> tuple[Any, bool]:
    try:
        return cbor.decode(data), True
    except CredentialFormatError:
        try:
            return cbor2.loads(data), False
        except (ValueError, EOFError):
            _refuse("CborParse")


def _open(parts: Any, secret: bytes) -> bytes:
    """COSE_Encrypt0 with A256GCM (RFC 9052, section 5.3)."""
    protected, unprotected, ciphertext = parts
    aad = cbor.encode(["Encrypt0", protected, b""])
    return AESGCM(secret).decrypt(unprotected[5], ciphertext, aad)


def _refuse(why: str) -> NoReturn:
    raise Refused(why)
