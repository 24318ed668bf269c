"""A reader of EU Digital COVID Certificates (HC1), for published test data; no part of the product.

Built on our own Base45, COSE frame and signature check. The certificates of 2021 are not deterministic CBOR, so what our
strict reader refuses is read by cbor2, and `Reading.strict` says which of the two it was.

    HC1: + Base45 -> zlib -> COSE_Sign1 (tag 18, or 61 and 18) -> CWT {1 iss, 4 exp, 6 iat, -260 {1: certificate}}
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NoReturn

import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from credentials import base45, cbor, sign1
from credentials.cose_key import P256Key
from credentials.errors import CredentialFormatError
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature

PREFIX = "HC1:"
INFLATED_BYTES = 65_536
ES256, PS256 = -7, -37
# Object identifiers of a signer's scope, in both arcs that were in use: test, vaccination, recovery.
_ARCS = ("1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1.")
_SCOPES = {"t": "1", "v": "2", "r": "3"}


class Refused(Exception):
    """The step that failed, named as in the set's EXPECTEDRESULTS."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step


@dataclass(frozen=True)
class Reading:
    """A certificate as read. `strict` tells whether our own strict reader took its COSE frame, header and claims."""

    certificate: Mapping[str, Any]
    claims: Mapping[Any, Any]
    algorithm: int
    strict: bool


def read(text: str, signer: bytes, at: datetime | None) -> Reading:
    """The certificate in `text`, verified under `signer` (DER) at `at`. Raises `Refused` with the step that failed.

    Without an instant the windows are not looked at.
    """
    message = decompress(decode(unprefix(text)))
    protected, unprotected, payload, signature, strict = unwrap(message)
    claims, certificate, also_strict = decode_claims(payload)
    header = {**unprotected, **protected}
    leaf = x509.load_der_x509_certificate(signer)
    verify(header, sign1.to_be_signed(_protected_bytes(message), payload), signature, leaf, signer)
    if at is not None:
        check_expiration(claims, leaf, at)
    check_schema(certificate)
    check_scope(certificate, leaf)
    return Reading(certificate, claims, header[1], strict and also_strict)


def unprefix(text: str) -> str:
    """What follows `HC1:`."""
    if not text.startswith(PREFIX):
        _refuse("EXPECTEDUNPREFIX", "another prefix")
    return text[len(PREFIX) :]


def decode(text: str) -> bytes:
    """Base45, by our own decoder."""
    try:
        return base45.decode(text)
    except CredentialFormatError as error:
        _refuse("EXPECTEDB45DECODE", str(error))


def decompress(compressed: bytes) -> bytes:
    """zlib, bounded."""
    stream = zlib.decompressobj()
    try:
        message = stream.decompress(compressed, INFLATED_BYTES)
    except zlib.error:
        _refuse("EXPECTEDCOMPRESSION", "no zlib stream")
    if not stream.eof:
        _refuse("EXPECTEDCOMPRESSION", "cut, or larger than any certificate")
    return message


def unwrap(message: bytes) -> tuple[dict[Any, Any], dict[Any, Any], bytes, bytes, bool]:
    """Protected and unprotected header, payload, signature; the last tells whether our strict reader took them."""
    try:
        outer = sign1.decode(message)
        header = cbor.decode(outer.protected)
        if isinstance(header, dict):
            return dict(header), {}, outer.payload, outer.signature, True
    except CredentialFormatError:
        pass
    try:
        protected, unprotected, payload, signature = _array(message)
        return dict(cbor2.loads(protected)) if protected else {}, dict(unprotected), payload, signature, False
    except (ValueError, TypeError, EOFError):
        _refuse("EXPECTEDDECODE", "no COSE_Sign1")


def decode_claims(payload: bytes) -> tuple[Mapping[Any, Any], Mapping[str, Any], bool]:
    """The claims and the certificate in them."""
    try:
        claims: Any = cbor.decode(payload, max_items=4_096)
        strict = True
    except CredentialFormatError:
        strict = False
        try:
            claims = cbor2.loads(payload)
        except (ValueError, EOFError):
            _refuse("EXPECTEDDECODE", "the claims are no CBOR")
    try:
        certificate = claims[-260][1]
    except (KeyError, TypeError):
        _refuse("EXPECTEDDECODE", "no certificate among the claims")
    if not isinstance(certificate, Mapping):
        _refuse("EXPECTEDDECODE", "the certificate is no map")
    return claims, certificate, strict


def verify(
    header: Mapping[Any, Any], to_be_signed: bytes, signature: bytes, leaf: x509.Certificate, der: bytes
) -> None:
    """Key id and signature: ES256 by the product's own check, PS256 by the library."""
    if header.get(4) != sha256(der).digest()[:8]:
        _refuse("EXPECTEDVERIFY", "the key id is not that of the certificate")
    key, algorithm = leaf.public_key(), header.get(1)
    try:
        if algorithm == ES256 and isinstance(key, ec.EllipticCurvePublicKey):
            numbers = key.public_numbers()
            loaded = load_public_key(P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")))
            verify_signature(loaded, ES256, signature, to_be_signed)
        elif algorithm == PS256 and isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            key.verify(signature, to_be_signed, pss, hashes.SHA256())
        else:
            _refuse("EXPECTEDVERIFY", "an algorithm that is not the key's")
    except (SignatureInvalid, InvalidSignature):
        _refuse("EXPECTEDVERIFY", "the signature is wrong")


def check_expiration(claims: Mapping[Any, Any], leaf: x509.Certificate, at: datetime) -> None:
    """Issued before, expired after; the signer's own window likewise."""
    now = at.timestamp()
    if not claims[6] <= now < claims[4]:
        _refuse("EXPECTEDEXPIRATIONCHECK", "outside its window")
    if not leaf.not_valid_before_utc <= at < leaf.not_valid_after_utc:
        _refuse("EXPECTEDEXPIRATIONCHECK", "outside its signer's window")


def check_schema(certificate: Mapping[str, Any]) -> None:
    """The required members of ehn-dcc-schema 1.x: version, name, birth date, one group of entries."""
    groups = [name for name in _SCOPES if certificate.get(name)]
    name = certificate.get("nam")
    if not isinstance(name, Mapping) or not isinstance(name.get("fnt"), str):
        _refuse("EXPECTEDSCHEMAVALIDATION", "no name")
    if not isinstance(certificate.get("ver"), str) or not isinstance(certificate.get("dob"), str):
        _refuse("EXPECTEDSCHEMAVALIDATION", "no version or no birth date")
    if len(groups) != 1:
        _refuse("EXPECTEDSCHEMAVALIDATION", "not one group of entries")
    required = {"tg", "co", "is", "ci"}
    for entry in certificate[groups[0]]:
        if not isinstance(entry, Mapping) or not required <= entry.keys():
            _refuse("EXPECTEDSCHEMAVALIDATION", "an entry lacks a member")


def check_scope(certificate: Mapping[str, Any], leaf: x509.Certificate) -> None:
    """A signer whose certificate names scopes signs these only."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (
        x509.ExtensionNotFound,
        ValueError,
    ):  # the library refuses an empty list of purposes, which names none
        return
    named = {one.dotted_string for one in usage}
    scopes = {oid.removeprefix(arc) for arc in _ARCS for oid in named if oid.startswith(arc)}
    held = {scope for group, scope in _SCOPES.items() if certificate.get(group)}
    if scopes and not held <= scopes:
        _refuse("EXPECTEDKEYUSAGE", "the signer may not sign this kind")


def _array(message: bytes) -> list[Any]:
    value = cbor2.loads(message)
    while isinstance(value, cbor2.CBORTag) and value.tag in (18, 61):
        value = value.value
    return list(value)


def _protected_bytes(message: bytes) -> bytes:
    protected: bytes = _array(message)[0]
    return protected


def _refuse(step: str, why: str) -> NoReturn:
    raise Refused(step, why)
