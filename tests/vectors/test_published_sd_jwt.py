"""Published SD-JWTs: split, verified and resolved; and each refused by our own profile, which admits no disclosure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from credentials import credential, jws
from credentials.claims import decode_json
from credentials.errors import CredentialFormatError, Malformed
from credentials.spec import Form
from interop.readers import sd_jwt

FOLDER: Final = Path(__file__).parent / "published/sd-jwt"
# Name -> SD-JWT, key of its issuer, and what our own profile (an SD-JWT VC without disclosures) refuses, with its reason.
SETS: Final = {
    "rfc9901-a3": (
        FOLDER / "rfc9901-a3-sd-jwt-vc.txt",
        FOLDER / "rfc9901-a5-issuer-key.json",
        {
            "disclosures": "what a view does not hold cannot leak from it, so nothing is disclosed piece by piece",
            "header without kid": "the signer is named by an 8-byte key id and found in the trust list alone",
            "vct": "its type, urn:eudi:pid:de:1, is no view of ours",
        },
    ),
    "eudi": (
        FOLDER / "eudi/exampleIssuanceSdJwt.txt",
        FOLDER / "eudi/examplesIssuerKey.json",
        {
            "disclosures": "as above",
            "RS256": "ES256 and EdDSA are the algorithms of the format",
            "header without typ": "a message says what it is, so that none passes for another",
        },
    ),
}


def _load(name: str) -> tuple[str, dict[str, object]]:
    text, key, _ = SETS[name]
    issuer = json.loads(key.read_text(encoding="utf-8"))
    public = {member: issuer[member] for member in ("kty", "crv", "x", "y", "n", "e") if member in issuer}
    return text.read_text(encoding="ascii").strip(), public


@pytest.mark.parametrize(("name", "count"), [("rfc9901-a3", 27), ("eudi", None)])
def test_signature_verifies_and_disclosures_fit(name, count):
    """The issuer's signature is right, and every disclosure is named by a digest."""
    text, issuer = _load(name)
    reading = sd_jwt.read(text, issuer)
    assert count is None or reading.disclosures == count
    assert reading.disclosures == text.count("~") - 1
    assert "_sd" not in json.dumps(reading.claims)


def test_claims_of_the_example():
    """RFC 9901, appendix A.3: type and a disclosed name."""
    reading = sd_jwt.read(*_load("rfc9901-a3"))
    assert reading.claims["vct"] == "urn:eudi:pid:de:1"
    assert reading.claims["family_name"] == "Mustermann"


@pytest.mark.parametrize("name", SETS)
def test_altered_signature_or_disclosure_is_refused(name):
    """The reader can fail: a changed payload, a foreign disclosure."""
    text, issuer = _load(name)
    token, *rest = text.split("~")
    head, payload, signature = token.split(".")
    changed = jws.b64url_encode(jws.b64url_decode(payload).replace(b'"', b"'", 1))
    with pytest.raises(sd_jwt.Refused, match="signature"):
        sd_jwt.read("~".join([f"{head}.{changed}.{signature}", *rest]), issuer)
    foreign = jws.b64url_encode(b'["salt","name","value"]')
    with pytest.raises(sd_jwt.Refused, match="no digest"):
        sd_jwt.read("~".join([token, foreign, *rest]), issuer)


@pytest.mark.parametrize("name", SETS)
def test_our_profile_refuses_it(name):
    """With its disclosures, without them, and claim by claim: each deviation of SETS is a refusal."""
    text, _ = _load(name)
    with pytest.raises(Malformed, match="without disclosures"):
        credential.from_sd_jwt(text)
    bare = text.split("~")[0] + "~"
    with pytest.raises(CredentialFormatError):
        credential.read(Form.JWT, credential.from_sd_jwt(bare))
    with pytest.raises(CredentialFormatError):
        decode_json(jws.parse_compact(bare[:-1]).payload)
    assert all(SETS[name][2].values())


def test_the_segments_are_those_our_own_reader_splits():
    """Base64url of the published texts is strict: splitting and joining gives the text back."""
    for name in SETS:
        token = _load(name)[0].split("~")[0]
        assert jws.compact(jws.parse_compact(token)) == token
