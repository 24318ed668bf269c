"""A credential's bytes: one view of a document, signed by an issuer, in either form.

CBOR: a COSE_Sign1 whose protected header holds algorithm, key id and `typ`; the payload is a CWT's claims.
JWT: three raw byte strings in a CBOR array; header `{"alg", "kid", "typ": "dc+sd-jwt"}`, kid in hexadecimal.
Nothing read here is verified.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from . import cbor, claims, jws, sign1, strict_json
from .claims import Claims
from .errors import Malformed
from .jws import Jws
from .signing import ToSign
from .spec import COSE_ALGORITHM, EDDSA, ES256, JOSE_ALGORITHM, SD_JWT_TYP, SIGNATURE_SIZE, Form, Typ
from .stages import CredentialBytes, PayloadBytes, ToBeSigned

_HEADER_SIZE = 17
_ALGORITHM_BYTE = {0x26: ES256, 0x27: EDDSA}
_ALGORITHM = {number: bytes((byte,)) for byte, number in _ALGORITHM_BYTE.items()}
_TYP = b"\x10\x19" + int(Typ.CREDENTIAL).to_bytes(2, "big")


class UnverifiedCredential(NamedTuple):
    """A credential as received. `algorithm` is a COSE number, or None when the header names one we do not know."""

    key_id: bytes
    algorithm: int | None
    to_be_signed: ToBeSigned
    signature: bytes
    payload: PayloadBytes
    read_claims: Callable[[bytes], Claims]

    def decode_claims(self) -> Claims:
        """The claims; to be called once the signature is verified. Raises `Malformed`."""
        return self.read_claims(self.payload)


def prepare(form: Form, statement: Claims, *, algorithm: int, key_id: bytes) -> ToSign:
    """What an issuer signs; `with_signature` gives the `CredentialBytes`."""
    if form is Form.CBOR:
        protected = b"".join((b"\xa3\x01", _ALGORITHM[algorithm], b"\x04\x48", key_id, _TYP))
        return sign1.prepare_under(protected, claims.encode_cbor(statement))
    head = strict_json.encode({"alg": JOSE_ALGORITHM[algorithm], "kid": key_id.hex(), "typ": SD_JWT_TYP})
    body = claims.encode_json(statement)
    return ToSign(
        ToBeSigned(Jws(head, body, b"").signing_input),
        lambda signature: cbor.encode([head, body, signature]),
    )


def read(form: Form, credential: bytes) -> UnverifiedCredential:
    """Read a credential's outer layer. Raises `Malformed`."""
    return _read_cbor(credential) if form is Form.CBOR else _read_jwt(raw_jws(credential))


def _read_cbor(credential: bytes) -> UnverifiedCredential:
    message = sign1.decode(credential)
    protected = message.protected
    algorithm = _ALGORITHM_BYTE.get(protected[2]) if len(protected) == _HEADER_SIZE else None
    if (
        algorithm
        and protected[:2] == b"\xa3\x01"
        and protected[3:5] == b"\x04\x48"
        and protected[13:] == _TYP
    ):
        # The usual header, compared: {1: alg, 4: kid, 16: typ}.
        return UnverifiedCredential(
            protected[5:13],
            algorithm,
            message.to_be_signed,
            message.signature,
            message.payload,
            claims.decode_cbor,
        )
    header = sign1.decode_header(protected, Typ.CREDENTIAL)
    if header.key_id is None or header.chain:
        msg = "a credential names its signer by key id alone"
        raise Malformed(msg)
    known = header.algorithm if header.algorithm in (ES256, EDDSA) else None
    return UnverifiedCredential(
        header.key_id, known, message.to_be_signed, message.signature, message.payload, claims.decode_cbor
    )


def _read_jwt(token: Jws) -> UnverifiedCredential:
    key_id, algorithm = _read_jwt_header(token.header)
    return UnverifiedCredential(
        key_id,
        algorithm,
        ToBeSigned(token.signing_input),
        token.signature,
        PayloadBytes(token.payload),
        claims.decode_json,
    )


def _read_jwt_header(header: bytes) -> tuple[bytes, int | None]:
    match jws.read_header(header):
        case {"alg": str(algorithm), "kid": str(kid), "typ": typ, **rest} if typ == SD_JWT_TYP and not rest:
            if len(kid) == 16 and set(kid) <= set("0123456789abcdef"):
                return bytes.fromhex(kid), COSE_ALGORITHM.get(algorithm)
    msg = "a credential's header holds alg, kid and typ, and nothing else"
    raise Malformed(msg)


def raw_jws(credential: bytes) -> Jws:
    """The three parts of a credential in JWT form. Raises `Malformed`."""
    match cbor.decode(credential):
        case [bytes(header), bytes(payload), bytes(signature)] if len(signature) == SIGNATURE_SIZE:
            return Jws(header, payload, signature)
    msg = "a credential in JWT form is an array of header, payload and signature"
    raise Malformed(msg)


def to_sd_jwt(credential: bytes) -> str:
    """The text that JOSE wallets and verifiers know: `header.payload.signature~` (RFC 9901 section 4)."""
    return jws.compact(raw_jws(credential)) + "~"


def from_sd_jwt(text: str) -> CredentialBytes:
    """Inverse of `to_sd_jwt`. A disclosure, or a missing tilde, is `Malformed`."""
    if not text.endswith("~") or text.count("~") != 1:
        msg = "an SD-JWT without disclosures ends in its only tilde"
        raise Malformed(msg)
    token = jws.parse_compact(text[:-1])
    return CredentialBytes(cbor.encode([token.header, token.payload, token.signature]))
