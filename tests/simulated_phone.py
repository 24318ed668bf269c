"""A phone in memory: it signs presentations with a fixed device key, seals them, and draws any fault asked for.

    phone = SimulatedPhone(0)
    text = phone.show(credential, View.PROOF, audience="anyone", at=INSTANT)

What it does twice it does equal: signatures are deterministic, and sealing draws its ephemeral key from what it seals.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final
from zlib import crc32

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from credentials import base45, cbor, envelope, sign1, strict_json
from credentials.envelope import Shown
from credentials.jws import Jws, b64url_encode
from credentials.presentation import KeyBinding
from credentials.spec import ES256, KB_JWT_TYP, TEXT_PREFIX, Form, Typ
from credentials.stages import EnvelopeBytes, PresentationBytes, QrText, SealedBytes
from credentials.views import VIEW_SPECS, View
from tests.simulated_authority import REMOVED, SimulatedReader, loose_cbor
from tests.simulated_hpke import seal
from tests.simulated_keys import phone_key, point_of, sign

NONCE: Final = bytes.fromhex("a1b2c3d4e5f60718")
"""The nonce of a reader that asked for one."""
_KB_NONCE: Final = sha256(b"drawn by the phone").digest()[:16]
Edit = Callable[[dict[Any, Any]], Any]


class SimulatedPhone:
    """One device key, 0 to 63."""

    def __init__(self, number: int = 0) -> None:
        """Take the fixed key of this number."""
        self.private: ec.EllipticCurvePrivateKey = phone_key(number)
        self.point = point_of(self.private)

    def present(
        self,
        credential: bytes,
        form: Form = Form.CBOR,
        *,
        audience: str,
        at: int,
        nonce: bytes | None = None,
        header: Mapping[Any, Any] | None = None,
        raw_header: bytes | None = None,
        edit: Edit | None = None,
        raw_payload: bytes | None = None,
        shown_credential: bytes | None = None,
        shown_payload: Callable[[bytes], bytes] | None = None,
        signature: Callable[[bytes], bytes] | None = None,
        frame: Callable[[bytes], bytes] | None = None,
    ) -> PresentationBytes:
        """A presentation that really verifies, but for the faults asked for.

        Before the signature: `header`, `raw_header`, `edit` and `raw_payload` as in `SimulatedAuthority.issue`. After it:
        `shown_credential` puts another credential in, `shown_payload`, `signature` and `frame` change what is shown.
        """
        make = self._present_cbor if form is Form.CBOR else self._present_jwt
        whole = make(
            credential, KeyBinding(audience, at, nonce), header or {}, raw_header, edit, raw_payload,
            shown_credential, shown_payload, signature,
        )  # fmt: skip
        return PresentationBytes(whole if frame is None else frame(whole))

    def _present_cbor(
        self,
        credential: bytes,
        binding: KeyBinding,
        header: Mapping[Any, Any],
        raw_header: bytes | None,
        edit: Edit | None,
        raw_payload: bytes | None,
        shown_credential: bytes | None,
        shown_payload: Callable[[bytes], bytes] | None,
        signature: Callable[[bytes], bytes] | None,
    ) -> bytes:
        members: dict[Any, Any] = {3: str(binding.audience), 6: binding.issued_at}
        if binding.nonce is not None:
            members[39] = binding.nonce
        if edit is not None:
            edit(members)
        payload = loose_cbor(members) if raw_payload is None else raw_payload
        protected = _kcwt_header(credential, header) if raw_header is None else raw_header
        signed = sign(self.private, sign1.to_be_signed(protected, payload))
        if shown_credential is not None:
            protected = _kcwt_header(shown_credential, header)
        payload = payload if shown_payload is None else shown_payload(payload)
        return sign1.assemble(protected, payload, signed if signature is None else signature(signed))

    def _present_jwt(
        self,
        credential: bytes,
        binding: KeyBinding,
        header: Mapping[Any, Any],
        raw_header: bytes | None,
        edit: Edit | None,
        raw_payload: bytes | None,
        shown_credential: bytes | None,
        shown_payload: Callable[[bytes], bytes] | None,
        signature: Callable[[bytes], bytes] | None,
    ) -> bytes:
        labels = {"alg": "ES256", "typ": KB_JWT_TYP} | dict(header)
        kept = {label: value for label, value in labels.items() if value is not REMOVED}
        protected = strict_json.encode(kept) if raw_header is None else raw_header
        members: dict[str, Any] = {
            "iat": binding.issued_at,
            "aud": str(binding.audience),
            "nonce": b64url_encode(_KB_NONCE if binding.nonce is None else binding.nonce),
            "sd_hash": b64url_encode(sha256(_sd_jwt(credential)).digest()),
        }
        if edit is not None:
            edit(members)
        payload = _json(members) if raw_payload is None else raw_payload
        signed = sign(self.private, Jws(protected, payload, b"").signing_input)
        token = cbor2.loads(credential if shown_credential is None else shown_credential)
        payload = payload if shown_payload is None else shown_payload(payload)
        signed = signed if signature is None else signature(signed)
        return cbor.encode([*token, protected, payload, signed])

    def show(
        self,
        credential: bytes,
        view: View,
        form: Form = Form.CBOR,
        *,
        audience: str,
        at: int,
        nonce: bytes | None = None,
        reader: SimulatedReader | None = None,
        ephemeral: bytes | None = None,
        **faults: Any,
    ) -> QrText:
        """The text of a code: presented, sealed when a reader is given, enveloped and spelt."""
        body = self.present(credential, form, audience=audience, at=at, nonce=nonce, **faults)
        if reader is None:
            return text_of(presented(form, view, body))
        return text_of(sealed_to(reader, envelope.encode_shown(Shown(form, view, body)), ephemeral=ephemeral))


def _sd_jwt(credential: bytes) -> bytes:
    return (".".join(map(b64url_encode, cbor2.loads(credential))) + "~").encode()


def _json(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def _kcwt_header(credential: bytes, changes: Mapping[Any, Any]) -> bytes:
    """{1: ES256, 13: credential, 16: typ}: label 13 holds an item, not a byte string, so the map is put together."""
    labels: dict[int, Any] = {1: ES256, 13: credential, 16: int(Typ.PRESENTATION)} | dict(changes)
    kept = {label: value for label, value in labels.items() if value is not REMOVED}
    parts = [
        cbor.encode(label) + (value if label == 13 and isinstance(value, bytes) else loose_cbor(value))
        for label, value in sorted(kept.items())
    ]
    return bytes((0xA0 | len(parts),)) + b"".join(parts)


# --- envelope and text ------------------------------------------------------------------------------------------


def with_crc(body: bytes) -> EnvelopeBytes:
    """The bytes of an envelope, with the check sum that anybody can make."""
    return EnvelopeBytes(body + crc32(body).to_bytes(4, "big"))


def presented(form: Form, view: View, body: bytes) -> EnvelopeBytes:
    """The envelope of an unsealed presentation."""
    return enveloped([1, 2, int(form), VIEW_SPECS[view].number, body])


def printed(form: Form, view: View, credential: bytes) -> EnvelopeBytes:
    """The envelope of a paper credential."""
    return enveloped([1, 1, int(form), VIEW_SPECS[view].number, credential])


def enveloped(items: list[Any]) -> EnvelopeBytes:
    """Any envelope."""
    return with_crc(loose_cbor(items))


def sealed_to(
    reader: SimulatedReader,
    plain: bytes,
    *,
    info: bytes | None = None,
    ephemeral: bytes | None = None,
    alter: Callable[[bytes], bytes] | None = None,
    announced: bytes | None = None,
) -> EnvelopeBytes:
    """The envelope of a sealed presentation; `alter` changes the sealed bytes, `announced` the reader key id."""
    sealed = seal(plain, reader.public_key, reader.info if info is None else info, ephemeral)
    sealed = SealedBytes(sealed if alter is None else alter(sealed))
    return enveloped([1, 3, reader.key_id if announced is None else announced, sealed])


def text_of(envelope_bytes: bytes) -> QrText:
    """The text of a code, whatever its length."""
    return QrText(TEXT_PREFIX + base45.encode(envelope_bytes))
