"""Vectors made by others, through our own codecs and our own signature call.

Where our profile is narrower than a standard, the vector is named below with the reason why we refuse it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from credentials import base45, cbor, sign1
from credentials.cose_key import Ed25519Key, P256Key, PublicKey, from_jwk
from credentials.errors import CredentialFormatError, Malformed, Unsupported
from credentials.jws import b64url_decode, parse_compact, read_header
from credentials.spec import EDDSA, ES256
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature

PUBLISHED = Path(__file__).parent / "published"

# ------------------------------------------------------------------------------------------------ Base45

BASE45 = json.loads((PUBLISHED / "base45/vectors.json").read_bytes())


@pytest.mark.parametrize(("data", "text"), BASE45["good_hex_to_base45"])
def test_base45_spells_and_reads_as_published(data, text):
    """RFC 9285, section 4, and the edges of python-base45, both ways."""
    assert base45.encode(bytes.fromhex(data)) == text
    assert base45.decode(text) == bytes.fromhex(data)


@pytest.mark.parametrize("text", BASE45["must_fail_decode"])
def test_base45_refuses_what_others_refuse(text):
    """Lower case, a lone character, 65,536 in a triplet, 2,024 in a pair."""
    with pytest.raises(Malformed):
        base45.decode(text)


# ------------------------------------------------------------------------------------------------ COSE_Sign1

ANY_SIGN1 = [
    "sign1-tests/sign-pass-01",
    "sign1-tests/sign-pass-02",
    "sign1-tests/sign-fail-01",
    "sign1-tests/sign-fail-02",
    "sign1-tests/sign-fail-03",
    "ecdsa-examples/ecdsa-sig-01",
    "ecdsa-examples/ecdsa-sig-02",
    "eddsa-examples/eddsa-sig-01",
    "RFC8152/Appendix_C_2_1",
    "CWT/A_3",
]
OTHER_MESSAGES = {"CWT/A_4": 17, "x509-examples/signed-01": 98}
# Good COSE that our profile does not read: (what our reader raises on, why).
UNPROTECTED_KID = "the key id stands in the unprotected header, which is empty with us"
NARROWER = {
    "sign1-tests/sign-pass-01": "the algorithm stands in the unprotected header, which is empty with us",
    "sign1-tests/sign-pass-02": UNPROTECTED_KID,
    "ecdsa-examples/ecdsa-sig-01": UNPROTECTED_KID,
    "ecdsa-examples/ecdsa-sig-02": "ES384 over P-384: ES256 and EdDSA are the two algorithms in use",
    "eddsa-examples/eddsa-sig-01": UNPROTECTED_KID,
    "RFC8152/Appendix_C_2_1": UNPROTECTED_KID,
}


def _cose(name: str) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads((PUBLISHED / f"cose-wg/{name}.json").read_bytes())
    return vector


def _cose_key(key: dict[str, str]) -> PublicKey:
    def coordinate(name: str) -> bytes:
        return bytes.fromhex(key[f"{name}_hex"]) if f"{name}_hex" in key else b64url_decode(key[name])

    if key["crv"] == "Ed25519":
        return Ed25519Key(coordinate("x"))
    if key["crv"] == "P-256":
        return P256Key(coordinate("x"), coordinate("y"))
    raise Unsupported("another curve")


def _verify_generally(vector: dict[str, Any]) -> bool:
    """Verify a COSE_Sign1 with our codec, our Sig_structure and our signature call, any unprotected header allowed."""
    message = cbor.decode(bytes.fromhex(vector["output"]["cbor"]))
    given = vector["input"]["sign0"]
    assert isinstance(message, cbor.Tagged)
    protected, unprotected, payload, signature = message.value
    headers = {**unprotected, **(cbor.decode(protected) if protected else {})}
    to_be_signed = sign1.to_be_signed(protected, payload, bytes.fromhex(given.get("external", "")))
    key = _cose_key(given["key"])
    algorithm = EDDSA if isinstance(key, Ed25519Key) else ES256
    if headers[1] != algorithm:
        raise Unsupported("another algorithm than the key's")
    if not vector.get("fail"):
        assert to_be_signed.hex().upper() == vector["intermediates"]["ToBeSign_hex"].upper()
    verify_signature(load_public_key(key), algorithm, signature, to_be_signed)
    return True


@pytest.mark.parametrize("name", ANY_SIGN1)
def test_cose_sign1_verifies_as_published(name):
    """The codec, the bytes to be signed and the signature call agree with the working group's messages."""
    vector = _cose(name)
    if name == "ecdsa-examples/ecdsa-sig-02":
        with pytest.raises(Unsupported):  # P-384
            _verify_generally(vector)
    elif vector.get("fail"):
        with pytest.raises((Malformed, Unsupported, SignatureInvalid)):
            _verify_generally(vector)
    else:
        assert _verify_generally(vector)


@pytest.mark.parametrize("name", ANY_SIGN1)
def test_our_sign1_reader_takes_only_messages_of_our_profile(name):
    """What our reader takes beyond its profile, or refuses without a reason listed here, is a fault."""
    vector = _cose(name)
    message = bytes.fromhex(vector["output"]["cbor"])
    if vector.get("fail") or name in NARROWER:
        with pytest.raises(Malformed):
            sign1.decode(message)
        return
    read = sign1.decode(message)
    key = load_public_key(_cose_key(vector["input"]["sign0"]["key"]))
    verify_signature(key, ES256, read.signature, read.to_be_signed)


@pytest.mark.parametrize(("name", "tag"), OTHER_MESSAGES.items())
def test_other_cose_messages_are_refused_by_their_tag(name, tag):
    """A MAC and a message of several signers are no COSE_Sign1."""
    message = bytes.fromhex(_cose(name)["output"]["cbor"])
    assert message[0] == 0xC0 | tag or message[:2] == bytes((0xD8, tag))
    with pytest.raises(Malformed):
        cbor.decode(message)


# ------------------------------------------------------------------------------------------------ Wycheproof


def _wycheproof(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    vectors = json.loads((PUBLISHED / f"wycheproof/{name}.json").read_bytes())
    pairs = [(group, test) for group in vectors["testGroups"] for test in group["tests"]]
    assert len(pairs) == vectors["numberOfTests"]
    return iter(pairs)


def _disagreements(algorithm: int, name: str) -> list[int]:
    wrong = []
    for group, test in _wycheproof(name):
        public = group["publicKey"]
        if algorithm == ES256:
            point = bytes.fromhex(public["uncompressed"])
            key: PublicKey = P256Key(point[1:33], point[33:])
        else:
            key = Ed25519Key(bytes.fromhex(public["pk"]))
        try:
            verify_signature(
                load_public_key(key), algorithm, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            )
            verified = True
        except SignatureInvalid:
            verified = False
        if verified != (test["result"] == "valid"):
            wrong.append(test["tcId"])
    return wrong


def test_es256_agrees_with_all_262_wycheproof_tests():
    """Raw r || s on P-256: lengths, zeros, n and beyond, edge points."""
    assert _disagreements(ES256, "ecdsa_secp256r1_sha256_p1363_test") == []


def test_eddsa_agrees_with_all_151_wycheproof_tests():
    """Ed25519: truncated, extended, malleable signatures, edge points."""
    assert _disagreements(EDDSA, "ed25519_test") == []


# Valid in Wycheproof and refused by us, by the reason of the refusal.
SYMMETRIC = "a shared secret is no public key"
RSA = "RSA is not in use"
P521 = "P-521 is not in use"


def _jws_verifies(key: dict[str, Any], text: str) -> bool:
    """Whether our path takes `text` under the public JWK `key`."""
    try:
        public = from_jwk(key)
        algorithm, spelling = (ES256, "ES256") if isinstance(public, P256Key) else (EDDSA, "EdDSA")
        jws = parse_compact(text)
        if read_header(jws.header)["alg"] != spelling:
            return False
        verify_signature(load_public_key(public), algorithm, jws.signature, jws.signing_input)
    except (CredentialFormatError, SignatureInvalid):
        return False
    return True


def test_jws_agrees_with_all_401_wycheproof_tests_but_for_algorithms_not_in_use():
    """No invalid JWS passes (353 to 356 among them); the valid ones refused are of other key types."""
    refused: dict[str, int] = {}
    for group, test in _wycheproof("json_web_signature_test"):
        key = group.get("public") or group["private"]
        verified = _jws_verifies(key, test["jws"])
        if test["result"] != "valid":
            assert not verified, test["tcId"]
        elif not verified:
            reason = {"oct": SYMMETRIC, "RSA": RSA, "EC": P521}[key["kty"]]
            assert (key["kty"], key.get("crv")) != ("EC", "P-256"), test["tcId"]
            refused[reason] = refused.get(reason, 0) + 1
        else:
            assert (key["kty"], key["crv"]) == ("EC", "P-256")
    assert refused == {SYMMETRIC: 10, RSA: 32, P521: 2}


@pytest.mark.parametrize("number", [372, 373])
def test_jws_with_foreign_characters_is_refused_by_its_text_alone(number):
    """Valid for Wycheproof, whose decoders skip such characters; a text has one spelling with us."""
    texts = {test["tcId"]: test["jws"] for _, test in _wycheproof("json_web_signature_test")}
    with pytest.raises(Malformed):
        parse_compact(texts[number])


def test_jws_with_padding_is_refused_by_its_text_alone():
    """Tests 367 and 370 mean padding, but their text as published is that of the valid 357: padded here by hand."""
    texts = {test["tcId"]: test["jws"] for _, test in _wycheproof("json_web_signature_test")}
    assert texts[357] == texts[367] == texts[370]
    header, payload, signature = texts[357].split(".")
    assert parse_compact(texts[357]).payload == b"Test"
    for padded in (
        f"{header}.{payload}.{signature}=",
        f"{header}.{payload}==.{signature}",
        f"{header}=.{payload}.{signature}",
        f"{header}==.{payload}.{signature}",
    ):
        with pytest.raises(Malformed):
            parse_compact(padded)


@pytest.mark.parametrize("number", [354, 356])
def test_jwk_for_another_use_is_refused(number):
    """`use` enc and `key_ops` encrypt do not verify signatures."""
    keys = {test["tcId"]: group for group, test in _wycheproof("json_web_signature_test")}
    with pytest.raises(Malformed):
        from_jwk(keys[number]["public"])
