"""The one signature call: algorithms, lengths, key types; 262 + 151 published cases are in tests/vectors."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from credentials.cose_key import Ed25519Key, P256Key, X25519Key, compress
from credentials.spec import EDDSA, ES256
from verifier.signatures import SignatureInvalid, _der, load_device_key, load_public_key, verify_signature

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MESSAGE = b"what was signed"

P256_PRIVATE = ec.derive_private_key(20_261_101, ec.SECP256R1())
_POINT = P256_PRIVATE.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
P256 = P256Key(_POINT[1:33], _POINT[33:])
ED_PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
ED = Ed25519Key(ED_PRIVATE.public_key().public_bytes_raw())


def _raw(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


ES256_SIGNATURE = _raw(P256_PRIVATE.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
ED_SIGNATURE = ED_PRIVATE.sign(MESSAGE)
GOOD = [
    (load_public_key(P256), ES256, ES256_SIGNATURE),
    (load_device_key(compress(P256)), ES256, ES256_SIGNATURE),
    (load_public_key(ED), EDDSA, ED_SIGNATURE),
]


@pytest.mark.parametrize(
    ("key", "algorithm", "signature"), GOOD, ids=["full point", "compressed point", "Ed25519"]
)
def test_good_signature_verifies(key, algorithm, signature):
    """Uncompressed, compressed, Edwards."""
    verify_signature(key, algorithm, signature, MESSAGE)


@pytest.mark.parametrize(
    ("key", "algorithm", "signature"), GOOD, ids=["full point", "compressed point", "Ed25519"]
)
def test_every_flipped_bit_is_refused(key, algorithm, signature):
    """512 bits of the signature, each bit of the message, a message cut or continued."""
    for bit in range(512):
        flipped = (int.from_bytes(signature, "big") ^ 1 << bit).to_bytes(64, "big")
        with pytest.raises(SignatureInvalid):
            verify_signature(key, algorithm, flipped, MESSAGE)
    for bit in range(8 * len(MESSAGE)):
        changed = (int.from_bytes(MESSAGE, "big") ^ 1 << bit).to_bytes(len(MESSAGE), "big")
        with pytest.raises(SignatureInvalid):
            verify_signature(key, algorithm, signature, changed)
    for changed in (b"", MESSAGE[:-1], MESSAGE + b"\x00", MESSAGE * 2):
        with pytest.raises(SignatureInvalid):
            verify_signature(key, algorithm, signature, changed)


@pytest.mark.parametrize(
    ("key", "algorithm", "signature"), GOOD, ids=["full point", "compressed point", "Ed25519"]
)
@pytest.mark.parametrize("other", [-7, -8, -9, -19, -35, -36, -37, -257, 5, 0, 7])
def test_the_key_serves_one_algorithm(key, algorithm, signature, other):
    """Any other number is refused, those that name the same mathematics (-9, -19) too."""
    if other != algorithm:
        with pytest.raises(SignatureInvalid):
            verify_signature(key, other, signature, MESSAGE)


@pytest.mark.parametrize(
    ("key", "algorithm", "signature"), GOOD, ids=["full point", "compressed point", "Ed25519"]
)
def test_signature_has_64_bytes(key, algorithm, signature):
    """Neither DER, nor a zero more or less on either side, nor nothing."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    for other in (
        b"",
        signature[:-1],
        signature[1:],
        signature + b"\x00",
        b"\x00" + signature,
        b"\x00" + signature[:32] + b"\x00" + signature[32:],
        signature * 2,
        encode_dss_signature(r, s),
    ):
        with pytest.raises(SignatureInvalid):
            verify_signature(key, algorithm, other, MESSAGE)


def test_the_twin_of_an_es256_signature_verifies_too():
    """(r, n - s): so nothing may be identified by its signature bytes."""
    s = int.from_bytes(ES256_SIGNATURE[32:], "big")
    twin = ES256_SIGNATURE[:32] + (N - s).to_bytes(32, "big")
    assert twin != ES256_SIGNATURE
    verify_signature(load_public_key(P256), ES256, twin, MESSAGE)


@pytest.mark.parametrize("r", [0, 1, N - 1, N, N + 1, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, N - 1, N, N + 1, 2**256 - 1])
def test_edges_of_r_and_s_are_refused_without_another_exception(r, s):
    """Zero, one, n and beyond."""
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    with pytest.raises(SignatureInvalid):
        verify_signature(load_public_key(P256), ES256, raw, MESSAGE)


@given(
    st.binary(min_size=64, max_size=64)
    | st.integers(0, 2**512 - 1).map(lambda raw: (raw >> raw % 500).to_bytes(64, "big"))
)
def test_der_agrees_with_the_library(raw):
    """Leading zeros, high bits, zero itself."""
    assert _der(raw) == encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


def test_der_at_every_length_of_r_and_s():
    """All 33 x 33 pairs of lengths, with and without the high bit."""
    numbers = [0, *(top << 8 * place for place in range(32) for top in (1, 0x7F, 0x80, 0xFF))]
    for r in numbers:
        for s in numbers:
            assert _der(r.to_bytes(32, "big") + s.to_bytes(32, "big")) == encode_dss_signature(r, s)


def test_signature_of_another_key_is_refused():
    """Same message, same algorithm."""
    other = ec.derive_private_key(5, ec.SECP256R1()).sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(SignatureInvalid):
        verify_signature(load_public_key(P256), ES256, _raw(other), MESSAGE)


def test_another_digest_is_refused():
    """ES256 is SHA-256."""
    other = P256_PRIVATE.sign(MESSAGE, ec.ECDSA(hashes.SHA384()))
    with pytest.raises(SignatureInvalid):
        verify_signature(load_public_key(P256), ES256, _raw(other), MESSAGE)


def test_a_key_that_agrees_on_secrets_signs_nothing():
    """X25519."""
    with pytest.raises(SignatureInvalid):
        load_public_key(X25519Key(ED.x))


@pytest.mark.parametrize(
    "point",
    [b"", b"\x00", b"\x02" * 32, compress(P256) + b"\x00", compress(P256)[:-1], b"\x05" + P256.x, b"\x00" * 33, b"\x02" + b"\xff" * 32, b"\x04" + P256.x, _POINT, b"\x02" + (5).to_bytes(32, "big")[:-1] + b"\x01"],
)  # fmt: skip
def test_what_is_no_compressed_point_is_no_device_key(point):
    """Lengths, first bytes, coordinates beyond p or off the curve: one exception type."""
    with pytest.raises(SignatureInvalid):
        load_device_key(point)


def test_no_certificate_code_is_loaded():
    """x509 costs 19 MB and 100 ms: the call works without it."""
    code = "import sys, verifier.signatures, verifier.unseal; sys.exit('cryptography.x509' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
