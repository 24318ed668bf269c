"""Goals 1 to 4: reading a credential, verifying codes, issuing; each beside its bare cryptography."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from credentials import credential, sealed
from credentials.cose_key import compress, key_id
from credentials.spec import ES256, Audience, Form
from verifier.reasons import Outcome
from verifier.signatures import load_public_key, verify_signature

from .paired import Ratio, measure
from .specimen import (
    AT,
    DEVICE,
    ISSUER,
    PROOF,
    READER,
    READER_ID,
    ROAD_CHECK,
    SUITE,
    claims,
    credential_of,
    sealed_text,
    unsealed_text,
    verifier,
)

_CURVE = ec.SECP256R1()


def ratios() -> Iterator[Ratio]:
    """Correctness first: a goal is measured on a sample that is VALID, and whose one-bit change is not."""
    terminal = verifier()
    open_text, (closed_text, closed) = unsealed_text(), sealed_text()
    for text in (open_text, closed_text):
        _must_be_right(terminal, text)
    message = credential.read(Form.CBOR, credential_of(PROOF)).to_be_signed
    signature, key = ISSUER.sign(message), load_public_key(ISSUER.public)
    encoded = utils.encode_dss_signature(
        int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    )
    public, ecdsa = ISSUER.private.public_key(), ec.ECDSA(SHA256())
    device = compress(DEVICE.public)

    def verify_once() -> None:
        public.verify(encoded, message, ecdsa)

    held = DEVICE.private.sign(message, ecdsa)

    def bare() -> None:
        # The second verification is under the key just loaded, as it must be: a key's first one costs more than its next.
        public.verify(encoded, message, ecdsa)
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, device).verify(held, message, ecdsa)

    info = sealed.hpke_info(Audience.POLICE, READER_ID)

    def bare_sealed() -> None:
        bare()
        SUITE.decrypt(closed, READER, info)

    issued = credential_of(ROAD_CHECK)

    def read_credential() -> object:
        unverified = credential.read(Form.CBOR, issued)
        verify_signature(key, ES256, unverified.signature, unverified.to_be_signed)
        return unverified.decode_claims()

    two = "two ES256 verifications, the second under the holder's compressed key just loaded"
    yield measure(
        "credential bytes to verified claims",
        read_credential,
        verify_once,
        goal=1.35,
        of="one ES256 verification",
    )
    yield measure(
        "unsealed text to verdict", lambda: terminal.verify(open_text, at=AT), bare, goal=1.30, of=two
    )
    yield measure(
        "sealed text to verdict",
        lambda: terminal.verify(closed_text, at=AT),
        bare_sealed,
        goal=1.25,
        of=f"{two}, one HPKE open",
    )
    yield _issuing()


def _must_be_right(terminal: object, text: str) -> None:
    middle = len(text) // 2
    changed = text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]
    verify = terminal.verify  # type: ignore[attr-defined]
    if verify(text, at=AT).outcome is not Outcome.VALID or verify(changed, at=AT).outcome is Outcome.VALID:
        msg = "the specimen does not verify, or its change does: nothing was measured"
        raise SystemExit(msg)


def _issuing() -> Ratio:
    statement, name = claims(ROAD_CHECK), key_id(ISSUER.public)
    algorithm, private = ec.ECDSA(SHA256()), ISSUER.private

    def issue() -> bytes:
        unsigned = credential.prepare(Form.CBOR, statement, algorithm=ES256, key_id=name)
        return unsigned.with_signature(ISSUER.sign(unsigned.to_be_signed))

    message = credential.prepare(Form.CBOR, statement, algorithm=ES256, key_id=name).to_be_signed
    return measure(
        "issuing a credential from claims", issue, lambda: private.sign(message, algorithm), goal=0.70, at_least=True,
        of="bare ES256 signatures a second",
    )  # fmt: skip
