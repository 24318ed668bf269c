"""A forger with a phone of his own: his credential, his device key, and the reader key that anybody can read.

He changes his points, signs the presentation again, seals it to the police and makes the check sum right. Only the
issuer's signature is out of his reach.
"""

from __future__ import annotations

import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from credentials import cbor, envelope, presentation, qr_text, sealed, sign1, trust_list
from credentials.envelope import Sealed, Shown
from credentials.errors import Malformed
from credentials.presentation import KeyBinding
from credentials.spec import CLAIM_DOCUMENT, Audience, Form
from credentials.stages import SealedBytes
from credentials.views import View

from .programs import DemoFailed

_POINTS = 9  # key of the claim in the document map
_BINDING_SECONDS = 5


def forge(phone: Path, trust: bytes) -> str:
    """The text of a code that claims 12 points, made from the road-check credential on the phone in folder `phone`."""
    credential, key = _own_credential(phone)
    changed = _with_points(credential, 12)
    unsigned = presentation.prepare(
        Form.CBOR, changed, KeyBinding(Audience.POLICE, int(time.time()) - _BINDING_SECONDS)
    )
    r, s = utils.decode_dss_signature(key.sign(unsigned.to_be_signed, ec.ECDSA(SHA256())))
    body = unsigned.with_signature(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return _sealed_to_police(envelope.encode_shown(Shown(Form.CBOR, View.ROAD_CHECK, body)), trust)


def _own_credential(phone: Path) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    for path in sorted(phone.glob("documents/*/*.bin")):
        credential = path.read_bytes()
        try:
            document = _document(credential)
        except Malformed:
            continue  # the JWT form
        key_file = path.with_suffix(".pem")
        if _POINTS in document and key_file.exists():
            key = load_pem_private_key(key_file.read_bytes(), None)
            if isinstance(key, ec.EllipticCurvePrivateKey):
                return credential, key
    msg = "the forger's phone holds no road-check credential in CBOR form"
    raise DemoFailed(msg)


def _document(credential: bytes) -> dict[int | str, cbor.Value]:
    payload = cbor.decode(sign1.decode(credential).payload)
    document = payload.get(CLAIM_DOCUMENT) if isinstance(payload, dict) else None
    return dict(document) if isinstance(document, dict) else {}


def _with_points(credential: bytes, value: int) -> bytes:
    message = sign1.decode(credential)
    payload = cbor.decode(message.payload)
    document = _document(credential)
    points = document[_POINTS]
    if not isinstance(points, list) or not isinstance(payload, dict) or points[0] == value:
        msg = "the forger has nothing to gain: choose a licence with fewer points"
        raise DemoFailed(msg)
    document[_POINTS] = [value, points[1]]
    changed = cbor.encode({**payload, CLAIM_DOCUMENT: document})
    return sign1.assemble(message.protected, changed, message.signature)


def _sealed_to_police(plain: bytes, trust: bytes) -> str:
    """Seal as a phone does; the list's signature does not interest a forger."""
    entry = next(
        one for one in trust_list.read(trust).decode().reader_keys if one.audience is Audience.POLICE
    )
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    key = X25519PublicKey.from_public_bytes(entry.public_key.x)
    closed = suite.encrypt(plain, key, sealed.hpke_info(Audience.POLICE, entry.key_id))
    return qr_text.encode(envelope.encode(Sealed(entry.key_id, SealedBytes(closed))))
