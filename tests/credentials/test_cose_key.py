"""Public keys: their three spellings, their curve, their thumbprint."""

from __future__ import annotations

import hashlib

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from credentials.cose_key import (
    Ed25519Key,
    P256Key,
    X25519Key,
    compress,
    decompress,
    from_cose,
    from_jwk,
    key_id,
    thumbprint,
    to_cose,
    to_jwk,
)
from credentials.errors import CredentialFormatError, Malformed, Unsupported
from credentials.jws import b64url_encode

P = 2**256 - 2**224 + 2**192 + 2**96 - 1


def _p256(secret: int) -> tuple[P256Key, bytes]:
    public = ec.derive_private_key(secret, ec.SECP256R1()).public_key()
    numbers = public.public_numbers()
    key = P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
    return key, public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


KEYS = [
    _p256(1)[0],
    _p256(2)[0],
    Ed25519Key(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32).public_key().public_bytes_raw()),
    X25519Key(x25519.X25519PrivateKey.from_private_bytes(b"\x02" * 32).public_key().public_bytes_raw()),
]


@pytest.mark.parametrize("key", KEYS)
def test_spellings_come_back(key):
    """COSE_Key and JWK."""
    assert from_cose(to_cose(key)) == key
    assert from_jwk(to_jwk(key)) == key


def test_compressed_points_agree_with_cryptography():
    """200 keys, both parities, both ways."""
    parities = set()
    for secret in range(1, 201):
        key, point = _p256(secret)
        assert compress(key) == point
        assert decompress(point) == key
        parities.add(point[0])
    assert parities == {2, 3}


def test_half_of_all_numbers_are_no_x_of_the_curve():
    """Where there is no point, decompression says so, as cryptography does."""
    refused = 0
    for x in range(200):
        point = b"\x02" + x.to_bytes(32, "big")
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except ValueError:
            refused += 1
            with pytest.raises(Malformed):
                decompress(point)
        else:
            assert compress(decompress(point)) == point
    assert 60 < refused < 140


@pytest.mark.parametrize(
    "point",
    [b"", b"\x02", b"\x02" * 32, b"\x02" * 34, b"\x00" + b"\x01" * 32, b"\x04" + b"\x01" * 32, b"\x02" + b"\xff" * 32, b"\x02" + P.to_bytes(32, "big"), b"\x02" + (P + 5).to_bytes(32, "big"), b"\x04" + KEYS[0].x + KEYS[0].y],
)  # fmt: skip
def test_what_is_no_compressed_point_is_malformed(point):
    """Lengths, first bytes, x not below p (p + 5 is 5 again)."""
    with pytest.raises(Malformed):
        decompress(point)


def test_points_off_the_curve_are_no_keys():
    """Each bit of a good point flipped, the origin, coordinates beyond p."""
    good = KEYS[0]
    for bit in range(256):
        flipped = (int.from_bytes(good.y, "big") ^ 1 << bit).to_bytes(32, "big")
        with pytest.raises(Malformed):
            P256Key(good.x, flipped)
        with pytest.raises(Malformed):
            P256Key((int.from_bytes(good.x, "big") ^ 1 << bit).to_bytes(32, "big"), good.y)
    for x, y in (
        (b"\x00" * 32, b"\x00" * 32),
        (b"\xff" * 32, b"\xff" * 32),
        (good.x[1:], good.y),
        (good.x, good.y + b"\x00"),
        (b"", b""),
    ):
        with pytest.raises(Malformed):
            P256Key(x, y)


@pytest.mark.parametrize("kind", [Ed25519Key, X25519Key])
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_octet_keys_have_32_bytes(kind, size):
    """Neither less nor more."""
    with pytest.raises(Malformed):
        kind(b"\x01" * size)


def test_thumbprint_is_that_of_rfc_9679():
    """Section 6: the example key and its digest."""
    key = P256Key(
        bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"),
        bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"),
    )
    assert thumbprint(key).hex() == "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
    assert key_id(key).hex() == "496bd8afadf307e5"


@pytest.mark.parametrize("key", KEYS)
def test_thumbprint_covers_the_required_parameters_in_bytewise_order(key):
    """1, -1, -2, -3: a second encoder given them in that order makes the same bytes."""
    ordered = {label: to_cose(key)[label] for label in (1, -1, -2, -3) if label in to_cose(key)}
    assert thumbprint(key) == hashlib.sha256(cbor2.dumps(ordered)).digest()


def test_key_ids_differ():
    """Eight bytes each."""
    assert len({key_id(key) for key in KEYS}) == len(KEYS)
    assert {len(key_id(key)) for key in KEYS} == {8}


EC2, OKP = to_cose(KEYS[0]), to_cose(KEYS[2])


@pytest.mark.parametrize(
    "members",
    [{}, {1: 2}, {**EC2, -1: 2}, {**EC2, -1: 4}, {**EC2, 1: 3}, {**EC2, 1: 4}, {**OKP, -1: 1}, {**OKP, -1: 7}, {**OKP, 1: True}, {**EC2, -1: True}, {**EC2, 1: "EC2"}, {**EC2, -1: "P-256"}],
)  # fmt: skip
def test_cose_keys_of_other_types_are_unsupported(members):
    """Types, curves, and values of another type (true is no 1)."""
    with pytest.raises(Unsupported):
        from_cose(members)


@pytest.mark.parametrize(
    "members",
    [{**EC2, -3: True}, {**EC2, -3: False}, {**EC2, -4: b"d" * 32}, {**OKP, -4: b"d" * 32}, {**EC2, 2: b"kid"}, {**EC2, 3: -7}, {**EC2, "x": 1}, {**OKP, -3: OKP[-2]}, {k: v for k, v in EC2.items() if k != -3}, {**EC2, -2: "x" * 32}, {**EC2, -2: EC2[-2][:31]}, {**EC2, -3: EC2[-2]}],
)  # fmt: skip
def test_cose_keys_with_other_parameters_are_malformed(members):
    """A compressed y, a private part, an additional label, a missing one, one off the curve."""
    with pytest.raises(Malformed):
        from_cose(members)


EC, ED, X = (to_jwk(KEYS[place]) for place in (0, 2, 3))


@pytest.mark.parametrize(
    "members",
    [
        {**EC, "alg": "ES256", "use": "sig", "kid": "k", "key_ops": ["verify"], "ext": True},
        {**ED, "alg": "EdDSA"},
        {**ED, "alg": "Ed25519"},
        {**X, "use": "enc", "key_ops": []},
    ],
)
def test_jwk_members_that_agree_are_passed_over(members):
    """What browsers and wallets add."""
    assert from_jwk(members) in KEYS


@pytest.mark.parametrize(
    "members",
    [{**EC, "d": "AA"}, {**ED, "d": "AA"}, {**X, "d": "AA"}, {"kty": "oct", "k": "AA"}, {**EC, "k": "AA"}, {**EC, "use": "enc"}, {**EC, "use": None}, {**EC, "use": ["sig"]}, {**EC, "key_ops": ["encrypt"]}, {**EC, "key_ops": ["sign"]}, {**EC, "key_ops": ["verify", "sign"]}, {**EC, "key_ops": []}, {**EC, "key_ops": "verify"}, {**X, "use": "sig"}, {**X, "key_ops": ["verify"]}, {**EC, "alg": "ES384"}, {**EC, "alg": "none"}, {**EC, "alg": "HS256"}, {**EC, "alg": ["ES256"]}, {**ED, "alg": "ES256"}, {**EC, "kid": 1}, {**EC, "x5c": []}, {**EC, "jku": "u"}, {**EC, "n": "AA"}, {**ED, "y": ED["x"]}, {k: v for k, v in EC.items() if k != "y"}, {**EC, "x": 1}, {**EC, "x": EC["x"] + "="}, {**EC, "x": b64url_encode(b"\x00" + KEYS[0].x)}, {**EC, "y": EC["x"]}, {**EC, "x": EC["x"] + "\n"}],
)  # fmt: skip
def test_jwks_that_disagree_or_tell_too_much_are_malformed(members):
    """Private parts, other uses and algorithms, foreign members, second spellings, points off the curve."""
    with pytest.raises(Malformed):
        from_jwk(members)


@pytest.mark.parametrize(
    "members",
    [{}, {"kty": "RSA", "n": "AA", "e": "AQAB"}, {**EC, "crv": "P-384"}, {**EC, "crv": "secp256k1"}, {**EC, "kty": "ec"}, {**EC, "crv": "p-256"}, {**ED, "kty": "EC"}, {**EC, "crv": None}, {**EC, "kty": ["EC"]}],
)  # fmt: skip
def test_jwks_of_other_types_are_unsupported(members):
    """Types and curves, spelled exactly."""
    with pytest.raises(Unsupported):
        from_jwk(members)


def test_private_parts_never_reach_an_error():
    """The refusal names the rule."""
    with pytest.raises(CredentialFormatError) as refusal:
        from_jwk({**EC, "d": "c2VjcmV0"})
    assert "c2VjcmV0" not in repr(refusal.value)
