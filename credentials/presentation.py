"""Presentations: the device key signs a credential, an audience, an instant and, when the reader gave one, a nonce.

CBOR: a COSE_Sign1 whose protected header carries the credential (label 13, kcwt, in the manner of SD-CWT) and whose
payload holds aud, iat and cnonce. JWT: a KB-JWT (RFC 9901 section 4.3) beside the credential, as six raw parts.
The credential's bytes are carried as received, never encoded again.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple

from . import cbor, jws, sign1, strict_json
from .credential import raw_jws, to_sd_jwt
from .errors import Malformed
from .frozen import frozen
from .jws import Jws, b64url_decode, b64url_encode
from .limits import NONCE_BYTES
from .signing import ToSign
from .spec import (
    CLAIM_AUD,
    CLAIM_CNONCE,
    CLAIM_IAT,
    ES256,
    HEADER_ALG,
    HEADER_KCWT,
    HEADER_TYP,
    KB_JWT_TYP,
    SIGNATURE_SIZE,
    Form,
    Typ,
)
from .stages import CredentialBytes, ToBeSigned

# {1: ES256, 13: credential, 16: typ}; what stands around the credential never changes.
_HEAD = cbor.encode({HEADER_ALG: ES256, HEADER_KCWT: 0})[:-1]
_HEAD = bytes((0xA3,)) + _HEAD[1:]
_TAIL = cbor.encode({HEADER_TYP: int(Typ.PRESENTATION)})[1:]
_KB_HEADER = strict_json.encode({"alg": "ES256", "typ": KB_JWT_TYP})


@frozen
class KeyBinding:
    """What the device key vouches for beside the credential. `issued_at` in UTC seconds; nonce 8 to 64 bytes."""

    audience: str
    issued_at: int
    nonce: bytes | None = None

    def __post_init__(self) -> None:
        """Raises `Malformed`."""
        if type(self.issued_at) is not int or not 0 <= self.issued_at < 1 << 40:
            msg = "a presentation carries its instant"
            raise Malformed(msg)
        if self.nonce is not None and not NONCE_BYTES[0] <= len(self.nonce) <= NONCE_BYTES[1]:
            msg = "a nonce has 8 to 64 bytes"
            raise Malformed(msg)


class UnverifiedPresentation(NamedTuple):
    """A presentation as received: the credential it carries, and what the device key is said to have signed.

    `binding` must not be believed before `signature` is verified over `to_be_signed`. `covers_credential` is false when a
    KB-JWT's digest is that of another credential; in CBOR form the signature itself covers the credential.
    """

    credential: CredentialBytes
    to_be_signed: ToBeSigned
    signature: bytes
    binding: KeyBinding
    covers_credential: bool = True


def prepare(form: Form, credential: bytes, binding: KeyBinding) -> ToSign:
    """What the device key signs (ES256). In JWT form a nonce is required by RFC 9901: the phone draws one."""
    if form is Form.CBOR:
        payload = _binding_to_cbor(binding)
        protected = b"".join((_HEAD, credential, _TAIL))
        return ToSign(
            sign1.to_be_signed(protected, payload),
            lambda signature: sign1.assemble(protected, payload, signature),
        )
    token = raw_jws(credential)
    body = _binding_to_json(binding, _sd_hash(credential))
    return ToSign(
        ToBeSigned(Jws(_KB_HEADER, body, b"").signing_input),
        lambda signature: cbor.encode(
            [token.header, token.payload, token.signature, _KB_HEADER, body, signature]
        ),
    )


def read(form: Form, presentation: bytes) -> UnverifiedPresentation:
    """Read a presentation's outer layer. Raises `Malformed`."""
    return _read_cbor(presentation) if form is Form.CBOR else _read_jwt(presentation)


def _read_cbor(presentation: bytes) -> UnverifiedPresentation:
    message = sign1.decode(presentation)
    head, tail = len(_HEAD), len(_TAIL)
    protected = message.protected
    if not protected.startswith(_HEAD) or not protected.endswith(_TAIL) or len(protected) <= head + tail:
        msg = "a presentation's header holds ES256, the credential and typ, and nothing else"
        raise Malformed(msg)
    credential = CredentialBytes(protected[head:-tail])
    return UnverifiedPresentation(
        credential, message.to_be_signed, message.signature, _binding_from_cbor(message.payload)
    )


def _binding_to_cbor(binding: KeyBinding) -> bytes:
    entries: dict[int, Any] = {CLAIM_AUD: str(binding.audience), CLAIM_IAT: binding.issued_at}
    if binding.nonce is not None:
        entries[CLAIM_CNONCE] = binding.nonce
    return cbor.encode(entries)


def _binding_from_cbor(payload: bytes) -> KeyBinding:
    split = len(payload) - 6  # {3: aud, 6: iat}: iat is the last six bytes, and aud a short text before it
    if (
        payload[:2] == b"\xa2\x03"
        and payload[split : split + 2] == b"\x06\x1a"
        and payload[split + 2]
        and payload[2] == 0x60 + split - 3
        and payload[3:split].isascii()
        and split < 27
    ):
        return KeyBinding(payload[3:split].decode(), int.from_bytes(payload[split + 2 :], "big"))
    match cbor.decode(payload):
        case {3: str(audience), 6: int(at), **rest}:
            nonce = rest.pop(CLAIM_CNONCE, None)
            if not rest and (nonce is None or isinstance(nonce, bytes)):
                return KeyBinding(audience, at, nonce)
    msg = "a presentation holds aud, iat and at most a nonce"
    raise Malformed(msg)


def _sd_hash(credential: bytes) -> str:
    return b64url_encode(sha256(to_sd_jwt(credential).encode("ascii")).digest())


def _binding_to_json(binding: KeyBinding, sd_hash: str) -> bytes:
    if binding.nonce is None:
        msg = "a KB-JWT needs a nonce"
        raise Malformed(msg)
    return strict_json.encode(
        {
            "iat": binding.issued_at,
            "aud": str(binding.audience),
            "nonce": b64url_encode(binding.nonce),
            "sd_hash": sd_hash,
        }
    )


def _read_jwt(presentation: bytes) -> UnverifiedPresentation:
    parts = cbor.decode(presentation)
    six = [part for part in parts if isinstance(part, bytes)] if isinstance(parts, list) else []
    if len(six) != 6 or parts != six:
        msg = "a presentation in JWT form is an array of six byte strings"
        raise Malformed(msg)
    credential = CredentialBytes(cbor.encode(six[:3]))
    binding = Jws(*six[3:])
    if len(binding.signature) != SIGNATURE_SIZE or jws.read_header(binding.header) != _KB_FIELDS:
        msg = "a KB-JWT's header holds ES256 and typ, and nothing else"
        raise Malformed(msg)
    claims, digest = _binding_from_json(binding.payload)
    return UnverifiedPresentation(
        credential,
        ToBeSigned(binding.signing_input),
        binding.signature,
        claims,
        digest == _sd_hash(credential),
    )


_KB_FIELDS = {"alg": "ES256", "typ": KB_JWT_TYP}


def _binding_from_json(payload: bytes) -> tuple[KeyBinding, str]:
    match dict(strict_json.decode(payload)):
        case {"iat": int(at), "aud": str(audience), "nonce": str(nonce), "sd_hash": str(digest), **rest}:
            if not rest:
                return KeyBinding(audience, at, b64url_decode(nonce)), digest
    msg = "a KB-JWT holds iat, aud, nonce and sd_hash, and nothing else"
    raise Malformed(msg)
