"""Opening sealed bytes: against a second HPKE written here, and against every bit flipped."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from credentials.cose_key import X25519Key, key_id
from verifier.unseal import SealBroken, load_reader_key, unseal

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
PRIVATE = X25519PrivateKey.from_private_bytes(b"\x05" * 32)
KEY = load_reader_key(b"\x05" * 32)
INFO = b"context"
PLAIN = b"a presentation" * 30
SEALED = SUITE.encrypt(PLAIN, PRIVATE.public_key(), INFO)


def _extract(salt: bytes, suite: bytes, label: bytes, secret: bytes) -> bytes:
    return hmac.new(salt, b"HPKE-v1" + suite + label + secret, hashlib.sha256).digest()


def _expand(key: bytes, suite: bytes, label: bytes, info: bytes, size: int) -> bytes:
    # One block of HKDF-Expand (RFC 5869) is enough for 32 bytes.
    labelled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.new(key, labelled + b"\x01", hashlib.sha256).digest()[:size]


def _seal_by_rfc_9180(
    plain: bytes, public: bytes, info: bytes, ephemeral: X25519PrivateKey, aad: bytes
) -> bytes:
    """Single-shot base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM (sections 4.1, 5.1, 6.1)."""
    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x01"
    encapsulated = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    secret = _expand(_extract(b"", kem, b"eae_prk", shared), kem, b"shared_secret", encapsulated + public, 32)
    context = b"\x00" + _extract(b"", suite, b"psk_id_hash", b"") + _extract(b"", suite, b"info_hash", info)
    schedule = _extract(secret, suite, b"secret", b"")
    key = _expand(schedule, suite, b"key", context, 16)
    nonce = _expand(schedule, suite, b"base_nonce", context, 12)
    return encapsulated + AESGCM(key).encrypt(nonce, plain, aad)


def test_the_second_implementation_is_that_of_rfc_9180():
    """Appendix A.1.1: the ephemeral key, the information and the first ciphertext of the text."""
    sealed = _seal_by_rfc_9180(
        bytes.fromhex("4265617574792069732074727574682c20747275746820626561757479"),
        bytes.fromhex("3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d"),
        bytes.fromhex("4f6465206f6e2061204772656369616e2055726e"),
        X25519PrivateKey.from_private_bytes(
            bytes.fromhex("52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736")
        ),
        b"Count-0",
    )
    assert sealed.hex() == (
        "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431"
        "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"
    )


@pytest.mark.parametrize("size", [0, 1, 16, 500, 3_000])
def test_what_another_implementation_sealed_opens(size):
    """Without additional data, as our envelope is."""
    ephemeral = X25519PrivateKey.from_private_bytes(b"\x09" * 32)
    plain = bytes(place % 251 for place in range(size))
    sealed = _seal_by_rfc_9180(plain, PRIVATE.public_key().public_bytes_raw(), INFO, ephemeral, b"")
    assert unseal(KEY, sealed, INFO) == plain


def test_what_the_library_sealed_opens():
    """48 bytes more than the text."""
    assert unseal(KEY, SEALED, INFO) == PLAIN
    assert len(SEALED) == len(PLAIN) + 48


def test_every_flipped_bit_breaks_the_seal():
    """Of the encapsulated key (X25519 ignores its top bit, HPKE binds it), of the text and of the tag."""
    for bit in range(8 * len(SEALED)):
        flipped = bytearray(SEALED)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            unseal(KEY, bytes(flipped), INFO)


def test_cut_and_continued_bytes_break_the_seal():
    """Every length from nothing on."""
    for size in range(len(SEALED)):
        with pytest.raises(SealBroken):
            unseal(KEY, SEALED[:size], INFO)
    with pytest.raises(SealBroken):
        unseal(KEY, SEALED + b"\x00", INFO)


LOW_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
    "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
    "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "daffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("point", LOW_ORDER)
def test_low_order_points_break_the_seal(point):
    """The twelve encodings whose shared secret is zero: one exception type (RFC 9180, section 7.1.4)."""
    with pytest.raises(SealBroken):
        unseal(KEY, bytes.fromhex(point) + SEALED[32:], INFO)


@pytest.mark.parametrize("info", [b"", b"contexT", b"context\x00", INFO * 2])
def test_another_context_breaks_the_seal(info):
    """Version, audience and key id travel there."""
    with pytest.raises(SealBroken):
        unseal(KEY, SEALED, info)


def test_another_reader_key_breaks_the_seal():
    """Each key opens its own."""
    with pytest.raises(SealBroken):
        unseal(load_reader_key(b"\x06" * 32), SEALED, INFO)


def test_a_loaded_key_is_named_by_its_public_half_and_shows_nothing_else():
    """The key id is that of the trust list; `repr` holds no private byte."""
    assert KEY.key_id == key_id(X25519Key(PRIVATE.public_key().public_bytes_raw()))
    assert "private" not in repr(KEY).lower()
    assert (b"\x05" * 32).hex() not in repr(KEY)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_private_key_has_32_bytes(size):
    """Anything else is the operator's mistake."""
    with pytest.raises(ValueError, match="32 bytes"):
        load_reader_key(b"\x01" * size)
